package saml

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever is done to a signed response, it says what was signed or it is
// refused: the keys have signed nothing else.
func FuzzVerify(f *testing.F) {
	for _, test := range xmlsec1Cases {
		f.Add(read(f, filepath.Join("xmlsec1", test.name+".xml")))
	}
	f.Add([]byte(sign(f, plain, &signing{key: "other"}, &signing{})))
	m := metadata(f, "rsa", "p256", "p384", "p521")
	f.Fuzz(func(t *testing.T, document []byte) {
		a, err := Verify(encode(string(document)), m, rules)
		causeOf(t, a, err)
		if a != nil && !cmp.Equal(a, wanted()) {
			t.Fatalf("forged: %s", cmp.Diff(wanted(), a))
		}
	})
}

// The same for each byte of some responses.
func TestTampering(t *testing.T) {
	m := metadata(t, "rsa", "p256", "p384", "p521")
	for _, name := range []string{"assertion", "messy"} {
		original := read(t, filepath.Join("xmlsec1", name+".xml"))
		refused := 0
		for i := range original {
			document := slices.Clone(original)
			document[i] ^= 1 << (i % 6)
			a, err := Verify(encode(string(document)), m, rules)
			if causeOf(t, a, err) != "" {
				refused++
			} else if !cmp.Equal(a, wanted()) {
				t.Fatalf("%s, byte %d: %s", name, i, cmp.Diff(wanted(), a))
			}
		}
		if share := float64(refused) / float64(len(original)); share < 0.5 {
			t.Errorf("%s: only %.2f refused", name, share)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	m := metadata(b, "rsa", "p256", "p384", "p521")
	for _, name := range []string{"assertion", "both", "p256"} {
		b.Run(name, func(b *testing.B) {
			response := encode(string(read(b, filepath.Join("xmlsec1", name+".xml"))))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Verify(response, m, rules); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The dearest things that a stranger can ask for: documents as long as are taken,
// with as many namespaces and inclusive prefixes as may be. The one has all of it
// in the SignedInfo, which is made canonical before a key is asked, and is refused
// for that; the other has it in what a good signature should cover.
func BenchmarkVerifyHostile(b *testing.B) {
	var bindings, prefixes strings.Builder
	for i := range maxBindings - 10 {
		fmt.Fprintf(&bindings, ` xmlns:p%d="u"`, i)
		if i < maxInclusive {
			fmt.Fprintf(&prefixes, "p%d ", i)
		}
	}
	doc := strings.Replace(plain, "<samlp:Response ", "<samlp:Response"+bindings.String()+" ", 1)
	info, response := sign(b, doc, nil, &signing{inclusive: prefixes.String()}), sign(b, doc, nil, &signing{inclusive: "xs"})
	long := strings.Repeat("<x/>", (MaxResponse/4*3-len(info))/4)
	m := metadata(b, "rsa")
	for _, test := range []struct {
		name, doc, mark string
		want            Cause
	}{{"info", info, "</ds:SignedInfo>", SignatureMalformed}, {"response", response, "</samlp:Response>", DigestMismatch}} {
		b.Run(test.name, func(b *testing.B) {
			response := encode(before(test.doc, test.mark, long))
			b.ReportAllocs()
			for b.Loop() {
				if a, err := Verify(response, m, rules); causeOf(b, a, err) != test.want {
					b.Fatal(err)
				}
			}
		})
	}
}
