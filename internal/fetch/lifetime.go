package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// MinLifetime is how long an answer may be kept when its server says less,
	// or nothing.
	MinLifetime = 5 * time.Minute
	// MaxLifetime is how long an answer may be kept when its server says more.
	MaxLifetime = 24 * time.Hour
)

// Lifetime returns how long an answer may be kept: its Cache-Control max-age
// less its Age (RFC 9111, section 4.2), held between MinLifetime and
// MaxLifetime. An answer that forbids keeping gets MinLifetime too: key sets
// are asked for once per login, and no issuer wants that.
func Lifetime(h http.Header) time.Duration {
	var seconds int64
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "max-age":
				seconds = deltaSeconds(value)
			case "no-store", "no-cache":
				return MinLifetime
			}
		}
	}
	seconds -= deltaSeconds(h.Get("Age"))
	return min(max(time.Duration(seconds)*time.Second, MinLifetime), MaxLifetime)
}

// deltaSeconds reads a number of seconds; anything else is none. RFC 9111,
// section 1.2.2, has numbers that are too large for the reader count as large.
func deltaSeconds(s string) int64 {
	const large = 1 << 31
	s = strings.Trim(strings.TrimSpace(s), `"`)
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > large {
		return large
	}
	return n
}
