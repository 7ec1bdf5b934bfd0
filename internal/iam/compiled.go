package iam

import (
	"fmt"
	"sync"

	"github.com/daypass/daypass/internal/limit"
	"github.com/daypass/daypass/internal/policy"
)

// compiled remembers documents that have been compiled, by their text: what was
// read once is not read again for every request. The zero value is ready.
//
// Whoever may assume a role chooses the policies of the session, and may choose
// as many as they like. So sessions have a memory of their own, which nobody can
// use to push out what is stored, and both are bounded by what they weigh.
type compiled struct {
	once      sync.Once
	documents limit.Recent[string, *policy.Document]
}

// maxWeight is how many bytes half of the documents may weigh.
const maxWeight = 32 << 20

// weightOf is more than what a compiled document takes, in bytes: the costliest
// to say in few characters takes some fifty for each, and most take less than
// ten.
func weightOf(text string) int { return 64 * len(text) }

// get compiles a document that says what somebody may do. It fails for one that no
// version has accepted.
func (c *compiled) get(text string) (*policy.Document, error) {
	c.once.Do(func() { c.documents.Most = maxWeight })
	if d, ok := c.documents.Get(text); ok {
		return d, nil
	}
	d, err := policy.ParseStored(policy.Identity, text)
	if err != nil {
		return nil, fmt.Errorf("a stored policy: %w", err)
	}
	c.documents.PutHeavy(text, d, weightOf(text))
	return d, nil
}

// Compiled is how many policies were compiled because they were not remembered:
// those that are stored and those of sessions.
func (s *Service) Compiled() uint64 {
	return s.compiled.documents.Missed() + s.compiledSessions.documents.Missed()
}
