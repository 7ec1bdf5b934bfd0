package audit

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/awsapi"
)

// What a record shows of inputs and outputs is decided here, once for each shape: by
// what the API model says of it and what it is called. Whatever nobody has said
// anything about is left out, so that an operation that is added shows too little and
// never too much.

const (
	// maxString is how much of a string a record shows, and maxPart how long what is
	// shown of an input or output may be, in bytes. What is longer is left out, as
	// CloudTrail does.
	maxString = 16 << 10
	maxPart   = 64 << 10
	// maxDepth is how deep structures are looked into.
	maxDepth = 12
)

// hidden are words in the names of string members and of their shapes that are not
// shown: secrets, tokens, assertions and the keys of pages, and those who users are.
// Whom a request is about stands in a record as a keyed hash.
var hidden = []string{
	"secret", "token", "password", "passphrase", "assertion", "privatekey", "logins", "authorization", "signature", "authenticationcode",
	"marker", "paginationkey", "cursor", "subject", "useridentifier", "metadatadocument", "bootstrap",
}

// plain are members of type string that are shown although no shape says what they
// may be: they are in outputs, and made by the services.
var plain = []string{"AccessKeyId", "Arn", "AssumedRoleId", "SourceIdentity", "Provider", "Audience", "Account", "PackedPolicySize"}

// shown is what is shown of a type; nil for nothing.
type shown struct {
	kind    awsapi.TypeKind
	members []shownMember // of a structure
	elem    *shown        // of a list or map
}

type shownMember struct {
	name  string // as CloudTrail writes it
	index int    // in the Go struct
	value *shown
}

// shownOf works out what is shown of a type, which a member of this name has.
func shownOf(t awsapi.Type, of reflect.Type, name string, depth int) *shown {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if t.Sensitive() || depth > maxDepth {
		return nil
	}
	s := &shown{kind: t.Kind()}
	switch s.kind {
	case awsapi.StringType:
		if isHidden(name) || isHidden(t.Name()) || t.Shape() == nil && !slices.Contains(plain, name) {
			return nil
		}
	case awsapi.StructureType:
		for _, m := range t.Members() {
			f, _ := of.FieldByName(m.GoName)
			if value := shownOf(m.Type, f.Type, m.Name, depth+1); value != nil {
				s.members = append(s.members, shownMember{lowerFirst(m.Name), f.Index[0], value})
			}
		}
		if len(s.members) == 0 {
			return nil
		}
	case awsapi.ListType:
		if s.elem = shownOf(t.Elem(), of.Elem(), name, depth+1); s.elem == nil {
			return nil
		}
	case awsapi.MapType:
		if isHidden(name) || isHidden(t.Name()) || shownOf(t.Key(), of.Key(), t.Key().Name(), depth+1) == nil {
			return nil
		}
		if s.elem = shownOf(t.Elem(), of.Elem(), t.Elem().Name(), depth+1); s.elem == nil {
			return nil
		}
	}
	return s
}

func isHidden(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(hidden, func(word string) bool { return strings.Contains(name, word) })
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// operation is what is shown of an operation.
type operation struct{ in, out *shown }

// operations are those that were asked for.
type operations struct{ known sync.Map } // of *awsapi.Row

func (o *operations) of(row *awsapi.Row) *operation {
	if known, ok := o.known.Load(row); ok {
		return known.(*operation)
	}
	made := &operation{in: shownOf(row.Input(), row.In, "", 0)}
	if row.HasOutput() {
		made.out = shownOf(row.Output(), row.Out, "", 0)
		if made.in != nil && givesToken(row.Output()) {
			made.in.members = slices.DeleteFunc(made.in.members, func(m shownMember) bool { return m.name == "principalTags" })
		}
	}
	known, _ := o.known.LoadOrStore(row, made)
	return known.(*operation)
}

// givesToken says whether an operation answers with a token, which its tags are the
// attributes of a person in.
func givesToken(out awsapi.Type) bool {
	return slices.ContainsFunc(out.Members(), func(m awsapi.TypeMember) bool { return m.Type.Sensitive() })
}

// shown writes what is shown of an input or output, or null.
func (w *writer) shown(s *shown, value any) {
	if s == nil || value == nil {
		w.raw("null")
		return
	}
	start := len(w.b)
	switch ok := w.part(s, reflect.ValueOf(value)); {
	case !ok:
		w.b = append(w.b[:start], "null"...)
	case len(w.b)-start > maxPart:
		w.b = append(w.b[:start], `{"omitted":true}`...)
	}
}

// shownTime is how CloudTrail writes the times of inputs and outputs.
const shownTime = "Jan 2, 2006 3:04:05 PM"

// part writes a value, unless it is absent.
func (w *writer) part(s *shown, v reflect.Value) bool {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return false
		}
		v = v.Elem()
	}
	switch s.kind {
	case awsapi.StringType:
		if v.Len() == 0 {
			return false
		}
		w.b = appendString(w.b, clipTo(w.value(v.String()), maxString))
	case awsapi.IntegerType, awsapi.LongType:
		w.b = strconv.AppendInt(w.b, v.Int(), 10)
	case awsapi.BooleanType:
		w.b = strconv.AppendBool(w.b, v.Bool())
	case awsapi.TimestampType:
		t, _ := v.Interface().(time.Time)
		if t.IsZero() {
			return false
		}
		w.b = appendString(w.b, t.UTC().Format(shownTime))
	case awsapi.ListType:
		if v.IsNil() {
			return false
		}
		w.raw("[")
		for i := range v.Len() {
			w.next(nil, s.elem, v.Index(i))
		}
		w.raw("]")
	case awsapi.MapType:
		if v.IsNil() {
			return false
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		w.raw("{")
		for _, key := range keys {
			name := clipTo(key.String(), maxString)
			w.next(&name, s.elem, v.MapIndex(key))
		}
		w.raw("}")
	default:
		w.raw("{")
		first := len(w.b)
		for i := range s.members {
			m := &s.members[i]
			w.next(&m.name, m.value, v.Field(m.index))
		}
		w.raw("}")
		return len(w.b) > first+1
	}
	return true
}

// next writes the next part of a structure, of a map, or, without a name, of a list.
func (w *writer) next(name *string, s *shown, v reflect.Value) {
	before := len(w.b)
	if c := w.b[before-1]; c != '{' && c != '[' {
		w.raw(",")
	}
	if name != nil {
		w.b = append(appendString(w.b, *name), ':')
	}
	if !w.part(s, v) {
		w.b = w.b[:before]
	}
}

// clipTo bounds what a stranger wrote. It takes away the word in which it cuts, which
// could be a part of an ID, by which the rest could be guessed.
func clipTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	s = s[:most]
	end := strings.LastIndexFunc(s, func(r rune) bool { return !isOfID(r) })
	s = s[:max(end+1, len(s)-maxID)]
	return strings.ToValidUTF8(s, "") + "..."
}

// maxID is how long an ID may be, REGION:GUID.
const maxID = 128

func isOfID(r rune) bool {
	return r == '-' || r == '_' || r == ':' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

const hexDigits = "0123456789abcdef"

// steers says whether a character from beyond ASCII ends a line for some readers, or has a
// terminal do something: those of C1, and what separates lines and paragraphs.
func steers(r rune) bool { return r >= 0x80 && r <= 0x9f || r == '\u2028' || r == '\u2029' }

// appendString writes a string of JSON. Whoever shows a record on a terminal shows what
// strangers wrote.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				b = append(append(b, s[from:i]...), "\ufffd"...)
				from = i + 1
			case steers(r):
				b = append(append(b, s[from:i]...), '\\', 'u', hexDigits[r>>12], hexDigits[r>>8&0xf], hexDigits[r>>4&0xf], hexDigits[r&0xf])
				from = i + n
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
