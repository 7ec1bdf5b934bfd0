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
	text := string(b)
	r := plainjson.New(text)
	var h header
	var o plainjson.Object
	for o.Next(&r) {
		name := text[o.From:o.To]
		from, to, ok := r.String()
		switch {
		case !ok:
			return header{}, false
		case name == "alg":
			h.Algorithm = jws.Algorithm(text[from:to])
		case name == "kid":
			h.KeyID = text[from:to]
		case name == "typ":
			h.Type = text[from:to]
		default:
			return header{}, false
		}
	}
	return h, o.Ok && r.End()
}

// plainClaims reads the claims of a payload, which stay parts of it.
func plainClaims(payload []byte) (Claims, bool) {
	type claim struct{ name, value [2]int }
	var room [plainjson.MaxMembers]claim
	n := 0
	text := string(payload)
	r := plainjson.New(text)
	var o plainjson.Object
	for o.Next(&r) {
		from, to, ok := r.Value()
		if !ok {
			return nil, false
		}
		room[n] = claim{[2]int{o.From, o.To}, [2]int{from, to}}
		n++
	}
	if !o.Ok || !r.End() {
		return nil, false
	}
	claims := make(Claims, n)
	for _, c := range room[:n] {
		claims[text[c.name[0]:c.name[1]]] = payload[c.value[0]:c.value[1]:c.value[1]]
	}
	return claims, true
}
