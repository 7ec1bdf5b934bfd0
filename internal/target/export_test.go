package target

import "github.com/daypass/daypass/internal/fetch"

const (
	MaxWaiting  = maxWaiting
	MaxElements = maxElements
)

var (
	Read     = read
	Refusal  = refusal
	Elements = elements
	Usable   = usable
)

// Fetch is the client of a target, and SetFetch gives it another.
func (t *Target) Fetch() *fetch.Client     { return t.fetch }
func (t *Target) SetFetch(c *fetch.Client) { t.fetch = c }

// Region and Origin are what its URL says.
func (t *Target) Region() string { return t.region() }
func (t *Target) Origin() string { return t.origin() }
