package daypass_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// embedded are the modules that a program links which runs daypass inside: a
// test with daypasstest, or whatever is made of an instance. Each costs the
// importer a download. What only the binary needs (the command line, AWS's SDK,
// engines of other databases) is handed in by cmd/daypass and is not here.
const embedded = `
	github.com/aws/aws-sdk-go-v2
	github.com/aws/smithy-go
	github.com/daypass/daypass
	github.com/dustin/go-humanize
	github.com/go-jose/go-jose/v4
	github.com/go-json-experiment/json
	github.com/google/uuid
	github.com/mfridman/interpolate
	github.com/pressly/goose/v3
	github.com/remyoudompheng/bigfft
	github.com/sethvargo/go-retry
	go.uber.org/multierr
	golang.org/x/crypto
	golang.org/x/sync
	golang.org/x/sys
	modernc.org/libc
	modernc.org/mathutil
	modernc.org/memory
	modernc.org/sqlite
	zombiezen.com/go/sqlite
`

// What runs daypass inside links the embedded store and nothing that only the
// binary needs.
func TestFence(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./daypasstest", "./internal/instance").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, out)
	}
	linked := slices.Compact(slices.Sorted(slices.Values(strings.Fields(string(out)))))
	allowed := strings.Fields(embedded)
	for _, m := range linked {
		if !slices.Contains(allowed, m) {
			t.Errorf("daypasstest and internal/instance link %s: hand it in from cmd/daypass, or list it in fence_test.go with its reason", m)
		}
	}
}
