package awsjson

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
)

type (
	none      struct{}
	named     string
	namedList []named
	namedMap  map[named]named
	part      struct {
		Name named
		When time.Time
	}
	everything struct {
		Text     string `aws:"required"`
		Named    named
		Yes      bool
		Small    int32
		Big      int64
		Plain    int
		Maybe    *bool
		Number   *int32
		Part     *part
		Flat     part
		When     time.Time
		List     namedList
		Numbers  []int64
		Parts    []part
		Pointers []*part
		Map      namedMap
		PartMap  map[string]part
		Arn      string `aws:"name=arn"`
	}
)

// rowFor is a row whose output is an O.
func rowFor[O any]() *awsapi.Row {
	do := func(context.Context, awsapi.Caller, *none) (*O, error) { return nil, nil }
	return awsapi.Service{Name: "zoo", Operations: []awsapi.Operation{awsapi.Op("Do", awsapi.Public, awsapi.Unasked, "", do)}}.Compile().Row("Do")
}

func TestEncode(t *testing.T) {
	no, zero := false, int32(0)
	when := time.Date(2018, 9, 27, 20, 49, 48, 77e6, time.UTC)
	for name, test := range map[string]struct {
		out  everything
		want string
	}{
		"what is not set is left out, but for numbers and truth values": {
			everything{}, `{"Yes":false,"Small":0,"Big":0,"Plain":0,"Flat":{}}`,
		},
		"all": {
			everything{
				Text: "t", Named: "n", Yes: true, Small: -1, Big: 9007199254740993, Plain: 2, Maybe: &no, Number: &zero, Part: &part{"p", when}, Flat: part{Name: "f"},
				When: when, List: namedList{"b", "a", ""}, Numbers: []int64{1, 2}, Parts: []part{{}, {Name: "x"}}, Pointers: []*part{{Name: "y"}, nil},
				Map: namedMap{"b": "2", "a": "", "": "3"}, PartMap: map[string]part{"x": {}}, Arn: "arn:aws:x",
			},
			`{"Text":"t","Named":"n","Yes":true,"Small":-1,"Big":9007199254740993,"Plain":2,"Maybe":false,"Number":0,` +
				`"Part":{"Name":"p","When":1538081388.077},"Flat":{"Name":"f"},"When":1538081388.077,"List":["b","a",""],"Numbers":[1,2],` +
				`"Parts":[{},{"Name":"x"}],"Pointers":[{"Name":"y"},null],"Map":{"":"3","a":"","b":"2"},"PartMap":{"x":{}},"arn":"arn:aws:x"}`,
		},
		"empty lists and maps are there": {
			everything{List: namedList{}, Map: namedMap{}, Parts: []part{}, Part: &part{}},
			`{"Yes":false,"Small":0,"Big":0,"Plain":0,"Part":{},"Flat":{},"List":[],"Parts":[],"Map":{}}`,
		},
		"escapes": {
			everything{Text: "\"\\\n\t\x00\x1f<>&é\u2028😀"},
			`{"Text":"\"\\\n\t\u0000\u001f<>&é` + "\u2028" + `😀","Yes":false,"Small":0,"Big":0,"Plain":0,"Flat":{}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Protocol{}.Encode(rowFor[everything](), &test.out, "the-id")
			if err != nil {
				t.Fatal(err)
			}
			want := awsapi.Answer{Status: 200, ContentType: "application/x-amz-json-1.1", Header: []string{"x-amzn-RequestId", "the-id"}, Body: []byte(test.want)}
			if diff := cmp.Diff(want, got, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The answer of GetId is 63 bytes at AWS.
func TestEncodeGetId(t *testing.T) {
	type getIdResponse struct{ IdentityId string }
	a, err := Protocol{}.Encode(rowFor[getIdResponse](), &getIdResponse{"us-east-1:0123abcd-0123-4567-89ab-0123456789ab"}, "id")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(a.Body), `{"IdentityId":"us-east-1:0123abcd-0123-4567-89ab-0123456789ab"}`; got != want || len(got) != 63 {
		t.Errorf("%s, %d bytes", got, len(got))
	}
}

// No output shape is an empty body; an empty one is {}.
func TestEncodeNothing(t *testing.T) {
	a, err := Protocol{}.Encode(rowFor[awsapi.None](), (*awsapi.None)(nil), "id")
	if err != nil || len(a.Body) != 0 || a.Status != 200 {
		t.Errorf("no output: %d %q, %v", a.Status, a.Body, err)
	}
	if a, err = (Protocol{}).Encode(rowFor[none](), &none{}, "id"); err != nil || string(a.Body) != "{}" {
		t.Errorf("empty output: %q, %v", a.Body, err)
	}
}

// Text that is not UTF-8 is an error and not half an answer.
func TestEncodeInvalidUTF8(t *testing.T) {
	if _, err := (Protocol{}).Encode(rowFor[everything](), &everything{Text: "\xff"}, "id"); err == nil {
		t.Error("invalid UTF-8 was written")
	}
}

func TestAppendTime(t *testing.T) {
	for want, at := range map[string]time.Time{
		"1515115602":     time.Unix(1515115602, 0),
		"1538078988.077": time.UnixMilli(1538078988077),
		"1538078988.1":   time.UnixMilli(1538078988100),
		"1538078988.17":  time.UnixMilli(1538078988170),
		"1538078988":     time.Unix(1538078988, 999999), // what is below a millisecond is cut off
		"1538078988.999": time.Unix(1538078988, 999999999),
		"253402300799":   time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"-1.5":           time.UnixMilli(-1500),
		"0":              time.Unix(0, 0),
	} {
		if got := string(appendTime(nil, at)); got != want {
			t.Errorf("%v is %s, want %s", at, got, want)
		}
	}
	for ms := int64(1753000000000); ms < 1753000001000; ms++ { // each of them keeps its three digits
		whole, _, _ := strings.Cut(string(appendTime(nil, time.UnixMilli(ms))), ".")
		if len(whole) != 10 || len(appendTime(nil, time.UnixMilli(ms))) > 14 {
			t.Errorf("%d is %s", ms, appendTime(nil, time.UnixMilli(ms)))
		}
	}
}

func TestEncodeError(t *testing.T) {
	const mismatched = "Logins don't match. Please include at least one valid login for this identity or identity pool."
	p := Protocol{}
	for name, test := range map[string]struct {
		e      *awsapi.Error
		status int
		body   string
		header []string
	}{
		"modelled": { // captured from AWS: 143 bytes
			&awsapi.Error{Code: "NotAuthorizedException", Message: mismatched}, 400,
			`{"__type":"NotAuthorizedException","message":"` + mismatched + `"}`,
			[]string{"x-amzn-ErrorType", "NotAuthorizedException:", "x-amzn-ErrorMessage", mismatched},
		},
		"unknown operation": {
			p.Refuse(awsapi.UnknownOperation, ""), 400, `{"__type":"UnknownOperationException"}`, []string{"x-amzn-ErrorType", "UnknownOperationException:"},
		},
		"no document": {
			p.Refuse(awsapi.Malformed, ""), 400, `{"__type":"SerializationException"}`, []string{"x-amzn-ErrorType", "SerializationException:"},
		},
		"wrong kind": {
			p.Refuse(awsapi.Malformed, "Expected null"), 400, `{"__type":"SerializationException","Message":"Expected null"}`,
			[]string{"x-amzn-ErrorType", "SerializationException:", "x-amzn-ErrorMessage", "Expected null"},
		},
		"constraint": {
			p.Refuse(awsapi.Invalid, "1 validation error detected: x"), 400, `{"__type":"ValidationException","message":"1 validation error detected: x"}`,
			[]string{"x-amzn-ErrorType", "ValidationException:", "x-amzn-ErrorMessage", "1 validation error detected: x"},
		},
		"access denied": {
			p.Refuse(awsapi.Denied, "User: x is not authorized"), 400, `{"__type":"AccessDeniedException","Message":"User: x is not authorized"}`,
			[]string{"x-amzn-ErrorType", "AccessDeniedException:", "x-amzn-ErrorMessage", "User: x is not authorized"},
		},
		"internal": {
			p.Refuse(awsapi.Internal, "").Because("internal", errors.New("the disk is full")), 500,
			`{"__type":"InternalErrorException","message":"The service is unable to process the request. Try again later."}`,
			[]string{"x-amzn-ErrorType", "InternalErrorException:", "x-amzn-ErrorMessage", "The service is unable to process the request. Try again later."},
		},
		"a header is one line of ASCII": {
			&awsapi.Error{Code: "X", Message: "a\r\nSet-Cookie: b\x00\x7fé\t\xff"}, 400,
			`{"__type":"X","message":"a\r\nSet-Cookie: b\u0000` + "\x7f" + `é\t` + "\uFFFD" + `"}`,
			[]string{"x-amzn-ErrorType", "X:", "x-amzn-ErrorMessage", "a??Set-Cookie: b?????"},
		},
		"a header is bounded": {
			&awsapi.Error{Code: "X", Message: strings.Repeat("é", 5000)}, 400, `{"__type":"X","message":"` + strings.Repeat("é", 5000) + `"}`,
			[]string{"x-amzn-ErrorType", "X:", "x-amzn-ErrorMessage", strings.Repeat("?", 1024)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := p.EncodeError(nil, test.e, "the-id")
			want := awsapi.Answer{
				Status: test.status, ContentType: "application/x-amz-json-1.1",
				Header: append([]string{"x-amzn-RequestId", "the-id"}, test.header...), Body: []byte(test.body),
			}
			if diff := cmp.Diff(want, got, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := len(p.EncodeError(nil, &awsapi.Error{Code: "NotAuthorizedException", Message: mismatched}, "").Body); got != 143 {
		t.Errorf("the captured answer has %d bytes, want 143", got)
	}
}

// Every refusal has its code, status and sentence.
func TestRefuse(t *testing.T) {
	p := Protocol{}
	want := map[awsapi.Refusal]awsapi.Error{
		awsapi.UnknownOperation:    {Code: "UnknownOperationException"},
		awsapi.Malformed:           {Code: "SerializationException"},
		awsapi.Invalid:             {Code: "ValidationException"},
		awsapi.TooLarge:            {Code: "RequestEntityTooLargeException", Message: "Request size exceeded the limit of 1048576 bytes", Status: 413},
		awsapi.Unsigned:            {Code: "MissingAuthenticationTokenException", Message: "Missing Authentication Token"},
		awsapi.IncompleteSignature: {Code: "IncompleteSignatureException"},
		awsapi.BadSignature: {Code: "InvalidSignatureException", Message: "The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."},
		awsapi.UnknownKey:   {Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."},
		awsapi.ExpiredToken: {Code: "ExpiredTokenException", Message: "The security token included in the request is expired"},
		awsapi.Denied:       {Code: "AccessDeniedException"},
		awsapi.Throttled:    {Code: "TooManyRequestsException", Message: "Rate exceeded"},
		awsapi.Busy:         {Code: "TooManyRequestsException", Message: "The service is busy. Try again later.", Status: 503, Fault: awsapi.Server},
		awsapi.Unavailable: {Code: "InternalErrorException", Message: "The service is unable to process the request. Try again later.",
			Status: 503, Fault: awsapi.Server},
		awsapi.Internal: {Code: "InternalErrorException", Message: "The service is unable to process the request. Try again later.",
			Status: 500, Fault: awsapi.Server},
	}
	for r := awsapi.UnknownOperation; r <= awsapi.Internal; r++ {
		if diff := cmp.Diff(want[r], *p.Refuse(r, "")); diff != "" {
			t.Errorf("refusal %d:\n%s", r, diff)
		}
		if got := p.Refuse(r, "other words"); got.Message != "other words" || got.Code != want[r].Code {
			t.Errorf("refusal %d in other words: %v", r, got)
		}
	}
	if p.MaxSkew() != 15*time.Minute {
		t.Errorf("skew %v", p.MaxSkew())
	}
}
