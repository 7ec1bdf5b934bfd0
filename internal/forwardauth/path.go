package forwardauth

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxPath is the longest path, in bytes as it is sent. Policies compare their
// patterns with it.
const maxPath = 4 << 10

// readPath decodes a path as a service does, once, and refuses one that another
// service, or a proxy in front of it, may read as another path: what policies say of
// the one would not hold for the other.
func readPath(raw string) (string, error) {
	switch {
	case len(raw) > maxPath:
		return "", fmt.Errorf("longer than %d bytes", maxPath)
	case !strings.HasPrefix(raw, "/"):
		return "", errors.New("does not begin with a slash")
	}
	path := raw
	if strings.IndexByte(raw, '%') >= 0 {
		var err error
		if path, err = unescape(raw); err != nil {
			return "", err
		}
	}
	if err := checkPath(path); err != nil {
		return "", err
	}
	return path, nil
}

// unescape undoes percent encoding, where that makes no slash.
func unescape(raw string) (string, error) {
	b := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			var ok bool
			if c, ok = escaped(raw[i:]); !ok {
				return "", errors.New("a percent sign begins no escape")
			}
			if c == '/' {
				return "", errors.New("an encoded slash")
			}
			i += 2
		}
		b = append(b, c)
	}
	path := string(b)
	for i := range len(path) {
		if _, twice := escaped(path[i:]); twice {
			return "", errors.New("an escape within an escape")
		}
	}
	return path, nil
}

// escaped is the byte that an escape at the beginning of a text stands for.
func escaped(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	var b [1]byte
	_, err := hex.Decode(b[:], []byte(s[1:3]))
	return b[0], err == nil
}

// checkPath refuses a decoded path that may be read otherwise. Semicolons begin
// parameters of segments in Java's servlets, which leave them out before they look
// for the page; a backslash is a slash on Windows.
func checkPath(path string) error {
	if !utf8.ValidString(path) {
		return errors.New("not UTF-8")
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c < ' ', c == 0x7f:
			return errors.New("a control character")
		case c == '\\', c == ';', c == '#':
			return fmt.Errorf("%q", c)
		}
	}
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		switch {
		case segment == "" && i < len(segments)-1:
			return errors.New("two slashes in a row")
		case segment == ".", segment == "..":
			return errors.New("a dot segment")
		}
	}
	return nil
}
