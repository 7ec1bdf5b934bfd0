package instance_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/sts"
)

// hasher makes hashes that say what they stand for.
type hasher struct{}

func (hasher) KeyID() string                        { return "key" }
func (hasher) Identity(string) string               { return "0123" }
func (hasher) Subject(_ []byte, _, _ string) string { return "4567" }

// filler puts a value that is found again into every string.
type filler struct {
	marked map[string]string // the path of each value
	secret map[string]bool   // those that must not be shown
}

// secretWord is in the names of what must not be shown. It is told apart from the list
// of package audit on purpose.
var secretWord = regexp.MustCompile(`(?i)secret|token|password|private_?key|assertion|logins|marker|cursor|subject|useridentifier`)

func (f *filler) fill(v reflect.Value, t awsapi.Type, path string, secret bool) {
	if dot := strings.LastIndexByte(path, '.'); dot > 0 {
		secret = secret || t.Sensitive() || secretWord.MatchString(path[dot:]) || secretWord.MatchString(t.Name())
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), t, path, secret)
	case reflect.String:
		v.SetString(f.mark(path, secret))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		f.fill(v.Index(0), t.Elem(), path+"[]", secret)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		key.SetString(f.mark(path+"{key}", secret))
		f.fill(value, t.Elem(), path+"{}", secret)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1e9, 0)))
			return
		}
		if strings.Count(path, ".") > 8 {
			return
		}
		for _, m := range t.Members() {
			f.fill(v.FieldByName(m.GoName), m.Type, path+"."+m.Name, secret)
		}
	}
}

func (f *filler) mark(path string, secret bool) string {
	value := fmt.Sprintf("mark%05dmark", len(f.marked))
	f.marked[value], f.secret[value] = path, secret
	return value
}

// What records show of every operation's input and output: no secret, no token, nobody's
// name at a provider, and of the rest what testdata/recorded.txt lists, which is read
// like code when something is added.
func TestRecordsHaveNoSecrets(t *testing.T) {
	var shown strings.Builder
	trail := &audit.Trail{Account: "123456789012", Region: "us-east-1", Hasher: hasher{}}
	for _, service := range services() {
		table := service.Compile()
		for _, op := range service.Operations {
			row := table.Row(op.Name)
			f := filler{map[string]string{}, map[string]bool{}}
			in, out := reflect.New(row.In), reflect.New(row.Out)
			f.fill(in.Elem(), row.Input(), "> "+service.Name+":"+op.Name, false)
			if row.HasOutput() {
				f.fill(out.Elem(), row.Output(), "< "+service.Name+":"+op.Name, false)
			}
			e := &audit.Event{Service: service.Name, Operation: op.Name, Row: row, Input: in.Interface(), Output: out.Interface(), Status: 200}
			audit.From(audit.NewContext(t.Context(), e)).SetIssued("ASIAISSUED", time.Unix(1e9, 0)) // which shows outputs
			record := trail.Append(nil, e)
			if !jsontext.Value(bytes.TrimSpace(record)).IsValid() {
				t.Errorf("%s: not JSON: %s", op.Name, record)
			}
			for n := range len(f.marked) {
				value := fmt.Sprintf("mark%05dmark", n)
				if !bytes.Contains(record, []byte(value)) {
					continue
				}
				if f.secret[value] {
					t.Errorf("the record of %s shows %s", op.Name, f.marked[value])
				}
				shown.WriteString(f.marked[value] + "\n")
			}
		}
	}
	file := filepath.Join("testdata", "recorded.txt")
	if *updateGateway {
		if err := os.WriteFile(file, []byte(shown.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), shown.String()); diff != "" {
		t.Errorf("records show something else than %s lists (-want +got):\n%s", file, diff)
	}
}

// Records of events, in the shape of CloudTrail's, by the members that the operations
// have.
func TestRecords(t *testing.T) {
	const pool, identity, guest = "us-east-1:11111111-89ab-cdef-0123-456789abcdef", "us-east-1:22222222-89ab-cdef-0123-456789abcdef", "us-east-1:33333333-89ab-cdef-0123-456789abcdef"
	const roleARN = "arn:aws:iam::123456789012:role/user"
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	rows := map[string]*awsapi.Row{}
	for _, service := range services() {
		table := service.Compile()
		for _, op := range service.Operations {
			rows[op.Name] = table.Row(op.Name)
		}
	}
	trail := &audit.Trail{Account: "123456789012", Region: "us-east-1", Hasher: hasher{}}
	logins := cognito.LoginsMap{"accounts.example.com": "eyJ.secret.token"}
	session := &awsapi.Session{
		Name: "CognitoIdentityCredentials", Issued: at.Add(-time.Minute), Expires: at.Add(time.Hour), Provider: "cognito-identity.amazonaws.com",
		Keys: map[string][]string{
			"cognito-identity.amazonaws.com:aud": {pool}, "cognito-identity.amazonaws.com:sub": {guest},
			"cognito-identity.amazonaws.com:amr": {"authenticated", "accounts.example.com", "accounts.example.com:app:alice"},
		},
	}
	for name, test := range map[string]struct {
		operation string
		event     audit.Event
		facts     func(audit.Record)
		want      string
	}{
		"credentials of an authenticated identity": {"GetCredentialsForIdentity",
			audit.Event{
				Status: 200, UserAgent: "aws-sdk-js/3", Input: &cognito.GetCredentialsForIdentityInput{IdentityId: identity, Logins: logins},
				Output: &cognito.GetCredentialsForIdentityResponse{IdentityId: identity, Credentials: &cognito.Credentials{AccessKeyId: "ASIANEW", SecretKey: "s", SessionToken: "t", Expiration: at.Add(time.Hour)}},
			},
			func(r audit.Record) {
				r.SetPool(pool)
				r.SetIdentity(identity, true)
				r.SetPerson(audit.Person{Provider: "accounts.example.com", Subject: "alice"})
				r.Set("role", roleARN)
				r.SetIssued("ASIANEW", at.Add(time.Hour))
				r.DecideRole(&decision.Role{Role: roleARN, Reason: decision.RoleByRule, Logins: []decision.Login{{Login: "accounts.example.com", Rules: []decision.Rule{{Rule: 1, Claim: "sub", Value: "a", Seen: []string{"alice"}}}}}})
			},
			`{"eventVersion":"1.11","userIdentity":{"type":"Unknown"},"eventTime":"2026-11-30T12:00:00Z","eventSource":"cognito-identity.amazonaws.com",` +
				`"eventName":"GetCredentialsForIdentity","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7","userAgent":"aws-sdk-js/3",` +
				`"requestParameters":{"identityId":"` + identity + `"},` +
				`"responseElements":{"identityId":"` + identity + `","credentials":{"accessKeyId":"ASIANEW","expiration":"Nov 30, 2026 1:00:00 PM"}},` +
				`"additionalEventData":{"identityPool":"` + pool + `","identity":"` + identity + `","identityHash":"0123","provider":"accounts.example.com","subjectHash":"4567",` +
				`"role":"` + roleARN + `","issuedAccessKeyId":"ASIANEW","expiration":"2026-11-30T13:00:00Z","hashKeyId":"key",` +
				`"decision":{"Role":{"Role":"` + roleARN + `","Reason":"rule","Logins":[{"Login":"accounts.example.com","Rules":[{"Rule":1,"Claim":"sub","MatchType":"","Value":"a","RoleARN":"","Outcome":""}]}]}}},` +
				`"requestID":"REQUEST","eventID":"EVENT","readOnly":false,"resources":[{"accountId":"123456789012","type":"AWS::Cognito::IdentityPool","ARN":"arn:aws:cognito-identity:us-east-1:123456789012:identitypool/` + pool + `"},` +
				`{"accountId":"123456789012","type":"AWS::IAM::Role","ARN":"` + roleARN + `"}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"123456789012","eventCategory":"Data"}`,
		},
		"a guest who is refused": {"GetCredentialsForIdentity",
			audit.Event{
				Status: 400, Code: "NotAuthorizedException", Message: "Access to Identity '" + guest + "' is forbidden.", Cause: "identity-disabled",
				Input: &cognito.GetCredentialsForIdentityInput{IdentityId: guest, CustomRoleArn: cognito.ARNString(roleARN + guest)},
			},
			func(r audit.Record) { r.SetIdentity(guest, false) },
			`{"eventVersion":"1.11","userIdentity":{"type":"Unknown"},"eventTime":"2026-11-30T12:00:00Z","eventSource":"cognito-identity.amazonaws.com",` +
				`"eventName":"GetCredentialsForIdentity","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7",` +
				`"errorCode":"NotAuthorizedException","errorMessage":"Access to Identity 'hash:0123' is forbidden.",` +
				`"requestParameters":{"identityId":"hash:0123","customRoleArn":"arn:aws:iam::123456789012:role/hash:0123"},"responseElements":null,` +
				`"additionalEventData":{"cause":"identity-disabled","identity":"hash:0123","identityHash":"0123","hashKeyId":"key"},` +
				`"requestID":"REQUEST","eventID":"EVENT","readOnly":false,"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"123456789012","eventCategory":"Data"}`,
		},
		"a session that is refused by its policies": {"DeleteIdentityPool",
			audit.Event{
				Status: 400, Code: "AccessDeniedException", Message: "no", Cause: "denied", Input: &cognito.DeleteIdentityPoolInput{IdentityPoolId: pool},
				AccessKeyID: "ASIASESSION", Caller: "arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials",
				Who: awsapi.Caller{Account: "123456789012", UserID: "AROAID:CognitoIdentityCredentials", PrincipalARN: roleARN, PrincipalID: "AROAID", Session: session},
			},
			func(r audit.Record) { r.SetPool(pool) },
			`{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAID:CognitoIdentityCredentials","arn":"arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials",` +
				`"accountId":"123456789012","accessKeyId":"ASIASESSION","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAID","arn":"` + roleARN + `","accountId":"123456789012","userName":"user"},` +
				`"webIdFederationData":{"federatedProvider":"cognito-identity.amazonaws.com","attributes":{"cognito-identity.amazonaws.com:amr":"authenticated,accounts.example.com",` +
				`"cognito-identity.amazonaws.com:aud":"` + pool + `","cognito-identity.amazonaws.com:sub":"hash:0123"}},"attributes":{"creationDate":"2026-11-30T11:59:00Z","mfaAuthenticated":"false"}}},` +
				`"eventTime":"2026-11-30T12:00:00Z","eventSource":"cognito-identity.amazonaws.com","eventName":"DeleteIdentityPool","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7",` +
				`"errorCode":"AccessDeniedException","errorMessage":"no","requestParameters":{"identityPoolId":"` + pool + `"},"responseElements":null,` +
				`"additionalEventData":{"cause":"denied","identityPool":"` + pool + `","hashKeyId":"key"},"requestID":"REQUEST","eventID":"EVENT","readOnly":false,` +
				`"resources":[{"accountId":"123456789012","type":"AWS::Cognito::IdentityPool","ARN":"arn:aws:cognito-identity:us-east-1:123456789012:identitypool/` + pool + `"}],` +
				`"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management"}`,
		},
		"a web identity": {"AssumeRoleWithWebIdentity",
			audit.Event{
				Status: 200, Input: &sts.AssumeRoleWithWebIdentityRequest{RoleArn: roleARN, RoleSessionName: "alice", WebIdentityToken: "eyJ"},
				Output: &sts.AssumeRoleWithWebIdentityResponse{SubjectFromWebIdentityToken: "alice", Audience: "app", Provider: "accounts.example.com", Credentials: &sts.Credentials{AccessKeyId: "ASIANEW", SessionToken: "t", SecretAccessKey: "s"}},
			},
			func(r audit.Record) {
				r.SetPerson(audit.Person{Provider: "accounts.example.com", Subject: "alice", Type: "WebIdentityUser"})
				r.SetIssued("ASIANEW", at)
			},
			`{"eventVersion":"1.11","userIdentity":{"type":"WebIdentityUser","principalId":"accounts.example.com:4567","identityProvider":"accounts.example.com"},` +
				`"eventTime":"2026-11-30T12:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRoleWithWebIdentity","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7",` +
				`"requestParameters":{"roleArn":"` + roleARN + `","roleSessionName":"hash:4567"},"responseElements":{"audience":"app","credentials":{"accessKeyId":"ASIANEW"},"provider":"accounts.example.com"},` +
				`"additionalEventData":{"provider":"accounts.example.com","subjectHash":"4567","issuedAccessKeyId":"ASIANEW","expiration":"2026-11-30T12:00:00Z","hashKeyId":"key"},` +
				`"requestID":"REQUEST","eventID":"EVENT","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management"}`,
		},
		"a root that is asked for members it got wrong": {"ListUsers",
			audit.Event{
				Status: 400, Code: "ValidationError", Message: "1 validation error detected: Value 'secret' at 'pathPrefix' failed", Cause: "validation", Err: errors.New("pathPrefix"),
				AccessKeyID: "AKIAROOT", Caller: "arn:aws:iam::123456789012:root", Who: awsapi.Caller{Account: "123456789012", UserID: "123456789012", Root: true},
			},
			func(audit.Record) {},
			`{"eventVersion":"1.11","userIdentity":{"type":"Root","principalId":"123456789012","arn":"arn:aws:iam::123456789012:root","accountId":"123456789012","accessKeyId":"AKIAROOT"},` +
				`"eventTime":"2026-11-30T12:00:00Z","eventSource":"iam.amazonaws.com","eventName":"ListUsers","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7",` +
				`"errorCode":"ValidationError","errorMessage":"Members that violate constraints: pathPrefix","requestParameters":null,"responseElements":null,` +
				`"additionalEventData":{"cause":"validation","hashKeyId":"key"},"requestID":"REQUEST","eventID":"EVENT","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := test.event
			e.Row, e.Operation, e.RequestID, e.Start, e.SourceIP = rows[test.operation], test.operation, "01234567-89ab-cdef-0123-456789abcdef", at, "192.0.2.7"
			e.Service = e.Row.Service.Name
			test.facts(audit.From(audit.NewContext(t.Context(), &e)))
			got := string(trail.Append([]byte("before"), &e))
			want := strings.NewReplacer("REQUEST", e.RequestID, "EVENT", "f7b0d0a5-0000-8000-8000-000000000000").Replace(test.want)
			got = regexp.MustCompile(`"eventID":"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`).ReplaceAllString(got, `"eventID":"f7b0d0a5-0000-8000-8000-000000000000"`)
			if diff := cmp.Diff("before"+want+"\n", got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
