package instance_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/client"
)

// checker is a daypass with a target of each dialect, none of which answers.
type checker struct {
	*story
	log *logged
}

func newChecker(t *testing.T) *checker {
	t.Helper()
	c := &checker{log: &logged{}}
	c.story = newStoryOf(t, daypasstest.Config{Log: slog.New(slog.NewTextHandler(c.log, nil)), Targets: []string{
		"aws=https://sts.example,aws", "minio=https://minio.example,minio", "seaweedfs=https://weed.example,seaweedfs", "ceph=https://ceph.example,ceph"}})
	return c
}

// link links the role user to a target, with one policy and maybe a boundary.
func (c *checker) link(target, document, boundary string) {
	c.t.Helper()
	c.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "daypass:target", "Tags.member.1.Value", target,
		"Tags.member.2.Key", "daypass:target-role", "Tags.member.2.Value", targetRole)
	c.query("PutRolePolicy", "RoleName", "user", "PolicyName", "own", "PolicyDocument", document)
	if boundary != "" {
		c.query("CreatePolicy", "PolicyName", "limit", "PolicyDocument", boundary)
		c.query("PutRolePermissionsBoundary", "RoleName", "user", "PermissionsBoundary", "arn:aws:iam::123456789012:policy/limit")
	}
}

func (c *checker) check(in map[string]any) *admin.CheckTargetRoleResponse {
	c.t.Helper()
	answer, err := c.clientOf("us-east-1").JSON(c.t.Context(), admin.API, "CheckTargetRole", in)
	if err != nil {
		c.t.Fatal(err)
	}
	out := &admin.CheckTargetRoleResponse{}
	if err := json.Unmarshal(answer, out); err != nil {
		c.t.Fatal(err)
	}
	return out
}

const (
	ownObjects  = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/${cognito-identity.amazonaws.com:sub}/${cognito-identity.amazonaws.com:aud}/*"}`
	teamObjects = `{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::photos/${aws:PrincipalTag/team}/*"}`
	signedIn    = `{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::photos/*","Condition":{"ForAnyValue:StringEquals":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}`
)

// What would go to a target is shown for whom it is asked, and is what the policies
// say of them.
func TestCheckTargetRole(t *testing.T) {
	c := newChecker(t)
	c.link("ceph", `{"Version":"2012-10-17","Statement":[`+ownObjects+`,`+teamObjects+`,`+signedIn+`,{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`, "")
	const head, tail = `{"Version":"2012-10-17","Statement":[`, `]}`
	get := func(id, pool string) string {
		return `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/` + strings.Replace(id, ":", "?", 1) + `/` + strings.Replace(pool, ":", "?", 1) + `/*"}`
	}
	const made = "us-east-1:00000000-0000-4000-8000-000000000000"
	const other = "eu-west-1:11111111-1111-4111-8111-111111111111"
	remove := `,{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::photos/*"}`
	team := `,{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::photos/red/*"}`
	for name, test := range map[string]struct {
		in   map[string]any
		want string
	}{
		"somebody":         {map[string]any{}, get(made, made) + remove},
		"an identity":      {map[string]any{"IdentityId": other}, get(other, made) + remove},
		"a pool":           {map[string]any{"IdentityPoolId": other}, get(made, other) + remove},
		"with a tag":       {map[string]any{"PrincipalTags": map[string]string{"team": "red"}}, get(made, made) + team + remove},
		"a guest":          {map[string]any{"Guest": true}, get(made, made)},
		"a guest of a tag": {map[string]any{"Guest": true, "IdentityId": other, "IdentityPoolId": other, "PrincipalTags": map[string]string{"team": "red"}}, get(other, other) + team},
	} {
		test.in["RoleName"] = "user"
		want := &admin.CheckTargetRoleResponse{TargetName: "ceph", TargetRole: targetRole, Dialect: "ceph", Way: "web-identity",
			Policy: head + test.want + tail, MaximumPolicySize: 2048, Obstacles: admin.ObstacleList{}}
		want.PolicySize = int32(len(want.Policy))
		if diff := cmp.Diff(want, c.check(test.in)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	// Guests have no more than guests may have, whatever their role says.
	c.link("aws", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}`, "")
	if all, guest := c.check(map[string]any{"RoleName": "user"}).Policy, c.check(map[string]any{"RoleName": "user", "Guest": true}).Policy; !strings.Contains(all, `"Action":"iam:*"`) ||
		guest != `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}` {
		t.Errorf("all have %s, and guests %s", all, guest)
	}
	if log := c.log.String(); strings.Contains(log, other) {
		t.Error("the log has the ID of an identity")
	}
}

// Each obstacle has its kind and says where it is; then there is no policy.
func TestCheckTargetRoleObstacles(t *testing.T) {
	const statement1 = "identity-based policy, statement 1: "
	c := newChecker(t)
	for kind, test := range map[string]struct{ target, document, boundary, message string }{
		"not-resource": {"minio", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::a/*"}}`, "", statement1 + "MinIO does not know NotResource as AWS does"},
		"not-action": {"ceph", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"s3:Get*","Resource":"*"}]}`, "",
			statement1 + "Ceph does not know NotAction as AWS does"},
		"action":    {"minio", allow(`"s3:GetObjectVersion"`, `"arn:aws:s3:::a/b/*"`, ""), "", statement1 + "MinIO allows s3:GetObject where s3:GetObjectVersion is allowed"},
		"condition": {"seaweedfs", allow(`"s3:*"`, `"*"`, `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), "", statement1 + "SeaweedFS does not evaluate IpAddress aws:SourceIp as AWS does"},
		"variable":  {"ceph", allow(`"s3:GetObject"`, `"arn:aws:s3:::a/${aws:SourceIp}/*"`, ""), "", ""},
		"character": {"ceph", allow(`"s3:GetObject"`, `"arn:aws:s3:::photos/a:b/*"`, ""), "", statement1 + "a colon in a resource, other than that of an identity's or a pool's ID, cannot be said to Ceph"},
		"overlap":   {"seaweedfs", allow(`"s3:*"`, `"arn:aws:s3:::a/*/x"`, ""), allow(`"s3:*"`, `"arn:aws:s3:::a/b/*"`, ""), ""},
		"size": {"aws", allow(`"s3:GetObject"`, `"arn:aws:s3:::`+strings.Repeat("a", 2048)+`/*"`, ""), "",
			"the policies make a session policy of 2158 characters, and a store takes 2048"},
		"target-missing": {"gone", allow(`"s3:GetObject"`, `"*"`, ""), "", "the server has no target gone (--target)"},
	} {
		t.Run(kind, func(t *testing.T) {
			c.link(test.target, test.document, test.boundary)
			if test.boundary != "" {
				defer c.query("DeleteRolePermissionsBoundary", "RoleName", "user")
			}
			got := c.check(map[string]any{"RoleName": "user"})
			if len(got.Obstacles) != 1 || got.Obstacles[0].Kind != kind || test.message != "" && got.Obstacles[0].Message != test.message {
				t.Errorf("obstacles %q", got.Obstacles)
			}
			if len(got.Obstacles) == 1 && test.message == "" && !strings.Contains(got.Obstacles[0].Message, "statement 1: ") {
				t.Errorf("where is %q?", got.Obstacles[0].Message)
			}
			if got.Policy != "" || got.MaximumPolicySize != 2048 || (got.PolicySize > 2048) != (kind == "size") || string(got.TargetName) != test.target || got.TargetRole != targetRole {
				t.Errorf("got %+v", got)
			}
			if missing := kind == "target-missing"; (got.Dialect == "") != missing || (got.Way == "") != missing {
				t.Errorf("dialect %q, way %q", got.Dialect, got.Way)
			}
		})
	}
}

// The longest policy that fits is sent.
func TestCheckTargetRoleSize(t *testing.T) {
	c := newChecker(t)
	for size, fits := range map[int]bool{2048: true, 2049: false} {
		const empty = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::"}]}`
		c.link("aws", allow(`"s3:GetObject"`, `"arn:aws:s3:::`+strings.Repeat("a", size-len(empty))+`"`, ""), "")
		got := c.check(map[string]any{"RoleName": "user"})
		if int(got.PolicySize) != size || (len(got.Obstacles) == 0) != fits || (len(got.Policy) == size) != fits {
			t.Errorf("of %d characters: %d, %q", size, got.PolicySize, got.Obstacles)
		}
	}
	c.link("minio", allow(`"s3:ListBucket"`, `"arn:aws:s3:::photos"`, `{"StringLike":{"s3:prefix":"a/*"}}`), "")
	if got := c.check(map[string]any{"RoleName": "user"}); len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "named Prefix") {
		t.Errorf("notes %q", got.Notes)
	}
}

const (
	noRole   = "There is no role of this name that is linked to the target by its tag daypass:target."
	noTarget = "There is no target of this name: name it with --target when the server starts."
)

// Bad input has AWS's kind of error, and whoever may not ask is told nothing.
func TestTargetChecksRefused(t *testing.T) {
	c := newChecker(t)
	c.link("aws", allow(`"s3:*"`, `"*"`, ""), "")
	for name, test := range map[string]struct {
		operation string
		in        map[string]any
		code      string
		message   string
		cause     string
	}{
		"no such role":               {"CheckTargetRole", map[string]any{"RoleName": "nobody"}, "InvalidParameterException", noRole, "role"},
		"a role without tags":        {"CheckTargetRole", map[string]any{"RoleName": "guest"}, "InvalidParameterException", noRole, "role"},
		"no such target":             {"DiagnoseTarget", map[string]any{"TargetName": "gone"}, "InvalidParameterException", noTarget, "target"},
		"no such role to examine":    {"DiagnoseTarget", map[string]any{"TargetName": "aws", "RoleName": "nobody"}, "InvalidParameterException", noRole, "role"},
		"a role without tags there":  {"DiagnoseTarget", map[string]any{"TargetName": "aws", "RoleName": "guest"}, "InvalidParameterException", noRole, "role"},
		"a role of another target":   {"DiagnoseTarget", map[string]any{"TargetName": "minio", "RoleName": "user"}, "InvalidParameterException", noRole, "role"},
		"the target comes before it": {"DiagnoseTarget", map[string]any{"TargetName": "gone", "RoleName": "nobody"}, "InvalidParameterException", noTarget, "target"},
	} {
		_, err := c.daypass(test.operation, test.in)
		e, ok := err.(*client.Error)
		if !ok || e.Code != test.code || e.Message != test.message {
			t.Errorf("%s: %v", name, err)
		}
		if lines := strings.Split(strings.TrimSpace(c.log.String()), "\n"); !strings.Contains(lines[len(lines)-1], "cause="+test.cause) {
			t.Errorf("%s: %s", name, lines[len(lines)-1])
		}
	}
	anna := c.user("anna")
	for operation, in := range map[string]map[string]any{"CheckTargetRole": {"RoleName": "user"}, "DiagnoseTarget": {"TargetName": "gone"}} {
		c.query("PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"daypass:`+operation+`","Resource":"*"}]}`)
		_, err := anna.JSON(t.Context(), admin.API, operation, in)
		wantError(t, err, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/anna is not authorized to perform: daypass:"+operation+
			" on resource: * with an explicit deny in an identity-based policy")
		c.query("PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", allow(`"daypass:`+operation+`"`, `"*"`, ""))
		if _, err := anna.JSON(t.Context(), admin.API, operation, in); err != nil && refuses(err.(*client.Error)) {
			t.Errorf("%s is refused: %v", operation, err)
		}
	}
}
