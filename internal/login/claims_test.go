package login

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// Claims are parts of one text. Whoever adds to one must not write over the next.
func TestClaimsDoNotRunIntoEachOther(t *testing.T) {
	claims := parse(t, sign("RS256", rsaKey(), goodHeader.String(), `{"a":[1],"b":[2]}`)).claims
	longer := append(claims["a"], `,"b":[3]`...)
	if got := string(claims["b"]); got != "[2]" || string(longer) != `[1],"b":[3]` {
		t.Errorf("b is %s", got)
	}
}

// FuzzMembers compares claims, which are parts of the text, with the copies that the
// JSON package makes: the same members, or the same refusal.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"a":1}`, "{\"a\" :\t[1, 2 ] , \"b\":{\"c\":\"d\"}\n}", `{"":null,"\u0061":"b","\"":"\\","\\":true}`, `{"a":1,"\u0061":2}`, `{"a":1,"a":2}`,
		`{"a":{"b":1,"b":2}}`, `{"a":1}{`, `{"a":1},`, `{"a"`, `{"a":`, `{"a":}`, `{"a":1`, `{"a":1,}`, `{,}`, `{1:2}`, `{"a" 1}`, "{\"\xff\":1}", `{"\ud800":1}`, `{"é":"é","\u00e9x":1}`,
		goodClaims.String(), `{` + strings.Repeat(`"x`+strings.Repeat("y", 50)+`":1,`, 2) + `"z":0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := slices.Clone(text)
		read := members{text: text}
		err := decodeObject(text, &read)
		var want Claims
		wanted := decodeObject(slices.Clone(text), &want)
		if errorText(err) != errorText(wanted) {
			t.Fatalf("got %v, want %v", err, wanted)
		}
		if !slices.Equal(text, before) {
			t.Fatal("the text has changed")
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(want, read.claims); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		if _, err := json.Marshal(read.claims); err != nil {
			t.Fatal(err)
		}
	})
}
