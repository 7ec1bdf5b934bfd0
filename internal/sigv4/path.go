package sigv4

import "strings"

// appendCanonicalPath appends the path as services other than Amazon S3 sign it:
// without empty and dot segments (RFC 3986, section 5.2.4), and escaped once
// more than it was on the wire.
func appendCanonicalPath(dst []byte, path string) []byte {
	if path == "" || path == "/" {
		return append(dst, '/')
	}
	return appendEscaped(dst, normalizePath(path), true)
}

func normalizePath(path string) string {
	var kept []string
	open := true // the path ends in a slash, or in a segment that stands for one
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
			open = true
		case "..":
			open = true
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			open = false
			kept = append(kept, segment)
		}
	}
	normal := "/" + strings.Join(kept, "/")
	if open && len(kept) > 0 {
		normal += "/"
	}
	return normal
}
