package awsapi

// Outline is what an operation's input can hold at one place of a request. A
// protocol decodes along it: a part of the request that the outline does not have
// is read over and not kept, so that what a request costs follows from the
// operation and not from what a stranger sends.
type Outline plan

// Outline is the outline of the operation's input.
func (r *Row) Outline() *Outline { return r.plan.outline() }

func (p *plan) outline() *Outline {
	for p.kind == planPointer {
		p = p.elem
	}
	return (*Outline)(p)
}

const (
	// freely is how many entries a list or map is taken to have that the API model
	// gives no limit.
	freely = 1000
	// MaxValues is the most values that any operation takes, since each takes far
	// more memory than its two bytes on the wire. The largest input of all (ten role
	// mappings of 400 rules) has some 20,000.
	MaxValues = 32 << 10
	// MaxMembers is the most members that a structure has, so that those seen fit a
	// word.
	MaxMembers = 64
)

// Kind is what the outline has here: Text for all scalars, List, Map for
// structures and for maps.
func (o *Outline) Kind() Kind {
	switch o.kind {
	case planStruct, planMap:
		return Map
	case planList:
		return List
	}
	return Text
}

// Structure says whether there are members of fixed names here.
func (o *Outline) Structure() bool { return o.kind == planStruct }

// Member finds a member of a structure, its number and its name; a nil outline
// if there is none of this name.
func (o *Outline) Member(name []byte) (i int, known string, member *Outline) {
	for i := range o.fields {
		if f := &o.fields[i]; f.Name == string(name) {
			return i, f.Name, f.plan.outline()
		}
	}
	return 0, "", nil
}

// Elem is the outline of the elements of a list or the values of a map.
func (o *Outline) Elem() *Outline { return o.elem.outline() }

// Entries is how many entries a list or map may have, false where it may have
// any number.
func (o *Outline) Entries() (most int, limited bool) {
	if o.shape == nil || !o.shape.hasMax {
		return 0, false
	}
	return int(o.shape.max), true
}

// Values is how many values the largest legal input has, this one included, and
// at most MaxValues.
func (o *Outline) Values() int { return o.values }

// measure works out Values.
func (p *plan) measure() {
	n := 1
	switch p.kind {
	case planPointer:
		n = p.elem.values
	case planStruct:
		for i := range p.fields {
			n = min(n+p.fields[i].plan.values, MaxValues)
		}
	case planList, planMap:
		entries, limited := p.outline().Entries()
		if !limited {
			entries = freely
		}
		n += entries * p.elem.values
	}
	p.values = min(n, MaxValues)
}
