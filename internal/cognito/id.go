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
	var room [36]byte
	return string(g.append(room[:0]))
}

// append appends what String writes.
func (g GUID) append(b []byte) []byte {
	b = hex.AppendEncode(b, g[0:4])
	for _, part := range [...][2]int{{4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		b = hex.AppendEncode(append(b, '-'), g[part[0]:part[1]])
	}
	return b
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
	var room [36]byte
	return region, g, string(g.append(room[:0])) == text
}
