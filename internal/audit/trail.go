package audit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// Trail makes records of events, each a line of JSON in the shape of CloudTrail's, once
// for all who take them.
//
// A record has no secret and no token. Users of login providers are in it as keyed
// hashes, and so is every ID of the form of an identity's, except that of the pool and
// that of an identity that is known to be authenticated.
type Trail struct {
	// Account is the ID of the account.
	Account string
	// Region is the region of requests that are about none.
	Region string
	// Hasher makes the hashes.
	Hasher Hasher

	operations operations
}

// eventVersion is the version of CloudTrail's records whose members these have
// ("CloudTrail record contents", AWS CloudTrail User Guide).
const eventVersion = "1.11"

// maxWords bounds what strangers write into records of their own accord: what they call
// themselves, and what sentences quote.
const maxWords = 1 << 10

// Append appends the record of an event, with the end of its line. What the event does
// not know yet, such as the output, is null.
func (t *Trail) Append(b []byte, e *Event) []byte {
	start := len(b)
	w := writer{b: b, trail: t, e: e}
	w.record()
	w.hideIDs(start, ":")
	w.hideIDs(start, "%3A") // as policies are in answers, URL-encoded
	w.hideIDs(start, "%3a")
	return append(w.b, '\n')
}

// writer writes one record.
type writer struct {
	b     []byte
	trail *Trail
	e     *Event

	// subjects are the hashes of the event's persons, once they are asked for.
	subjects []string
	// lastID is the ID that was hashed last, and lastHash its hash.
	lastID, lastHash string
}

func (w *writer) raw(text string) { w.b = append(w.b, text...) }

// name writes the name of a member, with the comma before it.
func (w *writer) name(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(appendString(w.b, name), ':')
}

// text writes a member, unless it is empty.
func (w *writer) text(name, value string) {
	if value != "" {
		w.name(name)
		w.b = appendString(w.b, value)
	}
}

func (w *writer) bool(name string, value bool) {
	w.name(name)
	if value {
		w.raw("true")
	} else {
		w.raw("false")
	}
}

func (w *writer) time(name string, value time.Time) {
	if !value.IsZero() {
		w.name(name)
		w.b = append(value.UTC().AppendFormat(append(w.b, '"'), time.RFC3339), '"')
	}
}

func (w *writer) record() {
	e := w.e
	w.raw("{")
	w.text("eventVersion", eventVersion)
	w.name("userIdentity")
	w.userIdentity()
	w.time("eventTime", e.Start)
	w.text("eventSource", w.source())
	w.text("eventName", cmp.Or(e.Operation, "Unknown"))
	w.text("awsRegion", cmp.Or(e.Region, w.trail.Region))
	w.text("sourceIPAddress", cmp.Or(e.SourceIP, "unknown"))
	w.text("userAgent", clipTo(e.UserAgent, maxWords))
	w.text("errorCode", e.Code)
	if e.Code != "" {
		w.text("errorMessage", clipTo(w.message(), maxWords))
	}
	w.parameters()
	w.additional()
	w.text("requestID", e.RequestID)
	w.text("eventID", eventID(e.RequestID))
	w.bool("readOnly", e.Row == nil || e.Row.ReadOnly)
	w.resources()
	w.text("eventType", "AwsApiCall")
	w.bool("managementEvent", !w.isData())
	w.text("recipientAccountId", w.trail.Account)
	if w.isData() {
		w.text("eventCategory", "Data")
	} else {
		w.text("eventCategory", "Management")
	}
	w.raw("}")
}

// own is the event source of what AWS does not have.
const own = "daypass"

func (w *writer) source() string {
	if w.e.Row == nil || w.e.Service == own {
		return own
	}
	return w.e.Service + ".amazonaws.com"
}

// isData says whether AWS would count the event among those of data: what the users of
// identity pools do.
func (w *writer) isData() bool {
	row := w.e.Row
	return row != nil && row.Auth == awsapi.Public && row.Service.Target != ""
}

// message is the sentence that the client saw. One about a member that violates a
// constraint quotes the value, so the members are named instead.
func (w *writer) message() string {
	if w.e.Cause == "validation" && w.e.Err != nil {
		return "Members that violate constraints: " + w.e.Err.Error()
	}
	return w.e.Message
}

// eventID is that of the event of a request: a request that is recorded twice has the
// same one, so that whoever reads the records can tell.
func eventID(requestID string) string {
	sum := sha256.Sum256([]byte("daypass event " + requestID))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8: RFC 9562, section 5.8
	var id [36]byte
	hex.Encode(id[0:8], sum[0:4])
	hex.Encode(id[9:13], sum[4:6])
	hex.Encode(id[14:18], sum[6:8])
	hex.Encode(id[19:23], sum[8:10])
	hex.Encode(id[24:36], sum[10:16])
	id[8], id[13], id[18], id[23] = '-', '-', '-', '-'
	return string(id[:])
}

// parameters writes what was asked, and what was answered if that may have changed
// something, as CloudTrail does.
func (w *writer) parameters() {
	e := w.e
	var op *operation
	if e.Row != nil {
		op = w.trail.operations.of(e.Row)
	}
	w.name("requestParameters")
	if op == nil {
		w.raw("null")
	} else {
		w.shown(op.in, e.Input)
	}
	w.name("responseElements")
	if op == nil || e.Code != "" || e.Row.ReadOnly && e.issued == "" {
		w.raw("null")
	} else {
		w.shown(op.out, e.Output)
	}
}

// additional writes what CloudTrail has no members for.
func (w *writer) additional() {
	e := w.e
	w.name("additionalEventData")
	w.raw("{")
	if e.Row == nil {
		w.text("service", e.Service)
	}
	w.text("cause", e.Cause)
	w.text("warning", e.Warning)
	w.text("identityPool", e.pool)
	w.text("identity", e.identity)
	if e.identity != "" {
		w.text("identityHash", w.hash(e.identity))
	}
	if len(e.persons) > 0 {
		w.person(0)
	}
	if len(e.persons) > 1 {
		w.name("logins")
		w.raw("[")
		for i := range e.persons {
			if i > 0 {
				w.raw(",")
			}
			w.raw("{")
			w.person(i)
			w.raw("}")
		}
		w.raw("]")
	}
	w.text("role", e.Fact("role"))
	w.text("issuedAccessKeyId", e.issued)
	w.time("expiration", e.expires)
	w.text("hashKeyId", w.trail.Hasher.KeyID())
	w.decision()
	w.raw("}")
}

func (w *writer) person(n int) {
	w.text("provider", w.e.persons[n].Provider)
	w.text("subjectHash", w.subject(n))
}

// subject stands for a person; it is empty for who is an identity.
func (w *writer) subject(n int) string {
	if w.subjects == nil {
		w.subjects = make([]string, len(w.e.persons))
		for i, p := range w.e.persons {
			if p.Subject != "" {
				w.subjects[i] = w.trail.Hasher.Subject(w.e.salt, p.Provider, p.Subject)
			}
		}
	}
	return w.subjects[n]
}

func (w *writer) resources() {
	pool, role := w.e.pool, w.e.Fact("role")
	isARN := strings.HasPrefix(role, "arn:")
	if pool == "" && !isARN {
		return
	}
	w.name("resources")
	w.raw("[")
	if pool != "" {
		region, _, _ := strings.Cut(pool, ":")
		w.resource("AWS::Cognito::IdentityPool", "arn:aws:cognito-identity:"+region+":"+w.trail.Account+":identitypool/"+pool)
	}
	if isARN {
		if pool != "" {
			w.raw(",")
		}
		w.resource("AWS::IAM::Role", role)
	}
	w.raw("]")
}

func (w *writer) resource(kind, arn string) {
	w.raw("{")
	w.text("accountId", w.trail.Account)
	w.text("type", kind)
	w.text("ARN", arn)
	w.raw("}")
}

// userIdentity writes who made the request, as far as that is proven.
func (w *writer) userIdentity() {
	e := w.e
	w.raw("{")
	defer w.raw("}")
	if e.Caller == "" {
		w.stranger()
		return
	}
	c := &e.Who
	kind, name := "IAMUser", ""
	switch {
	case c.Root:
		kind = "Root"
	case c.Session != nil && c.Session.Name != "":
		kind = "AssumedRole"
	default:
		name = lastOf(e.Caller)
	}
	w.text("type", kind)
	w.text("principalId", c.UserID)
	w.text("arn", e.Caller)
	w.text("accountId", c.Account)
	w.text("accessKeyId", e.AccessKeyID)
	w.text("userName", name)
	if c.Session != nil {
		w.session(c)
	}
}

// stranger writes what there is to say of somebody who has not signed, or whose
// signature is not good.
func (w *writer) stranger() {
	for i, p := range w.e.persons {
		if p.Type == "" {
			continue
		}
		w.text("type", p.Type)
		w.text("principalId", p.Provider+":"+cmp.Or(w.subject(i), w.e.identity))
		w.text("identityProvider", p.Provider)
		return
	}
	w.text("type", "Unknown")
	w.text("accessKeyId", clipTo(w.e.AccessKeyID, maxID))
}

func (w *writer) session(c *awsapi.Caller) {
	s := c.Session
	w.name("sessionContext")
	w.raw("{")
	if s.Name != "" {
		w.name("sessionIssuer")
		w.raw("{")
		w.text("type", "Role")
		w.text("principalId", c.PrincipalID)
		w.text("arn", c.PrincipalARN)
		w.text("accountId", c.Account)
		w.text("userName", lastOf(c.PrincipalARN))
		w.raw("}")
	}
	if s.Provider != "" {
		w.name("webIdFederationData")
		w.raw("{")
		w.text("federatedProvider", s.Provider)
		w.name("attributes")
		w.attributes(s.Keys)
		w.raw("}")
	}
	w.name("attributes")
	w.raw("{")
	w.time("creationDate", s.Issued)
	w.text("mfaAuthenticated", "false")
	w.raw("}")
	w.text("sourceIdentity", s.SourceIdentity)
	w.raw("}")
}

// attributes are the condition keys of a session that do not say who the user is.
func (w *writer) attributes(keys map[string][]string) {
	w.raw("{")
	names := make([]string, 0, len(keys))
	for name := range keys {
		if strings.HasSuffix(name, ":aud") || name == cognitoKey+"sub" || strings.HasSuffix(name, ":amr") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		values := keys[name]
		if name == cognitoKey+"amr" && len(values) > 2 {
			values = values[:2] // the third qualifies the user
		}
		w.text(name, clipTo(strings.Join(values, ","), maxWords))
	}
	w.raw("}")
}

// cognitoKey is what the condition keys of identity pools begin with.
const cognitoKey = "cognito-identity.amazonaws.com:"

func lastOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// hash stands for an ID that must not be shown.
func (w *writer) hash(id string) string {
	if w.lastID != id {
		w.lastID, w.lastHash = id, w.trail.Hasher.Identity(id)
	}
	return w.lastHash
}

// guidLength is the length of a GUID.
const guidLength = 36

// hideIDs puts a hash in place of every ID of the form REGION:GUID in the record, unless
// it is known to be no guest's. One place for the whole of it: an ID may be in a
// sentence, in a policy, in a name. The separator is the colon, or what stands for it.
func (w *writer) hideIDs(from int, separator string) {
	for at := from; ; {
		colon := bytes.Index(w.b[at:], []byte(separator))
		if colon < 0 {
			return
		}
		colon += at
		at = colon + len(separator)
		end := at + guidLength
		if end > len(w.b) {
			return
		}
		if w.b[at+8] != '-' || !isGUID(w.b[at:end]) {
			continue
		}
		begin := colon
		for begin > from && colon-begin < maxID && isOfRegion(w.b[begin-1]) {
			begin--
		}
		begin = min(begin+w.escaped(begin), colon)
		if begin == colon {
			continue // the ID of a request, behind the name of its member
		}
		id := string(w.b[begin:colon]) + ":" + string(w.b[at:end])
		if id == w.e.pool || id == w.e.identity && w.e.authenticated {
			at = end
			continue
		}
		stands := "hash:" + w.hash(id)
		w.b = slices.Replace(w.b, begin, end, []byte(stands)...)
		at = begin + len(stands)
	}
}

// escaped is how many of the bytes at a place belong to an escape, whose backslash or
// percent sign is before them.
func (w *writer) escaped(at int) int {
	if at > 0 && w.b[at-1] == '%' {
		return len("22")
	}
	backslashes := 0
	for backslashes < at && w.b[at-1-backslashes] == '\\' {
		backslashes++
	}
	switch {
	case backslashes%2 == 0:
		return 0
	case w.b[at] == 'u':
		return len("u0000")
	}
	return 1
}

func isOfRegion(c byte) bool { return c != ':' && isOfID(rune(c)) }

func isGUID(b []byte) bool {
	for i, c := range b {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}

// value is what stands in a record for a value of an input, an output or a decision:
// a hash, where it is the subject of one of the logins, as sessions may be called, also
// behind the rest of the ARN or the ID of such a session.
func (w *writer) value(s string) string {
	for n := range w.e.persons {
		rest, ok := strings.CutSuffix(s, w.e.persons[n].Subject)
		if ok && w.e.persons[n].Subject != "" && (rest == "" || isOfSession(rest)) {
			return rest + "hash:" + w.subject(n)
		}
	}
	return s
}

// isOfSession says whether what a session is called may follow: in the ARN of a session
// of a role, or in its ID.
func isOfSession(rest string) bool {
	return strings.HasSuffix(rest, "/") && strings.Contains(rest, ":assumed-role/") || strings.HasSuffix(rest, ":") && strings.HasPrefix(rest, "AROA")
}
