package plainjson

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// all reads a text that is one value.
func all(text string) (from, to int, ok bool) {
	r := New(text)
	from, to, ok = r.Value()
	return from, to, ok && r.End()
}

func TestValue(t *testing.T) {
	for _, text := range []string{
		`""`, `"a"`, `"seven.."`, `"eight..."`, `"é"`, `"seven..é eight...é😀"`, "\"\u2028\ufffd\"", `{"é":"ë"}`, `"~ !#[]^{}` + "\x7f" + `"`, `0`, `-0`, `-1`, `1234567890123456789012345678901234567890`, `true`, `false`, `null`,
		`{}`, `[]`, "{\t\r\n }", `[1,"a",[],{}, null ]`, `{"":1}`, `{"a":{"a":[{"a":1}]},"b" : "c"}`, `[[[[[[[[]]]]]]]]`, ` [ 1 , 2 ] `,
	} {
		if from, to, ok := all(text); !ok || text[from:to] != strings.Trim(text, " ") {
			t.Errorf("%s: %q, %v", text, text[from:to], ok)
		}
	}
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`,"` + strings.Repeat("x", i) + `":1`)
		}
		return "{" + b.String()[1:] + "}"
	}
	if _, _, ok := all(many(MaxMembers)); !ok {
		t.Error("an object of so many members is not plain")
	}
	// What is no JSON, what reads otherwise than it is written, and what is too much.
	for _, text := range []string{
		``, ` `, `"`, `"a`, `"\n"`, `"\u0061"`, "\"\xed\xa0\x80\"", "\"é\xc3\"", "\"\xc3", "\"é", `{"é":1,"é":2}`, "\"\x1f\"", "\"1234567\x00\"", "\"\xff\"", `'a'`, `a`, `tru`, `True`, `nul`, `truefalse`,
		`01`, `-`, `-a`, `+1`, `1.5`, `1e5`, `1 2`, `[`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `]`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{"a",1}`, `{a:1}`, `{"a":1 "b":2}`, `{1:2}`,
		`{"a":1,"a":2}`, `{"x":{"a":1,"b":2,"a":3}}`, `{"a":1}}`, "\x00", "[\x00]", "\ufeff{}", `[[[[[[[[[]]]]]]]]]`, many(MaxMembers + 1), "{}\v",
	} {
		if _, _, ok := all(text); ok {
			t.Errorf("%q is plain", text)
		}
	}
}

// Every byte at every place of a word that is looked at at once.
func TestPlain(t *testing.T) {
	for length := range 20 {
		for at := range length {
			for c := range 256 {
				text := []byte(strings.Repeat("a", length))
				text[at] = byte(c)
				want := length
				if c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
					want = at
				}
				for _, behind := range []byte{'a', 0xff, '"', 0} {
					if at+1 < length {
						text[at+1] = behind
					}
					if got := plain(string(text)); want == at && got != at || want == length && behind == 'a' && got != length {
						t.Fatalf("%q: %d, want %d", text, got, want)
					}
				}
			}
		}
	}
}

// members reads the names and values of an object by the reader of all JSON.
func members(text []byte) (all [][2]string, err error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		of := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		all = append(all, [2]string{of, string(value)})
	}
	return all, nil
}

// What is plain is JSON without names that occur twice, and means the same to a
// reader of all JSON.
func FuzzReader(f *testing.F) {
	for _, text := range []string{
		`{}`, ` {"a":"b", "c":[1,true,null],"d":{"e":{}}} `, `{"a":1,"a":2}`, `{"a":{"b":1,"b":2}}`, `{"a":-0}`, `{"a":01}`, `[]`, `"a"`, "{\"a\":\"\x7f\"}", `{"a":1}{`,
		`{"iss":"https://login.example.com","aud":["a","b"],"exp":1735689600,"email_verified":true}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		from, to, ok := all(text)
		if !ok {
			return
		}
		d := jsontext.NewDecoder(strings.NewReader(text))
		value, err := d.ReadValue()
		if err != nil || string(value) != text[from:to] || int(d.InputOffset()) != to || strings.Trim(text[to:], " \t\r\n") != "" {
			t.Fatalf("%q reads %q, not %q: %v", text, text[from:to], value, err)
		}
		if text[from] != '{' {
			return
		}
		want, err := members([]byte(text[from:to]))
		if err != nil {
			t.Fatal(err)
		}
		r := New(text)
		var o Object
		var got [][2]string
		for o.Next(&r) {
			from, to, ok := r.Value()
			if !ok {
				t.Fatalf("%q: plain at first, and then not", text)
			}
			got = append(got, [2]string{o.Name, text[from:to]})
		}
		if !o.Ok || len(got) != len(want) {
			t.Fatalf("%q: %q, want %q", text, got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q: member %q, want %q", text, got[i], want[i])
			}
		}
	})
}

func BenchmarkObject(b *testing.B) {
	text := `{"IdentityId":"us-east-1:0123abcd-0123-4567-89ab-0123456789ab","Logins":{"login.example.com":"` + strings.Repeat("a", 900) + `"}}`
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, _, ok := all(text); !ok {
			b.Fatal("not plain")
		}
	}
}

// A plain text is quoted as it is by a writer of all JSON.
func FuzzPlain(f *testing.F) {
	for _, text := range []string{"", "us-east-1:0123", "a\"", "a\\", "é", "\x7f", "<>&'", "\u2028", "tab\t"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !Plain(text) {
			return
		}
		if quoted, err := jsontext.AppendQuote(nil, text); err != nil || string(quoted) != `"`+text+`"` {
			t.Errorf("%q is written %s, %v", text, quoted, err)
		}
	})
}
