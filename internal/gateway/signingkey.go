package gateway

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/server"
	"github.com/daypass/daypass/internal/sigv4"
)

// s3 is the one service that signing keys, actions and resources are for.
const s3 = "s3"

const (
	// daysBack is how old a presigned URL may be.
	daysBack = sigv4.MaxExpires
	// ahead is how far a client's clock may be ahead, which counts at midnight.
	ahead = 15 * time.Minute
)

type deriveIn struct {
	AccessKeyID  string `json:"accessKeyId"`
	SessionToken string `json:"sessionToken"`
	Date         string `json:"date"`
	Region       string `json:"region"`
	Service      string `json:"service"`
}

type deriveOut struct {
	DerivedKey   []byte `json:"derivedKey"`
	PrincipalARN string `json:"principalArn"`
	RoleARN      string `json:"roleArn,omitempty"`
}

// deriveSigningKey gives the key with which the subject signs requests to S3 on one
// day.
func (s *Service) deriveSigningKey(ctx context.Context, v *server.Visit, body []byte) (any, error) {
	var in deriveIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if in.Service != s3 {
		return nil, badRequest(causeService, errors.New("signing keys are for s3 only"))
	}
	if !sigv4.IsRegion(in.Region) {
		return nil, badRequest(causeMalformed, errors.New("no region"))
	}
	caller, secret, err := s.subject(ctx, in.AccessKeyID, in.SessionToken)
	if err != nil {
		return nil, err
	}
	if err := checkDate(in.Date, v.Now(), caller.Session); err != nil {
		return nil, err
	}
	key := sigv4.SigningKey(secret.Reveal(), in.Date, in.Region, s3)
	return deriveOut{DerivedKey: key[:], PrincipalARN: caller.ARN, RoleARN: roleOf(caller)}, nil
}

// roleOf is the role of a role's session; empty for others.
func roleOf(caller awsapi.Caller) string {
	if _, _, isRole := iam.ParseRoleARN(caller.PrincipalARN); !isRole {
		return ""
	}
	return caller.PrincipalARN
}

// checkDate says whether a key may be for a day: one on which a presigned URL can
// have been made that is still good, or that it may be for a client already; for a
// session one of those on which there is one. Days are those of UTC.
func checkDate(date string, now time.Time, session *awsapi.Session) error {
	const day = "20060102"
	t, err := time.Parse(day, date)
	if err != nil || t.Format(day) != date {
		return invalidToken(causeDate, errors.New("not a date"))
	}
	first, last := now.Add(-daysBack), now.Add(ahead)
	if session != nil {
		if session.Issued.After(first) {
			first = session.Issued
		}
		if end := session.Expires.Add(-time.Second); end.Before(last) { // the session is over at its end
			last = end
		}
	}
	if date < first.UTC().Format(day) || date > last.UTC().Format(day) {
		return invalidToken(causeDate, errors.New(date))
	}
	return nil
}

// isS3 says whether an ARN is one of S3's.
func isS3(arn string) bool { return strings.HasPrefix(arn, "arn:aws:s3:::") }
