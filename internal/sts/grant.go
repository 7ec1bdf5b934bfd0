package sts

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// How long a role's session lasts where nobody says, at least and at most.
const (
	defaultDuration = time.Hour
	minDuration     = 15 * time.Minute
	maxDuration     = 12 * time.Hour
)

// durationOf is how long a session shall last, which its role bounds.
func durationOf(seconds *RoleDurationSecondsType, role *iam.RoleEntity) (time.Duration, error) {
	if seconds == nil {
		return defaultDuration, nil
	}
	if int64(*seconds) > int64(role.MaxSession()) {
		return 0, durationTooLong()
	}
	return time.Duration(*seconds) * time.Second, nil
}

// maxSessionPolicies bounds the session policies of a request together, in
// characters: the inline one as it is written and the ARNs of the others.
const maxSessionPolicies = 2048

// narrow gives a session its policies. An inline one is kept as it was sent, and
// must mean something when it is evaluated.
func (s *Session) narrow(inline string, managed PolicyDescriptorListType) error {
	if len(managed) > 0 {
		return policyArnsUnsupported(managed[0].Arn)
	}
	if inline == "" {
		return nil
	}
	if n := len([]rune(inline)); n > maxSessionPolicies {
		return packedPolicy((100*n + maxSessionPolicies - 1) / maxSessionPolicies)
	}
	d, err := policy.Parse(policy.Identity, inline)
	if malformed, ok := errors.AsType[*policy.Error](err); ok {
		return malformedPolicy(malformed)
	}
	if err != nil {
		return err
	}
	s.Policy = d.Text()
	return nil
}

// issue checks that a session fits into a token and makes its credentials.
func (s *Service) issue(ctx context.Context, session *Session) (*Credentials, error) {
	if err := session.checkPacked(); err != nil {
		return nil, err
	}
	made, err := s.mint(session)
	if err != nil {
		return nil, err
	}
	audit.From(ctx).Set("issued_key", made.AccessKeyId)
	return made, nil
}
