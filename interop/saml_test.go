package interop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/mint"
)

// samlIDP is a SAML identity provider that signs with xmlsec1.
type samlIDP struct {
	xmlsec1, dir string
}

const (
	samlEntity = "https://corp.example/idp"
	samlARN    = "arn:aws:iam::" + daypasstest.Account + ":saml-provider/corp"
)

// write makes a file of the provider.
func (p *samlIDP) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newKey makes a key with a certificate, and gives the certificate (DER).
func (p *samlIDP) newKey(t *testing.T, name string, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	p.write(t, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))(t)})))
	p.write(t, name+".crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})))
	return certificate
}

// metadata have certificates.
func (p *samlIDP) metadata(certificates ...[]byte) string {
	var keys strings.Builder
	for _, c := range certificates {
		keys.WriteString(`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
			base64.StdEncoding.EncodeToString(c) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`)
	}
	return `<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + samlEntity + `">` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys.String() +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="` + samlEntity + `/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

// template is a signature that xmlsec1 fills in.
func template(id, method string) string {
	return `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
  <ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#` + method + `"/><ds:Reference URI="#` + id + `"><ds:Transforms>
  <ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>
  <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>
  <ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>`
}

// response is one for somebody, with slots for signatures.
func response(user string, end time.Time) string {
	const layout = "2006-01-02T15:04:05Z"
	now := time.Now().UTC().Add(-time.Second).Format(layout)
	until := end.UTC().Format(layout)
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="%[1]s" Destination="https://signin.aws.amazon.com/saml">
  <saml:Issuer>%[2]s</saml:Issuer>SIGNATURE-R
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
  <saml:Assertion xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_a" Version="2.0" IssueInstant="%[1]s">
    <saml:Issuer>%[2]s</saml:Issuer>SIGNATURE-A
    <saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">%[3]s</saml:NameID>
      <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="%[4]s" Recipient="https://signin.aws.amazon.com/saml"/></saml:SubjectConfirmation></saml:Subject>
    <saml:Conditions NotBefore="%[1]s" NotOnOrAfter="%[4]s"><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>
    <saml:AuthnStatement AuthnInstant="%[1]s"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
    <saml:AttributeStatement><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><saml:AttributeValue xsi:type="xs:string">%[5]s,%[6]s</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>
  </saml:Assertion>
</samlp:Response>`, now, samlEntity, user, until, samlARN, roleARN("corp"))
}

// sign fills a slot with a signature by a key, and leaves the others empty unless
// more keys follow.
func (p *samlIDP) sign(t *testing.T, document string, by ...[3]string) string {
	t.Helper()
	for _, s := range by {
		slot, key, method := s[0], s[1], s[2]
		id, element := "_a", "assertion:Assertion"
		if slot == "SIGNATURE-R" {
			id, element = "_r", "protocol:Response"
		}
		signed := strings.Replace(document, slot, template(id, method), 1)
		rest := strings.NewReplacer("SIGNATURE-R", "", "SIGNATURE-A", "")
		if slot == "SIGNATURE-A" && strings.Contains(signed, "SIGNATURE-R") {
			rest = strings.NewReplacer() // it stands outside of what is signed
		}
		file := p.write(t, "response.xml", rest.Replace(signed))
		document = string(run(t, environment(t), p.xmlsec1, "--sign", "--privkey-pem", filepath.Join(p.dir, key+".key")+","+filepath.Join(p.dir, key+".crt"),
			"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:"+element, file))
	}
	return strings.NewReplacer("SIGNATURE-R", "", "SIGNATURE-A", "").Replace(document)
}

func encode(document string) string { return base64.StdEncoding.EncodeToString([]byte(document)) }

// Responses that xmlsec1 signs lead to credentials for the role that they offer,
// from an empty account; what it signed and somebody changed does not.
func TestSAML(t *testing.T) {
	t.Parallel()
	p := &samlIDP{xmlsec1: need(t, "xmlsec1"), dir: t.TempDir()}
	rsaCertificate := p.newKey(t, "rsa", must(rsa.GenerateKey(rand.Reader, 2048))(t))
	curveCertificate := p.newKey(t, "p256", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t))
	p.newKey(t, "other", must(rsa.GenerateKey(rand.Reader, 2048))(t))
	endpoint := startProcess(t)
	s := &shop{endpoint: endpoint, root: connect(endpoint, root()), public: connect(endpoint, nil)}
	made := must(s.root.iam.CreateSAMLProvider(t.Context(), &iam.CreateSAMLProviderInput{
		Name: aws.String("corp"), SAMLMetadataDocument: aws.String(p.metadata(rsaCertificate, curveCertificate)),
	}))(t)
	if got := *made.SAMLProviderArn; got != samlARN {
		t.Fatalf("the provider is %s, want %s", got, samlARN)
	}
	s.pool = *must(s.root.cognito.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("people"), SamlProviderARNs: []string{samlARN},
	}))(t).IdentityPoolId
	s.newRole(t, "corp", s.pool, "authenticated")
	logins := func(document string) map[string]string { return map[string]string{samlARN: encode(document)} }

	soon := time.Now().Add(5 * time.Minute)
	overAssertion := [3]string{"SIGNATURE-A", "rsa", "rsa-sha256"}
	identities := map[string]bool{}
	for name, by := range map[string][][3]string{
		"assertion": {overAssertion},
		"response":  {{"SIGNATURE-R", "rsa", "rsa-sha512"}},
		"both":      {overAssertion, {"SIGNATURE-R", "p256", "ecdsa-sha256"}},
		"curve":     {{"SIGNATURE-A", "p256", "ecdsa-sha256"}},
	} {
		login := logins(p.sign(t, response(alice, soon), by...))
		identity := s.getID(t, s.pool, login)
		identities[identity] = true
		s.enhancedFlow(t, identity, login, "corp")
		if len(identities) != 1 {
			t.Fatalf("%s: alice is %v", name, identities)
		}
	}

	refused := func(document, message string) {
		t.Helper()
		_, err := s.public.cognito.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &s.pool, Logins: logins(document)})
		wantNotAuthorized(t, err, message)
	}
	const unverified = "Invalid login token. Couldn't verify signed token."
	good := p.sign(t, response(alice, soon), overAssertion)
	refused(strings.Replace(good, ">"+alice+"<", ">"+bob+"<", 1), unverified)
	refused(strings.Replace(good, roleARN("corp"), roleARN("admin"), 1), unverified)
	refused(p.sign(t, response(alice, soon), [3]string{"SIGNATURE-A", "other", "rsa-sha256"}), unverified)
	refused(p.sign(t, response(alice, soon)), unverified)
	end := time.Now().Add(-time.Hour)
	_, err := s.public.cognito.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &s.pool, Logins: logins(p.sign(t, response(alice, end), overAssertion))})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf(" >= %d", end.Unix())) || !strings.Contains(err.Error(), "Invalid login token. Token expired: ") {
		t.Errorf("expired: %v", err)
	}
}

// What the development provider signs, xmlsec1 verifies.
func TestSAMLMint(t *testing.T) {
	t.Parallel()
	p := &samlIDP{xmlsec1: need(t, "xmlsec1"), dir: t.TempDir()}
	key := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	p.newKey(t, "rsa", key)
	m := mint.SAML{Issuer: "http://127.0.0.1:4601", Subject: `"Ali" & <Baba>`, Key: key, Attributes: map[string][]string{"a&b": {"<x>", `"y"`}}}
	document := must(base64.StdEncoding.DecodeString(must(m.Response())(t)))(t)
	run(t, environment(t), p.xmlsec1, "--verify", "--pubkey-cert-pem", filepath.Join(p.dir, "rsa.crt"),
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", p.write(t, "minted.xml", string(document)))
}
