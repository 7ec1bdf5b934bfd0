package awsapi_test

import (
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// A time in an input is seconds since 1970 in JSON and RFC 3339 in a form.
func TestTimesInInputs(t *testing.T) {
	type input struct{ At time.Time }
	row := awsapi.Service{Operations: []awsapi.Operation{op[input, struct{}]("Do")}}.Compile().Row("Do")
	at := func(kind, value awsapi.Kind, text string) (time.Time, error) {
		in, err := row.Bind(awsapi.Node{Kind: kind, Members: []awsapi.Member{{Name: "At", Value: awsapi.Node{Kind: value, Text: text}}}})
		if err != nil {
			return time.Time{}, err
		}
		return in.(*input).At, nil
	}
	for _, c := range []struct {
		kind, value awsapi.Kind
		text, want  string
	}{
		{awsapi.Map, awsapi.Number, "0", "1970-01-01T00:00:00Z"},
		{awsapi.Map, awsapi.Number, "1796044486.269", "2026-11-30T13:14:46.269Z"},
		{awsapi.Map, awsapi.Number, "1.796044486E9", "2026-11-30T13:14:46Z"},
		{awsapi.Form, awsapi.Form, "2026-11-30T13:14:46Z", "2026-11-30T13:14:46Z"},
		{awsapi.Form, awsapi.Form, "2026-11-30T14:14:46.5+01:00", "2026-11-30T14:14:46.5+01:00"},
	} {
		if got, err := at(c.kind, c.value, c.text); err != nil || got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%s: %v, %v, want %s", c.text, got, err, c.want)
		}
	}
	for _, c := range []struct {
		kind, value awsapi.Kind
		text, want  string
	}{
		{awsapi.Map, awsapi.Number, "1e300", "Value is not a valid Timestamp"},
		{awsapi.Map, awsapi.Text, "2026-11-30T13:14:46Z", "STRING_VALUE can not be converted to a Timestamp"},
		{awsapi.Form, awsapi.Form, "1796044486", "Value is not a valid Timestamp"},
	} {
		if got, err := at(c.kind, c.value, c.text); err == nil || err.Error() != "serialization: "+c.want {
			t.Errorf("%s: %v, %v, want %s", c.text, got, err, c.want)
		}
	}
}
