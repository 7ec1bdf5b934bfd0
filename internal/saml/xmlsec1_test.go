package saml

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"
)

var renew = flag.Bool("xmlsec1", false, "sign testdata/xmlsec1 anew, with the program xmlsec1")

// messy says the same as plain in other words: other prefixes, white space,
// CDATA, character references, attributes in another order.
var messy = strings.NewReplacer(
	"saml:", "s2:", "xmlns:saml=", "xmlns:s2=",
	`ID="_a1" Version="2.0"`, "Version='2.0'\n\t ID = \"_a1\"",
	">user-77<", "><![CDATA[user]]>&#45;77<",
	"b &amp; c", "b <![CDATA[&]]> c",
	"<s2:Subject>", "\r\n  <s2:Subject >",
	`Name="groups"`, `Name="groups" FriendlyName="&lt;&quot;&#x9;&#10;>"`,
).Replace(strings.ReplaceAll(strings.ReplaceAll(plain, "saml:Subject>", "s2:Subject>"), "<saml:Subject>", "<s2:Subject>"))

// xmlsec1Cases are responses that xmlsec1 has signed; the files are the proof
// that what another implementation signs is accepted here.
var xmlsec1Cases = []struct {
	name, doc           string
	assertion, response *signing
}{
	{"assertion", plain, &signing{}, nil},
	{"response", plain, nil, &signing{}},
	{"both", plain, &signing{}, &signing{}},
	{"sha512", plain, &signing{method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", digest: "http://www.w3.org/2001/04/xmlenc#sha512"}, nil},
	{"p256", plain, &signing{key: "p256", method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}, nil},
	{"p384", plain, &signing{key: "p384", method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", digest: "http://www.w3.org/2001/04/xmldsig-more#sha384"}, nil},
	{"p521", plain, nil, &signing{key: "p521", method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"}},
	{"inclusive", plain, &signing{inclusive: "xs #default samlp"}, &signing{inclusive: "xs"}},
	{"messy", messy, &signing{}, &signing{}},
}

func TestXmlsec1(t *testing.T) {
	m := metadata(t, "rsa", "p256", "p384", "p521")
	for _, test := range xmlsec1Cases {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join("testdata", "xmlsec1", test.name+".xml")
			if *renew {
				xmlsec1(t, test.doc, file, test.assertion, test.response)
			}
			a, err := Verify(encode(string(read(t, filepath.Join("xmlsec1", test.name+".xml")))), m, rules)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wanted(), a); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// xmlsec1 signs a document and writes it to a file.
func xmlsec1(t *testing.T, doc, file string, assertion, response *signing) {
	t.Helper()
	for _, slot := range []struct {
		name, id string
		*signing
	}{{"SIGNATURE-A", "_a1", assertion}, {"SIGNATURE-R", "_r1", response}} {
		template := ""
		if slot.signing != nil {
			template = slot.template(slot.id)
			template = strings.NewReplacer("DIGEST", "", "VALUE", "").Replace(template)
		}
		doc = strings.Replace(doc, slot.name, template, 1)
	}
	if err := os.WriteFile(file, []byte(doc), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, over := range []struct {
		element string
		*signing
	}{{"Assertion", assertion}, {"Response", response}} {
		if over.signing == nil {
			continue
		}
		key := filepath.Join("testdata", or(over.key, "rsa")+".key")
		out, err := exec.CommandContext(t.Context(), "xmlsec1", "--sign", "--privkey-pem", key, "--id-attr:ID", "Assertion", "--id-attr:ID", "Response",
			"--node-xpath", "//*[local-name()='"+over.element+"']/*[local-name()='Signature']", "--output", file, file).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// goxmldsig, of yet other authors, signs as well.
func TestGoxmldsig(t *testing.T) {
	for _, over := range []string{"Assertion", "Response"} {
		doc := etree.NewDocument()
		if err := doc.ReadFromString(strings.NewReplacer("SIGNATURE-A", "", "SIGNATURE-R", "").Replace(plain)); err != nil {
			t.Fatal(err)
		}
		c, err := dsig.NewSigningContext(key(t, "rsa"), [][]byte{der(t, "rsa")})
		if err != nil {
			t.Fatal(err)
		}
		c.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
		target := doc.FindElement("//" + over)
		signed, err := c.SignEnveloped(target)
		if err != nil {
			t.Fatal(err)
		}
		if over == "Response" {
			doc.SetRoot(signed)
		} else {
			parent := target.Parent()
			parent.InsertChildAt(target.Index(), signed)
			parent.RemoveChild(target)
		}
		text, err := doc.WriteToString()
		if err != nil {
			t.Fatal(err)
		}
		a, err := verify(t, text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", over, err, text)
		}
		if diff := cmp.Diff(wanted(), a); diff != "" {
			t.Error(diff)
		}
	}
}
