package cognito

// Where a listing goes on is sealed: clients cannot read or make such tokens,
// only hand them back, to the same operation for the same thing. They outlive a
// restart.

// nextToken seals the last item of a page.
func (s *Service) nextToken(operation, of, last string) PaginationKey {
	return PaginationKey(s.Pages.SealText(last, operation, of))
}

// after opens a token; the empty one is the beginning.
func (s *Service) after(operation, of string, t PaginationKey) (string, error) {
	if t == "" {
		return "", nil
	}
	last, err := s.Pages.OpenText(string(t), operation, of)
	if err != nil {
		return "", exception(invalidParameter, "Invalid pagination token given.").Because(causePageToken, nil)
	}
	return last, nil
}
