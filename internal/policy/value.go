package policy

import (
	"encoding/base64"
	"fmt"
	"net/netip"
)

// A ValueType is the type of a condition key's values ("Data types" in
// "Actions, resources, and condition keys" of the Service Authorization
// Reference).
type ValueType string

// The types.
const (
	StringValue  ValueType = "string"
	NumericValue ValueType = "numeric"
	BooleanValue ValueType = "boolean"
	IPValue      ValueType = "ip"
	DateValue    ValueType = "date"
	BinaryValue  ValueType = "binary"
)

// Read takes the text of a value, and gives the value as a [Context] holds it:
// the bytes of a binary one, whose text is base64, and the text of every other.
// It fails for a text that is no value of the type, which would never match
// anything.
func (t ValueType) Read(text string) (string, error) {
	ok := false
	switch t {
	case StringValue:
		ok = true
	case NumericValue:
		_, ok = parseDecimal(text)
	case BooleanValue:
		_, ok = parseBool(text)
	case IPValue:
		_, err := netip.ParseAddr(text)
		ok = err == nil
	case DateValue:
		_, ok = parseInstant(text)
	case BinaryValue:
		bytes, err := base64.StdEncoding.Strict().DecodeString(text)
		text, ok = string(bytes), err == nil
	}
	if !ok {
		return "", fmt.Errorf("policy: no value of type %s", t)
	}
	return text, nil
}
