package admin

import (
	"context"
	"encoding/binary"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/revocation"
)

// pageSize is how many entries a page has where the caller does not say.
const pageSize = 60

// ListRevocations lists what is revoked, by kind and name. What has ended is not
// listed.
func (s *Service) ListRevocations(ctx context.Context, _ awsapi.Caller, in *ListRevocationsRequest) (*ListRevocationsResponse, error) {
	after, err := s.after(in.NextToken)
	if err != nil {
		return nil, err
	}
	most := pageSize
	if in.MaxResults > 0 {
		most = int(in.MaxResults)
	}
	list, err := s.Store.Revocations(ctx, s.now().Add(-revocation.Lasts), after, most+1)
	if err != nil {
		return nil, err
	}
	out := &ListRevocationsResponse{Revocations: RevocationList{}}
	if len(list) > most {
		list = list[:most]
		out.NextToken = s.nextToken(list[most-1].Target)
	}
	for _, r := range list {
		out.Revocations = append(out.Revocations, detailOf(r))
	}
	return out, nil
}

// nextToken seals the last target of a page.
func (s *Service) nextToken(last revocation.Target) PaginationKey {
	var plain []byte
	for _, part := range []string{string(last.Kind), last.Name, last.User, last.Pool} {
		plain = append(binary.AppendUvarint(plain, uint64(len(part))), part...)
	}
	return PaginationKey(s.Pages.SealText(string(plain), ServiceName, "ListRevocations"))
}

// after opens a token; the empty one is the beginning.
func (s *Service) after(t PaginationKey) (revocation.Target, error) {
	if t == "" {
		return revocation.Target{}, nil
	}
	plain, err := s.Pages.OpenText(string(t), ServiceName, "ListRevocations")
	if err != nil {
		return revocation.Target{}, invalid(causePageToken, "Invalid pagination token given.")
	}
	return targetOf([]byte(plain)), nil
}

// targetOf reads what nextToken sealed.
func targetOf(plain []byte) revocation.Target {
	var parts [4]string
	for i := range parts {
		n, size := binary.Uvarint(plain)
		parts[i], plain = string(plain[size:size+int(n)]), plain[size+int(n):]
	}
	return revocation.Target{Kind: revocation.Kind(parts[0]), Name: parts[1], User: parts[2], Pool: parts[3]}
}
