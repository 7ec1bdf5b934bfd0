package sts

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// How long a role's session lasts where nobody says, at least and at most.
const (
	defaultDuration = time.Hour
	minDuration     = 15 * time.Minute
	maxDuration     = 12 * time.Hour
	// maxGuestDuration is how long the session of a guest of the enhanced flow may
	// last, whatever the role says.
	maxGuestDuration = time.Hour
)

// durationOf is how long a session shall last, which its role bounds.
func durationOf(seconds *RoleDurationSecondsType, role *iam.RoleEntity) (time.Duration, error) {
	if seconds == nil {
		return defaultDuration, nil
	}
	if asked, most := int64(*seconds), int64(role.MaxSession()); asked > most {
		return 0, durationTooLong(asked, most)
	}
	return time.Duration(*seconds) * time.Second, nil
}

const (
	// maxSessionPolicies bounds the session policies of a request together, in
	// characters: the inline one as it is written and the ARNs of the others.
	maxSessionPolicies = 2048
	// maxManaged is how many managed policies can be session policies.
	maxManaged = 10
)

// narrow gives a session its policies. An inline one is kept as it was sent, and
// must mean something when it is evaluated. Managed ones are kept by name: what
// they say is looked up whenever it counts.
func (s *Service) narrow(ctx context.Context, session *Session, inline string, managed PolicyDescriptorListType) error {
	if len(managed) > maxManaged {
		return tooManyPolicyArns()
	}
	size := utf8.RuneCountInString(inline)
	for _, p := range managed {
		there, err := s.IAM.IsManagedPolicy(ctx, session.Account, string(p.Arn))
		if err != nil {
			return err
		}
		if !there {
			return policyMissing(p.Arn)
		}
		session.PolicyARNs = append(session.PolicyARNs, string(p.Arn))
		size += len(p.Arn)
	}
	if size > maxSessionPolicies {
		return packedPolicy((100*size + maxSessionPolicies - 1) / maxSessionPolicies)
	}
	if inline == "" {
		return nil
	}
	d, err := policy.Parse(policy.Session, inline)
	if malformed, ok := errors.AsType[*policy.Error](err); ok {
		return malformedPolicy(malformed)
	}
	if err != nil {
		return err
	}
	session.Policy = d.Text()
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
	event := audit.From(ctx)
	event.Set("issued_key", made.AccessKeyId)
	event.SetIssued(made.AccessKeyId, made.Expiration)
	return made, nil
}
