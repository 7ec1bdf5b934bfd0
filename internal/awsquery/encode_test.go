package awsquery

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
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
	part      struct {
		Name named `aws:"required"`
		When time.Time
	}
	everything struct {
		Text     string
		Needed   string `aws:"required"`
		Yes      bool
		Small    int32
		Big      int64
		Maybe    *bool
		Number   *int64
		Part     *part
		Void     *none
		When     time.Time
		List     namedList
		Wanted   namedList `aws:"required"`
		Parts    []part
		Pointers []*part
		Flags    []bool
		Map      map[named]named
	}
)

func rowFor[O any]() *awsapi.Row {
	do := func(context.Context, awsapi.Caller, *none) (*O, error) { return nil, nil }
	return awsapi.Service{Name: "zoo", Namespace: "urn:zoo", Operations: []awsapi.Operation{awsapi.Op("Do", awsapi.Public, awsapi.Unasked, "", do)}}.Compile().Row("Do")
}

const metadata = `<ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata>`

func TestEncode(t *testing.T) {
	no, zero := false, int64(0)
	when := time.Date(2026, 1, 1, 2, 0, 0, 999, time.FixedZone("", 3600))
	for name, test := range map[string]struct {
		out  everything
		want string
	}{
		"what is not set is left out unless it is required": {
			everything{}, `<Needed></Needed><Yes>false</Yes><Small>0</Small><Big>0</Big><Wanted></Wanted>`,
		},
		"all": {
			everything{
				Text: "t", Needed: "n", Yes: true, Small: -1, Big: 9007199254740993, Maybe: &no, Number: &zero, Part: &part{"p", when}, Void: &none{}, When: when,
				List: namedList{"b", "", "a"}, Wanted: namedList{"w"}, Parts: []part{{Name: "x"}, {}}, Pointers: []*part{{Name: "y"}, nil}, Flags: []bool{true},
				Map: map[named]named{"b": "2", "a": ""},
			},
			`<Text>t</Text><Needed>n</Needed><Yes>true</Yes><Small>-1</Small><Big>9007199254740993</Big><Maybe>false</Maybe><Number>0</Number>` +
				`<Part><Name>p</Name><When>2026-01-01T01:00:00Z</When></Part><Void></Void><When>2026-01-01T01:00:00Z</When>` +
				`<List><member>b</member><member></member><member>a</member></List><Wanted><member>w</member></Wanted>` +
				`<Parts><member><Name>x</Name></member><member><Name></Name></member></Parts><Pointers><member><Name>y</Name></member></Pointers>` +
				`<Flags><member>true</member></Flags>` +
				`<Map><entry><key>a</key><value></value></entry><entry><key>b</key><value>2</value></entry></Map>`,
		},
		"an empty list is an empty element": {
			everything{List: namedList{}, Parts: []part{}, Map: map[named]named{}},
			`<Needed></Needed><Yes>false</Yes><Small>0</Small><Big>0</Big><List></List><Wanted></Wanted><Parts></Parts><Map></Map>`,
		},
		"escapes": {
			everything{Text: "<a href=\"x\">&amp;'\n\t\r\x00\x1b\x7fé\u2028😀\xff]]>"},
			`<Text>&lt;a href=&#34;x&#34;&gt;&amp;amp;&#39;&#xA;&#x9;&#xD;` + "\uFFFD\uFFFD\x7fé\u2028😀\uFFFD" + `]]&gt;</Text>` +
				`<Needed></Needed><Yes>false</Yes><Small>0</Small><Big>0</Big><Wanted></Wanted>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Protocol{}.Encode(rowFor[everything](), &test.out, "the-id")
			if err != nil {
				t.Fatal(err)
			}
			want := `<DoResponse xmlns="urn:zoo"><DoResult>` + test.want + `</DoResult>` + metadata + `</DoResponse>`
			checkAnswer(t, got, 200, want)
		})
	}
}

func checkAnswer(t *testing.T, got awsapi.Answer, status int, body string) {
	t.Helper()
	want := awsapi.Answer{Status: status, ContentType: "text/xml", Header: []string{"x-amzn-RequestId", "the-id"}, Body: []byte(body)}
	if diff := cmp.Diff(want, got, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	checkXML(t, got.Body)
}

// checkXML reads a document to its end.
func checkXML(t *testing.T, body []byte) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(body)))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	}
}

// No output shape is no result element; an empty one is an empty element.
func TestEncodeNothing(t *testing.T) {
	a, err := Protocol{}.Encode(rowFor[awsapi.None](), (*awsapi.None)(nil), "the-id")
	if err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, a, 200, `<DoResponse xmlns="urn:zoo">`+metadata+`</DoResponse>`)
	if a, err = (Protocol{}).Encode(rowFor[none](), &none{}, "the-id"); err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, a, 200, `<DoResponse xmlns="urn:zoo"><DoResult></DoResult>`+metadata+`</DoResponse>`)
}

func TestEncodeError(t *testing.T) {
	p := Protocol{}
	service := &awsapi.Service{Namespace: "https://sts.amazonaws.com/doc/2011-06-15/"}
	for name, test := range map[string]struct {
		service *awsapi.Service
		e       *awsapi.Error
		status  int
		inner   string
	}{
		"the client's fault": {
			service, &awsapi.Error{Code: "InvalidIdentityToken", Message: "Incorrect token audience"}, 400,
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>Incorrect token audience</Message></Error>`,
		},
		"the service's fault": {
			service, p.Refuse(awsapi.Internal, "").Because("internal", errors.New("the disk is full")), 500,
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Receiver</Type><Code>InternalFailure</Code><Message>The service is unable to process the request. Try again later.</Message></Error>`,
		},
		"a status of the service's fault": {
			service, &awsapi.Error{Code: "ServiceUnavailable", Message: "Later.", Status: 503}, 503,
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Receiver</Type><Code>ServiceUnavailable</Code><Message>Later.</Message></Error>`,
		},
		"denied": {
			service, p.Refuse(awsapi.Denied, "User: x is not authorized"), 403,
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: x is not authorized</Message></Error>`,
		},
		"no service": {
			nil, p.Refuse(awsapi.UnknownOperation, "Could not find operation X for version 1"), 400,
			`<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation X for version 1</Message></Error>`,
		},
		"markup": {
			service, &awsapi.Error{Code: "X", Message: "</Message><Code>Y</Code>\r\n\x00"}, 400,
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>X</Code><Message>&lt;/Message&gt;&lt;Code&gt;Y&lt;/Code&gt;&#xD;&#xA;` + "\uFFFD" + `</Message></Error>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			checkAnswer(t, p.EncodeError(test.service, test.e, "the-id"), test.status, test.inner+`<RequestId>the-id</RequestId></ErrorResponse>`)
		})
	}
}

// Every refusal has its code, status and sentence.
func TestRefuse(t *testing.T) {
	p := Protocol{}
	want := map[awsapi.Refusal]awsapi.Error{
		awsapi.UnknownOperation:    {Code: "InvalidAction", Status: 400},
		awsapi.Malformed:           {Code: "MalformedInput", Message: "The request could not be read.", Status: 400},
		awsapi.Invalid:             {Code: "ValidationError", Status: 400},
		awsapi.TooLarge:            {Code: "RequestEntityTooLarge", Message: "Request size exceeded the limit of 1048576 bytes", Status: 413},
		awsapi.Unsigned:            {Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token", Status: 403},
		awsapi.IncompleteSignature: {Code: "IncompleteSignature", Status: 400},
		awsapi.BadSignature: {Code: "SignatureDoesNotMatch", Message: "The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.", Status: 403},
		awsapi.UnknownKey:   {Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid.", Status: 403},
		awsapi.ExpiredToken: {Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403},
		awsapi.Denied:       {Code: "AccessDenied", Status: 403},
		awsapi.Throttled:    {Code: "Throttling", Message: "Rate exceeded", Status: 400},
		awsapi.Busy:         {Code: "ServiceUnavailable", Message: "The service is busy. Try again later.", Status: 503, Fault: awsapi.Server},
		awsapi.Unavailable: {Code: "ServiceUnavailable", Message: "The request has failed due to a temporary failure of the server.",
			Status: 503, Fault: awsapi.Server},
		awsapi.Internal: {Code: "InternalFailure", Message: "The service is unable to process the request. Try again later.",
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
	if p.MaxSkew() != 5*time.Minute {
		t.Errorf("skew %v", p.MaxSkew())
	}
}

// Whatever text is in an answer, it is XML, and the text is in it but for what
// XML cannot carry.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "plain", "<&>\"'", "a\r\n\t\x00", "]]>", "é😀\xff", "<!--"} {
		f.Add(s)
	}
	row := rowFor[part]()
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Protocol{}.Encode(row, &part{Name: named(s)}, "id")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Name string `xml:"DoResult>Name"`
		}
		if err := xml.Unmarshal(a.Body, &got); err != nil {
			t.Fatalf("%s: %v", a.Body, err)
		}
		if want := carried(s); got.Name != want {
			t.Errorf("%q came as %q", s, got.Name)
		}
	})
}

// carried is what XML 1.0 makes of a text: a replacement character stands for
// each character that it does not have.
func carried(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return '\uFFFD'
		}
		return r
	}, s)
}
