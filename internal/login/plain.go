package login

import (
	"github.com/daypass/daypass/internal/jws"
	"github.com/daypass/daypass/internal/plainjson"
)

// Tokens are plain JSON, nearly all of them, and have headers of a few members. Those
// are read here. Of all others these functions say that they are not plain, and
// decodeObject reads them, which gives the same for those that are.

// plainHeader reads a header that has no members but alg, kid and typ, which are
// texts.
func plainHeader(part []byte) (header, bool) {
	var room [192]byte
	if base64url.DecodedLen(len(part)) > len(room) {
		return header{}, false
	}
	b, err := appendPart(room[:0], part)
	if err != nil {
		return header{}, false
	}
	r := plainjson.New(string(b))
	var h header
	var o plainjson.Object
	for o.Next(&r) {
		text, ok := r.String()
		switch {
		case !ok:
			return header{}, false
		case o.Name == "alg":
			h.Algorithm = jws.Algorithm(text)
		case o.Name == "kid":
			h.KeyID = text
		case o.Name == "typ":
			h.Type = text
		default:
			return header{}, false
		}
	}
	return h, o.Ok && r.End()
}

// plainClaims reads the claims of a payload, which stay parts of it.
func plainClaims(payload []byte) (Claims, bool) {
	type claim struct {
		name     string
		from, to int // the value
	}
	var room [plainjson.MaxMembers]claim
	n := 0
	r := plainjson.New(string(payload))
	var o plainjson.Object
	for o.Next(&r) {
		from, to, ok := r.Value()
		if !ok {
			return nil, false
		}
		room[n] = claim{o.Name, from, to}
		n++
	}
	if !o.Ok || !r.End() {
		return nil, false
	}
	claims := make(Claims, n)
	for _, c := range room[:n] {
		claims[c.name] = payload[c.from:c.to:c.to]
	}
	return claims, true
}
