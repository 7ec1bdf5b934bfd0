package acme

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/crypto/acme"

	"github.com/daypass/daypass/internal/seal"
)

// patience is how long obtaining one certificate may take.
const patience = 5 * time.Minute

// obtain gets a certificate for a host and takes it. The account is looked up anew each
// time, which is once in weeks, so that a CA that has forgotten it is told again.
func (k *Keeper) obtain(ctx context.Context, host string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the CA did not finish within %v", patience))
	defer cancel()
	err := k.order(ctx, host)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (k *Keeper) order(ctx context.Context, host string) error {
	c, err := k.client(ctx)
	if err != nil {
		return err
	}
	order, err := c.AuthorizeOrder(ctx, acme.DomainIDs(host))
	if err != nil {
		return err
	}
	for _, url := range order.AuthzURLs {
		if err := k.prove(ctx, c, host, url); err != nil {
			return err
		}
	}
	if order, err = c.WaitOrder(ctx, order.URI); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{host}}, key)
	if err != nil {
		return err
	}
	chain, _, err := c.CreateCertFromOrder(ctx, order, request, true)
	if err != nil {
		return err
	}
	text, err := privatePEM(key)
	if err != nil {
		return err
	}
	for _, der := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	if err := k.use(host, text); err != nil {
		return fmt.Errorf("the CA issued a certificate that does not fit: %w", err)
	}
	return seal.Replace(k.file(host), text)
}

// client is who speaks with the CA, under an account that it has.
func (k *Keeper) client(ctx context.Context) (*acme.Client, error) {
	key, err := k.accountKey()
	if err != nil {
		return nil, err
	}
	c := &acme.Client{Key: key, HTTPClient: k.HTTP, DirectoryURL: cmp.Or(k.Directory, LetsEncrypt), UserAgent: "daypass", RetryBackoff: backoff}
	var contact []string
	if k.Email != "" {
		contact = []string{"mailto:" + k.Email}
	}
	_, err = c.Register(ctx, &acme.Account{Contact: contact}, acme.AcceptTOS)
	if errors.Is(err, acme.ErrAccountAlreadyExists) {
		err = nil
	}
	return c, err
}

// backoff is how long to wait before a request that failed n times is made again; zero for
// not again, since the whole order is repeated later.
func backoff(n int, _ *http.Request, answer *http.Response) time.Duration {
	switch {
	case answer.StatusCode == http.StatusBadRequest && n <= 10: // a nonce that somebody else has used up
		return 100 * time.Millisecond
	case answer.StatusCode != http.StatusBadRequest && n <= 3:
		return time.Second << n
	}
	return 0
}

// accountKey reads the account's key, or makes it.
func (k *Keeper) accountKey() (*ecdsa.PrivateKey, error) {
	k.account.Lock()
	defer k.account.Unlock()
	path := filepath.Join(k.Dir, "account.key")
	text, err := seal.ReadPrivate(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		text, err := privatePEM(key)
		if err != nil {
			return nil, err
		}
		return key, seal.WriteNew(path, text)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM in it", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s: no ECDSA key in it (PKCS #8)", path)
	}
	return key, nil
}

func privatePEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// prove shows the CA that a host leads to this server.
func (k *Keeper) prove(ctx context.Context, c *acme.Client, host, url string) error {
	z, err := c.GetAuthorization(ctx, url)
	if err != nil || z.Status == acme.StatusValid {
		return err
	}
	at := slices.IndexFunc(z.Challenges, func(c *acme.Challenge) bool { return c.Type == "tls-alpn-01" })
	if at < 0 {
		return errors.New("the CA does not offer the challenge tls-alpn-01, the only one that daypass answers")
	}
	cert, err := c.TLSALPN01ChallengeCert(z.Challenges[at].Token, host)
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.challenges[host] = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{challengeProtocol}}
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.challenges, host)
	}()
	if _, err := c.Accept(ctx, z.Challenges[at]); err != nil {
		return err
	}
	if _, err = c.WaitAuthorization(ctx, url); err != nil {
		var refused *acme.AuthorizationError
		if errors.As(err, &refused) {
			return fmt.Errorf("the CA did not find this server at %s:443: %w", host, bounded{errors.Join(refused.Errors...)})
		}
		return err
	}
	return nil
}

// bounded is an error whose text, which the CA wrote, goes on one line of bounded length.
type bounded struct{ error }

func (b bounded) Error() string {
	text := bytes.ReplaceAll([]byte(b.error.Error()), []byte("\n"), []byte("; "))
	const most = 1000
	if len(text) > most {
		text = append(bytes.ToValidUTF8(text[:most], nil), "..."...)
	}
	return string(text)
}

func (b bounded) Unwrap() error { return b.error }

// rateLimit is how long the CA wants not to be asked; zero where it has not said so.
func rateLimit(err error) time.Duration {
	var e *acme.Error
	if !errors.As(err, &e) {
		return 0
	}
	d, _ := acme.RateLimit(e)
	return d
}
