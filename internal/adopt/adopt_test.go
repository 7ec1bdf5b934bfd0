package adopt

import (
	"strings"
	"testing"
)

// FuzzRefusal holds what is said of an answer to be short, and without the token or
// anything that could be one.
func FuzzRefusal(f *testing.F) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
	for _, body := range []string{
		`{"__type":"TooManyRequestsException","message":"Rate exceeded"}`,
		`{"__type":"com.amazonaws#NotAuthorizedException","Message":"Invalid login token. ` + token + `"}`,
		`{"__type":1,"message":{}}`, `{}`, `<html>` + token, ``,
		`{"__type":"` + token + `","message":"us-east-1:11111111-2222-4333-8444-555555555555 is not yours"}`,
	} {
		f.Add(400, "X:", []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, header string, body []byte) {
		said := refusal(status, header, body, token).Error()
		if strings.Contains(said, token) || strings.Contains(said, "11111111-2222-4333-8444") || len(said) > 10*maxWord {
			t.Errorf("status %d, %q, %q: %s", status, header, body, said)
		}
	})
}

func TestCausesOfRefusals(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   string
	}{
		{400, `{"__type":"TooManyRequestsException"}`, "adoption-throttled"},
		{400, `{"__type":"aws#ThrottlingException:http"}`, "adoption-throttled"},
		{429, "", "adoption-throttled"},
		{400, `{"__type":"ExternalServiceException"}`, "adoption-unreachable"},
		{503, `{"__type":"X"}`, "adoption-unreachable"},
		{404, "not here", "adoption-unreachable"},
		{400, `{"__type":"NotAuthorizedException"}`, "adoption-refused"},
	} {
		if got := refusal(test.status, "", []byte(test.body), "token").(*Error).Cause; string(got) != test.want {
			t.Errorf("%d %s: %s, want %s", test.status, test.body, got, test.want)
		}
	}
}
