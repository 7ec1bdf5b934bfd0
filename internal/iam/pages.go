package iam

import (
	"encoding/base64"

	"github.com/daypass/daypass/internal/awsapi"
)

// Where a listing goes on is sealed: clients cannot read or make markers, only
// hand them back, to the same operation for the same thing. They outlive a
// restart.

// pageSize is how many entries a page has where the caller does not say.
const pageSize = 100

// page is a request for a page of a listing.
type page struct {
	operation, of string
	marker        MarkerType
	maxItems      *MaxItemsType
}

func (p page) data() []byte { return []byte(p.operation + "\x00" + p.of) }

func (p page) limit() int {
	if p.maxItems == nil {
		return pageSize
	}
	return int(*p.maxItems)
}

// after opens the marker: the name at which the page before ended.
func (s *Service) after(p page) (string, *awsapi.Error) {
	if p.marker == "" {
		return "", nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(string(p.marker))
	if err != nil {
		return "", badMarker()
	}
	last, err := s.Pages.Open(nil, sealed, p.data())
	if err != nil {
		return "", badMarker()
	}
	return string(last), nil
}

// marker seals the name at which a page ends.
func (s *Service) marker(p page, last string) ResponseMarkerType {
	sealed := s.Pages.Seal(nil, []byte(last), p.data())
	return ResponseMarkerType(base64.RawURLEncoding.EncodeToString(sealed))
}

// cut shortens a list, of which one more than a page was asked for, to the
// page, and says whether that was all.
func cut[T any](list []T, limit int) (page []T, truncated bool) {
	if len(list) > limit {
		return list[:limit], true
	}
	return list, false
}
