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
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

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
	secretFile    = "secret"    // the secret access key of the user in IAM
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
func openDaypass(addr string) (*server, error) {
	key, err := seal.LoadFile(masterKeyFile)
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	i, err := instance.Open(context.Background(), instance.Config{
		DataDir: "data", Database: database(), MasterKey: key, Account: account, PublicURL: "http://" + addr,
		Root:          iam.RootAccessKey{ID: rootKey, Secret: seal.NewSecret(rootSecret)},
		OutboundAllow: []string{"127.0.0.1"}, OutboundCAs: roots,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		return nil, err
	}
	return &server{i.Handler, i, func() any { return i.Missed() }}, nil
}

// ceiling does of each operation the cryptography, on the bytes of the request, and
// nothing else. It counts what it has done, so that a run can tell whether it did
// it.
type ceiling struct {
	login   *rsa.PublicKey
	signing *rsa.PrivateKey
	tokens  *seal.Box
	secret  []byte // of the user in IAM

	// What the comparison must not leave out: signatures of logins and of requests
	// that were found good, sessions opened and sealed, tokens signed.
	logins, requests, opened, sealed, signed atomic.Int64
}

func openCeiling(string) (*server, error) {
	key, err := seal.LoadFile(masterKeyFile)
	if err != nil {
		return nil, err
	}
	c := &ceiling{tokens: key.Box(sts.TokenPurpose)}
	if c.login, err = readLoginKey(); err != nil {
		return nil, err
	}
	if c.secret, err = os.ReadFile(secretFile); err != nil {
		return nil, err
	}
	if c.signing, err = rsa.GenerateKey(nil, 2048); err != nil {
		return nil, err
	}
	did := func() any {
		return map[string]int64{
			"logins": c.logins.Load(), "requests": c.requests.Load(), "opened": c.opened.Load(), "sealed": c.sealed.Load(), "signed": c.signed.Load(),
		}
	}
	return &server{c, io.NopCloser(nil), did}, nil
}

func readLoginKey() (*rsa.PublicKey, error) {
	der, err := os.ReadFile(loginKeyFile)
	if err != nil {
		return nil, err
	}
	return x509.ParsePKCS1PublicKey(der)
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
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		return bytes.Repeat([]byte("a"), 450), c.verifyRequest(r, authorization, body)
	}
	if err := c.verifyLogin(body); err != nil {
		return nil, err
	}
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
	case "GetId":
		return bytes.Repeat([]byte("a"), 64), nil
	case "GetCredentialsForIdentity":
		return c.mint(), nil
	case "GetOpenIdToken":
		return c.sign()
	}
	return nil, errors.New("no such operation")
}

// verifyLogin verifies the RS256 token or the SAML response in a body.
func (c *ceiling) verifyLogin(body []byte) error {
	token := bytes.Index(body, []byte(`"eyJ`)) // how every JWT begins
	if token < 0 {
		return c.verifySAML(body)
	}
	text := body[token+1:]
	text = text[:bytes.IndexByte(text, '"')]
	dot := bytes.LastIndexByte(text, '.')
	signature, err := base64.RawURLEncoding.DecodeString(string(text[dot+1:]))
	if err != nil {
		return err
	}
	return c.verifyRSA(text[:dot], signature)
}

func (c *ceiling) verifyRSA(signed, signature []byte) error {
	digest := sha256.Sum256(signed)
	if err := rsa.VerifyPKCS1v15(c.login, crypto.SHA256, digest[:], signature); err != nil {
		return err
	}
	c.logins.Add(1)
	return nil
}

// verifySAML verifies a response that is written in canonical form, so that nothing
// has to be made canonical: that the digest is the assertion's, without its
// signature, and that the signature is good.
func (c *ceiling) verifySAML(body []byte) error {
	response := body[bytes.Index(body, []byte(`"PHNhbWxw`))+1:] // <samlp
	response, err := base64.StdEncoding.AppendDecode(nil, response[:bytes.IndexByte(response, '"')])
	if err != nil {
		return err
	}
	assertion := element(response, "saml:Assertion")
	signature := element(assertion, "ds:Signature")
	before, after, _ := bytes.Cut(assertion, signature)
	hash := sha256.New()
	hash.Write(before)
	hash.Write(after)
	info := element(signature, "ds:SignedInfo")
	var is []byte
	for _, name := range []string{"ds:DigestValue", "ds:SignatureValue"} {
		value := element(signature, name)
		value = value[len(name)+2 : len(value)-len(name)-3]
		if is, err = base64.StdEncoding.AppendDecode(nil, value); err != nil {
			return err
		}
		if name == "ds:DigestValue" && !bytes.Equal(is, hash.Sum(nil)) {
			return errors.New("another digest")
		}
	}
	return c.verifyRSA(info, is)
}

// element is the first element of a name, all of it.
func element(text []byte, name string) []byte {
	text = text[bytes.Index(text, []byte("<"+name)):]
	end := "</" + name + ">"
	return text[:bytes.Index(text, []byte(end))+len(end)]
}

// mint makes an access key and seals a session.
func (c *ceiling) mint() []byte {
	plain := make([]byte, sessionBytes, sessionBytes+seal.Overhead)
	_, _ = rand.Read(plain[:40])
	sealed := c.tokens.Seal(nil, plain, plain[:20])
	c.sealed.Add(1)
	answer := append(make([]byte, 0, 1024), bytes.Repeat([]byte("a"), 250)...)
	return base64.StdEncoding.AppendEncode(answer, sealed)
}

// sign makes an RS512 token.
func (c *ceiling) sign() ([]byte, error) {
	digest := sha512.Sum512(bytes.Repeat([]byte("a"), tokenBytes))
	signature, err := rsa.SignPKCS1v15(nil, c.signing, crypto.SHA512, digest[:])
	c.signed.Add(1)
	answer := append(make([]byte, 0, 1536), bytes.Repeat([]byte("a"), 100+tokenBytes)...)
	return base64.RawURLEncoding.AppendEncode(answer, signature), err
}

// verifyRequest verifies a signature of version 4, which is the user's or, with a
// session token, that of the session in it.
func (c *ceiling) verifyRequest(r *http.Request, authorization string, body []byte) error {
	field := func(name string) string {
		_, value, _ := strings.Cut(authorization, name+"=")
		value, _, _ = strings.Cut(value, ",")
		return value
	}
	id, scope, _ := strings.Cut(field("Credential"), "/")
	secret := c.secret
	if token := r.Header.Get("X-Amz-Security-Token"); token != "" {
		var err error
		if secret, err = c.open(token, id); err != nil {
			return err
		}
	}
	canonical := append(make([]byte, 0, 2048), "POST\n/\n\n"...)
	for name := range strings.SplitSeq(field("SignedHeaders"), ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical = append(append(append(append(canonical, name...), ':'), value...), '\n')
	}
	payload := sha256.Sum256(body)
	canonical = append(append(append(canonical, '\n'), field("SignedHeaders")...), '\n')
	hash := sha256.Sum256(hex.AppendEncode(canonical, payload[:]))
	toSign := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + hex.EncodeToString(hash[:])
	key := append([]byte("AWS4"), secret...)
	for part := range strings.SplitSeq(scope, "/") {
		key = sum(key, part)
	}
	if subtle.ConstantTimeCompare([]byte(field("Signature")), []byte(hex.EncodeToString(sum(key, toSign)))) != 1 {
		return errors.New("another signature")
	}
	c.requests.Add(1)
	return nil
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// open gives the secret access key in a session token: behind a version and a kind,
// five texts and five numbers.
func (c *ceiling) open(token, id string) ([]byte, error) {
	sealed, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return nil, err
	}
	plain, err := c.tokens.Open(nil, sealed, []byte(id))
	if err != nil {
		return nil, err
	}
	c.opened.Add(1)
	at := 2
	for field := range 10 {
		n, size := binary.Uvarint(plain[at:])
		if at += size; field < 5 {
			at += int(n)
		}
	}
	return base64.StdEncoding.AppendEncode(nil, plain[at:at+30]), nil
}
