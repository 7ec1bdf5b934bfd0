package declare

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
)

// definitions are what several members refer to. What is a text may be written as a
// number or a truth value, as YAML has them without quotes.
const definitions = `{
	"Name":{"type":["string","number","boolean"],"minLength":1},
	"Place":{"type":"object","properties":{"env":{"$ref":"#/definitions/Name"},"file":{"$ref":"#/definitions/Name"}},"minProperties":1,"maxProperties":1,"additionalProperties":false},
	"Secret":{"description":"{env: VARIABLE} or {file: PATH}. With optional: true, a key that the server has keeps its secret if there is none.","type":"object",
		"properties":{"env":{"$ref":"#/definitions/Name"},"file":{"$ref":"#/definitions/Name"},"optional":{"type":"boolean"}},
		"oneOf":[{"required":["env"]},{"required":["file"]}],"additionalProperties":false},
	"Policy":{"description":"A policy: an object, or the text of one.","anyOf":[{"type":"string","pattern":"^\\s*\\{"},{"type":"object","properties":{
		"Version":{"enum":["2012-10-17","2008-10-17"]},"Id":{"type":"string"},
		"Statement":{"anyOf":[{"$ref":"#/definitions/Statement"},{"type":"array","items":{"$ref":"#/definitions/Statement"}}]}},
		"required":["Statement"],"additionalProperties":false}]},
	"Statement":{"type":"object","properties":{"Sid":{"type":"string"},"Effect":{"enum":["Allow","Deny"]},
		"Principal":{"$ref":"#/definitions/Principal"},"NotPrincipal":{"$ref":"#/definitions/Principal"},
		"Action":{"$ref":"#/definitions/Strings"},"NotAction":{"$ref":"#/definitions/Strings"},"Resource":{"$ref":"#/definitions/Strings"},"NotResource":{"$ref":"#/definitions/Strings"},
		"Condition":{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"anyOf":[{"type":["string","number","boolean"]},{"type":"array","items":{"type":["string","number","boolean"]}}]}}}},
		"required":["Effect"],"additionalProperties":false},
	"Principal":{"anyOf":[{"const":"*"},{"type":"object","properties":{"AWS":{"$ref":"#/definitions/Strings"},"Federated":{"$ref":"#/definitions/Strings"},"Service":{"$ref":"#/definitions/Strings"},"CanonicalUser":{"$ref":"#/definitions/Strings"}},"additionalProperties":false}]},
	"Strings":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}
}`

// Schema is the JSON Schema of files, for editors. What reads files says no to more: what
// depends on several members, on other files or on the server.
func Schema(services []awsapi.Service) []byte {
	tables := map[string]*awsapi.Table{}
	for _, s := range services {
		tables[s.Name] = s.Compile()
	}
	version := fragment(`{"description":"The version of the format.","const":1}`)
	properties := object("Version", version)
	all := fragment(definitions)
	for _, k := range kinds {
		items := structureSchema(tables[k.service].Row(k.operation).Input(), k)
		if k.list == pools.list {
			mappings, _ := tables[k.service].Row("SetIdentityPoolRoles").Input().Member("RoleMappings")
			set(items.Member("properties"), "RoleMappings", typeSchema(mappings.Type))
			set(&items, "dependencies", fragment(`{"DeveloperUsers":["DeveloperProviderName"]}`))
		}
		set(&all, k.list, items)
		set(&properties, k.list, object("type", list([]string{"array", "null"}), "items", object("$ref", "#/definitions/"+k.list)))
	}
	root := object("$schema", "http://json-schema.org/draft-07/schema#", "title", "A file for daypass apply and daypass serve --seed", "type", "object",
		"properties", properties, "required", list([]string{"Version"}), "additionalProperties", truth(false), "definitions", all)
	v := jsontext.Value(root.AppendJSON(nil))
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		panic("declare: the schema is no JSON: " + err.Error()) // a mistake in this package
	}
	return append(v, '\n')
}

// fragment is a part of the schema that is written down here.
func fragment(s string) awsapi.Node {
	n, err := awsapi.ParseJSON([]byte(s))
	if err != nil {
		panic(fmt.Sprintf("declare: %v in the fragment %s", err, s)) // a mistake in this package
	}
	return n
}

// structureSchema is the schema of a structure, as a kind of a file has it.
func structureSchema(t awsapi.Type, k kind) awsapi.Node {
	properties, required := awsapi.Node{Kind: awsapi.Map}, []string{}
	for _, m := range t.Members() {
		set(&properties, m.Name, typeSchema(m.Type))
		if (m.Required || m.Name == k.name) && !slices.Contains(k.free, m.Name) {
			required = append(required, m.Name)
		}
	}
	for _, e := range slices.Concat(k.other, k.more) {
		if e.schema != "" {
			set(&properties, e.name, fragment(e.schema))
		}
	}
	n := object("type", "object", "properties", properties)
	said(&n, "required", list(required))
	set(&n, "additionalProperties", truth(false))
	return n
}

// typeSchema is the schema of a type of the API.
func typeSchema(t awsapi.Type) awsapi.Node {
	bound := func(n awsapi.Node, least, most string) awsapi.Node {
		if v, ok := t.Shape().Min(); ok && v > 0 {
			set(&n, least, number(v))
		}
		if v, ok := t.Shape().Max(); ok && v > 0 {
			set(&n, most, number(v))
		}
		return n
	}
	switch t.Kind() {
	case awsapi.StructureType:
		n := structureSchema(t, kind{})
		if rule := n.Member("properties").Member("RoleARN"); rule != nil { // files may write names
			*rule = fragment(`{"$ref":"#/definitions/Name"}`)
		}
		return n
	case awsapi.ListType:
		return bound(object("type", "array", "items", typeSchema(t.Elem())), "minItems", "maxItems")
	case awsapi.MapType:
		return bound(object("type", "object", "additionalProperties", typeSchema(t.Elem())), "minProperties", "maxProperties")
	case awsapi.BooleanType:
		return object("type", "boolean")
	case awsapi.IntegerType, awsapi.LongType:
		return bound(object("type", "integer"), "minimum", "maximum")
	}
	if t.Shape().IsDocument() {
		return fragment(`{"$ref":"#/definitions/Policy"}`)
	}
	if values := t.Shape().Values(); values != nil {
		return object("enum", list(values))
	}
	n := bound(object("type", list([]string{"string", "number", "boolean"})), "minLength", "maxLength")
	if p, ok := schemaPattern(t.Shape().Pattern()); ok {
		set(&n, "pattern", p)
	}
	return n
}

func number(v int64) awsapi.Node {
	return awsapi.Node{Kind: awsapi.Number, Text: strconv.FormatInt(v, 10)}
}

var unicodeEscape = regexp.MustCompile(`\\u00([0-9A-Fa-f]{2})`)

// schemaPattern is a pattern of the API, which Java reads, for those that validate
// schemas, which are written in many languages. Classes of Unicode are not in all of them.
func schemaPattern(p string) (string, bool) {
	if p == "" || strings.Contains(p, `\p`) {
		return "", false
	}
	return "^(" + unicodeEscape.ReplaceAllString(p, `\x$1`) + ")$", true
}
