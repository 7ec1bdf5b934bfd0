package awsapi

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A message quotes what a stranger sent, so it has bounds. They are far above
// what a client that means well ever meets: policy documents of IAM end at
// 10,240 characters, and nothing else that is shown is half as long.
const (
	// maxQuote is how much of a value a message quotes, in bytes.
	maxQuote = 10 << 10
	// maxStep is how much of a map's key a path quotes, in bytes.
	maxStep = 512
	// maxSentences is how long all sentences together may get, in bytes. What
	// comes after that is counted and not shown.
	maxSentences = 32 << 10
)

// Violation is a constraint that a value of the input violates.
type Violation struct {
	// Path leads to the value.
	Path Path
	// Value is what the message shows of it: null, or its text in single quotes;
	// nothing where it is sensitive.
	Value string
	// Constraint is AWS's sentence, such as "Member must not be null".
	Constraint string
}

// String is the violation as AWS's messages have it, for example "Value null at
// 'identityPoolId' failed to satisfy constraint: Member must not be null".
func (v Violation) String() string {
	shown := "Value "
	if v.Value != "" {
		shown += v.Value + " "
	}
	return shown + "at '" + v.Path.String() + "' failed to satisfy constraint: " + v.Constraint
}

// Path leads to a value in an input: roleMappings.x.member.rulesConfiguration.
type Path []Step

// Step is a part of a path: a member, the number of an item, or the key of an
// entry of a map. Behind the last two comes the step "member".
type Step struct {
	Name string
	// Index is the number of the item, from 1; 0 for what has a name.
	Index int
	// Key says that the name is a map's key, which the caller has chosen.
	Key bool
}

// String spells the path as AWS's messages do.
func (p Path) String() string {
	var s []byte
	for i, at := range p {
		if i > 0 {
			s = append(s, '.')
		}
		if at.Index > 0 {
			s = strconv.AppendInt(s, int64(at.Index), 10)
		} else {
			s = append(s, clip(at.Name, maxStep)...)
		}
	}
	return string(s)
}

// Members is the path as far as the API names it, up to a key that the caller has
// chosen, which may be a secret: for the log.
func (p Path) Members() string {
	if i := slices.IndexFunc(p, func(s Step) bool { return s.Key }); i >= 0 {
		p = p[:i]
	}
	return p.String()
}

// clip cuts a text that is longer than most bytes, between two characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "..."
}

// told says that nothing more needs to be found out about where the walk is.
func (b *binder) told() bool { return b.quiet && b.failed }

// missing records that a required member is not there.
func (b *binder) missing() {
	mark := len(b.found.Violations)
	b.record(&mark, "null", "Member must not be null")
}

// violate records that a value does not satisfy a constraint.
func (b *binder) violate(v reflect.Value, sensitive bool, sentence string) {
	mark := len(b.found.Violations)
	b.violateAt(&mark, v, sensitive, sentence)
}

// violateAt does so at a place among the violations so far, and moves the place
// on.
func (b *binder) violateAt(mark *int, v reflect.Value, sensitive bool, sentence string) {
	shown := ""
	if !sensitive && !b.quiet {
		shown = "'" + quote(v) + "'"
	}
	b.record(mark, shown, sentence)
}

func (b *binder) record(mark *int, shown, sentence string) {
	list := b.found.Violations
	switch {
	case b.quiet:
		b.failed = true
		return
	case b.size >= maxSentences && *mark == len(list):
		b.found.Omitted++
		return
	}
	v := Violation{Path: slices.Clone(b.at), Value: shown, Constraint: sentence}
	b.size += len(v.String())
	list = slices.Insert(list, *mark, v)
	for last := len(list) - 1; b.size-len(list[last].String()) >= maxSentences; last-- {
		b.size -= len(list[last].String())
		b.found.Omitted++
		list = list[:last]
	}
	b.found.Violations = list
	*mark = min(*mark+1, len(list))
}

// quote prints a value as AWS's messages do. Map entries are sorted, so that a
// message is always the same.
func quote(v reflect.Value) string {
	if v.Kind() == reflect.String { // most are
		return clip(v.String(), maxQuote)
	}
	return clip(string(appendQuote(nil, v)), maxQuote)
}

// appendQuote prints a value, and not much more of it than a quotation holds.
func appendQuote(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Slice:
		return appendQuoteList(b, v)
	case reflect.Map:
		return appendQuoteMap(b, v)
	case reflect.String:
		return append(b, clip(v.String(), maxQuote)...)
	case reflect.Struct:
		return append(b, v.Type().Name()+"(...)"...)
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Pointer:
		if !v.IsNil() {
			return appendQuote(b, v.Elem())
		}
	}
	return append(b, "null"...)
}

func appendQuoteList(b []byte, v reflect.Value) []byte {
	b = append(b, '[')
	for i := 0; i < v.Len() && len(b) <= maxQuote; i++ {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendQuote(b, v.Index(i))
	}
	return append(b, ']')
}

func appendQuoteMap(b []byte, v reflect.Value) []byte {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	b = append(b, '{')
	for i := 0; i < len(keys) && len(b) <= maxQuote; i++ {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendQuote(b, keys[i])
		b = append(b, '=')
		b = appendQuote(b, v.MapIndex(keys[i]))
	}
	return append(b, '}')
}

// lowerFirst spells a wire name the way AWS's messages do.
func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
