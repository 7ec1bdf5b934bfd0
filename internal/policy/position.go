package policy

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Position is a place in the text of a document. Lines and columns count from
// 1, columns in characters.
type Position struct {
	Line, Column int
}

// Span is where the statement stands in the text of its document, as IAM's
// simulations have it: it ends after its last brace and begins where what stands
// before it ends, which is the bracket of the list or the statement before. A
// statement outside of a list begins after its own first brace.
func (s Statement) Span() (start, end Position) {
	text := s.Document.text
	from, to := s.offsets()
	return positionOf(text, from), positionOf(text, to)
}

// offsets reads the document once more: only simulations ask, and so no document
// has to remember. Nothing can go wrong in a text that was read before.
func (s Statement) offsets() (from, to int) {
	dec := jsontext.NewDecoder(strings.NewReader(s.Document.text))
	read := func() jsontext.Token {
		token, _ := dec.ReadToken()
		return token
	}
	for read(); dec.PeekKind() == jsontext.KindString; {
		if read().String() != "Statement" {
			_ = dec.SkipValue()
			continue
		}
		if dec.PeekKind() == jsontext.KindBeginObject {
			value, _ := dec.ReadValue()
			to = int(dec.InputOffset())
			return to - len(value) + 1, to
		}
		read()
		for to = int(dec.InputOffset()); dec.PeekKind() == jsontext.KindBeginObject; s.Index-- {
			from = to
			_ = dec.SkipValue()
			if to = int(dec.InputOffset()); s.Index == 0 {
				break
			}
		}
		return from, to
	}
	return 0, 0
}

// positionOf says which line and column an offset is at. A line ends with CR, LF
// or both.
func positionOf(text string, offset int) Position {
	p := Position{1, 1}
	last := rune(0)
	for _, r := range text[:offset] {
		switch {
		case r == '\n' && last == '\r':
		case r == '\n' || r == '\r':
			p = Position{p.Line + 1, 1}
		default:
			p.Column++
		}
		last = r
	}
	return p
}
