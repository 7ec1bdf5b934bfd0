package iam_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
)

const samlARN = "arn:aws:iam::111122223333:saml-provider/idp"

// samlMetadata is metadata with validUntil 2030-01-01.
func samlMetadata(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/metadata.xml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCreateSAMLProviderRefusals(t *testing.T) {
	m := samlMetadata(t)
	noMetadata := refusal{400, "InvalidInput", "Could not parse metadata."}
	encrypted := refusal{400, "InvalidInput", "Encrypted SAML assertions are not supported by this version."}
	tests := []struct {
		name       string
		parameters []string
		want       refusal
	}{
		{"no name", []string{"SAMLMetadataDocument", m}, refusal{400, "ValidationError", "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"}},
		{"name", []string{"Name", "a/b", "SAMLMetadataDocument", m}, refusal{400, "ValidationError", "1 validation error detected: Value 'a/b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w._-]+"}},
		{"no metadata", []string{"Name", "x"}, refusal{400, "ValidationError", "1 validation error detected: Value null at 'sAMLMetadataDocument' failed to satisfy constraint: Member must not be null"}},
		{"short", []string{"Name", "x", "SAMLMetadataDocument", "<a/>"}, refusal{400, "ValidationError", "1 validation error detected: Value '<a/>' at 'sAMLMetadataDocument' failed to satisfy constraint: Member must have length greater than or equal to 1000"}},
		{"not metadata", []string{"Name", "x", "SAMLMetadataDocument", strings.Repeat("x", 1000)}, noMetadata},
		{"DOCTYPE", []string{"Name", "x", "SAMLMetadataDocument", strings.Replace(m, "<EntityDescriptor", "<!DOCTYPE x><EntityDescriptor", 1)}, noMetadata},
		{"no signing key", []string{"Name", "x", "SAMLMetadataDocument", strings.Replace(m, `use="signing"`, `use="encryption"`, 1)}, noMetadata},
		{"encryption mode", []string{"Name", "x", "SAMLMetadataDocument", m, "AssertionEncryptionMode", "Allowed"}, encrypted},
		{"private key", []string{"Name", "x", "SAMLMetadataDocument", m, "AddPrivateKey", "secret"}, encrypted},
		{"tags", []string{"Name", "x", "SAMLMetadataDocument", m, "Tags.member.1.Key", "aws:x", "Tags.member.1.Value", ""}, refusal{400, "InvalidInput", "aws: prefixed tag key names are not allowed for external use."}},
		{"same name", []string{"Name", "idp", "SAMLMetadataDocument", m}, refusal{409, "EntityAlreadyExists", "SAML provider with name idp already exists."}},
		{"one too many", []string{"Name", "IDP", "SAMLMetadataDocument", m}, refusal{409, "LimitExceeded", "Cannot exceed quota for SAMLProvidersPerAccount: 1"}},
	}
	s := newService(t)
	s.Limits.SAMLProvidersPerAccount = 1
	must(t, s, "CreateSAMLProvider", "Name", "idp", "SAMLMetadataDocument", m)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantRefused(t, do(t, s, "CreateSAMLProvider", test.parameters...), test.want)
		})
	}
}

// A private key is not repeated, whatever is wrong with it.
func TestPrivateKeyIsNotShown(t *testing.T) {
	a := do(t, newService(t), "CreateSAMLProvider", "Name", "x", "SAMLMetadataDocument", samlMetadata(t), "AddPrivateKey", "hush\u0100")
	if a.Status != 400 || strings.Contains(string(a.Body), "hush") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestSAMLProviderARNRefusals(t *testing.T) {
	s := newService(t)
	must(t, s, "CreateSAMLProvider", "Name", "idp", "SAMLMetadataDocument", samlMetadata(t))
	for action, more := range map[string][]string{
		"GetSAMLProvider": nil, "UpdateSAMLProvider": nil, "DeleteSAMLProvider": nil,
		"TagSAMLProvider": {"Tags", ""}, "UntagSAMLProvider": {"TagKeys", ""}, "ListSAMLProviderTags": nil,
	} {
		with := func(arn string) []string { return append([]string{"SAMLProviderArn", arn}, more...) }
		for _, arn := range []string{
			"arn:aws:iam::111122223333:oidc-provider/x", "arn:aws:iam::111122223333:saml-provider/", "https://idp.example.com/meta",
			"arn:aws:iam:us-east-1:111122223333:saml-provider/idp",
		} {
			wantRefused(t, do(t, s, action, with(arn)...), refusal{400, "ValidationError", "Invalid ARN:  Could not be parsed!"})
		}
		for _, arn := range []string{"arn:aws:iam::111122223333:saml-provider/IDP", "arn:aws:iam::999988887777:saml-provider/idp"} {
			wantRefused(t, do(t, s, action, with(arn)...), refusal{404, "NoSuchEntity", "Manifest not found for arn " + arn})
		}
		other := awsapi.Caller{Account: "999988887777", Root: true}
		wantRefused(t, doAs(t, s, other, action, with(samlARN)...), refusal{404, "NoSuchEntity", "Manifest not found for arn " + samlARN})
	}
}

func TestUpdateSAMLProvider(t *testing.T) {
	ctx, m := t.Context(), samlMetadata(t)
	s := newService(t)
	must(t, s, "CreateSAMLProvider", "Name", "idp", "SAMLMetadataDocument", m, "Tags.member.1.Key", "env", "Tags.member.1.Value", "dev")
	first, ok, err := s.SAMLProvider(ctx, samlARN)
	if err != nil || !ok {
		t.Fatalf("SAMLProvider: %v, %v", ok, err)
	}
	want := &iam.SAMLProvider{
		Account: account, ARN: samlARN, UUID: first.UUID, Document: iam.SAMLMetadataDocumentType(m),
		Tags: iam.TagListType{{Key: "env", Value: "dev"}}, Created: start.Truncate(time.Second),
	}
	unexported := cmpopts.IgnoreUnexported(iam.SAMLProvider{})
	if diff := cmp.Diff(want, first, unexported); diff != "" {
		t.Error(diff)
	}
	if len(first.UUID) != 26 {
		t.Errorf("UUID %q", first.UUID)
	}
	parsed, err := first.Metadata()
	if err != nil || parsed.EntityID != "https://idp.example.com/meta" || len(parsed.Certificates) != 1 {
		t.Fatalf("metadata %+v, %v", parsed, err)
	}
	if again, _, _ := s.SAMLProvider(ctx, samlARN); again != first {
		t.Error("the provider is read again for each request")
	}

	wantRefused(t, do(t, s, "UpdateSAMLProvider", "SAMLProviderArn", samlARN, "SAMLMetadataDocument", strings.Repeat("x", 1000)), refusal{400, "InvalidInput", "Could not parse metadata."})
	encrypted := refusal{400, "InvalidInput", "Encrypted SAML assertions are not supported by this version."}
	wantRefused(t, do(t, s, "UpdateSAMLProvider", "SAMLProviderArn", samlARN, "AssertionEncryptionMode", "Required"), encrypted)
	wantRefused(t, do(t, s, "UpdateSAMLProvider", "SAMLProviderArn", samlARN, "RemovePrivateKey", strings.Repeat("A", 22)), encrypted)
	must(t, s, "UpdateSAMLProvider", "SAMLProviderArn", samlARN)
	if p, _, _ := s.SAMLProvider(ctx, samlARN); !cmp.Equal(want, p, unexported) {
		t.Errorf("after updates that change nothing: %+v", p)
	}

	want.Document = iam.SAMLMetadataDocumentType(strings.NewReplacer("2030-01-01", "2031-01-01", "/meta", "/new").Replace(m))
	must(t, s, "UpdateSAMLProvider", "SAMLProviderArn", samlARN, "SAMLMetadataDocument", string(want.Document))
	second, _, err := s.SAMLProvider(ctx, samlARN)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, second, unexported); diff != "" {
		t.Error(diff)
	}
	if parsed, err = second.Metadata(); err != nil || parsed.EntityID != "https://idp.example.com/new" {
		t.Errorf("metadata %+v, %v", parsed, err)
	}
	body := must(t, s, "GetSAMLProvider", "SAMLProviderArn", samlARN)
	if got := element(t, body, "SAMLMetadataDocument"); got != string(want.Document) {
		t.Errorf("metadata %q", got)
	}
}

// Without a validUntil metadata last a hundred years, expired as their certificates
// may be; short keys are refused unless they are allowed.
func TestSAMLProviderEndsAndKeys(t *testing.T) {
	s := newService(t)
	until := func(name string) string {
		t.Helper()
		body := must(t, s, "GetSAMLProvider", "SAMLProviderArn", strings.Replace(samlARN, "idp", name, 1))
		list := must(t, s, "ListSAMLProviders")
		if got := element(t, body, "ValidUntil"); strings.Contains(string(list), "saml-provider/"+name+"</Arn><ValidUntil>"+got+"<") {
			return got
		}
		t.Errorf("listed otherwise: %s", list)
		return ""
	}
	must(t, s, "CreateSAMLProvider", "Name", "idp", "SAMLMetadataDocument", samlMetadata(t))
	if got := until("idp"); got != "2030-01-01T00:00:00Z" {
		t.Errorf("until %s", got)
	}
	must(t, s, "CreateSAMLProvider", "Name", "old", "SAMLMetadataDocument", certified(t, 2048))
	if got, want := until("old"), start.AddDate(100, 0, 0).UTC().Format(time.RFC3339); got != want {
		t.Errorf("until %s, want %s", got, want)
	}
	short := certified(t, 1024)
	refused := refusal{400, "InvalidInput", "Could not parse metadata."}
	wantRefused(t, do(t, s, "CreateSAMLProvider", "Name", "short", "SAMLMetadataDocument", short), refused)
	s.SAMLAllowRSA1024 = true
	must(t, s, "CreateSAMLProvider", "Name", "short", "SAMLMetadataDocument", short)
	s.SAMLAllowRSA1024 = false
	wantRefused(t, do(t, s, "UpdateSAMLProvider", "SAMLProviderArn", samlARN, "SAMLMetadataDocument", short), refused)
	if got, want := until("short"), start.AddDate(100, 0, 0).UTC().Format(time.RFC3339); got != want {
		t.Errorf("what is stored is shown with %s, want %s", got, want)
	}
}

// certified is metadata with an RSA key of a length, in a certificate that expired.
func certified(t *testing.T, bits int) string {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com">` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` +
		`<ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(der) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor></IDPSSODescriptor>` +
		strings.Repeat(" ", 1000) + `</EntityDescriptor>`
}

// Metadata that this version refuses were stored by another one.
func TestStoredMetadataThatCannotBeRead(t *testing.T) {
	p := &iam.SAMLProvider{ARN: samlARN, Document: "<a/>"}
	m, err := p.Metadata()
	if m != nil || err == nil || err.Error() != "the stored metadata of "+samlARN+": saml: metadata: 4 characters, not 1000 to 10000000" {
		t.Errorf("%v, %v", m, err)
	}
}
