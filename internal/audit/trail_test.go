package audit

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/decision"
)

// told is a hasher whose hashes are no hashes.
type told struct{}

func (told) KeyID() string                         { return "key" }
func (told) Identity(string) string                { return "i" }
func (told) Subject([]byte, string, string) string { return "s" }

// What strangers write is in a record as JSON, and neither an ID that could be a
// guest's nor a part of one that was cut off.
func FuzzRecord(f *testing.F) {
	const guid = "01234567-89ab-cdef-0123-456789abcdef"
	const guest = "us-east-1:" + guid
	for _, s := range []string{"", ",", "\x1f", guest, "x\n\"\\\x00\x7f\xff" + guest + guest, strings.Repeat("é", 3) + "\u2028\u0085\u009b31m", "%22us-east-1%3A" + guid + "%22", "%3a%3A" + guest, strings.Repeat("x", maxWords-30) + guest, strings.Repeat("-", maxWords-20-len(guest)) + guest} {
		f.Add(s)
	}
	trail := &Trail{Hasher: told{}}
	f.Fuzz(func(t *testing.T, s string) {
		e := &Event{RequestID: guid, UserAgent: s, Code: "X", Message: s + guest, AccessKeyID: s, Operation: s, SourceIP: s, Cause: s}
		r := Record{e}
		r.SetIdentity(guest, false)
		r.SetPerson(Person{Provider: s, Subject: s})
		r.Set("role", s)
		record := trail.Append(nil, e)
		if !jsontext.Value(record).IsValid() || bytes.Count(record, []byte("\n")) != 1 || record[len(record)-1] != '\n' {
			t.Errorf("not a line of JSON: %s", record)
		}
		if i := bytes.IndexFunc(record[:len(record)-1], func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }); i >= 0 {
			t.Errorf("what steers a terminal or ends a line, at %d: %q", i, record)
		}
		if encoded := strings.ReplaceAll(guest, ":", "%3A"); bytes.Contains(bytes.ReplaceAll(record, []byte("%3a"), []byte("%3A")), []byte(encoded)) {
			t.Errorf("the ID of a guest, URL-encoded: %s", record)
		}
		const part = "us-east-1:01234567-89ab"
		if bytes.Contains(record, []byte(guest)) || strings.Count(s, part) == strings.Count(s, guest) && bytes.Contains(record, []byte(part)) {
			t.Errorf("the ID of a guest: %s", record)
		}
		if len(record) > 16*maxWords+12*8*len(s) {
			t.Errorf("a record of %d bytes", len(record))
		}
	})
}

// An ID that is known to be no guest's stays as it is, wherever it is.
func TestIDsThatAreShown(t *testing.T) {
	const pool, identity, other = "us-east-1:11111111-89ab-cdef-0123-456789abcdef", "us-east-1:22222222-89ab-cdef-0123-456789abcdef", "eu-west-1:22222222-89ab-cdef-0123-456789abcdef"
	e := &Event{Code: "X", Message: pool + " " + identity + " " + other}
	r := Record{e}
	r.SetPool(pool)
	r.SetIdentity(identity, true)
	if record := string((&Trail{Hasher: told{}}).Append(nil, e)); !strings.Contains(record, `"errorMessage":"`+pool+" "+identity+` hash:i"`) {
		t.Error(record)
	}
}

// An ID is hidden in what is URL-encoded too, such as the policies in answers, and has the
// hash that it has elsewhere.
func TestEncodedIDs(t *testing.T) {
	const pool, guid = "us-east-1:11111111-89ab-cdef-0123-456789abcdef", "22222222-89ab-cdef-0123-456789abcdef"
	e := &Event{Code: "X", Message: "%7B%22us-east-1%3A" + guid + "%22 us-east-1%3a" + guid + " us-east-1:" + guid + " " + strings.Replace(pool, ":", "%3A", 1)}
	Record{e}.SetPool(pool)
	want := `"errorMessage":"%7B%22hash:[us-east-1:` + guid + `]%22 hash:[us-east-1:` + guid + `] hash:[us-east-1:` + guid + `] ` + strings.Replace(pool, ":", "%3A", 1) + `"`
	if record := string((&Trail{Hasher: named{}}).Append(nil, e)); !strings.Contains(record, want) {
		t.Errorf("%s, want %s", record, want)
	}
}

// A session that is called by the subject of its login has a hash in its ARN and its ID.
// A role that is called so has its name.
func TestSubjectsOfSessions(t *testing.T) {
	w := writer{trail: &Trail{Hasher: told{}}, e: &Event{}}
	Record{w.e}.SetPerson(Person{Provider: "login.example.com", Subject: "alice"})
	for s, want := range map[string]string{
		"alice": "hash:s",
		"arn:aws:sts::123456789012:assumed-role/photos/alice": "arn:aws:sts::123456789012:assumed-role/photos/hash:s",
		"AROAEXAMPLE:alice": "AROAEXAMPLE:hash:s",
		"arn:aws:sts::123456789012:assumed-role/photos/malice": "arn:aws:sts::123456789012:assumed-role/photos/malice",
		"arn:aws:iam::123456789012:role/alice":                 "arn:aws:iam::123456789012:role/alice",
	} {
		if got := w.value(s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

// named is a hasher that shows what it was given, so that it is not an ID any more.
type named struct{ told }

func (named) Identity(id string) string { return "[" + id + "]" }

// filled puts something into every member of a value.
func filled(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		filled(v.Index(0))
		filled(v.Index(1))
	case reflect.Struct:
		for i := range v.NumField() {
			filled(v.Field(i))
		}
	case reflect.String:
		v.SetString("a \"b\"\n")
	case reflect.Int:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic(v.Kind())
	}
}

// Decisions are written as package json writes them, which is what is promised of them:
// with everything in them, and with nothing.
func TestDecisionsAsJSON(t *testing.T) {
	var full decision.Decision
	filled(reflect.ValueOf(&full).Elem())
	for _, d := range []decision.Decision{full, {Role: &decision.Role{Cause: "x"}, Tags: []decision.LoginTags{{}}, Trust: []*decision.Trust{{}}, Target: &decision.Target{}}} {
		e := &Event{decided: d}
		w := writer{b: []byte("{"), e: e}
		w.decision()
		if d.Role != nil {
			for i := range d.Role.Logins {
				for j := range d.Role.Logins[i].Rules {
					d.Role.Logins[i].Rules[j].Seen = nil // what people are called
				}
			}
		}
		want, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(`{"decision":`+string(want), string(w.b)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	trail := &Trail{Account: "123456789012", Region: "us-east-1", Hasher: told{}}
	e := &Event{RequestID: "01234567-89ab-cdef-0123-456789abcdef", Service: "cognito-identity", Operation: "GetCredentialsForIdentity", UserAgent: "aws-sdk-js/3"}
	r := Record{e}
	r.SetIdentity("us-east-1:01234567-89ab-cdef-0123-456789abcdef", true)
	r.SetPool("us-east-1:11234567-89ab-cdef-0123-456789abcdef")
	r.SetPerson(Person{Provider: "login.example.com", Subject: "alice"})
	r.Set("role", "arn:aws:iam::123456789012:role/user")
	filled(reflect.ValueOf(&e.decided).Elem())
	var room []byte
	b.ReportAllocs()
	for b.Loop() {
		room = trail.Append(room[:0], e)
	}
}
