package saml

import (
	"bytes"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"
)

// Cases after Exclusive XML Canonicalization 1.0, section 2, and Canonical XML
// 1.0, section 3. The element is the first one named e.
func TestCanonical(t *testing.T) {
	tests := []struct{ name, document, inclusive, want string }{
		{"empty element", `<e/>`, "", `<e></e>`},
		{"attributes are sorted by namespace, then name", `<e xmlns:b="u:a" xmlns:a="u:b" a:x="1" b:x="2" z="3" b:a="4"/>`, "", `<e xmlns:a="u:b" xmlns:b="u:a" z="3" b:a="4" b:x="2" a:x="1"></e>`},
		{"namespaces come with use", `<r xmlns:a="u:a" xmlns:b="u:b" xmlns="u:d"><e><a:x/><b:y b:z=""/></e></r>`, "", `<e xmlns="u:d"><a:x xmlns:a="u:a"></a:x><b:y xmlns:b="u:b" b:z=""></b:y></e>`},
		{"unused ones go", `<e xmlns:a="u:a"/>`, "", `<e></e>`},
		{"the same is not said again", `<a:e xmlns:a="u:a"><a:x xmlns:a="u:a"/></a:e>`, "", `<a:e xmlns:a="u:a"><a:x></a:x></a:e>`},
		{"another one is", `<a:e xmlns:a="u:a"><a:x xmlns:a="u:b"><a:y xmlns:a="u:a"/></a:x></a:e>`, "", `<a:e xmlns:a="u:a"><a:x xmlns:a="u:b"><a:y xmlns:a="u:a"></a:y></a:x></a:e>`},
		{"siblings know nothing of each other", `<e xmlns:a="u:a"><a:x/><a:y/></e>`, "", `<e><a:x xmlns:a="u:a"></a:x><a:y xmlns:a="u:a"></a:y></e>`},
		{"default namespace taken back", `<e xmlns="u:d"><x xmlns=""/></e>`, "", `<e xmlns="u:d"><x xmlns=""></x></e>`},
		{"nothing to take back", `<r xmlns="u:d"><e xmlns=""/></r>`, "", `<e></e>`},
		{"taken back before use", `<a:e xmlns:a="u:a" xmlns="u:d"><x xmlns=""/></a:e>`, "", `<a:e xmlns:a="u:a"><x></x></a:e>`},
		{"inclusive prefix from outside", `<r xmlns:xs="u:x"><e><x/></e></r>`, "xs", `<e xmlns:xs="u:x"><x></x></e>`},
		{"inclusive prefix of inside", `<e><x xmlns:xs="u:x"/></e>`, "xs", `<e><x xmlns:xs="u:x"></x></e>`},
		{"inclusive prefix that stands for nothing", `<e/>`, "xs", `<e></e>`},
		{"inclusive default", `<r xmlns="u:d" xmlns:a="u:a"><a:e/></r>`, "#default", ``},
		{"xml: attributes", `<e xml:lang="en" xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, "xml", `<e xml:lang="en"></e>`},
		{"text", "<e>&lt;&gt;&amp;&quot;'&#13;\r\n&#9;é</e>", "", "<e>&lt;&gt;&amp;\"'&#xD;\n\té</e>"},
		{"attribute text", `<e a="&lt;>&amp;&quot;'&#13;&#10;&#9;"/>`, "", `<e a="&lt;>&amp;&quot;'&#xD;&#xA;&#x9;"></e>`},
		{"white space in attributes", "<e a='\t\n\r\r\n&#9;\"' xmlns=\"u\nd\"/>", "", `<e xmlns="u d" a="    &#x9;&quot;"></e>`},
		{"brackets in attributes", `<e a="]]>'" b='"'/>`, "", `<e a="]]>'" b="&quot;"></e>`},
		{"CDATA is literal", `<e><![CDATA[&#xD800;]]><![CDATA[]]></e>`, "", `<e>&amp;#xD800;</e>`},
		{"declaration", "<?xml  version = '1.0'\tencoding='utf-8' standalone=\"no\" ?>\n<e/>\n", "", `<e></e>`},
		{"CDATA", `<e>a<![CDATA[<&>]]>b</e>`, "", `<e>a&lt;&amp;&gt;b</e>`},
		{"white space in tags", "<e  a = '1'\n b=\"2\" ></e >", "", `<e a="1" b="2"></e>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root, err := parseStrict(test.document)
			if err != nil {
				t.Fatal(err)
			}
			var e *element
			root.walk(func(c *element) {
				if c.local == "e" {
					e = c
				}
			})
			list := strings.Fields(test.inclusive)
			if test.inclusive == "#default" {
				list, test.want = []string{""}, `<a:e xmlns="u:d" xmlns:a="u:a"></a:e>`
			}
			if diff := cmp.Diff(test.want, string(form(t, e, nil, list))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Canonical bytes read again are the same, and goxmldsig's canonicalizer, of
// another author, makes the same of the same root.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(plain), "xs")
	f.Add([]byte("<a:e xmlns:a='u:a' xmlns='u:d' a:b='&#10;&lt;' b='>'><x xmlns=''/>&amp;&#13;<![CDATA[<]]></a:e>"), "")
	f.Add([]byte("<e xmlns:a='u:b' xmlns:b='u:a' a:x='' b:y='' xml:lang='en' c=''/>"), "a b")
	f.Fuzz(func(t *testing.T, document []byte, inclusive string) {
		root, err := parseStrict(string(document))
		if err != nil {
			return
		}
		list := strings.Fields(inclusive)
		if strings.Contains(inclusive, "#") || strings.Contains(inclusive, "xml") || len(list) > maxInclusive {
			return
		}
		once, err := canonical(root, nil, list)
		if err != nil {
			return
		}
		again, err := parseStrict(string(once))
		if err != nil {
			t.Fatalf("%v: %s", err, once)
		}
		if twice := form(t, again, nil, list); !bytes.Equal(once, twice) {
			t.Fatalf("\n%s\n%s", once, twice)
		}
		document = spaced(document)
		if root, err = parseStrict(string(document)); err != nil || !bothRight(root) {
			return
		}
		if once, err = canonical(root, nil, list); err != nil {
			return
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(document); err != nil {
			return
		}
		theirs, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(inclusive).Canonicalize(doc.Root())
		if err != nil {
			return
		}
		if !bytes.Equal(once, theirs) {
			t.Fatalf("\n%s\n%s", once, theirs)
		}
	})
}

// spaced has spaces in place of all other white space: goxmldsig does not read
// that in an attribute as one (XML 1.0, section 3.3.3), as libxml2 and we do.
func spaced(document []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, document)
}

// bothRight says whether goxmldsig is known to have the same view of a document.
// It sorts attributes of different namespaces by prefix, and takes back a default
// namespace where there is none.
func bothRight(root *element) bool {
	same := true
	root.walk(func(e *element) {
		prefixes := map[string]bool{}
		for _, a := range e.attributes {
			if a.prefix != "" {
				prefixes[a.prefix] = true
			}
		}
		for _, b := range e.bindings {
			same = same && b.prefix != "xml" && b.space != ""
		}
		same = same && len(prefixes) < 2
	})
	return same
}
