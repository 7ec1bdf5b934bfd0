package sts

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/target"
)

// TokenPurpose is the purpose of the box that seals session tokens.
const TokenPurpose = "session-token"

// Service is the service sts.
type Service struct {
	// Account is the account whose sessions these are.
	Account string
	// IAM has the roles and the OpenID Connect providers.
	IAM *iam.Service
	// OpenID has the keys of our own tokens.
	OpenID *openid.Provider
	// OIDC checks the tokens of OpenID Connect providers.
	OIDC *login.OIDC
	// Public are the verifiers of Google, Login with Amazon and Facebook by their
	// names.
	Public map[string]login.Verifier
	// SAML checks SAML responses.
	SAML login.SAML
	// Revocations are those in force; nil for none.
	Revocations Revocations
	// IdentityAlive says whether there is an identity of an identity pool, neither
	// deleted with or without its pool nor merged into another. What an identity
	// that is not alive held is void. Nil means that none is alive.
	IdentityAlive func(ctx context.Context, id string) (bool, error)
	// Targets are the STS whose credentials roles may give in place of ours; nil for
	// none.
	Targets *target.Targets
	// Tokens seals session tokens; it is made for [TokenPurpose].
	Tokens *seal.Box
	// FollowKeys sees to it that Tokens opens with the keys of the time at which the
	// request came, where another node may have changed them; nil where none can.
	FollowKeys func(ctx context.Context) error
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Rand makes access keys; nil means crypto/rand. Others must be safe for
	// concurrent use.
	Rand io.Reader
}

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Service) rand() io.Reader {
	if s.Rand == nil {
		return rand.Reader
	}
	return s.Rand
}
