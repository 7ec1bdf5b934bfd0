package policy_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/policy"
)

// The corpus under testdata/cases is described in its README. Every case is
// also put to the reference evaluator.

// The files of the corpus, by the form of their cases.
var (
	conditionFiles = []string{"conditions.json", "operators.json", "values.json", "variables.json"}
	decisionFiles  = []string{"actions.json", "layers.json", "resources.json", "statements.json", "trust.json"}
)

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
	text, err := os.ReadFile(filepath.Join("testdata", "cases", name))
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

// kinds of documents, as the corpus calls them.
var kinds = map[string]policy.Kind{
	"identity": policy.Identity, "managed": policy.Managed, "session": policy.Session, "trust": policy.Trust,
}

func kindOf(t testing.TB, name string) policy.Kind {
	t.Helper()
	if kind, ok := kinds[name]; ok {
		return kind
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
	identity := `{"Version":"` + version + `","Statement":{"Action":"sts:AssumeRole","Resource":"*","Condition":` + string(c.Condition) + `,"Effect":`
	return map[policy.Kind][]string{
		policy.Trust:    {trust + `"Allow"}}`, trust + `"Deny"}}`},
		policy.Identity: {identity + `"Allow"}}`, identity + `"Deny"}}`},
	}
}

func TestConditions(t *testing.T) {
	for _, file := range conditionFiles {
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
						if got := naiveEvaluate(texts[i], kind, req).effect(); got != effect {
							t.Errorf("%s\nwith %v: the reference says %v, want %v", texts[i], c.Context, got, effect)
						}
					}
				}
			})
		}
	}
}

// A decisionCase has a document of kind Trust or those of the other layers.
type decisionCase struct {
	Name       string     `json:"name"`
	Identity   []document `json:"identity,omitempty"`
	Boundary   document   `json:"boundary,omitempty"`
	Session    []document `json:"session,omitempty"`
	Trust      document   `json:"trust,omitempty"`
	Request    request    `json:"request"`
	Want       string     `json:"want"`
	Layer      string     `json:"layer"`
	Statements []string   `json:"statements"`
	Named      string     `json:"named"`
}

// outcome is a decision as the corpus writes it.
type outcome struct {
	Want, Layer string
	Statements  []string
	Named       string
}

// decide answers the case; an error is of a document that is malformed.
func (c decisionCase) decide() (outcome, error) {
	req, places := c.Request.request(), map[*policy.Document]string{}
	var malformed error
	parse := func(kind policy.Kind, text document, place string) *policy.Document {
		d, err := policy.Parse(kind, string(text))
		if err != nil {
			malformed = fmt.Errorf("%s: %s: %w", place, text, err)
		}
		places[d] = place
		return d
	}
	list := func(layer string, texts []document) (documents []*policy.Document) {
		for i, text := range texts {
			documents = append(documents, parse(kinds[layer], text, fmt.Sprintf("%s/%d", layer, i)))
		}
		return documents
	}
	in := policy.Policies{Identity: list("identity", c.Identity), Session: list("session", c.Session)}
	if c.Boundary != "" {
		in.Boundary = parse(policy.Managed, c.Boundary, "boundary")
	}
	var trust *policy.Document
	if c.Trust != "" {
		trust = parse(policy.Trust, c.Trust, "trust")
	}
	if malformed != nil {
		return outcome{}, malformed
	}
	got := policy.Decide(in, req).Decision
	if trust != nil {
		got = trust.Evaluate(req)
	}
	o := outcome{Want: got.Effect.String(), Layer: layerNames[got.Layer], Named: namings[got.Named]}
	for _, s := range got.Statements {
		o.Statements = append(o.Statements, fmt.Sprintf("%s/%d", places[s.Document], s.Index))
	}
	return o, nil
}

var layerNames = map[policy.Layer]string{
	policy.IdentityLayer: "identity", policy.BoundaryLayer: "boundary", policy.SessionLayer: "session",
}

var namings = map[policy.Naming]string{policy.ByAccount: "account", policy.ByRole: "role", policy.ByName: "caller"}

func TestDecisions(t *testing.T) {
	for _, file := range decisionFiles {
		for _, c := range corpus[decisionCase](t, file) {
			t.Run(strings.TrimSuffix(file, ".json")+": "+c.Name, func(t *testing.T) {
				want := outcome{c.Want, c.Layer, c.Statements, c.Named}
				got, err := c.decide()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(want, c.naiveDecide()); diff != "" {
					t.Errorf("the reference (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func indices(d policy.Decision) []int {
	var list []int
	for _, s := range d.Statements {
		list = append(list, s.Index)
	}
	return list
}

// A documentCase is a document that is refused with a message, or accepted.
type documentCase struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Policy  document `json:"policy"`
	Message string   `json:"message"`
}

func TestMalformed(t *testing.T) {
	for _, c := range corpus[documentCase](t, "malformed.json") {
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
	for _, c := range corpus[documentCase](t, "wellformed.json") {
		t.Run(c.Name, func(t *testing.T) {
			d := mustParse(t, kindOf(t, c.Kind), string(c.Policy))
			if d.Text() != string(c.Policy) {
				t.Errorf("Text() = %q, want %q", d.Text(), c.Policy)
			}
		})
	}
}
