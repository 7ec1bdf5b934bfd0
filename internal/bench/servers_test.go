package bench

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sts"
)

// What both servers find in their directory.
const (
	masterKeyFile = "master.key"
	caFile        = "ca.pem"    // of the login provider
	loginKeyFile  = "login.der" // the login provider's public key
)

// About what daypass seals in a session token, and what it signs in an OpenID
// token, in bytes.
const (
	sessionBytes = 330
	tokenBytes   = 620
)

const (
	account    = "123456789012"
	rootKey    = "root"
	rootSecret = "root-secret-access-key"
)

// openDaypass is a daypass as users run it, with a line in the log for each
// request.
func openDaypass(addr string) (http.Handler, io.Closer, error) {
	key, err := seal.LoadFile(masterKeyFile)
	if err != nil {
		return nil, nil, err
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	i, err := instance.Open(context.Background(), instance.Config{
		DataDir: "data", MasterKey: key, Account: account, PublicURL: "http://" + addr,
		Root:          iam.RootAccessKey{ID: rootKey, Secret: seal.NewSecret(rootSecret)},
		OutboundAllow: []string{"127.0.0.1"}, OutboundCAs: roots,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		return nil, nil, err
	}
	return i.Handler, i, nil
}

// ceiling does of each operation what cannot be left out.
type ceiling struct {
	login   *rsa.PublicKey
	signing *rsa.PrivateKey
	tokens  *seal.Box
}

func openCeiling(string) (http.Handler, io.Closer, error) {
	key, err := seal.LoadFile(masterKeyFile)
	if err != nil {
		return nil, nil, err
	}
	der, err := os.ReadFile(loginKeyFile)
	if err != nil {
		return nil, nil, err
	}
	c := &ceiling{tokens: key.Box(sts.TokenPurpose)}
	if c.login, err = x509.ParsePKCS1PublicKey(der); err != nil {
		return nil, nil, err
	}
	c.signing, err = rsa.GenerateKey(nil, 2048)
	return c, io.NopCloser(nil), err
}

// ServeHTTP implements http.Handler.
func (c *ceiling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	var answer []byte
	if err == nil {
		answer, err = c.answer(r, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_, _ = w.Write(answer)
}

func (c *ceiling) answer(r *http.Request, body []byte) ([]byte, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if operation == "" {
		return c.signed(r, body)
	}
	if err := c.verify(body); err != nil {
		return nil, err
	}
	switch operation {
	case "GetId":
		return bytes.Repeat([]byte("a"), 64), nil
	case "GetCredentialsForIdentity":
		return c.mint(), nil
	case "GetOpenIdToken":
		return c.sign()
	}
	return nil, errors.New("no such operation")
}

// verify verifies the RS256 token in a body.
func (c *ceiling) verify(body []byte) error {
	token := body[bytes.Index(body, []byte(`"eyJ`))+1:] // how every JWT begins
	token = token[:bytes.IndexByte(token, '"')]
	dot := bytes.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(string(token[dot+1:]))
	if err != nil {
		return err
	}
	digest := sha256.Sum256(token[:dot])
	return rsa.VerifyPKCS1v15(c.login, crypto.SHA256, digest[:], signature)
}

// mint makes an access key and seals a session.
func (c *ceiling) mint() []byte {
	plain := make([]byte, sessionBytes, sessionBytes+seal.Overhead)
	_, _ = rand.Read(plain[:40])
	sealed := c.tokens.Seal(nil, plain, plain[:20])
	answer := append(make([]byte, 0, 1024), bytes.Repeat([]byte("a"), 250)...)
	return base64.StdEncoding.AppendEncode(answer, sealed)
}

// sign makes an RS512 token.
func (c *ceiling) sign() ([]byte, error) {
	digest := sha512.Sum512(bytes.Repeat([]byte("a"), tokenBytes))
	signature, err := rsa.SignPKCS1v15(nil, c.signing, crypto.SHA512, digest[:])
	answer := append(make([]byte, 0, 1536), bytes.Repeat([]byte("a"), 100+tokenBytes)...)
	return base64.RawURLEncoding.AppendEncode(answer, signature), err
}

// signed opens the session of a signed request and makes its signature. What is
// signed is not put together, only as long.
func (c *ceiling) signed(r *http.Request, body []byte) ([]byte, error) {
	token, authorization := r.Header.Get("X-Amz-Security-Token"), r.Header.Get("Authorization")
	_, id, _ := strings.Cut(authorization, "Credential=")
	id, _, _ = strings.Cut(id, "/")
	sealed, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return nil, err
	}
	plain, err := c.tokens.Open(nil, sealed, []byte(id))
	if err != nil {
		return nil, err
	}
	payload := sha256.Sum256(body)
	canonical := sha256.Sum256(append(payload[:], token+authorization...))
	key := append([]byte("AWS4"), plain[:40]...)
	for _, part := range []string{"20060102", "us-east-1", "sts", "aws4_request", string(canonical[:])} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	_, claimed, _ := strings.Cut(authorization, "Signature=")
	if subtle.ConstantTimeCompare([]byte(claimed), []byte(hex.EncodeToString(key))) == 1 {
		return nil, errors.New("a signature of nothing cannot be right")
	}
	return bytes.Repeat([]byte("a"), 450), nil
}
