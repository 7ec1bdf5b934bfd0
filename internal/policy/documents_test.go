package policy_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/policy"
)

// managedQuota is how large a managed policy of an account may be. AWS's own may be
// larger.
const managedQuota = 6144

// awsDocument is a document that AWS manages or prints, made again from the forms of
// its statements (testdata/documents/make.py).
type awsDocument struct {
	name string
	kind policy.Kind
	text string
	size int // of AWS's
}

func awsDocuments(t *testing.T, file string) (documents []awsDocument) {
	t.Helper()
	read := func(name string) []string {
		text, err := os.ReadFile(filepath.Join("testdata", "documents", name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	forms := read("statements.jsonl")
	for _, line := range read(file) {
		columns := strings.Split(line, "\t")
		if len(columns) != 6 {
			t.Fatalf("%s: %q", file, line)
		}
		count, err := strconv.Atoi(columns[3])
		size, err2 := strconv.Atoi(columns[4])
		if err := errors.Join(err, err2); err != nil {
			t.Fatalf("%s: %q: %v", file, line, err)
		}
		numbers := strings.Fields(columns[5])
		var statements []json.RawMessage
		for i := range count {
			n, err := strconv.Atoi(numbers[i%len(numbers)])
			if err != nil {
				t.Fatalf("%s: %q: %v", file, line, err)
			}
			statements = append(statements, json.RawMessage(forms[n-1]))
		}
		document := map[string]any{"Statement": statements}
		if columns[2] != "" {
			document["Version"] = columns[2]
		}
		text, err := json.Marshal(document)
		must(err)
		documents = append(documents, awsDocument{columns[0], kindOf(t, columns[1]), string(text), size})
	}
	return documents
}

// No policy that AWS manages is refused, but for being larger than those of an
// account may be.
func TestAWSManagedDocuments(t *testing.T) {
	documents := awsDocuments(t, "aws-managed.tsv")
	tooLarge := 0
	for _, d := range documents {
		if _, err := policy.Parse(d.kind, d.text); err != nil {
			t.Errorf("%s: %v", d.name, err)
		}
		if err := naiveStructure(d.kind, d.text); err != nil {
			t.Errorf("%s: the reference: %v", d.name, err)
		}
		if d.size > managedQuota {
			tooLarge++
		}
	}
	if len(documents) < 1500 || tooLarge != 69 {
		t.Errorf("%d documents, of which %d are too large for an account", len(documents), tooLarge)
	}
}

// The documents in AWS's guides to IAM, S3 and Cognito are taken, except those that
// say in words what belongs into them, and a few with a slip.
func TestAWSGuideDocuments(t *testing.T) {
	want := map[string]int{
		// Words, or account-id, where an ARN, an account or a partition belongs.
		"confused-deputy": 1, "example-walkthroughs-managing-access-example4": 1, "id_credentials_mfa_configure-api-require": 2,
		"id_roles_create_for-idp_saml": 1, "id_roles_providers_enable-console-saml": 1, "id_roles_providers_saml": 1, "id_roles_use_passrole": 1,
		"reference_policies_condition-keys": 1, "replication-config-for-kms-objects": 2, "replication-walkthrough-4": 1, "user-pool-sms-settings": 1,
		// White space before an ARN and before an asterisk.
		"reference_policies_iam-condition-keys": 1, "troubleshoot_policies": 1,
		// The policy of a topic, which names no resource.
		"reference_policies_variables": 1,
	}
	documents, refused := awsDocuments(t, "aws-guides.tsv"), map[string]int{}
	for _, d := range documents {
		if _, err := policy.Parse(d.kind, d.text); err != nil {
			refused[d.name]++
			t.Logf("%s: %v: %s", d.name, err, d.text)
		}
	}
	if len(documents) < 340 {
		t.Errorf("only %d documents", len(documents))
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}
