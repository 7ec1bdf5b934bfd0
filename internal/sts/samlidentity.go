package sts

import (
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/saml"
)

// The attributes that are for us ("Configure SAML assertions for the
// authentication response" in the IAM User Guide).
const (
	samlAttributes           = "https://aws.amazon.com/SAML/Attributes/"
	roleSessionNameAttribute = samlAttributes + "RoleSessionName"
	sessionDurationAttribute = samlAttributes + "SessionDuration"
	sourceIdentityAttribute  = samlAttributes + "SourceIdentity"
	principalTagAttributes   = samlAttributes + "PrincipalTag:"
	transitiveTagsAttribute  = samlAttributes + "TransitiveTagKeys"
)

// fromAssertion is the federated user of a verified response, and the name of
// the session that it asks for.
func fromAssertion(provider string, a *saml.Assertion) (f *federated, name string, err error) {
	names := a.Attributes[roleSessionNameAttribute]
	switch {
	case len(names) != 1:
		return nil, "", sessionNameMissing(len(names))
	case !usableName(names[0]):
		return nil, "", badSessionName(names[0])
	}
	f = &federated{
		action: actionSAML, provider: provider, subject: a.NameID,
		lasting: []Key{
			{"namequalifier", []string{nameQualifier(a.Issuer, provider)}},
			{"sub", []string{a.NameID}},
			{"sub_type", []string{subjectType(a)}},
		},
		passing: samlKeys(provider, a),
	}
	if identities := a.Attributes[sourceIdentityAttribute]; len(identities) > 0 {
		if f.sourceIdentity = identities[0]; len(identities) > 1 || !usableName(f.sourceIdentity) {
			return nil, "", badSourceIdentity()
		}
	}
	if f.tags, err = samlTags(a); err != nil {
		return nil, "", err
	}
	return f, names[0], checkTags(f.tags)
}

// samlTags are the session tags of a response, by key.
func samlTags(a *saml.Assertion) ([]SessionTag, error) {
	var tags []SessionTag
	for name, values := range a.Attributes {
		key, ok := strings.CutPrefix(name, principalTagAttributes)
		if !ok {
			continue
		}
		if len(values) != 1 {
			return nil, samlTagMalformed(key, len(values))
		}
		tags = append(tags, SessionTag{Key: key, Value: values[0]})
	}
	slices.SortFunc(tags, byKey)
	return tags, markTransitive(tags, a.Attributes[transitiveTagsAttribute])
}

// sessionDurationOf is how long the response lets a session last; false if it
// does not say.
func sessionDurationOf(a *saml.Assertion) (time.Duration, bool, error) {
	values := a.Attributes[sessionDurationAttribute]
	if len(values) == 0 {
		return 0, false, nil
	}
	seconds, err := strconv.ParseUint(strings.TrimSpace(values[0]), 10, 32)
	lasts := time.Duration(seconds) * time.Second
	if err != nil || len(values) > 1 || lasts < minDuration || lasts > maxDuration {
		return 0, false, badSessionDuration(values)
	}
	return lasts, true, nil
}

// subjectType is the kind of a NameID: short where it is of SAML 2.0.
func subjectType(a *saml.Assertion) string {
	if a.Format == "" {
		return "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified" // SAML 2.0 core, 2.2.2
	}
	return strings.TrimPrefix(a.Format, "urn:oasis:names:tc:SAML:2.0:nameid-format:")
}

// nameQualifier tells NameIDs of one provider from those of another: a hash of
// the issuer and of the provider's account and name (AssumeRoleWithSAML in the
// AWS STS API Reference). Nothing depends on its strength.
func nameQualifier(issuer, provider string) string {
	sum := sha1.Sum([]byte(issuer + documentOf(provider)))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// documentOf is the account and the name of a provider: 111122223333/idp.
func documentOf(provider string) string {
	rest := strings.TrimPrefix(provider, "arn:aws:iam::")
	account, name, _ := strings.Cut(rest, ":saml-provider/")
	return account + "/" + name
}

// samlKeys are the condition keys that only trust policies see ("Available keys
// for SAML-based AWS STS federation" in the IAM User Guide).
func samlKeys(provider string, a *saml.Assertion) []Key {
	keys := []Key{
		{"aud", []string{a.Recipient}}, // sic
		{"iss", []string{a.Issuer}},
		{"doc", []string{documentOf(provider)}},
	}
	for _, m := range samlAttributeKeys {
		values := a.Attributes[m.attribute]
		if len(values) == 0 || m.single && len(values) > 1 {
			continue
		}
		if i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == m.key }); i >= 0 {
			keys[i].Values = append(slices.Clip(keys[i].Values), values...)
			continue
		}
		keys = append(keys, Key{m.key, values})
	}
	return keys
}

const (
	eduPerson = "urn:oid:1.3.6.1.4.1.5923.1.1.1."
	eduOrg    = "urn:oid:1.3.6.1.4.1.5923.1.2.1."
	claims    = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
)

// samlAttributeKeys are the condition keys of attributes, by their Name. A key
// that has one value only is not there where the attribute has several. The
// guide calls those of X.500 by bare object identifiers, identity providers call
// them URNs; both count, and so does the right identifier of givenName beside
// the guide's.
var samlAttributeKeys = []struct {
	attribute, key string
	single         bool
}{
	{eduPerson + "1", "edupersonaffiliation", false},
	{eduPerson + "2", "edupersonnickname", false},
	{eduPerson + "3", "edupersonorgdn", true},
	{eduPerson + "4", "edupersonorgunitdn", false},
	{eduPerson + "5", "edupersonprimaryaffiliation", true},
	{eduPerson + "6", "edupersonprincipalname", true},
	{eduPerson + "7", "edupersonentitlement", false},
	{eduPerson + "8", "edupersonprimaryorgunitdn", true},
	{eduPerson + "9", "edupersonscopedaffiliation", false},
	{eduPerson + "10", "edupersontargetedid", false},
	{eduPerson + "11", "edupersonassurance", false},
	{eduOrg + "2", "eduorghomepageuri", false},
	{eduOrg + "3", "eduorgidentityauthnpolicyuri", false},
	{eduOrg + "4", "eduorglegalname", false},
	{eduOrg + "5", "eduorgsuperioruri", false},
	{eduOrg + "6", "eduorgwhitepagesuri", false},
	{"urn:oid:2.5.4.3", "cn", false},
	{claims + "name", "name", false},
	{claims + "givenname", "givenname", false},
	{claims + "surname", "surname", false},
	{claims + "emailaddress", "mail", false},
	{"http://schemas.xmlsoap.org/claims/CommonName", "commonname", false},
	{"http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "uid", false}, // sic
	{"http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "primarygroupsid", false},
	{"2.5.4.3", "commonname", false}, {"urn:oid:2.5.4.3", "commonname", false},
	{"2.5.4.4", "surname", false}, {"urn:oid:2.5.4.4", "surname", false},
	{"2.4.5.42", "givenname", false}, {"2.5.4.42", "givenname", false}, {"urn:oid:2.5.4.42", "givenname", false},
	{"2.5.4.45", "x500uniqueidentifier", false}, {"urn:oid:2.5.4.45", "x500uniqueidentifier", false},
	{"0.9.2342.19200300.100.1.1", "uid", false}, {"urn:oid:0.9.2342.19200300.100.1.1", "uid", false},
	{"0.9.2342.19200300.100.1.3", "mail", false}, {"urn:oid:0.9.2342.19200300.100.1.3", "mail", false},
	{"0.9.2342.19200300.100.1.45", "organizationstatus", false}, {"urn:oid:0.9.2342.19200300.100.1.45", "organizationstatus", false},
}
