package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// What the standard library's tokenizer lets pass, or reads otherwise than XML 1.0
// has it, is seen to here, in the text that a token was read from. Those who sign
// read as XML 1.0 has it.

// declaration is the XML declaration (2.8) of a document in UTF-8.
var declaration = regexp.MustCompile(`\A<\?xml\s+version\s*=\s*("1\.0"|'1\.0')` +
	`(\s+encoding\s*=\s*("(?i:utf-8)"|'(?i:utf-8)'))?` +
	`(\s+standalone\s*=\s*("(yes|no)"|'(yes|no)'))?\s*\?>\z`)

// startTag is a start tag as XML 1.0 has it: attributes are apart (3.1), and white
// space in their values is spaces, unless character references stand for it (3.3.3).
func startTag(t xml.StartElement, raw []byte) (xml.StartElement, error) {
	if err := checkReferences(raw); err != nil {
		return t, err
	}
	plain, err := plainSpace(raw)
	if err != nil || bytes.Equal(plain, raw) {
		return t, err
	}
	again, err := xml.NewDecoder(bytes.NewReader(plain)).RawToken()
	if err != nil {
		return t, err
	}
	return again.(xml.StartElement), nil
}

// plainSpace is a start tag with spaces for the white space in values.
func plainSpace(raw []byte) ([]byte, error) {
	plain := make([]byte, 0, len(raw))
	var quote byte
	for i, b := range raw {
		switch {
		case quote == 0:
			if b == '"' || b == '\'' {
				quote = b
			}
		case b == quote:
			quote = 0
			if !strings.ContainsRune(whiteSpace+"/>", rune(raw[i+1])) {
				return nil, errors.New("attributes without white space between them")
			}
		case b == '\r' && raw[i+1] == '\n':
			continue // a line end is one character (2.11)
		case strings.ContainsRune(whiteSpace, rune(b)):
			b = ' '
		}
		plain = append(plain, b)
	}
	return plain, nil
}

// checkReferences refuses references to halves of UTF-16 pairs, which are no
// characters (4.1). The tokenizer reads U+FFFD for them.
func checkReferences(raw []byte) error {
	for {
		var found bool
		if _, raw, found = bytes.Cut(raw, []byte("&#")); !found {
			return nil
		}
		digits, _, _ := bytes.Cut(raw, []byte(";"))
		base := 10
		if bytes.HasPrefix(digits, []byte("x")) {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseUint(string(digits), base, 32); err != nil || utf16.IsSurrogate(rune(n)) {
			return errors.New("a reference to a character that is none")
		}
	}
}
