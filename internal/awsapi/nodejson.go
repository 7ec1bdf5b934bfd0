package awsapi

import "github.com/go-json-experiment/json/jsontext"

// AppendJSON appends the value as JSON, without white space. A value of a form
// that has no shape yet is its text.
func (n Node) AppendJSON(b []byte) []byte {
	switch n.Kind {
	case Null:
		return append(b, "null"...)
	case Bool, Number:
		return append(b, n.Text...)
	case List:
		b = append(b, '[')
		for i, e := range n.List {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.AppendJSON(b)
		}
		return append(b, ']')
	case Map:
		b = append(b, '{')
		for i, m := range n.Members {
			if i > 0 {
				b = append(b, ',')
			}
			b, _ = jsontext.AppendQuote(b, m.Name)
			b = append(b, ':')
			b = m.Value.AppendJSON(b)
		}
		return append(b, '}')
	}
	b, _ = jsontext.AppendQuote(b, n.Text)
	return b
}
