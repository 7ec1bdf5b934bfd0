package awsjson

import (
	gocmp "cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
)

func text(s string) awsapi.Node   { return awsapi.Node{Kind: awsapi.Text, Text: s} }
func number(s string) awsapi.Node { return awsapi.Node{Kind: awsapi.Number, Text: s} }
func list(n ...awsapi.Node) awsapi.Node {
	return awsapi.Node{Kind: awsapi.List, List: n}
}
func object(m ...awsapi.Member) awsapi.Node { return awsapi.Node{Kind: awsapi.Map, Members: m} }

// The shapes of an input that has one of each kind.
type (
	limited   []string
	fewLabels map[string]string
	piece     struct {
		Text string `aws:"name=a"`
	}
	parts    []piece
	mappings map[string]*piece

	input struct {
		Text     string            `aws:"name=a"`
		Other    string            `aws:"name=A"`
		Nameless string            `aws:"name=b"`
		Texts    []string          `aws:"name=l"`
		Labels   map[string]string `aws:"name=m"`
		Part     *piece            `aws:"name=p"`
		Limited  limited
		Few      fewLabels
		Parts    parts
		Mappings mappings
	}
)

var row = awsapi.Service{
	Name: "test", Target: "Test",
	Shapes: awsapi.Shapes(awsapi.Size[limited](0, 2), awsapi.Size[fewLabels](0, 2), awsapi.Size[parts](0, 2), awsapi.Size[mappings](0, 2)),
	Operations: []awsapi.Operation{
		awsapi.Op("Do", awsapi.Public, awsapi.Unasked, "", func(context.Context, awsapi.Caller, *input) (*input, error) { return nil, nil }),
	},
}.Compile().Row("Do")

func member(name string, value awsapi.Node) awsapi.Member {
	return awsapi.Member{Name: name, Value: value}
}

func TestDecode(t *testing.T) {
	for body, want := range map[string]awsapi.Node{
		`{}`:                                   object(),
		" \t\r\n{ } \n":                        object(),
		`{"a":null}`:                           object(member("a", awsapi.Node{Kind: awsapi.Null})),
		`{"a":true}`:                           object(member("a", awsapi.Node{Kind: awsapi.Bool, Text: "true"})),
		`{"a":false}`:                          object(member("a", awsapi.Node{Kind: awsapi.Bool, Text: "false"})),
		`{"a":""}`:                             object(member("a", text(""))),
		`{"a":"A\n\u00e9é"}`:                   object(member("a", text("A\néé"))),
		`{"a":"\ud83d\ude00"}`:                 object(member("a", text("😀"))),
		`{"a":"\u0000"}`:                       object(member("a", text("\x00"))),
		`{"\u0061":1}`:                         object(member("a", number("1"))),
		`{"l":[]}`:                             object(member("l", list())),
		`{"m":{}}`:                             object(member("m", object())),
		`{"m":{"":1,"\n":2,"k":"\u0061"}}`:     object(member("m", object(member("", number("1")), member("\n", number("2")), member("k", text("a"))))),
		`{"a":-0}`:                             object(member("a", number("-0"))),
		`{"a":1e400}`:                          object(member("a", number("1e400"))),
		`{"a":0.10}`:                           object(member("a", number("0.10"))),
		`{"a":123456789012345678901234567890}`: object(member("a", number("123456789012345678901234567890"))),
		`{"Parts":[{"a":1},{},null],"a":4}`: object(
			member("Parts", list(object(member("a", number("1"))), object(), awsapi.Node{})), member("a", number("4"))),
		`{"Mappings":{"x":{"a":1},"y":null},"p":{"a":"b"}}`: object(
			member("Mappings", object(member("x", object(member("a", number("1")))), member("y", awsapi.Node{}))), member("p", object(member("a", text("b"))))),
		`{"a":1,"A":2}`: object(member("a", number("1")), member("A", number("2"))),
		// What the input has no place for is read over.
		`{"x":1,"a":2,"y":{"a":[1,{"b":"c"}],"a":1},"":[[]]}`: object(member("a", number("2"))),
		`{"p":{"x":[1,2],"a":"b"}}`:                           object(member("p", object(member("a", text("b"))))),
		// Of a value of another kind the kind is kept.
		`{"a":[1,2],"b":{"a":1}}`:                 object(member("a", list()), member("b", object())),
		`{"l":{"a":1},"m":[1],"p":[2],"Parts":1}`: object(member("l", object()), member("m", list()), member("p", list()), member("Parts", awsapi.Node{Kind: awsapi.Number})),
		`{"l":"long","m":true}`:                   object(member("l", awsapi.Node{Kind: awsapi.Text}), member("m", awsapi.Node{Kind: awsapi.Bool, Text: "true"})),
	} {
		t.Run(body, func(t *testing.T) {
			got, err := Protocol{}.Decode(row, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Of entries beyond the limit of their list or map some are kept, to be shown, but
// not all that a stranger sends.
func TestDecodeKeepsFew(t *testing.T) {
	var pairs, mappings strings.Builder
	for i := range 30000 {
		fmt.Fprintf(&pairs, `,"%d":"a"`, i)
		fmt.Fprintf(&mappings, `,"%d":{"a":1,"x":[1,2,3]}`, i)
	}
	for name, test := range map[string]struct {
		body string
		most int // values
		size func(n *awsapi.Node) int
		want int
	}{
		"a few too many":      {`{"Limited":["a","b","c","d"]}`, 6, func(n *awsapi.Node) int { return len(n.Member("Limited").List) }, 4},
		"a list":              {`{"Limited":[1` + strings.Repeat(",1", 100000) + `],"a":"b"}`, 300, func(n *awsapi.Node) int { return len(n.Member("Limited").List) }, 2 + 1 + 256},
		"a map":               {`{"Few":{"x":"y"` + pairs.String() + `},"a":"b"}`, 300, func(n *awsapi.Node) int { return len(n.Member("Few").Members) }, 2 + 1 + 256},
		"structures":          {`{"Parts":[{}` + strings.Repeat(`,{"a":1}`, 100000) + `],"a":"b"}`, 300, func(n *awsapi.Node) int { return len(n.Member("Parts").List) }, 2 + 1 + 128},
		"a map of structures": {`{"Mappings":{"x":{}` + mappings.String() + `},"a":"b"}`, 300, func(n *awsapi.Node) int { return len(n.Member("Mappings").Members) }, 2 + 1 + 128},
		"unknown members":     {`{"x":1` + pairs.String() + `,"Few":{},"a":"b"}`, 3, func(n *awsapi.Node) int { return len(n.Members) }, 2},
		"one after the other": {`{"Limited":[1` + strings.Repeat(",1", 1000) + `],"Few":{"x":"y"` + pairs.String() + `}}`, 300, func(n *awsapi.Node) int { return len(n.Member("Few").Members) }, 2 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := Protocol{}.Decode(row, []byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := test.size(&n); got != test.want {
				t.Errorf("%d entries, want %d", got, test.want)
			}
			if got := values(&n); got > test.most {
				t.Errorf("%d values are kept, want at most %d", got, test.most)
			}
		})
	}
}

// values counts the values of a tree.
func values(n *awsapi.Node) int {
	count := 1
	for i := range n.List {
		count += values(&n.List[i])
	}
	for i := range n.Members {
		count += values(&n.Members[i].Value)
	}
	return count
}

// keys are so many members with numbers for names.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%d":1,`, i)
	}
	return b.String()
}

// Everything that is no object is refused without a text.
func TestDecodeRefuses(t *testing.T) {
	nested := func(depth int) string {
		return `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
	}
	for name, body := range map[string]string{
		"empty":                        "",
		"blank":                        " \n",
		"null":                         "null",
		"string":                       `"text"`,
		"number":                       "1",
		"list":                         "[]",
		"truncated object":             `{"a":1`,
		"truncated list":               `{"a":[1`,
		"truncated string":             `{"a":"b`,
		"truncated escape":             `{"a":"\u00`,
		"truncated name":               `{"a`,
		"no value":                     `{"a"}`,
		"no value after colon":         `{"a":}`,
		"trailing comma":               `{"a":1,}`,
		"trailing comma in list":       `{"a":[1,]}`,
		"leading comma":                `{,"a":1}`,
		"two objects":                  `{}{}`,
		"garbage after":                `{}x`,
		"NUL after":                    "{}\x00",
		"comment":                      `{/* */}`,
		"single quotes":                `{'a':1}`,
		"no quotes":                    `{a:1}`,
		"byte order mark":              "\ufeff{}",
		"two names alike":              `{"a":1,"a":1}`,
		"two names alike, one escaped": `{"a":1,"\u0061":2}`,
		"two names alike below":        `{"Parts":[{"a":1,"a":2}]}`,
		"two keys alike":               `{"m":{"a":1,"a":2}}`,
		"two keys alike among many":    `{"m":{` + keys(100) + `"7":1}}`,
		"two keys alike, few":          `{"m":{` + keys(16) + `"15":1}}`,
		"invalid UTF-8":                "{\"a\":\"\xff\"}",
		"invalid UTF-8 name":           "{\"\xff\":1}",
		"half a surrogate pair":        `{"a":"\ud800"}`,
		"control character":            "{\"a\":\"\x01\"}",
		"leading zero":                 `{"a":01}`,
		"plus":                         `{"a":+1}`,
		"infinity":                     `{"a":Infinity}`,
		"NaN":                          `{"a":NaN}`,
		"hexadecimal":                  `{"a":0x1}`,
		"33 levels":                    nested(33),
		"100,000 levels":               nested(100000),
		"100,000 open":                 strings.Repeat(`{"a":`, 100000),
		"too many values":              `{"l":[1` + strings.Repeat(",1", 4000) + `]}`,
		"invalid UTF-8, read over":     "{\"x\":[\"\xff\"]}",
		"truncated, read over":         `{"x":[1,{"a"`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Protocol{}.Decode(row, []byte(body))
			e, ok := errors.AsType[*awsapi.SerializationError](err)
			if !ok || e.Message != "" {
				t.Errorf("error %v, want a SerializationError without a text", err)
			}
		})
	}
	for _, body := range []string{nested(32), `{"l":[1` + strings.Repeat(",1", 1000) + `]}`, `{"m":{` + keys(100) + `"x":1}}`} {
		if _, err := (Protocol{}).Decode(row, []byte(body)); err != nil {
			t.Errorf("%.30s... is refused: %v", body, err)
		}
	}
}

// render writes a tree as JSON.
func render(b *strings.Builder, n awsapi.Node) {
	switch n.Kind {
	case awsapi.Null:
		b.WriteString("null")
	case awsapi.Bool:
		b.WriteString(n.Text)
	case awsapi.Number:
		b.WriteString(gocmp.Or(n.Text, "0")) // the text of one that is out of place is not kept
	case awsapi.Text:
		renderText(b, n.Text)
	case awsapi.List:
		b.WriteByte('[')
		for i, e := range n.List {
			if i > 0 {
				b.WriteByte(',')
			}
			render(b, e)
		}
		b.WriteByte(']')
	case awsapi.Map:
		b.WriteByte('{')
		for i, m := range n.Members {
			if i > 0 {
				b.WriteByte(',')
			}
			renderText(b, m.Name)
			b.WriteByte(':')
			render(b, m.Value)
		}
		b.WriteByte('}')
	}
}

func renderText(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		if r < ' ' || r == '"' || r == '\\' {
			fmt.Fprintf(b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// A document that is read and written again reads the same, as far as its values
// are of the kinds of their places.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"a":null,"b":[true,false,-0,1e400,"\ud83d\ude00\u0000"],"c":{"d":{}}}`, `{"l":["a",null],"m":{"a":1,"b":[]},"p":{"a":true},"Parts":[{}],"Limited":[1,2,3,4]}`, `{"a":1,"\u0061":2}`, `{"a":`, "{\"\xff\":1}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := Protocol{}.Decode(row, body)
		if err != nil {
			if _, ok := errors.AsType[*awsapi.SerializationError](err); !ok {
				t.Fatalf("error %v", err)
			}
			return
		}
		var again strings.Builder
		render(&again, n)
		got, err := Protocol{}.Decode(row, []byte(again.String()))
		if err != nil {
			t.Fatalf("%s: %v", &again, err)
		}
		if diff := cmp.Diff(n, got); diff != "" {
			t.Errorf("%s reads otherwise:\n%s", &again, diff)
		}
	})
}

// Whatever decodePlain reads, decodeAny reads alike.
func FuzzDecodePlain(f *testing.F) {
	for _, body := range []string{
		`{}`, ` {"a":"b", "A" : "", "m":{"x":"y","":"z"},"p":{"a":"c"}} `, `{"Mappings":{"x":{"a":"b"},"y":{}}}`, `{"Few":{"a":"b","c":"d"}}`, `{"Few":{"a":"b","c":"d","e":"f"}}`,
		`{"a":"b","a":"c"}`, `{"m":{"a":"b","a":"c"}}`, `{"x":"y"}`, `{"a":1}`, `{"l":["a"]}`, `{"p":"a"}`, `{"a":{}}`, `{"a":"\n"}`, `{"a":"b"}x`, `"a"`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := decodePlain(row.Outline(), body)
		if !ok {
			return
		}
		want, err := decodeAny(row.Outline(), body)
		if err != nil {
			t.Fatalf("%s is read: %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	})
}

// What SDKs send to the busiest operations is plain, and what decodePlain must not
// read is not.
func TestDecodePlain(t *testing.T) {
	for body, want := range map[string]bool{
		`{"a":"us-east-1:0123abcd-0123-4567-89ab-0123456789ab","m":{"login.example.com":"eyJ.a.b"}}`: true,
		`{}`: true, `{"p":{"a":"b"}}`: true, `{"Few":{"a":"b","c":"d"}}`: true,
		`{"Few":{"a":"b","c":"d","e":"f"}}`: false, `{"a":"b","a":"c"}`: false, `{"m":{"a":"b","a":"c"}}`: false, `{"other":"b"}`: false, `{"a":null}`: false,
		`{"a":1}`: false, `{"a":"\u0062"}`: false, `{"a":"é"}`: true, "{\"a\":\"\xc3\"}": false, `"a"`: false, ``: false, `{"a":"b"}{}`: false,
		`{"a":"` + strings.Repeat("b", maxPlain) + `"}`: false,
	} {
		if _, got := decodePlain(row.Outline(), []byte(body)); got != want {
			t.Errorf("%.80s: %v, want %v", body, got, want)
		}
	}
}
