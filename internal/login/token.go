package login

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/jws"
)

const (
	maxDepth      = 32   // of nesting; real tokens need four or five
	maxKeyIDBytes = 1024 // longer ones are padding
)

// Token is a JWT that has been read. Nothing in it is true yet: whoever sent it
// may have made it up. It never prints the token.
type Token struct {
	raw       string
	text      []byte // raw once more, for those who hash it
	input     []byte // the part of text that is signed: header and payload
	header    header
	payload   []byte
	claims    Claims
	issuer    string // the iss claim; "" if it is no string
	signature []byte
	hash      [sha256.Size]byte // of text
}

// header is what we read of a JOSE header. No key is taken from it: the key comes
// from the issuer.
type header struct {
	Algorithm jws.Algorithm  `json:"alg"`
	KeyID     string         `json:"kid"`
	Type      string         `json:"typ"`
	Critical  jsontext.Value `json:"crit"`
	Encoded   jsontext.Value `json:"b64"`
	// These are of no use, but have to be what they are called.
	Key          jsontext.Value `json:"jwk"`
	Certificates jsontext.Value `json:"x5c"`
	Nonce        jsontext.Value `json:"nonce"`
	Others       jsontext.Value `json:",embed"`
}

// Parse reads a JWT in compact serialization (RFC 7519, RFC 7515) of at most
// maxLen bytes. It is strict where leniency would let two readers see two
// tokens: parts are unpadded base64url in its only spelling, header and payload
// are JSON objects in which no name occurs twice. The error is an *Error.
func Parse(token string, maxLen int) (*Token, error) {
	if len(token) > maxLen {
		return nil, reject(TokenTooLarge, fmt.Errorf("%d bytes, at most %d are accepted", len(token), maxLen))
	}
	t := &Token{raw: token}
	if err := t.read(); err != nil {
		return nil, reject(cmp.Or(wrapping(token), NotAJWT), err)
	}
	t.hash = sha256.Sum256(t.text) // now, since a token may be verified by several at once
	return t, nil
}

// wrapping says what stands around a token that cannot be read, or in it, that no
// token has; "" if nothing does.
func wrapping(token string) Cause {
	const scheme = "bearer "
	trimmed := strings.TrimSpace(token)
	switch {
	case len(trimmed) > len(scheme) && strings.EqualFold(trimmed[:len(scheme)], scheme):
		return TokenBearer
	case trimmed != token, strings.ContainsAny(token, " \t\r\n") && strings.Count(token, ".") == 2:
		return TokenWhiteSpace
	}
	return ""
}

func (t *Token) read() error {
	head, rest, _ := strings.Cut(t.raw, ".")
	body, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.IndexByte(signature, '.') >= 0 {
		return errors.New("not three parts")
	}
	// The parts of a token that is read lie behind one another, in one allocation.
	decoded := base64url.DecodedLen(len(body)) + base64url.DecodedLen(len(signature))
	t.text = append(make([]byte, 0, len(t.raw)+decoded), t.raw...)
	t.input = t.text[: len(head)+1+len(body) : len(head)+1+len(body)]
	if err := t.readHeader(t.text[:len(head)]); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	read, err := appendPart(t.text, t.input[len(head)+1:])
	if err == nil {
		t.payload = read[len(t.text):len(read):len(read)]
		err = t.readPayload(t.payload)
	}
	if err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	all, err := appendPart(read, t.text[len(t.input)+1:])
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	t.text, t.signature = t.text[:len(t.raw):len(t.raw)], all[len(read):]
	t.issuer, _ = t.claims.Text("iss")
	return nil
}

func (t *Token) readHeader(part []byte) error {
	var plain bool
	if t.header, plain = plainHeader(part); plain {
		return nil
	}
	b, err := appendPart(nil, part)
	if err != nil {
		return err
	}
	if err := decodeObject(b, &t.header); err != nil {
		return err
	}
	if len(t.header.KeyID) > maxKeyIDBytes {
		return errors.New("key id too long")
	}
	return nil
}

func (t *Token) readPayload(b []byte) error {
	if claims, plain := plainClaims(b); plain {
		t.claims = claims
		return nil
	}
	read := members{text: b}
	err := decodeObject(b, &read)
	t.claims = read.claims
	return err
}

// Issuer returns the iss claim, unverified, or "" when there is no such string.
// It serves to find the provider whose rules then decide.
func (t *Token) Issuer() string { return t.issuer }

// Payload returns the claims as the JSON object that was signed, for whoever has
// had the token verified. It is not to be changed.
func (t *Token) Payload() []byte { return t.payload }

// Format keeps the token out of whatever it is printed to.
func (t Token) Format(f fmt.State, _ rune) { f.Write([]byte("[token]")) }

// base64url is how a part of a token is written: without padding, in its one
// canonical spelling (RFC 7515, section 2).
var base64url = base64.RawURLEncoding.Strict()

// decodePart decodes one part of a token.
func decodePart(part string) ([]byte, error) { return appendPart(nil, []byte(part)) }

// appendPart appends what one part of a token says. The room behind what it appends
// to must not be the part's.
func appendPart(to, part []byte) ([]byte, error) {
	// The decoder skips line ends even when strict.
	if bytes.IndexByte(part, '\r') >= 0 || bytes.IndexByte(part, '\n') >= 0 {
		return nil, errors.New("not base64url")
	}
	b, err := base64url.AppendDecode(to, part)
	if err != nil {
		return nil, errors.New("not base64url")
	}
	return b, nil
}

// decodeObject decodes a JSON object of a token. Its errors describe without
// quoting.
func decodeObject(b []byte, into any) error {
	if !bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) {
		return errors.New("not a JSON object")
	}
	if deeper(b, maxDepth) {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	err := json.Unmarshal(b, into)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errors.New("a name occurs twice")
	}
	return errors.New("malformed JSON")
}

// deeper reports whether JSON nests more than limit levels. It runs before the
// parser, which would follow the nesting; of malformed JSON it may say either.
func deeper(b []byte, limit int) bool {
	if bytes.Count(b, []byte("{"))+bytes.Count(b, []byte("[")) <= limit {
		return false
	}
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
