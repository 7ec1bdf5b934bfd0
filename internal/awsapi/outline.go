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
func (o *Outline) Member(name string) (i int, known string, member *Outline) {
	for i := range o.fields {
		if f := &o.fields[i]; f.Name == name {
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

const (
	// least is how long any body may be, and unbounded a length without a limit.
	least, unbounded = 16 << 10, 1 << 40
	// around is what is written around a value: a name, its path in a form, quotes,
	// white space.
	around = 160
	// escaped is the most bytes that a character is written with: of JSON two escapes
	// of six bytes, of a form four escaped bytes.
	escaped = 12
)

// BodyLimit is how many bytes a request's body may have: as many as the largest
// legal input, but no more than most, or as many as the row says (WithBody).
func (r *Row) BodyLimit(most int64) int64 {
	if r.MaxBody > 0 {
		return r.MaxBody
	}
	return min(max(least, r.length), most)
}

// length is how many bytes the largest legal value may be written with. Secrets
// are tokens, assertions and keys, which are ASCII: JSON writes a character with
// one byte, a form with one or three.
func (p *plan) length(secret int64) int64 {
	n := int64(around)
	switch p.kind {
	case planPointer:
		return p.elem.length(secret)
	case planStruct:
		for i := range p.fields {
			n += p.fields[i].plan.length(secret)
		}
	case planList:
		n += p.entries() * p.elem.length(secret)
	case planMap:
		n += p.entries() * (p.key.length(secret) + p.elem.length(secret))
	case planString:
		switch s := p.shape; {
		case s == nil || !s.hasMax && s.enum == nil:
			return unbounded
		case s.sensitive:
			n += s.max * secret
		default:
			n += s.max * escaped
		}
	}
	return min(n, unbounded)
}

// entries is how many entries a list or map may have; without a limit, as many as
// are unbounded with the least of elements.
func (p *plan) entries() int64 {
	if most, limited := p.outline().Entries(); limited {
		return int64(most)
	}
	return unbounded / around
}

// measure works out how long the body of the largest legal input may be.
func (r *Row) measure() {
	secret := int64(1)
	if r.Service.Target == "" {
		secret = 3
	}
	r.length = r.plan.length(secret)
}
