package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// knownVariables checks environments against all commands.
func knownVariables(t *testing.T) (check func(environ ...string) ([]string, error)) {
	t.Helper()
	parser, err := newParser(&process{getenv: os.Getenv}, new(commands))
	if err != nil {
		t.Fatal(err)
	}
	return func(environ ...string) ([]string, error) { return checkEnvironment(parser.Model.Node, environ) }
}

// A misspelled variable is refused, with the name that was meant. Variables that
// Kubernetes and Docker make are ignored.
func TestEnvironment(t *testing.T) {
	check := knownVariables(t)
	for _, test := range []struct{ name, meant string }{
		{"DAYPASS_DATA_DIRECTORY", "-"}, // far from any
		{"DAYPASS_DATADIR", "DAYPASS_DATA_DIR"},
		{"DAYPASS_LISTN", "DAYPASS_LISTEN"},
		{"DAYPASS_LISTNE", "-"}, // two edits of six letters
		{"DAYPASS_PUBLIC_URI", "DAYPASS_PUBLIC_URL"},
		{"DAYPASS_MASTERKEY", "DAYPASS_MASTER_KEY"},
		{"DAYPASS_MASTER_KEYFILES", "DAYPASS_MASTER_KEY_FILE"},
		{"DAYPASS_ROOT_SECRET_ACCES_KEY", "DAYPASS_ROOT_SECRET_ACCESS_KEY"},
		{"DAYPASS_IDP_LISTE", "DAYPASS_IDP_LISTEN"},

		{"DAYPASS_DATA_DIR", ""},
		{"DAYPASS_MASTER_KEY", ""},
		{"DAYPASS_USER_POOL_SECRET_ACCESS_KEY", ""},
		{"DAYPASS_IDP_ISSUER", ""},
		{"DAYPASS_TEST_PYTHON", ""},
		{"DAYPAS_LISTEN", ""}, // not with our prefix
		{"PATH", ""},
		// What Kubernetes and Docker make for services called daypass and daypass-idp.
		{"DAYPASS_SERVICE_HOST", ""},
		{"DAYPASS_SERVICE_PORT", ""},
		{"DAYPASS_SERVICE_PORT_HTTPS", ""},
		{"DAYPASS_PORT", ""},
		{"DAYPASS_PORT_4600_TCP", ""},
		{"DAYPASS_PORT_4600_TCP_ADDR", ""},
		{"DAYPASS_PORT_4600_TCP_PROTO", ""},
		{"DAYPASS_IDP_SERVICE_HOST", ""},
		{"DAYPASS_IDP_PORT_4601_UDP_PORT", ""},
		{"DAYPASS_NAME", ""},
		{"DAYPASS_ENV_HOME", ""},
	} {
		unknown, err := check("HOME=/root", test.name+"=x")
		switch test.meant {
		case "":
			if unknown != nil || err != nil {
				t.Errorf("%.80s: %.100q, %v", test.name, unknown, err)
			}
		case "-":
			if err != nil || !slices.Equal(unknown, []string{test.name}) {
				t.Errorf("%.80s: %.100q, %v", test.name, unknown, err)
			}
		default:
			if want := "the environment variable " + test.name + " is not known: did you mean " + test.meant + "?"; err == nil || err.Error() != want {
				t.Errorf("%.80s: %v, want %s", test.name, err, want)
			}
		}
	}
}

// The length of what is compared, and of what is told, is bounded.
func TestEnvironmentIsBounded(t *testing.T) {
	unknown, err := knownVariables(t)("DAYPASS_" + strings.Repeat("A", 1<<20) + "=x")
	if len(unknown) != 1 || len(unknown[0]) > maxVariable+3 || err != nil {
		t.Errorf("%.200q, %v", unknown, err)
	}
}

// All variables that the code asks for are known.
func TestEnvironmentIsKnown(t *testing.T) {
	check := knownVariables(t)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`(?:getenv\(|Getenv\(|= )"(DAYPASS_[A-Z0-9_]+)"`)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(text), -1) {
			found++
			if unknown, err := check(m[1] + "=x"); unknown != nil || err != nil {
				t.Errorf("%s: %s: %q, %v", file, m[1], unknown, err)
			}
		}
	}
	if found < 4 {
		t.Errorf("%d variables are asked for", found)
	}
}
