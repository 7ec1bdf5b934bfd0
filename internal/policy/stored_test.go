package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/policy"
)

// What an earlier version stored is read, and a resource of another partition, which
// nobody can write any more, neither allows more than it did nor denies less.
func TestParseStored(t *testing.T) {
	const china, ours = "arn:aws-cn:s3:::b/k", "arn:aws:s3:::b/k"
	statement := func(effect, element, resource string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"s3:*","` + element + `":` + resource + `}]}`
	}
	for name, test := range map[string]struct {
		text        string
		ours, china policy.Effect
	}{
		"allows":                    {statement("Allow", "Resource", `"arn:aws-cn:s3:::b/*"`), policy.ImplicitDeny, policy.ImplicitDeny},
		"allows ours beside it":     {statement("Allow", "Resource", `["arn:aws-cn:s3:::b/*","arn:aws:s3:::b/*"]`), policy.Allow, policy.ImplicitDeny},
		"denies":                    {statement("Deny", "Resource", `"arn:aws-cn:s3:::b/*"`), policy.ImplicitDeny, policy.ExplicitDeny},
		"allows all but":            {statement("Allow", "NotResource", `"arn:aws-cn:s3:::b/*"`), policy.Allow, policy.ImplicitDeny},
		"denies all but":            {statement("Deny", "NotResource", `"arn:aws-cn:s3:::b/*"`), policy.ExplicitDeny, policy.ImplicitDeny},
		"of the government, allows": {statement("Allow", "Resource", `"arn:aws-us-gov:s3:::b/*"`), policy.ImplicitDeny, policy.ImplicitDeny},
	} {
		t.Run(name, func(t *testing.T) {
			var malformed *policy.Error
			if _, err := policy.Parse(policy.Identity, test.text); !errors.As(err, &malformed) {
				t.Fatalf("Parse: %v, want that it is refused when it is written", err)
			}
			d, err := policy.ParseStored(policy.Identity, test.text)
			if err != nil {
				t.Fatal(err)
			}
			for resource, want := range map[string]policy.Effect{ours: test.ours, china: test.china} {
				if got := d.Evaluate(&policy.Request{Action: "s3:GetObject", Resource: resource}).Effect; got != want {
					t.Errorf("%s: %v, want %v", resource, got, want)
				}
			}
		})
	}
	for _, text := range []string{"{", statement("Allow", "Resource", `"arn:nowhere:s3:::b"`), statement("Allow", "Resource", `"arn:aw*:s3:::b"`)} {
		if _, err := policy.ParseStored(policy.Identity, text); err == nil {
			t.Errorf("%s: read, which no version has ever accepted", text)
		}
	}
}

// Whatever Parse accepts ParseStored reads to the same effect.
func TestParseStoredReadsWhatParseAccepts(t *testing.T) {
	for _, c := range corpus[documentCase](t, "wellformed.json") {
		kind := kindOf(t, c.Kind)
		stored, err := policy.ParseStored(kind, string(c.Policy))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		d := mustParse(t, kind, string(c.Policy))
		for i, probe := range probes {
			if got, want := stored.Evaluate(probe).Effect, d.Evaluate(probe).Effect; got != want {
				t.Errorf("%s: probe %d: %v, want %v", c.Name, i, got, want)
			}
		}
	}
}

func TestChanges(t *testing.T) {
	identity := func(rest string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"two","Effect":"Allow","Action":"s3:*",` + rest + `}]}`
	}
	condition := func(operator, key, value string) string {
		return identity(`"Resource":"*","Condition":{"` + operator + `":{"` + key + `":` + value + `}}`)
	}
	const (
		absent  = "no longer holds where the key is missing"
		empties = "no longer holds where the key has only empty values"
		dates   = "now reads dates without a zone, which matched nothing"
	)
	for _, test := range []struct {
		text string
		want []string
	}{
		{allowAll, nil},
		{identity(`"Resource":["arn:aws:s3:::a","arn:aws-cn:s3:::b","arn:aws-us-gov:s3:::c"]`), []string{
			"Resource arn:aws-cn:s3:::b is in another partition and no longer matches anything",
			"Resource arn:aws-us-gov:s3:::c is in another partition and no longer matches anything",
		}},
		{identity(`"NotResource":"arn:aws-cn:s3:::b"`), nil},
		{`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"arn:aws-cn:s3:::b"}}`, nil},
		{condition("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", `"a"`), []string{"ForAnyValue:StringEqualsIfExists aws:TagKeys: " + absent}},
		{condition("ForAnyValue:StringNotLikeIfExists", "aws:TagKeys", `"*"`), []string{"ForAnyValue:StringNotLikeIfExists aws:TagKeys: " + absent}},
		{condition("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", `[]`), nil},
		{condition("StringEqualsIfExists", "aws:TagKeys", `"a"`), nil},
		{condition("ForAllValues:StringEqualsIfExists", "aws:TagKeys", `"a"`), nil},
		{condition("ForAnyValue:StringEquals", "aws:TagKeys", `["a","b"]`), nil},
		{condition("ForAnyValue:StringEquals", "aws:TagKeys", `["a",""]`), []string{"ForAnyValue:StringEquals aws:TagKeys: " + empties}},
		{condition("ForAnyValue:StringLike", "aws:TagKeys", `"a*"`), nil},
		{condition("ForAnyValue:StringLike", "aws:TagKeys", `"*"`), []string{"ForAnyValue:StringLike aws:TagKeys: " + empties}},
		{condition("ForAnyValue:StringLike", "aws:TagKeys", `"${aws:PrincipalTag/team}*"`), []string{"ForAnyValue:StringLike aws:TagKeys: " + empties}},
		{condition("ForAnyValue:StringNotEquals", "aws:TagKeys", `"a"`), []string{"ForAnyValue:StringNotEquals aws:TagKeys: " + empties}},
		{condition("ForAnyValue:StringNotEquals", "aws:TagKeys", `"${t:x, 'a'}"`), []string{"ForAnyValue:StringNotEquals aws:TagKeys: " + empties}},
		{condition("DateLessThan", "aws:CurrentTime", `"2026-06-01"`), nil},
		{condition("DateLessThan", "aws:TokenIssueTime", `"2026-06-01T00:00:00Z"`), nil},
		{condition("DateLessThan", "aws:PrincipalTag/until", `"2026-06-01"`), []string{"DateLessThan aws:PrincipalTag/until: " + dates}},
		{condition("Null", "aws:TagKeys", `"true"`), nil},
	} {
		d, err := policy.ParseStored(policy.Identity, test.text)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, change := range test.want {
			want = append(want, `statement 2 ("two"): `+change)
		}
		if diff := cmp.Diff(want, d.Changes()); diff != "" {
			t.Errorf("%s: %s", test.text, diff)
		}
	}
	trust := `{"Statement":{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity",` +
		`"Condition":{"ForAnyValue:StringEqualsIfExists":{"accounts.google.com:amr":"mfa"}}}}`
	d, err := policy.ParseStored(policy.Trust, trust)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"statement 1: ForAnyValue:StringEqualsIfExists accounts.google.com:amr: " + absent}, d.Changes()); diff != "" {
		t.Error(diff)
	}
}

// A list of AWS's that grows refuses nobody who is in already.
func TestStoredTrustInASharedProvider(t *testing.T) {
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",` +
		`"Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d"}}]}`
	if _, err := policy.Parse(policy.Trust, trust); err == nil {
		t.Error("a new document trusts whoever uses Sentinel")
	}
	if _, err := policy.ParseStored(policy.Trust, trust); err != nil {
		t.Errorf("a stored document is not read: %v", err)
	}
}

// FuzzParseStored: what only ParseStored reads (another partition) allows no more
// than the same document would with its own partition in all of its resources, and
// denies no less of the other partition.
func FuzzParseStored(f *testing.F) {
	for _, c := range corpus[decisionCase](f, "resources.json") {
		f.Add(string(c.Identity[0]))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, foreign := range []string{"arn:aws-cn:", "arn:aws-us-gov:"} {
			old := strings.ReplaceAll(text, "arn:aws:", foreign)
			if old == text {
				return
			}
			d, err := policy.ParseStored(policy.Identity, text)
			if err != nil {
				return
			}
			stored, err := policy.ParseStored(policy.Identity, old)
			if err != nil {
				return // a condition that is not about partitions any more
			}
			for i, probe := range probes {
				foreigner := *probe
				foreigner.Resource = strings.Replace(probe.Resource, "arn:aws:", foreign, 1)
				ours, theirs := d.Evaluate(probe).Effect, stored.Evaluate(&foreigner).Effect
				if theirs == policy.Allow && ours != policy.Allow && len(stored.Keys()) == 0 {
					t.Errorf("%s: probe %d: allowed in %s, and %v here", text, i, foreign, ours)
				}
				if ours == policy.ExplicitDeny && theirs != policy.ExplicitDeny && len(stored.Keys()) == 0 {
					t.Errorf("%s: probe %d: denied here, and %v in %s", text, i, theirs, foreign)
				}
			}
		}
	})
}
