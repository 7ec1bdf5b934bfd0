package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	helloJSON = `{"Greeting":"hello world"}`
	helloXML  = `<HelloResponse xmlns="urn:box"><HelloResult><Greeting>hello world</Greeting></HelloResult>` +
		`<ResponseMetadata><RequestId>` + requestID + `</RequestId></ResponseMetadata></HelloResponse>`
	noService = "<UnknownOperationException/>"
)

func TestRouteJSON(t *testing.T) {
	unknown := jsonError("UnknownOperationException", "", "")
	for name, test := range map[string]struct {
		change func(*http.Request)
		status int
		body   string
	}{
		"as SDKs send it":             {func(*http.Request) {}, 200, helloJSON},
		"a charset":                   {func(r *http.Request) { r.Header.Set("Content-Type", amzJSON+"; charset=utf-8") }, 200, helloJSON},
		"capital letters":             {func(r *http.Request) { r.Header.Set("Content-Type", "Application/X-AMZ-JSON-1.1") }, 200, helloJSON},
		"JSON 1.0":                    {func(r *http.Request) { r.Header.Set("Content-Type", "application/x-amz-json-1.0") }, 404, noService},
		"plain JSON":                  {func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 200, helloJSON},
		"plain JSON, a charset":       {func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, 200, helloJSON},
		"plain JSON without a target": {func(r *http.Request) { r.Header.Set("Content-Type", "application/json"); r.Header.Del("X-Amz-Target") }, 404, noService},
		"plain JSON, unknown target": {func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Amz-Target", "AWSZooService.Other")
		}, 400, unknown},
		"the target's package": {func(r *http.Request) { r.Header.Set("X-Amz-Target", "com.example.model.AWSZooService.Hello") }, 200, helloJSON},
		"the samples' target and type": {func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Amz-Target", "com.example.model.AWSZooService.Hello")
		}, 200, helloJSON},
		"another package":           {func(r *http.Request) { r.Header.Set("X-Amz-Target", "com.example.AWSZooService.Hello") }, 400, unknown},
		"a part of the package":     {func(r *http.Request) { r.Header.Set("X-Amz-Target", "model.AWSZooService.Hello") }, 400, unknown},
		"a longer package":          {func(r *http.Request) { r.Header.Set("X-Amz-Target", "x.com.example.model.AWSZooService.Hello") }, 400, unknown},
		"the package without a dot": {func(r *http.Request) { r.Header.Set("X-Amz-Target", "com.example.modelAWSZooService.Hello") }, 400, unknown},
		"the package twice": {func(r *http.Request) {
			r.Header.Set("X-Amz-Target", "com.example.model.com.example.model.AWSZooService.Hello")
		}, 400, unknown},
		"the package alone":            {func(r *http.Request) { r.Header.Set("X-Amz-Target", "com.example.model.Hello") }, 400, unknown},
		"an empty package":             {func(r *http.Request) { r.Header.Set("X-Amz-Target", ".AWSZooService.Hello") }, 400, unknown},
		"text":                         {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 404, noService},
		"no content type":              {func(r *http.Request) { r.Header.Del("Content-Type") }, 404, noService},
		"an empty content type":        {func(r *http.Request) { r.Header.Set("Content-Type", "") }, 404, noService},
		"a broken content type":        {func(r *http.Request) { r.Header.Set("Content-Type", amzJSON+"; charset") }, 404, noService},
		"two content types":            {func(r *http.Request) { r.Header.Add("Content-Type", amzJSON) }, 404, noService},
		"two content types in one":     {func(r *http.Request) { r.Header.Set("Content-Type", amzJSON+", text/plain") }, 404, noService},
		"no target":                    {func(r *http.Request) { r.Header.Del("X-Amz-Target") }, 400, unknown},
		"an empty target":              {func(r *http.Request) { r.Header.Set("X-Amz-Target", "") }, 400, unknown},
		"an unknown operation":         {func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSZooService.Other") }, 400, unknown},
		"an operation spelled wrongly": {func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSZooService.hello") }, 400, unknown},
		"a prefix spelled wrongly":     {func(r *http.Request) { r.Header.Set("X-Amz-Target", "awszooservice.Hello") }, 400, unknown},
		"no prefix":                    {func(r *http.Request) { r.Header.Set("X-Amz-Target", "Hello") }, 400, unknown},
		"an empty prefix":              {func(r *http.Request) { r.Header.Set("X-Amz-Target", ".Hello") }, 400, unknown},
		"no operation":                 {func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSZooService.") }, 400, unknown},
		"a dot too many":               {func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSZooService.Hello.") }, 400, unknown},
		"blanks":                       {func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSZooService.Hello ") }, 400, unknown},
		"the target twice":             {func(r *http.Request) { r.Header.Add("X-Amz-Target", "AWSZooService.Hello") }, 400, unknown},
		"another target too":           {func(r *http.Request) { r.Header.Add("X-Amz-Target", "AWSZooService.Guarded") }, 400, unknown},
		"two targets in one":           {func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSZooService.Hello,AWSZooService.Guarded") }, 400, unknown},
		"the Query service's target":   {func(r *http.Request) { r.Header.Set("X-Amz-Target", "box.Hello") }, 400, unknown},
		"GET":                          {func(r *http.Request) { r.Method = "GET" }, 404, noService},
		"HEAD":                         {func(r *http.Request) { r.Method = "HEAD" }, 404, noService},
		"PUT":                          {func(r *http.Request) { r.Method = "PUT" }, 404, noService},
		"DELETE":                       {func(r *http.Request) { r.Method = "DELETE" }, 404, noService},
		"post":                         {func(r *http.Request) { r.Method = "post" }, 404, noService},
		"another path":                 {func(r *http.Request) { r.URL.Path = "/x" }, 404, "not found\n"},
		"two slashes":                  {func(r *http.Request) { r.URL.Path = "//" }, 404, "not found\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer()
			r := jsonCall("Hello", `{"Name":"world"}`)
			test.change(r)
			wantAnswer(t, serve(s, r), test.status, test.body)
		})
	}
}

func TestRouteQuery(t *testing.T) {
	unknown := func(action, version string) string {
		return formError(faults, "Sender", "InvalidAction", "Could not find operation "+action+" for version "+version)
	}
	malformed := formError(faults, "Sender", "MalformedInput", "The request could not be read.")
	missing := formError(faults, "Sender", "MissingAction", "The request is missing an action or a required parameter.")
	const good = "Action=Hello&Version=2011-06-15&Name=world"
	for name, test := range map[string]struct {
		method, target, contentType, body string
		status                            int
		want                              string
	}{
		"as SDKs send it":          {"POST", "/", amzForm + "; charset=utf-8", good, 200, helloXML},
		"no charset":               {"POST", "/", amzForm, good, 200, helloXML},
		"GET":                      {"GET", "/?" + good, "", "", 200, helloXML},
		"GET with a content type":  {"GET", "/?" + good, amzJSON, "", 200, helloXML},
		"the order does not count": {"POST", "/", amzForm, "Name=world&Version=2011-06-15&Action=Hello", 200, helloXML},
		"GET without a query":      {"GET", "/", "", "", 404, noService},
		"GET with an empty query":  {"GET", "/?", "", "", 404, noService},
		"HEAD":                     {"HEAD", "/?" + good, "", "", 404, noService},
		"PUT":                      {"PUT", "/", amzForm, good, 404, noService},
		"DELETE":                   {"DELETE", "/?" + good, "", "", 404, noService},
		"the query of a POST":      {"POST", "/?" + good, amzForm, "", 200, helloXML},
		"without a content type":   {"POST", "/?" + good, "", "", 200, helloXML},
		"a query and a body":       {"POST", "/?" + good, amzForm, "X=1", 400, missing},
		"a body without a type":    {"POST", "/?" + good, "", "X=1", 404, noService},
		"a query of another type":  {"POST", "/?" + good, "text/plain", "", 404, noService},
		"a query and a document":   {"POST", "/?" + good, "application/json", "", 404, noService},
		"more in the query":        {"POST", "/?X=1", amzForm, good, 200, helloXML},
		"a parameter in both":      {"POST", "/?Name=moon", amzForm, good, 400, formError("urn:box", "Sender", "MalformedInput", "The request could not be read.")},
		"the same in both":         {"POST", "/?Name=world", amzForm, good, 400, formError("urn:box", "Sender", "MalformedInput", "The request could not be read.")},
		"escaped in both":          {"POST", "/?%4eame=moon", amzForm, good, 400, formError("urn:box", "Sender", "MalformedInput", "The request could not be read.")},
		"the action in both":       {"POST", "/?Action=Guarded", amzForm, good, 400, formError("urn:box", "Sender", "MalformedInput", "The request could not be read.")},
		"a query of many":          {"POST", "/?" + strings.Repeat("&", 1000) + "Name=moon", amzForm, good, 400, formError("urn:box", "Sender", "MalformedInput", "The request could not be read.")},
		"twice in the query":       {"POST", "/?" + good + "&Name=moon", "", "", 400, formError("urn:box", "Sender", "MalformedInput", "The request could not be read.")},
		"the body of a GET":        {"GET", "/?Name=world", amzForm, good, 400, missing},
		"no action":                {"POST", "/", amzForm, "Version=2011-06-15", 400, missing},
		"an empty action":          {"POST", "/", amzForm, "Action=&Version=2011-06-15", 400, missing},
		"no body":                  {"POST", "/", amzForm, "", 400, missing},
		"no version":               {"POST", "/", amzForm, "Action=Hello", 400, unknown("Hello", "NO_VERSION_SPECIFIED")},
		"an unknown version":       {"POST", "/", amzForm, "Action=Hello&Version=2010-05-08", 400, unknown("Hello", "2010-05-08")},
		"an unknown action":        {"POST", "/", amzForm, "Action=Other&Version=2011-06-15", 400, unknown("Other", "2011-06-15")},
		"an action spelled wrong":  {"POST", "/", amzForm, "Action=hello&Version=2011-06-15", 400, unknown("hello", "2011-06-15")},
		"markup":                   {"GET", "/?Action=%3Cscript%3E&Version=1", "", "", 400, unknown("&lt;script&gt;", "1")},
		"a long action":            {"POST", "/", amzForm, "Action=" + strings.Repeat("x", 1<<19) + "&Version=1", 400, unknown(strings.Repeat("x", 128), "1")},
		"a long version":           {"POST", "/", amzForm, "Action=a&Version=" + strings.Repeat("é", 1<<18), 400, unknown("a", strings.Repeat("é", 64))},
		"two actions":              {"POST", "/", amzForm, good + "&Action=Guarded", 400, malformed},
		"two versions":             {"POST", "/", amzForm, good + "&Version=2011-06-15", 400, malformed},
		"a parameter twice":        {"POST", "/", amzForm, good + "&Name=moon", 400, formError("urn:box", "Sender", "MalformedInput", "The request could not be read.")},
		"a broken escape":          {"POST", "/", amzForm, good + "&X=%zz", 400, formError("urn:box", "Sender", "MalformedInput", "The request could not be read.")},
		"a broken action":          {"POST", "/", amzForm, "Action=%zz", 400, malformed},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer()
			wantAnswer(t, serve(s, request(test.method, test.target, test.contentType, test.body)), test.status, test.want)
		})
	}
}

// The headers of an answer, all of them.
func TestAnswerHeaders(t *testing.T) {
	s, _ := newServer()
	expose := []string{"x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"}
	for name, test := range map[string]struct {
		r    *http.Request
		want http.Header
	}{
		"a success": {jsonCall("Hello", `{"Name":"world"}`), http.Header{
			"Content-Type": {amzJSON}, "Content-Length": {"26"}, "X-Amzn-Requestid": {requestID}, "Cache-Control": {"no-store"},
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": expose,
		}},
		"no output": {jsonCall("Quiet", `{}`), http.Header{
			"Content-Type": {amzJSON}, "Content-Length": {"0"}, "X-Amzn-Requestid": {requestID}, "Cache-Control": {"no-store"},
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": expose,
		}},
		"an error": {jsonCall("Fail", `{"How":"typed"}`), http.Header{
			"Content-Type": {amzJSON}, "Content-Length": {"74"}, "X-Amzn-Requestid": {requestID}, "Cache-Control": {"no-store"},
			"X-Amzn-Errortype": {"ResourceNotFoundException:"}, "X-Amzn-Errormessage": {"There is no such thing."},
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": expose,
		}},
		"a signed operation": {jsonCall("Guarded", `{}`), http.Header{
			"Content-Type": {amzJSON}, "Content-Length": {"89"}, "X-Amzn-Requestid": {requestID}, "Cache-Control": {"no-store"}, "Vary": {"Origin"},
			"X-Amzn-Errortype": {"MissingAuthenticationTokenException:"}, "X-Amzn-Errormessage": {"Missing Authentication Token"},
			"Access-Control-Expose-Headers": expose,
		}},
		"no protocol": {request("PUT", "/", "", ""), http.Header{
			"Content-Type": {"text/xml"}, "Content-Length": {"28"}, "X-Amzn-Requestid": {requestID}, "Cache-Control": {"no-store"},
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": expose,
		}},
		"a form": {formCall("Hello", "&Name=world"), http.Header{
			"Content-Type": {"text/xml"}, "Content-Length": {"202"}, "X-Amzn-Requestid": {requestID}, "Cache-Control": {"no-store"},
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": expose,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, serve(s, test.r).Header()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// On an encrypted connection browsers are told to stay with those.
func TestStrictTransportSecurity(t *testing.T) {
	s, _ := newServer()
	const header, want = "Strict-Transport-Security", "max-age=31536000; includeSubDomains"
	if got := serve(s, jsonCall("Hello", `{}`)).Header().Get(header); got != "" {
		t.Errorf("in plain text: %q", got)
	}
	r := jsonCall("Hello", `{}`)
	r.Header.Set("X-Forwarded-Proto", "https")
	if got := serve(s, r).Header().Get(header); got != "" {
		t.Errorf("as a stranger says: %q", got)
	}
	s.TrustedProxies = prefixes("192.0.2.0/24")
	if got := serve(s, r).Header().Get(header); got != want {
		t.Errorf("as a proxy says: %q", got)
	}
}
