package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/sigv4"
)

const guardedJSON = `{"Greeting":"hello world"}`

func whoJSON(c sigv4.Credentials, arn string) string {
	return `{"Arn":"` + arn + `","Account":"123456789012","Region":"us-east-1","AccessKeyId":"` + c.AccessKeyID + `"}`
}

func whoXML(c sigv4.Credentials, arn string) string {
	return `<WhoResponse xmlns="urn:box"><WhoResult><Arn>` + arn + `</Arn><Account>123456789012</Account><Region>us-east-1</Region><AccessKeyId>` +
		c.AccessKeyID + `</AccessKeyId></WhoResult><ResponseMetadata><RequestId>` + requestID + `</RequestId></ResponseMetadata></WhoResponse>`
}

func TestSigned(t *testing.T) {
	s, _ := newServer()
	guarded := strings.ReplaceAll(strings.ReplaceAll(helloXML, "Hello", "Guarded"), "\n", "")
	wantAnswer(t, serve(s, signedJSON(t, root, "Guarded", `{"Name":"world"}`)), 200, guardedJSON)
	wantAnswer(t, serve(s, signedJSON(t, root, "Who", `{}`)), 200, whoJSON(root, rootARN))
	wantAnswer(t, serve(s, signedJSON(t, guest, "Who", `{}`)), 200, whoJSON(guest, guestARN))
	wantAnswer(t, serve(s, signedForm(t, root, "Guarded", "&Name=world")), 200, guarded)
	wantAnswer(t, serve(s, signedForm(t, root, "Who", "")), 200, whoXML(root, rootARN))
	wantAnswer(t, serve(s, signedForm(t, guest, "Who", "")), 200, whoXML(guest, guestARN))
}

// The order of the checks: each request here is wrong in all that comes later,
// too.
func TestOrderOfChecks(t *testing.T) {
	const broken, invalid, valid = `{"Name":`, `{"Name":"WORLD"}`, `{"Name":"world"}`
	invalidText := `1 validation error detected: Value 'WORLD' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+`
	for name, test := range map[string]struct {
		r    func(*testing.T) *http.Request
		want string
	}{
		"target before signature":   {func(*testing.T) *http.Request { return jsonCall("Other", broken) }, jsonError("UnknownOperationException", "", "")},
		"signature before document": {func(*testing.T) *http.Request { return jsonCall("Guarded", broken) }, jsonError("MissingAuthenticationTokenException", "message", "Missing Authentication Token")},
		"key before signature": {func(t *testing.T) *http.Request {
			return signedJSON(t, sigv4.Credentials{AccessKeyID: "AKIDOTHER", SecretAccessKey: "x"}, "Guarded", broken)
		}, jsonError("UnrecognizedClientException", "message", "The security token included in the request is invalid.")},
		"document before constraint": {func(t *testing.T) *http.Request { return signedJSON(t, guest, "Guarded", broken) }, jsonError("SerializationException", "", "")},
		"kind before constraint": {func(t *testing.T) *http.Request {
			return signedJSON(t, guest, "Guarded", `{"Name":"WORLD","Number":"x"}`)
		}, jsonError("SerializationException", "Message", "STRING_VALUE can not be converted to an Integer")},
		"constraint before permission": {func(t *testing.T) *http.Request { return signedJSON(t, guest, "Guarded", invalid) }, jsonError("ValidationException", "message", invalidText)},
		"permission before operation":  {func(t *testing.T) *http.Request { return signedJSON(t, guest, "GuardedFail", `{"How":"panic"}`) }, jsonError("AccessDeniedException", "Message", "User: "+guestARN+" is not authorized to perform: zoo:GuardedFail")},
		"and at last the operation":    {func(t *testing.T) *http.Request { return signedJSON(t, root, "Guarded", valid) }, guardedJSON},
		"no permission for identified": {func(t *testing.T) *http.Request { return signedJSON(t, guest, "Who", `{}`) }, whoJSON(guest, guestARN)},
		"no signature for public":      {func(*testing.T) *http.Request { return jsonCall("Hello", invalid) }, jsonError("ValidationException", "message", invalidText)},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer()
			if got := serve(s, test.r(t)).Body.String(); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}

// Every way in which a signature can be wrong, over both protocols: the JSON
// services answer 400 to all of them, STS and IAM mostly 403.
func TestSignatureRefusals(t *testing.T) {
	type protocol struct {
		service string
		call    func() *http.Request
		minutes string
		skew    time.Duration
	}
	protocols := map[string]protocol{
		"json":  {"zoo", func() *http.Request { return jsonCall("Who", `{}`) }, "15 min.", 15 * time.Minute},
		"query": {"box", func() *http.Request { return formCall("Who", "") }, "5 min.", 5 * time.Minute},
	}
	type refusal struct {
		code    string
		status  int
		message string
	}
	const layout = "20060102T150405Z"
	stamp := func(d time.Duration) string { return testNow.Add(d).Format(layout) }
	for name, test := range map[string]struct {
		change func(t *testing.T, p protocol, r *http.Request) *http.Request
		json   refusal
		query  refusal
	}{
		"none": {
			func(_ *testing.T, p protocol, _ *http.Request) *http.Request { return p.call() },
			refusal{"MissingAuthenticationTokenException", 400, "Missing Authentication Token"},
			refusal{"MissingAuthenticationToken", 403, "Request is missing Authentication Token"},
		},
		"a bearer token": {
			func(_ *testing.T, p protocol, r *http.Request) *http.Request {
				r.Header.Set("Authorization", "Bearer hunter2")
				return r
			},
			refusal{"MissingAuthenticationTokenException", 400, "Missing Authentication Token"},
			refusal{"MissingAuthenticationToken", 403, "Request is missing Authentication Token"},
		},
		"no parts": {
			func(_ *testing.T, p protocol, r *http.Request) *http.Request {
				r.Header.Set("Authorization", "AWS4-HMAC-SHA256 ")
				r.Header.Del("X-Amz-Date")
				return r
			},
			refusal{"IncompleteSignatureException", 400, "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
				"Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
				"Authorization=AWS4-HMAC-SHA256 "},
			refusal{"IncompleteSignature", 400, "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
				"Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
				"Authorization=AWS4-HMAC-SHA256 "},
		},
		"an unknown key": {
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				return sign(t, p.call(), sigv4.Credentials{AccessKeyID: "AKIDOTHER", SecretAccessKey: rootSecret}, p.service, testNow)
			},
			refusal{"UnrecognizedClientException", 400, "The security token included in the request is invalid."},
			refusal{"InvalidClientTokenId", 403, "The security token included in the request is invalid."},
		},
		"another session token": {
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				return sign(t, p.call(), sigv4.Credentials{AccessKeyID: guestKey, SecretAccessKey: guestSecret, SessionToken: "forged"}, p.service, testNow)
			},
			refusal{"UnrecognizedClientException", 400, "The security token included in the request is invalid."},
			refusal{"InvalidClientTokenId", 403, "The security token included in the request is invalid."},
		},
		"a session token with a long-term key": {
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				return sign(t, p.call(), sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret, SessionToken: guestToken}, p.service, testNow)
			},
			refusal{"UnrecognizedClientException", 400, "The security token included in the request is invalid."},
			refusal{"InvalidClientTokenId", 403, "The security token included in the request is invalid."},
		},
		"an expired session token": {
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				return sign(t, p.call(), sigv4.Credentials{AccessKeyID: guestKey, SecretAccessKey: guestSecret, SessionToken: expiredToken}, p.service, testNow)
			},
			refusal{"ExpiredTokenException", 400, "The security token included in the request is expired"},
			refusal{"ExpiredToken", 403, "The security token included in the request is expired"},
		},
		"another secret": {
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				return sign(t, p.call(), sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: "guessed"}, p.service, testNow)
			},
			refusal{"InvalidSignatureException", 400, mismatchText}, refusal{"SignatureDoesNotMatch", 403, mismatchText},
		},
		"another body": {
			func(t *testing.T, p protocol, r *http.Request) *http.Request {
				more := " "
				if p.service == "box" {
					more = "&x="
				}
				other := request("POST", "/", "", string(sigRequest(t, r).Body)+more)
				other.Header = r.Header
				return other
			},
			refusal{"InvalidSignatureException", 400, mismatchText}, refusal{"SignatureDoesNotMatch", 403, mismatchText},
		},
		"another host": {
			func(_ *testing.T, _ protocol, r *http.Request) *http.Request {
				r.Host = "other.example.com"
				return r
			},
			refusal{"InvalidSignatureException", 400, mismatchText}, refusal{"SignatureDoesNotMatch", 403, mismatchText},
		},
		"another query": {
			func(_ *testing.T, _ protocol, r *http.Request) *http.Request {
				r.URL.RawQuery = "x=y"
				return r
			},
			refusal{"InvalidSignatureException", 400, mismatchText}, refusal{"SignatureDoesNotMatch", 403, mismatchText},
		},
		"another service": {
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				return sign(t, p.call(), root, "s3", testNow)
			},
			refusal{"InvalidSignatureException", 400, "Credential should be scoped to correct service: 'zoo'. "},
			refusal{"SignatureDoesNotMatch", 403, "Credential should be scoped to correct service: 'box'. "},
		},
		"no region": {
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				r := p.call()
				if err := sigv4.Sign(sigRequest(t, r), root, "atlantis", p.service, testNow); err != nil {
					t.Fatal(err)
				}
				return r
			},
			refusal{"InvalidSignatureException", 400, "Credential should be scoped to a valid region. "},
			refusal{"SignatureDoesNotMatch", 403, "Credential should be scoped to a valid region. "},
		},
		"too old": {
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				return sign(t, p.call(), root, p.service, testNow.Add(-p.skew-time.Second))
			},
			refusal{"InvalidSignatureException", 400, "Signature expired: " + stamp(-15*time.Minute-time.Second) + " is now earlier than " + stamp(-15*time.Minute) + " (20260314T120000Z - 15 min.)"},
			refusal{"SignatureDoesNotMatch", 403, "Signature expired: " + stamp(-5*time.Minute-time.Second) + " is now earlier than " + stamp(-5*time.Minute) + " (20260314T120000Z - 5 min.)"},
		},
		"too new": {
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				return sign(t, p.call(), root, p.service, testNow.Add(p.skew+time.Second))
			},
			refusal{"InvalidSignatureException", 400, "Signature not yet current: " + stamp(15*time.Minute+time.Second) + " is still later than " + stamp(15*time.Minute) + " (20260314T120000Z + 15 min.)"},
			refusal{"SignatureDoesNotMatch", 403, "Signature not yet current: " + stamp(5*time.Minute+time.Second) + " is still later than " + stamp(5*time.Minute) + " (20260314T120000Z + 5 min.)"},
		},
		"the service fails": { // not the caller's fault, and no word of what it was
			func(t *testing.T, p protocol, _ *http.Request) *http.Request {
				return sign(t, p.call(), sigv4.Credentials{AccessKeyID: "AKIDBROKEN", SecretAccessKey: "x"}, p.service, testNow)
			},
			refusal{"InternalErrorException", 500, internalError}, refusal{"InternalFailure", 500, internalError},
		},
	} {
		for which, p := range protocols {
			t.Run(name+"/"+which, func(t *testing.T) {
				s, _ := newServer()
				r := test.change(t, p, sign(t, p.call(), root, p.service, testNow))
				want, body := test.json, jsonError(test.json.code, "message", test.json.message)
				if which == "query" {
					want = test.query
					kind := "Sender"
					if want.status == 500 {
						kind = "Receiver"
					}
					body = formError("urn:box", kind, want.code, want.message)
				}
				wantAnswer(t, serve(s, r), want.status, body)
			})
		}
	}
}

// At the end of the skew a signature still holds.
func TestSkew(t *testing.T) {
	s, _ := newServer()
	for _, d := range []time.Duration{-15 * time.Minute, 15 * time.Minute} {
		if w := serve(s, sign(t, jsonCall("Who", `{}`), root, "zoo", testNow.Add(d))); w.Code != 200 {
			t.Errorf("JSON, %v: %d %s", d, w.Code, w.Body)
		}
	}
	for _, d := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		if w := serve(s, sign(t, formCall("Who", ""), root, "box", testNow.Add(d))); w.Code != 200 {
			t.Errorf("Query, %v: %d %s", d, w.Code, w.Body)
		}
	}
}

func TestPresigned(t *testing.T) {
	s, _ := newServer()
	presign := func(c sigv4.Credentials, target string) *http.Request {
		r := request("GET", target, "", "")
		q := sigRequest(t, r)
		if err := sigv4.Presign(q, c, "us-east-1", "box", testNow.Add(-10*time.Minute), 15*time.Minute); err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = q.RawQuery
		return r
	}
	const target = "/?Action=Who&Version=2011-06-15"
	wantAnswer(t, serve(s, presign(root, target)), 200, whoXML(root, rootARN))
	wantAnswer(t, serve(s, presign(guest, target)), 200, whoXML(guest, guestARN))

	changed := presign(guest, target+"&X=1")
	changed.URL.RawQuery = strings.Replace(changed.URL.RawQuery, "X=1", "X=2", 1)
	wantAnswer(t, serve(s, changed), 403, formError("urn:box", "Sender", "SignatureDoesNotMatch", mismatchText))

	more := presign(root, target)
	more.URL.RawQuery += "&Name=world"
	wantAnswer(t, serve(s, more), 403, formError("urn:box", "Sender", "SignatureDoesNotMatch", mismatchText))

	both := presign(root, target)
	both.Header.Set("Authorization", "AWS4-HMAC-SHA256 x")
	wantAnswer(t, serve(s, both), 403, formError("urn:box", "Sender", "SignatureDoesNotMatch",
		"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."))
}

// Where a proxy changed the Host header the signature is refused, and the log says
// that it is right for the public host; a signature that is right for neither is
// a mismatch.
func TestRewrittenHost(t *testing.T) {
	const public = "daypass.example.com"
	for name, test := range map[string]struct {
		signed, came string
		change       func(*http.Request)
		want         string // of the log; empty for an accepted request
	}{
		"as it was":                 {public, public, nil, ""},
		"rewritten":                 {public, "10.0.0.3:4600", nil, `cause=signature-host detail="Host: 10.0.0.3:4600, and the client signed daypass.example.com" `},
		"a port":                    {public, public + ":443", nil, `cause=signature-host detail="Host: daypass.example.com:443, and the client signed daypass.example.com" `},
		"signed for another name":   {"other.example.com", "10.0.0.3:4600", nil, `cause=signature-mismatch detail="Host: 10.0.0.3:4600" `},
		"another one at the public": {"other.example.com", public, nil, `cause=signature-mismatch detail="Host: daypass.example.com" `},
		"rewritten, and a changed target": {public, "10.0.0.3:4600", func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSZooService.GuardedFail") },
			`cause=signature-mismatch detail="Host: 10.0.0.3:4600" `},
		"a long host": {public, strings.Repeat("x", 9000), nil, `detail="Host: ` + strings.Repeat("x", 128) + `, and the client signed daypass.example.com" `},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			s.PublicHost = public
			r := jsonCall("Guarded", `{"Name":"world"}`)
			r.Host = test.signed
			sign(t, r, root, "zoo", testNow)
			r.Host = test.came
			if test.change != nil {
				test.change(r)
			}
			w := serve(s, r)
			if test.want == "" {
				wantAnswer(t, w, 200, guardedJSON)
				return
			}
			wantAnswer(t, w, 400, jsonError("InvalidSignatureException", "message", mismatchText))
			if !strings.Contains(log.String(), test.want) {
				t.Errorf("the log is %s, want %s", log, test.want)
			}
		})
	}
}

// A public operation ignores whatever signature comes along.
func TestPublicIgnoresSignature(t *testing.T) {
	for name, value := range map[string]string{
		"another scheme": "Bearer hunter2",
		"nonsense":       "AWS4-HMAC-SHA256 nonsense",
		"an unknown key": "AWS4-HMAC-SHA256 Credential=AKIDOTHER/20260314/us-east-1/zoo/aws4_request, SignedHeaders=host, Signature=00",
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			r := jsonCall("Hello", `{"Name":"world"}`)
			r.Header.Set("Authorization", value)
			r.Header.Set("X-Amz-Security-Token", "hunter2")
			wantAnswer(t, serve(s, r), 200, helloJSON)
			form := formCall("Hello", "&Name=world&X-Amz-Signature=00&X-Amz-Credential=x")
			form.Header.Set("Authorization", value)
			wantAnswer(t, serve(s, form), 200, helloXML)
			if strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), "AKIDOTHER") {
				t.Errorf("the log has the header: %s", log)
			}
		})
	}
}

// What a caller may see is bounded, whatever they send.
func TestRefusalsBounded(t *testing.T) {
	long := strings.Repeat("x", 60000)
	for name, change := range map[string]func(*http.Request){
		"authorization": func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+long) },
		"algorithm":     func(r *http.Request) { r.Header.Set("Authorization", "AWS4-"+long) },
		"date":          func(r *http.Request) { r.Header.Set("X-Amz-Date", long) },
		"target":        func(r *http.Request) { r.Header.Set("X-Amz-Target", long) },
		"token":         func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", long) },
		"host":          func(r *http.Request) { r.Host = long },
		"origin":        func(r *http.Request) { r.Header.Set("Origin", long) },
		"forwarded":     func(r *http.Request) { r.Header.Set("X-Forwarded-For", long) },
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			r := signedJSON(t, root, "Who", `{}`)
			change(r)
			w := serve(s, r)
			size := w.Body.Len()
			for key, values := range w.Header() {
				size += len(key) + len(strings.Join(values, ""))
			}
			if size > 4000 || len(log.String()) > 1000 {
				t.Errorf("an answer of %d bytes, a log of %d", size, len(log.String()))
			}
		})
	}
}
