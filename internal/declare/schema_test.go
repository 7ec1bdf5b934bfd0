package declare_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/declare"
	"github.com/daypass/daypass/internal/instance"
)

// schema is the schema, read by a library that others use.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(declare.Schema(instance.Services())))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("seed.schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("seed.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate says what the schema says of a file.
func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

var (
	fenced   = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	archived = regexp.MustCompile(`(?s)-- (\S+\.yaml) --\n(.*?)(?:\n-- |\z)`)
)

// Files that can be applied are what the schema says: those of the documentation, of the
// scripts and of the tests, and what is exported.
func TestSchemaTakes(t *testing.T) {
	s := schema(t)
	files := map[string]string{"everything": everything, "leftovers": leftovers, "wanted": wanted}
	for seed := range uint64(40) {
		files[fmt.Sprint("random ", seed)] = random(rand.New(rand.NewPCG(seed, 1)))
	}
	for pattern, in := range map[string]*regexp.Regexp{"../../docs/seed.md": fenced, "../../cmd/daypass/testdata/script/*.txtar": archived} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range in.FindAllStringSubmatch(string(text), -1) {
				if file := match[len(match)-1]; strings.Contains(file, "Version: 1\n") {
					files[path+" "+match[1]] = file
				}
			}
		}
	}
	taken := 0
	for name, text := range files {
		if _, err := parse("seed.yaml", text); err != nil {
			continue // an example of a mistake
		}
		taken++
		if err := validate(t, s, text); err != nil && !strings.Contains(name, "policy.yaml") { // one that only the API refuses
			t.Errorf("%s: %v", name, err)
		}
	}
	if taken < 45 {
		t.Errorf("only %d files", taken)
	}
	call := caller(daypasstest.Start(t, daypasstest.Config{}))
	applied(t, call, everything)
	if err := validate(t, s, export(t, call)); err != nil {
		t.Errorf("exported: %v", err)
	}
}

// unseen are mistakes that no schema sees: they depend on several entities, on other
// files, or are none of the values.
var unseen = regexp.MustCompile(`is there twice|environment variable|: stat |not a regular file|no SAML metadata|already defined|anchors|nested|documents in the file|nothing in it|^:2: $`)

// What is wrong with a file is wrong by the schema.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	refused := 0
	for _, test := range mistakes {
		if test.want == "" || unseen.MatchString(test.want) {
			continue
		}
		if refused++; validate(t, s, test.text) == nil {
			t.Errorf("%q is fine, and not %s", test.text, test.want)
		}
	}
	for name, text := range map[string]string{
		"an unknown element of a policy": "Version: 1\nManagedPolicies: [{PolicyName: p, PolicyDocument: {Statement: [{Efect: Allow}]}}]",
		"an unknown effect":              "Version: 1\nManagedPolicies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Alow}]}}]",
		"a role without trust":           "Version: 1\nRoles: [{RoleName: r}]",
		"a path without slashes":         "Version: 1\nUsers: [{UserName: u, Path: a}]",
		"a session of a second":          "Version: 1\nRoles: [{RoleName: r, MaxSessionDuration: 1, AssumeRolePolicyDocument: '{}'}]",
	} {
		if refused++; validate(t, s, text) == nil {
			t.Errorf("%s is fine", name)
		}
	}
	if refused < 20 {
		t.Errorf("only %d mistakes", refused)
	}
}
