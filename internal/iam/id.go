package iam

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Prefix is the first four characters of a unique ID or access key ID: they
// say what it names ("IAM identifiers" in the IAM User Guide).
type Prefix string

// The prefixes in use.
const (
	RolePrefix         Prefix = "AROA" // of a role's unique ID
	UserPrefix         Prefix = "AIDA" // of a user's unique ID
	PolicyPrefix       Prefix = "ANPA" // of a managed policy's unique ID
	TemporaryKeyPrefix Prefix = "ASIA" // of the ID of a temporary access key
	LongTermKeyPrefix  Prefix = "AKIA" // of the ID of a long-term access key
)

const (
	prefixLength   = 4
	uniqueIDLength = 21 // of AROA… and the like
	keyIDLength    = 20 // of AKIA… and ASIA…
	accountLength  = 9  // characters that hold the account
	accountDigits  = 12

	accounts = 1_000_000_000_000 // how many there can be

	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // of base32, RFC 4648
)

// NewID makes a unique ID or access key ID of an account: the prefix, nine
// characters that hold the account, and random ones, in base32. AWS tells
// account IDs from key IDs in this way, and so do many tools. The account must
// have twelve digits. random gives the rest.
func NewID(prefix Prefix, account string, random io.Reader) (string, error) {
	length := uniqueIDLength
	if prefix == TemporaryKeyPrefix || prefix == LongTermKeyPrefix {
		length = keyIDLength
	}
	n, err := strconv.ParseUint(account, 10, 64)
	if err != nil || len(account) != accountDigits {
		return "", fmt.Errorf("account ID %q does not have %d digits", account, accountDigits)
	}
	var noise [10]byte // 16 characters, of which the last 11 or 12 are used
	if _, err := io.ReadFull(random, noise[:]); err != nil {
		return "", fmt.Errorf("make an ID: %w", err)
	}
	id := make([]byte, 0, prefixLength+accountLength+16)
	id = append(id, prefix...)
	id = appendAccount(id, n, noise[9])
	id = base32.StdEncoding.AppendEncode(id, noise[:])
	return string(id[:length]), nil
}

// appendAccount writes an account in nine characters. The first eight hold a
// one and the account without its last bit. The ninth is of the first half of
// the alphabet when that bit is 0 and of the second when it is 1; which one of
// the sixteen is random.
func appendAccount(id []byte, account uint64, random byte) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], 1<<39|account>>1)
	id = base32.StdEncoding.AppendEncode(id, b[3:])
	return append(id, alphabet[byte(account&1)<<4|random&15])
}

// AccountOf tells the account that an ID of NewID belongs to; false if the
// text holds none.
func AccountOf(id string) (account string, ok bool) {
	if len(id) != keyIDLength && len(id) != uniqueIDLength {
		return "", false
	}
	var d uint64 // the first nine characters, 45 bits
	for i := prefixLength; i < len(id); i++ {
		v := strings.IndexByte(alphabet, id[i])
		if v < 0 {
			return "", false
		}
		if i < prefixLength+accountLength {
			d = d<<5 | uint64(v)
		}
	}
	n := d >> 4 &^ (1 << 40) // all but the one in front
	if d>>44 != 1 || n >= accounts {
		return "", false
	}
	return strconv.FormatUint(accounts+n, 10)[1:], true // with leading zeros
}
