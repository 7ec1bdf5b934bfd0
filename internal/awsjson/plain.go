package awsjson

import (
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/plainjson"
)

// maxPlain is how long a body may be that is read as plain JSON, in bytes: its texts
// are parts of one copy of it, all of which is kept for as long as one of them is.
const maxPlain = 64 << 10

// decodePlain reads a body that is written as clients write it: structures and maps
// of texts, as the busiest operations have. False says nothing of the body but that
// it is to be read by decodeAny, which gives the same for those that are read here.
func decodePlain(o *awsapi.Outline, body []byte) (awsapi.Node, bool) {
	if len(body) > maxPlain {
		return awsapi.Node{}, false
	}
	d := plainDecoder{plainjson.New(string(body))}
	if d.Kind() != '{' {
		return awsapi.Node{}, false
	}
	n, ok := d.value(o)
	return n, ok && d.End()
}

type plainDecoder struct{ plainjson.Reader }

func (d *plainDecoder) value(o *awsapi.Outline) (awsapi.Node, bool) {
	switch c := d.Kind(); {
	case c == '"' && o.Kind() == awsapi.Text:
		text, ok := d.String()
		return awsapi.Node{Kind: awsapi.Text, Text: text}, ok
	case c == '{' && o.Structure():
		return d.structure(o)
	case c == '{' && o.Kind() == awsapi.Map:
		return d.entries(o)
	}
	return awsapi.Node{}, false
}

func (d *plainDecoder) structure(o *awsapi.Outline) (awsapi.Node, bool) {
	n := awsapi.Node{Kind: awsapi.Map}
	var object plainjson.Object
	for object.Next(&d.Reader) {
		_, name, member := o.Member(object.Name)
		if member == nil {
			return n, false
		}
		v, ok := d.value(member)
		if !ok {
			return n, false
		}
		if n.Members == nil {
			n.Members = make([]awsapi.Member, 0, 3)
		}
		n.Members = append(n.Members, awsapi.Member{Name: name, Value: v})
	}
	return n, object.Ok
}

// entries reads a map that has no more entries than it may have.
func (d *plainDecoder) entries(o *awsapi.Outline) (awsapi.Node, bool) {
	n := awsapi.Node{Kind: awsapi.Map}
	most, limited := o.Entries()
	elem := o.Elem()
	var object plainjson.Object
	for object.Next(&d.Reader) {
		v, ok := d.value(elem)
		if !ok || limited && len(n.Members) == most {
			return n, false
		}
		n.Members = append(n.Members, awsapi.Member{Name: object.Name, Value: v})
	}
	return n, object.Ok
}
