// Package wiretest replays conversations in the AWS Query protocol with a
// table: form in, XML out, without HTTP, signatures or a network.
//
// A story is a txtar file. A file in it whose name ends in "request" is a form,
// one parameter a line; the file after it is the answer, the status in the first
// line and the XML below it. With -update the answers are written anew; read the
// difference like code.
package wiretest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery"
)

var update = flag.Bool("update", false, "write the answers of the stories anew")

// RequestID is the request ID of every answer.
const RequestID = "01234567-89ab-4def-8123-456789abcdef"

// Request is how a request comes whose caller does not say it.
var Request = awsapi.Request{Transport: awsapi.Plain, Region: "us-east-1"}

// From is a caller whose request comes as [Request] says, unless it says itself how.
func From(c awsapi.Caller) awsapi.Caller {
	if c.Request == (awsapi.Request{}) {
		c.Request = Request
	}
	return c
}

// Do sends a form, of which Action names the operation, and gives the answer
// that a server would give.
func Do(ctx context.Context, table *awsapi.Table, caller awsapi.Caller, form string) awsapi.Answer {
	p := awsquery.Protocol{}
	action, _, err := awsquery.Action([]byte(form))
	if err != nil {
		return fail(table, err)
	}
	row := table.Row(action)
	if row == nil {
		return p.EncodeError(nil, p.Refuse(awsapi.UnknownOperation, ""), RequestID)
	}
	node, err := p.Decode(row, []byte(form))
	if err != nil {
		return fail(table, err)
	}
	in, err := row.Bind(node)
	if err != nil {
		return fail(table, err)
	}
	out, err := row.Call(ctx, From(caller), in)
	if err != nil {
		return fail(table, err)
	}
	answer, err := p.Encode(row, out, RequestID)
	if err != nil {
		return fail(table, err)
	}
	return answer
}

// fail gives the protocol's error for what the framework refuses. An error that
// is not typed shows its text, which no server does.
func fail(table *awsapi.Table, err error) awsapi.Answer {
	p := awsquery.Protocol{}
	e, typed := awsapi.AsError(err)
	if !typed {
		e = p.Refuse(awsapi.Internal, err.Error())
	}
	if s, ok := errors.AsType[*awsapi.SerializationError](err); ok {
		e = p.Refuse(awsapi.Malformed, s.Message)
	}
	if v, ok := errors.AsType[*awsapi.ValidationError](err); ok {
		e = p.Refuse(awsapi.Invalid, v.Error())
	}
	return p.EncodeError(&table.Service, e, RequestID)
}

// Replay replays a story and compares the answers.
func Replay(t *testing.T, path string, table *awsapi.Table, caller awsapi.Caller) {
	t.Helper()
	story, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(story.Files); i += 2 {
		request, response := story.Files[i], &story.Files[i+1]
		if !strings.HasSuffix(request.Name, "request") {
			t.Fatalf("%s: %s is no request", path, request.Name)
		}
		got := text(Do(t.Context(), table, caller, form(request.Data)))
		if *update {
			response.Data = []byte(got)
			continue
		}
		if diff := cmp.Diff(string(response.Data), got); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", filepath.Base(path), response.Name, diff)
		}
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(story), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func form(lines []byte) string {
	return strings.Join(strings.Fields(string(lines)), "&")
}

var emptyElement = regexp.MustCompile(`<(\w+)>\n</`)

// text writes an answer with an element a line.
func text(a awsapi.Answer) string {
	lines := strings.ReplaceAll(string(a.Body), "><", ">\n<")
	return fmt.Sprintf("%d\n%s\n", a.Status, emptyElement.ReplaceAllString(lines, "<$1></"))
}

// Golden compares an answer with the one in a file.
func Golden(t *testing.T, path string, a awsapi.Answer) {
	t.Helper()
	got := text(a)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
