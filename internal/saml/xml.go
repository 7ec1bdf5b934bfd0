package saml

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// The namespaces that are known.
const (
	xmlSpace       = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace     = "http://www.w3.org/2000/xmlns/"
	dsigSpace      = "http://www.w3.org/2000/09/xmldsig#"
	assertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"
	protocolSpace  = "urn:oasis:names:tc:SAML:2.0:protocol"
	metadataSpace  = "urn:oasis:names:tc:SAML:2.0:metadata"
)

const (
	maxDepth      = 32      // of elements; a real response has about ten
	maxAttributes = 64      // of an element, with namespace declarations
	maxBindings   = 64      // namespace declarations of an element and of those around it
	maxElements   = 100_000 // of a document; real metadata have a few hundred
)

// name is a name with its prefix and the namespace that this stands for.
type name struct{ prefix, space, local string }

func (n name) is(space, local string) bool { return n.space == space && n.local == local }

// attribute is an attribute; its namespace is "" without a prefix.
type attribute struct {
	name
	value string
}

// binding is a namespace declaration; the prefix of the default one is "".
type binding struct{ prefix, space string }

// element is an element. A tree of them is never changed after it was read.
type element struct {
	name
	attributes []attribute
	bindings   []binding // declared here
	parent     *element
	children   []node
	size       int // of its text, in bytes
}

// node is a child: an element, or text where that is nil.
type node struct {
	*element
	text string
}

var (
	// errRefused is what the errors of what a response may not have are all.
	errRefused     = errors.New("is refused")
	errDirective   = fmt.Errorf("DOCTYPE %w", errRefused)
	errInstruction = fmt.Errorf("processing instruction %w", errRefused)
	errComment     = fmt.Errorf("comment %w", errRefused)
)

// bound finds the namespace that a prefix stands for.
func (e *element) bound(prefix string) (space string, ok bool) {
	if prefix == "xml" {
		return xmlSpace, true
	}
	for ; e != nil; e = e.parent {
		for _, b := range e.bindings {
			if b.prefix == prefix {
				return b.space, true
			}
		}
	}
	return "", false
}

// whiteSpace is what XML calls so.
const whiteSpace = " \t\r\n"

// attribute gives the value of an attribute without a namespace.
func (e *element) attribute(local string) (value string, ok bool) {
	for _, a := range e.attributes {
		if a.is("", local) {
			return a.value, true
		}
	}
	return "", false
}

// elements are the children that are elements.
func (e *element) elements() iter.Seq[*element] {
	return func(yield func(*element) bool) {
		for _, n := range e.children {
			if n.element != nil && !yield(n.element) {
				return
			}
		}
	}
}

// firstThree are the first children that are elements, nil where there are fewer;
// count is how many there are.
func (e *element) firstThree() (parts [3]*element, count int) {
	for c := range e.elements() {
		if count < len(parts) {
			parts[count] = c
		}
		count++
	}
	return parts, count
}

// named are the children of a name.
func (e *element) named(space, local string) iter.Seq[*element] {
	return func(yield func(*element) bool) {
		for _, n := range e.children {
			if n.element != nil && n.is(space, local) && !yield(n.element) {
				return
			}
		}
	}
}

// only is the only child of a name.
func (e *element) only(space, local string) (*element, error) {
	var child *element
	count := 0
	for child = range e.named(space, local) {
		count++
	}
	if count != 1 {
		return nil, fmt.Errorf("%d of %s in %s", count, local, e.local)
	}
	return child, nil
}

// walk calls a function with the element and all that are inside of it.
func (e *element) walk(visit func(*element)) {
	visit(e)
	for _, n := range e.children {
		if n.element != nil {
			n.walk(visit)
		}
	}
}

// content is the text of an element that has nothing but text.
func (e *element) content() (string, error) {
	switch {
	case len(e.children) == 0:
		return "", nil
	case len(e.children) == 1 && e.children[0].element == nil:
		return e.children[0].text, nil
	}
	return "", fmt.Errorf("%s has elements in it", e.local)
}

// token is the text of an element without the white space around it, for what is
// a URI or base64.
func (e *element) token() (string, error) {
	text, err := e.content()
	return strings.Trim(text, whiteSpace), err
}
