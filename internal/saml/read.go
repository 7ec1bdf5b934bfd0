package saml

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// A document is read in one pass over its text, as XML 1.0 (fifth edition) and
// Namespaces in XML 1.0 have it, which is how those who sign read it. Names,
// values and texts of the tree are parts of that text; only where it stands for
// something else, by a reference or a line end, are they made anew.

// parseStrict reads a document that has elements and text only.
func parseStrict(document string) (*element, error) {
	return (&reader{strict: true}).read(document)
}

// parseLenient reads a document in which comments and processing instructions
// are passed over. They cut no text in two.
func parseLenient(document string) (*element, error) {
	return (&reader{}).read(document)
}

// reader builds a tree.
type reader struct {
	strict     bool
	text       string
	at         int // how much of the text is read
	count      int // of elements
	root, open *element
	depth      int
	tags       [maxDepth]tag // the start tags of the open elements
	scope      []binding     // the declarations of the open elements
	beside     []attribute   // the attributes of a tag so far
	siblings   []node        // the children of the open elements so far
	piece      string        // the text since the last tag, where it is one piece
	pieces     []byte        // the text since the last tag, where it is several
	made       []byte        // room to make a text in

	elements   room[element]
	nodes      room[node]
	attributes room[attribute]
	bindings   room[binding]
}

// tag is the start tag of an open element.
type tag struct {
	name  string // as it is written
	begin int    // where it begins in the text
	scope int    // how many declarations are around the element
	first int    // where its children begin among the siblings
}

// room is where the lists of a tree are, one after the other. They never move:
// where it is full, another piece is begun, each twice as large as that before.
type room[T any] struct {
	free  []T
	piece int // the size of the next one
}

// take gives room for a list.
func (r *room[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if len(r.free) < n {
		r.piece = min(max(2*r.piece, 16), 4096)
		r.free = make([]T, max(n, r.piece))
	}
	list := r.free[:n:n]
	r.free = r.free[n:]
	return list
}

// prepare makes room for a usual document. A longer one takes more as it needs it.
func (r *reader) prepare() {
	const usual = 256
	tags := min(strings.Count(r.text, "<"), usual)
	r.elements.free = make([]element, tags*5/8) // as some tags both begin and end one
	r.nodes.free = make([]node, tags)
	r.attributes.free = make([]attribute, min(strings.Count(r.text, "="), tags))
	r.siblings, r.beside, r.scope = make([]node, 0, 16), make([]attribute, 0, 8), make([]binding, 0, 8)
}

// syntax says what a document has at the reader's place that XML does not.
func (r *reader) syntax(what string) error {
	return fmt.Errorf("line %d: %s", 1+strings.Count(r.text[:min(r.at, len(r.text))], "\n"), what)
}

func (r *reader) read(text string) (*element, error) {
	r.text = text
	r.prepare()
	for r.at < len(text) {
		var err error
		if text[r.at] == '<' {
			err = r.markup()
		} else {
			err = r.characters()
		}
		if err != nil {
			return nil, err
		}
	}
	if r.root == nil || r.open != nil {
		return nil, errors.New("the document ends too soon")
	}
	return r.root, nil
}

// markup reads what begins with <.
func (r *reader) markup() error {
	rest := r.text[r.at:]
	switch {
	case strings.HasPrefix(rest, "</"):
		return r.endTag()
	case strings.HasPrefix(rest, "<?"):
		return r.instruction()
	case strings.HasPrefix(rest, "<![CDATA["):
		return r.section()
	case strings.HasPrefix(rest, "<!--"):
		return r.comment()
	case strings.HasPrefix(rest, "<!"):
		return errDirective
	}
	return r.startTag()
}

// instruction passes over a processing instruction. The declaration <?xml … ?> is
// one too. It stands first or not at all.
func (r *reader) instruction() error {
	begin := r.at
	r.at += len("<?")
	target, err := r.word()
	switch {
	case err != nil:
		return err
	case target != "xml" && r.strict, target == "xml" && begin > 0:
		return errInstruction
	}
	length := strings.Index(r.text[r.at:], "?>")
	if length < 0 {
		return r.syntax("a processing instruction without an end")
	}
	r.at += length + len("?>")
	if target == "xml" && !declaration.MatchString(r.text[begin:r.at]) {
		return errors.New("an XML declaration that is none")
	}
	return nil
}

// declaration is the XML declaration (2.8) of a document in UTF-8.
var declaration = regexp.MustCompile(`\A<\?xml\s+version\s*=\s*("1\.0"|'1\.0')` +
	`(\s+encoding\s*=\s*("(?i:utf-8)"|'(?i:utf-8)'))?` +
	`(\s+standalone\s*=\s*("(yes|no)"|'(yes|no)'))?\s*\?>\z`)

// comment passes over a comment.
func (r *reader) comment() error {
	if r.strict {
		return errComment
	}
	r.at += len("<!--")
	length := strings.Index(r.text[r.at:], "--")
	if length < 0 || !strings.HasPrefix(r.text[r.at+length:], "-->") {
		return r.syntax("a comment without an end, or with -- in it")
	}
	r.at += length + len("-->")
	return nil
}

// section reads a CDATA section.
func (r *reader) section() error {
	if r.open == nil {
		return errOutside
	}
	r.at += len("<![CDATA[")
	length := strings.Index(r.text[r.at:], "]]>")
	if length < 0 {
		return r.syntax("a CDATA section without an end")
	}
	text, err := r.meaning(r.text[r.at:r.at+length], inSection)
	r.at += length + len("]]>")
	r.add(text)
	return err
}

var errOutside = errors.New("text outside of the root")

// characters reads the text up to the next markup.
func (r *reader) characters() error {
	raw := r.text[r.at:]
	if length := strings.IndexByte(raw, '<'); length >= 0 {
		raw = raw[:length]
	}
	if r.open == nil {
		if strings.Trim(raw, whiteSpace) != "" {
			return errOutside
		}
		r.at += len(raw)
		return nil
	}
	text, err := r.meaning(raw, inText)
	r.at += len(raw)
	r.add(text)
	return err
}

// add takes a piece of text. Pieces with no tag between them are one text.
func (r *reader) add(text string) {
	switch {
	case r.piece == "" && len(r.pieces) == 0:
		r.piece = text
		return
	case len(r.pieces) == 0:
		r.pieces = append(r.pieces, r.piece...)
	}
	r.pieces = append(r.pieces, text...)
}

// flush puts the text since the last tag into the tree.
func (r *reader) flush() {
	if len(r.pieces) > 0 {
		r.piece = string(r.pieces)
		r.pieces = r.pieces[:0]
	}
	if r.piece != "" {
		r.siblings = append(r.siblings, node{text: r.piece})
		r.piece = ""
	}
}

func (r *reader) startTag() error {
	if r.open == nil && r.root != nil {
		return errors.New("the document has two roots")
	}
	r.flush()
	if r.count++; r.count > maxElements {
		return fmt.Errorf("more than %d elements", maxElements)
	}
	if r.depth == maxDepth {
		return fmt.Errorf("more than %d elements inside each other", maxDepth)
	}
	r.at += len("<")
	begin := r.at
	prefix, local, err := r.name()
	if err != nil {
		return err
	}
	open := tag{name: r.text[begin:r.at], begin: begin - 1, scope: len(r.scope)}
	empty, err := r.rest()
	if err != nil {
		return err
	}
	e := &r.elements.take(1)[0]
	e.parent, e.prefix, e.local = r.open, prefix, local
	e.bindings = r.bindings.take(len(r.scope) - open.scope)
	copy(e.bindings, r.scope[open.scope:])
	e.attributes = r.attributes.take(len(r.beside))
	copy(e.attributes, r.beside)
	if err := r.resolve(e); err != nil {
		return err
	}
	if r.open == nil {
		r.root = e
	} else {
		r.siblings = append(r.siblings, node{element: e})
	}
	if empty {
		e.size = r.at - open.begin
		r.scope = r.scope[:open.scope]
		return nil
	}
	open.first = len(r.siblings)
	r.tags[r.depth] = open
	r.open = e
	r.depth++
	return nil
}

// rest reads what follows the name in a start tag: attributes, and declarations
// into the scope. empty says that it is an end tag, too.
func (r *reader) rest() (empty bool, err error) {
	r.beside = r.beside[:0]
	outside := len(r.scope)
	for n := 0; ; n++ {
		space := r.space()
		switch {
		case r.at == len(r.text):
			return false, r.syntax("a tag without an end")
		case r.text[r.at] == '>':
			r.at++
			return false, nil
		case strings.HasPrefix(r.text[r.at:], "/>"):
			r.at += len("/>")
			return true, nil
		case !space:
			return false, r.syntax("attributes without white space between them")
		case n == maxAttributes:
			return false, fmt.Errorf("more than %d attributes", maxAttributes)
		}
		a, err := r.attribute()
		if err != nil {
			return false, err
		}
		prefix, ok := declares(a.name)
		if !ok {
			r.beside = append(r.beside, a)
		} else if err := r.declare(binding{prefix, a.value}, outside); err != nil {
			return false, err
		}
	}
}

// attribute reads an attribute: its name, without the namespace that this is in,
// and its value.
func (r *reader) attribute() (a attribute, err error) {
	if a.prefix, a.local, err = r.name(); err != nil {
		return a, err
	}
	r.space()
	if !strings.HasPrefix(r.text[r.at:], "=") {
		return a, r.syntax("an attribute without a value")
	}
	r.at++
	r.space()
	if r.at == len(r.text) || r.text[r.at] != '"' && r.text[r.at] != '\'' {
		return a, r.syntax("a value without quotation marks")
	}
	quote := r.text[r.at]
	r.at++
	length := strings.IndexByte(r.text[r.at:], quote)
	if length < 0 {
		return a, r.syntax("a value without an end")
	}
	a.value, err = r.meaning(r.text[r.at:r.at+length], inValue)
	r.at += length + 1
	return a, err
}

// declares says which prefix an attribute declares, if it does.
func declares(n name) (prefix string, ok bool) {
	if n.prefix == "xmlns" {
		return n.local, true
	}
	return "", n.prefix == "" && n.local == "xmlns"
}

// declare takes a namespace declaration into the scope, which has those of the
// same element from outside on.
func (r *reader) declare(b binding, outside int) error {
	if _, twice := lastOf(r.scope[outside:], b.prefix); twice {
		return errors.New("a namespace is declared twice")
	}
	if (b.prefix == "xml") != (b.space == xmlSpace) || b.prefix == "xmlns" || b.space == xmlnsSpace || b.prefix != "" && b.space == "" {
		return errors.New("a namespace declaration that may not be")
	}
	if len(r.scope) == maxBindings {
		return fmt.Errorf("more than %d namespaces", maxBindings)
	}
	r.scope = append(r.scope, b)
	return nil
}

// resolve finds the namespaces of an element and of its attributes.
func (r *reader) resolve(e *element) error {
	var ok bool
	if e.space, ok = r.bound(e.prefix); !ok && e.prefix != "" {
		return errUnbound
	}
	for i := range e.attributes {
		a := &e.attributes[i]
		if a.prefix != "" {
			if a.space, ok = r.bound(a.prefix); !ok {
				return errUnbound
			}
		}
		for j := range i {
			if b := &e.attributes[j]; a.is(b.space, b.local) {
				return errors.New("an attribute occurs twice")
			}
		}
	}
	return nil
}

var errUnbound = errors.New("a prefix that stands for nothing")

// bound finds the namespace that a prefix stands for.
func (r *reader) bound(prefix string) (space string, ok bool) {
	if prefix == "xml" {
		return xmlSpace, true
	}
	return lastOf(r.scope, prefix)
}

func (r *reader) endTag() error {
	if r.open == nil {
		return errEnd
	}
	open := r.tags[r.depth-1]
	r.at += len("</")
	if !strings.HasPrefix(r.text[r.at:], open.name) {
		return errEnd
	}
	r.at += len(open.name)
	r.space()
	if !strings.HasPrefix(r.text[r.at:], ">") {
		return errEnd
	}
	r.at++
	r.flush()
	r.open.size = r.at - open.begin
	r.open.children = r.nodes.take(len(r.siblings) - open.first)
	copy(r.open.children, r.siblings[open.first:])
	r.siblings = r.siblings[:open.first]
	r.scope = r.scope[:open.scope]
	r.open = r.open.parent
	r.depth--
	return nil
}

var errEnd = errors.New("an end tag that ends nothing")

// space passes over white space, and says whether there was some.
func (r *reader) space() bool {
	begin := r.at
	for r.at < len(r.text) && class[r.text[r.at]]&isSpace != 0 {
		r.at++
	}
	return r.at > begin
}

// name reads a name that may have a prefix.
func (r *reader) name() (prefix, local string, err error) {
	word, err := r.word()
	if err != nil {
		return "", "", err
	}
	prefix, local, ok := strings.Cut(word, ":")
	switch {
	case !ok:
		return "", word, nil
	case prefix == "", local == "", strings.IndexByte(local, ':') >= 0:
		return "", "", r.syntax("a name that may not be")
	}
	return prefix, local, nil
}

// word reads a name with whatever colons there are.
func (r *reader) word() (string, error) {
	begin := r.at
	var all uint8
	for ; r.at < len(r.text); r.at++ {
		c := class[r.text[r.at]]
		if c&inName == 0 {
			break
		}
		all |= c
	}
	word := r.text[begin:r.at]
	if word == "" || class[word[0]]&notFirst != 0 || all&isWide != 0 && !isName(word) {
		return "", r.syntax("a name is missing or has a character that no name has")
	}
	return word, nil
}

// The classes of bytes. A text in which none stands out means what it says.
const (
	inText    uint8 = 1 << iota // stands out in text
	inValue                     // stands out in the value of an attribute
	inSection                   // stands out in a CDATA section
	inName                      // may be part of a name
	notFirst                    // but not its beginning
	isSpace
	isWide // part of a character that is not ASCII
)

var class = classes()

func classes() (class [256]uint8) {
	for b := range class {
		switch c := byte(b); {
		case c >= utf8.RuneSelf:
			class[b] = inText | inValue | inSection | inName | isWide
		case c == ' ':
			class[b] = isSpace
		case c == '\t' || c == '\n':
			class[b] = isSpace | inValue
		case c == '\r':
			class[b] = isSpace | inText | inValue | inSection
		case c < ' ':
			class[b] = inText | inValue | inSection
		case c == '&':
			class[b] = inText | inValue
		case c == '<':
			class[b] = inValue
		case c == ']':
			class[b] = inText
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':':
			class[b] = inName
		case c >= '0' && c <= '9' || c == '.' || c == '-':
			class[b] = inName | notFirst
		}
	}
	return class
}

// meaning is what the text at the reader's place stands for: references for
// characters, line ends for one (2.11), and white space in values for spaces
// (3.3.3), unless references stand for it.
func (r *reader) meaning(raw string, where uint8) (string, error) {
	for i := range len(raw) {
		if class[raw[i]]&where != 0 {
			return r.remade(raw, where, i)
		}
	}
	return raw, nil
}

// remade is the meaning of text in which something stands out, first at a place.
func (r *reader) remade(raw string, where uint8, i int) (string, error) {
	made, same := r.made[:0], 0 // what of raw is in made
	for i < len(raw) {
		c := raw[i]
		if class[c]&where == 0 {
			i++
			continue
		}
		instead, length := rune(-1), 1
		switch {
		case c == '&':
			instead, length = reference(raw[i:])
			if !isCharacter(instead) {
				return "", r.syntax("a reference to a character that is none, or without an end")
			}
		case c == '\r':
			instead = '\n'
			if strings.HasPrefix(raw[i:], "\r\n") {
				length = len("\r\n")
			}
			fallthrough
		case c == '\n', c == '\t':
			if where == inValue {
				instead = ' '
			}
		case c == '<':
			return "", r.syntax("< in a value")
		case c == ']':
			if strings.HasPrefix(raw[i:], "]]>") {
				return "", r.syntax("]]> in text")
			}
		default:
			var wide rune
			if wide, length = utf8.DecodeRuneInString(raw[i:]); wide == utf8.RuneError && length == 1 || !isCharacter(wide) {
				return "", r.syntax("a byte that is no UTF-8, or a character that XML does not have")
			}
		}
		if instead >= 0 {
			made = utf8.AppendRune(append(made, raw[same:i]...), instead)
			same = i + length
		}
		i += length
	}
	if same == 0 {
		return raw, nil
	}
	made = append(made, raw[same:]...)
	r.made = made
	return string(made), nil
}

// reference reads a reference to a character, up to its semicolon; what it gives
// for others is no character.
func reference(raw string) (character rune, length int) {
	body, _, ok := strings.Cut(raw[len("&"):], ";")
	length = len("&;") + len(body)
	switch {
	case !ok:
		return -1, length
	case strings.HasPrefix(body, "#x"):
		return number(body[len("#x"):], 16), length
	case strings.HasPrefix(body, "#"):
		return number(body[len("#"):], 10), length
	}
	switch body {
	case "amp":
		return '&', length
	case "lt":
		return '<', length
	case "gt":
		return '>', length
	case "quot":
		return '"', length
	case "apos":
		return '\'', length
	}
	return -1, length
}

// number reads a number; -1 for what is none, or beyond all characters.
func number(digits string, base rune) rune {
	n := rune(-1)
	for _, d := range []byte(digits) {
		v := base
		switch {
		case d >= '0' && d <= '9':
			v = rune(d - '0')
		case d|0x20 >= 'a' && d|0x20 <= 'f':
			v = rune(d|0x20-'a') + 10
		}
		if v >= base || n > utf8.MaxRune {
			return -1
		}
		n = max(n, 0)*base + v
	}
	return n
}

// isCharacter says whether XML has a character (2.2).
func isCharacter(c rune) bool {
	switch {
	case c < 0x20:
		return c == '\t' || c == '\n' || c == '\r'
	case c < 0xd800:
		return true
	}
	return c >= 0xe000 && c <= 0xfffd || c >= 0x10000 && c <= utf8.MaxRune
}

// isName says whether a text is a name (2.3).
func isName(word string) bool {
	for i, c := range word {
		switch {
		case c < utf8.RuneSelf && class[c]&inName != 0 && (i > 0 || class[c]&notFirst == 0):
		case in(c, nameStarts), i > 0 && in(c, nameParts):
		default:
			return false
		}
	}
	return word != "" && utf8.ValidString(word)
}

// The characters of names beyond ASCII, each pair from and to: those that may be
// first, and those that may follow only.
var (
	nameStarts = []rune{0xc0, 0xd6, 0xd8, 0xf6, 0xf8, 0x2ff, 0x370, 0x37d, 0x37f, 0x1fff, 0x200c, 0x200d, 0x2070, 0x218f,
		0x2c00, 0x2fef, 0x3001, 0xd7ff, 0xf900, 0xfdcf, 0xfdf0, 0xfffd, 0x10000, 0xeffff}
	nameParts = []rune{0xb7, 0xb7, 0x300, 0x36f, 0x203f, 0x2040}
)

func in(c rune, pairs []rune) bool {
	for i := 0; i < len(pairs); i += 2 {
		if c >= pairs[i] && c <= pairs[i+1] {
			return true
		}
	}
	return false
}
