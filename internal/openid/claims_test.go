package openid

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// The order of the members is that of real tokens.
func TestClaimsJSON(t *testing.T) {
	full := Claims{
		Subject:         "us-east-1:157d6171-ee37-c0dd-c6c5-ce7afc0154ab",
		Audience:        "us-east-1:0f1e2d3c-4b5a-4697-8877-665544332211",
		AMR:             []string{"authenticated", "login.example.com", "arn:aws:iam::111122223333:oidc-provider/login.example.com:OIDC:al<i>ce&co"},
		Tags:            Tags{"username": "alice", "client": "web", "a b": ""},
		Issuer:          "https://cognito-identity.amazonaws.com",
		IdentityPoolARN: "arn:aws:cognito-identity:us-east-1:111122223333:identitypool/us-east-1:0f1e2d3c-4b5a-4697-8877-665544332211",
		Expires:         1767323645,
		IssuedAt:        1767323045,
	}
	unauthenticated := full
	unauthenticated.AMR, unauthenticated.Tags, unauthenticated.IdentityPoolARN = []string{"unauthenticated"}, nil, ""
	emptyTags := unauthenticated
	emptyTags.Tags = Tags{}

	const guestJSON = `{"sub":"us-east-1:157d6171-ee37-c0dd-c6c5-ce7afc0154ab",` +
		`"aud":"us-east-1:0f1e2d3c-4b5a-4697-8877-665544332211",` +
		`"amr":["unauthenticated"],` +
		`"iss":"https://cognito-identity.amazonaws.com",` +
		`"exp":1767323645,"iat":1767323045}`
	for name, tt := range map[string]struct {
		claims Claims
		want   string
	}{
		"all members": {full, `{"sub":"us-east-1:157d6171-ee37-c0dd-c6c5-ce7afc0154ab",` +
			`"aud":"us-east-1:0f1e2d3c-4b5a-4697-8877-665544332211",` +
			`"amr":["authenticated","login.example.com","arn:aws:iam::111122223333:oidc-provider/login.example.com:OIDC:al<i>ce&co"],` +
			`"https://aws.amazon.com/tags":{"principal_tags":{"a b":[""],"client":["web"],"username":["alice"]}},` +
			`"iss":"https://cognito-identity.amazonaws.com",` +
			`"https://cognito-identity.amazonaws.com/identity-pool-arn":"arn:aws:cognito-identity:us-east-1:111122223333:identitypool/us-east-1:0f1e2d3c-4b5a-4697-8877-665544332211",` +
			`"exp":1767323645,"iat":1767323045}`},
		"guest":      {unauthenticated, guestJSON},
		"empty tags": {emptyTags, guestJSON},
	} {
		got, err := json.Marshal(&tt.claims)
		if string(got) != tt.want || err != nil {
			t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, got, tt.want)
		}
		var again Claims
		if err := json.Unmarshal(got, &again); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(tt.claims.Tags) == 0 {
			tt.claims.Tags = nil
		}
		if diff := cmp.Diff(tt.claims, again); diff != "" {
			t.Errorf("%s: read again (-want +got):\n%s", name, diff)
		}
	}
}

// The library varies the first words of its messages on purpose.
func TestTagsRefuse(t *testing.T) {
	for text, want := range map[string]string{
		`{"principal_tags":{"a":[]}}`:              `principal tag "a" has 0 values, must have one`,
		`{"principal_tags":{"a":["b","c"]}}`:       `principal tag "a" has 2 values, must have one`,
		`{"principal_tags":{"a":null}}`:            `principal tag "a" has 0 values, must have one`,
		`{"principal_tags":{"a":"b"}}`:             ` unmarshal JSON string into Go []string`,
		`{"principal_tags":{"a":["b"],"a":["c"]}}`: `duplicate object member name "a"`,
		`{"principal_tags":[]}`:                    ` unmarshal JSON array into Go map[string][]string`,
		`"principal_tags"`:                         ` unmarshal JSON string into Go openid.wireTags`,
	} {
		var tags Tags
		err := json.Unmarshal([]byte(text), &tags)
		if err == nil || !strings.Contains(err.Error(), want) || tags != nil {
			t.Errorf("%s: got %v, %v, want %s", text, tags, err, want)
		}
	}
}

// FuzzTags: tags that are read are written and read again as they were.
func FuzzTags(f *testing.F) {
	f.Add([]byte(`{"principal_tags":{"username":["alice"],"client":["web"]}}`))
	f.Add([]byte(`{"principal_tags":{"a":["b","c"]}}`))
	f.Add([]byte(`{"principal_tags":{},"transitive_tag_keys":["a"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var first, second Tags
		if err := json.Unmarshal(text, &first); err != nil {
			return
		}
		written, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" && len(first)+len(second) > 0 {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

func TestSignable(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Claims)
		want   string
	}{
		"foreign issuer": {func(c *Claims) { c.Issuer = "https://other.example.com" }, `claims of issuer "https://other.example.com", the provider's is "https://id.example.com"`},
		"issuer slash":   {func(c *Claims) { c.Issuer = testIssuer + "/" }, `claims of issuer "https://id.example.com/", the provider's is "https://id.example.com"`},
		"no subject":     {func(c *Claims) { c.Subject = "" }, "claims without a subject"},
		"no audience":    {func(c *Claims) { c.Audience = "" }, "claims without an audience"},
		"no amr":         {func(c *Claims) { c.AMR = nil }, "claims without amr"},
		"no iat":         {func(c *Claims) { c.IssuedAt = 0 }, "claims issued at 0 that expire at 1767323645"},
		"no exp":         {func(c *Claims) { c.Expires = 0 }, "claims issued at 1767323045 that expire at 0"},
		"exp is iat":     {func(c *Claims) { c.Expires = c.IssuedAt }, "claims issued at 1767323045 that expire at 1767323045"},
	} {
		c := guest("us-east-1", start)
		tt.change(c)
		got, err := c.signable(testIssuer)
		if err == nil || err.Error() != tt.want || got != nil {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	for _, issuer := range []string{"", testIssuer} {
		c := guest("us-east-1", start)
		c.Issuer = issuer
		want := *c
		want.Issuer = testIssuer
		got, err := c.signable(testIssuer)
		if diff := cmp.Diff(&want, got); diff != "" || err != nil || c.Issuer != issuer {
			t.Errorf("issuer %q: %v, now %q (-want +got):\n%s", issuer, err, c.Issuer, diff)
		}
	}
}
