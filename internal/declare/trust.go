package declare

import (
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// IAM stores a trust policy only if the users and roles that it names are there. So users
// come first, and a role after those that it trusts. Where roles trust each other, or
// themselves, one has to be made before: it trusts nobody until the others are there.

// trustsNobody is the trust policy of such a role.
const trustsNobody = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`

// principals calls a function with each AWS principal that a policy names, and puts what
// it answers in its place.
func principals(policy string, change func(string) string) string {
	n, err := awsapi.ParseJSON([]byte(policy))
	if err != nil {
		return policy
	}
	statements := n.Member("Statement")
	if statements == nil {
		return policy
	}
	all := statements.List
	if statements.Kind == awsapi.Map {
		all = []awsapi.Node{*statements}
	}
	changed := false
	visit := func(n *awsapi.Node) {
		if n.Kind == awsapi.Text {
			if to := change(n.Text); to != n.Text {
				n.Text, changed = to, true
			}
		}
	}
	for _, s := range all {
		for _, member := range []string{"Principal", "NotPrincipal"} {
			m := s.Member(member)
			if m == nil {
				continue
			}
			if aws := m.Member("AWS"); aws != nil {
				visit(aws)
				for i := range aws.List {
					visit(&aws.List[i])
				}
			}
		}
	}
	if !changed {
		return policy
	}
	return string(n.AppendJSON(nil))
}

// principalOf is the kind, Role or User, and the name of the user or role of an account
// that a principal is, or is a session of; empty for everybody else.
func principalOf(principal, account string) (kind, name string) {
	if rest, ok := strings.CutPrefix(principal, "arn:aws:sts::"+account+":assumed-role/"); ok {
		name, _, _ = strings.Cut(rest, "/")
		return "Role", name
	}
	rest, ok := strings.CutPrefix(principal, "arn:aws:iam::"+account+":")
	if !ok {
		return "", ""
	}
	what, path, _ := strings.Cut(rest, "/")
	name = path[strings.LastIndex(path, "/")+1:]
	switch what {
	case "role":
		return "Role", name
	case "user":
		return "User", name
	}
	return "", ""
}

// rolesInOrder are the roles in an order in which they can be made, and those of them
// that come before one that they trust.
func (f *File) rolesInOrder(account string) (order []*principal, before map[*principal]bool) {
	byName := map[string]*principal{}
	for _, r := range f.roles {
		byName[r.name] = r
	}
	const doing, done = 1, 2
	state := map[*principal]int{}
	before = map[*principal]bool{}
	var visit func(*principal)
	visit = func(r *principal) {
		state[r] = doing
		principals(word(r.in, trustMember), func(p string) string {
			kind, name := principalOf(p, account)
			if trusted := byName[name]; kind == "Role" && trusted != nil {
				switch state[trusted] {
				case doing:
					before[r] = true
				case 0:
					visit(trusted)
				}
			}
			return p
		})
		state[r] = done
		order = append(order, r)
	}
	for _, r := range f.roles {
		if state[r] == 0 {
			visit(r)
		}
	}
	return order, before
}

// withStrangers is a trust policy in which the account stands for its users and roles
// that the file does not have.
func (f *File) withStrangers(policy, account string) string {
	has := map[string]bool{}
	for _, e := range f.roles {
		has["Role "+e.name] = true
	}
	for _, e := range f.users {
		has["User "+e.name] = true
	}
	return principals(policy, func(p string) string {
		if kind, name := principalOf(p, account); kind != "" && !has[kind+" "+name] {
			return account
		}
		return p
	})
}
