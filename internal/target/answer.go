package target

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Credentials are what a target hands out.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	// Expires is when the target says that they end.
	Expires time.Time
}

// Bounds of an answer. The deepest that is read is
// AssumeRoleResponse/AssumeRoleResult/Credentials/AccessKeyId.
const (
	maxDepth        = 8
	maxElements     = 64
	maxAccessKeyID  = 128
	maxSecret       = 512
	maxSessionToken = 16 << 10
	// maxOverdue is how much longer than asked for credentials may last: clocks
	// differ, and some targets round up.
	maxOverdue = 15 * time.Minute
)

// element is one that has text: where it is, without namespaces, and the text.
type element struct{ path, text string }

// elements reads an answer into those of its elements that have no others inside.
// XML is read as its own reader has it, which knows no entities but XML's five:
// what declares some, or anything else before the root, is refused, and so is what
// is deeper or has more elements than an STS would send.
func elements(body []byte) (list []element, err error) {
	dec := xml.NewDecoder(bytes.NewReader(body))
	dec.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	var path []string
	var text strings.Builder
	leaf, count, done := false, 0, false
	for {
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New("not XML") // whose errors quote the answer
		}
		switch token := token.(type) {
		case xml.StartElement:
			if count++; count > maxElements || len(path) == maxDepth || done {
				return nil, errors.New("more elements than an STS sends")
			}
			path, leaf = append(path, token.Name.Local), true
			text.Reset()
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != token.Name.Local {
				return nil, errors.New("not XML: an element ends that has not begun")
			}
			if leaf {
				list = append(list, element{strings.Join(path, "/"), text.String()})
			}
			path, leaf = path[:len(path)-1], false
			done = len(path) == 0
		case xml.CharData:
			text.Write(token)
		case xml.Directive:
			return nil, errors.New("it has a document type, which no STS sends")
		case xml.ProcInst:
			if token.Target != "xml" || count > 0 {
				return nil, errors.New("it has instructions, which no STS sends")
			}
		}
	}
	if !done {
		return nil, errors.New("it ends early")
	}
	return list, nil
}

// read reads the answer of an operation that was asked at a time to give
// credentials for a while.
func read(body []byte, operation string, now time.Time, lasts time.Duration) (*Credentials, error) {
	list, err := elements(body)
	if err != nil {
		return nil, badAnswer("%w", err)
	}
	c := &Credentials{}
	expiration := ""
	in := operation + "Response/" + operation + "Result/Credentials/"
	fields := map[string]*string{
		in + "AccessKeyId": &c.AccessKeyID, in + "SecretAccessKey": &c.SecretAccessKey, in + "SessionToken": &c.SessionToken, in + "Expiration": &expiration,
	}
	for _, e := range list {
		field := fields[e.path]
		if field == nil {
			continue
		}
		if *field != "" {
			return nil, badAnswer("%s is there twice", e.path)
		}
		*field = strings.TrimSpace(e.text)
	}
	switch {
	case !usable(c.AccessKeyID, maxAccessKeyID):
		return nil, badAnswer("AccessKeyId is missing or cannot be one")
	case !usable(c.SecretAccessKey, maxSecret):
		return nil, badAnswer("SecretAccessKey is missing or cannot be one")
	case !usable(c.SessionToken, maxSessionToken):
		return nil, badAnswer("SessionToken is missing or cannot be one")
	}
	if c.Expires, err = time.Parse(time.RFC3339, expiration); err != nil {
		return nil, badAnswer("Expiration is not a time")
	}
	c.Expires = c.Expires.UTC().Truncate(time.Second)
	switch left := c.Expires.Sub(now); {
	case left <= 0:
		return nil, badAnswer("the credentials have expired: %s", c.Expires.Format(time.RFC3339))
	case left > lasts+maxOverdue:
		return nil, badAnswer("the credentials last until %s, and were to last %s", c.Expires.Format(time.RFC3339), lasts)
	}
	return c, nil
}

// usable says whether a text has characters, not too many, and none that has no
// business in a header.
func usable(s string, most int) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// refusal reads an error: ErrorResponse/Error, or Error alone, as Ceph has it.
// What it says is shown to the operator without anything that could be one of the
// texts that were sent there.
func refusal(status int, body []byte, sent ...string) error {
	var code, message string
	if list, err := elements(body); err == nil {
		for _, e := range list {
			switch strings.TrimPrefix(e.path, "ErrorResponse/") {
			case "Error/Code":
				code = e.text
			case "Error/Message":
				message = e.text
			}
		}
	}
	if code == "" {
		return &Error{Cause: causeRefused, Err: fmt.Errorf("status %d", status)}
	}
	return &Error{Cause: causeRefused, Err: fmt.Errorf("status %d, %s: %s", status, shown(code, maxCode, sent), shown(message, maxMessage, sent))}
}

const (
	maxCode, maxMessage = 64, 512
	// maxWord is the longest word that is shown: tokens, secrets and identity IDs
	// are longer.
	maxWord = 31
)

// shown is a text of a target as a log may have it.
func shown(s string, most int, sent []string) string {
	for _, secret := range sent {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[...]")
		}
	}
	var b strings.Builder
	word := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && isWord(s[i]) {
			continue
		}
		if w := s[word:i]; len(w) > maxWord {
			b.WriteString("[...]")
		} else {
			b.WriteString(w)
		}
		if i < len(s) {
			b.WriteByte(s[i])
		}
		word = i + 1
	}
	return fmt.Sprintf("%.*q", most, b.String())
}

// isWord says whether a byte can be part of a token or an ID.
func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_-+=/", c) >= 0
}
