package mint_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/mint"
	"github.com/daypass/daypass/internal/saml"
)

// The served metadata go with minted responses, and each bad kind is refused for
// what is bad about it.
func TestMintedResponses(t *testing.T) {
	s, key := startProvider(t)
	attributes := map[string][]string{"groups": {"a", `<b> & "c" > d`}, `quoted "name" & <more>`: {""}, mint.RoleAttribute: {"x"}}
	m := mint.SAML{Issuer: s.URL, Subject: `Ali & "Baba" <x>`, Key: key, Now: mintNow, Attributes: attributes, Lifetime: time.Minute}
	metadata, err := saml.ParseMetadata(get(t, s.URL+"/saml/metadata"))
	if err != nil {
		t.Fatal(err)
	}
	offline, err := m.Metadata()
	if err != nil || string(offline) != get(t, s.URL+"/saml/metadata") {
		t.Errorf("the metadata that are served are others (%v)", err)
	}
	check := func(response string) (*saml.Assertion, string) {
		a, err := login.SAML{Now: mintNow}.Assertion(response, metadata)
		if err != nil {
			return nil, strings.TrimPrefix(strings.SplitN(err.Error(), ":", 3)[1], " ")
		}
		return a, ""
	}
	good, err := m.Response()
	if err != nil {
		t.Fatal(err)
	}
	a, refused := check(good)
	if refused != "" {
		t.Fatalf("the good response: %s", refused)
	}
	want := &saml.Assertion{
		ID: a.ID, NameID: `Ali & "Baba" <x>`, Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", Issuer: s.URL + "/saml/metadata",
		Audience: "urn:amazon:webservices", Recipient: "https://signin.aws.amazon.com/saml", Attributes: attributes,
		IssueInstant: mintTime.UTC(), NotOnOrAfter: mintTime.Add(time.Minute).UTC(),
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	wanted := map[string]string{
		"audience": "saml-audience-mismatch", "canonicalization": "saml-canonicalizer-refused", "destination": "saml-destination-mismatch", "comment": "saml-xml-refused", "compressed": "saml-not-xml",
		"doctype": "saml-xml-refused", "encrypted": "saml-encrypted", "expired": "saml-expired", "hmac": "saml-algorithm-refused", "issuer": "saml-issuer-mismatch",
		"key": "saml-signature-invalid", "no-audience": "saml-audience-mismatch", "no-name-id": "saml-name-id-missing", "not-yet-valid": "saml-not-yet-valid",
		"recipient": "saml-recipient-mismatch", "reference": "saml-reference-mismatch", "sha1": "saml-algorithm-refused", "status": "saml-status-not-success",
		"tampered": "saml-digest-mismatch", "transform": "saml-transform-refused", "two-assertions": "saml-assertion-count", "unsigned": "saml-unsigned", "wrapped": "saml-assertion-count",
	}
	for _, kind := range mint.BadResponses() {
		response, err := m.Bad(kind)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if _, got := check(response); got != wanted[kind] {
			t.Errorf("%s: %q, want %q", kind, got, wanted[kind])
		}
	}
	if _, err := m.Bad("spelling"); err == nil || !strings.Contains(err.Error(), `no bad response of kind "spelling"; there are audience,`) {
		t.Errorf("unknown kind: %v", err)
	}
	if _, err := (mint.SAML{Issuer: s.URL}).Response(); err == nil || err.Error() != "mint: a response needs an issuer, a subject and a key" {
		t.Errorf("nothing given: %v", err)
	}
}

// What XML cannot say does not make the response unreadable.
func TestMintedNames(t *testing.T) {
	m := mint.SAML{Issuer: "http://127.0.0.1:1/a", Subject: "a\tb\x00c\xff", Key: newKey(t), Now: mintNow, Audience: "urn:a", Recipient: "https://r/?a=b&c=d"}
	document, err := m.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := saml.ParseMetadata(string(document))
	if err != nil {
		t.Fatal(err)
	}
	response, err := m.Response()
	if err != nil {
		t.Fatal(err)
	}
	a, err := login.SAML{Now: m.Now, Audiences: []string{"urn:a"}, Recipients: []string{"https://r/?a=b&c=d"}}.Assertion(response, metadata)
	if err != nil || a.NameID != "a b c\uFFFD" {
		text, _ := base64.StdEncoding.DecodeString(response)
		t.Errorf("%+v, %v: %s", a, err, text)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, answer.Status, err)
	}
	return string(body)
}
