package saml

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	gocmp "github.com/google/go-cmp/cmp"
)

// Another reading of the same rules, on the standard library's tokenizer and
// without a thought for what it costs: the reader and the canonicalizer that this
// package had before it got its own. It is the judge of those.

// oracle reads a document as parseStrict and parseLenient do.
func oracle(document []byte, strict bool) (*element, error) {
	return (&oracleReader{strict: strict}).read(document)
}

type oracleReader struct {
	strict bool
	root   *element
	open   *element
	pieces []byte
	depth  int
	count  int
	begun  bool
}

func (r *oracleReader) read(document []byte) (*element, error) {
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

func (r *oracleReader) token(token xml.Token, raw []byte) error {
	switch t := token.(type) {
	case xml.StartElement:
		t, err := oracleStartTag(t, raw)
		if err != nil {
			return err
		}
		return r.start(t)
	case xml.EndElement:
		if r.open == nil || r.open.prefix != t.Name.Space || r.open.local != t.Name.Local {
			return errEnd
		}
		r.flush()
		r.open = r.open.parent
		r.depth--
	case xml.CharData:
		if r.open == nil {
			if len(bytes.Trim(raw, whiteSpace)) > 0 {
				return errOutside
			}
			return nil
		}
		r.pieces = append(r.pieces, t...)
		if !bytes.HasPrefix(raw, []byte("<![CDATA[")) {
			return oracleReferences(raw)
		}
	case xml.Directive:
		return errDirective
	case xml.ProcInst:
		switch {
		case t.Target != "xml" && r.strict, t.Target == "xml" && r.begun:
			return errInstruction
		case t.Target == "xml" && !oracleDeclaration.Match(raw):
			return errors.New("an XML declaration that is none")
		}
	case xml.Comment:
		if r.strict {
			return errComment
		}
	}
	return nil
}

var oracleDeclaration = regexp.MustCompile(`\A<\?xml\s+version\s*=\s*("1\.0"|'1\.0')` +
	`(\s+encoding\s*=\s*("(?i:utf-8)"|'(?i:utf-8)'))?` +
	`(\s+standalone\s*=\s*("(yes|no)"|'(yes|no)'))?\s*\?>\z`)

func (r *oracleReader) start(t xml.StartElement) error {
	if r.open == nil && r.root != nil {
		return errors.New("the document has two roots")
	}
	r.flush()
	if r.count++; r.count > maxElements {
		return errors.New("elements")
	}
	if r.depth++; r.depth > maxDepth {
		return errors.New("depth")
	}
	if len(t.Attr) > maxAttributes {
		return errors.New("attributes")
	}
	e := &element{parent: r.open}
	if err := oracleNames(e, t); err != nil {
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

func (r *oracleReader) flush() {
	if len(r.pieces) > 0 {
		r.open.children = append(r.open.children, node{text: string(r.pieces)})
		r.pieces = r.pieces[:0]
	}
}

func oracleNames(e *element, t xml.StartElement) (err error) {
	declared := func(n xml.Name) (prefix string, ok bool) {
		if n.Space == "xmlns" {
			return n.Local, true
		}
		return "", n.Space == "" && n.Local == "xmlns"
	}
	for _, a := range t.Attr {
		prefix, ok := declared(a.Name)
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
	scope := 0
	for around := e; around != nil; around = around.parent {
		scope += len(around.bindings)
	}
	if scope > maxBindings {
		return errors.New("namespaces")
	}
	if e.name, err = oracleResolve(e, t.Name); err != nil {
		return err
	}
	if e.prefix == "" {
		e.space, _ = e.bound("")
	}
	for _, a := range t.Attr {
		if _, ok := declared(a.Name); ok {
			continue
		}
		n, err := oracleResolve(e, a.Name)
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

func oracleResolve(e *element, n xml.Name) (name, error) {
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

// oracleStartTag is a start tag as XML 1.0 has it: attributes are apart (3.1), and
// white space in their values is spaces, unless character references stand for it
// (3.3.3).
func oracleStartTag(t xml.StartElement, raw []byte) (xml.StartElement, error) {
	if err := oracleReferences(raw); err != nil {
		return t, err
	}
	plain := make([]byte, 0, len(raw))
	var quote byte
	for i, b := range raw {
		switch {
		case quote == 0:
			if b == '"' || b == '\'' {
				quote = b
			}
		case b == quote:
			quote = 0
			if !strings.ContainsRune(whiteSpace+"/>", rune(raw[i+1])) {
				return t, errors.New("attributes without white space between them")
			}
		case b == '\r' && raw[i+1] == '\n':
			continue
		case strings.ContainsRune(whiteSpace, rune(b)):
			b = ' '
		}
		plain = append(plain, b)
	}
	again, err := xml.NewDecoder(bytes.NewReader(plain)).RawToken()
	if err != nil {
		return t, err
	}
	return again.(xml.StartElement), nil
}

// oracleReferences refuses references to halves of UTF-16 pairs, for which the
// tokenizer reads U+FFFD.
func oracleReferences(raw []byte) error {
	for {
		var found bool
		if _, raw, found = bytes.Cut(raw, []byte("&#")); !found {
			return nil
		}
		digits, _, _ := bytes.Cut(raw, []byte(";"))
		base := 10
		if bytes.HasPrefix(digits, []byte("x")) {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseUint(string(digits), base, 32); err != nil || utf16.IsSurrogate(rune(n)) {
			return errors.New("a reference to a character that is none")
		}
	}
}

// oracleCanonical writes an element as canonical does.
func oracleCanonical(e, without *element, inclusive []string) []byte {
	c := oracleCanonicalizer{without: without, inclusive: inclusive}
	c.element(e, nil)
	return c.Bytes()
}

type oracleCanonicalizer struct {
	bytes.Buffer
	without   *element
	inclusive []string
}

func (c *oracleCanonicalizer) element(e *element, written []binding) {
	full := func(n name) string {
		if n.prefix != "" {
			return n.prefix + ":" + n.local
		}
		return n.local
	}
	fmt.Fprintf(c, "<%s", full(e.name))
	declared := c.declarations(e, written)
	for _, b := range declared {
		fmt.Fprintf(c, ` %s="%s"`, strings.TrimSuffix("xmlns:"+b.prefix, ":"), oracleValue.Replace(b.space))
	}
	for _, a := range slices.SortedFunc(slices.Values(e.attributes), func(a, b attribute) int {
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.local, b.local))
	}) {
		fmt.Fprintf(c, ` %s="%s"`, full(a.name), oracleValue.Replace(a.value))
	}
	c.WriteByte('>')
	written = append(slices.Clip(written), declared...)
	for _, n := range e.children {
		switch {
		case n.element == nil:
			_, _ = oracleText.WriteString(c, n.text)
		case n.element != c.without:
			c.element(n.element, written)
		}
	}
	fmt.Fprintf(c, "</%s>", full(e.name))
}

var (
	oracleText  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	oracleValue = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

// declarations are those that an element must have: of the prefixes that it uses
// and of the inclusive ones, as far as those around it have not declared the same.
func (c *oracleCanonicalizer) declarations(e *element, written []binding) []binding {
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
		was, known := "", false
		for _, b := range written {
			if b.prefix == prefix {
				was, known = b.space, true
			}
		}
		same := known && was == space || !known && space == ""
		if prefix == "xml" || same || !bound && prefix != "" {
			continue
		}
		need = append(need, binding{prefix, space})
	}
	return need
}

// hostileDocuments are what readers are told apart by.
var hostileDocuments = []string{
	plain, messy,
	`<?xml version="1.0"?><a/>`, ` <?xml version="1.0"?><a/>`, `<?xml version="1.0"?`, `<?xml?><a/>`, `<?xml-x?><a/>`, `<?a?><a/>`, `<?a>?><a/>`, `<??><a/>`, `<?1?><a/>`,
	`<a><?b ?></a>`, `<a/><?b?>`, `<a/> <!-- x -->`, `<!----><a/>`, `<!--><a/>`, `<!---><a/>`, `<!-- -- --><a/>`, `<!-- a---><a/>`, "<!--\x01\xff--><a/>", "<?a \x01\xff?><a/>", `<!-x><a/>`, `<![x><a/>`, `<!a><a/>`,
	`<a>x<!-- -->y</a>`, `<a><!-- -- --></a>`, `<a><!-- a---></a>`, "\u00a0<a/>", "<a/>\u2028", "<a/>\x0b", "\u0085<a/>", `<a>x<?b?>y<![CDATA[z]]></a>`, `<a>]]<!-- -->></a>`, `<a>]]></a>`, `<a>]]&gt;]></a>`, `<a>]]<![CDATA[>]]></a>`, `<a b="]]>"/>`, `<a><![CDATA[]]]]></a>`, `<a><![CDATA[]]]]>></a>`, `<a><![CDATA[]]></a>`, `<a><![CDATA[`, `<![CDATA[]]><a/>`,
	`<a>&amp;&lt;&gt;&quot;&apos;</a>`, `<a b='&amp;&lt;&gt;&quot;&apos;'/>`, `<a>&amp</a>`, `<a>& amp;</a>`, `<a>&AMP;</a>`, `<a>&;</a>`, `<a>&#;</a>`, `<a>&#x;</a>`, `<a>&#65;&#x41;&#x00041;</a>`, `<a>&#X41;</a>`, `<a>&#-65;</a>`, `<a>&#+65;</a>`, `<a>&#6a;</a>`, `<a>&#x6G;</a>`,
	`<a>&#0;</a>`, `<a>&#1;</a>`, `<a>&#9;&#10;&#13;&#32;</a>`, `<a b="&#9;&#10;&#13;&#32;"/>`, `<a>&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;</a>`, `<a>&#xD800;</a>`, `<a>&#xDFFF;</a>`, `<a>&#xFFFE;</a>`, `<a>&#xFFFF;</a>`, `<a>&#x110000;</a>`, `<a>&#x100000041;</a>`, `<a>&#18446744073709551681;</a>`, `<a>&#xFFFFFFFFFFFFFFFFF;</a>`, `<a b="&#xD800;"/>`,
	"<a>\x00</a>", "<a>\x0b</a>", "<a>\x7f\u0085\u2028\ufffd</a>", "<a>\ufffe</a>", "<a>\xed\xa0\x80</a>", "<a>\xc0\xaf</a>", "<a>\xf4\x90\x80\x80</a>", "<a>é\xff</a>", "<a b='é\xff'/>", "<a><![CDATA[\xff]]></a>", "<a b='\x01'/>", "<a>\xc3", "<\xff/>", "<a\xff/>",
	"<a>\r\n\r\r\n\n\r</a>", "<a>\r&#10;&#13;\n</a>", "<a>\r<![CDATA[\n\r\n]]></a>", "<a b='\r\n\r\t\n\r'/>", "<a b='\r&#10;'/>", "<a\r\nb\t=\n''/>", "\r\n<a/>\r\n", "<a>\u00e9\r\u00e9&#233;</a>",
	`<a b=""c=""/>`, `<a b=""/ >`, `<a / >`, `<a/b="">`, `<a b= "x" c ='y' />`, `<a b>`, `<a b=x>`, `<a b="<"/>`, `<a b=">"/>`, `<a b='"' c="'"/>`, `<a b="`, `<a b`, `<a b=`, `<a`, `<`, `</`, `<a></a`, `<a></a >`, `<a></ a>`, `<a></ab>`, `<ab></a>`, `<a></a b="">`, `</a>`, `<a/></a>`, `< a/>`, `<a></a><b/>`, `<a/>x`, `<a/>&#32;`, `x<a/>`, "\ufeff<a/>", ``, ` `,
	`<x:a xmlns:x="u"></x:a>`, `<x:a xmlns:x="u" xmlns:y="u"></y:a>`, `<:a/>`, `<a:/>`, `<a:b:c/>`, `<xmlns:a/>`, `<a xmlns:=""/>`, `<a :xmlns=""/>`, `<x:1 xmlns:x="u"/>`, `<1/>`, `<-a/>`, `<.a/>`, `<a-._:1 xmlns:a-._="u"/>`, `<xml:a/>`, `<a xml:b="" xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, `<a xmlns:xml="u"/>`, `<a xmlns="http://www.w3.org/XML/1998/namespace"/>`, `<a xmlns:x="http://www.w3.org/2000/xmlns/"/>`, `<a xmlns="http://www.w3.org/2000/xmlns/"/>`, `<a xmlns:xmlns="u"/>`,
	`<a xmlns=""/>`, `<a xmlns="u"><b xmlns=""/></a>`, `<a xmlns:x=""/>`, `<a xmlns="u" xmlns="u"/>`, `<a xmlns:x="u" xmlns:x="v"/>`, `<a x:b="" xmlns:x="u&#10;&amp;"/>`, `<a><b xmlns:x="u"/><x:c/></a>`, `<x:a b="" xmlns:x="u" x:b=""/>`, `<a xmlns:x="u" xmlns:y="u" x:b="" y:b=""/>`, `<a b="" b=""/>`,
	`<é ü="" xmlns:ñ="u"><ñ:á·̀/></é>`, `<·/>`, `<a×/>`, `<𐀀/>`, "<a\u037e/>",
	strings.Repeat("<a>", maxDepth) + strings.Repeat("</a>", maxDepth), strings.Repeat("<a>", maxDepth) + "<a/>" + strings.Repeat("</a>", maxDepth),
	"<a" + numbered(` b%d=""`, maxAttributes) + "/>", "<a" + numbered(` b%d=""`, maxAttributes+1) + "/>", "<a" + numbered(` xmlns:b%d="u"`, maxBindings) + "><b/></a>", "<a" + numbered(` xmlns:b%d="u"`, maxBindings) + `><b xmlns:b1="v"/></a>`, "<a>" + strings.Repeat("<b xmlns:x='u'>", 3) + strings.Repeat("</b>", 3) + "<b" + numbered(` xmlns:b%d="u"`, maxBindings) + "/></a>",
}

// The reader and the oracle accept the same documents, and read the same in them.
// Two things are otherwise: names may have the characters of XML 1.0's fifth
// edition, and not of the fourth only; and what is refused may be refused sooner.
func FuzzReader(f *testing.F) {
	for _, document := range hostileDocuments {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		for strict, parse := range map[bool]func(string) (*element, error){true: parseStrict, false: parseLenient} {
			want, wrong := oracle(document, strict)
			got, err := parse(string(document))
			switch {
			case wrong == nil && err != nil:
				t.Fatalf("strict %v: %v", strict, err)
			case wrong != nil && err == nil:
				if _, name, ok := strings.Cut(wrong.Error(), "invalid XML name: "); !ok || !isName(name) {
					t.Fatalf("strict %v: accepted: %v", strict, wrong)
				}
			case err == nil:
				if diff := gocmp.Diff(shown(want, 0), shown(got, 0)); diff != "" {
					t.Fatalf("strict %v: %s", strict, diff)
				}
				checkParents(t, got)
			case errors.Is(wrong, errRefused) && !errors.Is(err, errRefused):
				t.Fatalf("strict %v: %v, and not %v", strict, err, wrong)
			}
		}
	})
}

// shown is all that an element has, a line for each part.
func shown(e *element, depth int) string {
	var b strings.Builder
	line := func(parts ...string) { fmt.Fprintf(&b, "%*s%q\n", depth, "", parts) }
	line("element", e.prefix, e.space, e.local)
	for _, a := range e.attributes {
		line("attribute", a.prefix, a.space, a.local, a.value)
	}
	for _, d := range e.bindings {
		line("declaration", d.prefix, d.space)
	}
	for _, n := range e.children {
		if n.element == nil {
			line("text", n.text)
		} else {
			b.WriteString(shown(n.element, depth+1))
		}
	}
	return b.String()
}

func checkParents(t *testing.T, root *element) {
	if root.parent != nil {
		t.Fatal("the root has a parent")
	}
	root.walk(func(e *element) {
		for c := range e.elements() {
			if c.parent != e {
				t.Fatalf("the parent of %s is another", c.local)
			}
		}
	})
}

// The canonical form is the oracle's, of any element of a document, without any
// other, and with any inclusive prefixes.
func FuzzCanonicalOracle(f *testing.F) {
	for _, inclusive := range []string{"", "xs #default", "a b x y ds saml samlp xml xmlns"} {
		for _, document := range hostileDocuments {
			f.Add([]byte(document), inclusive, uint8(0), uint8(1))
		}
		for _, document := range []string{
			`<r xmlns:a="u:a" xmlns="u:d"><a:x b="" a:b=""><y xmlns="" xmlns:a="u:b"><a:z/><z xmlns="u:d"/></y></a:x></r>`,
			`<r xmlns:x="1"><x:a xmlns:x="2"><a xmlns:x="1"><b xmlns:x="2"><x:c/></b></a></x:a></r>`,
			`<a xmlns:b="u" xmlns:a="u" b:x="" a:y="" z="" xmlns:y="a" y:c="" xml:z=""/>`,
			`<a xmlns="u"><b xmlns=""><c xmlns="u"/></b><d/></a>`,
			`<r xmlns:x="1" xmlns:y="2"><e/><e xmlns:x="1"/><e xmlns:x="3"><e xmlns:x="1"/></e></r>`,
			"<a b='\t&#9;&#10;&#13;&lt;&gt;&amp;&quot;&apos;'>\t&#9;&#13;&lt;&gt;&amp;\"'\r</a>",
		} {
			f.Add([]byte(document), inclusive, uint8(1), uint8(2))
			f.Add([]byte(document), inclusive, uint8(0), uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, document []byte, inclusive string, apex, without uint8) {
		root, err := parseLenient(string(document))
		if err != nil {
			return
		}
		var all []*element
		root.walk(func(e *element) { all = append(all, e) })
		list := strings.Fields(inclusive)
		if len(list) > maxInclusive {
			return
		}
		for i, prefix := range list {
			if prefix == "#default" {
				list[i] = ""
			}
		}
		e := all[int(apex)%len(all)]
		var out *element
		if n := int(without) % (len(all) + 1); n < len(all) && all[n] != e {
			out = all[n]
		}
		got, err := canonical(e, out, list)
		if err != nil {
			return
		}
		if want := oracleCanonical(e, out, list); !bytes.Equal(want, got) {
			t.Fatalf("\n%s\n%s", want, got)
		}
		// What it means is what it says: read again, it is the same but for what is
		// not written.
		again, err := parseStrict(string(got))
		if err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		if twice := form(t, again, nil, list); !bytes.Equal(got, twice) {
			t.Fatalf("\n%s\n%s", got, twice)
		}
	})
}

// Whatever character the standard library lets a name have, or begin with, ours
// may as well: the fifth edition took none away.
func TestNames(t *testing.T) {
	standard := func(word string) bool {
		token, err := xml.NewDecoder(strings.NewReader("<" + word + "/>")).RawToken()
		start, ok := token.(xml.StartElement)
		return err == nil && ok && len(start.Attr) == 0 && start.Name.Local == word
	}
	added := 0
	for c := rune(0x21); c <= 0x10fff; c++ { // the fourth edition has none beyond 0xffff
		for _, word := range []string{string(c), "a" + string(c)} {
			if strings.Contains(word, ":") {
				continue
			}
			switch is := isName(word); {
			case standard(word) && !is:
				t.Errorf("%U of %q", c, word)
			case is && c < 0x80 && !standard(word):
				t.Errorf("%U of %q is accepted", c, word)
			case is && !standard(word):
				added++
			}
		}
	}
	if added == 0 {
		t.Error("the editions are the same")
	}
	for _, word := range []string{"", "a\xff", "\xff", "a\u037e", "\u0300a", "a\U000f0000"} {
		if isName(word) {
			t.Errorf("%q is a name", word)
		}
	}
}
