package declare

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// server is one that is asked.
type server struct {
	ctx     context.Context
	call    Caller
	region  string // of calls of services that have none
	account string
	caller  string // the ARN of who calls
}

// serverOf asks a server whose account it is called in.
func serverOf(ctx context.Context, call Caller, region string) (*server, error) {
	s := &server{ctx: ctx, call: call, region: region}
	who, err := s.ask("sts", "GetCallerIdentity", region, awsapi.Node{Kind: awsapi.Map})
	s.account, s.caller = word(who, "Account"), word(who, "Arn")
	return s, err
}

// Account asks a server for the account that the caller is in.
func Account(ctx context.Context, call Caller, region string) (string, error) {
	s, err := serverOf(ctx, call, region)
	return s.account, err
}

// ask calls an operation.
func (s *server) ask(service, operation, region string, in awsapi.Node) (awsapi.Node, error) {
	return s.call(s.ctx, service, operation, region, in)
}

// refused is a refusal by a service.
type refused interface{ ErrorCode() string }

// gone says whether an error is that something is not there, or not any longer.
func gone(err error) bool {
	var r refused
	return errors.As(err, &r) && (r.ErrorCode() == "NoSuchEntity" || r.ErrorCode() == "ResourceNotFoundException")
}

// denied says whether an error is that the caller may not.
func denied(err error) bool {
	var r refused
	return errors.As(err, &r) && strings.HasPrefix(r.ErrorCode(), "AccessDenied")
}

// invalid says whether an error is that a parameter cannot be what it is.
func invalid(err error) bool {
	var r refused
	return errors.As(err, &r) && r.ErrorCode() == "InvalidParameterException"
}

// get reads something that need not be there.
func (s *server) get(service, operation, region string, in awsapi.Node) (out awsapi.Node, found bool, err error) {
	out, err = s.ask(service, operation, region, in)
	if gone(err) {
		return out, false, nil
	}
	return out, err == nil, err
}

// list reads all pages of a listing of IAM.
func (s *server) list(operation, member string, in awsapi.Node) (all []awsapi.Node, err error) {
	for {
		out, err := s.ask("iam", operation, s.region, in)
		if err != nil {
			return nil, err
		}
		all = append(all, memberOf(out, member).List...)
		marker := word(out, "Marker")
		if word(out, "IsTruncated") != "true" || marker == "" {
			return all, nil
		}
		in = cloned(in)
		set(&in, "Marker", marker)
	}
}

// policyDocument reads the document of a managed policy in its default version. is says
// which that is, as GetPolicy answers.
func (s *server) policyDocument(arn string, is awsapi.Node) (awsapi.Node, error) {
	out, err := s.ask("iam", "GetPolicyVersion", s.region, object("PolicyArn", arn, "VersionId", word(is, "DefaultVersionId")))
	return memberOf(memberOf(out, "PolicyVersion"), "Document"), err
}

// poolsOf lists the identity pools of a region.
func (s *server) poolsOf(region string) (all []awsapi.Node, err error) {
	err = s.pages("ListIdentityPools", region, object("MaxResults", mostListed), func(out awsapi.Node) error {
		all = append(all, memberOf(out, "IdentityPools").List...)
		return nil
	})
	return all, err
}

// mostListed is how many identity pools or identities a page has at most.
var mostListed = awsapi.Node{Kind: awsapi.Number, Text: "60"}

// pages reads all pages of a listing of identity pools, one at a time.
func (s *server) pages(operation, region string, in awsapi.Node, page func(awsapi.Node) error) error {
	for {
		out, err := s.ask("cognito-identity", operation, region, in)
		if err != nil {
			return err
		}
		if err := page(out); err != nil {
			return err
		}
		next := word(out, "NextToken")
		if next == "" {
			return nil
		}
		in = cloned(in)
		set(&in, "NextToken", next)
	}
}

// Regions asks a daypass for the regions that have identity pools.
func Regions(ctx context.Context, call Caller, region string) ([]string, error) {
	out, err := call(ctx, "daypass", "ListRegions", region, awsapi.Node{Kind: awsapi.Map})
	return textsOf(out, "Regions"), err
}

// cloned is a copy of an object whose members can be changed.
func cloned(n awsapi.Node) awsapi.Node {
	n.Members = slices.Clone(n.Members)
	return n
}

func (s *server) arn(kind, path, name string) string {
	return "arn:aws:iam::" + s.account + ":" + kind + path + name
}

// policyARN is the ARN of a managed policy, which a file may call by its name.
func (s *server) policyARN(name string) string { return s.entityARN("policy", name) }

// roleARN is the ARN of a role, which a file may call by its name.
func (s *server) roleARN(name string) string { return s.entityARN("role", name) }

func (s *server) entityARN(kind, name string) string {
	if name == "" || strings.HasPrefix(name, "arn:") {
		return name
	}
	return s.arn(kind, "/", name)
}

// shortName is how a file may call what has an ARN: by its name where its path is /.
func (s *server) shortName(kind, arn string) string {
	if name, ok := strings.CutPrefix(arn, s.arn(kind, "/", "")); ok && name != "" && !strings.Contains(name, "/") {
		return name
	}
	return arn
}

// providerARN is the ARN of an OpenID Connect provider by its URL.
func (s *server) providerARN(issuer string) string {
	_, name, ok := strings.Cut(issuer, "://")
	if !ok {
		return issuer
	}
	return s.arn("oidc-provider", "/", name)
}
