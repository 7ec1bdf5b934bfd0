package awsjson

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
)

const requestID = "01234567-89ab-4def-8123-456789abcdef"

// Answers in the envelope have whole seconds, and what is required even if it is
// empty, as in XML.
func TestEnvelope(t *testing.T) {
	type output struct {
		Text     string `aws:"required"`
		Optional string
		List     []named `aws:"required"`
		More     []named
		Map      namedMap `aws:"required"`
		When     time.Time
		Never    time.Time
		Part     *part
	}
	const metadata = `"ResponseMetadata":{"RequestId":"` + requestID + `"}}}`
	when := time.Date(2018, 9, 27, 20, 49, 48, 977e6, time.UTC)
	for name, test := range map[string]struct {
		out  output
		want string
	}{
		"nothing": {output{}, `{"DoResponse":{"DoResult":{"Text":"","List":[],"Map":{}},` + metadata},
		"all": {
			output{Text: "a\"b", Optional: "o", List: []named{"x"}, More: []named{}, Map: namedMap{"k": "v"}, When: when, Part: &part{"p", when}},
			`{"DoResponse":{"DoResult":{"Text":"a\"b","Optional":"o","List":["x"],"More":[],"Map":{"k":"v"},"When":1538081388,"Part":{"Name":"p","When":1538081388}},` + metadata,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Envelope{}.Encode(rowFor[output](), &test.out, requestID)
			want := awsapi.Answer{Status: 200, ContentType: "application/json", Header: []string{"x-amzn-RequestId", requestID}, Body: []byte(test.want)}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
	got, err := Envelope{}.Encode(rowFor[awsapi.None](), nil, requestID)
	if want := `{"DoResponse":{` + metadata; string(got.Body) != want || err != nil {
		t.Errorf("%s, %v", got.Body, err)
	}
	if _, err := (Envelope{}).Encode(rowFor[output](), &output{Text: "\xff"}, requestID); err == nil {
		t.Error("text that is not UTF-8 is written")
	}
}

func TestEnvelopeError(t *testing.T) {
	for _, test := range []struct {
		err    awsapi.Error
		status int
		want   string
	}{
		{awsapi.Error{Code: "AccessDenied", Message: `No "x"`, Status: 403}, 403, `{"Error":{"Type":"Sender","Code":"AccessDenied","Message":"No \"x\""},"RequestId":"` + requestID + `"}`},
		{awsapi.Error{Code: "InternalFailure", Fault: awsapi.Server}, 500, `{"Error":{"Type":"Receiver","Code":"InternalFailure","Message":""},"RequestId":"` + requestID + `"}`},
		{awsapi.Error{Code: "X", Message: "\xff"}, 400, `{"Error":{"Type":"Sender","Code":"X","Message":"` + "\uFFFD" + `"},"RequestId":"` + requestID + `"}`},
	} {
		a := Envelope{}.EncodeError(nil, &test.err, requestID)
		if a.Status != test.status || string(a.Body) != test.want || a.ContentType != "application/json" {
			t.Errorf("%d %s %s", a.Status, a.ContentType, a.Body)
		}
	}
}
