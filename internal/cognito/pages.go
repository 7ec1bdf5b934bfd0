package cognito

import (
	"encoding/base64"

	"github.com/daypass/daypass/internal/awsapi"
)

// Where a listing goes on is sealed: clients cannot read or make such tokens,
// only hand them back, to the same operation for the same thing. They outlive a
// restart.

// nextToken seals the last item of a page.
func (s *Service) nextToken(operation, of, last string) PaginationKey {
	sealed := s.Pages.Seal(nil, []byte(last), pageData(operation, of))
	return PaginationKey(base64.RawURLEncoding.EncodeToString(sealed))
}

// after opens a token; the empty one is the beginning.
func (s *Service) after(operation, of string, t PaginationKey) (string, *awsapi.Error) {
	if t == "" {
		return "", nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(string(t))
	if err == nil {
		var last []byte
		if last, err = s.Pages.Open(nil, sealed, pageData(operation, of)); err == nil {
			return string(last), nil
		}
	}
	return "", exception(invalidParameter, "Invalid pagination token given.").Because(causePageToken, nil)
}

func pageData(operation, of string) []byte { return []byte(operation + "\x00" + of) }
