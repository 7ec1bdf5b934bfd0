package iam

import (
	"fmt"
	"sync"

	"github.com/daypass/daypass/internal/policy"
)

// compiled remembers documents that have been compiled, by their text: what was
// read once is not read again for every request. The zero value is ready.
type compiled struct {
	mu        sync.Mutex
	documents map[string]*policy.Document
}

// maxCompiled is how many documents are remembered. When there are more, all
// are forgotten, which costs as much as reading each once.
const maxCompiled = 4096

// get compiles a document of kind Identity. It fails for one that today's parser
// refuses: it can only have been stored by another version.
func (c *compiled) get(text string) (*policy.Document, error) {
	c.mu.Lock()
	d := c.documents[text]
	c.mu.Unlock()
	if d != nil {
		return d, nil
	}
	d, err := policy.Parse(policy.Identity, text)
	if err != nil {
		return nil, fmt.Errorf("a stored policy: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.documents == nil || len(c.documents) >= maxCompiled {
		c.documents = map[string]*policy.Document{}
	}
	c.documents[text] = d
	return d, nil
}
