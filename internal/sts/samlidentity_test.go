package sts

import (
	"testing"
	"time"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/saml"
)

// The example of AssumeRoleWithSAML in the AWS STS API Reference.
func TestNameQualifier(t *testing.T) {
	got := nameQualifier("https://example.com/saml", "arn:aws:iam::123456789012:saml-provider/MySAMLIdP")
	if want := "1uAJanUnBc2XeUkHURMht+xam2c="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSubjectType(t *testing.T) {
	for format, want := range map[string]string{
		"": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
		"urn:oasis:names:tc:SAML:2.0:nameid-format:transient":    "transient",
		"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent":   "persistent",
		"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
	} {
		if got := subjectType(&saml.Assertion{Format: format}); got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
	}
}

// The identity provider's session ends the session here, though not before its
// least time.
func TestSAMLSessionEnd(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 5e8, time.UTC)
	for left, want := range map[time.Duration]time.Duration{
		0: time.Hour, 2 * time.Hour: time.Hour, 1800*time.Second + 1: 30 * time.Minute, time.Minute: 15 * time.Minute,
	} {
		a := &saml.Assertion{}
		if left > 0 {
			a.SessionNotOnOrAfter = now.Add(left)
		}
		got, err := samlDuration(a, nil, &iam.RoleEntity{}, now)
		if err != nil || got != want {
			t.Errorf("%s left: %s, want %s (%v)", left, got, want, err)
		}
	}
}
