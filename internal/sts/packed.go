package sts

// packedRoom is the room for the session policy and the session tags of a
// session, in bytes. AWS packs them in a way of its own and has a limit of its
// own; this one lets the largest session policy in and some tags beside it.
const packedRoom = 4096

// packed is how much of the room a session's policy and tags take together, in
// percent, rounded up; 0 if there are none. More of either is never less.
func (s *Session) packed() int {
	n := len(s.Policy) + s.packedTags()
	for _, arn := range s.PolicyARNs {
		n += len(arn) + 1
	}
	return percent(n)
}

// packedSize is packed as answers show it: nothing where nothing was packed.
func (s *Session) packedSize() *NonNegativeIntegerType {
	size := NonNegativeIntegerType(s.packed())
	if size == 0 {
		return nil
	}
	return &size
}

func (s *Session) packedTags() int {
	n := 0
	for _, t := range s.Tags {
		n += len(t.Key) + len(t.Value) + 2
	}
	return n
}

func percent(bytes int) int { return (100*bytes + packedRoom - 1) / packedRoom }

// checkPacked refuses what does not fit.
func (s *Session) checkPacked() error {
	if tags := percent(s.packedTags()); tags > 100 {
		return packedTags(tags)
	}
	if all := s.packed(); all > 100 {
		return packedPolicy(all)
	}
	return nil
}
