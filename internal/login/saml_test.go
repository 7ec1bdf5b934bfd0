package login

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/saml"
)

const samlARN = "arn:aws:iam::111122223333:saml-provider/idp"

// samlNow is within the window of the response that xmlsec1 signed.
var samlNow = time.Date(2026, 1, 1, 0, 1, 0, 0, time.UTC)

func readSAML(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../saml/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// samlProvider is a provider whose metadata have a certificate.
func samlProvider(t testing.TB, certificate string) Provider {
	t.Helper()
	certificate, until, ends := strings.Cut(certificate, " until ")
	attributes := ""
	if ends {
		attributes = ` validUntil="` + until + `"`
	}
	block, _ := pem.Decode(readSAML(t, certificate+".crt"))
	m, err := saml.ParseMetadata(`<!--` + strings.Repeat(" padding", 125) + `-->` +
		`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com/meta"` + attributes + `><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(block.Bytes) +
		`</X509Certificate></X509Data></KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>`)
	if err != nil {
		t.Fatal(err)
	}
	return Provider{Name: samlARN, ARN: samlARN, Metadata: m}
}

func samlResponse(t testing.TB, name string) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString(readSAML(t, "xmlsec1/"+name+".xml"))
}

func samlAt(now time.Time) SAML { return SAML{Now: func() time.Time { return now }} }

func TestSAML(t *testing.T) {
	l, err := samlAt(samlNow).Verify(t.Context(), samlProvider(t, "rsa"), Present(samlResponse(t, "assertion"), maxTest))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(samlLogin(), l); diff != "" {
		t.Error(diff)
	}
}

// samlLogin is what the responses that xmlsec1 signed prove.
func samlLogin() *Login {
	return &Login{
		Provider: samlARN, ARN: samlARN, Issuer: "https://idp.example.com/meta", Subject: "user-77", Audience: "urn:amazon:webservices",
		ExpiresAt: time.Date(2026, 1, 1, 0, 5, 0, 0, time.UTC).Unix(),
		Claims: Claims{
			NameIDClaim:        []byte(`["user-77"]`),
			"groups":           []byte(`["a","b & c"]`),
			saml.RoleAttribute: []byte(`["arn:aws:iam::111122223333:role/saml-a,arn:aws:iam::111122223333:saml-provider/idp"]`),
		},
		Roles:     []string{"arn:aws:iam::111122223333:role/saml-a"},
		Qualified: samlARN + ":SAML:user-77", Source: samlARN,
	}
}

// Claims are what JSON makes of the attributes.
func TestSAMLClaims(t *testing.T) {
	attributes := map[string][]string{
		"none": {}, "empty": {""}, "several": {"a", "", "b"},
		"escapes": {"\"\\/\t\n\r\x00\x1f\x7f", "<>&'\u2028\u2029", "é\U0001f511\ufffd"},
	}
	claims, err := samlClaims(&saml.Assertion{NameID: `a"b`, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{NameIDClaim: []byte(`["a\"b"]`)}
	for name, values := range attributes {
		if want[name], err = json.Marshal(values); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
	for _, a := range []*saml.Assertion{{NameID: "\xff"}, {NameID: "a", Attributes: map[string][]string{"b": {"c", "\xff"}}}} {
		if _, err := samlClaims(a); err == nil {
			t.Errorf("%+v is accepted", a)
		}
	}
}

// Whatever is done to a response, the login that it proves is the one that was
// signed, word for word, or there is none: the key has signed nothing else.
func FuzzSAML(f *testing.F) {
	files, err := filepath.Glob("../saml/testdata/xmlsec1/*.xml")
	if err != nil || len(files) == 0 {
		f.Fatal("no responses", err)
	}
	for _, file := range files {
		document, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document, true)
		f.Add([]byte(base64.StdEncoding.EncodeToString(document)), false)
	}
	p := samlProvider(f, "rsa")
	f.Fuzz(func(t *testing.T, data []byte, document bool) {
		text := string(data)
		if document {
			text = base64.StdEncoding.EncodeToString(data)
		}
		l, err := samlAt(samlNow).Verify(t.Context(), p, Present(text, maxTest))
		var e *Error
		switch {
		case err == nil && !cmp.Equal(samlLogin(), l):
			t.Errorf("forged: %s", cmp.Diff(samlLogin(), l))
		case err != nil && (!errors.As(err, &e) || !strings.HasPrefix(string(e.Cause), "saml-") && e.Cause != ClaimInvalid):
			t.Errorf("error %v", err)
		}
	})
}

// Roles that the response offers by another provider are not for this one.
func TestSAMLRolesOfAnotherProvider(t *testing.T) {
	p := samlProvider(t, "rsa")
	p.ARN = samlARN + "2"
	l, err := samlAt(samlNow).Verify(t.Context(), p, Present(samlResponse(t, "assertion"), maxTest))
	if err != nil || len(l.Roles) > 0 {
		t.Errorf("%v, %v", l, err)
	}
}

func TestSAMLRefused(t *testing.T) {
	end := time.Date(2026, 1, 1, 0, 5, 0, 0, time.UTC)
	tests := []struct {
		name, certificate, response string
		now                         time.Time
		want                        string
	}{
		{"just before its end", "rsa", samlResponse(t, "assertion"), end.Add(-time.Millisecond), ""},
		{"at its end", "rsa", samlResponse(t, "assertion"), end, "login rejected: saml-expired: 2026-01-01T00:05:00Z, not on or after 2026-01-01T00:05:00Z"},
		{"our clock is late", "rsa", samlResponse(t, "assertion"), samlNow.Add(-6 * time.Minute), ""},
		{"our clock is too late", "rsa", samlResponse(t, "assertion"), samlNow.Add(-7 * time.Minute), "login rejected: saml-not-yet-valid: 2025-12-31T23:54:00Z, issued 2026-01-01T00:00:00Z"},
		{"metadata at their end", "rsa until 2026-01-01T00:01:00Z", samlResponse(t, "assertion"), samlNow, "login misconfigured: saml-metadata-expired"},
		{"key of another provider", "other", samlResponse(t, "assertion"), samlNow, "login rejected: saml-signature-invalid"},
		{"a JWT", "rsa", "e30.e30.e30", samlNow, "login rejected: saml-not-base64"},
		{"a comment", "rsa", base64.StdEncoding.EncodeToString([]byte("<a><!-- --></a>")), samlNow, "login rejected: saml-xml-refused: comment is refused"},
		{"a DOCTYPE", "rsa", base64.StdEncoding.EncodeToString([]byte("<!DOCTYPE a><a/>")), samlNow, "login rejected: saml-xml-refused: DOCTYPE is refused"},
		{"nothing", "rsa", "", samlNow, "login rejected: saml-not-xml"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := samlAt(test.now).Verify(t.Context(), samlProvider(t, test.certificate), Present(test.response, maxTest))
			var e *Error
			switch {
			case test.want == "" && err == nil:
			case !errors.As(err, &e), !strings.HasPrefix(e.Error(), test.want), test.want == "":
				t.Errorf("%v, want %s", err, test.want)
			case e.Cause == SAMLExpired && (e.Now != test.now.Unix() || e.Expires != end.Unix()):
				t.Errorf("%d >= %d", e.Now, e.Expires)
			}
		})
	}
}

// What is accepted besides AWS's values is told, and nothing like them is.
func TestSAMLRecipients(t *testing.T) {
	s := SAML{Recipients: []string{"https://daypass.example/saml"}}
	for address, want := range map[string]bool{
		"https://signin.aws.amazon.com/saml":                 true,
		"https://eu-west-1.signin.aws.amazon.com/saml":       true,
		"https://us-gov-west-1.signin.aws.amazon.com/saml":   true,
		"https://daypass.example/saml":                       true,
		"https://daypass.example/saml/":                      false,
		"https://signin.aws.amazon.com/saml/":                false,
		"https://signin.aws.amazon.com/static/saml":          false,
		"http://signin.aws.amazon.com/saml":                  false,
		"https://evil.signin.aws.amazon.com/saml":            false,
		"https://signin.aws.amazon.com.evil.example/saml":    false,
		"https://eu-west-1.evil.signin.aws.amazon.com/saml":  false,
		"https://signin.aws.amazon.com/saml\nhttps://x/saml": false,
		"": false,
	} {
		if got := s.recipient(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

func BenchmarkSAML(b *testing.B) {
	p, response := samlProvider(b, "rsa"), samlResponse(b, "assertion")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := samlAt(samlNow).Verify(b.Context(), p, Present(response, maxTest)); err != nil {
			b.Fatal(err)
		}
	}
}
