package iam

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// simulation is a question of which requests are allowed: by which policies,
// about which actions on which resources, under which facts. It is answered by
// the evaluator that decides about real requests.
type simulation struct {
	policies policy.Policies
	// names are what the identity-based policies are called, boundary is what the
	// permissions boundary is.
	names    map[*policy.Document]PolicyIdentifierType
	boundary PolicyIdentifierType
	facts    policy.Context
	// account is the simulated caller's, to which resources belong that name no
	// other; empty if there is no caller, or if the input says whose they are.
	account   string
	actions   ActionNameListType
	resources ResourceNameListType
	// named says that the caller named resources.
	named bool
	// missing are the condition keys that the documents mention and the facts
	// lack.
	missing ContextKeyNamesResultListType
}

// The kinds of policies, as AWS's simulator calls them. The API model lists
// other words, which no answer has.
const (
	sourceIdentity PolicySourceType = "IAM Policy"
	sourceBoundary PolicySourceType = "Permissions Boundary Policy"
)

// maxSimulated is the most characters that the policies of a simulation's input
// have together: as many as one may have.
const maxSimulated = 131072

// simulated is what both simulations ask.
type simulated struct {
	policies, boundary SimulationPolicyListType
	actions            ActionNameListType
	resources          ResourceNameListType
	resourcePolicy     PolicyDocumentType
	resourceOwner      ResourceNameType
	handling           ResourceHandlingOptionType
}

// newSimulation reads the input of a simulation.
func newSimulation(c awsapi.Caller, in simulated) (*simulation, error) {
	if err := in.supported(c); err != nil {
		return nil, err
	}
	sim := &simulation{names: map[*policy.Document]PolicyIdentifierType{}, facts: policy.Context{}, actions: in.actions, resources: in.resources, named: true}
	if len(in.resources) == 0 {
		sim.resources, sim.named = ResourceNameListType{"*"}, false
	}
	if err := sim.check(); err != nil {
		return nil, err
	}
	if err := sim.parse(in.policies, in.boundary); err != nil {
		return nil, err
	}
	return sim, nil
}

// supported refuses what cannot be simulated yet, so that nobody takes an answer
// without it for the whole one.
func (in simulated) supported(c awsapi.Caller) error {
	switch {
	case in.resourcePolicy != "":
		return simulationUnsupported("ResourcePolicy")
	case in.resourceOwner != "" && string(in.resourceOwner) != rootARN(c.Account):
		return simulationUnsupported("ResourceOwner of another account")
	case in.handling != "":
		return simulationUnsupported("ResourceHandlingOption")
	}
	return nil
}

var actionText = regexp.MustCompile(`\A[A-Za-z0-9-]+:[A-Za-z0-9]+\z`)

func (sim *simulation) check() error {
	for _, a := range sim.actions {
		if !actionText.MatchString(string(a)) {
			return badSimulation("Invalid Action: %s", a)
		}
	}
	for _, r := range sim.resources {
		if _, err := arn.Parse(string(r)); err != nil && r != "*" {
			return badSimulation("Invalid Resource: %s", r)
		}
	}
	return nil
}

// parse compiles the policies of the input. They are not remembered as stored
// ones are.
func (sim *simulation) parse(policies, boundary SimulationPolicyListType) error {
	if len(boundary) > 1 {
		return badSimulation("Only one permissions boundary policy can be simulated at a time.")
	}
	if err := checkSimulatedSize(policies, boundary); err != nil {
		return err
	}
	for i, text := range policies {
		name := fmt.Sprintf("PolicyInputList.%d", i+1)
		d, err := parseSimulated(policy.Identity, name, text)
		if err != nil {
			return err
		}
		sim.policies.Identity = append(sim.policies.Identity, d)
		sim.names[d] = PolicyIdentifierType(name)
	}
	for _, text := range boundary {
		const name = "PermissionsBoundaryPolicyInputList.1"
		d, err := parseSimulated(policy.Managed, name, text)
		if err != nil {
			return err
		}
		sim.policies.Boundary, sim.boundary = d, name
	}
	return nil
}

func checkSimulatedSize(lists ...SimulationPolicyListType) error {
	size := 0
	for _, list := range lists {
		for _, text := range list {
			size += len(text)
		}
	}
	if size > maxSimulated {
		return badSimulation("The policies must not have more than %d characters in all.", maxSimulated)
	}
	return nil
}

func parseSimulated(kind policy.Kind, name string, text PolicyDocumentType) (*policy.Document, error) {
	d, err := policy.Parse(kind, string(text))
	if err != nil {
		return nil, unreadablePolicy(name, err)
	}
	return d, nil
}

// callAs makes a user of the account the caller. The facts are those that the ARN
// tells: who may simulate need not be one who may see the user.
func (sim *simulation) callAs(c awsapi.Caller, user ResourceNameType) error {
	if user == "" {
		return nil
	}
	account, name, ok := parseEntityARN(string(user), userResource)
	if !ok || account != c.Account {
		return badSimulation("Invalid CallerArn: %s is not the ARN of a user of the account.", user)
	}
	sim.facts.Set("aws:principalaccount", c.Account)
	sim.facts.Set("aws:principalarn", string(user))
	sim.facts.Set("aws:principaltype", "User")
	sim.facts.Set("aws:principalisawsservice", "false")
	sim.facts.Set("aws:username", name)
	sim.account = c.Account
	return nil
}

// enter adds the entries of the input to the facts, and works out what is
// missing then.
func (sim *simulation) enter(entries ContextEntryListType) error {
	given, err := readEntries(entries)
	if err != nil {
		return err
	}
	if sim.account != "" {
		SetResourceAccount(sim.facts, sim.account, "*") // what is missing is told before a resource is looked at
	}
	for key, values := range given {
		sim.facts.Set(key, values...)
	}
	if _, entered := given["aws:resourceaccount"]; entered {
		sim.account = ""
	}
	if sim.effort("") > maxEffort {
		return badSimulation("The policies and the context entries are too large to be simulated together.")
	}
	documents := sim.policies.Identity
	if sim.policies.Boundary != nil {
		documents = append(documents[:len(documents):len(documents)], sim.policies.Boundary)
	}
	sim.missing = ContextKeyNamesResultListType{}
	for _, key := range keysOf(documents) {
		if len(sim.facts[strings.ToLower(string(key))]) == 0 {
			sim.missing = append(sim.missing, key)
		}
	}
	return nil
}

// keysOf are the condition keys that documents mention, none twice.
func keysOf(documents []*policy.Document) ContextKeyNamesResultListType {
	keys, seen := ContextKeyNamesResultListType{}, map[string]bool{}
	for _, d := range documents {
		for _, key := range d.Keys() {
			if lower := strings.ToLower(key); !seen[lower] {
				seen[lower] = true
				keys = append(keys, ContextKeyNameType(key))
			}
		}
	}
	return keys
}

// size is how many results there are.
func (sim *simulation) size() int { return len(sim.actions) * len(sim.resources) }

// result is one of the results, by action and then by resource.
func (sim *simulation) result(i int) EvaluationResult {
	action, resource := sim.actions[i/len(sim.resources)], sim.resources[i%len(sim.resources)]
	if sim.account != "" {
		SetResourceAccount(sim.facts, sim.account, string(resource))
	}
	req := &policy.Request{Action: string(action), Resource: string(resource), Context: sim.facts}
	decision := policy.Decide(sim.policies, req)
	r := EvaluationResult{
		EvalActionName: action, EvalResourceName: resource, EvalDecision: decisionType(decision.Effect),
		MatchedStatements: sim.matched(decision.Decision), MissingContextValues: sim.missing,
	}
	if b := sim.policies.Boundary; b != nil {
		allowed := b.Evaluate(req).Effect == policy.Allow
		r.PermissionsBoundaryDecisionDetail = &PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: BooleanType(allowed)}
	}
	if sim.named {
		r.EvalDecisionDetails = EvalDecisionDetailsType{}
		r.ResourceSpecificResults = ResourceSpecificResultListType{{
			EvalResourceName: resource, EvalResourceDecision: r.EvalDecision, MatchedStatements: r.MatchedStatements,
			MissingContextValues: r.MissingContextValues, PermissionsBoundaryDecisionDetail: r.PermissionsBoundaryDecisionDetail,
		}}
	}
	return r
}

func (sim *simulation) matched(decision policy.Decision) StatementListType {
	list := StatementListType{}
	for _, s := range decision.Statements {
		start, end := s.Span()
		m := Statement{SourcePolicyId: sim.names[s.Document], SourcePolicyType: sourceIdentity, StartPosition: position(start), EndPosition: position(end)}
		if decision.Layer == policy.BoundaryLayer {
			m.SourcePolicyId, m.SourcePolicyType = sim.boundary, sourceBoundary
		}
		list = append(list, m)
	}
	return list
}

func position(p policy.Position) *Position {
	return &Position{Line: LineNumber(p.Line), Column: ColumnNumber(p.Column)}
}

func decisionType(e policy.Effect) PolicyEvaluationDecisionType {
	switch e {
	case policy.Allow:
		return "allowed"
	case policy.ExplicitDeny:
		return "explicitDeny"
	}
	return "implicitDeny"
}

// What a simulation may cost, since a short request could ask for gigabytes of
// results and for hours of work.
const (
	// maxShown is how many names of missing condition keys and matched statements
	// a page of results has, about.
	maxShown = 20_000
	// maxEffort is how many characters the context entries may be compared with for
	// a result, and pageEffort how many are compared for a page: about a second's
	// work each, if the policies are the worst that there are.
	maxEffort, pageEffort = 1 << 28, 1 << 29
)

// effort is how many characters are compared at most to simulate a request: those
// of the policies with those of what they are compared with.
func (sim *simulation) effort(resource ResourceNameType) int64 {
	policies, compared := 0, len(resource)
	for _, d := range sim.policies.Identity {
		policies += len(d.Text())
	}
	if sim.policies.Boundary != nil {
		policies += len(sim.policies.Boundary.Text())
	}
	for _, values := range sim.facts {
		for _, v := range values {
			compared += len(v)
		}
	}
	return int64(policies) * int64(compared)
}

// answer gives a page of the results, at least one.
func (s *Service) answer(ctx context.Context, sim *simulation, p page) (*SimulatePolicyResponse, error) {
	p.of += "\x00" + sim.digest()
	next, err := s.afterCount(p)
	if err != nil {
		return nil, err
	}
	out := &SimulatePolicyResponse{EvaluationResults: EvaluationResultsListType{}}
	shown, effort := 0, int64(0)
	for end := min(next+p.limit(), sim.size()); next < end && shown < maxShown && effort < pageEffort; next++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r := sim.result(next)
		out.EvaluationResults = append(out.EvaluationResults, r)
		shown += len(r.MissingContextValues) + len(r.MatchedStatements)
		effort += sim.effort(r.EvalResourceName)
	}
	if next < sim.size() {
		out.IsTruncated, out.Marker = true, s.countMarker(p, next)
	}
	return out, nil
}

// digest tells simulations about the same actions and resources from others, for
// markers.
func (sim *simulation) digest() string {
	h := sha256.New()
	for _, a := range sim.actions {
		fmt.Fprintf(h, "%q", a)
	}
	h.Write([]byte{'\n'})
	for _, r := range sim.resources {
		fmt.Fprintf(h, "%q", r)
	}
	return string(h.Sum(nil))
}
