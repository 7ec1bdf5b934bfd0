package saml

import (
	"cmp"
	"slices"
)

// Exclusive XML Canonicalization 1.0 (W3C Recommendation, 18 July 2002) of an
// element and what is inside of it. Trees have no comments, so that the two
// kinds of it, with comments and without, are the same. Namespaces that are
// relative URIs, at which other implementations give up, are names like others: to
// give up is where forgeries come from that are signed over nothing.

// canonical writes an element. without, which may be nil, is left out. Prefixes
// in the inclusive list ("" for the default namespace) are declared where they
// stand for something, even where nothing uses them.
func canonical(e, without *element, inclusive []string) ([]byte, error) {
	c := canonicalizer{out: make([]byte, 0, e.size+e.size/8), without: without, inclusive: inclusive}
	for _, prefix := range inclusive {
		if space, ok := e.bound(prefix); ok {
			c.declare(binding{prefix, space})
		}
	}
	c.element(e, 0)
	if len(c.out) > maxCanonical {
		return nil, refusef(ResponseTooLarge, "canonical form of more than %d bytes", maxCanonical)
	}
	return c.out, nil
}

// maxCanonical is how long a canonical form may be, in bytes. Elements side by side
// each say what a prefix stands for, so a document of 75 KB can have a form of half
// a gigabyte. Those that identity providers make have about their own length, and
// eight times that if they are nothing but empty elements side by side.
const maxCanonical = 1 << 20

type canonicalizer struct {
	out       []byte
	without   *element
	inclusive []string
	written   []binding   // the declarations of the elements around, the nearest last
	sorted    []attribute // room to sort in
}

// element writes an element, unless there is too much already. Of what is written,
// the declarations from own on are its own.
func (c *canonicalizer) element(e *element, own int) {
	if len(c.out) > maxCanonical {
		return
	}
	c.declarations(e, own)
	c.out = append(c.out, '<')
	c.name(e.name)
	for _, b := range c.written[own:] {
		c.binding(b)
	}
	for _, a := range c.sort(e.attributes) {
		c.out = append(c.out, ' ')
		c.name(a.name)
		c.value(a.value)
	}
	c.out = append(c.out, '>')
	for _, n := range e.children {
		switch {
		case n.element == nil:
			c.out = escape(c.out, n.text, &textEscapes)
		case n.element != c.without:
			c.child(n.element)
		}
	}
	c.out = append(c.out, "</"...)
	c.name(e.name)
	c.out = append(c.out, '>')
	c.written = c.written[:own]
}

// child writes an element inside of another. An inclusive prefix that it does not
// declare itself means what it means around it, where it is written.
func (c *canonicalizer) child(e *element) {
	own := len(c.written)
	for _, b := range e.bindings {
		if slices.Contains(c.inclusive, b.prefix) {
			c.declare(b)
		}
	}
	c.element(e, own)
}

// declarations adds those that an element must have for the prefixes that it uses,
// and puts its own in order.
func (c *canonicalizer) declarations(e *element, own int) {
	c.declare(binding{e.prefix, e.space})
	for i := range e.attributes {
		if a := &e.attributes[i]; a.prefix != "" {
			c.declare(binding{a.prefix, a.space})
		}
	}
	if len(c.written)-own > 1 {
		slices.SortFunc(c.written[own:], func(a, b binding) int { return cmp.Compare(a.prefix, b.prefix) })
	}
}

// declare adds a declaration, unless the elements around have declared the same.
func (c *canonicalizer) declare(b binding) {
	space, known := lastOf(c.written, b.prefix)
	if b.prefix == "xml" || known && space == b.space || !known && b.space == "" {
		return
	}
	c.written = append(c.written, b)
}

// sort orders attributes by namespace, then by name.
func (c *canonicalizer) sort(attributes []attribute) []attribute {
	if slices.IsSortedFunc(attributes, byName) {
		return attributes
	}
	c.sorted = append(c.sorted[:0], attributes...)
	slices.SortFunc(c.sorted, byName)
	return c.sorted
}

func byName(a, b attribute) int {
	return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.local, b.local))
}

func (c *canonicalizer) name(n name) {
	if n.prefix != "" {
		c.out = append(append(c.out, n.prefix...), ':')
	}
	c.out = append(c.out, n.local...)
}

func (c *canonicalizer) binding(b binding) {
	c.out = append(c.out, " xmlns"...)
	if b.prefix != "" {
		c.out = append(append(c.out, ':'), b.prefix...)
	}
	c.value(b.space)
}

func (c *canonicalizer) value(s string) {
	c.out = append(c.out, `="`...)
	c.out = append(escape(c.out, s, &valueEscapes), '"')
}

// What stands for a byte in text, and in the value of an attribute.
var (
	textEscapes  = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}
	valueEscapes = [256]string{'&': "&amp;", '<': "&lt;", '"': "&quot;", '\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;"}
)

// escape appends a text with what stands for its bytes.
func escape(out []byte, s string, escapes *[256]string) []byte {
	same := 0
	for i := range len(s) {
		if instead := escapes[s[i]]; instead != "" {
			out = append(append(out, s[same:i]...), instead...)
			same = i + 1
		}
	}
	return append(out, s[same:]...)
}

// lastOf finds the nearest declaration of a prefix.
func lastOf(list []binding, prefix string) (space string, ok bool) {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].prefix == prefix {
			return list[i].space, true
		}
	}
	return "", false
}
