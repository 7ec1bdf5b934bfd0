package daypass_test

import (
	"os"
	"testing"

	"github.com/daypass/daypass/internal/declare"
	"github.com/daypass/daypass/internal/instance"
)

// docs/seed.schema.json is what "daypass apply --schema" prints.
func TestSeedSchema(t *testing.T) {
	const file = "docs/seed.schema.json"
	schema := declare.Schema(instance.Services())
	if *updateDocs {
		if err := os.WriteFile(file, schema, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil || string(stored) != string(schema) {
		t.Errorf("%s is not what the tables say (%v): go test . -run TestSeedSchema -update", file, err)
	}
}
