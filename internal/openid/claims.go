package openid

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Claims is what a token says. The fields are in the order of AWS's own tokens;
// like those it has no nbf, jti or auth_time.
type Claims struct {
	// Subject is the identity id.
	Subject string `json:"sub"`
	// Audience is the identity pool id, one string.
	Audience string `json:"aud"`
	// AMR says how the identity was authenticated: "unauthenticated", or
	// "authenticated" and two entries for each login that was presented.
	AMR []string `json:"amr"`
	// Tags become session tags of the role; without any there is no claim.
	Tags Tags `json:"https://aws.amazon.com/tags,omitzero"`
	// FlatTags are the tags once more, one text each, for verifiers that do not
	// read AWS's claim. Sign sets them, if the provider says so.
	FlatTags FlatTags `json:"https://aws.amazon.com/tags/principal_tags,omitempty"`
	// Issuer may be left empty: Sign puts in the provider's, and refuses
	// another one.
	Issuer string `json:"iss"`
	// IdentityPoolARN is the pool's ARN; when empty there is no claim.
	IdentityPoolARN string `json:"https://cognito-identity.amazonaws.com/identity-pool-arn,omitzero"`
	// Expires is when the token stops being valid, in seconds since 1970.
	Expires int64 `json:"exp"`
	// IssuedAt is when the token was made, in seconds since 1970.
	IssuedAt int64 `json:"iat"`
	// Change is the number of the last change of the configuration that the token was
	// issued by, for revocations. Tokens of versions that did not count have none.
	Change int64 `json:"daypass:change,omitzero"`
}

// Authenticated says whether the identity proved a login; a guest has not.
func (c *Claims) Authenticated() bool { return len(c.AMR) > 0 && c.AMR[0] == "authenticated" }

// signable returns a copy of the claims as they are signed. What it refuses is
// a mistake of ours, but one that would make a token valid for too much.
func (c *Claims) signable(issuer string) (*Claims, error) {
	out := *c
	out.Issuer = cmp.Or(c.Issuer, issuer)
	switch {
	case issuer == "" || out.Issuer != issuer:
		return nil, fmt.Errorf("claims of issuer %q, the provider's is %q", c.Issuer, issuer)
	case c.Subject == "":
		return nil, errors.New("claims without a subject")
	case c.Audience == "":
		return nil, errors.New("claims without an audience")
	case len(c.AMR) == 0:
		return nil, errors.New("claims without amr")
	case c.IssuedAt <= 0 || c.Expires <= c.IssuedAt:
		return nil, fmt.Errorf("claims issued at %d that expire at %d", c.IssuedAt, c.Expires)
	}
	return &out, nil
}

// Tags are the principal tags of a token: tag key to tag value. On the wire each
// value is an array of one, {"principal_tags":{"key":["value"]}}.
type Tags map[string]string

// FlatTags are principal tags in the claim that SeaweedFS reads: tag key to tag
// value, {"key":"value"}.
type FlatTags map[string]string

// MarshalJSONTo writes the claim, tag keys in order.
func (t FlatTags) MarshalJSONTo(enc *jsontext.Encoder) error {
	return json.MarshalEncode(enc, map[string]string(t), json.Deterministic(true))
}

// wireTags is the claim as AWS has it; members that we do not know are ignored.
type wireTags struct {
	PrincipalTags map[string][]string `json:"principal_tags"`
}

// IsZero reports whether there are no tags, in which case there is no claim.
func (t Tags) IsZero() bool { return len(t) == 0 }

// MarshalJSONTo writes the claim, tag keys in order.
func (t Tags) MarshalJSONTo(enc *jsontext.Encoder) error {
	wire := wireTags{PrincipalTags: make(map[string][]string, len(t))}
	for key, value := range t {
		wire.PrincipalTags[key] = []string{value}
	}
	return json.MarshalEncode(enc, wire, json.Deterministic(true))
}

// UnmarshalJSONFrom reads the claim. A tag without exactly one value is an error.
func (t *Tags) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var wire wireTags
	if err := json.UnmarshalDecode(dec, &wire); err != nil {
		return err
	}
	tags := make(Tags, len(wire.PrincipalTags))
	for key, values := range wire.PrincipalTags {
		if len(values) != 1 {
			return fmt.Errorf("principal tag %q has %d values, must have one", key, len(values))
		}
		tags[key] = values[0]
	}
	*t = tags
	return nil
}
