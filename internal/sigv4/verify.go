package sigv4

import (
	"fmt"
	"strings"
	"time"
)

// Options say which signatures are good.
type Options struct {
	// Service is what credentials must be scoped to, such as
	// "cognito-identity".
	Service string
	// ValidRegion says whether credentials may be scoped to a region. It is
	// asked only about lower-case letters, digits and hyphens, 1 to 32 of them.
	// Nil accepts all of these.
	ValidRegion func(region string) bool
	// Now is the time at which the signature is checked.
	Now time.Time
	// Skew is how far the client's clock may be from Now, in either direction;
	// zero means 15 minutes. It is whole minutes in AWS (5 for STS and IAM).
	Skew time.Duration
	// Keys remembers signing keys between calls; nil remembers none.
	Keys *KeyCache
}

func (o *Options) skew() time.Duration {
	if o.Skew == 0 {
		return 15 * time.Minute
	}
	return o.Skew
}

// Check checks all that can be checked without a secret: that the credential is
// scoped to a region and to this service, to the day of the request, and that
// the request is neither too old nor from the future. [Signature.Verify] does
// the same; call Check to refuse before the secret is looked up.
//
// Its errors are of type [*Error] and of the kinds [WrongRegion],
// [WrongService], [Mismatch], [Expired] and [NotYetCurrent].
func (s *Signature) Check(o Options) error {
	if err := s.checkScope(&o); err != nil {
		return err
	}
	return s.checkTime(&o)
}

// Verify checks the signature over the request it was parsed from. The secret is
// the secret access key of the signature's AccessKeyID; an empty one verifies
// nothing.
//
// Its errors are those of [Signature.Check], and the kind [Mismatch].
func (s *Signature) Verify(secret string, o Options) error {
	if err := s.Check(o); err != nil {
		return err
	}
	if secret == "" {
		return mismatch(CauseMismatch)
	}
	key, id, known := o.Keys.find(secret, s.Date, s.Region, s.Service)
	want, err := s.compute(&key)
	if err != nil {
		return err
	}
	if !equal(s.hex, &want) {
		return mismatch(CauseMismatch)
	}
	if !known {
		o.Keys.put(id, key)
	}
	return nil
}

// checkScope lists everything that is wrong with the credential scope in one
// message, as AWS does; the first is the kind of the error.
func (s *Signature) checkScope(o *Options) error {
	var wrong []*Error
	add := func(kind Kind, cause Cause, format string, args ...any) {
		wrong = append(wrong, &Error{kind, cause, fmt.Sprintf(format, args...)})
	}
	if !isScopeWord(s.Region) || o.ValidRegion != nil && !o.ValidRegion(s.Region) {
		add(WrongRegion, CauseScopeRegion, "Credential should be scoped to a valid region. ")
	}
	if s.Service != o.Service || s.Service == "" {
		add(WrongService, CauseScopeService, "Credential should be scoped to correct service: '%s'. ", o.Service)
	}
	if s.terminator != terminator {
		add(Mismatch, CauseScopeTerminator,
			"Credential should be scoped with a valid terminator: '%s', not '%s'. ", terminator, echo(s.terminator))
	}
	if !s.isScopeOfDay() {
		add(Mismatch, CauseScopeDate, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "+
			"date from HTTP: '%s' != '%s', from '%s'.",
			echo(s.Date), s.Time.Format(dateLayout), s.Time.Format(timeLayout))
	}
	if len(wrong) == 0 {
		return nil
	}
	var message strings.Builder
	for _, e := range wrong {
		message.WriteString(e.Message)
	}
	return &Error{wrong[0].Kind, wrong[0].Cause, message.String()}
}

func (s *Signature) isScopeOfDay() bool {
	var buf [len(dateLayout)]byte
	return string(appendDate(buf[:0], s.Time)) == s.Date
}

// isScopeWord reports whether s may be a region at all.
func isScopeWord(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// checkTime compares whole seconds, because that is all a signature has.
func (s *Signature) checkTime(o *Options) error {
	now := o.Now.UTC().Truncate(time.Second)
	skew := o.skew()
	if limit := now.Add(skew); s.Time.After(limit) {
		return refuse(NotYetCurrent, CauseNotYetCurrent, "Signature not yet current: %s is still later than %s (%s + %s)",
			s.Time.Format(timeLayout), limit.Format(timeLayout), now.Format(timeLayout), minutes(skew))
	}
	age := skew
	if s.Presigned {
		age = s.Expires
	}
	if limit := now.Add(-age); s.Time.Before(limit) {
		return refuse(Expired, CauseExpired, "Signature expired: %s is now earlier than %s (%s - %s)",
			s.Time.Format(timeLayout), limit.Format(timeLayout), now.Format(timeLayout), minutes(age))
	}
	return nil
}

// minutes spells a duration as AWS does: "15 min.".
func minutes(d time.Duration) string {
	if d%time.Minute != 0 {
		return fmt.Sprintf("%d sec.", d/time.Second)
	}
	return fmt.Sprintf("%d min.", d/time.Minute)
}
