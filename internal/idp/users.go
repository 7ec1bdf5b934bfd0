package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// User is a person who can sign in.
type User struct {
	// Subject is the sub claim, 255 bytes at most (OpenID Connect Core 1.0, section 2).
	Subject string
	// Username is what the person types; empty means the subject.
	Username string
	// Password must not be empty: a forgotten one would otherwise let everybody in.
	Password string
	// Name is the name claim, given to clients that ask for the profile scope; may be empty.
	Name string
	// Email is the email claim, given to clients that ask for the email scope; may be empty. It counts as verified unless
	// Claims has an email_verified of its own.
	Email string
	// Claims go into every ID token and userinfo answer as they are. Claims that the protocol itself makes (iss, sub, aud,
	// exp, nonce and the like) are refused here. Name and Email win over a claim of the same name.
	Claims map[string]any
}

// protocolClaims are made by the provider for each token, so a user cannot bring them.
var protocolClaims = []string{
	"iss", "sub", "aud", "exp", "iat", "nbf", "auth_time", "nonce", "azp", "client_id", "at_hash", "c_hash", "jti", "act", "sid",
}

// account is a User as the provider keeps it: without the password.
type account struct {
	subject, name, email string
	claims               map[string]any
	password             [sha256.Size]byte
}

// newAccounts checks the users and keys them by username.
func newAccounts(users []User) (map[string]*account, error) {
	if len(users) == 0 {
		return nil, errors.New("idp: no users")
	}
	byName := make(map[string]*account, len(users))
	subjects := make(map[string]bool, len(users))
	for _, u := range users {
		name := u.Username
		if name == "" {
			name = u.Subject
		}
		if byName[name] != nil || subjects[u.Subject] {
			return nil, fmt.Errorf("idp: user %q is listed twice", name)
		}
		if err := u.check(); err != nil {
			return nil, fmt.Errorf("idp: user %q: %w", name, err)
		}
		subjects[u.Subject] = true
		byName[name] = &account{
			subject: u.Subject, name: u.Name, email: u.Email,
			claims: maps.Clone(u.Claims), password: sha256.Sum256([]byte(u.Password)),
		}
	}
	return byName, nil
}

func (u User) check() error {
	switch {
	case u.Subject == "":
		return errors.New("no subject")
	case len(u.Subject) > 255:
		return errors.New("the subject is longer than 255 bytes")
	case u.Password == "":
		return errors.New("no password")
	}
	for _, name := range protocolClaims {
		if _, ok := u.Claims[name]; ok {
			return fmt.Errorf("the claim %q is the provider's to make", name)
		}
	}
	if _, err := json.Marshal(u.Claims); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	return nil
}

// signIn returns the account for a username and password, or nil. A wrong username takes as long as a wrong password.
func signIn(accounts map[string]*account, username, password string) *account {
	given := sha256.Sum256([]byte(password))
	a, known := accounts[username]
	if !known {
		a = &account{} // no password hashes to all zeros
	}
	if subtle.ConstantTimeCompare(given[:], a.password[:]) != 1 || !known {
		return nil
	}
	return a
}

// describe puts what the scopes allow about the account into info.
func (a *account) describe(info *oidc.UserInfo, scopes []string) {
	info.Subject = a.subject
	for name, value := range a.claims {
		info.AppendClaims(name, value)
	}
	for _, scope := range scopes {
		switch scope {
		case oidc.ScopeProfile:
			info.Name = a.name
		case oidc.ScopeEmail:
			info.Email = a.email
			_, stated := a.claims["email_verified"]
			info.EmailVerified = oidc.Bool(a.email != "" && !stated)
		}
	}
}

// methods is the amr claim, unless the account's own claims state one.
func (a *account) methods() []string {
	if _, stated := a.claims["amr"]; stated {
		return nil
	}
	return []string{"pwd"} // RFC 8176, section 2
}
