package cognito

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// GUID is the second half of an ID, as the store keeps it.
type GUID [16]byte

// newGUID makes a random (version 4) GUID. The ID of a guest is all that a
// guest has to show, so its 122 free bits come from a cryptographic source.
func newGUID(rand io.Reader) (GUID, error) {
	var g GUID
	if _, err := io.ReadFull(rand, g[:]); err != nil {
		return g, fmt.Errorf("make an ID: %w", err)
	}
	g[6] = g[6]&0x0f | 0x40
	g[8] = g[8]&0x3f | 0x80
	return g, nil
}

// String writes the GUID as 8-4-4-4-12 lower-case hexadecimal digits.
func (g GUID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], g[0:4])
	hex.Encode(b[9:13], g[4:6])
	hex.Encode(b[14:18], g[6:8])
	hex.Encode(b[19:23], g[8:10])
	hex.Encode(b[24:36], g[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// parseID takes REGION:GUID apart. Only the spelling that String makes is an ID.
func parseID(id string) (region string, g GUID, ok bool) {
	region, text, found := strings.Cut(id, ":")
	if !found || len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return "", g, false
	}
	digits := text[0:8] + text[9:13] + text[14:18] + text[19:23] + text[24:36]
	if _, err := hex.Decode(g[:], []byte(digits)); err != nil {
		return "", g, false
	}
	return region, g, g.String() == text
}
