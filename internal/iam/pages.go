package iam

import (
	"strconv"
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

func (p page) limit() int {
	if p.maxItems == nil {
		return pageSize
	}
	return int(*p.maxItems)
}

// after opens the marker: the name at which the page before ended.
func (s *Service) after(p page) (string, error) {
	if p.marker == "" {
		return "", nil
	}
	last, err := s.Pages.OpenText(string(p.marker), p.operation, p.of)
	if err != nil {
		return "", badMarker()
	}
	return last, nil
}

// marker seals the name at which a page ends.
func (s *Service) marker(p page, last string) ResponseMarkerType {
	return ResponseMarkerType(s.Pages.SealText(last, p.operation, p.of))
}

// afterCount opens the marker of a listing that is counted, where what it lists
// has no names or has names longer than a marker: how many entries the pages
// before had.
func (s *Service) afterCount(p page) (int, error) {
	last, err := s.after(p)
	if err != nil || last == "" {
		return 0, err
	}
	n, err := strconv.Atoi(last)
	if err != nil {
		return 0, badMarker()
	}
	return n, nil
}

// countMarker seals how many entries there were up to the end of a page.
func (s *Service) countMarker(p page, n int) ResponseMarkerType { return s.marker(p, strconv.Itoa(n)) }

// cut shortens a list, of which one more than a page was asked for, to the
// page, and says whether that was all.
func cut[T any](list []T, limit int) (page []T, truncated bool) {
	if len(list) > limit {
		return list[:limit], true
	}
	return list, false
}
