package awsjson

import (
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

func TestDecode(t *testing.T) {
	for body, want := range map[string]awsapi.Node{
		`{}`:                                   object(),
		" \t\r\n{ } \n":                        object(),
		`{"a":null}`:                           object(awsapi.Member{Name: "a", Value: awsapi.Node{Kind: awsapi.Null}}),
		`{"a":true}`:                           object(awsapi.Member{Name: "a", Value: awsapi.Node{Kind: awsapi.Bool, Text: "true"}}),
		`{"a":false}`:                          object(awsapi.Member{Name: "a", Value: awsapi.Node{Kind: awsapi.Bool, Text: "false"}}),
		`{"a":""}`:                             object(awsapi.Member{Name: "a", Value: text("")}),
		`{"a":"A\n\u00e9é"}`:                   object(awsapi.Member{Name: "a", Value: text("A\néé")}),
		`{"a":"\ud83d\ude00"}`:                 object(awsapi.Member{Name: "a", Value: text("😀")}),
		`{"a":"\u0000"}`:                       object(awsapi.Member{Name: "a", Value: text("\x00")}),
		`{"a":[]}`:                             object(awsapi.Member{Name: "a", Value: list()}),
		`{"a":{}}`:                             object(awsapi.Member{Name: "a", Value: object()}),
		`{"":1}`:                               object(awsapi.Member{Name: "", Value: number("1")}),
		`{"a":-0}`:                             object(awsapi.Member{Name: "a", Value: number("-0")}),
		`{"a":1e400}`:                          object(awsapi.Member{Name: "a", Value: number("1e400")}),
		`{"a":0.10}`:                           object(awsapi.Member{Name: "a", Value: number("0.10")}),
		`{"a":123456789012345678901234567890}`: object(awsapi.Member{Name: "a", Value: number("123456789012345678901234567890")}),
		`{"b":[1,[2],{"c":3}],"a":4}`: object(
			awsapi.Member{Name: "b", Value: list(number("1"), list(number("2")), object(awsapi.Member{Name: "c", Value: number("3")}))},
			awsapi.Member{Name: "a", Value: number("4")}),
		`{"a":1,"A":2}`: object(awsapi.Member{Name: "a", Value: number("1")}, awsapi.Member{Name: "A", Value: number("2")}),
	} {
		t.Run(body, func(t *testing.T) {
			got, err := Protocol{}.Decode([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
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
		"two names alike below":        `{"x":[{"a":1,"a":2}]}`,
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
		"too many values":              `{"a":[1` + strings.Repeat(",1", maxValues) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Protocol{}.Decode([]byte(body))
			e, ok := errors.AsType[*awsapi.SerializationError](err)
			if !ok || e.Message != "" {
				t.Errorf("error %v, want a SerializationError without a text", err)
			}
		})
	}
	for _, body := range []string{nested(32), `{"a":[1` + strings.Repeat(",1", maxValues-3) + `]}`} {
		if _, err := (Protocol{}).Decode([]byte(body)); err != nil {
			t.Errorf("%.30s... is refused: %v", body, err)
		}
	}
}

// render writes a tree as JSON.
func render(b *strings.Builder, n awsapi.Node) {
	switch n.Kind {
	case awsapi.Null:
		b.WriteString("null")
	case awsapi.Bool, awsapi.Number:
		b.WriteString(n.Text)
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

// A document that is read and written again reads the same.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"a":null,"b":[true,false,-0,1e400,"\ud83d\ude00\u0000"],"c":{"d":{}}}`, `{"a":1,"\u0061":2}`, `{"a":`, "{\"\xff\":1}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := Protocol{}.Decode(body)
		if err != nil {
			if _, ok := errors.AsType[*awsapi.SerializationError](err); !ok {
				t.Fatalf("error %v", err)
			}
			return
		}
		var again strings.Builder
		render(&again, n)
		got, err := Protocol{}.Decode([]byte(again.String()))
		if err != nil {
			t.Fatalf("%s: %v", &again, err)
		}
		if diff := cmp.Diff(n, got); diff != "" {
			t.Errorf("%s reads otherwise:\n%s", &again, diff)
		}
	})
}
