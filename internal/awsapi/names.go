package awsapi

import "slices"

// Names are those that a protocol has read of one map or form, in which none may
// occur twice. A few are compared one by one, and cost nothing.
type Names struct {
	few  [16]string
	n    int
	many map[string]bool
}

// Add says whether a name is new.
func (s *Names) Add(name string) bool {
	if slices.Contains(s.few[:s.n], name) {
		return false
	}
	if s.n < len(s.few) {
		s.few[s.n] = name
		s.n++
		return true
	}
	if s.many[name] {
		return false
	}
	if s.many == nil {
		s.many = make(map[string]bool, 2*len(s.few))
	}
	s.many[name] = true
	return true
}
