package declare

import (
	"bytes"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
)

// What is written is read as what it was, whatever texts it has.
func FuzzYAML(f *testing.F) {
	long := `"` + strings.Repeat("a", 100) + `"`
	for _, seed := range []string{
		`{}`, `{"a":[{"b":"c"}]}`, `{"A":[{"b":"","yes":"no","null":"null","1":"1","~":"~","<<":"<<","- a":"- a","a: b":"a: b","#":" #"}]}`,
		`{"A":[{"b":1,"c":-0.5e10,"d":true,"e":null,"f":[],"g":{}}]}`, `{"A":[{"b":"a\nb\r\n\tc \u0000\u0007\u007f\u0085\u00a0\u2028\ufeff😀"}]}`,
		`{"A":[{"b":[` + long + `,[` + long + `,` + long + `],{"c":{"d":[` + long + `]},"e":` + long + `}]}]}`,
		`{"A":[{"b":"\\","c":"\"","d":"'","e":"%","f":"@a","g":"!a","h":"&a","i":"*a","j":"|","k":">","l":"a ","m":" a","n":"?","o":"{","p":"[","q":",","r":"2026-11-30","s":".5","t":"0x1f","u":"1_000","v":"12:30:45"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		n, err := awsapi.ParseJSON([]byte(document))
		if err != nil || n.Kind != awsapi.Map || !writable(n) {
			return
		}
		written := escaped(appendYAML([]byte("Version: 1\n"), n))
		if bytes.ContainsAny(written, "\u007f\u0085\u009b\u202e\ufeff") {
			t.Errorf("steers a terminal: %q", written)
		}
		if n.Member("Version") != nil {
			return
		}
		v, err := read(written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		v.take("Version")
		if got, want := v.node().AppendJSON(nil), n.AppendJSON(nil); !bytes.Equal(got, want) {
			t.Errorf("read %s\nwant %s\nfrom\n%s", got, want, written)
		}
	})
}

// writable says whether a value is such as files have: lists in the root are lists of
// objects that are not empty, and nothing is very deep.
func writable(n awsapi.Node) bool {
	for _, m := range n.Members {
		for _, e := range m.Value.List {
			if e.Kind != awsapi.Map || len(e.Members) == 0 {
				return false
			}
		}
	}
	return !deep(n, 50)
}

func deep(n awsapi.Node, most int) bool {
	if most == 0 {
		return true
	}
	for _, e := range n.List {
		if deep(e, most-1) {
			return true
		}
	}
	for _, m := range n.Members {
		if deep(m.Value, most-1) {
			return true
		}
	}
	return false
}
