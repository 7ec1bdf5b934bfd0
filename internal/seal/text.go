package seal

import "strings"

// SealText seals a text that its reader hands back in a parameter, such as where
// a listing goes on: base64url without padding. It is tied to names, of which
// only the last may have zero bytes.
func (b *Box) SealText(text string, names ...string) string {
	return textEncoding.EncodeToString(b.Seal(nil, []byte(text), tie(names)))
}

// OpenText opens what [Box.SealText] of the same purpose made for the same names.
// The only error is [ErrOpen].
func (b *Box) OpenText(sealed string, names ...string) (string, error) {
	raw, err := textEncoding.DecodeString(sealed)
	if err != nil || strings.ContainsAny(sealed, "\r\n") { // which the decoder would skip
		return "", ErrOpen
	}
	text, err := b.Open(nil, raw, tie(names))
	return string(text), err
}

func tie(names []string) []byte { return []byte(strings.Join(names, "\x00")) }
