package sigv4

import (
	"log/slog"
	"strconv"
)

// Request is the parts of an HTTP request that a signature covers, as they were
// on the wire.
type Request struct {
	// Method is the HTTP method, in the client's spelling.
	Method string
	// Path is the path in its escaped form; an empty one means "/".
	Path string
	// RawQuery is the query in its escaped form, without the question mark.
	RawQuery string
	// Host is the Host header, with the port if the client sent one.
	Host string
	// Header holds the other headers under canonical names ("X-Amz-Date"), as
	// net/http makes them.
	Header map[string][]string
	// Body is the whole body.
	Body []byte
	// BodyHash is the SHA-256 of the body in lower-case hexadecimal, where the body
	// itself is not here: what is verified is then that the client signed a body of
	// this hash. The length of that body is not known either; it is what a
	// Content-Length header says.
	BodyHash string
}

// header returns the values of a header named in lower case. The key is built on
// the stack, where net/textproto would allocate one for each name.
func (r *Request) header(lower string) []string {
	var buf [maxHeaderName]byte
	return r.Header[string(appendHeaderKey(buf[:0], lower))]
}

// appendValue appends the value of a signed header in canonical form, several
// joined by commas. It reports whether the request has that header at all.
func (r *Request) appendValue(dst []byte, name string) ([]byte, bool) {
	if name == "host" {
		return appendFolded(dst, r.Host), true
	}
	values := r.header(name)
	if len(values) == 0 && name == "content-length" && r.BodyHash == "" {
		// Servers and proxies may keep the length apart from the headers, or
		// send the body on in chunks. The body is here and hashed, so its
		// length is not a matter of trust.
		return strconv.AppendInt(dst, int64(len(r.Body)), 10), true
	}
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFolded(dst, v)
	}
	return dst, len(values) > 0
}

// Credentials are an access key and, for temporary credentials, their session
// token. They do not print their secrets.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	// SessionToken is empty for long-term credentials.
	SessionToken string
}

// String returns the access key ID alone.
func (c Credentials) String() string { return c.AccessKeyID }

// GoString returns the access key ID alone.
func (c Credentials) GoString() string { return "sigv4.Credentials(" + c.AccessKeyID + ")" }

// LogValue returns the access key ID alone.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.AccessKeyID) }
