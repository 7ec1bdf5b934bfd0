package iam

import (
	"cmp"
	"context"
	"strings"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// What the operations are about ("Actions, resources, and condition keys for AWS
// Identity and Access Management" in the Service Authorization Reference). An
// input that names a user or role by its name alone is about the ARN with its
// path, and a refusal calls it by the name or ARN that the caller gave, as AWS
// does: what is found is for those who may see it. What is not there is about the
// ARN as it was named. An operation that makes an entity is not about another of
// that name, which will stand in its way, and a listing is about the prefix of a
// path.

// The condition keys of what an operation is about.
const (
	keyTags     = "aws:ResourceTag/${TagKey}"
	keyIAMTags  = "iam:ResourceTag/${TagKey}"
	keyBoundary = "iam:PermissionsBoundary"
	keyPolicy   = "iam:PolicyARN"
)

// What operations are about that is there, or should be.
var (
	aRole          = awsapi.On("role", namedRole, "RoleName")
	aUser          = awsapi.On("user", namedUser, "UserName")
	aPolicy        = awsapi.OnARN("managed policy", "PolicyArn")
	anOIDCProvider = awsapi.OnARN("OpenID Connect provider", "OpenIDConnectProviderArn")
	aSAMLProvider  = awsapi.OnARN("SAML provider", "SAMLProviderArn")
)

// about is a subject with what it is stored with.
func (s *Service) about(subject awsapi.Subject) awsapi.Subject {
	return subject.Found(s.find, keyTags, keyIAMTags)
}

// aboutRightsOf is about a user or role who gets rights or loses some: then the
// boundary within which that happens is a condition key. Setting a boundary is
// about the new one.
func (s *Service) aboutRightsOf(subject awsapi.Subject) awsapi.Subject {
	return subject.Found(s.findWithBoundary, keyTags, keyIAMTags, keyBoundary)
}

// aboutKeyOwner is about the user who has an access key; about nothing if nobody
// has it.
func (s *Service) aboutKeyOwner() awsapi.Subject {
	subject := awsapi.OnNothing("AccessKeyId").Found(s.findKeyOwner, keyTags, keyIAMTags)
	subject.Resource = "user who has the access key"
	return subject
}

// aboutPrincipal is about a user or role that is named by its ARN, and called by
// it.
func (s *Service) aboutPrincipal(member string) awsapi.Subject {
	return s.about(awsapi.OnARN("user or role", member)).
		Found(func(_ context.Context, _ awsapi.Caller, r *awsapi.Resource, _ map[string][]string, members ...string) error {
			r.Name = members[0]
			return nil
		})
}

// aboutNew is about an entity that the operation makes.
func aboutNew(kind string, arn func(c awsapi.Caller, members ...string) string, members ...string) awsapi.Subject {
	return awsapi.On(kind, arn, members...).Tags("Tags")
}

// aboutTagsOfRole is about a role whose tags the operation sets or removes, some of
// which need an action of their own.
func aboutTagsOfRole(subject awsapi.Subject) awsapi.Subject { return subject.ForTags(roleTagActions) }

// aboutAll is about the entities of a kind whose path begins with a prefix.
func aboutAll(kind, resource string) awsapi.Subject {
	return awsapi.On(kind, func(c awsapi.Caller, members ...string) string {
		return "arn:aws:iam::" + c.Account + ":" + resource + "/" + strings.TrimPrefix(members[0], "/")
	}, "PathPrefix")
}

// The ARNs that members name. Where an input does not tell the path of a user or
// role, the name stands alone, and find looks for it.

func namedRole(c awsapi.Caller, members ...string) string {
	return string(roleARN(c.Account, "/", RoleNameType(members[0])))
}

// namedUser is the caller where no user is named.
func namedUser(c awsapi.Caller, members ...string) string {
	if members[0] != "" {
		return string(userARN(c.Account, "/", UserNameType(members[0])))
	}
	return cmp.Or(c.PrincipalARN, c.ARN)
}

func newRole(c awsapi.Caller, members ...string) string {
	return string(roleARN(c.Account, PathType(cmp.Or(members[0], "/")), RoleNameType(members[1])))
}

func newUser(c awsapi.Caller, members ...string) string {
	return string(userARN(c.Account, PathType(cmp.Or(members[0], "/")), UserNameType(members[1])))
}

func newPolicy(c awsapi.Caller, members ...string) string {
	return string(policyARN(c.Account, PolicyPathType(cmp.Or(members[0], "/")), PolicyNameType(members[1])))
}

func newOIDCProvider(c awsapi.Caller, members ...string) string {
	_, name, _ := strings.Cut(members[0], "://")
	return "arn:aws:iam::" + c.Account + ":" + providerResource + name
}

func newSAMLProvider(c awsapi.Caller, members ...string) string {
	return string(samlProviderARN(c.Account, SAMLProviderNameType(members[0])))
}

func allOIDCProviders(c awsapi.Caller, _ ...string) string {
	return "arn:aws:iam::" + c.Account + ":" + providerResource + "*"
}

func allSAMLProviders(c awsapi.Caller, _ ...string) string {
	return string(samlProviderARN(c.Account, "*"))
}

// find looks for the entity that an operation is about, and adds its tags.
func (s *Service) find(ctx context.Context, c awsapi.Caller, r *awsapi.Resource, facts map[string][]string, _ ...string) error {
	_, err := s.findEntity(ctx, c, r, facts)
	return err
}

// findWithBoundary is find for operations to which the boundary of the user or
// role matters.
func (s *Service) findWithBoundary(ctx context.Context, c awsapi.Caller, r *awsapi.Resource, facts map[string][]string, _ ...string) error {
	there, err := s.findEntity(ctx, c, r, facts)
	if there != nil {
		setIfAny(facts, "iam:permissionsboundary", string(there.boundary))
	}
	return err
}

func (s *Service) findEntity(ctx context.Context, c awsapi.Caller, r *awsapi.Resource, facts map[string][]string) (there *found, err error) {
	r.Name = cmp.Or(shownName(r.ARN), r.ARN)
	err = s.Store.View(ctx, func(tx Tx) error {
		there, err = findMeant(tx, c, r.ARN)
		return err
	})
	if there != nil {
		r.ARN = there.arn
		there.setTags(facts)
	}
	return there, err
}

// findKeyOwner looks for the user who has an access key.
func (s *Service) findKeyOwner(ctx context.Context, _ awsapi.Caller, r *awsapi.Resource, facts map[string][]string, members ...string) error {
	var owner *UserEntity
	err := s.Store.View(ctx, func(tx Tx) (err error) {
		_, owner, _, err = findKey(tx, AccessKeyIdType(members[0]))
		return err
	})
	r.Name = r.ARN
	if owner != nil {
		r.ARN = string(owner.Arn)
		(&found{tags: owner.Tags}).setTags(facts)
	}
	return err
}

// findMeant finds the entity that a caller means by an ARN; nil if it is not
// there. Callers mean themselves by their own, whatever they are called by now.
func findMeant(tx Tx, c awsapi.Caller, named string) (*found, error) {
	if named == c.PrincipalARN && isUser(named) {
		user, ok, err := tx.UserByID(IdType(c.PrincipalID))
		if err != nil {
			return nil, err
		}
		if ok {
			named = string(user.Arn)
		}
	}
	there, ok, err := findResource(tx, c, named)
	if err != nil || !ok {
		return nil, err
	}
	return &there, nil
}

// SetResourceTags adds the condition keys of the tags of what an ARN names, for
// operations of other services that are about it.
func (s *Service) SetResourceTags(ctx context.Context, c awsapi.Caller, arn string, facts policy.Context) error {
	var there found
	var ok bool
	err := s.Store.View(ctx, func(tx Tx) (err error) {
		there, ok, err = findResource(tx, c, arn)
		return err
	})
	if err == nil && ok {
		there.setTags(facts)
	}
	return err
}

// found is an entity that an operation is about.
type found struct {
	arn  string
	tags TagListType
	// boundary is the permissions boundary of a user or role; empty if it has none.
	boundary ArnType
}

func (f *found) setTags(facts policy.Context) {
	setTags(facts, "aws:resourcetag/", f.tags)
	setTags(facts, "iam:resourcetag/", f.tags)
}

// findResource finds the entity that an ARN names. A user or role that is named
// without a path is found by its name.
func findResource(tx Tx, c awsapi.Caller, named string) (there found, ok bool, err error) {
	a, err := arn.Parse(named)
	if err != nil || a.Service != "iam" || a.Account != c.Account {
		return found{}, false, nil
	}
	kind, name, _ := strings.Cut(a.Resource, "/")
	switch kind {
	case userResource:
		user, ok, err := tx.User(c.Account, UserNameType(lastSegment(name)))
		if err != nil || !ok || strings.Contains(name, "/") && string(user.Arn) != named {
			return found{}, false, err
		}
		return found{string(user.Arn), user.Tags, user.PermissionsBoundary.policy()}, true, nil
	case policyResource:
		p, ok, err := tx.Policy(ArnType(named))
		if err != nil || !ok {
			return found{}, false, err
		}
		return found{arn: named, tags: p.Tags}, true, nil
	case roleResource:
		role, ok, err := tx.Role(c.Account, lastSegment(name))
		if err != nil || !ok || strings.Contains(name, "/") && string(role.Arn) != named {
			return found{}, false, err
		}
		return found{string(role.Arn), role.Tags, role.PermissionsBoundary.policy()}, true, nil
	case "oidc-provider":
		p, ok, err := tx.OIDCProvider(ArnType(named))
		if err != nil || !ok {
			return found{}, false, err
		}
		return found{arn: named, tags: p.Tags}, true, nil
	case "saml-provider":
		p, ok, err := tx.SAMLProvider(ArnType(named))
		if err != nil || !ok {
			return found{}, false, err
		}
		return found{arn: named, tags: p.Tags}, true, nil
	}
	return found{}, false, nil
}

// shownName is what AWS calls a user or role that was named without its path: role
// and the name; and a managed policy: policy and its ARN. Others are called by their
// ARN.
func shownName(named string) string {
	a, err := arn.Parse(named)
	if err != nil {
		return ""
	}
	kind, name, _ := strings.Cut(a.Resource, "/")
	if kind == policyResource {
		return kind + " " + named
	}
	if kind != roleResource && kind != userResource || name == "" || strings.Contains(name, "/") {
		return ""
	}
	return kind + " " + name
}
