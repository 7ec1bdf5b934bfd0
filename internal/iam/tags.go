package iam

import (
	"cmp"
	"slices"
	"strings"
)

// maxTags is the most tags that a resource may have. AWS does not adjust this
// quota.
const maxTags = 50

// The keys of tags are unique ignoring case and keep the case they were given
// ("Tags for IAM resources" in the IAM User Guide).

func tagKey(k TagKeyType) string { return strings.ToLower(string(k)) }

func (l TagListType) index(key TagKeyType) int {
	return slices.IndexFunc(l, func(t Tag) bool { return tagKey(t.Key) == tagKey(key) })
}

// retag makes other tags of a resource's tags.
type retag func(TagListType) (TagListType, error)

// adding adds tags; one whose key is there takes the other's place. The quota is
// AWS's name for the most tags of such a resource.
func adding(more TagListType, quota string) retag {
	return func(tags TagListType) (TagListType, error) {
		if err := checkTags(more); err != nil {
			return nil, err
		}
		all := slices.Clone(tags)
		for _, t := range more {
			if i := all.index(t.Key); i >= 0 {
				all[i] = t
			} else {
				all = append(all, t)
			}
		}
		if len(all) > maxTags {
			return nil, quotaExceeded(causeLimitTags, quota, maxTags)
		}
		return all, nil
	}
}

// removing removes the tags of some keys, which need not be there.
func removing(keys TagKeyListType) retag {
	return func(tags TagListType) (TagListType, error) {
		return slices.DeleteFunc(slices.Clone(tags), func(t Tag) bool {
			return slices.ContainsFunc(keys, func(k TagKeyType) bool { return tagKey(k) == tagKey(t.Key) })
		}), nil
	}
}

// listTags gives a page of a resource's tags, by key; the answers of all such
// operations are alike. They are counted, for a key may be longer than a marker.
func (s *Service) listTags(p page, tags TagListType) (*ListRoleTagsResponse, error) {
	start, err := s.afterCount(p)
	if err != nil {
		return nil, err
	}
	sorted := slices.SortedFunc(slices.Values(tags), func(a, b Tag) int { return cmp.Compare(a.Key, b.Key) })
	list, more := cut(sorted[min(start, len(sorted)):], p.limit())
	out := &ListRoleTagsResponse{Tags: list, IsTruncated: BooleanType(more)}
	if more {
		out.Marker = s.countMarker(p, start+len(list))
	}
	return out, nil
}
