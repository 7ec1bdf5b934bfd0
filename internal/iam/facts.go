package iam

import (
	"context"
	"strconv"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// usualFacts is how many condition keys most requests have.
const usualFacts = 32

// RequestFacts are the condition keys that every request has, whatever it is
// about and whoever makes it ("AWS global condition context keys" in the IAM
// User Guide): when it comes, from where, and how. The door has put what it saw
// into the event; a header that was not sent is a key that the request does not
// have.
func (s *Service) RequestFacts(ctx context.Context) policy.Context {
	facts, now := make(policy.Context, usualFacts), s.now()
	facts.Set("aws:currenttime", now.Format(time.RFC3339))
	facts.Set("aws:epochtime", strconv.FormatInt(now.Unix(), 10))
	facts.Set("aws:viaawsservice", "false")
	e := audit.From(ctx)
	if e == nil {
		return facts
	}
	facts.Set("aws:securetransport", strconv.FormatBool(e.SecureTransport))
	setIfAny(facts, "aws:sourceip", e.SourceIP)
	setIfAny(facts, "aws:useragent", e.UserAgent)
	setIfAny(facts, "aws:referer", e.Referer)
	setIfAny(facts, "aws:requestedregion", e.Region)
	return facts
}

// SetCallerFacts adds the condition keys that a caller's credentials bring. The
// tags of the caller's user or role are not among them: Authorize reads those,
// and session tags take their place.
func SetCallerFacts(facts policy.Context, c awsapi.Caller) {
	if c.Anonymous() {
		facts.Set("aws:principaltype", "Anonymous")
		return
	}
	facts.Set("aws:principalaccount", c.Account)
	facts.Set("aws:userid", c.UserID)
	facts.Set("aws:principalarn", c.PrincipalARN)
	switch {
	case c.Root:
		facts.Set("aws:principalarn", c.ARN)
		facts.Set("aws:principaltype", "Account")
	case c.Session != nil && c.Session.Name != "":
		facts.Set("aws:principaltype", "AssumedRole")
	default:
		facts.Set("aws:principaltype", "User")
		facts.Set("aws:username", string(lastSegment(c.PrincipalARN)))
	}
	if c.Session != nil {
		setSessionFacts(facts, c.Session)
	}
}

// setSessionFacts adds the condition keys that only temporary credentials have.
// None of ours was got with a second factor.
func setSessionFacts(facts policy.Context, session *awsapi.Session) {
	for key, values := range session.Keys {
		facts.Set(key, values...)
	}
	facts.Set("aws:tokenissuetime", session.Issued.UTC().Format(time.RFC3339))
	facts.Set("aws:multifactorauthpresent", "false")
	setIfAny(facts, "aws:federatedprovider", session.Provider)
	setIfAny(facts, "aws:sourceidentity", session.SourceIdentity)
	for _, t := range session.Tags {
		facts.Set("aws:principaltag/"+t.Key, t.Value)
	}
}

func setIfAny(facts policy.Context, key, value string) {
	if value != "" {
		facts.Set(key, value)
	}
}

// setTags adds tags under a condition key's prefix. Keys of tags are condition
// keys there, whose case does not matter.
func setTags(facts policy.Context, prefix string, tags TagListType) {
	for _, t := range tags {
		facts.Set(prefix+string(t.Key), string(t.Value))
	}
}
