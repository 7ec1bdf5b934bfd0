package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/daypass/daypass/internal/typo"
)

// environment is the prefix of daypass's variables.
const environment = "DAYPASS_"

// maxVariable is the longest name that is looked at, in bytes.
const maxVariable = 128

// secretVariables are those that are no flags, since they hold secrets.
var secretVariables = []string{masterKeyVariable, nextMasterKeyVariable, rootSecret, nextRootSecret, "DAYPASS_USER_POOL_ACCESS_KEY_ID", "DAYPASS_USER_POOL_SECRET_ACCESS_KEY"}

// checkEnvironment finds variables that have the prefix and are not known. One that is
// nearly a known one is a mistake, and the error names that one; others are returned.
//
// Names that Kubernetes and Docker make for a service called daypass, or daypass-…,
// are passed over, and those of the tests.
func checkEnvironment(model *kong.Node, environ []string) (unknown []string, err error) {
	known := append(variables(model), secretVariables...)
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, environment) || slices.Contains(known, name) || isServiceLink(name) ||
			strings.HasPrefix(name, environment+"TEST_") || strings.HasPrefix(name, environment+"BENCH_") {
			continue
		}
		if len(name) > maxVariable {
			unknown = append(unknown, name[:maxVariable]+"...")
			continue
		}
		within := 1
		if len(name)-len(environment) >= 8 {
			within = 2
		}
		nearest := slices.MinFunc(known, func(a, b string) int {
			return cmp.Or(cmp.Compare(typo.Edits(name, a), typo.Edits(name, b)), cmp.Compare(a, b))
		})
		if typo.Edits(name, nearest) <= within {
			return nil, usage("the environment variable %s is not known: did you mean %s?", name, nearest)
		}
		unknown = append(unknown, name)
	}
	slices.Sort(unknown)
	return unknown, nil
}

// variables are the environment variables of a command and those below it.
func variables(n *kong.Node) (names []string) {
	for _, f := range n.Flags {
		names = append(names, f.Envs...)
	}
	for _, child := range n.Children {
		names = append(names, variables(child)...)
	}
	return names
}

// isServiceLink says whether a name is one that Kubernetes makes for a service
// (DAYPASS_SERVICE_HOST, DAYPASS_PORT_4600_TCP_ADDR), or Docker for a link
// (DAYPASS_NAME, DAYPASS_ENV_…), whatever follows daypass in the service's name.
func isServiceLink(name string) bool {
	rest := "_" + strings.TrimPrefix(name, environment)
	for _, end := range []string{"_SERVICE_HOST", "_SERVICE_PORT", "_PORT", "_NAME"} {
		if strings.HasSuffix(rest, end) {
			return true
		}
	}
	if strings.Contains(rest, "_SERVICE_PORT_") || strings.Contains(rest, "_ENV_") {
		return true
	}
	_, port, ok := strings.Cut(rest, "_PORT_")
	number, proto, two := strings.Cut(port, "_")
	kind, _, _ := strings.Cut(proto, "_")
	return ok && two && strings.Trim(number, "0123456789") == "" && slices.Contains([]string{"TCP", "UDP", "SCTP"}, kind)
}
