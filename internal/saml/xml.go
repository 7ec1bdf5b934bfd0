package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
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
	inherited  int       // how many are declared by those around it
	parent     *element
	children   []node
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

// parseStrict reads a document that has elements and text only.
func parseStrict(document []byte) (*element, error) {
	return (&reader{strict: true}).read(document)
}

// parseLenient reads a document in which comments and processing instructions
// are passed over. They cut no text in two.
func parseLenient(document []byte) (*element, error) {
	return (&reader{}).read(document)
}

// reader builds a tree. The standard library takes the text apart into tokens;
// that these fit together is seen to here.
type reader struct {
	strict bool
	root   *element
	open   *element
	pieces []byte // of text, since the last tag
	depth  int
	count  int // of elements
	begun  bool
}

func (r *reader) read(document []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(document))
	for {
		begin := d.InputOffset()
		token, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := r.token(token, document[begin:d.InputOffset()]); err != nil {
			return nil, err
		}
		r.begun = true
	}
	if r.root == nil || r.open != nil {
		return nil, errors.New("the document ends too soon")
	}
	return r.root, nil
}

// token takes a token and the text that it was read from.
func (r *reader) token(token xml.Token, raw []byte) error {
	switch t := token.(type) {
	case xml.StartElement:
		t, err := startTag(t, raw)
		if err != nil {
			return err
		}
		return r.start(t)
	case xml.EndElement:
		return r.end(t)
	case xml.CharData:
		return r.text(t, raw)
	case xml.Directive:
		return errDirective
	case xml.ProcInst:
		// The declaration <?xml … ?> is one too. It stands first or not at all.
		switch {
		case t.Target != "xml" && r.strict, t.Target == "xml" && r.begun:
			return errInstruction
		case t.Target == "xml" && !declaration.Match(raw):
			return errors.New("an XML declaration that is none")
		}
	case xml.Comment:
		if r.strict {
			return errComment
		}
	}
	return nil
}

func (r *reader) start(t xml.StartElement) error {
	if r.open == nil && r.root != nil {
		return errors.New("the document has two roots")
	}
	r.flush()
	if r.count++; r.count > maxElements {
		return fmt.Errorf("more than %d elements", maxElements)
	}
	if r.depth++; r.depth > maxDepth {
		return fmt.Errorf("more than %d elements inside each other", maxDepth)
	}
	if len(t.Attr) > maxAttributes {
		return fmt.Errorf("more than %d attributes", maxAttributes)
	}
	e := &element{parent: r.open, inherited: r.open.scope()}
	if err := e.declare(t.Attr); err != nil {
		return err
	}
	if err := e.nameAll(t); err != nil {
		return err
	}
	if r.open == nil {
		r.root = e
	} else {
		r.open.children = append(r.open.children, node{element: e})
	}
	r.open = e
	return nil
}

func (r *reader) end(t xml.EndElement) error {
	if r.open == nil || r.open.prefix != t.Name.Space || r.open.local != t.Name.Local {
		return errors.New("an end tag that ends nothing")
	}
	r.flush()
	r.open = r.open.parent
	r.depth--
	return nil
}

// text takes text, or a CDATA section. Pieces with no tag between them are one
// text.
func (r *reader) text(text, raw []byte) error {
	if r.open == nil {
		if len(bytes.Trim(raw, whiteSpace)) > 0 {
			return errors.New("text outside of the root")
		}
		return nil
	}
	r.pieces = append(r.pieces, text...)
	if bytes.HasPrefix(raw, []byte("<![CDATA[")) {
		return nil
	}
	return checkReferences(raw)
}

// flush puts the text since the last tag into the tree.
func (r *reader) flush() {
	if len(r.pieces) > 0 {
		r.open.children = append(r.open.children, node{text: string(r.pieces)})
		r.pieces = r.pieces[:0]
	}
}

// declare reads the namespace declarations among the attributes of an element.
func (e *element) declare(attributes []xml.Attr) error {
	for _, a := range attributes {
		prefix, ok := declares(a.Name)
		if !ok {
			continue
		}
		if slices.ContainsFunc(e.bindings, func(b binding) bool { return b.prefix == prefix }) {
			return errors.New("a namespace is declared twice")
		}
		if (prefix == "xml") != (a.Value == xmlSpace) || prefix == "xmlns" || a.Value == xmlnsSpace || prefix != "" && a.Value == "" {
			return errors.New("a namespace declaration that may not be")
		}
		e.bindings = append(e.bindings, binding{prefix, a.Value})
	}
	if e.scope() > maxBindings {
		return fmt.Errorf("more than %d namespaces", maxBindings)
	}
	return nil
}

// scope counts the declarations of an element and of those around it.
func (e *element) scope() int {
	if e == nil {
		return 0
	}
	return e.inherited + len(e.bindings)
}

// declares says which prefix an attribute declares, if it does.
func declares(n xml.Name) (prefix string, ok bool) {
	if n.Space == "xmlns" {
		return n.Local, true
	}
	return "", n.Space == "" && n.Local == "xmlns"
}

// nameAll gives the element and its attributes their names.
func (e *element) nameAll(t xml.StartElement) (err error) {
	if e.name, err = e.resolve(t.Name); err != nil {
		return err
	}
	if e.prefix == "" {
		e.space, _ = e.bound("")
	}
	for _, a := range t.Attr {
		if _, ok := declares(a.Name); ok {
			continue
		}
		n, err := e.resolve(a.Name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(e.attributes, func(b attribute) bool { return b.is(n.space, n.local) }) {
			return errors.New("an attribute occurs twice")
		}
		e.attributes = append(e.attributes, attribute{n, a.Value})
	}
	return nil
}

// resolve finds the namespace of a name that has a prefix.
func (e *element) resolve(n xml.Name) (name, error) {
	if strings.Contains(n.Local, ":") || n.Space == "xmlns" {
		return name{}, errors.New("a name that may not be")
	}
	if n.Space == "" {
		return name{local: n.Local}, nil
	}
	space, ok := e.bound(n.Space)
	if !ok {
		return name{}, errors.New("a prefix that stands for nothing")
	}
	return name{n.Space, space, n.Local}, nil
}

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
func (e *element) elements() []*element {
	var list []*element
	for _, n := range e.children {
		if n.element != nil {
			list = append(list, n.element)
		}
	}
	return list
}

// named are the children of a name.
func (e *element) named(space, local string) []*element {
	return slices.DeleteFunc(e.elements(), func(c *element) bool { return !c.is(space, local) })
}

// only is the only child of a name.
func (e *element) only(space, local string) (*element, error) {
	list := e.named(space, local)
	if len(list) != 1 {
		return nil, fmt.Errorf("%d of %s in %s", len(list), local, e.local)
	}
	return list[0], nil
}

// walk calls a function with the element and all that are inside of it.
func (e *element) walk(visit func(*element)) {
	visit(e)
	for _, c := range e.elements() {
		c.walk(visit)
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
