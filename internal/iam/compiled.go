package iam

import (
	"fmt"
	"sync"

	"github.com/daypass/daypass/internal/policy"
)

// compiled remembers documents that have been compiled, by their text: what was
// read once is not read again for every request. What is used again survives; of
// the rest the older half goes when there is no room. The zero value is ready.
//
// Whoever may assume a role chooses the policies of the session, and may choose
// as many as they like. So sessions have a memory of their own, which nobody can
// use to push out what is stored, and both are bounded by what they weigh.
type compiled struct {
	mu         sync.Mutex
	young, old map[string]*policy.Document
	weight     int // of the young
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
	if d := c.find(text); d != nil {
		return d, nil
	}
	d, err := policy.ParseStored(policy.Identity, text)
	if err != nil {
		return nil, fmt.Errorf("a stored policy: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(text, d)
	return d, nil
}

func (c *compiled) find(text string) *policy.Document {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.young[text]; d != nil {
		return d
	}
	d := c.old[text]
	if d != nil {
		c.put(text, d)
	}
	return d
}

func (c *compiled) put(text string, d *policy.Document) {
	if c.young == nil || c.weight+weightOf(text) > maxWeight {
		c.old, c.young, c.weight = c.young, map[string]*policy.Document{}, 0
	}
	if c.young[text] == nil { // two may have compiled it at a time
		c.young[text] = d
		c.weight += weightOf(text)
	}
}
