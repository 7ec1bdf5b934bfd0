package sts_test

import (
	"context"
	"encoding/xml"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/sts"
)

const target = "arn:aws:iam::111122223333:role/service-role/Target"

// workerARN is the session that assumes roles in these tests.
const workerARN = "arn:aws:sts::111122223333:assumed-role/Worker/w1"

// newWorker makes a role with a policy, or none, and gives a session of it.
func (h *house) newWorker(document string, change ...func(*awsapi.Caller)) awsapi.Caller {
	h.t.Helper()
	h.createRole("Worker", trust("cognito-identity.amazonaws.com", assume, usual))
	if document != "" {
		h.putPolicy("Worker", document)
	}
	role, _, err := h.iam.Role(h.ctx, account, "Worker")
	if err != nil {
		h.t.Fatal(err)
	}
	c := awsapi.Caller{
		Account: account, ARN: workerARN, UserID: string(role.RoleId) + ":w1",
		PrincipalARN: string(role.Arn), PrincipalID: string(role.RoleId),
		Session: &awsapi.Session{Name: "w1", Issued: h.now},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func (h *house) putPolicy(role, document string) {
	h.t.Helper()
	in := &iam.PutRolePolicyRequest{RoleName: iam.RoleNameType(role), PolicyName: "p", PolicyDocument: iam.PolicyDocumentType(document)}
	if _, err := h.iam.PutRolePolicy(h.ctx, root, in); err != nil {
		h.t.Fatal(err)
	}
}

// call sends an operation of STS, parameters as name and value in turn.
func (h *house) call(c awsapi.Caller, action string, parameters ...string) awsapi.Answer {
	h.t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2011-06-15"}}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	c.Request = h.request
	return wiretest.Do(h.ctx, sts.Operations(h.sts).Compile(), c, form.Encode())
}

func (h *house) assumeRole(c awsapi.Caller, role string, parameters ...string) awsapi.Answer {
	h.t.Helper()
	return h.call(c, "AssumeRole", append([]string{"RoleArn", role, "RoleSessionName", "t1"}, parameters...)...)
}

type credentials struct {
	SessionToken, SecretAccessKey, AccessKeyId string
	Expiration                                 time.Time
}

type assumedRole struct {
	Credentials      credentials `xml:"AssumeRoleResult>Credentials"`
	Arn              string      `xml:"AssumeRoleResult>AssumedRoleUser>Arn"`
	PackedPolicySize string      `xml:"AssumeRoleResult>PackedPolicySize"`
	SourceIdentity   string      `xml:"AssumeRoleResult>SourceIdentity"`
}

// caller opens the session of credentials.
func (h *house) caller(c credentials) awsapi.Caller {
	h.t.Helper()
	caller, _, _, err := h.sts.Session(h.ctx, c.AccessKeyId, c.SessionToken)
	if err != nil {
		h.t.Fatal(err)
	}
	return caller
}

func (h *house) mustAssumeRole(c awsapi.Caller, role string, parameters ...string) assumedRole {
	h.t.Helper()
	a := h.assumeRole(c, role, parameters...)
	if a.Status != 200 {
		h.t.Fatalf("AssumeRole: %d %s", a.Status, a.Body)
	}
	var out assumedRole
	if err := xml.Unmarshal(a.Body, &out); err != nil {
		h.t.Fatal(err)
	}
	return out
}

// trusts is a trust policy of one statement for principals of type AWS.
func trusts(principal, actions, conditions string) string {
	return `{"Version":"2012-10-17","Statement":[` + trusting("Allow", principal, actions, conditions) + `]}`
}

func trusting(effect, principal, actions, conditions string) string {
	return `{"Effect":"` + effect + `","Principal":{"AWS":"` + principal + `"},"Action":` + actions + `,"Condition":` + conditions + `}`
}

const (
	plain      = `"sts:AssumeRole"`
	everything = `["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`
	workerRole = "arn:aws:iam::111122223333:role/service-role/Worker"

	mayAssume     = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"` + target + `"}}`
	mayAll        = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}`
	mayNotAssume  = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}}`
	mayAssumeElse = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/Else"}}`
)

func limited(document string) func(*awsapi.Caller) {
	return func(c *awsapi.Caller) { c.Session.Policies = []string{document} }
}

func withSourceIdentity(s string) func(*awsapi.Caller) {
	return func(c *awsapi.Caller) { c.Session.SourceIdentity = s }
}

func withTags(tags ...awsapi.SessionTag) func(*awsapi.Caller) {
	return func(c *awsapi.Caller) { c.Session.Tags = tags }
}

// refusedFor is AWS's sentence for the worker.
func refusedFor(action string) refusal {
	return refusal{403, "AccessDenied", "User: " + workerARN + " is not authorized to perform: " + action + " on resource: " + target}
}

// Who may assume a role: the trust policy decides, and where it leaves it to the
// account, the caller's own policies do.
func TestAssumeRole(t *testing.T) {
	tests := []struct {
		name   string
		trust  string
		own    string
		change func(*awsapi.Caller)
		in     []string
		cause  awsapi.Cause // empty if the role may be assumed
		action string       // of the refusal, if not sts:AssumeRole
	}{
		{"trusted by name of the role", trusts(workerRole, plain, `{}`), "", nil, nil, "", ""},
		{"trusted by name of the session", trusts(workerARN, plain, `{}`), "", nil, nil, "", ""},
		{"another session trusted", trusts("arn:aws:sts::111122223333:assumed-role/Worker/w2", plain, `{}`), mayAll, nil, nil, "trust-principal", ""},
		{"everybody trusted", trusts("*", plain, `{}`), "", nil, nil, "", ""},
		{"another trusted", trusts("arn:aws:iam::111122223333:role/service-role/Other", plain, `{}`), mayAll, nil, nil, "trust-principal", ""},
		{"account trusted, own policy allows", trusts(account, plain, `{}`), mayAssume, nil, nil, "", ""},
		{"account's root trusted, own policy allows", trusts("arn:aws:iam::111122223333:root", plain, `{}`), mayAssume, nil, nil, "", ""},
		{"account trusted, no own policy", trusts(account, plain, `{}`), "", nil, nil, "caller-refused", ""},
		{"account trusted, own policy for another role", trusts(account, plain, `{}`), mayAssumeElse, nil, nil, "caller-refused", ""},
		{"account trusted, own policy denies", trusts(account, plain, `{}`), mayNotAssume, nil, nil, "caller-denied", ""},
		{"trusted by name, own policy denies", trusts(workerRole, plain, `{}`), mayNotAssume, nil, nil, "caller-denied", ""},
		{"trusted by name, session policy does not allow", trusts(workerRole, plain, `{}`), mayAll, limited(mayAssumeElse), nil, "caller-denied", ""},
		{"trusted by name, session policy allows", trusts(workerRole, plain, `{}`), "", limited(mayAssume), nil, "", ""},
		{"account trusted, session policy does not allow", trusts(account, plain, `{}`), mayAll, limited(mayAssumeElse), nil, "caller-denied", ""},
		{"trust denies", `{"Version":"2012-10-17","Statement":[` + trusting("Allow", workerRole, plain, `{}`) + `,` + trusting("Deny", "*", plain, `{}`) + `]}`, mayAll, nil, nil, "trust-denied", ""},
		{"trust for federated users only", trust("cognito-identity.amazonaws.com", assume, usual), mayAll, nil, nil, "trust-principal", ""},
		{"role of the caller was made anew", trusts(workerRole, plain, `{}`), mayAll, func(c *awsapi.Caller) { c.PrincipalID = "AROAOTHER" }, nil, "caller-gone", ""},

		{"external ID", trusts(workerRole, plain, `{"StringEquals":{"sts:ExternalId":"x-1"}}`), "", nil, []string{"ExternalId", "x-1"}, "", ""},
		{"another external ID", trusts(workerRole, plain, `{"StringEquals":{"sts:ExternalId":"x-1"}}`), mayAll, nil, []string{"ExternalId", "x-2"}, "trust-condition", ""},
		{"no external ID", trusts(workerRole, plain, `{"StringEquals":{"sts:ExternalId":"x-1"}}`), mayAll, nil, nil, "trust-condition", ""},
		{"external ID with a wildcard", trusts(workerRole, plain, `{"StringEquals":{"sts:ExternalId":"x-1"}}`), mayAll, nil, []string{"ExternalId", "x-@"}, "trust-condition", ""},
		{"MFA demanded", trusts(workerRole, plain, `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), mayAll, nil, nil, "trust-condition", ""},
		{"session name", trusts(workerRole, plain, `{"StringEquals":{"sts:RoleSessionName":"t1"}}`), "", nil, nil, "", ""},
		{"tag of the caller", trusts(account, plain, `{"StringEquals":{"aws:PrincipalTag/Team":"red"}}`), mayAssume, withTags(awsapi.SessionTag{Key: "team", Value: "red"}), nil, "", ""},
		{"another tag of the caller", trusts(account, plain, `{"StringEquals":{"aws:PrincipalTag/Team":"red"}}`), mayAssume, withTags(awsapi.SessionTag{Key: "team", Value: "*"}), nil, "trust-condition", ""},
		{"principal", trusts(account, plain, `{"ArnEquals":{"aws:PrincipalArn":"`+workerRole+`"},"StringEquals":{"aws:PrincipalType":"AssumedRole"}}`), mayAssume, nil, nil, "", ""},

		{"tags", trusts(workerRole, everything, `{"StringEquals":{"aws:RequestTag/team":"red"}}`), "", nil, []string{"Tags.member.1.Key", "team", "Tags.member.1.Value", "red"}, "", ""},
		{"tags without TagSession", trusts(workerRole, plain, `{}`), mayAll, nil, []string{"Tags.member.1.Key", "team", "Tags.member.1.Value", "red"}, "tag-session-refused", "sts:TagSession"},
		{"account trusted, tags, own policy without TagSession", trusts(account, everything, `{}`), mayAssume, nil, []string{"Tags.member.1.Key", "team", "Tags.member.1.Value", "red"}, "caller-refused", "sts:TagSession"},
		{"inherited tags", trusts(workerRole, everything, `{"StringEquals":{"aws:RequestTag/team":"red"},"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":"team"}}`), "", withTags(awsapi.SessionTag{Key: "team", Value: "red", Transitive: true}), nil, "", ""},
		{"inherited tags without TagSession", trusts(workerRole, plain, `{}`), mayAll, withTags(awsapi.SessionTag{Key: "team", Value: "red", Transitive: true}), nil, "tag-session-refused", "sts:TagSession"},
		{"tags that are not inherited", trusts(workerRole, plain, `{"Null":{"aws:TagKeys":"true"}}`), "", withTags(awsapi.SessionTag{Key: "team", Value: "red"}), nil, "", ""},

		{"source identity", trusts(workerRole, everything, `{"StringEquals":{"sts:SourceIdentity":"anna"}}`), "", nil, []string{"SourceIdentity", "anna"}, "", ""},
		{"source identity without SetSourceIdentity", trusts(workerRole, plain, `{}`), mayAll, nil, []string{"SourceIdentity", "anna"}, "source-identity-refused", "sts:SetSourceIdentity"},
		{"inherited source identity", trusts(workerRole, everything, `{"StringEquals":{"sts:SourceIdentity":"anna","aws:SourceIdentity":"anna"}}`), "", withSourceIdentity("anna"), nil, "", ""},
		{"inherited source identity said again", trusts(workerRole, everything, `{}`), "", withSourceIdentity("anna"), []string{"SourceIdentity", "anna"}, "", ""},
		{"inherited source identity without SetSourceIdentity", trusts(workerRole, plain, `{}`), mayAll, withSourceIdentity("anna"), nil, "source-identity-refused", "sts:SetSourceIdentity"},
		{"source identity replaced", trusts(workerRole, everything, `{}`), mayAll, withSourceIdentity("anna"), []string{"SourceIdentity", "ben"}, "source-identity-fixed", "sts:SetSourceIdentity"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.createRole("Other", trust("cognito-identity.amazonaws.com", assume, usual))
			var change []func(*awsapi.Caller)
			if test.change != nil {
				change = append(change, test.change)
			}
			c := h.newWorker(test.own, change...)
			h.createRole("Target", test.trust)
			if test.cause == "" {
				h.mustAssumeRole(c, target, test.in...)
				return
			}
			action := test.action
			if action == "" {
				action = "sts:AssumeRole"
			}
			h.wantRefused(h.assumeRole(c, target, test.in...), refusedFor(action))
			h.wantCauseOf(test.cause, c, test.in...)
		})
	}
}

// A permissions boundary stops callers whom a trust policy names by account or role,
// or who are one of everybody. It does not stop a user or a session that is named
// itself, unless it denies; session policies do.
func TestAssumeRoleBeyondABoundary(t *testing.T) {
	const (
		elsewhere = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
		denies    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"sts:Assume*","Resource":"*"}]}`
		annARN    = "arn:aws:iam::111122223333:user/ann"
		isWorker  = `{"ArnEquals":{"aws:PrincipalArn":"` + workerRole + `"}}`
		isAnn     = `{"StringLike":{"AWS:PrincipalARN":"` + annARN + `"}}`
		tag       = "Tags.member.1.Key"
	)
	for _, test := range []struct {
		name     string
		boundary string
		trust    string
		user     bool // the caller is ann, not a session of Worker
		session  string
		in       []string
		cause    awsapi.Cause
	}{
		{"a session", elsewhere, trusts(workerARN, plain, `{}`), false, "", nil, ""},
		{"a session's role", elsewhere, trusts(workerRole, plain, `{}`), false, "", nil, "caller-denied"},
		{"a session's account", elsewhere, trusts(account, plain, `{}`), false, "", nil, "caller-denied"},
		{"everybody", elsewhere, trusts("*", plain, `{}`), false, "", nil, "caller-denied"},
		{"everybody with the role's ARN", elsewhere, trusts("*", plain, isWorker), false, "", nil, ""},
		{"the role, by its ARN twice", elsewhere, trusts(workerRole, plain, isWorker), false, "", nil, "caller-denied"},
		{"a session that the boundary denies", denies, trusts(workerARN, plain, `{}`), false, "", nil, "caller-denied"},
		{"everybody with the role's ARN, denied", denies, trusts("*", plain, isWorker), false, "", nil, "caller-denied"},
		{"a session that its session policy does not allow", mayAll, trusts(workerARN, plain, `{}`), false, mayAssumeElse, nil, "caller-denied"},
		{"a session that neither allows", elsewhere, trusts(workerARN, plain, `{}`), false, mayAssumeElse, nil, "caller-denied"},
		{"a session that its session policy allows", elsewhere, trusts(workerARN, plain, `{}`), false, mayAssume, nil, ""},
		{"a session with tags", elsewhere, trusts(workerARN, everything, `{}`), false, "", []string{tag, "team", "Tags.member.1.Value", "red"}, ""},
		{
			"a session, and its role for the tags", elsewhere,
			`{"Version":"2012-10-17","Statement":[` + trusting("Allow", workerARN, plain, `{}`) + `,` + trusting("Allow", workerRole, `"sts:TagSession"`, `{}`) + `]}`,
			false, "", []string{tag, "team", "Tags.member.1.Value", "red"}, "caller-denied",
		},
		{"a user", elsewhere, trusts(annARN, plain, `{}`), true, "", nil, ""},
		{"a user's account", elsewhere, trusts(account, plain, `{}`), true, "", nil, "caller-denied"},
		{"a user that the boundary denies", denies, trusts(annARN, plain, `{}`), true, "", nil, "caller-denied"},
		{"everybody with the user's ARN", elsewhere, trusts("*", plain, isAnn), true, "", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			boundary := iam.ArnType(h.createPolicy("boundary", test.boundary))
			c := h.newWorker(mayAll)
			user, err := h.iam.CreateUser(h.ctx, root, &iam.CreateUserRequest{UserName: "ann", PermissionsBoundary: boundary})
			if err != nil {
				t.Fatal(err)
			}
			if test.user {
				c = awsapi.Caller{Account: account, ARN: annARN, UserID: string(user.User.UserId), PrincipalARN: annARN, PrincipalID: string(user.User.UserId)}
			}
			if _, err := h.iam.PutRolePermissionsBoundary(h.ctx, root, &iam.PutRolePermissionsBoundaryRequest{RoleName: "Worker", PermissionsBoundary: boundary}); err != nil {
				t.Fatal(err)
			}
			if test.session != "" {
				limited(test.session)(&c)
			}
			h.createRole("Target", test.trust)
			if test.cause == "" {
				h.mustAssumeRole(c, target, test.in...)
				return
			}
			h.wantCauseOf(test.cause, c, test.in...)
		})
	}
}

// wantCauseOf looks at the cause of a refusal to assume the target.
func (h *house) wantCauseOf(want awsapi.Cause, c awsapi.Caller, parameters ...string) {
	h.t.Helper()
	in := &sts.AssumeRoleRequest{RoleArn: target, RoleSessionName: "t1"}
	for i := 0; i < len(parameters); i += 2 {
		switch value := parameters[i+1]; parameters[i] {
		case "ExternalId":
			in.ExternalId = sts.ExternalIdType(value)
		case "SourceIdentity":
			in.SourceIdentity = sts.SourceIdentityType(value)
		case "Tags.member.1.Key":
			in.Tags = sts.TagListType{{Key: sts.TagKeyType(value), Value: sts.TagValueType(parameters[i+3])}}
		}
	}
	_, err := h.sts.AssumeRole(h.ctx, wiretest.From(c), in)
	if e, ok := awsapi.AsError(err); !ok || e.Cause != want {
		h.t.Errorf("cause of %v, want %s", err, want)
	}
}

// A session of a role is not its own role: the trust policy must name it, which
// the name of the account does not.
func TestAssumeOwnRole(t *testing.T) {
	for principal, want := range map[string]awsapi.Cause{account: "own-role", target: "", "arn:aws:sts::111122223333:assumed-role/Target/t0": ""} {
		h := newHouse(t)
		h.createRole("Target", trusts(account, plain, `{}`))
		h.trustAnew("Target", trusts(principal, plain, `{}`))
		h.putPolicy("Target", mayAll)
		role, _, err := h.iam.Role(h.ctx, account, "Target")
		if err != nil {
			t.Fatal(err)
		}
		c := awsapi.Caller{
			Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/Target/t0", UserID: string(role.RoleId) + ":t0",
			PrincipalARN: target, PrincipalID: string(role.RoleId), Session: &awsapi.Session{Name: "t0"},
		}
		if want == "" {
			h.mustAssumeRole(c, target)
			continue
		}
		h.wantCauseOf(want, c)
	}
}

// A role that was made anew under a name that is trusted is another one, and so
// are its sessions.
func TestRoleMadeAnewIsNotTrusted(t *testing.T) {
	for _, principal := range []string{workerRole, workerARN} {
		h := newHouse(t)
		h.createRole("Worker", trusts("*", plain, `{}`))
		h.createRole("Target", trusts(principal, plain, `{}`))
		if _, err := h.iam.DeleteRole(h.ctx, root, &iam.DeleteRoleRequest{RoleName: "Worker"}); err != nil {
			t.Fatal(err)
		}
		h.wantCauseOf("trust-principal", h.newWorker(mayAll))
	}
}

// What no caller can be granted, and what requests get wrong.
func TestAssumeRoleRefuses(t *testing.T) {
	manyTags := []string{}
	for i := range 51 {
		n := string(rune('A'+i/26)) + string(rune('a'+i%26))
		manyTags = append(manyTags, "Tags.member."+strconv.Itoa(i+1)+".Key", n, "Tags.member."+strconv.Itoa(i+1)+".Value", "v")
	}
	sessionWith := func(key string) func(*awsapi.Caller) {
		return withTags(awsapi.SessionTag{Key: key, Value: "red", Transitive: true})
	}
	invalid := func(code, message string) refusal { return refusal{400, code, message} }
	const conflict = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
	tests := []struct {
		name   string
		role   string
		change func(*awsapi.Caller)
		in     []string
		want   refusal
	}{
		{"root", target, func(c *awsapi.Caller) { *c = root }, nil, refusal{403, "AccessDenied", "Roles may not be assumed by root accounts."}},
		{"no role", "arn:aws:iam::111122223333:role/service-role/Targe", nil, nil, refusal{403, "AccessDenied", "User: " + workerARN + " is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/service-role/Targe"}},
		{"role without its path", "arn:aws:iam::111122223333:role/Target", nil, nil, refusal{403, "AccessDenied", "User: " + workerARN + " is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/Target"}},
		{"role of another account", "arn:aws:iam::999988887777:role/service-role/Target", nil, nil, refusal{403, "AccessDenied", "User: " + workerARN + " is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::999988887777:role/service-role/Target"}},
		{"user", "arn:aws:iam::111122223333:user/Target", nil, nil, invalid("ValidationError", "arn:aws:iam::111122223333:user/Target is invalid")},
		{"not an ARN", "role/service-role/Target", nil, nil, invalid("ValidationError", "role/service-role/Target is invalid")},
		{"MFA device", target, nil, []string{"SerialNumber", "arn:aws:iam::111122223333:mfa/w", "TokenCode", "123456"}, refusal{403, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."}},
		{"MFA code alone", target, nil, []string{"TokenCode", "123456"}, refusal{403, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."}},
		{"provided context", target, nil, []string{"ProvidedContexts.member.1.ProviderArn", "arn:aws:iam::aws:contextProvider/IdentityCenter", "ProvidedContexts.member.1.ContextAssertion", "abcd"}, invalid("ValidationError", "ProvidedContexts is not supported by this version.")},
		{"tags twice", target, nil, []string{"Tags.member.1.Key", "team", "Tags.member.1.Value", "a", "Tags.member.2.Key", "Team", "Tags.member.2.Value", "a"}, invalid("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")},
		{"reserved tag", target, nil, []string{"Tags.member.1.Key", "aws:team", "Tags.member.1.Value", "a"}, invalid("InvalidParameterValue", "aws: prefixed tag key names are not allowed for external use.")},
		{"transitive tag that is none", target, nil, []string{"Tags.member.1.Key", "team", "Tags.member.1.Value", "a", "TransitiveTagKeys.member.1", "tea"}, invalid("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")},
		{"inherited tag again", target, sessionWith("team"), []string{"Tags.member.1.Key", "TEAM", "Tags.member.1.Value", "blue"}, invalid("InvalidParameterValue", conflict)},
		{"inherited tag again, transitive", target, sessionWith("team"), []string{"Tags.member.1.Key", "Team", "Tags.member.1.Value", "blue", "TransitiveTagKeys.member.1", "team"}, invalid("InvalidParameterValue", conflict)},
		{"inherited tag made transitive again", target, sessionWith("team"), []string{"TransitiveTagKeys.member.1", "team"}, invalid("InvalidParameterValue", conflict)},
		{"inherited tag beyond the fiftieth", target, sessionWith("team"), manyTags[:200], invalid("InvalidParameterValue", "A session can have at most 50 tags.")},
		{"policy that is none", target, nil, []string{"Policy", "{"}, invalid("MalformedPolicyDocument", "Syntax errors in policy.")},
		{"policy with an incomplete ARN", target, nil, []string{"Policy", strings.Replace(mayAssume, target, "arn:aws:iam", 1)}, invalid("MalformedPolicyDocument", "IAM resource arn:aws:iam cannot contain region information.")},
		{"policy with another incomplete ARN", target, nil, []string{"Policy", strings.Replace(mayAssume, target, "arn:aws:sqs", 1)}, invalid("MalformedPolicyDocument", "The policy failed legacy parsing")},
		{"policy too long", target, nil, []string{"Policy", strings.Repeat(" ", 2049)}, invalid("PackedPolicyTooLarge", "Packed policy consumes 101% of allotted space, please use smaller policy.")},
		{"longer than the role's sessions", target, func(c *awsapi.Caller) { c.Session.Name = "" }, []string{"DurationSeconds", "7201"}, invalid("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")},
		{"chain longer than an hour", target, nil, []string{"DurationSeconds", "3601"}, invalid("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")},
		{"too short", target, nil, []string{"DurationSeconds", "899"}, invalid("ValidationError", "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")},
		{"session name", target, nil, []string{"RoleSessionName", "Session1:2"}, invalid("ValidationError", `1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`)},
		{"tag with a wildcard", target, nil, []string{"Tags.member.1.Key", "team", "Tags.member.1.Value", "*"}, invalid("ValidationError", `1 validation error detected: Value '*' at 'tags.1.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*`)},
		{"51 tags", target, nil, manyTags, refusal{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.createRole("Target", trusts(account, everything, `{}`), twoHours)
			c := h.newWorker(mayAll)
			if test.change != nil {
				test.change(&c)
			}
			a := h.assumeRole(c, test.role, test.in...)
			if test.name == "51 tags" {
				if a.Status != 400 || !strings.Contains(string(a.Body), "at &#39;tags&#39; failed to satisfy constraint: Member must have length less than or equal to 50") {
					t.Errorf("%d %s", a.Status, a.Body)
				}
				return
			}
			h.wantRefused(a, test.want)
		})
	}
}

// Roles in a chain: tags that are transitive and the source identity stay, all
// else is left behind.
func TestRoleChaining(t *testing.T) {
	h := newHouse(t)
	c := h.newWorker(mayAll, func(c *awsapi.Caller) {
		c.Session.Provider = "cognito-identity.amazonaws.com"
		c.Session.Keys = map[string][]string{"cognito-identity.amazonaws.com:sub": {identity}}
	})
	h.createRole("First", trusts(workerRole, everything, `{"StringEquals":{"cognito-identity.amazonaws.com:sub":"`+identity+`"}}`))
	h.createRole("Second", trusts(h.role["First"], everything, `{"Null":{"cognito-identity.amazonaws.com:sub":"true","aws:FederatedProvider":"true"}}`))

	first := h.mustAssumeRole(c, h.role["First"], "SourceIdentity", "anna", "Tags.member.1.Key", "Team", "Tags.member.1.Value", "red",
		"Tags.member.2.Key", "stage", "Tags.member.2.Value", "test", "TransitiveTagKeys.member.1", "team", "Policy", mayAll)
	if first.SourceIdentity != "anna" || first.PackedPolicySize == "" || first.Arn != "arn:aws:sts::111122223333:assumed-role/First/t1" {
		t.Errorf("answer %+v", first)
	}
	second := h.mustAssumeRole(h.caller(first.Credentials), h.role["Second"], "DurationSeconds", "3600", "Tags.member.1.Key", "stage", "Tags.member.1.Value", "prod")
	role, _, err := h.iam.Role(h.ctx, account, "Second")
	if err != nil {
		t.Fatal(err)
	}
	want := awsapi.Caller{
		Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/Second/t1", UserID: string(role.RoleId) + ":t1",
		AccessKeyID: second.Credentials.AccessKeyId, PrincipalARN: h.role["Second"], PrincipalID: string(role.RoleId),
		Session: &awsapi.Session{
			Name: "t1", Issued: start.Truncate(time.Second), Expires: start.Truncate(time.Second).Add(time.Hour), SourceIdentity: "anna",
			Tags: []awsapi.SessionTag{{Key: "Team", Value: "red", Transitive: true}, {Key: "stage", Value: "prod"}},
		},
	}
	if diff := cmp.Diff(want, h.caller(second.Credentials), noOrigin); diff != "" {
		t.Error(diff)
	}
}

// indexed are revocations without a database: nothing has a number.
type indexed struct{ *revocation.Index }

func (x indexed) Voids(_ context.Context, b revocation.Bearer) (revocation.Void, bool, error) {
	void, is := x.Index.Voids(b.Marks()...)
	return void, is, nil
}

func (indexed) Change(context.Context) (int64, error) { return 0, nil }

func (indexed) Lost(context.Context, int64) error { return nil }

// What voids a session voids those that were made from it.
func TestRoleChainingRevoked(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	h.createRole("First", trusts(h.role["AppAuth"], plain, `{}`))
	h.createRole("Second", trusts(h.role["First"], plain, `{}`))
	base := h.mustAssume(h.token(), appAuth)
	h.now = h.now.Add(10 * time.Second)
	first := h.mustAssumeRole(h.caller(credentials{SessionToken: base.SessionToken, AccessKeyId: base.AccessKeyID}), h.role["First"])
	h.now = h.now.Add(10 * time.Second)
	second := h.mustAssumeRole(h.caller(first.Credentials), h.role["Second"])
	for _, target := range []revocation.Target{
		{Kind: revocation.Identity, Name: identity},
		{Kind: revocation.IdentityPool, Name: pool},
		{Kind: revocation.AccessKey, Name: base.AccessKeyID},
		{Kind: revocation.AccessKey, Name: first.Credentials.AccessKeyId},
		{Kind: revocation.Role, Name: appAuth},
		{Kind: revocation.Role, Name: h.role["Second"]},
	} {
		inForce := &revocation.Index{}
		h.sts.Revocations = indexed{inForce}
		h.caller(second.Credentials)
		inForce.Add(revocation.Revocation{Target: target, Before: h.now, Created: h.now})
		if _, _, _, err := h.sts.Session(h.ctx, second.Credentials.AccessKeyId, second.Credentials.SessionToken); causeOf(err) != "revoked-session" {
			t.Errorf("%+v: %v", target, err)
		}
	}
	// A revocation that is older than a session does not reach it, whatever it
	// was made from.
	inForce := &revocation.Index{}
	h.sts.Revocations = indexed{inForce}
	inForce.Add(revocation.Revocation{Target: revocation.Target{Kind: revocation.Role, Name: h.role["Second"]}, Before: h.now.Add(-time.Second), Created: h.now})
	h.caller(second.Credentials)
}

// Of a role that comes twice in a chain the older session counts.
func TestRoleTwiceInAChainRevoked(t *testing.T) {
	h := newHouse(t)
	c := h.newWorker("")
	h.createRole("Target", trusts("*", plain, `{}`))
	h.createRole("Last", trusts(target, plain, `{}`))
	older := h.mustAssumeRole(c, target)
	h.now = h.now.Add(10 * time.Second)
	newer := h.mustAssumeRole(h.caller(older.Credentials), target)
	h.now = h.now.Add(10 * time.Second)
	last := h.mustAssumeRole(h.caller(newer.Credentials), h.role["Last"])
	inForce := &revocation.Index{}
	h.sts.Revocations = indexed{inForce}
	inForce.Add(revocation.Revocation{Target: revocation.Target{Kind: revocation.Role, Name: target}, Before: start.Add(5 * time.Second), Created: h.now})
	for i, made := range []credentials{older.Credentials, newer.Credentials, last.Credentials} {
		if _, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken); causeOf(err) != "revoked-session" {
			t.Errorf("session %d of the chain: %v", i+1, err)
		}
	}
}

// Conditions see where a request comes from, and the log what came of it.
func TestAssumeRoleEvent(t *testing.T) {
	h := newHouse(t)
	c := h.newWorker("")
	h.createRole("Target", trusts(workerRole, plain, `{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`))
	h.request.SourceIP = "192.0.2.7"
	e := &audit.Event{}
	h.ctx = audit.NewContext(h.ctx, e)
	made := h.mustAssumeRole(c, target)
	var line strings.Builder
	if err := audit.Log(slog.New(slog.NewTextHandler(&line, nil))).Record(h.ctx, e); err != nil {
		t.Fatal(err)
	}
	if want := "role=" + target + " issued_key=" + made.Credentials.AccessKeyId; !strings.Contains(line.String(), want) {
		t.Errorf("no %s in %s", want, line.String())
	}
}

// What a trust policy says is recorded statement by statement, for a yes as for a
// no, and so is what the caller's own policies say.
func TestTrustIsRecorded(t *testing.T) {
	h := newHouse(t)
	c := h.newWorker("")
	h.createRole("Target", `{"Version":"2012-10-17","Statement":[`+trusting("Deny", "arn:aws:iam::111122223333:root", plain, `{"Null":{"sts:ExternalId":"false"}}`)+
		`,`+trusting("Allow", workerRole, plain, `{"StringEquals":{"sts:RoleSessionName":"t1"}}`)+`]}`)
	of := func(in ...string) decision.Decision {
		e := &audit.Event{}
		h.ctx = audit.NewContext(h.ctx, e)
		h.assumeRole(c, target, in...)
		return e.Decision()
	}
	deny := decision.Check{Statement: 1, Deny: true, Result: decision.ConditionUnmet, Keys: []string{"sts:externalid"}}
	allow := decision.Check{Statement: 2, Result: decision.Applies}
	yes := of()
	if diff := cmp.Diff([]*decision.Trust{{
		Outcome: decision.Allow, Action: "sts:AssumeRole", Role: target, Principal: yes.Trust[0].Principal, Checks: []decision.Check{deny, allow},
	}}, yes.Trust); diff != "" {
		t.Error(diff)
	}
	if len(yes.Policies) != 1 || yes.Policies[0].Action != "sts:AssumeRole" || yes.Policies[0].Outcome != decision.Refuse {
		t.Errorf("policies %+v", yes.Policies)
	}
	deny.Result, deny.Keys = decision.Applies, nil
	no := of("ExternalId", "ab")
	if diff := cmp.Diff([]*decision.Trust{{
		Outcome: decision.Deny, Cause: "trust-denied", Action: "sts:AssumeRole", Role: target, Principal: no.Trust[0].Principal, Checks: []decision.Check{deny, allow},
	}}, no.Trust); diff != "" {
		t.Error(diff)
	}
}

// An ARN without the role's path, or in another case, is no role's: the log has
// the one that there is.
func TestAssumeRoleOfAnotherPath(t *testing.T) {
	h := newHouse(t)
	c := h.newWorker("")
	h.createRole("Target", trusts(workerRole, plain, `{}`))
	for role, want := range map[string]bool{
		"arn:aws:iam::111122223333:role/Target":              true,
		"arn:aws:iam::111122223333:role/service-role/TARGET": true,
		"arn:aws:iam::111122223333:role/service-role/Absent": false,
	} {
		e := &audit.Event{}
		h.ctx = audit.NewContext(t.Context(), e)
		h.wantRefused(h.assumeRole(c, role), refusal{403, "AccessDenied", "User: " + workerARN + " is not authorized to perform: sts:AssumeRole on resource: " + role})
		var line strings.Builder
		if err := audit.Log(slog.New(slog.NewTextHandler(&line, nil))).Record(h.ctx, e); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(line.String(), " role_of_this_name="+target+" "); got != want {
			t.Errorf("%s: %s", role, line.String())
		}
	}
}

func TestAssumeRoleWire(t *testing.T) {
	h := newHouse(t)
	c := h.newWorker("")
	h.createRole("Target", trusts(workerRole, everything, `{}`))
	wiretest.Golden(t, "testdata/wire/assume-role.txt", h.assumeRole(c, target, "SourceIdentity", "anna", "Tags.member.1.Key", "team", "Tags.member.1.Value", "red"))
	wiretest.Golden(t, "testdata/wire/assume-role-denied.txt", h.assumeRole(c, "arn:aws:iam::111122223333:role/Nobody"))
}
