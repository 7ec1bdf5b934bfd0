package instance_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/daypasstest"
)

// The first start on a data directory of the first daypass names each policy whose
// meaning changed, and the next one is silent.
func TestPolicyChangesAreToldOnce(t *testing.T) {
	dir, was := oldDirectory(t)
	// op's boundary does not allow sts:AssumeRole any more, and more trust policies
	// name op, or do not.
	change(t, filepath.Join(dir, "daypass.db"),
		`UPDATE policy_versions SET document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}}}}'`,
		`UPDATE roles SET body = json_set(body, '$.AssumeRolePolicyDocument', '{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/op"},"Action":"sts:AssumeRole"}}') WHERE name_key = 'guest'`,
		`UPDATE roles SET body = json_set(body, '$.AssumeRolePolicyDocument', '{"Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}') WHERE name_key = 'user'`,
		`UPDATE roles SET body = json_set(body, '$.AssumeRolePolicyDocument', '{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:PrincipalArn":"*"}}}}') WHERE name_key = 'admin'`,
		`UPDATE user_policies SET document = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateGreaterThan":{"aws:PrincipalTag/until":"2026-01-01"}}}}'`,
	)
	type line struct{ Policy, Change string }
	start := func(name string) (lines []line) {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			daypasstest.Start(t, daypasstest.Config{
				DataDir: dir, Issuer: was.Issuer, Log: slog.New(slog.NewJSONHandler(&out, nil)),
				Now: func() time.Time { return time.Unix(was.At, 0) },
			})
			for dec := json.NewDecoder(&out); dec.More(); {
				var l struct {
					line
					Level, Msg string
				}
				if err := dec.Decode(&l); err != nil {
					t.Fatal(err)
				}
				if l.Level == "WARN" && l.Msg == "a stored policy means something else since this version" {
					lines = append(lines, l.line)
				}
			}
		})
		return lines
	}
	const beyond = "it names callers whose permissions boundary leaves out sts:AssumeRole, which no longer stops them: 1, the first arn:aws:iam::123456789012:user/op"
	want := []line{
		{"inline policy pools of user op", "statement 1: DateGreaterThan aws:PrincipalTag/until: now reads dates without a zone, which matched nothing"},
		{"inline policy any-if-exists of role odd", "statement 1: ForAnyValue:StringEqualsIfExists aws:TagKeys: no longer holds where the key is missing"},
		{"inline policy partition of role odd", "statement 1: Resource arn:aws-cn:s3:::b is in another partition and no longer matches anything"},
		{
			"version v1 of managed policy arn:aws:iam::123456789012:policy/team/boundary",
			"statement 1: ForAnyValue:StringNotEquals aws:TagKeys: no longer holds where the key has only empty values",
		},
		{"trust policy of role admin", beyond},
		{"trust policy of role guest", beyond},
	}
	if diff := cmp.Diff(want, start("first")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := start("second"); again != nil {
		t.Errorf("told again: %v", again)
	}
}

// change runs statements on a database that no server has open.
func change(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
