package gateway

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/server"
)

type evaluateIn struct {
	AccessKeyID  string     `json:"accessKeyId"`
	SessionToken string     `json:"sessionToken"`
	Actions      texts      `json:"actions"`
	Resources    texts      `json:"resources"`
	Condition    conditions `json:"condition"`
	Region       string     `json:"region"`
	Service      string     `json:"service"`
}

type evaluateOut struct {
	// Decisions has a row for each resource, with an entry for each action.
	Decisions    [][]string `json:"decisions"`
	PrincipalARN string     `json:"principalArn"`
}

// The decisions. To a gateway, no match is a no that a bucket policy or an ACL may
// turn into a yes, and a denial is one that nothing can.
const (
	allow   = "allow"
	deny    = "deny"
	noMatch = "no_match"
)

// evaluatePolicy decides whether the subject may do some actions on some
// resources, as for the subject's own calls. What limits the subject besides the
// policies of the user or role (session policies, the boundary, that the role is
// gone) is folded in: it denies.
func (s *Service) evaluatePolicy(ctx context.Context, v *server.Visit, body []byte) (any, error) {
	var in evaluateIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	asked, err := in.questions()
	if err != nil {
		return nil, err
	}
	facts, request, err := in.facts(ctx, s.Region, s.ValidRegion)
	if err != nil {
		return nil, err
	}
	caller, _, err := s.subject(ctx, in.AccessKeyID, in.SessionToken)
	if err != nil {
		return nil, err
	}
	caller.Request = request
	if s.Used != nil {
		s.Used(caller, s3)
	}
	limited, cancel := context.WithTimeout(ctx, evaluateTime)
	defer cancel()
	decisions, err := s.IAM.AuthorizeAll(limited, caller, asked, facts)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return nil, s.Refuse(awsapi.Busy, "").Because(causeSlow, err)
	}
	if err != nil {
		return nil, err
	}
	in.record(ctx, v, decisions, asked)
	return evaluateOut{matrix(decisions, len(in.Actions)), caller.ARN}, nil
}

// questions are all actions on all resources, resource by resource.
func (in *evaluateIn) questions() ([]iam.Question, error) {
	switch {
	case len(in.Actions) == 0 || len(in.Resources) == 0:
		return nil, badRequest(causeMalformed, errors.New("no actions or no resources"))
	case len(in.Actions) > maxActions:
		return nil, badRequest(causeTooMuch, errTooMuch("actions", maxActions))
	case len(in.Actions)*len(in.Resources) > maxQuestions:
		return nil, badRequest(causeTooMuch, errTooMuch("actions on resources", maxQuestions))
	case in.Service != "" && in.Service != s3:
		return nil, badRequest(causeService, errors.New("the service is not s3"))
	}
	for _, action := range in.Actions {
		if !isAction(action) {
			return nil, badRequest(causeService, errors.New("an action is not one of s3"))
		}
	}
	asked := make([]iam.Question, 0, len(in.Actions)*len(in.Resources))
	for _, resource := range in.Resources {
		if !isS3(resource) {
			return nil, badRequest(causeService, errors.New("a resource is not one of s3"))
		}
		for _, action := range in.Actions {
			asked = append(asked, iam.Question{Action: action, Resource: resource, Shown: shown(resource)})
		}
	}
	return asked, nil
}

// isAction says whether a text is the name of an action of S3: one, and not a
// pattern.
func isAction(action string) bool {
	name, ok := strings.CutPrefix(action, s3+":")
	if !ok || name == "" || len(name) > 64 {
		return false
	}
	for i := range len(name) {
		if c := name[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// shown is a resource as logs have it: the bucket alone. In keys there are people's
// identity IDs, which are all that a guest has to show.
func shown(resource string) string {
	bucket, _, inside := strings.Cut(resource, "/")
	if inside {
		return bucket + "/..."
	}
	return bucket
}

// facts are what a gateway knows of the S3 request: how it came, and the keys that
// S3 has for its parameters. All else that it may state says who the subject is or
// what the resource is like, and is dropped: that is known here, and a key that is
// not set here must not be set there. The log names one of them, for whoever wonders
// why a policy does not see it.
func (in *evaluateIn) facts(ctx context.Context, region string, valid func(string) bool) (policy.Context, awsapi.Request, error) {
	facts := iam.NewFacts()
	request := awsapi.Request{Transport: awsapi.Plain, Region: region}
	if in.Region != "" && (valid == nil || valid(in.Region)) {
		request.Region = in.Region
	}
	secure := ""
	stated := map[string]*string{
		"aws:sourceip": &request.SourceIP, "aws:useragent": &request.UserAgent, "aws:referer": &request.Referer, "aws:securetransport": &secure,
	}
	var dropped []string
	for key, values := range in.Condition {
		switch of := stated[key]; {
		case strings.HasPrefix(key, s3+":") && key != "s3:resourceaccount":
			if slices.ContainsFunc(values, func(v string) bool { return len(v) > maxText }) {
				return nil, awsapi.Request{}, badRequest(causeTooMuch, errTooMuch("bytes in the value of a condition key", maxText))
			}
			facts[key] = values
		case key == "aws:currenttime" || key == "aws:epochtime": // daypass has a clock
		case of == nil:
			dropped = append(dropped, key)
		case len(values) != 1:
			return nil, awsapi.Request{}, badRequest(causeMalformed, errors.New("a condition key has not one value"))
		default:
			*of = values[0]
		}
	}
	if len(dropped) > 0 {
		name := slices.Min(dropped)
		audit.From(ctx).Set("condition_dropped", visible(name[:min(len(name), 128)]))
	}
	if secure == "true" {
		request.Transport = awsapi.Encrypted
	}
	if _, err := netip.ParseAddr(request.SourceIP); err != nil {
		request.SourceIP = ""
	}
	return facts, request, nil
}

// record notes what was asked, and why not all of it was allowed: the cause of the
// first no, and how many there are.
func (in *evaluateIn) record(ctx context.Context, v *server.Visit, decisions []*iam.Decision, asked []iam.Question) {
	r := audit.From(ctx)
	r.Set("action", strings.Join(in.Actions, ","))
	r.Set("resource", asked[0].Shown)
	if n := len(in.Resources); n > 1 {
		r.Set("resources", strconv.Itoa(n))
	}
	refused := 0
	for _, d := range decisions {
		if d.Allowed() {
			continue
		}
		if refused++; refused == 1 {
			v.Note(d.Cause(), d.Why())
		}
	}
	if refused > 0 {
		r.Set("refused", strconv.Itoa(refused))
	}
}

func matrix(decisions []*iam.Decision, actions int) [][]string {
	all := make([]string, 0, len(decisions))
	for _, d := range decisions {
		switch {
		case d.Allowed():
			all = append(all, allow)
		case d.Open():
			all = append(all, noMatch)
		default:
			all = append(all, deny)
		}
	}
	rows := make([][]string, 0, len(decisions)/actions)
	for ; len(all) > 0; all = all[actions:] {
		rows = append(rows, all[:actions])
	}
	return rows
}
