package policy

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A pattern in a policy is read into pieces once. Wildcards, escapes and
// variables are told from text here and never again: what a variable stands
// for later is text, whatever characters it has.
type piece struct {
	kind     pieceKind
	index    int32       // of a hole, among those of its glob
	text     string      // of a literal
	variable *variable   // of a hole
	origin   pieceOrigin // of a literal, when rendered
}

type pieceKind uint8

const (
	literal pieceKind = iota
	anyText           // *
	oneChar           // ?
	hole              // ${…}
)

// A variable is a condition key that stands in a pattern.
type variable struct {
	key        string // lower-cased
	name       string // the key as it is written
	def        string // ${key, 'def'}
	hasDefault bool
}

// value is what the variable stands for in a request. Only a key with exactly
// one value can stand in a pattern ("Where you can use policy variables" in the
// IAM User Guide); the default is for absent keys only. A value that is not
// UTF-8 could match in the middle of a character and is refused.
func (v *variable) value(ctx Context) (string, bool) {
	switch values := ctx[v.key]; len(values) {
	case 0:
		return v.def, v.hasDefault
	case 1:
		return values[0], utf8.ValidString(values[0])
	default:
		return "", false
	}
}

// syntax says what is special in a pattern.
type syntax struct {
	wildcards bool // * and ?
	variables bool // ${…}: documents of version 2012-10-17
}

// readPieces takes a pattern apart. Adjacent literals become one piece, and so
// do adjacent asterisks.
func readPieces(pattern string, s syntax) ([]piece, error) {
	var (
		pieces []piece
		text   strings.Builder // literal that is not a piece yet
	)
	add := func(p piece) {
		if text.Len() > 0 {
			pieces = append(pieces, piece{kind: literal, text: text.String()})
			text.Reset()
		}
		pieces = append(pieces, p)
	}
	for pattern != "" {
		switch special := pattern[0]; {
		case special == '$' && s.variables && strings.HasPrefix(pattern, "${"):
			p, rest, err := readVariable(pattern[2:])
			if err != nil {
				return nil, err
			}
			if p.kind == literal {
				text.WriteString(p.text)
			} else {
				add(p)
			}
			pattern = rest
		case special == '*' && s.wildcards:
			add(piece{kind: anyText})
			pattern = strings.TrimLeft(pattern, "*")
		case special == '?' && s.wildcards:
			add(piece{kind: oneChar})
			pattern = pattern[1:]
		default:
			end := 1 + indexSpecial(pattern[1:])
			text.WriteString(pattern[:end])
			pattern = pattern[end:]
		}
	}
	if text.Len() > 0 {
		pieces = append(pieces, piece{kind: literal, text: text.String()})
	}
	return pieces, nil
}

// indexSpecial is where the next character is that may be special.
func indexSpecial(s string) int {
	if i := strings.IndexAny(s, "$*?"); i >= 0 {
		return i
	}
	return len(s)
}

var errVariable = errors.New("malformed policy variable")

// readVariable reads what follows "${": one of the three escapes, a key, or a
// key with a default.
func readVariable(s string) (p piece, rest string, err error) {
	for _, escape := range []string{"*", "?", "$"} {
		if rest, ok := strings.CutPrefix(s, escape+"}"); ok {
			return piece{kind: literal, text: escape}, rest, nil
		}
	}
	end := strings.IndexAny(s, ",}")
	if end < 0 {
		return piece{}, "", fmt.Errorf("%w: no closing brace", errVariable)
	}
	key := s[:end]
	if key == "" || strings.TrimSpace(key) != key || strings.ContainsAny(key, "${*?'") {
		return piece{}, "", fmt.Errorf("%w: key %q", errVariable, key)
	}
	v := &variable{key: strings.ToLower(key), name: key}
	if s[end] == ',' {
		if v.def, s, err = readDefault(s[end+1:]); err != nil {
			return piece{}, "", err
		}
		v.hasDefault = true
		return piece{kind: hole, variable: v}, s, nil
	}
	return piece{kind: hole, variable: v}, s[end+1:], nil
}

// readDefault reads " 'text'}".
func readDefault(s string) (def, rest string, err error) {
	s, ok := strings.CutPrefix(strings.TrimLeft(s, " "), "'")
	if !ok {
		return "", "", fmt.Errorf("%w: default without quotes", errVariable)
	}
	def, s, ok = strings.Cut(s, "'")
	if !ok {
		return "", "", fmt.Errorf("%w: default without closing quote", errVariable)
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(s, " "), "}")
	if !ok {
		return "", "", fmt.Errorf("%w: text after the default", errVariable)
	}
	return def, rest, nil
}
