package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseMetadata(t *testing.T) {
	rsa, p256, other := descriptor(t, "rsa", `use="signing"`), descriptor(t, "p256", ""), descriptor(t, "other", `use="encryption"`)
	m, err := ParseMetadata(entity(rsa, p256, other, rsa))
	if err != nil {
		t.Fatal(err)
	}
	var want []*x509.Certificate
	for _, name := range []string{"rsa", "p256"} {
		c, err := x509.ParseCertificate(der(t, name))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, c)
	}
	if diff := cmp.Diff(&Metadata{EntityID: "https://idp.example.com/meta", Certificates: want}, m, cmp.Comparer((*x509.Certificate).Equal)); diff != "" {
		t.Error(diff)
	}
}

func TestMetadataValidUntil(t *testing.T) {
	good := entity(descriptor(t, "rsa", ""))
	until := func(mark, at string) func(string) string {
		return func(s string) string { return strings.Replace(s, mark, `validUntil="`+at+`" `+mark, 1) }
	}
	early, late := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		change []func(string) string
		want   time.Time
	}{
		{"entity", []func(string) string{until("entityID", "2027-01-01T01:00:00+01:00")}, early},
		{"descriptor", []func(string) string{until("protocolSupportEnumeration", "2028-01-01T00:00:00Z")}, late},
		{"none", nil, time.Time{}},
		{"both", []func(string) string{until("entityID", "2028-01-01T00:00:00Z"), until("protocolSupportEnumeration", "2027-01-01T00:00:00Z")}, early},
	}
	for _, test := range tests {
		text := good
		for _, change := range test.change {
			text = change(text)
		}
		m, err := ParseMetadata(text)
		if err != nil || !m.ValidUntil.Equal(test.want) {
			t.Errorf("%s: %v, %v", test.name, m, err)
		}
	}
}

func TestMetadataRefused(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := descriptor(t, "rsa", "")
	tests := []struct{ name, text, want string }{
		{"too short", `<EntityDescriptor/>`, "19 characters, not 1000 to 10000000"},
		{"not UTF-8", entity(good) + "\xff", "not UTF-8"},
		{"byte order mark", "\ufeff" + entity(good), "text outside of the root"},
		{"DOCTYPE", "<!DOCTYPE a>" + strings.TrimPrefix(entity(good), `<?xml version="1.0" encoding="UTF-8"?>`), "DOCTYPE is refused"},
		{"several entities", strings.ReplaceAll(entity(good), "EntityDescriptor", "EntitiesDescriptor"), `the root is "EntitiesDescriptor", not EntityDescriptor`},
		{"no entity ID", strings.Replace(entity(good), `entityID="https://idp.example.com/meta"`, "", 1), "the entityID is absent, longer than 1024 characters or in white space"},
		{"entity ID in white space", strings.Replace(entity(good), `entityID="https`, `entityID=" https`, 1), "the entityID is absent, longer than 1024 characters or in white space"},
		{"long entity ID", strings.Replace(entity(good), `entityID="https`, `entityID="`+strings.Repeat("h", 1024), 1), "the entityID is absent, longer than 1024 characters or in white space"},
		{"bad validUntil", strings.Replace(entity(good), "entityID", `validUntil="never" entityID`, 1), "the validUntil is no time"},
		{"zero validUntil", strings.Replace(entity(good), "entityID", `validUntil="0001-01-01T00:00:00Z" entityID`, 1), "the validUntil is no time"},
		{"no keys", entity(), "no IDPSSODescriptor of SAML 2.0 with a signing certificate"},
		{"encryption key only", entity(descriptor(t, "rsa", `use="encryption"`)), "no IDPSSODescriptor of SAML 2.0 with a signing certificate"},
		{"key for something else", entity(descriptor(t, "rsa", `use="Encryption"`), descriptor(t, "rsa", `use=""`)), "no IDPSSODescriptor of SAML 2.0 with a signing certificate"},
		{"service provider", strings.ReplaceAll(entity(good), "IDPSSODescriptor", "SPSSODescriptor"), "no IDPSSODescriptor of SAML 2.0 with a signing certificate"},
		{"SAML 1.1", strings.ReplaceAll(entity(good), "SAML:2.0:protocol", "SAML:1.1:protocol"), "no IDPSSODescriptor of SAML 2.0 with a signing certificate"},
		{"eleven keys", entity(strings.Repeat(good, 11)), "more than 10 of KeyDescriptor"},
		{"eleven descriptors", strings.Replace(entity(good), "</EntityDescriptor>", strings.Repeat("<IDPSSODescriptor/>", 10)+"</EntityDescriptor>", 1), "more than 10 of IDPSSODescriptor"},
		{"no certificate", entity(good, `<KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:KeyName>x</ds:KeyName></ds:KeyInfo></KeyDescriptor>`), "KeyDescriptor 2: no X509Certificate"},
		{"no KeyInfo", entity(`<KeyDescriptor/>`), "KeyDescriptor 1: 0 of KeyInfo in KeyDescriptor"},
		{"short RSA key", entity(keyDescriptor(certify(t, ofBits(1023), now), "")), "KeyDescriptor 1: an RSA key of 1023 bits, not 1024 to 16384"},
		{"long RSA key", entity(keyDescriptor(certify(t, ofBits(maxRSA+1), now), "")), "KeyDescriptor 1: an RSA key of 16385 bits, not 1024 to 16384"},
		{"P-224 key", entity(keyDescriptor(certify(t, &p224.PublicKey, now), "")), "KeyDescriptor 1: the key is neither RSA nor on P-256, P-384 or P-521"},
		{"Ed25519 key", entity(descriptor(t, "ed25519", "")), "KeyDescriptor 1: the key is neither RSA nor on P-256, P-384 or P-521"},
	}
	for _, test := range tests {
		m, err := ParseMetadata(test.text)
		if m != nil || err == nil || err.Error() != "saml: metadata: "+test.want {
			t.Errorf("%s: %v, %v; want %s", test.name, m, err, test.want)
		}
	}
}

// ofBits is an RSA key of a length, that nobody has.
func ofBits(bits uint) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}
}

// certify makes a certificate of a key.
func certify(t *testing.T, of crypto.PublicKey, until time.Time) []byte {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, c, c, of, key(t, "p256"))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// That certificates expire does not end the metadata, nor the keys in them.
func TestExpiredCertificates(t *testing.T) {
	var list []string
	for _, hours := range []time.Duration{-1, -20_000} {
		list = append(list, keyDescriptor(certify(t, key(t, "rsa").Public(), now.Add(hours*time.Hour)), ""))
	}
	m, err := ParseMetadata(entity(list...))
	if err != nil || !m.ValidUntil.IsZero() || len(m.Certificates) != 2 {
		t.Fatalf("%v, %v", m, err)
	}
	if _, err := Verify(encode(sign(t, plain, &signing{}, nil)), m, rules); err != nil {
		t.Error(err)
	}
}

// Short RSA keys sign where the rules say so. Where they do not, the cause is that
// and not a wrong key, which it is for others.
func TestShortRSA(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	shortKey := keyDescriptor(certify(t, short.Public(), now), "")
	m, err := ParseMetadata(entity(shortKey, descriptor(t, "rsa", "")))
	if err != nil || !m.ShortRSA() || metadata(t, "rsa", "p256").ShortRSA() {
		t.Fatalf("%v, %v", m, err)
	}
	allowing := rules
	allowing.AllowRSA1024 = true
	for _, test := range []struct {
		name string
		s    *signing
		r    Rules
		want Cause
	}{
		{"not allowed", &signing{signer: short}, rules, KeyTooShort},
		{"allowed", &signing{signer: short}, allowing, ""},
		{"the long one", &signing{}, rules, ""},
		{"another", &signing{key: "other"}, rules, SignatureInvalid},
		{"another, allowed", &signing{key: "other"}, allowing, SignatureInvalid},
		{"changed", &signing{signer: short, wrong: true}, rules, SignatureInvalid},
	} {
		a, err := Verify(encode(sign(t, plain, test.s, nil)), m, test.r)
		if got := causeOf(t, a, err); got != test.want {
			t.Errorf("%s: cause %q (%v), want %q", test.name, got, err, test.want)
		}
	}
}

// Text in many pieces is read in time that grows with it, not with its square.
func TestMetadataPieces(t *testing.T) {
	text := strings.Replace(entity(descriptor(t, "rsa", "")), "<SingleSign", "<X>"+strings.Repeat("a<!---->", 1_000_000)+"</X><SingleSign", 1)
	if _, err := ParseMetadata(text); err != nil {
		t.Error(err)
	}
}

// Comments cut no text in two: what stands around one is one text.
func TestMetadataComments(t *testing.T) {
	text := strings.Replace(entity(descriptor(t, "rsa", "")), "<ds:X509Certificate>\nMII", "<ds:X509Certificate>\nM<!-- x -->II", 1)
	if !strings.Contains(text, "M<!--") {
		t.Fatal("no comment put in")
	}
	if _, err := ParseMetadata(text); err != nil {
		t.Error(err)
	}
}

// What is accepted as metadata has keys that can verify.
func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte(entity(descriptor(f, "rsa", `use="signing"`), descriptor(f, "p256", ""))))
	f.Add([]byte(entity()))
	f.Fuzz(func(t *testing.T, document []byte) {
		m, err := ParseMetadata(string(document))
		if err != nil {
			return
		}
		if m.EntityID == "" || len(m.Certificates) == 0 || len(m.Certificates) > maxKeys || !m.ValidUntil.IsZero() && m.ended(m.ValidUntil.Add(-1)) {
			t.Fatalf("%+v", m)
		}
		for _, k := range m.keys(true) {
			if err := checkKey(k); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Metadata as long as they may be are read in time and memory that are in
// proportion, whatever is in them.
func TestLongMetadata(t *testing.T) {
	for name, test := range map[string]struct{ filling, want string }{
		"text":     {strings.Repeat("x", 9_900_000), ""},
		"pieces":   {strings.Repeat("x<![CDATA[y]]>", 700_000), ""},
		"comments": {strings.Repeat("x<!--y-->", 1_000_000), ""},
		"elements": {strings.Repeat("<a/>", 2_400_000), "saml: metadata: more than 100000 elements"},
	} {
		document := strings.Replace(entity(descriptor(t, "rsa", "")), "<SingleSignOnService", "<Extensions>"+test.filling+"</Extensions><SingleSignOnService", 1)
		began := time.Now()
		_, err := ParseMetadata(document)
		if got := fmt.Sprint(err); err == nil && test.want != "" || err != nil && got != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
}
