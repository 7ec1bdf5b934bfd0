package declare_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/declare"
)

// How a pool adopts is a part of the file: AWS's host is the default, a date is midnight
// in UTC, and mistakes are told with their line.
func TestAdopt(t *testing.T) {
	call := caller(daypasstest.Start(t, daypasstest.Config{}))
	const pool = "Version: 1\nIdentityPools:\n  - IdentityPoolId: eu-west-1:11111111-2222-4333-8444-555555555555\n    IdentityPoolName: p\n    Adopt: "
	const what = "identity pool eu-west-1:11111111-2222-4333-8444-555555555555 (p)"
	for _, step := range []struct{ adopt, want string }{
		{"{Until: 2027-06-30}", "+ " + what + "|~ " + what + ": adoption from cognito-identity.eu-west-1.amazonaws.com until 2027-06-30T00:00:00Z"},
		{"{Until: 2027-06-30}", ""},
		{`{Until: "2027-06-30T00:00:00+00:00", QuestionsPerSecond: 10, Providers: []}`, ""},
		{"{Until: 2027-06-30, QuestionsPerSecond: 20}", "~ " + what + ": adoption from cognito-identity.eu-west-1.amazonaws.com until 2027-06-30T00:00:00Z"},
		{"{Until: 2027-06-30, QuestionsPerSecond: 20, Providers: [b.example, a.example]}", "~ " + what + ": adoption from cognito-identity.eu-west-1.amazonaws.com until 2027-06-30T00:00:00Z"},
		{"{Until: 2027-06-30, QuestionsPerSecond: 20, Providers: [a.example, b.example]}", ""},
		{"{Until: 2027-06-30, QuestionsPerSecond: 20, Host: 'aws.example:8443'}", "~ " + what + ": adoption from aws.example:8443 until 2027-06-30T00:00:00Z"},
		{"", "- " + what + ": adoption"},
		{"", ""},
	} {
		f, steps := plan(t, call, pool+step.adopt)
		if got := texts(steps); !slices.Equal(got, slices.DeleteFunc(strings.Split(step.want, "|"), func(s string) bool { return s == "" })) {
			t.Errorf("%s: %q, want %q", step.adopt, got, step.want)
		}
		if err := f.Apply(t.Context(), call, steps, func(declare.Step) {}); err != nil {
			t.Fatal(err)
		}
	}
	for adopt, want := range map[string]string{
		"{}":                            "'s Adopt has no Until, the date when adoption ends",
		"{Until: soon}":                 "'s Adopt's Until is a date, such as 2027-06-30, or a time, such as 2027-06-30T12:00:00Z",
		"{Until: 2027-06-30, Hosts: x}": "'s Adopt has no member Hosts: did you mean Host?",
		"yes":                           "'s Adopt is an object",
	} {
		if _, err := parse("seed.yaml", pool+adopt); err == nil || err.Error() != "seed.yaml:5: identity pool eu-west-1:11111111-2222-4333-8444-555555555555"+want {
			t.Errorf("%s: %v", adopt, err)
		}
	}
}
