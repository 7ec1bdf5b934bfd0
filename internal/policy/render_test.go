package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/policy"
)

const (
	rendIdentity = "us-east-1:0b5f3c4d-0000-4000-8000-00000000a11c"
	rendPool     = "us-east-1:11111111-0000-4000-8000-000000000001"
)

// renderFacts are those of a session of the enhanced flow.
func renderFacts() policy.Context {
	c := policy.Context{}
	c.Set("cognito-identity.amazonaws.com:sub", rendIdentity)
	c.Set("cognito-identity.amazonaws.com:aud", rendPool)
	c.Set("cognito-identity.amazonaws.com:amr", "authenticated", "idp.example.com")
	c.Set("aws:PrincipalTag/team", "blue")
	c.Set("aws:PrincipalTag/star", "a*b")
	c.Set("aws:PrincipalTag/dollar", "${aws:username}")
	c.Set("aws:PrincipalTag/colon", "a:b")
	c.Set("aws:PrincipalArn", "arn:aws:iam::111122223333:role/users")
	c.Set("aws:userid", "AROAEXAMPLE:CognitoIdentityCredentials")
	return c
}

func identityDocs(t *testing.T, kind policy.Kind, statements ...string) []*policy.Document {
	t.Helper()
	if len(statements) == 0 {
		return nil
	}
	d, err := policy.Parse(kind, `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`)
	if err != nil {
		t.Fatal(err)
	}
	return []*policy.Document{d}
}

const (
	homeObjects = `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::photos/${cognito-identity.amazonaws.com:sub}/*"}`
	homeList    = `{"Sid":"List","Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::photos","Condition":{"StringLike":{"s3:prefix":["${cognito-identity.amazonaws.com:sub}/*"]}}}`
	everything  = `{"Effect":"Allow","Action":"*","Resource":"*"}`
)

func allow(action, resource string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, action, resource)
}

func deny(action, resource string) string {
	return fmt.Sprintf(`{"Effect":"Deny","Action":%q,"Resource":%q}`, action, resource)
}

func when(statement, condition string) string {
	return strings.TrimSuffix(statement, "}") + `,"Condition":` + condition + "}"
}

func TestRender(t *testing.T) {
	sub, head := rendIdentity, `{"Version":"2012-10-17","Statement":[`
	nothing := func(action, resource string) string { return head + deny(action, resource) + "]}" }
	for _, c := range []struct {
		name                        string
		dialect                     policy.Dialect
		identity, boundary, session []string
		want                        string // the document
		obstacle                    policy.Obstacle
		detail                      string
	}{
		{name: "a home for each identity", dialect: policy.MinIO, identity: []string{homeObjects, homeList},
			want: head + `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::photos/` + sub + `/*"},` +
				`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::photos","Condition":{"StringLike":{"s3:prefix":"` + sub + `/*"}}}]}`},
		{name: "Ceph has no colon, and an identity's ID is known", dialect: policy.Ceph, identity: []string{homeObjects},
			want: head + `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::photos/` + strings.Replace(sub, ":", "?", 1) + `/*"}]}`},
		{name: "a colon that somebody wrote", dialect: policy.Ceph, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/a:b/*")},
			obstacle: policy.CharacterObstacle, detail: "statement 1: a colon"},
		{name: "a colon in a tag", dialect: policy.Ceph, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:PrincipalTag/colon}/*")},
			obstacle: policy.CharacterObstacle},
		{name: "a colon that is denied", dialect: policy.Ceph,
			identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/*"), deny("s3:GetObject", "arn:aws:s3:::photos/a:b/*")},
			want:     head + allow("s3:GetObject", "arn:aws:s3:::photos/*") + "," + deny("s3:GetObject", "arn:aws:s3:::photos/a*b/*") + "]}"},
		{name: "an asterisk in a tag, AWS", dialect: policy.AWS, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:PrincipalTag/star}/*")},
			want: head + allow("s3:GetObject", "arn:aws:s3:::photos/a${*}b/*") + "]}"},
		{name: "an asterisk in a tag", dialect: policy.MinIO, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:PrincipalTag/star}/*")},
			obstacle: policy.CharacterObstacle, detail: "an asterisk"},
		{name: "a variable in a tag, AWS", dialect: policy.AWS, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:PrincipalTag/dollar}/*")},
			want: head + allow("s3:GetObject", "arn:aws:s3:::photos/${$}{aws:username}/*") + "]}"},
		{name: "a variable in a tag", dialect: policy.SeaweedFS, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:PrincipalTag/dollar}/*")},
			obstacle: policy.CharacterObstacle},
		{name: "SeaweedFS ignores case, and a tag has letters", dialect: policy.SeaweedFS,
			identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:PrincipalTag/team}/*")}, obstacle: policy.CharacterObstacle, detail: "ignores case"},
		{name: "a tag that the caller does not have", dialect: policy.MinIO,
			identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:PrincipalTag/none}/*")}, want: nothing("s3:*", "arn:aws:s3:::*")},
		{name: "its default", dialect: policy.MinIO, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:PrincipalTag/none, 'all'}/*")},
			want: head + allow("s3:GetObject", "arn:aws:s3:::photos/all/*") + "]}"},
		{name: "conditions on the caller are decided", dialect: policy.MinIO, identity: []string{
			when(allow("s3:GetObject", "arn:aws:s3:::photos/a/*"), `{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`),
			when(allow("s3:GetObject", "arn:aws:s3:::photos/b/*"), `{"StringEquals":{"aws:PrincipalTag/team":"red"}}`),
			when(deny("s3:GetObject", "arn:aws:s3:::photos/a/*"), `{"ForAnyValue:StringEquals":{"cognito-identity.amazonaws.com:amr":"unauthenticated"}}`),
		}, want: head + allow("s3:GetObject", "arn:aws:s3:::photos/a/*") + "]}"},
		{name: "a condition that a store does not know", dialect: policy.MinIO,
			identity: []string{when(allow("s3:GetObject", "arn:aws:s3:::photos/a/*"), `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`)},
			obstacle: policy.ConditionObstacle, detail: "identity-based policy, statement 1: MinIO does not evaluate IpAddress aws:SourceIp as AWS does"},
		{name: "AWS knows it", dialect: policy.AWS,
			identity: []string{when(allow("s3:GetObject", "arn:aws:s3:::photos/a/*"), `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`)},
			want:     head + when(allow("s3:GetObject", "arn:aws:s3:::photos/a/*"), `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`) + "]}"},
		{name: "and variables", dialect: policy.AWS, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:SourceIp}/${aws:PrincipalTag/team}")},
			want: head + allow("s3:GetObject", "arn:aws:s3:::photos/${aws:SourceIp}/blue") + "]}"},
		{name: "which a store does not", dialect: policy.Ceph, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/${aws:SourceIp}/*")},
			obstacle: policy.VariableObstacle},
		{name: "the caller compared with the request", dialect: policy.AWS,
			identity: []string{when(allow("s3:GetObject", "arn:aws:s3:::a/*"), `{"StringEquals":{"aws:PrincipalTag/team":"${s3:prefix}"}}`)}, obstacle: policy.VariableObstacle},
		{name: "NotResource", dialect: policy.MinIO, identity: []string{`{"Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::secret/*"}`},
			obstacle: policy.NotResourceObstacle},
		{name: "NotResource, AWS", dialect: policy.AWS, identity: []string{`{"Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::secret/*"}`},
			want: head + `{"Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::secret/*"}]}`},
		{name: "NotAction of other services is every action here", dialect: policy.Ceph, identity: []string{`{"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:s3:::a"}`},
			want: head + allow("s3:*", "arn:aws:s3:::a") + "]}"},
		{name: "NotAction", dialect: policy.Ceph, identity: []string{everything, `{"Effect":"Deny","NotAction":"s3:Get*","Resource":"*"}`},
			obstacle: policy.NotActionObstacle},
		{name: "other services are nothing to a store", dialect: policy.MinIO, identity: []string{everything, deny("iam:*", "*"), allow("sqs:*", "*")},
			want: head + allow("s3:*", "arn:aws:s3:::*") + "]}"},
		{name: "a Deny that denies what nothing allows", dialect: policy.MinIO, identity: []string{
			allow("s3:GetObject", "arn:aws:s3:::a/*"), when(deny("s3:GetObject", "arn:aws:s3:::b/*"), `{"Bool":{"aws:SecureTransport":"false"}}`),
		}, want: head + allow("s3:GetObject", "arn:aws:s3:::a/*") + "]}"},
		{name: "a Deny that cannot be said", dialect: policy.MinIO,
			identity: []string{allow("s3:GetObject", "arn:aws:s3:::a/*"), when(deny("s3:*", "*"), `{"Bool":{"aws:SecureTransport":"false"}}`)},
			obstacle: policy.ConditionObstacle},
		{name: "MinIO takes BUCKET/* for the bucket", dialect: policy.MinIO, identity: []string{allow("s3:*", "arn:aws:s3:::photos/*")},
			want: head + `{"Effect":"Allow","Action":["s3:GetObject*","s3:PutObject*","s3:DeleteObject*","s3:AbortMultipartUpload","s3:ListMultipartUploadParts","s3:BypassGovernanceRetention","s3:RestoreObject"],"Resource":"arn:aws:s3:::photos/*"}]}`},
		{name: "and asks about BUCKET/", dialect: policy.MinIO, identity: []string{everything, deny("s3:ListBucket", "arn:aws:s3:::photo?")},
			want: head + allow("s3:*", "arn:aws:s3:::*") + `,{"Effect":"Deny","Action":"s3:ListBucket","Resource":["arn:aws:s3:::photo*","arn:aws:s3:::photo*/"]}]}`},
		{name: "MinIO's spelling", dialect: policy.MinIO, identity: []string{`{"Effect":"Allow","Action":["S3:getobject","s3:get*tagging"],"Resource":"arn:aws:s3:::a/b/*"}`},
			want: head + `{"Effect":"Allow","Action":["s3:GetObject","s3:GetBucketTagging","s3:GetObjectTagging","s3:GetObjectVersionTagging"],"Resource":"arn:aws:s3:::a/b/*"}]}`},
		{name: "MinIO takes s3:prefix for listing only", dialect: policy.MinIO, identity: []string{
			when(`{"Effect":"Allow","Action":["s3:List*","s3:GetObject"],"Resource":"arn:aws:s3:::photos"}`, `{"StringLike":{"s3:prefix":"a/*"}}`),
			when(`{"Effect":"Deny","Action":["s3:ListBucket","s3:GetBucketPolicy"],"Resource":"arn:aws:s3:::photos"}`, `{"StringNotLike":{"s3:prefix":"a/b*"}}`),
		}, want: head + when(`{"Effect":"Allow","Action":["s3:ListBucket","s3:ListBucketVersions"],"Resource":"arn:aws:s3:::photos"}`, `{"StringLike":{"s3:prefix":"a/*"}}`) + "," +
			when(`{"Effect":"Deny","Action":"s3:ListBucket","Resource":"arn:aws:s3:::photos"}`, `{"StringNotLike":{"s3:prefix":"a/b*"}}`) + "]}"},
		{name: "SeaweedFS lists uploads for those who put", dialect: policy.SeaweedFS, identity: []string{
			`{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::photos*","arn:aws:s3:::a","arn:aws:s3:::b/*"]}`},
			want: head + `{"Effect":"Allow","Action":"s3:PutObject","Resource":["arn:aws:s3:::photos*/*","arn:aws:s3:::b/*"]},` +
				`{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::photos*","arn:aws:s3:::a","arn:aws:s3:::b/*"]}]}`},
		{name: "an action that MinIO allows along with another", dialect: policy.MinIO, identity: []string{allow("s3:GetObjectVersion", "arn:aws:s3:::a/b/*")},
			obstacle: policy.ActionObstacle},
		{name: "an action that a store does not have", dialect: policy.Ceph, identity: []string{`{"Effect":"Allow","Action":["s3:GetObject","s3:GetDataAccess"],"Resource":"arn:aws:s3:::a/b/*"}`},
			want: head + allow("s3:GetObject", "arn:aws:s3:::a/b/*") + "]}"},
		{name: "and is denied", dialect: policy.Ceph, identity: []string{allow("s3:*", "*"), deny("s3:GetDataAccess", "*")}, obstacle: policy.ActionObstacle},
		{name: "within a boundary", dialect: policy.SeaweedFS, identity: []string{everything}, boundary: []string{allow("s3:Get*", "arn:aws:s3:::a/*"), deny("s3:*", "arn:aws:s3:::a/x/*")},
			want: head + allow("s3:Get*", "arn:aws:s3:::a/*") + "," + deny("s3:*", "arn:aws:s3:::a/x/*") + "]}"},
		{name: "beside a boundary", dialect: policy.SeaweedFS, identity: []string{allow("s3:*", "arn:aws:s3:::a/*")}, boundary: []string{allow("s3:*", "arn:aws:s3:::b/*")},
			want: nothing("s3:*", "arn:aws:s3:::*")},
		{name: "across a boundary", dialect: policy.SeaweedFS, identity: []string{allow("s3:*", "arn:aws:s3:::a/*/x")}, boundary: []string{allow("s3:*", "arn:aws:s3:::a/b/*")},
			obstacle: policy.OverlapObstacle, detail: "permissions boundary, statement 1"},
		{name: "conditions of two layers", dialect: policy.AWS,
			identity: []string{when(allow("s3:*", "*"), `{"StringLike":{"s3:prefix":"a/*"}}`)}, boundary: []string{when(allow("s3:*", "*"), `{"StringLike":{"s3:prefix":"*/b"}}`)},
			obstacle: policy.OverlapObstacle, detail: "conditions"},
		{name: "one session policy of several must allow", dialect: policy.Ceph, identity: []string{homeObjects},
			session: []string{allow("logs:*", "*"), allow("s3:*", "*")},
			want:    head + `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::photos/` + strings.Replace(sub, ":", "?", 1) + `/*"}]}`},
		{name: "a negated condition at Ceph", dialect: policy.Ceph,
			identity: []string{allow("s3:*", "*"), when(deny("s3:ListBucket", "arn:aws:s3:::a"), `{"StringNotLike":{"s3:prefix":"x/*"}}`)},
			want:     head + allow("s3:*", "arn:aws:s3:::*") + "," + when(deny("s3:ListBucket", "arn:aws:s3:::a"), `{"StringNotLikeIfExists":{"s3:prefix":"x/*"}}`) + "]}"},
		{name: "of two values", dialect: policy.Ceph,
			identity: []string{allow("s3:*", "*"), when(deny("s3:ListBucket", "arn:aws:s3:::a"), `{"StringNotLike":{"s3:prefix":["x/*","y/*"]}}`)}, obstacle: policy.ConditionObstacle},
		{name: "nothing at all", dialect: policy.AWS, want: nothing("*", "*")},
		{name: "too long", dialect: policy.AWS, identity: []string{allow("s3:GetObject", "arn:aws:s3:::photos/"+strings.Repeat("x", 2048))}, obstacle: policy.SizeObstacle, detail: "2,048"},
	} {
		t.Run(string(c.dialect)+"/"+c.name, func(t *testing.T) {
			in := policy.Policies{Identity: identityDocs(t, policy.Identity, c.identity...), Session: identityDocs(t, policy.Session, c.session...)}
			if b := identityDocs(t, policy.Managed, c.boundary...); b != nil {
				in.Boundary = b[0]
			}
			got := policy.Render(in, renderFacts(), c.dialect)
			if c.dialect == policy.MinIO && c.want != "" { // which has a statement of its own
				c.want = strings.TrimSuffix(c.want, "]}") + "," + deny("admin:*", "arn:aws:s3:::*") + "]}"
			}
			if got.Document != c.want {
				t.Errorf("the document is\n%s\nwant\n%s", got.Document, c.want)
			}
			if c.obstacle == "" {
				if err := got.Err(); err != nil {
					t.Errorf("cannot be said: %v", err)
				}
				return
			}
			i := slices.IndexFunc(got.Unsayable, func(u policy.Unsayable) bool { return u.Obstacle == c.obstacle })
			if i < 0 || !strings.Contains(strings.ReplaceAll(got.Unsayable[i].Error(), "2048", "2,048"), c.detail) {
				t.Errorf("what cannot be said is %v, want %s: %s", got.Err(), c.obstacle, c.detail)
			}
		})
	}
}

// Sessions of MinIO are denied admin:* where there is room for it; where there is
// not, that is no obstacle, and a note says so.
func TestRenderGuardsMinIO(t *testing.T) {
	guard := deny("admin:*", "arn:aws:s3:::*")
	empty := len(`{"Version":"2012-10-17","Statement":[]}`) + len(allow("s3:GetObject", "arn:aws:s3:::a/"))
	for size, guarded := range map[int]bool{policy.MaxRendered - len(guard) - 1: true, policy.MaxRendered - len(guard): false, policy.MaxRendered: false} {
		in := policy.Policies{Identity: identityDocs(t, policy.Identity, allow("s3:GetObject", "arn:aws:s3:::a/"+strings.Repeat("x", size-empty)))}
		got := policy.Render(in, policy.Context{}, policy.MinIO)
		if err := got.Err(); err != nil || got.Size != len(got.Document) || got.Size > policy.MaxRendered {
			t.Errorf("of %d characters: %v, %d", size, err, got.Size)
		}
		if strings.HasSuffix(got.Document, ","+guard+"]}") != guarded || (len(got.Notes) == 0) != guarded || !guarded && !strings.Contains(got.Notes[0], "CVE-2025-62506") {
			t.Errorf("of %d characters: notes %q, document …%s", size, got.Notes, got.Document[len(got.Document)-90:])
		}
	}
	for _, d := range []policy.Dialect{policy.AWS, policy.SeaweedFS, policy.Ceph} {
		if got := policy.Render(policy.Policies{}, policy.Context{}, d); strings.Contains(got.Document, "admin:") {
			t.Errorf("%s: %s", d, got.Document)
		}
	}
}

// TestRenderNeverWidens renders made policies for each dialect, and asks made
// requests of what comes out as the store would: whatever it allows, the policies
// allow too.
func TestRenderNeverWidens(t *testing.T) {
	quietlyTrying(t, "200")
	rapid.Check(t, renderNeverWidens)
}

func FuzzRenderNeverWidens(f *testing.F) {
	f.Add([]byte(strings.Repeat("\x05\x13\x2a\x71\xc4\x08\x00\xff", 2000)))
	f.Fuzz(rapid.MakeFuzz(renderNeverWidens))
}

func renderNeverWidens(t *rapid.T) {
	d := drawer{T: t, variables: true}
	facts := renderFacts()
	parse := func(kind policy.Kind, text string) *policy.Document {
		doc, err := policy.Parse(kind, text)
		if err != nil {
			t.Fatalf("what was made is refused: %v\n%s", err, text)
		}
		return doc
	}
	in := policy.Policies{}
	for range rapid.IntRange(1, 2).Draw(t, "identity") {
		in.Identity = append(in.Identity, parse(policy.Identity, d.storePolicy()))
	}
	if d.chance(3) {
		in.Boundary = parse(policy.Managed, d.storePolicy())
	}
	for range rapid.IntRange(0, 2).Draw(t, "session") {
		if d.chance(2) {
			in.Session = append(in.Session, parse(policy.Session, d.storePolicy()))
		}
	}
	for _, dialect := range policy.Dialects {
		rendered := policy.Render(in, facts, dialect)
		if rendered.Document == "" {
			if rendered.Err() == nil {
				t.Fatal("neither a document nor a reason")
			}
			continue
		}
		if n := len([]rune(rendered.Document)); n > policy.MaxRendered || n != rendered.Size {
			t.Fatalf("%d characters, and Size says %d", n, rendered.Size)
		}
		out := parse(policy.Session, rendered.Document)
		for range 12 {
			req := d.storeRequest()
			here := &policy.Request{Action: req.Action, Resource: req.Resource, Context: policy.Context{}}
			for key, values := range req.Context {
				here.Context[key] = values
			}
			// At the store the caller is somebody else.
			here.Context.Set("aws:username", "service")
			here.Context.Set("aws:PrincipalTag/team", "red")
			if !storeAllows(dialect, out, here) {
				continue
			}
			for key, values := range facts {
				req.Context[key] = values
			}
			if policy.Decide(in, req).Effect != policy.Allow {
				text, _ := json.Marshal(req)
				t.Fatalf("%s\nfor %s allows %s, which the policies do not:\n%s\nboundary %s\nsession %s", rendered.Document, dialect, text,
					texts(in.Identity...), texts(in.Boundary), texts(in.Session...))
			}
		}
	}
}

func texts(documents ...*policy.Document) (s string) {
	for _, d := range documents {
		if d != nil {
			s += d.Text() + "\n"
		}
	}
	return s
}

// storeAllows evaluates as a store does that asks about BUCKET/ where AWS asks
// about BUCKET, and as AWS does for others.
func storeAllows(dialect policy.Dialect, out *policy.Document, req *policy.Request) bool {
	asked := *req
	if dialect == policy.MinIO && strings.HasPrefix(req.Action, "s3:") {
		if rest := strings.TrimPrefix(req.Resource, "arn:aws:s3:::"); !strings.Contains(rest, "/") {
			// A pattern without wildcards is compared with the bucket as well.
			slash, plain := asked, asked
			slash.Resource += "/"
			if out.Evaluate(&slash).Effect != policy.ImplicitDeny {
				return out.Evaluate(&slash).Effect == policy.Allow
			}
			return literally(out, plain.Resource) && out.Evaluate(&plain).Effect == policy.Allow
		}
	}
	return out.Evaluate(&asked).Effect == policy.Allow
}

func literally(out *policy.Document, resource string) bool {
	return strings.Contains(out.Text(), `"`+resource+`"`)
}

func (d drawer) storePolicy() string {
	var statements []any
	for range rapid.IntRange(1, 4).Draw(d.T, "statements") {
		s := map[string]any{"Effect": d.of("Allow", "Allow", "Allow", "Deny")}
		not := func(name string) string { return d.of("", "", "", "", "", "Not") + name }
		s[not("Action")] = d.elements(func() string {
			return d.of("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:Get*", "s3:*", "*", "s3:*Object*", "S3:getobject", "s3:GetObjectVersion", "sqs:*", "s3:GetDataAccess", "s3:*Bucket")
		})
		s[not("Resource")] = d.elements(d.storeResource)
		if d.chance(2) {
			s["Condition"] = d.storeCondition()
		}
		statements = append(statements, s)
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements}, json.Deterministic(true))
	must(err)
	return string(text)
}

var storeVariables = []string{
	"${cognito-identity.amazonaws.com:sub}", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/star}", "${aws:PrincipalTag/dollar}",
	"${aws:PrincipalTag/colon}", "${aws:PrincipalTag/none}", "${aws:PrincipalTag/none, 'b'}", "${aws:username}", "${s3:prefix}", "${*}", "${?}", "${$}",
}

func (d drawer) storeResource() string {
	if d.chance(5) {
		return "*"
	}
	return "arn:" + d.of("aws", "aws", "*") + ":s3::" + d.of("", "", "", "*", "111122223333") + ":" + d.join(0, 4, "a", "b", "/", "*", "?", "a/", "b/*", storeVariables[rapid.IntRange(0, len(storeVariables)-1).Draw(d.T, "variable")])
}

func (d drawer) storeCondition() map[string]map[string]any {
	block := map[string]map[string]any{}
	for range rapid.IntRange(1, 2).Draw(d.T, "operators") {
		operator := d.of("StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringLikeIfExists", "ForAnyValue:StringLike", "ForAllValues:StringNotEquals")
		block[operator] = map[string]any{
			d.of("s3:prefix", "S3:Prefix", "aws:PrincipalTag/team", "aws:PrincipalTag/none", "cognito-identity.amazonaws.com:amr", "aws:Referer"): d.some(1, 3, func() string {
				return d.join(0, 2, "a", "*", "a/", "blue", "authenticated", storeVariables[rapid.IntRange(0, len(storeVariables)-1).Draw(d.T, "variable")])
			}),
		}
	}
	return block
}

func (d drawer) storeRequest() *policy.Request {
	key := func() string {
		return d.join(0, 4, "a", "b", "/", "a/", "blue", "*", "a*b", "$", "a:b", rendIdentity, "${aws:username}")
	}
	r := &policy.Request{
		Action:  d.of("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetObjectVersion", "s3:DeleteBucket", "s3:DeleteObject", "sqs:SendMessage"),
		Context: policy.Context{},
	}
	r.Resource = "arn:aws:s3:::" + d.join(1, 2, "a", "b")
	if !strings.HasSuffix(r.Action, "Bucket") {
		r.Resource += "/" + key()
	}
	if r.Action == "s3:ListBucket" && d.chance(2) { // others do not have the key
		r.Context.Set("s3:prefix", key())
	}
	if d.chance(3) {
		r.Context.Set("aws:Referer", key())
	}
	return r
}
