package audit

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
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
	for _, s := range []string{"", ",", "\x1f", guest, "x\n\"\\\x00\x7f\xff" + guest + guest, strings.Repeat("é", 3) + "\u2028", strings.Repeat("x", maxWords-30) + guest, strings.Repeat("-", maxWords-20-len(guest)) + guest} {
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
