package sts_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/sts"
)

const (
	noKey = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
	noJWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)

func identityToken(message string) refusal { return refusal{400, "InvalidIdentityToken", message} }

var denied = refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}

// The answers to the byte.
func TestWire(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assumeTag, usual))
	wiretest.Golden(t, "testdata/wire/assume-role-with-web-identity.txt", h.assume(h.token(), appAuth))
	wiretest.Golden(t, "testdata/wire/assume-role-with-web-identity-packed.txt", h.assume(h.token(tagged), appAuth, "Policy", allowS3))
	wiretest.Golden(t, "testdata/wire/denied.txt", h.assume(h.token(guest), appAuth))
	table := sts.Operations(h.sts).Compile()
	wiretest.Golden(t, "testdata/wire/get-caller-identity.txt", wiretest.Do(t.Context(), table, root, "Action=GetCallerIdentity&Version=2011-06-15"))
}

const allowS3 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`

// twoHours lets the sessions of a role last two hours.
func twoHours(in *iam.CreateRoleRequest) {
	seconds := iam.RoleMaxSessionDurationType(7200)
	in.MaxSessionDuration = &seconds
}

func TestInputRefusals(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual), twoHours)
	invalid := func(value, member, constraint string) refusal {
		return refusal{400, "ValidationError", "1 validation error detected: Value" + value + " at '" + member + "' failed to satisfy constraint: " + constraint}
	}
	malformed := func(message string) refusal { return refusal{400, "MalformedPolicyDocument", message} }
	tests := []struct {
		name       string
		parameters []string
		want       refusal
	}{
		{"session name", []string{"RoleSessionName", "Session1:2"}, invalid(" 'Session1:2'", "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*`)},
		{"short session name", []string{"RoleSessionName", "a"}, invalid(" 'a'", "roleSessionName", "Member must have length greater than or equal to 2")},
		{"short token is not shown", []string{"WebIdentityToken", "abc"}, invalid("", "webIdentityToken", "Member must have length greater than or equal to 4")},
		{"long token is not shown", []string{"WebIdentityToken", strings.Repeat("a", 20001)}, invalid("", "webIdentityToken", "Member must have length less than or equal to 20000")},
		{"short duration", []string{"DurationSeconds", "899"}, invalid(" '899'", "durationSeconds", "Member must have value greater than or equal to 900")},
		{"long duration", []string{"DurationSeconds", "43201"}, invalid(" '43201'", "durationSeconds", "Member must have value less than or equal to 43200")},
		{"policy ARN", []string{"PolicyArns.member.1.arn", "short"}, invalid(" 'short'", "policyArns.1.member.arn", "Member must have length greater than or equal to 20")},
		{"role ARN", []string{"RoleArn", "arn:aws:iam::111122223333:user/anna"}, refusal{400, "ValidationError", "Request ARN is invalid"}},
		{"ID token with ProviderId", []string{"ProviderId", "cognito-identity.amazonaws.com"}, refusal{400, "ValidationError", "ProviderId must be www.amazon.com or graph.facebook.com, and absent for OpenID tokens."}},
		{"ProviderId of a provider of ID tokens", []string{"ProviderId", "accounts.google.com"}, refusal{400, "ValidationError", "ProviderId must be www.amazon.com or graph.facebook.com, and absent for OpenID tokens."}},
		{"managed policy of AWS", []string{"PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"}, refusal{}},
		{"no ARN of a policy", []string{"PolicyArns.member.1.arn", "arn:aws:iam::111122223333:role/x"}, refusal{400, "ValidationError", "Policy arn:aws:iam::111122223333:role/x does not exist."}},
		{"managed policy of another account", []string{"PolicyArns.member.1.arn", "arn:aws:iam::999988887777:policy/x"}, refusal{400, "ValidationError", "Policy arn:aws:iam::999988887777:policy/x does not exist."}},
		{"managed policy without an ARN", []string{"PolicyArns.member.1.arm", "x"}, refusal{400, "ValidationError", "Policy  does not exist."}},
		{"managed policy that is not there", []string{"PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/WriteOnlyAccess"}, refusal{400, "ValidationError", "Policy arn:aws:iam::aws:policy/WriteOnlyAccess does not exist."}},
		{"policy", []string{"Policy", "{"}, malformed("Syntax errors in policy.")},
		{"policy with principal", []string{"Policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}`}, malformed("Policy document should not specify a principal.")},
		{"beyond the role's duration", []string{"DurationSeconds", "7201"}, refusal{400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}},
		{"the role's duration", []string{"DurationSeconds", "7200"}, refusal{}},
		{"empty list of policies", []string{"PolicyArns", ""}, refusal{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h.wantRefused(h.assume(h.token(), appAuth, test.parameters...), test.want)
		})
	}
	h.wantRefused(wiretest.Do(t.Context(), sts.Operations(h.sts).Compile(), awsapi.Caller{}, "Action=AssumeRoleWithWebIdentity"),
		refusal{400, "ValidationError", "3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; " +
			"Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null; " +
			"Value null at 'webIdentityToken' failed to satisfy constraint: Member must not be null"})
}

// A stranger learns nothing about a role that does not trust them: not how long
// its sessions may last, and not whether their session policy was any good.
func TestRefusalsTellNothing(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	h.wantRefused(h.assume(h.token(guest), appAuth, "DurationSeconds", "43200"), denied)
	h.wantRefused(h.assume(h.token(guest), appAuth, "Policy", "{"), denied)
	h.wantRefused(h.assume(h.token(guest), appAuth, "PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"), denied)
}

func TestDurations(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	for duration, want := range map[string]string{"": "2026-01-01T01:00:00Z", "900": "2026-01-01T00:15:00Z", "3600": "2026-01-01T01:00:00Z"} {
		var parameters []string
		if duration != "" {
			parameters = []string{"DurationSeconds", duration}
		}
		if got := h.mustAssume(h.token(), appAuth, parameters...); got.Expiration != want {
			t.Errorf("DurationSeconds %q: expiration %s, want %s", duration, got.Expiration, want)
		}
	}
}

func TestOwnTokens(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	h.createRole("AppGuest", trust("cognito-identity.amazonaws.com", assume, `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+pool+`","cognito-identity.amazonaws.com:sub":"`+identity+`"}}`))
	token := h.token()
	parts := strings.Split(token, ".")
	ours := map[string]any{"iss": ownURL, "sub": identity, "aud": pool, "amr": []string{"authenticated"}, "iat": h.now.Unix(), "exp": h.now.Unix() + 600}
	with := func(changes map[string]any) map[string]any {
		claims := map[string]any{}
		for _, m := range []map[string]any{ours, changes} {
			for name, value := range m {
				claims[name] = value
				if value == nil {
					delete(claims, name)
				}
			}
		}
		return claims
	}
	key, kid := fixtureKey(t, "1"), region+"-1"
	signed := func(changes map[string]any) string { return sign(t, key, jose.RS512, kid, with(changes)) }
	tests := []struct {
		name, token string
		want        refusal
	}{
		{"ours", token, refusal{}},
		{"ours, signed here", signed(nil), refusal{}},
		{"a line end behind, as echo writes it to a file", token + "\n", refusal{}},
		{"white space at both ends", " \t\r\n" + token + "\n \t\r", refusal{}},
		{"white space in it", parts[0] + ".\n" + parts[1] + "." + parts[2], identityToken(noJWT)},
		{"a vertical tab behind", token + "\v", identityToken(noJWT)},
		{"Bearer", "Bearer " + token, identityToken(noJWT)},
		{"nothing but white space", " \n \n", identityToken(noJWT)},
		{"not a JWT", "EAACEdEose0cBAAccessToken", identityToken(noJWT)},
		{"two parts", parts[0] + "." + parts[1], identityToken(noJWT)},
		{"four parts", token + ".x", identityToken(noJWT)},
		{"padded", token + "=", identityToken(noJWT)},
		{"signature of another token", parts[0] + "." + parts[1] + "." + strings.Split(signed(map[string]any{"sub": "x"}), ".")[2], identityToken(noKey)},
		{"no signature", parts[0] + "." + parts[1] + ".", identityToken(noKey)},
		{"other key of the same name", sign(t, fixtureKey(t, "2"), jose.RS512, kid, with(nil)), identityToken(noKey)},
		{"unknown key", sign(t, key, jose.RS512, "us-east-1-2", with(nil)), identityToken(noKey)},
		{"weaker hash", sign(t, key, jose.RS256, kid, with(nil)), identityToken(noKey)},
		{"other padding", sign(t, key, jose.PS512, kid, with(nil)), identityToken(noKey)},
		{"HMAC with the public key", sign(t, []byte("a secret of at least sixty-four bytes, which is not one at all, 0123456789"), jose.HS512, kid, with(nil)), identityToken(noKey)},
		{"no issuer", signed(map[string]any{"iss": nil}), identityToken("Missing a required claim: iss")},
		{"no audience", signed(map[string]any{"aud": nil}), identityToken("Missing a required claim: aud")},
		{"no subject", signed(map[string]any{"sub": nil}), identityToken("Missing a required claim: sub")},
		{"no iat", signed(map[string]any{"iat": nil}), identityToken("Missing a required claim: iat")},
		{"no exp", signed(map[string]any{"exp": nil}), identityToken("Missing a required claim: exp")},
		{"exp as text", signed(map[string]any{"exp": "1767226200"}), identityToken("Invalid claim: exp")},
		{"several audiences", signed(map[string]any{"aud": []string{pool, "x"}}), identityToken("Incorrect token audience")},
		{"not yet", signed(map[string]any{"nbf": h.now.Unix() + 301}), identityToken("Token is not yet valid: nbf")},
		{"expired this second", signed(map[string]any{"exp": h.now.Unix()}),
			refusal{400, "ExpiredTokenException", "Token expired: current date/time 1767225600 must be before the expiration date/time 1767225600"}},
		{"issuer with a slash", signed(map[string]any{"iss": ownURL + "/"}), identityToken("No OpenIDConnect provider found in your account for https://id.example.com/")},
		{"issuer in other case", signed(map[string]any{"iss": "https://ID.example.com"}), identityToken("No OpenIDConnect provider found in your account for https://ID.example.com")},
		{"AWS's issuer", signed(map[string]any{"iss": "https://cognito-identity.amazonaws.com"}), identityToken("No OpenIDConnect provider found in your account for https://cognito-identity.amazonaws.com")},
		{"an endless issuer", signed(map[string]any{"iss": "https://" + strings.Repeat("a", 1000)}), identityToken("No OpenIDConnect provider found in your account for https://" + strings.Repeat("a", 247))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h.wantRefused(h.assume(test.token, appAuth), test.want)
		})
	}

	got := h.mustAssume(h.token(guest), h.role["AppGuest"])
	if got.Subject != identity || got.Audience != pool || got.Provider != "cognito-identity.amazonaws.com" || got.PackedPolicySize != "" {
		t.Errorf("a guest's own token: %+v", got)
	}
	if got.Arn != "arn:aws:sts::111122223333:assumed-role/AppGuest/app1" || !strings.HasPrefix(got.ID, "AROARTX3GSDS") || !strings.HasSuffix(got.ID, ":app1") {
		t.Errorf("session %s, %s", got.Arn, got.ID)
	}
}

// The principal and the condition keys of our tokens do not follow the issuer,
// which may be AWS's.
func TestOwnIssuerIsAWSs(t *testing.T) {
	h := newHouse(t)
	h.ids.Issuer = "https://cognito-identity.amazonaws.com"
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	if got := h.mustAssume(h.token(), appAuth); got.Provider != "cognito-identity.amazonaws.com" {
		t.Errorf("provider %s", got.Provider)
	}
	h.ids.PublicURL, h.ids.Issuer = "https://public.example.com", ""
	h.wantRefused(h.assume(h.token(), appAuth), refusal{})
}

func TestOIDCProviders(t *testing.T) {
	h := newHouse(t)
	i := h.newIssuer("app", "app2")
	all := func(conditions string) string { return trust(i.arn, assume, conditions) }
	h.createRole("Anyone", all(`{"StringLike":{"`+i.name+`:sub":"*"}}`))
	h.createRole("Anna", all(`{"StringEquals":{"`+i.name+`:aud":"app","`+i.name+`:sub":"anna"}}`))
	h.createRole("Party", all(`{"StringEquals":{"`+i.name+`:azp":"app2","`+i.name+`:aud":"app2"}}`))
	h.createRole("Strong", all(`{"ForAnyValue:StringEquals":{"`+i.name+`:amr":"otp"}}`))
	h.createRole("Named", all(`{"StringEquals":{"aws:FederatedProvider":"`+i.arn+`"}}`))
	h.createRole("Ours", trust("cognito-identity.amazonaws.com", assume, usual))
	tests := []struct {
		name, role string
		claims     map[string]any
		want       refusal
	}{
		{"anyone", "Anyone", nil, refusal{}},
		{"anna", "Anna", nil, refusal{}},
		{"named provider", "Named", nil, refusal{}},
		{"ben", "Anna", map[string]any{"sub": "ben"}, denied},
		{"other client", "Anna", map[string]any{"aud": "app2"}, denied},
		{"one audience in a list", "Anna", map[string]any{"aud": []string{"app"}}, refusal{}},
		{"azp decides", "Party", map[string]any{"aud": []string{"app", "x"}, "azp": "app2"}, refusal{}},
		{"no azp", "Party", map[string]any{"aud": "app2"}, denied},
		{"amr", "Strong", map[string]any{"amr": []string{"pwd", "otp"}}, refusal{}},
		{"other amr", "Strong", map[string]any{"amr": []string{"pwd"}}, denied},
		{"no amr", "Strong", nil, denied},
		{"role that trusts our tokens", "Ours", map[string]any{"aud": "app", "amr": []string{"authenticated"}}, denied},
		{"unknown client", "Anyone", map[string]any{"aud": "other"}, identityToken("Incorrect token audience")},
		{"unknown azp", "Anyone", map[string]any{"azp": "other"}, identityToken("Incorrect token audience")},
		{"several audiences", "Anyone", map[string]any{"aud": []string{"app", "app2"}}, identityToken("Incorrect token audience")},
		{"expired within the skew", "Anyone", map[string]any{"exp": start.Unix() - 299}, refusal{}},
		{"expired", "Anyone", map[string]any{"exp": start.Unix() - 300}, refusal{400, "ExpiredTokenException",
			"Token expired: current date/time 1767225600 must be before the expiration date/time 1767225300"}},
		{"other scheme", "Anyone", map[string]any{"iss": "https://" + i.name}, identityToken("No OpenIDConnect provider found in your account for https://" + i.name)},
		{"slash", "Anyone", map[string]any{"iss": i.URL + "/"}, identityToken("No OpenIDConnect provider found in your account for " + i.URL + "/")},
		{"no scheme", "Anyone", map[string]any{"iss": i.name}, identityToken("No OpenIDConnect provider found in your account for " + i.name)},
		{"unknown issuer", "Anyone", map[string]any{"iss": "https://issuer.example.com"}, identityToken("No OpenIDConnect provider found in your account for https://issuer.example.com")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h.wantRefused(h.assume(i.token(h, test.claims), h.role[test.role]), test.want)
		})
	}

	got := h.mustAssume(i.token(h, map[string]any{"aud": []string{"x", "y"}, "azp": "app2", "amr": "otp"}), h.role["Anyone"])
	if got.Provider != i.arn || got.Subject != "anna" || got.Audience != "app2" {
		t.Errorf("answer %+v", got)
	}
	_, _, session, err := h.sts.Session(h.ctx, got.AccessKeyID, got.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	keys := []sts.Key{{Name: "aud", Values: []string{"app2"}}, {Name: "sub", Values: []string{"anna"}}, {Name: "amr", Values: []string{"otp"}}}
	if diff := cmp.Diff(keys, session.Keys); diff != "" || session.Provider != i.arn {
		t.Errorf("session of %s: %s", session.Provider, diff)
	}

	h.wantRefused(h.assume(sign(t, fixtureKey(t, "1"), jose.RS256, "k", map[string]any{"iss": i.URL, "sub": "anna", "aud": "app", "iat": start.Unix(), "exp": start.Unix() + 600}), h.role["Anyone"]), identityToken(noKey))
	foreign := "arn:aws:iam::999988887777:role/Anyone"
	h.wantRefused(h.assume(i.token(h, nil), foreign), denied)
	h.wantRefused(h.assume("no token", foreign), identityToken(noJWT))

	if _, err := h.iam.DeleteOpenIDConnectProvider(h.ctx, root, &iam.DeleteOpenIDConnectProviderRequest{OpenIDConnectProviderArn: iam.ArnType(i.arn)}); err != nil {
		t.Fatal(err)
	}
	h.wantRefused(h.assume(i.token(h, nil), h.role["Anyone"]), identityToken("No OpenIDConnect provider found in your account for "+i.URL))
}

// A provider that cannot be reached is no verdict about the token.
func TestProviderDown(t *testing.T) {
	h := newHouse(t)
	const url = "http://127.0.0.1:1"
	out, err := h.iam.CreateOpenIDConnectProvider(h.ctx, root, &iam.CreateOpenIDConnectProviderRequest{Url: url, ClientIDList: iam.ClientIDListType{"app"}})
	if err != nil {
		t.Fatal(err)
	}
	h.createRole("Anyone", trust(string(out.OpenIDConnectProviderArn), assume, `{"StringLike":{"127.0.0.1:1:sub":"*"}}`))
	token := sign(t, fixtureKey(t, "1"), jose.RS256, "k", map[string]any{"iss": url, "sub": "anna", "aud": "app", "iat": start.Unix(), "exp": start.Unix() + 600})
	h.wantRefused(h.assume(token, h.role["Anyone"]), identityToken(noKey))
}

// If we cannot read our own keys, that is our failure and no verdict.
func TestOwnKeysUnreadable(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	token := sign(t, fixtureKey(t, "1"), jose.RS512, "us-east-1-2", map[string]any{"iss": ownURL, "sub": identity, "aud": pool, "iat": start.Unix(), "exp": start.Unix() + 600})
	h.wantRefused(h.assume(token, appAuth), identityToken(noKey))
	closed, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "closed.db")})
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	h.ids.Store = closed.Keys()
	h.now = h.now.Add(time.Minute) // long enough for another look into the store
	_, err = h.sts.AssumeRoleWithWebIdentity(h.ctx, wiretest.From(awsapi.Caller{}), &sts.AssumeRoleWithWebIdentityRequest{
		RoleArn: appAuth, RoleSessionName: "app1", WebIdentityToken: sts.ClientTokenType(token),
	})
	if _, typed := awsapi.AsError(err); typed || !errors.Is(err, store.ErrClosed) {
		t.Errorf("error %v, want one that is not typed around %v", err, store.ErrClosed)
	}
}

func TestSessionTags(t *testing.T) {
	h := newHouse(t)
	i := h.newIssuer("app")
	h.createRole("Tagged", trust(i.arn, assumeTag, `{"StringLike":{"`+i.name+`:sub":"*"}}`))
	h.createRole("Plain", trust(i.arn, assume, `{"StringLike":{"`+i.name+`:sub":"*"}}`))
	h.createRole("Transitive", trust(i.arn, assumeTag, `{"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["Dept"]},"Null":{"sts:TransitiveTagKeys":"false"}}`))
	nested := func(tags map[string]any, transitive ...string) map[string]any {
		return map[string]any{"https://aws.amazon.com/tags": map[string]any{"principal_tags": tags, "transitive_tag_keys": transitive}}
	}
	one := func(v string) []string { return []string{v} }
	many := map[string]any{}
	for n := range 51 {
		many[fmt.Sprint("k", n)] = one("v")
	}
	parameter := func(message string) refusal { return refusal{400, "InvalidParameterValue", message} }
	const (
		malformedTags = "The session tags in the token are malformed."
		size          = "The key of a session tag must have 1 to 128 characters and its value at most 256."
		duplicate     = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
	)
	tests := []struct {
		name, role string
		claims     map[string]any
		want       refusal
		tags       []sts.SessionTag
	}{
		{"none", "Plain", nil, refusal{}, nil},
		{"empty claim", "Plain", nested(map[string]any{}), refusal{}, nil},
		{"null", "Plain", map[string]any{
			"https://aws.amazon.com/tags": jsontext.Value("null"), "https://aws.amazon.com/tags/principal_tags/a": jsontext.Value("null"),
			"https://aws.amazon.com/tags/transitive_tag_keys": jsontext.Value("null"),
		}, refusal{}, nil},
		{"nested", "Tagged", nested(map[string]any{"b": one("2"), "a": one("")}), refusal{}, []sts.SessionTag{{Key: "a"}, {Key: "b", Value: "2"}}},
		{"any printable character", "Tagged", nested(map[string]any{"k": one("a|b;*?${x} é")}), refusal{}, []sts.SessionTag{{Key: "k", Value: "a|b;*?${x} é"}}},
		{"transitive", "Transitive", nested(map[string]any{"Dept": one("x"), "b": one("y")}, "dept"), refusal{}, []sts.SessionTag{{Key: "Dept", Value: "x", Transitive: true}, {Key: "b", Value: "y"}}},
		{"flat", "Transitive", map[string]any{"https://aws.amazon.com/tags/principal_tags/Dept": "x", "https://aws.amazon.com/tags/transitive_tag_keys": []string{"Dept"}}, refusal{}, []sts.SessionTag{{Key: "Dept", Value: "x", Transitive: true}}},
		{"no TagSession", "Plain", nested(map[string]any{"a": one("1")}), denied, nil},
		{"no TagSession for flat ones", "Plain", map[string]any{"https://aws.amazon.com/tags/principal_tags/a": "x"}, denied, nil},
		{"claim that is no object", "Tagged", map[string]any{"https://aws.amazon.com/tags": "dept=x"}, identityToken(malformedTags), nil},
		{"value that is no list", "Tagged", nested(map[string]any{"a": "1"}), identityToken(malformedTags), nil},
		{"two values", "Tagged", nested(map[string]any{"a": []string{"1", "2"}}), identityToken(malformedTags), nil},
		{"no value", "Tagged", nested(map[string]any{"a": []string{}}), identityToken(malformedTags), nil},
		{"flat value that is no text", "Tagged", map[string]any{"https://aws.amazon.com/tags/principal_tags/a": 1}, identityToken(malformedTags), nil},
		{"flat transitive that is no list", "Tagged", map[string]any{"https://aws.amazon.com/tags/transitive_tag_keys": 1}, identityToken(malformedTags), nil},
		{"transitive that is not there", "Tagged", nested(map[string]any{"a": one("1")}, "b"), parameter("The specified transitive tag key must be included in the requested tags."), nil},
		{"duplicate", "Tagged", nested(map[string]any{"a": one("1"), "A": one("1")}), parameter(duplicate), nil},
		{"both forms", "Tagged", map[string]any{"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"a": one("1")}}, "https://aws.amazon.com/tags/principal_tags/a": "1"}, parameter(duplicate), nil},
		{"reserved", "Tagged", nested(map[string]any{"AWS:x": one("1")}), parameter("aws: prefixed tag key names are not allowed for external use."), nil},
		{"empty key", "Tagged", nested(map[string]any{"": one("1")}), parameter(size), nil},
		{"long key", "Tagged", nested(map[string]any{strings.Repeat("k", 129): one("1")}), parameter(size), nil},
		{"longest", "Tagged", nested(map[string]any{strings.Repeat("é", 128): one(strings.Repeat("é", 256))}), refusal{}, []sts.SessionTag{{Key: strings.Repeat("é", 128), Value: strings.Repeat("é", 256)}}},
		{"long value", "Tagged", nested(map[string]any{"k": one(strings.Repeat("v", 257))}), parameter(size), nil},
		{"control character", "Tagged", nested(map[string]any{"k": one("a\nb")}), parameter("Session tags must consist of printable characters."), nil},
		{"too many", "Tagged", nested(many), parameter("A session can have at most 50 tags."), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			token := i.token(h, test.claims)
			a := h.assume(token, h.role[test.role])
			h.wantRefused(a, test.want)
			if a.Status != 200 {
				return
			}
			got := h.mustAssume(token, h.role[test.role])
			_, _, session, err := h.sts.Session(h.ctx, got.AccessKeyID, got.SessionToken)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.tags, session.Tags, byValue); diff != "" {
				t.Error(diff)
			}
			if (got.PackedPolicySize != "") != (len(test.tags) > 0) {
				t.Errorf("PackedPolicySize %q", got.PackedPolicySize)
			}
		})
	}
}

func TestSourceIdentity(t *testing.T) {
	h := newHouse(t)
	i := h.newIssuer("app")
	anyone := `{"StringLike":{"` + i.name + `:sub":"*"}}`
	h.createRole("Plain", trust(i.arn, assume, anyone))
	h.createRole("Source", trust(i.arn, `["sts:AssumeRoleWithWebIdentity","sts:SetSourceIdentity"]`, `{"StringEquals":{"sts:SourceIdentity":"anna@example.com"}}`))
	const claim = "https://aws.amazon.com/source_identity"
	bad := identityToken(`Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`)
	for _, test := range []struct {
		role  string
		value any
		want  refusal
	}{
		{"Source", "anna@example.com", refusal{}},
		{"Source", "ben@example.com", denied},
		{"Plain", "anna@example.com", denied},
		{"Source", "a", bad},
		{"Source", "", bad},
		{"Source", 1, bad},
		{"Plain", jsontext.Value("null"), refusal{}},
		{"Source", "aws:anna", bad},
		{"Source", strings.Repeat("a", 65), bad},
	} {
		h.wantRefused(h.assume(i.token(h, map[string]any{claim: test.value}), h.role[test.role]), test.want)
	}
	got := h.mustAssume(i.token(h, map[string]any{claim: "anna@example.com"}), h.role["Source"])
	_, _, session, err := h.sts.Session(h.ctx, got.AccessKeyID, got.SessionToken)
	if err != nil || session.SourceIdentity != "anna@example.com" || got.SourceIdentity != "anna@example.com" {
		t.Errorf("source identity %+v, %v", got, err)
	}
}

// A session policy travels in the token, byte for byte.
func TestSessionPolicy(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assumeTag, usual))
	policy := " \n" + allowS3
	got := h.mustAssume(h.token(), appAuth, "Policy", policy)
	if want := fmt.Sprint((100*len(policy) + 4095) / 4096); got.PackedPolicySize != want {
		t.Errorf("PackedPolicySize %s, want %s", got.PackedPolicySize, want)
	}
	_, _, session, err := h.sts.Session(h.ctx, got.AccessKeyID, got.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	if session.Policy != policy {
		t.Errorf("session policy %q", session.Policy)
	}
}

func TestTooMuchForASession(t *testing.T) {
	h := newHouse(t)
	i := h.newIssuer("app")
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assumeTag, usual))
	h.createRole("Anyone", trust(i.arn, assumeTag, `{"StringLike":{"`+i.name+`:sub":"*"}}`))
	large := func(c *openid.Claims) {
		c.Tags = openid.Tags{}
		for n := range 20 {
			c.Tags[fmt.Sprint("k", n)] = strings.Repeat("v", 250)
		}
	}
	h.wantCause(appAuth, "packed-size", large)
	h.wantRefused(h.assume(h.token(large), appAuth), refusal{400, "PackedPolicyTooLarge", "Packed size of session tags consumes 125% of allotted space."})
	endless := func(c *openid.Claims) { c.AMR = append(c.AMR, strings.Repeat("x", 8000)) }
	h.wantCause(appAuth, "session-too-large", endless)
	h.wantRefused(h.assume(i.token(h, map[string]any{"amr": []string{strings.Repeat("x", 8000)}}), h.role["Anyone"]),
		refusal{400, "PackedPolicyTooLarge", "Serialized token too large for session"})
}

// The largest session that is let in has a token that is let in.
func TestLargestSession(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assumeTag, usual))
	made := h.credentials(func(c *openid.Claims) {
		c.Tags = openid.Tags{}
		for n := range 16 {
			c.Tags[fmt.Sprintf("%02d", n)] = strings.Repeat("v", 252)
		}
	})
	if _, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken); err != nil {
		t.Error(err)
	}
	t.Logf("%d characters", len(made.SessionToken))
}

func TestGetCallerIdentityOfRoot(t *testing.T) {
	h := newHouse(t)
	out, err := h.sts.GetCallerIdentity(t.Context(), root, &sts.GetCallerIdentityRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := &sts.GetCallerIdentityResponse{Arn: "arn:aws:iam::111122223333:root", UserId: account, Account: account}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
}

// Timestamps have whole seconds wherever they are seen.
func TestWholeSeconds(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	h.now = start.Add(123_456_789 * time.Nanosecond)
	if made := h.credentials(); made.Expiration.Nanosecond() != 0 {
		t.Errorf("expiration %s", made.Expiration)
	}
}
