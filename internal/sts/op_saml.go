package sts

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/saml"
)

// AssumeRoleWithSAML gives the bearer of a SAML response temporary credentials
// of a role that the response offers and that trusts its provider.
func (s *Service) AssumeRoleWithSAML(ctx context.Context, c awsapi.Caller, in *AssumeRoleWithSAMLRequest) (*AssumeRoleWithSAMLResponse, error) {
	event := audit.From(ctx)
	event.Set("role", string(in.RoleArn))
	event.Set("provider", string(in.PrincipalArn))
	a, err := s.assertion(ctx, in)
	if err != nil {
		return nil, err
	}
	event.Set("subject", audit.Hash(a.NameID))
	event.SetPerson(audit.Person{Provider: string(in.PrincipalArn), Subject: a.NameID, Type: "SAMLUser"})
	f, name, err := fromAssertion(string(in.PrincipalArn), a)
	if err != nil {
		return nil, err
	}
	role, err := s.authorize(ctx, c.Request, string(in.RoleArn), name, f)
	if err != nil {
		return nil, err
	}
	lasts, err := samlDuration(a, in.DurationSeconds, role, s.now())
	if err != nil {
		return nil, err
	}
	session, err := f.session(ctx, s, role, name, lasts)
	if err != nil {
		return nil, err
	}
	if err := s.narrow(ctx, session, string(in.Policy), in.PolicyArns); err != nil {
		return nil, err
	}
	made, err := s.issue(ctx, session)
	if err != nil {
		return nil, err
	}
	return &AssumeRoleWithSAMLResponse{
		Credentials:      made,
		AssumedRoleUser:  &AssumedRoleUser{Arn: session.ARN(), AssumedRoleId: session.UserID()},
		PackedPolicySize: session.packedSize(),
		Subject:          a.NameID,
		SubjectType:      subjectType(a),
		Issuer:           a.Issuer,
		Audience:         a.Recipient, // sic
		NameQualifier:    nameQualifier(a.Issuer, string(in.PrincipalArn)),
		SourceIdentity:   session.SourceIdentity,
	}, nil
}

// assertion verifies the response, which must offer the role.
func (s *Service) assertion(ctx context.Context, in *AssumeRoleWithSAMLRequest) (*saml.Assertion, error) {
	account, _, ok := iam.ParseRoleARN(string(in.RoleArn))
	if !ok || !iam.IsSAMLProviderARN(string(in.PrincipalArn)) {
		return nil, badRoleARN()
	}
	if account != s.Account {
		return nil, notAuthorized(actionSAML, causeRoleForeign)
	}
	p, ok, err := s.IAM.SAMLProvider(ctx, string(in.PrincipalArn))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, samlProviderMissing()
	}
	metadata, err := p.Metadata()
	if err != nil {
		return nil, samlMetadataBroken(err)
	}
	a, err := s.SAML.Assertion(string(in.SAMLAssertion), metadata)
	if err != nil {
		return nil, responseRefused(err)
	}
	if now := s.now(); now.Sub(a.IssueInstant) > maxResponseAge {
		return nil, responseStale(now, a.IssueInstant)
	}
	offered := a.Roles()
	for _, pair := range offered {
		if pair.Role == string(in.RoleArn) && pair.Provider == string(in.PrincipalArn) {
			return a, nil
		}
	}
	return nil, roleNotOffered(len(a.Attributes[saml.RoleAttribute]), offered)
}

// maxResponseAge is how long a response may be on its way.
const maxResponseAge = 5 * time.Minute

// samlDuration is how long a session shall last: what the request says, or an
// hour, unless the response says less; but not less than the least.
func samlDuration(a *saml.Assertion, seconds *RoleDurationSecondsType, role *iam.RoleEntity, now time.Time) (time.Duration, error) {
	lasts, err := durationOf(seconds, role)
	if err != nil {
		return 0, samlDurationTooLong(err)
	}
	if most, ok, err := sessionDurationOf(a); err != nil {
		return 0, err
	} else if ok {
		lasts = min(lasts, most)
	}
	if !a.SessionNotOnOrAfter.IsZero() {
		lasts = min(lasts, a.SessionNotOnOrAfter.Sub(now).Truncate(time.Second))
	}
	return max(lasts, minDuration), nil
}
