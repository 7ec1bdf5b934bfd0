package server

import (
	"net/http"
	"strings"
	"testing"
)

// Whoever names JSON first, or ranks it above XML, gets JSON. All others get the
// XML that they get of AWS: the headers of SDKs and browsers are here.
func TestAccept(t *testing.T) {
	for name, test := range map[string]struct {
		accept []string
		json   bool
	}{
		"none, as the SDKs for Go and Python":    {nil, false},
		"an empty one":                           {[]string{""}, false},
		"curl, Python's requests, fetch":         {[]string{"*/*"}, false},
		"Java's HttpURLConnection":               {[]string{"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"}, false},
		"Chromium, a page":                       {[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"}, false},
		"Firefox, a page":                        {[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}, false},
		"Safari, a page":                         {[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, false},
		"Chromium, an image":                     {[]string{"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}, false},
		"XML":                                    {[]string{"text/xml"}, false},
		"XML, then JSON":                         {[]string{"text/xml, application/json"}, false},
		"the other XML, then JSON":               {[]string{"application/xml, application/json"}, false},
		"anything, then JSON":                    {[]string{"*/*, application/json"}, false},
		"text, then JSON":                        {[]string{"text/*, application/json"}, false},
		"JSON that nobody wants":                 {[]string{"application/json;q=0"}, false},
		"JSON that ranks below":                  {[]string{"application/json;q=0.5, text/xml"}, false},
		"JSON that ranks below anything":         {[]string{"application/json;q=0.5, */*"}, false},
		"JSON of another kind":                   {[]string{"application/x-amz-json-1.1"}, false},
		"a longer name":                          {[]string{"application/jsonp, application/json-seq"}, false},
		"a rank that is none":                    {[]string{"application/json;q=high"}, false},
		"a rank too high":                        {[]string{"application/json;q=2"}, false},
		"not a number":                           {[]string{"application/json;q=NaN"}, false},
		"nonsense":                               {[]string{";,/,=;q,"}, false},
		"a very long one":                        {[]string{"application/json" + strings.Repeat(",application/json", 1000)}, false},
		"aws-iam-authenticator":                  {[]string{"application/json"}, true},
		"capital letters":                        {[]string{"Application/JSON"}, true},
		"a charset":                              {[]string{"application/json; charset=utf-8"}, true},
		"axios":                                  {[]string{"application/json, text/plain, */*"}, true},
		"JSON, then anything":                    {[]string{"application/json, */*"}, true},
		"JSON, then XML":                         {[]string{"application/json, text/xml"}, true},
		"JSON above XML":                         {[]string{"text/xml;q=0.5, application/json"}, true},
		"JSON above anything":                    {[]string{"*/*;q=0.1, application/json;q=0.2"}, true},
		"text and JSON, and anything if need be": {[]string{"text/plain, application/json, */*;q=0.1"}, true},
		"XML that nobody wants":                  {[]string{"text/xml;q=0, application/xml;q=0, */*;q=0, application/json;q=0.1"}, true},
		"two headers":                            {[]string{"application/json", "text/xml"}, true},
		"two headers, XML first":                 {[]string{"text/xml", "application/json"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer()
			with := func(r *http.Request) *http.Request {
				r.Header["Accept"] = test.accept
				return r
			}
			w, refused := serve(s, with(formCall("Hello", "&Name=world"))), serve(s, with(formCall("Hello", "")))
			lost := serve(s, with(formCall("Nothing", "")))
			const who = `{"WhoResponse":{"WhoResult":{"Arn":"` + rootARN + `","Account":"123456789012","Region":"us-east-1","AccessKeyId":"AKIDEXAMPLE"},"ResponseMetadata":{"RequestId":"` + requestID + `"}}}`
			if !test.json {
				wantAnswer(t, w, 200, helloXML)
				if w.Header().Get("Content-Type") != "text/xml" || !strings.HasPrefix(refused.Body.String(), "<ErrorResponse") || !strings.HasPrefix(lost.Body.String(), "<ErrorResponse") {
					t.Errorf("%v\n%s\n%s", w.Header(), refused.Body, lost.Body)
				}
				return
			}
			wantAnswer(t, w, 200, `{"HelloResponse":{"HelloResult":{"Greeting":"hello world"},"ResponseMetadata":{"RequestId":"`+requestID+`"}}}`)
			wantAnswer(t, refused, 400, envelopeError("ValidationError", "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"))
			wantAnswer(t, lost, 400, envelopeError("InvalidAction", "Could not find operation Nothing for version 2011-06-15"))
			for _, answer := range []string{w.Header().Get("Content-Type"), refused.Header().Get("Content-Type"), lost.Header().Get("Content-Type")} {
				if answer != "application/json" {
					t.Errorf("content type %q", answer)
				}
			}
			// As Kubernetes does it: a presigned GET.
			wantAnswer(t, serve(s, with(presigned(t, request("GET", "/?Action=Who&Version=2011-06-15", "", "")))), 200, who)
			wantAnswer(t, serve(s, with(request("GET", "/?Action=Who&Version=2011-06-15", "", ""))), 403, envelopeError("MissingAuthenticationToken", "Request is missing Authentication Token"))
			wantAnswer(t, serve(s, with(formCall("Quiet", ""))), 200, `{"QuietResponse":{"ResponseMetadata":{"RequestId":"`+requestID+`"}}}`)
			// The JSON protocol's answers are its own.
			wantAnswer(t, serve(s, with(jsonCall("Hello", `{"Name":"world"}`))), 200, helloJSON)
		})
	}
}

func envelopeError(code, message string) string {
	return `{"Error":{"Type":"Sender","Code":"` + code + `","Message":"` + message + `"},"RequestId":"` + requestID + `"}`
}
