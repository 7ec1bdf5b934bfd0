package instance_test

import (
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/mint"
)

const samlARN = "arn:aws:iam::123456789012:saml-provider/dev"

// samlShop is a server that trusts a SAML provider, and a clock of both.
type samlShop struct {
	*shop
	mint.SAML
	clock atomic.Int64
}

// newSAMLShop has a pool that lists the provider dev.
func newSAMLShop(t *testing.T, c daypasstest.Config) *samlShop {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := &samlShop{}
	s.clock.Store(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).Unix())
	c.Now = func() time.Time { return time.Unix(s.clock.Load(), 0) }
	s.SAML = mint.SAML{Issuer: "https://idp.example", Subject: "alice@corp.example", Key: key, Now: c.Now, Lifetime: 5 * time.Minute}
	s.shop = newShop(t, c, map[string]any{"SamlProviderARNs": []string{samlARN}})
	s.query("CreateSAMLProvider", "Name", "dev", "SAMLMetadataDocument", s.metadata())
	return s
}

func (s *samlShop) metadata() string {
	s.t.Helper()
	document, err := s.Metadata()
	if err != nil {
		s.t.Fatal(err)
	}
	return string(document)
}

// response is a good one, with roles of the provider dev unless they name another.
func (s *samlShop) response(roles ...string) string {
	s.t.Helper()
	m := s.SAML
	m.Attributes = map[string][]string{"dept": {"blue"}, "groups": {"a", "b"}}
	for _, role := range roles {
		if !strings.Contains(role, ",") {
			role = roleARN(role) + "," + samlARN
		}
		m.Attributes[mint.RoleAttribute] = append(m.Attributes[mint.RoleAttribute], role)
	}
	text, err := m.Response()
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

func (s *samlShop) getID(response string) (string, error) {
	out, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": s.pool, "Logins": map[string]string{samlARN: response}})
	id, _ := out["IdentityId"].(string)
	return id, err
}

// credentials gives the name of the role that a response leads to.
func (s *samlShop) credentials(response, custom string) (string, error) {
	s.t.Helper()
	id, err := s.getID(response)
	if err != nil {
		return "", err
	}
	in := map[string]any{"IdentityId": id, "Logins": map[string]string{samlARN: response}}
	if custom != "" {
		in["CustomRoleArn"] = roleARN(custom)
	}
	out, err := call(s.public(), "GetCredentialsForIdentity", in)
	if err != nil {
		return "", err
	}
	return s.roleOf(out), nil
}

// Everything that has to be refused is, with the words of AWS for the client and
// the true cause in the log.
func TestSAMLHostile(t *testing.T) {
	s := newSAMLShop(t, daypasstest.Config{})
	const unverified = "Invalid login token. Couldn't verify signed token."
	const malformed = "Invalid login token. Not a valid SAML response."
	tests := map[string]struct{ cause, message string }{
		"audience":         {"login-saml-audience-mismatch", "Token is not from a supported provider of this identity pool."},
		"no-audience":      {"login-saml-audience-mismatch", "Token is not from a supported provider of this identity pool."},
		"recipient":        {"login-saml-recipient-mismatch", unverified},
		"destination":      {"login-saml-destination-mismatch", unverified},
		"issuer":           {"login-saml-issuer-mismatch", "Invalid login token. Issuer doesn't match providerName"},
		"expired":          {"login-saml-expired", "Invalid login token. Token expired: 1767268800 >= 978310800"},
		"not-yet-valid":    {"login-saml-not-yet-valid", unverified},
		"no-name-id":       {"login-saml-name-id-missing", unverified},
		"status":           {"login-saml-status-not-success", unverified},
		"unsigned":         {"login-saml-unsigned", unverified},
		"key":              {"login-saml-signature-invalid", unverified},
		"sha1":             {"login-saml-algorithm-refused", unverified},
		"hmac":             {"login-saml-algorithm-refused", unverified},
		"reference":        {"login-saml-reference-mismatch", unverified},
		"canonicalization": {"login-saml-canonicalizer-refused", unverified},
		"transform":        {"login-saml-transform-refused", unverified},
		"tampered":         {"login-saml-digest-mismatch", unverified},
		"wrapped":          {"login-saml-assertion-count", unverified},
		"two-assertions":   {"login-saml-assertion-count", unverified},
		"comment":          {"login-saml-xml-refused", malformed},
		"doctype":          {"login-saml-xml-refused", malformed},
		"compressed":       {"login-saml-not-xml", malformed},
		"encrypted":        {"login-saml-encrypted", "Invalid login token. Encrypted SAML assertions are not supported."},
		"a JWT":            {"login-saml-not-base64", malformed},
		"long NameID":      {"login-claim-invalid", unverified},
	}
	s.Subject = strings.Repeat("n", 256)
	responses := map[string]string{"a JWT": s.doubles.GoogleToken(), "long NameID": s.response()}
	s.Subject = "alice@corp.example"
	for _, kind := range mint.BadResponses() {
		response, err := s.Bad(kind)
		if err != nil {
			t.Fatal(err)
		}
		responses[kind] = response
	}
	for kind, response := range responses {
		want, ok := tests[kind]
		if !ok {
			t.Errorf("%s: no expectation", kind)
			continue
		}
		before := s.log.Len()
		_, err := s.getID(response)
		wantError(t, err, "NotAuthorizedException", want.message)
		if line := s.log.String()[before:]; !strings.Contains(line, "cause="+want.cause+" ") {
			t.Errorf("%s: the log has no cause=%s: %s", kind, want.cause, line)
		} else if strings.Contains(line, "alice@corp") || strings.Contains(line, "somebody-else") {
			t.Errorf("%s: the log names somebody: %s", kind, line)
		}
	}
	for response, want := range map[string]string{
		"":                         "Value at 'logins' failed to satisfy constraint",
		strings.Repeat("A", 50001): "Value at 'logins' failed to satisfy constraint",
	} {
		if _, err := s.getID(response); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d characters: %v", len(response), err)
		}
	}
	if _, err := s.getID(s.response()); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// The same response is good until it expires, for the identity and for its
// credentials, and always for the same identity.
func TestSAMLUntilItExpires(t *testing.T) {
	s := newSAMLShop(t, daypasstest.Config{})
	response := s.response()
	first, err := s.getID(response)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.Add(299)
	if again, err := s.getID(response); again != first || err != nil {
		t.Errorf("%s, %v, want %s", again, err, first)
	}
	s.clock.Add(1)
	_, err = s.getID(response)
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Token expired: 1767269100 >= 1767269100")
	if renewed, err := s.getID(s.response()); renewed != first || err != nil {
		t.Errorf("%s, %v, want %s", renewed, err, first)
	}
}

// A response says which roles there are: those of this provider, one that is
// taken, of several the one that the client asks for.
func TestSAMLRoles(t *testing.T) {
	s := newSAMLShop(t, daypasstest.Config{})
	const other = ",arn:aws:iam::123456789012:saml-provider/other"
	ambiguous := "The ambiguous role mapping rules for: " + samlARN + " denied this request."
	forbidden := "Access to Role '" + roleARN("admin") + "' is forbidden."
	tests := []struct {
		name    string
		roles   []string
		custom  string
		mapped  bool
		want    string
		message string
	}{
		{"no role: the pool's", nil, "", false, "user", ""},
		{"no role, and one asked for", nil, "admin", false, "user", ""},
		{"one", []string{"admin"}, "", false, "admin", ""},
		{"one, asked for", []string{"admin"}, "admin", false, "admin", ""},
		{"one, and another asked for", []string{"user"}, "admin", false, "", forbidden},
		{"several", []string{"user", "admin"}, "", false, "", ambiguous},
		{"several, one asked for", []string{"user", "admin"}, "admin", false, "admin", ""},
		{"several, another asked for", []string{"user", "guest"}, "admin", false, "", forbidden},
		{"by another provider only", []string{roleARN("admin") + other}, "", false, "user", ""},
		{"one, and one by another provider", []string{"user", roleARN("admin") + other}, "admin", false, "", forbidden},
		{"no pair", []string{roleARN("admin") + ","}, "", false, "user", ""},
		{"a mapping wins", []string{"user"}, "", true, "admin", ""},
	}
	for _, test := range tests {
		s.rolesFor(test.mapped)
		role, err := s.credentials(s.response(test.roles...), test.custom)
		if test.message != "" {
			wantError(t, err, "NotAuthorizedException", test.message)
		} else if role != test.want || err != nil {
			t.Errorf("%s: role %q, %v, want %s", test.name, role, err, test.want)
		}
	}
	// A role that is offered, and does not exist or is somebody else's.
	s.rolesFor(false)
	for _, role := range []string{"missing", "arn:aws:iam::999999999999:role/theirs," + samlARN} {
		_, err := s.credentials(s.response(role), "")
		wantError(t, err, "InvalidIdentityPoolConfigurationException", "Invalid identity pool configuration. Check assigned IAM roles for this pool.")
	}
}

// rolesFor sets the pool's role, with a mapping of the provider or without.
func (s *samlShop) rolesFor(mapped bool) {
	s.t.Helper()
	mappings := map[string]any{}
	if mapped {
		mappings[samlARN] = map[string]any{"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": map[string]any{
			"Rules": []any{map[string]any{"Claim": "groups", "MatchType": "Equals", "Value": "b", "RoleARN": roleARN("admin")}}}}
	}
	s.root("SetIdentityPoolRoles", map[string]any{"IdentityPoolId": s.pool, "Roles": map[string]string{"authenticated": roleARN("user")}, "RoleMappings": mappings})
}

// Attributes become session tags; by default the NameID does.
func TestSAMLTags(t *testing.T) {
	s := newSAMLShop(t, daypasstest.Config{})
	const tagged = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},` +
		`"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"POOL",TAG}}}]}`
	for name, condition := range map[string]string{
		"byname": `"aws:RequestTag/username":"alice@corp.example"`, "bydept": `"aws:RequestTag/department":"blue"`,
	} {
		s.query("CreateRole", "RoleName", name, "AssumeRolePolicyDocument", strings.NewReplacer("POOL", s.pool, "TAG", condition).Replace(tagged))
	}
	tags := func(in map[string]any) {
		in["IdentityPoolId"], in["IdentityProviderName"] = s.pool, samlARN
		s.root("SetPrincipalTagAttributeMap", in)
	}
	want := func(role string, ok bool) {
		t.Helper()
		if got, err := s.credentials(s.response(role), ""); (err == nil) != ok || ok && got != role {
			t.Errorf("%s: %q, %v", role, got, err)
		}
	}
	tags(map[string]any{"UseDefaults": true})
	want("byname", true)
	want("bydept", false)
	tags(map[string]any{"UseDefaults": false, "PrincipalTags": map[string]string{"department": "dept", "none": "groups", "absent": "x"}})
	want("byname", false)
	want("bydept", true)
}

// A SAML login is for the enhanced flow, for pools that list the provider, as long
// as IAM has it.
func TestSAMLOnlyWhereConfigured(t *testing.T) {
	s := newSAMLShop(t, daypasstest.Config{})
	response := s.response()
	id, err := s.getID(response)
	if err != nil {
		t.Fatal(err)
	}
	logins := map[string]string{samlARN: response}
	_, err = call(s.public(), "GetOpenIdToken", map[string]any{"IdentityId": id, "Logins": logins})
	wantError(t, err, "InvalidParameterException", "Basic (classic) flow is not supported with SAML providers, please use enhanced flow.")

	const unsupported = "Token is not from a supported provider of this identity pool."
	const dontMatch = "Logins don't match. Please include at least one valid login for this identity or identity pool."
	// One that IAM has and the pool does not list.
	s.query("CreateSAMLProvider", "Name", "other", "SAMLMetadataDocument", s.metadata())
	_, err = call(s.public(), "GetId", map[string]any{"IdentityPoolId": s.pool, "Logins": map[string]string{"arn:aws:iam::123456789012:saml-provider/other": response}})
	wantError(t, err, "NotAuthorizedException", unsupported)
	// New keys of the provider.
	was := s.Key
	if s.Key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	s.query("UpdateSAMLProvider", "SAMLProviderArn", samlARN, "SAMLMetadataDocument", s.metadata())
	_, err = s.getID(response)
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Couldn't verify signed token.")
	if again, err := s.getID(s.response()); again != id || err != nil {
		t.Errorf("%s, %v, want %s", again, err, id)
	}
	s.Key = was
	// One that the pool lists and IAM no longer has.
	s.query("DeleteSAMLProvider", "SAMLProviderArn", samlARN)
	_, err = s.getID(response)
	wantError(t, err, "NotAuthorizedException", unsupported)
	_, err = call(s.public(), "GetCredentialsForIdentity", map[string]any{"IdentityId": id, "Logins": logins})
	wantError(t, err, "NotAuthorizedException", dontMatch)
}

// Metadata that have ended are the operator's to mend.
func TestSAMLMetadataEnd(t *testing.T) {
	s := newSAMLShop(t, daypasstest.Config{})
	s.query("UpdateSAMLProvider", "SAMLProviderArn", samlARN, "SAMLMetadataDocument", strings.Replace(s.metadata(), "entityID=", `validUntil="2026-01-01T12:01:00Z" entityID=`, 1))
	if _, err := s.getID(s.response()); err != nil {
		t.Fatal(err)
	}
	s.clock.Add(60)
	_, err := s.getID(s.response())
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Couldn't verify signed token.")
	if !strings.Contains(s.log.String(), `cause=login-saml-metadata-expired detail="login misconfigured`) {
		t.Error("the log does not tell why")
	}
}

// Short keys sign in where the operator says so, and are named as the cause where
// the operator no longer does.
func TestSAMLShortKeys(t *testing.T) {
	dir := t.TempDir()
	s := newSAMLShop(t, daypasstest.Config{SAMLAllowRSA1024: true, DataDir: dir})
	var err error
	if s.Key, err = rsa.GenerateKey(rand.Reader, 1024); err != nil {
		t.Fatal(err)
	}
	s.query("UpdateSAMLProvider", "SAMLProviderArn", samlARN, "SAMLMetadataDocument", s.metadata())
	if _, err := s.getID(s.response()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.log.String(), `level=WARN msg="RSA keys of less than 2048 bits are accepted`) {
		t.Error("no warning")
	}
	s.server.Close()
	var log strings.Builder
	strict := daypasstest.Start(t, daypasstest.Config{DataDir: dir, Now: s.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	public := &client.Client{Endpoint: strict.URL, Region: "us-east-1"}
	_, err = call(public, "GetId", map[string]any{"IdentityPoolId": s.pool, "Logins": map[string]string{samlARN: s.response()}})
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Couldn't verify signed token.")
	strict.Close()
	if !strings.Contains(log.String(), "cause=login-saml-key-too-short") {
		t.Errorf("the log does not tell why: %s", &log)
	}
}

// A service of one's own accepts what is meant for itself.
func TestSAMLAudienceOfOurOwn(t *testing.T) {
	s := newSAMLShop(t, daypasstest.Config{SAMLAudiences: []string{"https://daypass.example"}, SAMLRecipients: []string{"https://daypass.example/saml"}})
	for _, test := range []struct {
		audience, recipient string
		ok                  bool
	}{
		{"", "", true},
		{"https://daypass.example", "https://daypass.example/saml", true},
		{"", "https://eu-west-1.signin.aws.amazon.com/saml", true},
		{"https://daypass.example/", "", false},
		{"", "https://daypass.example", false},
	} {
		s.Audience, s.Recipient = test.audience, test.recipient
		if _, err := s.getID(s.response()); (err == nil) != test.ok {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// Metadata may be as long as AWS takes them; strangers cannot send as much.
func TestSAMLLongMetadata(t *testing.T) {
	s := newSAMLShop(t, daypasstest.Config{})
	padding := "<!--" + strings.Repeat(`<a href="b">+&</a>`, 10_000_000/18-1000) + "-->"
	document := strings.Replace(s.metadata(), "<EntityDescriptor", padding+"<EntityDescriptor", 1)
	began := time.Now()
	s.query("UpdateSAMLProvider", "SAMLProviderArn", samlARN, "SAMLMetadataDocument", document)
	t.Logf("%d characters in %v", len(document), time.Since(began))
	if _, err := s.getID(s.response()); err != nil {
		t.Error(err)
	}
	tooLong := strings.Replace(document, "<!--", "<!--"+strings.Repeat("x", 10_000_001-len(document)), 1)
	_, err := s.clientOf("us-east-1").Query(t.Context(), iam.API, "UpdateSAMLProvider", "SAMLProviderArn", samlARN, "SAMLMetadataDocument", tooLong)
	if err == nil || !strings.Contains(err.Error(), "less than or equal to 10000000") {
		t.Errorf("a character too many: %.300v", err)
	}
}
