package iam

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/policy"
)

// A trust policy that names a user or a role means the one who has the name when
// the policy is stored, not whoever has it later ("AWS JSON policy elements:
// Principal" in the IAM User Guide: IAM keeps the unique ID). Whoever is deleted
// and made again is a stranger; a user who is given another name is not.

// findPrincipals finds the AWS principals that a trust policy names: the account
// itself, its users, its roles and their sessions. Its answer is the unique IDs
// of the users and roles. Terraform waits and tries again on the refusal, since a
// principal may be on its way.
func findPrincipals(tx Tx, account string, trust *policy.Document) (map[string]IdType, error) {
	var found map[string]IdType
	for _, p := range trust.Principals() {
		if p.Type != policy.PrincipalAWS || p.Value == "*" || p.Value == account || p.Value == rootARN(account) {
			continue
		}
		id, ok, err := principalID(tx, account, p.Value)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, invalidPrincipal(p)
		}
		if found == nil {
			found = map[string]IdType{}
		}
		found[p.Value] = id
	}
	return found, nil
}

// principalID finds the unique ID of the user or role that has a name now, or of
// the role that a session's name is about.
func principalID(tx Tx, account, principal string) (IdType, bool, error) {
	a, err := arn.Parse(principal)
	if err != nil || a.Partition != "aws" || a.Account != account {
		return "", false, nil
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch {
	case a.Service == "iam" && kind == userResource:
		user, ok, err := tx.User(account, UserNameType(lastSegment(rest)))
		if err != nil || !ok || string(user.Arn) != principal {
			return "", false, err
		}
		return user.UserId, true, nil
	case a.Service == "iam" && kind == roleResource:
		role, ok, err := tx.Role(account, lastSegment(rest))
		if err != nil || !ok || string(role.Arn) != principal {
			return "", false, err
		}
		return role.RoleId, true, nil
	case a.Service == "sts" && kind == "assumed-role":
		name, _, _ := strings.Cut(rest, "/")
		role, ok, err := tx.Role(account, RoleNameType(name))
		if err != nil || !ok || string(role.RoleName) != name {
			return "", false, err
		}
		return role.RoleId, true, nil
	}
	return "", false, nil
}

// sessionName is what the name of a role's session looks like (RoleSessionName of
// AssumeRole).
var sessionName = regexp.MustCompile(`\A[\w+=,.@-]{2,64}\z`)

// MissingPrincipals finds which AWS principals, as a policy of a resource names
// them, are nobody: neither the account, nor one of its users and roles as they are
// called now, nor a session that one of its roles can have.
func (s *Service) MissingPrincipals(ctx context.Context, principals []string) (missing []string, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		missing = nil
		for _, p := range principals {
			ok, err := s.isPrincipal(tx, p)
			if err != nil {
				return err
			}
			if !ok {
				missing = append(missing, p)
			}
		}
		return nil
	})
	return missing, err
}

func (s *Service) isPrincipal(tx Tx, principal string) (bool, error) {
	if principal == s.Account || principal == rootARN(s.Account) {
		return true, nil
	}
	if rest, isSession := strings.CutPrefix(principal, "arn:aws:sts::"+s.Account+":assumed-role/"); isSession {
		if _, name, _ := strings.Cut(rest, "/"); !sessionName.MatchString(name) {
			return false, nil
		}
	} else if !strings.HasPrefix(principal, "arn:aws:iam::"+s.Account+":") {
		return false, nil
	}
	_, ok, err := principalID(tx, s.Account, principal)
	return ok, err
}

// NamesOf are the names by which the role's trust policy knows a caller of these
// ARNs whose user or role has this unique ID. A name that meant somebody else
// when the policy was stored is none of them; one that meant the caller is,
// though the caller has another now.
func (r *RoleEntity) NamesOf(arns []string, id string) []string {
	if len(r.Principals) == 0 {
		return arns
	}
	names := make([]string, 0, len(arns)+1)
	for _, name := range arns {
		if meant, known := r.Principals[name]; !known || string(meant) == id {
			names = append(names, name)
		}
	}
	for name, meant := range r.Principals {
		if string(meant) == id && isUser(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// withCurrentNames is the role with a trust policy that calls users and roles by
// the names that they have now, and those who are gone by their unique IDs, as
// AWS shows it.
func withCurrentNames(tx Tx, role *RoleEntity) (*RoleEntity, error) {
	changed := map[string]string{}
	for name, id := range role.Principals {
		current, err := currentName(tx, role.Account, name, id)
		if err != nil {
			return nil, err
		}
		if current != name {
			changed[name] = current
		}
	}
	if len(changed) == 0 {
		return role, nil
	}
	return role.with(func(r *Role) {
		r.AssumeRolePolicyDocument = PolicyDocumentType(renamePrincipals(string(r.AssumeRolePolicyDocument), changed))
	}), nil
}

// currentName is the name that whoever a principal meant has now. Of a session of
// a role that is gone, the name of the session stays.
func currentName(tx Tx, account, name string, id IdType) (string, error) {
	if isUser(name) {
		user, ok, err := tx.UserByID(id)
		if err != nil || !ok {
			return string(id), err
		}
		return string(user.Arn), nil
	}
	now, ok, err := principalID(tx, account, name)
	if err != nil || ok && now == id {
		return name, err
	}
	if _, session, isSession := strings.Cut(strings.TrimPrefix(name, "arn:aws:sts::"+account+":assumed-role/"), "/"); isSession && !strings.HasPrefix(name, "arn:aws:iam:") {
		return string(id) + ":" + session, nil
	}
	return string(id), nil
}

// renamePrincipals writes other names for AWS principals of a trust policy. All
// else stays as it is, byte for byte.
func renamePrincipals(document string, names map[string]string) string {
	var out bytes.Buffer
	dec := jsontext.NewDecoder(strings.NewReader(document))
	copied := 0
	for {
		kind := dec.PeekKind()
		if kind != '"' {
			if _, err := dec.ReadToken(); err != nil {
				break // the end: the document is one that was parsed before
			}
			continue
		}
		literal, err := dec.ReadValue()
		if err != nil {
			break
		}
		text, err := jsontext.AppendUnquote(nil, literal)
		current, renamed := names[string(text)]
		if err != nil || !renamed || !isPrincipalAWS(string(dec.StackPointer())) {
			continue
		}
		end := int(dec.InputOffset())
		out.WriteString(document[copied : end-len(literal)])
		quoted, err := jsontext.AppendQuote(nil, current)
		if err != nil {
			return document
		}
		out.Write(quoted)
		copied = end
	}
	out.WriteString(document[copied:])
	return out.String()
}

// isPrincipalAWS says whether a JSON pointer is into the element Principal of a
// statement and its member AWS.
func isPrincipalAWS(pointer string) bool {
	rest, ok := strings.CutPrefix(pointer, "/Statement/")
	if !ok {
		return false
	}
	rest = strings.TrimLeft(rest, "0123456789")
	rest = strings.TrimPrefix(rest, "/")
	rest, ok = strings.CutPrefix(rest, "Principal/AWS")
	return ok && strings.Trim(rest, "/0123456789") == ""
}
