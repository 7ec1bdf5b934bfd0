package gateway

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/server"
)

type identitiesIn struct {
	AccessKeyIDs texts `json:"accessKeyIds"`
}

type identitiesOut struct {
	Identities []identity `json:"identities"`
}

type identity struct {
	Found        bool   `json:"found"`
	Kind         string `json:"kind,omitempty"`
	PrincipalARN string `json:"principalArn,omitempty"`
}

// resolveIdentity says who has long-term access keys. Sessions have no row, and
// without its token nobody knows one: they are not found, which is what gateways
// take them for where somebody wants to name one.
func (s *Service) resolveIdentity(ctx context.Context, _ *server.Visit, body []byte) (any, error) {
	var in identitiesIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	out := identitiesOut{make([]identity, len(in.AccessKeyIDs))}
	for i, id := range in.AccessKeyIDs {
		caller, _, err := s.Credentials(ctx, id, "")
		switch _, refused := awsapi.AsRefused(err); {
		case err == nil:
			out.Identities[i] = identity{true, "user", caller.ARN}
		case !refused:
			return nil, err
		}
	}
	return out, nil
}

type principalsIn struct {
	Principals texts `json:"principals"`
}

type principalsOut struct {
	Invalid []string `json:"invalid"`
}

// resolvePrincipals finds which principals of a bucket policy name nobody: neither
// the account, nor a user, a role or a session of a role that there is now.
func (s *Service) resolvePrincipals(ctx context.Context, _ *server.Visit, body []byte) (any, error) {
	var in principalsIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	missing, err := s.IAM.MissingPrincipals(ctx, in.Principals)
	if err != nil {
		return nil, err
	}
	return principalsOut{append([]string{}, missing...)}, nil
}
