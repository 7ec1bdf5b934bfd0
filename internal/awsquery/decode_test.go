package awsquery

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
)

func form(text string, members ...awsapi.Member) awsapi.Node {
	return awsapi.Node{Kind: awsapi.Form, Text: text, Members: members}
}

func member(name string, value awsapi.Node) awsapi.Member {
	return awsapi.Member{Name: name, Value: value}
}

// The shapes of an input that has one of each kind.
type (
	formPair struct{ K, V string }
	formPart struct {
		B string   `aws:"name=b"`
		C []string `aws:"name=c"`
	}
	formFew   []string
	formInput struct {
		Text         string `aws:"name=a"`
		Other        string `aws:"name=A"`
		ClientIDList []string
		L            []string
		T            []formPair
		Part         *formPart         `aws:"name=p"`
		Map          map[string]string `aws:"name=m"`
		Few          formFew
		Action       string
		Version      string
	}
)

var row = awsapi.Service{
	Name: "test", Namespace: "urn:test", Shapes: awsapi.Shapes(awsapi.Size[formFew](0, 2)),
	Operations: []awsapi.Operation{
		awsapi.Op("Do", awsapi.Public, awsapi.Unasked, "", func(context.Context, awsapi.Caller, *formInput) (*formInput, error) { return nil, nil }),
	},
}.Compile().Row("Do")

func TestDecode(t *testing.T) {
	for body, want := range map[string]awsapi.Node{
		"":                     form(""),
		"&&":                   form(""),
		"a=b":                  form("", member("a", form("b"))),
		"a":                    form("", member("a", form(""))),
		"a=":                   form("", member("a", form(""))),
		"a=b=c":                form("", member("a", form("b=c"))),
		"a=b;c=d":              form("", member("a", form("b;c=d"))),
		"%61=%2B+%26%3D%C3%a9": form("", member("a", form("+ &=é"))),
		"a=1&A=2":              form("", member("a", form("1")), member("A", form("2"))),
		"ClientIDList=":        form("", member("ClientIDList", form(""))),
		"L.member.2=b&a=y&L.member.1=a": form("",
			member("L", form("", member("member", form("", member("2", form("b")), member("1", form("a")))))), member("a", form("y"))),
		"T.member.1.K=k&T.member.1.V=v": form("",
			member("T", form("", member("member", form("", member("1", form("", member("K", form("k")), member("V", form("v"))))))))),
		"p.b=1":          form("", member("p", form("", member("b", form("1"))))),
		"p%2Eb=1":        form("", member("p", form("", member("b", form("1"))))),
		"p=1&p.b=2":      form("", member("p", form("1", member("b", form("2"))))),
		"p.c.member.7=1": form("", member("p", form("", member("c", form("", member("member", form("", member("7", form("1"))))))))),
		// What the input has no place for is read over.
		"x=1&y.z=2&a=3&y.w=4": form("", member("a", form("3"))),
		"a=1&p.x=%41":         form("", member("a", form("1")), member("p", form(""))),
		"T.member.1.X=1":      form("", member("T", form("", member("member", form("", member("1", form(""))))))),
		// What is no value of its place is kept as far as its refusal needs it.
		"a=1&a.b=2":       form("", member("a", form("1", member("b", form("2"))))),
		"a.b.c.d=1":       form("", member("a", form("", member("b", form("1"))))),
		"L.1=a":           form("", member("L", form("", member("1", form("a"))))),
		"L.member=a":      form("", member("L", form("", member("member", form("a"))))),
		"L.Member.1=a":    form("", member("L", form("", member("Member", form("a"))))),
		"L.member.1.x=a":  form("", member("L", form("", member("member", form("", member("1", form("", member("x", form("a"))))))))),
		"m.entry.1.key=a": form("", member("m", form("", member("entry", form("a"))))),
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

// An operation keeps as many parameters as it takes, and some more so that a list
// with too many entries can be shown.
func TestDecodeKeepsFew(t *testing.T) {
	little := awsapi.Service{
		Name: "test", Namespace: "urn:test", Shapes: awsapi.Shapes(awsapi.Size[formFew](0, 2)),
		Operations: []awsapi.Operation{
			awsapi.Op("Do", awsapi.Public, awsapi.Unasked, "", func(context.Context, awsapi.Caller, *struct{ Few formFew }) (*formInput, error) { return nil, nil }),
		},
	}.Compile().Row("Do")
	items := func(name string, n int) []byte {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s.%d=x&", name, i+1)
		}
		return []byte(b.String())
	}
	n, err := Protocol{}.Decode(little, items("Few.member", 200))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(n.Member("Few").Member("member").Members); got != 200 {
		t.Errorf("%d items, want 200", got)
	}
	_, err = Protocol{}.Decode(little, items("Few.member", 300))
	if _, ok := errors.AsType[*awsapi.SerializationError](err); !ok {
		t.Errorf("300 items for a list of two: %v, want a SerializationError", err)
	}
	if n, err := (Protocol{}).Decode(little, items("Other", 900)); err != nil || len(n.Members) != 0 {
		t.Errorf("parameters of another operation: %d are kept, %v", len(n.Members), err)
	}
}

func parameters(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&L.member.%d=", i)
	}
	return b.String()[1:]
}

func TestDecodeRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"a broken escape in a value":  "a=%4",
		"a broken escape in a name":   "%zz=a",
		"the same name twice":         "a=1&a=2",
		"the same name and value":     "a=1&a=1",
		"the same name, once escaped": "a=1&%61=2",
		"the same name below":         "p.b=1&c=2&p.b=3",
		"a name with a dot in front":  ".a=1",
		"a name with a dot at last":   "a.=1",
		"a name with two dots":        "a..b=1",
		"no name":                     "=1",
		"no name, read over":          "x=1&=2",
		"broken, read over":           "x=%4",
		"twice, read over":            "x=1&x=2",
		"nine parts":                  "a.b.c.d.e.f.g.h.i=1",
		"a mebibyte of dots":          strings.Repeat("a.", 1<<19) + "a=1",
		"a long name":                 strings.Repeat("a", 129) + "=1",
		"1,001 parameters":            parameters(1001),
		"1,001 times nothing":         strings.Repeat("&", 1000),
		"invalid UTF-8 in a value":    "a=%FF",
		"invalid UTF-8 in a name":     "%FF=a",
		"invalid UTF-8, not escaped":  "a=\xff",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Protocol{}.Decode(row, []byte(body))
			e, ok := errors.AsType[*awsapi.SerializationError](err)
			if !ok || e.Message != "" {
				t.Errorf("error %v, want a SerializationError without a text", err)
			}
		})
	}
	for _, body := range []string{parameters(1000), strings.Repeat("a", 128) + "=1", "x.b.c.d.e.f.g.h=1", "a=" + strings.Repeat("b", 1<<20)} {
		if _, err := (Protocol{}).Decode(row, []byte(body)); err != nil {
			t.Errorf("%.30s... is refused: %v", body, err)
		}
	}
}

func TestAction(t *testing.T) {
	for _, test := range []struct{ form, action, version string }{
		{"", "", ""},
		{"Action=GetRole&Version=2010-05-08", "GetRole", "2010-05-08"},
		{"Version=2010-05-08&RoleName=x&Action=GetRole", "GetRole", "2010-05-08"},
		{"%41ction=Get%52ole", "GetRole", ""},
		{"%56%65%72%73%69%6F%6E=%31&%41%63%74%69%6F%6E=a", "a", "1"},
		{"action=GetRole&version=1", "", ""},
		{"Action", "", ""},
		{"Action.x=GetRole", "", ""},
		{"Actions=a&Versions=b", "", ""},
		{"%zz=a&b=%zz&Action=a", "a", ""}, // whatever else is wrong is found later
		{strings.Repeat("a", 1<<20) + "=1&Action=a", "a", ""},
		{"Version" + strings.Repeat("x", 100) + "=1&Action=a", "a", ""},
		{"%41%63%74%69%6F%6E%78%78%78%78=b&Action=a", "a", ""},
	} {
		action, version, err := Action([]byte(test.form))
		if err != nil || action != test.action || version != test.version {
			t.Errorf("%.60s: action %q, version %q, %v", test.form, action, version, err)
		}
	}
	for _, form := range []string{
		"Action=a&Action=a", "Action=a&%41ction=b", "Action=&Action=a", "Version=1&Version=1", "Action=%", "Version=%zz", "Action=%FF", strings.Repeat("&", 1000) + "Action=a",
	} {
		_, _, err := Action([]byte(form))
		if _, ok := errors.AsType[*awsapi.SerializationError](err); !ok {
			t.Errorf("%.60s: error %v, want a SerializationError", form, err)
		}
	}
}

// flatten writes a tree as a form again.
func flatten(values url.Values, name string, n awsapi.Node) {
	if n.Text != "" || len(n.Members) == 0 && name != "" {
		values.Set(name, n.Text)
	}
	for _, m := range n.Members {
		next := m.Name
		if name != "" {
			next = name + "." + m.Name
		}
		flatten(values, next, m.Value)
	}
}

// A form that is read and written again reads the same, and as net/url reads it;
// and the operation that is found before it is read is the one that is in it.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		"Action=CreateRole&Version=2010-05-08&Tags.member.1.Key=a&Tags.member.1.Value=%C3%A9+%2B&ClientIDList=",
		"a=1&a.b=2&b.c", "p.b=1&p.c.member.3=a&L.member.1=&T.member.2.K=a", "%zz=1", "a=1&%61=2", "a..b=1", "a=%ff", "&&a;b=c",
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
		checkAction(t, body, &n)
		values := url.Values{}
		flatten(values, "", n)
		again, err := Protocol{}.Decode(row, []byte(values.Encode()))
		if err != nil {
			t.Fatalf("%s: %v", values.Encode(), err)
		}
		twice := url.Values{}
		flatten(twice, "", again)
		if diff := cmp.Diff(values, twice); diff != "" {
			t.Errorf("reads otherwise:\n%s", diff)
		}
		if want, err := url.ParseQuery(string(body)); err == nil {
			for name, value := range values {
				if want.Has(name) && value[0] != want.Get(name) {
					t.Errorf("%s is %q, net/url says %q", name, value[0], want.Get(name))
				}
			}
		}
	})
}

func checkAction(t *testing.T, body []byte, n *awsapi.Node) {
	action, version, err := Action(body)
	if err != nil {
		t.Fatalf("no action in a good form: %v", err)
	}
	for name, got := range map[string]string{"Action": action, "Version": version} {
		want := ""
		if m := n.Member(name); m != nil {
			want = m.Text
		}
		if got != want {
			t.Errorf("%s is %q, the tree says %q", name, got, want)
		}
	}
}
