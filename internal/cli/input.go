package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/daypass/daypass/internal/awsapi"
)

// input makes the operation's input: from the options, and from what
// --cli-input-json or --cli-input-yaml has beside them.
func (c *CLI) input(op *operation, got given) (awsapi.Node, error) {
	in := awsapi.Node{Kind: awsapi.Map}
	for _, o := range op.options {
		m, member := op.members[o.name]
		if !member || !got.has(o.name) {
			continue
		}
		v := awsapi.Node{Kind: awsapi.Bool, Text: strconv.FormatBool(o.name == kebab(m.Name))}
		if m.Type.Kind() != awsapi.BooleanType {
			var err error
			if v, err = c.value("--"+o.name, m.Type, got[o.name]); err != nil {
				return in, err
			}
		}
		if old := in.Member(m.Name); old != nil {
			*old = v
		} else {
			in.Members = append(in.Members, awsapi.Member{Name: m.Name, Value: v})
		}
	}
	if got.has("cli-input-json") && got.has("cli-input-yaml") {
		return in, usageError("Only one --cli-input- parameter may be specified.")
	}
	for name, read := range map[string]func([]byte) (awsapi.Node, error){"cli-input-json": awsapi.ParseJSON, "cli-input-yaml": parseYAML} {
		if !got.has(name) {
			continue
		}
		document := got.word(name)
		content, is, err := c.paramFile(document)
		if err != nil {
			return in, paramError("--"+name, "%v", err)
		}
		if is {
			document = content
		}
		kind := strings.ToUpper(strings.TrimPrefix(name, "cli-input-"))
		more, err := read([]byte(document))
		if err != nil {
			return in, paramError(name, "Invalid %s received.", kind)
		}
		if more.Kind != awsapi.Map {
			return in, paramError("--"+name, "Invalid type: expecting map, received %s", pythonType(more))
		}
		for _, m := range more.Members {
			if in.Member(m.Name) == nil {
				in.Members = append(in.Members, m)
			}
		}
	}
	return times(in, op.row.Input())
}

// times turns the texts and numbers of an input that stand for times into
// times.
func times(n awsapi.Node, t awsapi.Type) (awsapi.Node, error) {
	var err error
	switch t.Kind() {
	case awsapi.TimestampType:
		if n.Kind == awsapi.Text || n.Kind == awsapi.Number {
			return timestamp("", n.Text)
		}
	case awsapi.StructureType:
		for i, m := range n.Members {
			if member, ok := t.Member(m.Name); ok && err == nil {
				n.Members[i].Value, err = times(m.Value, member.Type)
			}
		}
	case awsapi.ListType:
		for i, e := range n.List {
			if err == nil {
				n.List[i], err = times(e, t.Elem())
			}
		}
	case awsapi.MapType:
		for i, m := range n.Members {
			if err == nil {
				n.Members[i].Value, err = times(m.Value, t.Elem())
			}
		}
	}
	return n, err
}

// timestamp reads a time: RFC 3339, a date, or seconds since 1970.
func timestamp(option, word string) (awsapi.Node, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, word); err == nil {
			return awsapi.Node{Kind: awsapi.Time, Text: t.Format(time.RFC3339Nano)}, nil
		}
	}
	if s, err := strconv.ParseFloat(word, 64); err == nil && s >= 0 && s < 1<<40 {
		return awsapi.Node{Kind: awsapi.Time, Text: time.UnixMilli(int64(s * 1000)).UTC().Format(time.RFC3339Nano)}, nil
	}
	return awsapi.Node{}, paramError(option, "%q is no time: give one such as 2026-11-30T12:00:00Z, or seconds since 1970", word)
}

// parseYAML reads a YAML document.
func parseYAML(document []byte) (awsapi.Node, error) {
	var v any
	if err := yaml.UnmarshalWithOptions(document, &v, yaml.UseOrderedMap()); err != nil {
		return awsapi.Node{}, err
	}
	return fromYAML(v)
}
