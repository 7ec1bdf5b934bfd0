// Package plainjson reads the JSON that nearly everybody writes, quickly and
// without garbage: strings without escapes, whole numbers, objects with a few
// members. It is a shortcut in front of a reader of all JSON, never in its
// place. What a [Reader] reads is JSON, and means the same to both; of what it does
// not read it says nothing but that it is not plain, and the other one is asked
// from the beginning, who also has the words for what is wrong.
//
// Names that occur twice in an object are not plain, wherever it is.
package plainjson

import (
	"math/bits"
	"unicode/utf8"
)

const (
	// MaxMembers is how many members an object has that is plain. Each name is
	// compared with all others.
	MaxMembers = 32
	// maxDepth is how deep what [Reader.Value] reads over may nest.
	maxDepth = 8
)

// Reader reads a text from its beginning. Once a method has said false the text is
// not plain, and the reader of no more use.
type Reader struct {
	text string
	at   int
}

// New makes a reader of a text.
func New(text string) Reader { return Reader{text: text} }

// Kind is the first byte of what comes next, behind white space; 0 at the end.
func (r *Reader) Kind() byte {
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// End says whether there is nothing any more.
func (r *Reader) End() bool { return r.Kind() == 0 && r.at == len(r.text) }

// skip reads over one byte, if it is the next.
func (r *Reader) skip(c byte) bool {
	if r.Kind() != c {
		return false
	}
	r.at++
	return true
}

// String reads a string, and gives its characters, which are a part of the text.
func (r *Reader) String() (characters string, ok bool) {
	from, to, ok := r.quoted()
	return r.text[from:to], ok
}

// quoted reads a string, and says where in the text its characters are.
func (r *Reader) quoted() (from, to int, ok bool) {
	if !r.skip('"') {
		return 0, 0, false
	}
	for from, to = r.at, r.at; ; {
		to += plain(r.text[to:])
		switch {
		case to == len(r.text) || r.text[to] < utf8.RuneSelf && r.text[to] != '"':
			return 0, 0, false
		case r.text[to] == '"':
			r.at = to + 1
			return from, to, true
		}
		c, n := utf8.DecodeRuneInString(r.text[to:])
		if c == utf8.RuneError && n == 1 {
			return 0, 0, false
		}
		to += n
	}
}

// Object goes through the members of an object, until there are no more:
//
//	var o Object
//	for o.Next(&r) {
//		... o.Name is the name; its value is what r reads next
//	}
//	if !o.Ok ...
type Object struct {
	// Name is that of the member, a part of the text.
	Name string
	// Ok says that the object was plain, to its end.
	Ok bool

	n     int
	names [MaxMembers][2]int32
}

// Next goes to the next member; false if there is none, or something else. The value
// of the one before must have been read.
func (o *Object) Next(r *Reader) bool {
	switch {
	case o.n == 0 && !r.skip('{'):
		return false
	case r.Kind() == '}':
		r.at++
		o.Ok = true
		return false
	case o.n > 0 && !r.skip(','):
		return false
	}
	from, to, ok := r.quoted()
	if !ok || o.n == MaxMembers || !r.skip(':') {
		return false
	}
	name := r.text[from:to]
	for _, known := range o.names[:o.n] {
		if r.text[known[0]:known[1]] == name {
			return false
		}
	}
	o.names[o.n] = [2]int32{int32(from), int32(to)}
	o.n++
	o.Name = name
	return true
}

// Value reads over a value of any kind, and says where in the text it is.
func (r *Reader) Value() (from, to int, ok bool) {
	r.Kind()
	from = r.at
	ok = r.value(maxDepth)
	return from, r.at, ok
}

func (r *Reader) value(depth int) bool {
	switch r.Kind() {
	case '"':
		_, _, ok := r.quoted()
		return ok
	case '{':
		return depth > 0 && r.object(depth-1)
	case '[':
		return depth > 0 && r.array(depth-1)
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	}
	return r.number()
}

func (r *Reader) object(depth int) bool {
	var o Object
	for o.Next(r) {
		if !r.value(depth) {
			return false
		}
	}
	return o.Ok
}

func (r *Reader) array(depth int) bool {
	if !r.skip('[') {
		return false
	}
	for n := 0; !r.skip(']'); n++ {
		if n > 0 && !r.skip(',') || !r.value(depth) {
			return false
		}
	}
	return true
}

// word reads over a word that is the next. What may follow a value is somebody
// else's question.
func (r *Reader) word(word string) bool {
	if len(r.text)-r.at < len(word) || r.text[r.at:r.at+len(word)] != word {
		return false
	}
	r.at += len(word)
	return true
}

// number reads over a whole number.
func (r *Reader) number() bool {
	at := r.at
	if at < len(r.text) && r.text[at] == '-' {
		at++
	}
	first := at
	for at < len(r.text) && '0' <= r.text[at] && r.text[at] <= '9' {
		at++
	}
	if at == first || r.text[first] == '0' && at > first+1 {
		return false
	}
	r.at = at
	return true
}

// Plain says whether a text is ASCII that can be the characters of a string as it
// is.
func Plain(text string) bool { return plain(text) == len(text) }

// plain is how many bytes at the beginning of a text are ASCII that a string has
// without escapes. It looks at eight at a time.
func plain(s string) int {
	const (
		ones = 0x0101010101010101
		high = 0x8080808080808080
	)
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := s[i : i+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		quote, escape := x^'"'*ones, x^'\\'*ones
		// The lowest bit of these is that of the first byte that is not plain: what is
		// taken from a byte is taken from those above it only.
		if found := ((x - ' '*ones) | (quote - ones) | (escape - ones) | x) & high; found != 0 {
			// A byte from 0x80 on may have been reported for the byte itself, a smaller
			// one for having been too small; the sum has both.
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			break
		}
	}
	return i
}
