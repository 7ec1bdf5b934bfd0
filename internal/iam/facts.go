package iam

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// NewFacts makes room for as many condition keys as most requests have. It is as
// many as fit into 32 places.
func NewFacts() policy.Context { return make(policy.Context, 28) }

// SetRequestFacts adds the condition keys that every request has, whatever it is
// about and whoever makes it ("AWS global condition context keys" in the IAM
// User Guide): when it comes, from where, and how. A header that was not sent is
// a key that the request does not have. A request of which not all is known that
// every request has is an error, not one with fewer keys.
func SetRequestFacts(facts policy.Context, r awsapi.Request, now time.Time) error {
	if err := r.Check(); err != nil {
		return err
	}
	m := secondOf(now)
	facts["aws:currenttime"], facts["aws:epochtime"] = m.current, m.epoch
	f := newSetter(facts, 6)
	f.set("aws:viaawsservice", "false")
	f.set("aws:securetransport", strconv.FormatBool(r.Transport == awsapi.Encrypted))
	f.set("aws:requestedregion", r.Region)
	f.setIfAny("aws:sourceip", r.SourceIP)
	f.setIfAny("aws:useragent", beginning(r.UserAgent))
	f.setIfAny("aws:referer", beginning(r.Referer))
	return nil
}

// second is a moment as condition keys have it, which is all requests of one second.
type second struct {
	unix           int64
	current, epoch []string
}

var lastSecond atomic.Pointer[second]

func secondOf(now time.Time) *second {
	if s := lastSecond.Load(); s != nil && s.unix == now.Unix() {
		return s
	}
	s := &second{now.Unix(), []string{now.UTC().Format(time.RFC3339)}, []string{strconv.FormatInt(now.Unix(), 10)}}
	lastSecond.Store(s)
	return s
}

// SetResourceAccount adds the account that owns a resource: the one in its ARN,
// which is aws for AWS's own managed policies, or the given one, the caller's,
// where the ARN names none or the request is about nothing in particular.
func SetResourceAccount(facts policy.Context, account, resource string) {
	if owner := accountIn(resource); owner != "" && owner != "*" {
		account = owner
	}
	setIfAny(facts, "aws:resourceaccount", account)
}

// accountIn is the account in an ARN, between its fourth and fifth colon.
func accountIn(arn string) string {
	for range 4 {
		_, arn, _ = strings.Cut(arn, ":")
	}
	account, _, ok := strings.Cut(arn, ":")
	if !ok {
		return ""
	}
	return account
}

// maxHeader is how much of a header policies see, in bytes. Matching takes the
// length of the pattern times that of the text, and there are callers who choose
// both: the policy of a session and what the client sends with it.
const maxHeader = 2048

func beginning(header string) string { return header[:min(len(header), maxHeader)] }

// SetCallerFacts adds the condition keys that a caller's credentials bring. The
// tags of the caller's user or role are not among them: Authorize reads those,
// and session tags take their place.
func SetCallerFacts(facts policy.Context, c awsapi.Caller) {
	if c.Anonymous() {
		facts.Set("aws:principaltype", "Anonymous")
		return
	}
	f := newSetter(facts, 10)
	if c.Session != nil { // first: no provider's key takes the place of one of ours
		for key, values := range c.Session.Keys {
			facts.Set(key, values...)
		}
	}
	f.set("aws:principalaccount", c.Account)
	f.set("aws:userid", c.UserID)
	f.set("aws:principalisawsservice", "false")
	switch {
	case c.Root:
		f.set("aws:principalarn", c.ARN)
		f.set("aws:principaltype", "Account")
	case c.Session != nil && c.Session.Name != "":
		f.set("aws:principalarn", c.PrincipalARN)
		f.set("aws:principaltype", "AssumedRole")
	default:
		f.set("aws:principalarn", c.PrincipalARN)
		f.set("aws:principaltype", "User")
		f.set("aws:username", string(lastSegment(c.PrincipalARN)))
	}
	if c.Session != nil {
		f.setSession(c.Session)
	}
}

// setSession adds the condition keys that only temporary credentials have. None
// of ours was got with a second factor.
func (f *setter) setSession(session *awsapi.Session) {
	f.set("aws:tokenissuetime", session.Issued.UTC().Format(time.RFC3339))
	f.set("aws:multifactorauthpresent", "false")
	f.setIfAny("aws:federatedprovider", session.Provider)
	f.setIfAny("aws:sourceidentity", session.SourceIdentity)
	for _, t := range session.Tags {
		f.facts.Set("aws:principaltag/"+t.Key, t.Value)
	}
}

// setter sets keys that have one value each and are written in lower case. It
// keeps the values together, since every request has so many.
type setter struct {
	facts  policy.Context
	values []string
}

func newSetter(facts policy.Context, usual int) *setter {
	return &setter{facts: facts, values: make([]string, 0, usual)}
}

func (f *setter) set(key, value string) {
	n := len(f.values)
	f.values = append(f.values, value)
	f.facts[key] = f.values[n : n+1 : n+1]
}

func (f *setter) setIfAny(key, value string) {
	if value != "" {
		f.set(key, value)
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
