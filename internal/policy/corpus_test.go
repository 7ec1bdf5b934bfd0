package policy_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/policy"
)

// The corpus under testdata is described in its README.

// document is a policy in the corpus: JSON as it stands, or a string with the
// text of a document.
type document string

func (d *document) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*d = document(raw)
	if raw.Kind() == jsontext.KindString {
		return json.Unmarshal(raw, (*string)(d))
	}
	return nil
}

// request is a policy.Request in the corpus.
type request struct {
	Principal struct {
		ARNs      []string `json:"arns"`
		Account   string   `json:"account"`
		Federated string   `json:"federated"`
	} `json:"principal"`
	Action   string              `json:"action"`
	Resource string              `json:"resource"`
	Context  map[string][]string `json:"context"`
}

func (r request) request() *policy.Request {
	return &policy.Request{
		Principal: policy.Principal(r.Principal),
		Action:    r.Action,
		Resource:  r.Resource,
		Context:   contextOf(r.Context),
	}
}

func contextOf(values map[string][]string) policy.Context {
	ctx := policy.Context{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		ctx.Set(key, values[key]...)
	}
	return ctx
}

// corpus reads a file of cases; unknown members are mistakes.
func corpus[Case any](t testing.TB, name string) []Case {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var cases []Case
	if err := json.Unmarshal(text, &cases, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(cases) == 0 {
		t.Fatalf("%s: no cases", name)
	}
	return cases
}

func kindOf(t testing.TB, name string) policy.Kind {
	t.Helper()
	switch name {
	case "identity":
		return policy.Identity
	case "trust":
		return policy.Trust
	}
	t.Fatalf("unknown kind %q", name)
	return 0
}

func mustParse(t testing.TB, kind policy.Kind, text string) *policy.Document {
	t.Helper()
	d, err := policy.Parse(kind, text)
	if err != nil {
		t.Fatalf("Parse(%v, %s): %v", kind, text, err)
	}
	return d
}

type conditionCase struct {
	Name      string              `json:"name"`
	Version   string              `json:"version"`
	Condition jsontext.Value      `json:"condition"`
	Context   map[string][]string `json:"context"`
	Want      bool                `json:"want"`
}

// texts are the documents in which the condition is tried: as the only
// condition of an Allow and of a Deny.
func (c conditionCase) texts() map[policy.Kind][]string {
	version := c.Version
	if version == "" {
		version = "2012-10-17"
	}
	trust := `{"Version":"` + version + `","Statement":{"Principal":"*","Action":"sts:AssumeRole","Condition":` + string(c.Condition) + `,"Effect":`
	texts := map[policy.Kind][]string{policy.Trust: {trust + `"Allow"}}`, trust + `"Deny"}}`}}
	if c.Version == "" {
		identity := `{"Version":"2012-10-17","Statement":{"Action":"sts:AssumeRole","Resource":"*","Condition":` + string(c.Condition) + `,"Effect":`
		texts[policy.Identity] = []string{identity + `"Allow"}}`, identity + `"Deny"}}`}
	}
	return texts
}

func TestConditions(t *testing.T) {
	for _, file := range []string{"operators.json", "conditions.json"} {
		for _, c := range corpus[conditionCase](t, file) {
			t.Run(c.Name, func(t *testing.T) {
				req := &policy.Request{Action: "sts:AssumeRole", Resource: "*", Context: contextOf(c.Context)}
				for kind, texts := range c.texts() {
					for i, effect := range []policy.Effect{policy.Allow, policy.ExplicitDeny} {
						if !c.Want {
							effect = policy.ImplicitDeny
						}
						d := mustParse(t, kind, texts[i])
						if got := d.Evaluate(req); got.Effect != effect {
							t.Errorf("%s\nwith %v: %v, want %v", texts[i], c.Context, got.Effect, effect)
						}
						if got := naiveEvaluate(texts[i], kind, req); got != effect {
							t.Errorf("%s\nwith %v: the reference says %v, want %v", texts[i], c.Context, got, effect)
						}
					}
				}
			})
		}
	}
}

func TestEvaluate(t *testing.T) {
	type evaluateCase struct {
		Name       string   `json:"name"`
		Kind       string   `json:"kind"`
		Policy     document `json:"policy"`
		Request    request  `json:"request"`
		Want       string   `json:"want"`
		Statements []int    `json:"statements"`
		ByAccount  bool     `json:"byAccount"`
	}
	for _, c := range corpus[evaluateCase](t, "evaluate.json") {
		t.Run(c.Name, func(t *testing.T) {
			kind := kindOf(t, c.Kind)
			d := mustParse(t, kind, string(c.Policy))
			got := d.Evaluate(c.Request.request())
			if got.Effect.String() != c.Want || got.ByAccount != c.ByAccount || got.Layer != policy.NoLayer {
				t.Errorf("%v, by account %v, layer %v; want %s, %v", got.Effect, got.ByAccount, got.Layer, c.Want, c.ByAccount)
			}
			if diff := cmp.Diff(c.Statements, indices(got)); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
			if got := naiveEvaluate(string(c.Policy), kind, c.Request.request()); got.String() != c.Want {
				t.Errorf("the reference says %v, want %s", got, c.Want)
			}
		})
	}
}

func indices(d policy.Decision) []int {
	var list []int
	for _, s := range d.Statements {
		list = append(list, s.Index)
	}
	return list
}

func TestDecide(t *testing.T) {
	type decideCase struct {
		Name     string `json:"name"`
		Policies struct {
			Identity []document `json:"identity"`
			Boundary document   `json:"boundary"`
			Session  []document `json:"session"`
		} `json:"policies"`
		Request    request `json:"request"`
		Want       string  `json:"want"`
		Layer      string  `json:"layer"`
		Statements []int   `json:"statements"`
	}
	for _, c := range corpus[decideCase](t, "decide.json") {
		t.Run(c.Name, func(t *testing.T) {
			var in policy.Policies
			for _, text := range c.Policies.Identity {
				in.Identity = append(in.Identity, mustParse(t, policy.Identity, string(text)))
			}
			if text := c.Policies.Boundary; text != "" {
				in.Boundary = mustParse(t, policy.Identity, string(text))
			}
			for _, text := range c.Policies.Session {
				in.Session = append(in.Session, mustParse(t, policy.Identity, string(text)))
			}
			got := policy.Decide(in, c.Request.request())
			if got.Effect.String() != c.Want || got.Layer.String() != c.Layer {
				t.Errorf("%v by %q, want %s by %q", got.Effect, got.Layer, c.Want, c.Layer)
			}
			if diff := cmp.Diff(c.Statements, indices(got)); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	type malformedCase struct {
		Name    string   `json:"name"`
		Kind    string   `json:"kind"`
		Policy  document `json:"policy"`
		Message string   `json:"message"`
	}
	for _, c := range corpus[malformedCase](t, "malformed.json") {
		t.Run(c.Name, func(t *testing.T) {
			d, err := policy.Parse(kindOf(t, c.Kind), string(c.Policy))
			var malformed *policy.Error
			if !errors.As(err, &malformed) {
				t.Fatalf("Parse(%s) = %v, %v; want %q", c.Policy, d, err, c.Message)
			}
			if malformed.Message != c.Message {
				t.Errorf("Parse(%s) says\n%q (%v), want\n%q", c.Policy, malformed.Message, malformed.Err, c.Message)
			}
		})
	}
}

func TestWellFormed(t *testing.T) {
	type wellFormedCase struct {
		Name   string   `json:"name"`
		Kind   string   `json:"kind"`
		Policy document `json:"policy"`
	}
	for _, c := range corpus[wellFormedCase](t, "wellformed.json") {
		t.Run(c.Name, func(t *testing.T) {
			d := mustParse(t, kindOf(t, c.Kind), string(c.Policy))
			if d.Text() != string(c.Policy) {
				t.Errorf("Text() = %q, want %q", d.Text(), c.Policy)
			}
		})
	}
}
