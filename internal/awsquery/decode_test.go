package awsquery

import (
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

func TestDecode(t *testing.T) {
	for body, want := range map[string]awsapi.Node{
		"":                     form(""),
		"&&":                   form(""),
		"a=b":                  form("", member("a", form("b"))),
		"a":                    form("", member("a", form(""))),
		"a=":                   form("", member("a", form(""))),
		"a=b=c":                form("", member("a", form("b=c"))),
		"a=b;c=d":              form("", member("a", form("b;c=d"))),
		"%61=%2B+%26%3D%C3%A9": form("", member("a", form("+ &=é"))),
		"a=1&A=2":              form("", member("a", form("1")), member("A", form("2"))),
		"ClientIDList=":        form("", member("ClientIDList", form(""))),
		"L.member.2=b&x=y&L.member.1=a": form("",
			member("L", form("", member("member", form("", member("2", form("b")), member("1", form("a")))))), member("x", form("y"))),
		"T.member.1.K=k&T.member.1.V=v": form("",
			member("T", form("", member("member", form("", member("1", form("", member("K", form("k")), member("V", form("v"))))))))),
		"a=1&a.b=2":        form("", member("a", form("1", member("b", form("2"))))),
		"a%2Eb=1":          form("", member("a", form("", member("b", form("1"))))),
		"a.b.c.d.e.f.g.h=": form("", member("a", form("", member("b", form("", member("c", form("", member("d", form("", member("e", form("", member("f", form("", member("g", form("", member("h", form(""))))))))))))))))),
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

func parameters(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&a.%d=", i)
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
		"the same name below":         "a.b=1&c=2&a.b=3",
		"a name with a dot in front":  ".a=1",
		"a name with a dot at last":   "a.=1",
		"a name with two dots":        "a..b=1",
		"no name":                     "=1",
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
			_, err := Protocol{}.Decode([]byte(body))
			e, ok := errors.AsType[*awsapi.SerializationError](err)
			if !ok || e.Message != "" {
				t.Errorf("error %v, want a SerializationError without a text", err)
			}
		})
	}
	for _, body := range []string{parameters(1000), strings.Repeat("a", 128) + "=1", "a=" + strings.Repeat("b", 1<<20)} {
		if _, err := (Protocol{}).Decode([]byte(body)); err != nil {
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
		"a=1&a.b=2&b.c", "%zz=1", "a=1&%61=2", "a..b=1", "a=%ff", "&&a;b=c",
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
		checkAction(t, body, &n)
		values := url.Values{}
		flatten(values, "", n)
		again, err := Protocol{}.Decode([]byte(values.Encode()))
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
				if value[0] != want.Get(name) {
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
