package sts_test

import (
	"encoding/xml"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/mint"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/sts"
)

const (
	samlARN     = "arn:aws:iam::111122223333:saml-provider/idp"
	samlRole    = "arn:aws:iam::111122223333:role/service-role/Staff"
	awsSAML     = "https://aws.amazon.com/SAML/Attributes/"
	samlAssume  = `"sts:AssumeRoleWithSAML"`
	samlAssumes = `["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]`
	samlAud     = `{"StringEquals":{"saml:aud":"https://signin.aws.amazon.com/saml"}}`
)

// newIdP makes a SAML provider in IAM and gives what signs for it.
func (h *house) newIdP() mint.SAML {
	h.t.Helper()
	h.sts.SAML = login.SAML{Now: func() time.Time { return h.now }}
	m := mint.SAML{
		Issuer: "https://idp.example.com", Subject: "user-77", Key: fixtureKey(h.t, "2"), Now: func() time.Time { return h.now },
		Attributes: map[string][]string{
			mint.RoleAttribute:          {samlRole + "," + samlARN, "arn:aws:iam::111122223333:role/Absent," + samlARN},
			awsSAML + "RoleSessionName": {"anna@example.com"},
		},
	}
	document, err := m.Metadata()
	if err != nil {
		h.t.Fatal(err)
	}
	in := &iam.CreateSAMLProviderRequest{Name: "idp", SAMLMetadataDocument: iam.SAMLMetadataDocumentType(document)}
	if _, err := h.iam.CreateSAMLProvider(h.ctx, root, in); err != nil {
		h.t.Fatal(err)
	}
	return m
}

// with is a minter with other attributes; none removes one.
func with(m mint.SAML, name string, values ...string) mint.SAML {
	m.Attributes = maps.Clone(m.Attributes)
	m.Attributes[name] = values
	if len(values) == 0 {
		delete(m.Attributes, name)
	}
	return m
}

func response(t testing.TB, m mint.SAML) string {
	t.Helper()
	r, err := m.Response()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (h *house) assumeSAML(response string, parameters ...string) awsapi.Answer {
	h.t.Helper()
	return h.call(awsapi.Caller{}, "AssumeRoleWithSAML", append([]string{"RoleArn", samlRole, "PrincipalArn", samlARN, "SAMLAssertion", response}, parameters...)...)
}

type samlAnswer struct {
	Credentials      credentials `xml:"AssumeRoleWithSAMLResult>Credentials"`
	Arn              string      `xml:"AssumeRoleWithSAMLResult>AssumedRoleUser>Arn"`
	PackedPolicySize string      `xml:"AssumeRoleWithSAMLResult>PackedPolicySize"`
	Subject          string      `xml:"AssumeRoleWithSAMLResult>Subject"`
	SubjectType      string      `xml:"AssumeRoleWithSAMLResult>SubjectType"`
	Issuer           string      `xml:"AssumeRoleWithSAMLResult>Issuer"`
	Audience         string      `xml:"AssumeRoleWithSAMLResult>Audience"`
	NameQualifier    string      `xml:"AssumeRoleWithSAMLResult>NameQualifier"`
	SourceIdentity   string      `xml:"AssumeRoleWithSAMLResult>SourceIdentity"`
}

func (h *house) mustAssumeSAML(response string, parameters ...string) samlAnswer {
	h.t.Helper()
	a := h.assumeSAML(response, parameters...)
	var out samlAnswer
	if err := xml.Unmarshal(a.Body, &out); err != nil || a.Status != 200 {
		h.t.Fatalf("AssumeRoleWithSAML: %d %s (%v)", a.Status, a.Body, err)
	}
	return out
}

// A response becomes a session with tags and a source identity, and with those
// condition keys that stay.
func TestAssumeRoleWithSAML(t *testing.T) {
	h := newHouse(t)
	m := h.newIdP()
	h.createRole("Staff", trust(samlARN, samlAssumes, samlAud))
	m = with(m, awsSAML+"PrincipalTag:Team", "red")
	m = with(m, awsSAML+"PrincipalTag:stage", "test")
	m = with(m, awsSAML+"TransitiveTagKeys", "team")
	m = with(m, awsSAML+"SourceIdentity", "anna")
	got := h.mustAssumeSAML(response(t, m), "Policy", mayAll)
	made := got.Credentials
	got.Credentials, got.PackedPolicySize = credentials{}, ""
	const qualifier = "VDqSVGX0k7sFFVbpEx3dGPQRge0="
	want := samlAnswer{
		Arn: "arn:aws:sts::111122223333:assumed-role/Staff/anna@example.com", Subject: "user-77", SubjectType: "persistent",
		Issuer: "https://idp.example.com/saml/metadata", Audience: "https://signin.aws.amazon.com/saml", NameQualifier: qualifier, SourceIdentity: "anna",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	role, _, err := h.iam.Role(h.ctx, account, "Staff")
	if err != nil {
		t.Fatal(err)
	}
	wantCaller := awsapi.Caller{
		Account: account, ARN: want.Arn, UserID: string(role.RoleId) + ":anna@example.com", AccessKeyID: made.AccessKeyId,
		PrincipalARN: samlRole, PrincipalID: string(role.RoleId),
		Session: &awsapi.Session{
			Name: "anna@example.com", Issued: start.Truncate(time.Second), Expires: start.Truncate(time.Second).Add(time.Hour), Policies: []string{mayAll}, SourceIdentity: "anna", Provider: samlARN,
			Tags: []awsapi.SessionTag{{Key: "Team", Value: "red", Transitive: true}, {Key: "stage", Value: "test"}},
			Keys: map[string][]string{"saml:namequalifier": {qualifier}, "saml:sub": {"user-77"}, "saml:sub_type": {"persistent"}},
		},
	}
	if diff := cmp.Diff(wantCaller, h.caller(made), noOrigin); diff != "" {
		t.Error(diff)
	}
}

// What trust policies see of a response.
func TestSAMLTrust(t *testing.T) {
	const (
		eduPerson = "urn:oid:1.3.6.1.4.1.5923.1.1.1."
		claims    = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	)
	allow := func(conditions string) string { return trust(samlARN, samlAssume, conditions) }
	tests := []struct {
		name, trust string
		attributes  map[string][]string
		want        bool
	}{
		{"the usual", allow(samlAud), nil, true},
		{"no conditions", allow(`{}`), nil, true},
		{"another recipient", allow(`{"StringEquals":{"saml:aud":"urn:amazon:webservices"}}`), nil, false},
		{"another provider", trust("arn:aws:iam::111122223333:saml-provider/other", samlAssume, samlAud), nil, false},
		{"another action", trust(samlARN, assume, samlAud), nil, false},
		{"who and whose", allow(`{"StringEquals":{"saml:sub":"user-77","saml:sub_type":"persistent","saml:iss":"https://idp.example.com/saml/metadata","saml:doc":"111122223333/idp","aws:FederatedProvider":"` + samlARN + `"}}`), nil, true},
		{"session name", allow(`{"StringEquals":{"sts:RoleSessionName":"anna@example.com"}}`), nil, true},
		{"somebody else", allow(`{"StringEquals":{"saml:sub":"user-78"}}`), nil, false},
		{"affiliation", allow(`{"ForAnyValue:StringEquals":{"saml:edupersonaffiliation":"staff"}}`), map[string][]string{eduPerson + "1": {"member", "staff"}}, true},
		{"affiliation of an attribute so named", allow(`{"ForAnyValue:StringEquals":{"saml:edupersonaffiliation":"staff"}}`), map[string][]string{"edupersonaffiliation": {"staff"}}, false},
		{"organization", allow(`{"StringEquals":{"saml:edupersonorgdn":"example"}}`), map[string][]string{eduPerson + "3": {"example"}}, true},
		{"two organizations", allow(`{"StringEquals":{"saml:edupersonorgdn":"example"}}`), map[string][]string{eduPerson + "3": {"example", "other"}}, false},
		{"mail of either", allow(`{"ForAllValues:StringEquals":{"saml:mail":["a","b"]},"Null":{"saml:mail":"false"}}`), map[string][]string{claims + "emailaddress": {"a"}, "urn:oid:0.9.2342.19200300.100.1.3": {"b"}}, true},
		{"mail of both", allow(`{"ForAllValues:StringEquals":{"saml:mail":["a"]}}`), map[string][]string{claims + "emailaddress": {"a"}, "urn:oid:0.9.2342.19200300.100.1.3": {"b"}}, false},
		{"common name", allow(`{"ForAnyValue:StringEquals":{"saml:cn":"Anna","saml:commonName":"Anna"}}`), map[string][]string{"urn:oid:2.5.4.3": {"Anna"}}, true},
		{"keys of a session are not of the response", allow(`{"StringEquals":{"aws:PrincipalTag/team":"red"}}`), map[string][]string{awsSAML + "PrincipalTag:team": {"red"}}, false},
		{"tags without TagSession", allow(`{}`), map[string][]string{awsSAML + "PrincipalTag:team": {"red"}}, false},
		{"tags", trust(samlARN, samlAssumes, `{"StringEquals":{"aws:RequestTag/team":"red"}}`), map[string][]string{awsSAML + "PrincipalTag:team": {"red"}}, true},
		{"source identity without SetSourceIdentity", allow(`{}`), map[string][]string{awsSAML + "SourceIdentity": {"anna"}}, false},
		{"source identity", trust(samlARN, samlAssumes, `{"StringEquals":{"sts:SourceIdentity":"anna"}}`), map[string][]string{awsSAML + "SourceIdentity": {"anna"}}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			m := h.newIdP()
			h.createRole("Staff", test.trust)
			for name, values := range test.attributes {
				m = with(m, name, values...)
			}
			if test.want {
				h.mustAssumeSAML(response(t, m))
				return
			}
			h.wantRefused(h.assumeSAML(response(t, m)), refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML"})
		})
	}
}

// What the log says beside the cause of a response that lacks what AWS wants.
func TestAssumeRoleWithSAMLDetails(t *testing.T) {
	const other = "arn:aws:iam::111122223333:role/service-role/Other"
	for name, test := range map[string]struct {
		attribute string
		values    []string
		want      string
	}{
		"no role":         {"Role", nil, "of 0 values of the attribute Role none is ROLE-ARN,PROVIDER-ARN"},
		"no pair":         {"Role", []string{samlRole}, "of 1 values of the attribute Role none is ROLE-ARN,PROVIDER-ARN"},
		"another role":    {"Role", []string{other + "," + samlARN}, `the response offers [{"` + other + `" "` + samlARN + `"}]`},
		"no session name": {"RoleSessionName", nil, "0 values of the attribute RoleSessionName"},
		"two values":      {"PrincipalTag:team", []string{"red", "blue"}, "2 values of the attribute PrincipalTag:team"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			m := h.newIdP()
			h.createRole("Staff", trust(samlARN, samlAssumes, samlAud), twoHours)
			m = with(m, awsSAML+test.attribute, test.values...)
			_, err := h.sts.AssumeRoleWithSAML(h.ctx, wiretest.From(awsapi.Caller{}), &sts.AssumeRoleWithSAMLRequest{
				RoleArn: samlRole, PrincipalArn: samlARN, SAMLAssertion: sts.SAMLAssertionType(response(t, m)),
			})
			if e, ok := awsapi.AsError(err); !ok || e.Err == nil || e.Err.Error() != test.want {
				t.Errorf("%+v, want %s", e, test.want)
			}
		})
	}
}

// What responses and requests get wrong, with AWS's sentences and the causes for
// the log.
func TestAssumeRoleWithSAMLRefuses(t *testing.T) {
	const (
		stale   = "Token must be redeemed within 5 minutes of issuance"
		name    = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"
		noName  = "RoleSessionName is required in AuthnResponse"
		lasts   = "SessionDuration in AuthnResponse must be a number of seconds between 900 and 43200"
		source  = `Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`
		oneOnly = "A PrincipalTag attribute in AuthnResponse must have exactly one value"
	)
	denied := refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML"}
	token := func(message string) refusal { return refusal{400, "InvalidIdentityToken", message} }
	invalid := func(code, message string) refusal { return refusal{400, code, message} }
	wait := func(d time.Duration) func(*house) { return func(h *house) { h.now = h.now.Add(d) } }
	attribute := func(name string, values ...string) func(mint.SAML) mint.SAML {
		return func(m mint.SAML) mint.SAML { return with(m, awsSAML+name, values...) }
	}
	tests := []struct {
		name   string
		change func(mint.SAML) mint.SAML
		then   func(*house)
		in     []string
		want   refusal
		cause  awsapi.Cause
	}{
		{"five minutes old", nil, wait(5 * time.Minute), nil, refusal{}, ""},
		{"older", nil, wait(5*time.Minute + time.Second), nil, invalid("ExpiredTokenException", stale), "saml-stale"},
		{"expired", func(m mint.SAML) mint.SAML { m.Lifetime = time.Minute; return m }, wait(time.Minute), nil, invalid("ExpiredTokenException", "Token expired: current date/time 1767225660 must be before the expiration date/time 1767225660"), "login-saml-expired"},
		{"expired long ago", func(m mint.SAML) mint.SAML { m.Lifetime = time.Minute; return m }, wait(time.Hour), nil, invalid("ExpiredTokenException", stale), "login-saml-expired"},
		{"not offered", attribute("Role", "arn:aws:iam::111122223333:role/service-role/Other,"+samlARN), nil, nil, denied, "role-not-offered"},
		{"offered by another provider", attribute("Role", samlRole+",arn:aws:iam::111122223333:saml-provider/other"), nil, nil, denied, "role-not-offered"},
		{"no role", attribute("Role"), nil, nil, denied, "role-not-offered"},
		{"pair the other way round", attribute("Role", samlARN+" , "+samlRole), nil, nil, refusal{}, ""},
		{"no session name", attribute("RoleSessionName"), nil, nil, token(noName), "saml-session-name"},
		{"two session names", attribute("RoleSessionName", "anna", "ben"), nil, nil, token(noName), "saml-session-name"},
		{"session name too short", attribute("RoleSessionName", "a"), nil, nil, token(name), "saml-session-name"},
		{"session name with a slash", attribute("RoleSessionName", "an/na"), nil, nil, token(name), "saml-session-name"},
		{"session name with an umlaut", attribute("RoleSessionName", "änna"), nil, nil, token(name), "saml-session-name"},
		{"session too short", attribute("SessionDuration", "899"), nil, nil, token(lasts), "saml-session-duration"},
		{"session too long", attribute("SessionDuration", "43201"), nil, nil, token(lasts), "saml-session-duration"},
		{"session without end", attribute("SessionDuration", "ever"), nil, nil, token(lasts), "saml-session-duration"},
		{"source identity", attribute("SourceIdentity", "aws:anna"), nil, nil, token(source), "source-identity"},
		{"two source identities", attribute("SourceIdentity", "anna", "ben"), nil, nil, token(source), "source-identity"},
		{"tag with two values", attribute("PrincipalTag:team", "red", "blue"), nil, nil, token(oneOnly), "session-tags"},
		{"tags that differ in case", func(m mint.SAML) mint.SAML {
			return with(with(m, awsSAML+"PrincipalTag:team", "red"), awsSAML+"PrincipalTag:Team", "red")
		}, nil, nil, invalid("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."), "session-tags"},
		{"transitive tag that is none", attribute("TransitiveTagKeys", "team"), nil, nil, invalid("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags."), "session-tags"},

		{"not base64", nil, nil, []string{"SAMLAssertion", "****"}, token("Invalid base64 SAMLResponse"), "login-saml-not-base64"},
		{"not XML", nil, nil, []string{"SAMLAssertion", "AAAA"}, token("The SAML response is not valid."), "login-saml-not-xml"},
		{"no such provider", nil, nil, []string{"PrincipalArn", "arn:aws:iam::111122223333:saml-provider/other"}, token("Specified provider doesn't exist."), "saml-provider-missing"},
		{"provider of another account", nil, nil, []string{"PrincipalArn", "arn:aws:iam::999988887777:saml-provider/idp"}, token("Specified provider doesn't exist."), "saml-provider-missing"},
		{"no provider", nil, nil, []string{"PrincipalArn", samlRole}, invalid("ValidationError", "Request ARN is invalid"), "role-arn"},
		{"no role's ARN", nil, nil, []string{"RoleArn", samlARN}, invalid("ValidationError", "Request ARN is invalid"), "role-arn"},
		{"role of another account", nil, nil, []string{"RoleArn", "arn:aws:iam::999988887777:role/service-role/Staff"}, denied, "role-foreign"},
		{"role that is offered and missing", nil, nil, []string{"RoleArn", "arn:aws:iam::111122223333:role/Absent"}, denied, "role-missing"},
		{"longer than the role's sessions", nil, nil, []string{"DurationSeconds", "7201"}, invalid("ValidationError", "Requested DurationSeconds exceeds MaxSessionDuration set for this role"), "duration"},
		{"session policy", nil, nil, []string{"Policy", "{}"}, invalid("MalformedPolicyDocument", "Syntax errors in policy."), "policy-malformed"},
		{"response too long", nil, nil, []string{"SAMLAssertion", strings.Repeat("A", 100_001)}, invalid("ValidationError", "1 validation error detected: Value at 'sAMLAssertion' failed to satisfy constraint: Member must have length less than or equal to 100000"), ""},
		{"longest response", nil, nil, []string{"SAMLAssertion", strings.Repeat("A", 100_000)}, token("The SAML response is not valid."), "login-saml-not-xml"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			m := h.newIdP()
			h.createRole("Staff", trust(samlARN, samlAssumes, samlAud), twoHours)
			if test.change != nil {
				m = test.change(m)
			}
			r := response(t, m)
			if test.then != nil {
				test.then(h)
			}
			h.wantRefused(h.assumeSAML(r, test.in...), test.want)
			in := &sts.AssumeRoleWithSAMLRequest{RoleArn: samlRole, PrincipalArn: samlARN, SAMLAssertion: sts.SAMLAssertionType(r)}
			for i := 0; i < len(test.in); i += 2 {
				switch value := test.in[i+1]; test.in[i] {
				case "RoleArn":
					in.RoleArn = sts.ArnType(value)
				case "PrincipalArn":
					in.PrincipalArn = sts.ArnType(value)
				case "SAMLAssertion":
					in.SAMLAssertion = sts.SAMLAssertionType(value)
				case "Policy":
					in.Policy = sts.SessionPolicyDocumentType(value)
				case "DurationSeconds":
					seconds := sts.RoleDurationSecondsType(7201)
					in.DurationSeconds = &seconds
				}
			}
			if test.cause == "" {
				return
			}
			_, err := h.sts.AssumeRoleWithSAML(h.ctx, wiretest.From(awsapi.Caller{}), in)
			if e, ok := awsapi.AsError(err); !ok || e.Cause != test.cause {
				t.Errorf("cause of %v, want %s", err, test.cause)
			}
		})
	}
}

// Each bad response that the development provider makes.
func TestAssumeRoleWithBadSAML(t *testing.T) {
	h := newHouse(t)
	m := h.newIdP()
	h.createRole("Staff", trust(samlARN, samlAssume, samlAud))
	token := func(message string) refusal { return refusal{400, "InvalidIdentityToken", message} }
	signature, notValid, audience := token("Response signature invalid"), token("The SAML response is not valid."), token("Response does not contain the required audience.")
	want := map[string]refusal{
		"audience": audience, "no-audience": audience, "recipient": audience, "destination": audience,
		"canonicalization": signature, "hmac": signature, "key": signature, "reference": signature, "sha1": signature, "tampered": signature, "transform": signature, "unsigned": signature,
		"comment": notValid, "compressed": notValid, "doctype": notValid, "encrypted": notValid, "two-assertions": notValid, "wrapped": notValid,
		"expired":       {400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance"},
		"issuer":        token("Issuer not present in specified provider"),
		"no-name-id":    {403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML"},
		"not-yet-valid": token("The SAML response is not valid yet."),
		"status":        {403, "IDPRejectedClaim", "The identity provider reported that authentication failed."},
	}
	for _, kind := range mint.BadResponses() {
		t.Run(kind, func(t *testing.T) {
			r, err := m.Bad(kind)
			if err != nil {
				t.Fatal(err)
			}
			if kind == "status" && want[kind].Code == "" {
				t.Fatal("no expectation")
			}
			h.wantRefused(h.assumeSAML(r), want[kind])
		})
	}
}

// The response may shorten the session, not lengthen it.
func TestSAMLDuration(t *testing.T) {
	h := newHouse(t)
	m := h.newIdP()
	h.createRole("Staff", trust(samlARN, samlAssume, samlAud), twoHours)
	for _, test := range []struct {
		attribute string
		in        []string
		want      time.Duration
	}{
		{"", nil, time.Hour},
		{"", []string{"DurationSeconds", "7200"}, 2 * time.Hour},
		{"1800", nil, 30 * time.Minute},
		{"1800", []string{"DurationSeconds", "7200"}, 30 * time.Minute},
		{"7200", nil, time.Hour},
		{"43200", []string{"DurationSeconds", "900"}, 15 * time.Minute},
	} {
		asked := m
		if test.attribute != "" {
			asked = with(m, awsSAML+"SessionDuration", test.attribute)
		}
		got := h.mustAssumeSAML(response(t, asked), test.in...)
		if want := start.Truncate(time.Second).Add(test.want); !got.Credentials.Expiration.Equal(want) {
			t.Errorf("%q, %v: until %s, want %s", test.attribute, test.in, got.Credentials.Expiration, want)
		}
	}
}

// The login of a SAML session is revoked by the provider's ARN, as Logins calls
// it.
func TestRevokeSAML(t *testing.T) {
	h := newHouse(t)
	m := h.newIdP()
	h.createRole("Staff", trust(samlARN, samlAssume, samlAud))
	made := h.mustAssumeSAML(response(t, m)).Credentials
	inForce := &revocation.Index{}
	h.sts.Revocations = indexed{inForce}
	inForce.Add(revocation.Revocation{Target: revocation.Target{Kind: revocation.Login, Name: samlARN, User: "user-77"}, Before: h.now, Created: h.now})
	if _, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken); causeOf(err) != "revoked-session" {
		t.Errorf("error %v", err)
	}
}

func TestSAMLWire(t *testing.T) {
	h := newHouse(t)
	m := h.newIdP()
	h.createRole("Staff", trust(samlARN, samlAssume, samlAud))
	wiretest.Golden(t, "testdata/wire/assume-role-with-saml.txt", h.assumeSAML(response(t, m)))
	wiretest.Golden(t, "testdata/wire/assume-role-with-saml-stale.txt", func() awsapi.Answer {
		r := response(t, m)
		h.now = h.now.Add(time.Hour - time.Second)
		return h.assumeSAML(r)
	}())
}
