package cognito_test

import (
	_ "embed"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi/modeltest"
	"github.com/daypass/daypass/internal/cognito"
)

// The API's facts as AWS publishes them: operations, shapes, constraints.
//
//go:embed testdata/model/cognito-identity.json
var apiFacts []byte

func TestTableEqualsTheFacts(t *testing.T) {
	modeltest.Compare(t, cognito.Operations(nil), apiFacts)
}

// Every member of every operation is given what is just allowed and what is just
// not, through the whole server. What is not allowed is refused in AWS's words and
// changes nothing; what is allowed may fail for other reasons, but not for that.
//
// That a refused request changes nothing says something because the request is
// good but for one value: in the end each is made as it is and succeeds.
func TestEveryConstraint(t *testing.T) {
	model, err := modeltest.Read(apiFacts)
	if err != nil {
		t.Fatal(err)
	}
	f, r := facts{model}, newFactsRig(t)
	operations := slices.Sorted(maps.Keys(f.Operations))
	// What a deleted pool leaves behind is swept away some time after that, so it
	// is deleted when nobody looks any more.
	const last = "DeleteIdentityPool"
	operations = append(slices.DeleteFunc(operations, func(op string) bool { return op == last }), last)
	for _, operation := range operations {
		t.Run("refused/"+operation, func(t *testing.T) { f.refuse(t, r, operation) })
	}
	for _, operation := range operations {
		t.Run("done/"+operation, func(t *testing.T) { r.do(t, operation) })
	}
	for _, operation := range operations {
		t.Run("allowed/"+operation, func(t *testing.T) { f.allow(t, r, operation) })
	}
}

// trial is a request with one other value.
type trial struct {
	name, operation string
	body            string
	want            verdict
}

// trials are all that an operation is tried with.
func (f facts) trials(t *testing.T, r *factsRig, operation string) []trial {
	shape, good := f.Operations[operation].Input, r.requests[operation]
	if v := f.judge(shape, good); v != (verdict{}) {
		t.Fatalf("the request of this test is no good: %v", v)
	}
	var all []trial
	for _, p := range f.places(t, shape, good, "", nil) {
		for _, v := range f.variants(p, at(good, p.path)) {
			body := with(good, p.path, v.value).(object)
			all = append(all, trial{p.name + " " + v.what, operation, jsonOf(body), f.judge(shape, body)})
		}
	}
	return all
}

func at(request any, path []any) any {
	for _, step := range path {
		switch r := request.(type) {
		case object:
			request = r[step.(string)]
		case []any:
			request = r[step.(int)]
		}
	}
	return request
}

// refuse tries what is not allowed.
func (f facts) refuse(t *testing.T, r *factsRig, operation string) {
	before := r.dump()
	n := 0
	for _, trial := range f.trials(t, r, operation) {
		if trial.want == (verdict{}) {
			continue
		}
		n++
		status, body := r.send("cognito-identity", operation, "root", trial.body)
		got, want := status, http.StatusBadRequest
		if diff := cmp.Diff(want, got) + cmp.Diff(trial.want.body(), body); diff != "" {
			t.Errorf("%s: %.200s\n(-want +got)\n%s", trial.name, trial.body, diff)
		}
		if now := r.dump(); now != before {
			t.Fatalf("%s: %.200s: changed (-before +after)\n%s", trial.name, trial.body, cmp.Diff(before, now))
		}
	}
	t.Logf("%d refused", n)
}

// body is the body of an answer with the verdict. The framework spells the member
// with a capital letter where the request could not be read.
func (v verdict) body() string {
	message := "message"
	if v.code == "SerializationException" {
		message = "Message"
	}
	return `{"__type":` + jsonOf(v.code) + `,"` + message + `":` + jsonOf(v.message) + `}`
}

// do makes the good request. What only reads changes nothing.
func (r *factsRig) do(t *testing.T, operation string) {
	before := r.dump()
	status, body := r.send("cognito-identity", operation, "root", jsonOf(r.requests[operation]))
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	reads := slices.ContainsFunc([]string{"Describe", "List", "Lookup", "GetIdentityPoolRoles", "GetPrincipalTagAttributeMap"},
		func(prefix string) bool { return strings.HasPrefix(operation, prefix) })
	if changed := r.dump() != before; changed == reads {
		t.Errorf("changed: %v", changed)
	}
}

// allow tries what is allowed.
func (f facts) allow(t *testing.T, r *factsRig, operation string) {
	n := 0
	for _, trial := range f.trials(t, r, operation) {
		if trial.want != (verdict{}) {
			continue
		}
		n++
		status, body := r.send("cognito-identity", operation, "root", trial.body)
		var refusal struct {
			Type string `json:"__type"`
		}
		if status != http.StatusOK {
			if err := json.Unmarshal([]byte(body), &refusal); err != nil {
				t.Errorf("%s: %v", trial.name, err)
			}
		}
		if status >= 500 || refusal.Type == "ValidationException" || refusal.Type == "SerializationException" {
			t.Errorf("%s: %.200s\n%d %s", trial.name, trial.body, status, body)
		}
	}
	t.Logf("%d allowed", n)
}
