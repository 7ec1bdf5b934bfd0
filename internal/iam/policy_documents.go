package iam

import (
	"errors"
	"strings"

	"github.com/daypass/daypass/internal/policy"
)

// parsePolicy reads a document and words its refusal as IAM does.
func parsePolicy(kind policy.Kind, document PolicyDocumentType) (*policy.Document, error) {
	d, err := policy.Parse(kind, string(document))
	if err == nil {
		return d, nil
	}
	if malformed, ok := errors.AsType[*policy.Error](err); ok {
		return nil, malformedPolicy(malformed)
	}
	return nil, err
}

// urlEncoded writes a document as answers carry it: percent-encoded but for the
// unreserved characters of RFC 3986, section 2.3.
func urlEncoded(document PolicyDocumentType) PolicyDocumentType {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(2 * len(document))
	for i := range len(document) {
		c := document[i]
		if unreserved(c) {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return PolicyDocumentType(b.String())
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func lastSegment(path string) RoleNameType {
	return RoleNameType(path[strings.LastIndexByte(path, '/')+1:])
}

// checkTags holds tags to the rules that the API model does not have.
func checkTags(tags TagListType) error {
	seen := make(map[string]bool, len(tags))
	for _, t := range tags {
		key := strings.ToLower(string(t.Key))
		if strings.HasPrefix(key, "aws:") {
			return reservedTag(t)
		}
		if seen[key] {
			return duplicateTags(t)
		}
		seen[key] = true
	}
	return nil
}
