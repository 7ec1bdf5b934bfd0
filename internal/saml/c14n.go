package saml

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Exclusive XML Canonicalization 1.0 (W3C Recommendation, 18 July 2002) of an
// element and what is inside of it. Trees have no comments, so that the two
// kinds of it, with comments and without, are the same. Namespaces that are
// relative URIs, at which other implementations give up, are names like others: to
// give up is where forgeries come from that are signed over nothing.

// canonical writes an element. without, which may be nil, is left out. Prefixes
// in the inclusive list ("" for the default namespace) are declared where they
// stand for something, even where nothing uses them.
func canonical(e, without *element, inclusive []string) []byte {
	c := canonicalizer{without: without, inclusive: inclusive}
	c.element(e, nil)
	return c.Bytes()
}

type canonicalizer struct {
	bytes.Buffer
	without   *element
	inclusive []string
}

// element writes an element. written are the declarations of the elements around
// it, the nearest last.
func (c *canonicalizer) element(e *element, written []binding) {
	declared := c.bindings(e, written)
	c.WriteByte('<')
	c.name(e.name)
	for _, b := range declared {
		c.binding(b)
	}
	for _, a := range sorted(e.attributes) {
		c.WriteByte(' ')
		c.name(a.name)
		c.WriteString(`="`)
		_, _ = attributeText.WriteString(c, a.value)
		c.WriteByte('"')
	}
	c.WriteByte('>')
	written = append(slices.Clip(written), declared...)
	for _, n := range e.children {
		switch {
		case n.element == nil:
			_, _ = elementText.WriteString(c, n.text)
		case n.element != c.without:
			c.element(n.element, written)
		}
	}
	c.WriteString("</")
	c.name(e.name)
	c.WriteByte('>')
}

var (
	elementText   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attributeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

func (c *canonicalizer) name(n name) {
	if n.prefix != "" {
		c.WriteString(n.prefix)
		c.WriteByte(':')
	}
	c.WriteString(n.local)
}

func (c *canonicalizer) binding(b binding) {
	c.WriteString(" xmlns")
	if b.prefix != "" {
		c.WriteByte(':')
		c.WriteString(b.prefix)
	}
	c.WriteString(`="`)
	_, _ = attributeText.WriteString(c, b.space)
	c.WriteByte('"')
}

// bindings are the declarations that an element must have: of the prefixes that
// it uses and of the inclusive ones, as far as the elements around it have not
// declared the same.
func (c *canonicalizer) bindings(e *element, written []binding) []binding {
	prefixes := []string{e.prefix}
	for _, a := range e.attributes {
		if a.prefix != "" {
			prefixes = append(prefixes, a.prefix)
		}
	}
	prefixes = append(prefixes, c.inclusive...)
	slices.Sort(prefixes)
	var need []binding
	for _, prefix := range slices.Compact(prefixes) {
		space, bound := e.bound(prefix)
		was, known := lastOf(written, prefix)
		same := known && was == space || !known && space == ""
		if prefix == "xml" || same || !bound && prefix != "" {
			continue
		}
		need = append(need, binding{prefix, space})
	}
	return need
}

func lastOf(written []binding, prefix string) (space string, ok bool) {
	for _, b := range slices.Backward(written) {
		if b.prefix == prefix {
			return b.space, true
		}
	}
	return "", false
}

// sorted orders attributes by namespace, then by name.
func sorted(attributes []attribute) []attribute {
	return slices.SortedFunc(slices.Values(attributes), func(a, b attribute) int {
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.local, b.local))
	})
}
