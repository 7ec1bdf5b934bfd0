package instance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/seal"
)

// Logins is what login providers need beyond what pools and IAM say of them. The
// zero value is what AWS does.
type Logins struct {
	// Endpoints gives provider hosts another base URL (fetch.Client.Endpoints).
	Endpoints map[string]string
	// UserPoolIssuers gives user pools, by provider name, another issuer.
	UserPoolIssuers map[string]login.UserPoolIssuer
	// UserPool signs AdminGetUser for ServerSideTokenCheck.
	UserPool login.Credentials
	// FacebookSecrets are app secrets of Facebook, by app ID.
	FacebookSecrets map[string]seal.Secret
	// FacebookLimitedLogin accepts ID tokens of Facebook Limited Login.
	FacebookLimitedLogin bool
	// KeyFiles gives issuers a file with their key set, in place of what they
	// publish.
	KeyFiles map[string]string
	// OIDCAlgorithms are accepted besides AWS's (login.OIDC.Algorithms).
	OIDCAlgorithms []string
	// SAMLAudiences and SAMLRecipients are accepted of SAML responses besides AWS's.
	SAMLAudiences, SAMLRecipients []string
	// SAMLAllowRSA1024 accepts RSA keys of 1,024 to 2,047 bits of SAML providers, as
	// AWS does.
	SAMLAllowRSA1024 bool
}

// kinds makes the verifiers of all kinds of login.
func (l Logins) kinds(tokens *login.OIDC) login.Kinds {
	return login.Kinds{
		OpenID:   login.OpenID{Tokens: tokens},
		UserPool: login.UserPool{Tokens: tokens, Mapped: l.UserPoolIssuers, Credentials: l.UserPool},
		SAML:     l.saml(tokens.Now),
		Public: map[string]login.Verifier{
			login.GoogleName:   login.Google{Tokens: tokens},
			login.AppleName:    login.Apple{Tokens: tokens},
			login.FacebookName: login.Facebook{Tokens: tokens, Secrets: l.FacebookSecrets, LimitedLogin: l.FacebookLimitedLogin},
			login.AmazonName:   login.Amazon{Tokens: tokens},
			login.TwitterName:  login.Twitter{Tokens: tokens},
			login.DigitsName:   login.Twitter{Tokens: tokens, Digits: true},
		},
	}
}

// saml makes the verifier of SAML responses.
func (l Logins) saml(now func() time.Time) login.SAML {
	return login.SAML{Audiences: l.SAMLAudiences, Recipients: l.SAMLRecipients, AllowRSA1024: l.SAMLAllowRSA1024, Now: now}
}

// maxKeyFile is the longest key file that is read, in bytes.
const maxKeyFile = 1 << 20

// offline makes readers of the key files. They are read when they are needed, so
// that they can be replaced while the server runs.
func (l Logins) offline() map[string]func() ([]byte, error) {
	readers := map[string]func() ([]byte, error){}
	for issuer, path := range l.KeyFiles {
		readers[issuer] = func() ([]byte, error) { return readKeyFile(path) }
	}
	return readers
}

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(b) > maxKeyFile {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxKeyFile)
	}
	return b, err
}

// check finds key files that cannot be worked with, before the first login does.
func (l Logins) check() error {
	var bad error
	for _, issuer := range slices.Sorted(maps.Keys(l.KeyFiles)) {
		b, err := readKeyFile(l.KeyFiles[issuer])
		if err == nil {
			err = login.CheckKeySet(b)
		}
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("key set of the issuer %s: %w", issuer, err))
		}
	}
	return bad
}

// announce tells the log of what is not as AWS has it.
func (l Logins) announce(ctx context.Context, log *slog.Logger) {
	for _, host := range slices.Sorted(maps.Keys(l.Endpoints)) {
		log.LogAttrs(ctx, slog.LevelInfo, "provider endpoint", slog.String("host", host), slog.String("endpoint", l.Endpoints[host]))
	}
	for _, name := range slices.Sorted(maps.Keys(l.UserPoolIssuers)) {
		i := l.UserPoolIssuers[name]
		log.LogAttrs(ctx, slog.LevelInfo, "user pool issuer", slog.String("provider", name), slog.String("issuer", i.Issuer), slog.String("keys", i.KeySet))
	}
	if len(l.OIDCAlgorithms) > 0 {
		log.LogAttrs(ctx, slog.LevelInfo, "OpenID Connect algorithms besides AWS's", slog.Any("algorithms", l.OIDCAlgorithms))
	}
	if len(l.SAMLAudiences)+len(l.SAMLRecipients) > 0 {
		log.LogAttrs(ctx, slog.LevelInfo, "SAML besides AWS's", slog.Any("audiences", l.SAMLAudiences), slog.Any("recipients", l.SAMLRecipients))
	}
	if l.SAMLAllowRSA1024 {
		log.LogAttrs(ctx, slog.LevelWarn, "RSA keys of less than 2048 bits are accepted of SAML providers: they are too weak for signatures")
	}
	for _, issuer := range slices.Sorted(maps.Keys(l.KeyFiles)) {
		log.LogAttrs(ctx, slog.LevelInfo, "offline issuer", slog.String("issuer", issuer), slog.String("file", l.KeyFiles[issuer]))
	}
}
