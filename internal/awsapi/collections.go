package awsapi

import (
	"reflect"
	"slices"
	"strconv"
)

// items gives the elements of a list, however the protocol writes lists.
func items(n Node) ([]Node, bool) {
	switch n.Kind {
	case List:
		return n.List, true
	case Form:
		return formItems(n)
	}
	return nil, false
}

// formItems reads X.member.1, X.member.2, ...; a bare X= is the empty list.
// Numbers may be left out, their order is what counts.
func formItems(n Node) ([]Node, bool) {
	if n.Text != "" || len(n.Members) > 1 {
		return nil, false
	}
	if len(n.Members) == 0 {
		return nil, true
	}
	m := n.Members[0]
	if m.Name != "member" || m.Value.Text != "" {
		return nil, false
	}
	type item struct {
		number int
		value  Node
	}
	numbered := make([]item, len(m.Value.Members))
	for i, e := range m.Value.Members {
		k, ok := itemNumber(e.Name)
		if !ok {
			return nil, false
		}
		numbered[i] = item{k, e.Value}
	}
	slices.SortFunc(numbered, func(a, b item) int { return a.number - b.number })
	list := make([]Node, len(numbered))
	for i, e := range numbered {
		list[i] = e.value
	}
	return list, true
}

// itemNumber reads the number of an item: from 1, in its only spelling, since
// two spellings of a number would be two items.
func itemNumber(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil && n > 0 && s[0] != '0'
}

// A list or map tells of its own violations before those of its elements. What
// is wrong with elements that are scalars is told of the whole, once.

func (b *binder) bindList(p *plan, n Node, dst reflect.Value) error {
	list, ok := items(n)
	if !ok {
		return wrongKind(n, "list")
	}
	out := reflect.MakeSlice(p.typ, len(list), len(list))
	outer := b.enter(p.elem)
	null := false
	for i := range list {
		if list[i].Kind == Null {
			null = true
			continue
		}
		b.at = append(b.at, Step{Index: i + 1}, Step{Name: "member"})
		if err := b.bind(p.elem, list[i], out.Index(i)); err != nil {
			return err
		}
		b.at = b.at[:len(b.at)-2]
	}
	wrong := b.leave(outer, p.elem, null)
	dst.Set(out)
	b.checkSize(p, out, &outer.mark)
	if wrong != "" {
		b.violateAt(&outer.mark, out, p.sensitive(), "Member must satisfy constraint: ["+wrong+"]")
	}
	return nil
}

func (b *binder) bindMap(p *plan, n Node, dst reflect.Value) error {
	if n.Kind != Map {
		return wrongKind(n, "structure")
	}
	out := reflect.MakeMapWithSize(p.typ, len(n.Members))
	key := reflect.New(p.key.typ).Elem() // of one entry after the other
	keys, err := b.bindKeys(p.key, key, n.Members)
	if err != nil {
		return err
	}
	outer := b.enter(p.elem)
	null := false
	var v reflect.Value
	for i := range n.Members {
		m := &n.Members[i]
		if i == 0 || !scalar(p.elem) {
			v = reflect.New(p.elem.typ).Elem()
		}
		v.SetZero()
		if m.Value.Kind == Null {
			null = true
		} else {
			b.at = append(b.at, Step{Name: m.Name, Key: true}, Step{Name: "member"})
			if err := b.bind(p.elem, m.Value, v); err != nil {
				return err
			}
			b.at = b.at[:len(b.at)-2]
		}
		key.SetString(m.Name)
		out.SetMapIndex(key, v)
	}
	values := b.leave(outer, p.elem, null)
	dst.Set(out)
	b.checkSize(p, out, &outer.mark)
	if keys != "" {
		b.violateAt(&outer.mark, out, p.sensitive(), "Map keys must satisfy constraint: ["+keys+"]")
	}
	if values != "" {
		b.violateAt(&outer.mark, out, p.sensitive(), "Map value must satisfy constraint: ["+values+"]")
	}
	return nil
}

// bindKeys checks the keys of a map and gives the constraints that one of them
// violates.
func (b *binder) bindKeys(p *plan, key reflect.Value, members []Member) (wrong string, err error) {
	outer := b.enter(p)
	for i := range members {
		if err := b.bind(p, Node{Kind: Text, Text: members[i].Name}, key); err != nil {
			return "", err
		}
	}
	return b.leave(outer, p, false), nil
}

// outside is what a binder was before it went into a list or map.
type outside struct {
	quiet, failed bool
	// mark is where the next violation of the list or map itself belongs.
	mark int
}

// enter goes among the elements of a list or map.
func (b *binder) enter(elem *plan) outside {
	o := outside{b.quiet, b.failed, len(b.found.Violations)}
	b.quiet, b.failed = b.quiet || scalar(elem), false
	return o
}

// leave comes back from them and gives what the list or map itself tells of its
// elements.
func (b *binder) leave(o outside, elem *plan, null bool) (wrong string) {
	failed := b.failed
	b.quiet, b.failed = o.quiet, o.failed
	switch {
	case null:
		return "Member must not be null"
	case failed:
		return elem.shape.constraints()
	}
	return ""
}

func scalar(p *plan) bool {
	return p.kind == planString || p.kind == planInt || p.kind == planBool
}

func (b *binder) checkSize(p *plan, v reflect.Value, mark *int) {
	s := p.shape
	if s == nil {
		return
	}
	if n := int64(v.Len()); s.hasMax && n > s.max {
		b.violateAt(mark, v, p.sensitive(), s.maxSentence())
	} else if s.hasMin && n < s.min {
		b.violateAt(mark, v, p.sensitive(), s.minSentence())
	}
}
