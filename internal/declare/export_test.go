package declare_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/declare"
)

// export writes down what a server has.
func export(t *testing.T, call declare.Caller) string {
	t.Helper()
	f, err := declare.Export(t.Context(), call, declare.ExportOptions{Region: "us-east-1", Regions: []string{"eu-west-1", "us-east-1"}, DeveloperUsers: true})
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse("export.json", string(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := again.YAML(); err != nil || string(same) != string(yaml) {
		t.Errorf("the JSON says (%v)\n%s\nthe YAML\n%s", err, same, yaml)
	}
	return string(yaml)
}

// applied brings a server to what a text says.
func applied(t *testing.T, call declare.Caller, text string) {
	t.Helper()
	f, steps := plan(t, call, text)
	if err := f.Apply(t.Context(), call, steps, func(declare.Step) {}); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// metadata is what a SAML provider says of itself.
func metadata(t *testing.T) string {
	t.Helper()
	certificate, err := os.ReadFile("../saml/testdata/p256.crt")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(certificate)
	return strings.Replace(samlMetadata, "CERTIFICATE", base64.StdEncoding.EncodeToString(block.Bytes), 1)
}

var samlMetadata = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com">` + strings.Repeat("\n\t<!-- padding: \"it's\" # no -->", 40) + `
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>CERTIFICATE</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/></IDPSSODescriptor></EntityDescriptor>`

// What a server has is written to a file. Applied to the same server, it changes nothing;
// applied to an empty one, it makes a server that has the same.
func TestExport(t *testing.T) {
	for seed := range 12 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			text := everything
			if seed > 0 {
				document, err := json.Marshal(metadata(t))
				if err != nil {
					t.Fatal(err)
				}
				text = random(rand.New(rand.NewPCG(uint64(seed), 1))) + "SAMLProviders: [{Name: idp, SAMLMetadataDocument: " + string(document) + "}]\n"
			}
			call := caller(daypasstest.Start(t, daypasstest.Config{}))
			applied(t, call, text)
			written := export(t, call)
			if _, steps := plan(t, call, written); len(steps) > 0 {
				t.Errorf("on the same server: %q\n%s", texts(steps), written)
			}
			for _, id := range keyIDs {
				environment["SECRET_"+id] = environment["CI_SECRET"]
				defer delete(environment, "SECRET_"+id)
			}
			other := caller(daypasstest.Start(t, daypasstest.Config{}))
			applied(t, other, written)
			if again := export(t, other); again != written {
				t.Errorf("of the other server:\n%s\nwant\n%s", again, written)
			}
			if strings.Contains(written, environment["CI_SECRET"]) {
				t.Error("a secret is in it")
			}
		})
	}
}

var keyIDs = []string{"AKIAEXAMPLEEXAMPLE00", "AKIAEXAMPLEEXAMPLE01", "AKIAEXAMPLEEXAMPLE02"}

// random is a file with some of everything.
func random(r *rand.Rand) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	one := func(all ...string) string { return all[r.IntN(len(all))] }
	may := func(format string, args ...any) {
		if r.IntN(2) == 0 {
			line(format, args...)
		}
	}
	policy := func() string {
		return one(`{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}`,
			`{Statement: {Resource: ["arn:aws:s3:::a/*", "arn:aws:s3:::b/${aws:username}"], Effect: Deny, NotAction: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"], Condition: {NumericLessThan: {"s3:max-keys": 10}, Bool: {"aws:SecureTransport": true}}}, Version: "2012-10-17"}`,
			`'{"Id":"text","Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"}]}'`)
	}
	tags := one(`[{Key: team, Value: "its: 1 "}, {Key: "äöü", Value: ""}]`, `[{Key: "on", Value: "no"}, {Key: "1", Value: "0x1f"}]`, `[]`)
	line("Version: 1\nManagedPolicies:")
	for i := range 1 + r.IntN(3) {
		line("  - PolicyName: managed%d\n    PolicyDocument: %s\n    Tags: %s", i, policy(), tags)
		if i > 0 { // 0 is at the path /
			may("    Path: /a/b/")
		}
		may("    Description: \"what \\\"it\\\" is: %d\"", i)
	}
	line("OpenIDConnectProviders:")
	providers := 1 + r.IntN(3)
	for i := range providers {
		line("  - Url: https://login%d.example.com/realm/", i)
		may("    ClientIDList: [%s]", one("z, a", "only", "b"))
		may("    Tags: %s", tags)
		may("    ThumbprintList: [\"ABCDEF0123456789012345678901234567890123\"]")
	}
	line("Roles:")
	for i := range 4 {
		line("  - RoleName: role%d\n    Path: %s", i, [...]string{"/", "/apps/", "/", "/apps/"}[i])
		trust := one(`"123456789012"`, `"arn:aws:iam::123456789012:role/role0"`, `["arn:aws:iam::123456789012:role/role2", "arn:aws:iam::123456789012:user/user0"]`, `"arn:aws:sts::123456789012:assumed-role/role2/session"`, `"*"`)
		line(`    AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {AWS: %s}, Action: "sts:AssumeRole"}]}`, trust)
		may("    MaxSessionDuration: %d", 3600+r.IntN(3600))
		may("    Description: \"%s\"", one("yes", "2026-11-30", "a: b # c", "- x"))
		may("    PermissionsBoundary: managed0")
		may("    Tags: %s", tags)
		may("    AttachedPolicyArns: [managed0, \"arn:aws:iam::aws:policy/ReadOnlyAccess\"]")
		may("    Policies: {\"%s\": %s, b: %s}", one("true", "p+=,.@-", "1"), policy(), policy())
	}
	line("Users:")
	for i := range 1 + r.IntN(2) {
		line("  - UserName: user%d", i)
		may("    Path: /people/%d/", i)
		may("    Tags: %s", tags)
		may("    PermissionsBoundary: managed0")
		may("    Policies: {p: %s}", policy())
		may("    AccessKeys: [{AccessKeyId: %s, SecretAccessKey: {env: CI_SECRET}, Status: %s}]", keyIDs[i], one("Active", "Inactive"))
	}
	b2 := strings.ReplaceAll(b.String(), "Path: /people/0/", "Path: /") // roles trust this one
	b.Reset()
	line("IdentityPools:")
	for i, region := range []string{"us-east-1", "eu-west-1", "us-east-1"}[:1+r.IntN(3)] {
		line("  - IdentityPoolId: %s:%08d-2222-4333-8444-555555555555\n    IdentityPoolName: pool %d", region, i, r.IntN(2))
		may("    AllowUnauthenticatedIdentities: %s", one("true", "false"))
		may("    AllowClassicFlow: true")
		may("    IdentityPoolTags: {a: b, \"on\": \"off\"}")
		switch r.IntN(3) {
		case 0:
			line("    Provider: {Url: \"https://login%d.example.com/realm/\", ClientId: only}", r.IntN(providers))
		case 1:
			line("    Provider: {Url: \"https://elsewhere.example.com\", ClientId: only}")
		default:
			line("    OpenIdConnectProviderARNs: [\"https://login0.example.com/realm/\"]")
			may("    PrincipalTags: {\"arn:aws:iam::123456789012:oidc-provider/login0.example.com/realm/\": {UseDefaults: %s}}", one("true", "false"))
			may("    RoleMappings: {\"arn:aws:iam::123456789012:oidc-provider/login0.example.com/realm/\": {Type: Token, AmbiguousRoleResolution: AuthenticatedRole}}")
		}
		if r.IntN(2) == 0 {
			line("    DeveloperProviderName: login.my")
			may("    DeveloperUsers: [\"%s\", b, a]", one("true", " x ", "a: b"))
		}
		switch r.IntN(3) {
		case 0:
			line("    Roles: {authenticated: role0, unauthenticated: \"arn:aws:iam::123456789012:role/apps/role1\"}")
		case 1:
			if i > 0 { // the names of the roles that this makes are those of the pool
				b3 := strings.LastIndex(b.String(), "pool ")
				text := b.String()
				b.Reset()
				b.WriteString(text[:b3] + fmt.Sprintf("short%d", i) + text[b3+len("pool 0"):])
			}
			line("    Authenticated: {Policy: %s}", policy())
			may("    Unauthenticated: {Policy: %s}", policy())
		}
	}
	return b2 + b.String()
}
