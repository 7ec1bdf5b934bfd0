package iam_test

import (
	"maps"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
)

func otherBox(t *testing.T) *seal.Box {
	t.Helper()
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key.Box("page-token")
}

func TestCreateProviderRefusals(t *testing.T) {
	const thumbprint = "6938fd4d98bab03faadb97b34396831e3780aea1"
	tests := []struct {
		name       string
		parameters []string
		want       refusal
	}{
		{"no URL", nil, refusal{400, "ValidationError", "1 validation error detected: Value null at 'url' failed to satisfy constraint: Member must not be null"}},
		{"not a URL", []string{"Url", "oidc.example.com"}, refusal{400, "ValidationError", "Invalid Open ID Connect Provider URL"}},
		{"http", []string{"Url", "http://oidc.example.com"}, refusal{400, "InvalidInput", "Invalid Open ID Connect Provider URL. The URL must begin with https://."}},
		{"http on loopback", []string{"Url", "http://localhost:5556"}, refusal{400, "InvalidInput", "Invalid Open ID Connect Provider URL. The URL must begin with https://."}},
		{"query", []string{"Url", "https://oidc.example.com?a=b"}, refusal{400, "InvalidInput", "Invalid Open ID Connect Provider URL."}},
		{"our issuer", []string{"Url", "https://ID.example.com/daypass/"}, refusal{400, "InvalidInput", "https://ID.example.com/daypass/ is the issuer of this service's own tokens, which need no OpenID Connect provider."}},
		{"AWS's issuer", []string{"Url", "https://cognito-identity.amazonaws.com"}, refusal{400, "InvalidInput", "https://cognito-identity.amazonaws.com is the issuer of this service's own tokens, which need no OpenID Connect provider."}},
		{"empty client ID", []string{"Url", "https://a.example", "ClientIDList.member.1", ""},
			refusal{400, "ValidationError", "1 validation error detected: Value '[]' at 'clientIDList' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 1]"}},
		{"short thumbprint", []string{"Url", "https://a.example", "ThumbprintList.member.1", thumbprint[1:]},
			refusal{400, "ValidationError", "1 validation error detected: Value '[" + thumbprint[1:] + "]' at 'thumbprintList' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 40, Member must have length greater than or equal to 40]"}},
		{"thumbprint", []string{"Url", "https://a.example", "ThumbprintList.member.1", thumbprint[1:] + "z"}, refusal{400, "InvalidInput", "Thumbprint " + thumbprint[1:] + "z must be 40 hexadecimal characters."}},
		{"tags", []string{"Url", "https://a.example", "Tags.member.1.Key", "aws:x", "Tags.member.1.Value", ""}, refusal{400, "InvalidInput", "aws: prefixed tag key names are not allowed for external use."}},
		{"same URL", []string{"Url", "https://there.example.com/x"}, refusal{409, "EntityAlreadyExists", "Provider with url https://there.example.com/x already exists."}},
		{"same URL but for a slash", []string{"Url", "https://there.example.com/x/"}, refusal{}},
		{"same URL with the slash", []string{"Url", "https://there.example.com/x/"}, refusal{409, "EntityAlreadyExists", "Provider with url https://there.example.com/x/ already exists."}},
		{"path in other case", []string{"Url", "https://there.example.com/X"}, refusal{}},
	}
	s := newService(t)
	must(t, s, "CreateOpenIDConnectProvider", "Url", "https://there.example.com/x")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantRefused(t, do(t, s, "CreateOpenIDConnectProvider", test.parameters...), test.want)
		})
	}
}

func TestProviderARNRefusals(t *testing.T) {
	s := newService(t)
	const there = "arn:aws:iam::111122223333:oidc-provider/there.example.com"
	must(t, s, "CreateOpenIDConnectProvider", "Url", "https://there.example.com")
	other := awsapi.Caller{Account: "999988887777", Root: true}
	for action, more := range map[string][]string{
		"GetOpenIDConnectProvider":                nil,
		"DeleteOpenIDConnectProvider":             nil,
		"AddClientIDToOpenIDConnectProvider":      {"ClientID", "a"},
		"RemoveClientIDFromOpenIDConnectProvider": {"ClientID", "a"},
		"UpdateOpenIDConnectProviderThumbprint":   {"ThumbprintList", ""},
		"TagOpenIDConnectProvider":                {"Tags", ""},
		"UntagOpenIDConnectProvider":              {"TagKeys", ""},
		"ListOpenIDConnectProviderTags":           nil,
	} {
		with := func(arn string) []string { return append([]string{"OpenIDConnectProviderArn", arn}, more...) }
		wantRefused(t, do(t, s, action, with("oidc.example.com/realms/x")...), refusal{400, "ValidationError", "Invalid ARN:  Could not be parsed!"})
		const missing = "arn:aws:iam::111122223333:oidc-provider/nobody.example.com"
		wantRefused(t, do(t, s, action, with(missing)...), refusal{404, "NoSuchEntity", "OpenIDConnect Provider not found for arn " + missing})
		wantRefused(t, doAs(t, s, other, action, with(there)...), refusal{404, "NoSuchEntity", "OpenIDConnect Provider not found for arn " + there})
	}
}

// The client IDs and thumbprints of a provider change at once for those who
// verify tokens; who has the provider of before keeps it as it was.
func TestChangeOIDCProvider(t *testing.T) {
	s := newService(t)
	s.Limits.ClientIDsPerProvider, s.Limits.ThumbprintsPerProvider = 3, 1
	const arn = "arn:aws:iam::111122223333:oidc-provider/a.example"
	must(t, s, "CreateOpenIDConnectProvider", "Url", "https://a.example", "ClientIDList.member.1", "b", "ClientIDList.member.2", "a")
	find := func() *iam.OIDCProvider {
		p, ok, err := s.OIDCProvider(t.Context(), arn)
		if err != nil || !ok {
			t.Fatalf("OIDCProvider: %v, %v", ok, err)
		}
		return p
	}
	first := find()
	steps := []struct {
		action, member, value string
		want                  refusal
		clients               []string
		thumbprints           iam.ThumbprintListType
	}{
		{"AddClientIDToOpenIDConnectProvider", "ClientID", "c", refusal{}, []string{"b", "a", "c"}, nil},
		{"AddClientIDToOpenIDConnectProvider", "ClientID", "a", refusal{}, []string{"b", "a", "c"}, nil},
		{"AddClientIDToOpenIDConnectProvider", "ClientID", "d", refusal{409, "LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 3"}, []string{"b", "a", "c"}, nil},
		{"RemoveClientIDFromOpenIDConnectProvider", "ClientID", "A", refusal{}, []string{"b", "a", "c"}, nil},
		{"RemoveClientIDFromOpenIDConnectProvider", "ClientID", "b", refusal{}, []string{"a", "c"}, nil},
		{"AddClientIDToOpenIDConnectProvider", "ClientID", "d", refusal{}, []string{"a", "c", "d"}, nil},
		{"UpdateOpenIDConnectProviderThumbprint", "ThumbprintList.member.1", strings.Repeat("AB", 20), refusal{}, []string{"a", "c", "d"}, iam.ThumbprintListType{iam.ThumbprintType(strings.Repeat("ab", 20))}},
		{"UpdateOpenIDConnectProviderThumbprint", "ThumbprintList.member.1", strings.Repeat("xy", 20), refusal{400, "InvalidInput", "Thumbprint " + strings.Repeat("xy", 20) + " must be 40 hexadecimal characters."}, []string{"a", "c", "d"}, iam.ThumbprintListType{iam.ThumbprintType(strings.Repeat("ab", 20))}},
		{"UpdateOpenIDConnectProviderThumbprint", "ThumbprintList", "", refusal{}, []string{"a", "c", "d"}, nil},
	}
	for _, step := range steps {
		wantRefused(t, do(t, s, step.action, "OpenIDConnectProviderArn", arn, step.member, step.value), step.want)
		p := find()
		if diff := cmp.Diff(step.clients, p.Audiences()); diff != "" {
			t.Errorf("%s %s: client IDs: %s", step.action, step.value, diff)
		}
		if diff := cmp.Diff(step.thumbprints, p.Thumbprints); diff != "" {
			t.Errorf("%s %s: thumbprints: %s", step.action, step.value, diff)
		}
	}
	if diff := cmp.Diff([]string{"b", "a"}, first.Audiences()); diff != "" {
		t.Errorf("the provider of before: %s", diff)
	}
}

func TestOIDCProvider(t *testing.T) {
	ctx := t.Context()
	s := newService(t)
	const arn = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/realms/x/"
	if p, ok, err := s.OIDCProvider(ctx, arn); p != nil || ok || err != nil {
		t.Fatalf("a provider before it is made: %v, %v, %v", p, ok, err)
	}
	must(t, s, "CreateOpenIDConnectProvider", "Url", "https://oidc.example.com/realms/x/",
		"ClientIDList.member.1", "b", "ClientIDList.member.2", "a", "ClientIDList.member.3", "b",
		"ThumbprintList.member.1", strings.Repeat("AB", 20))
	p, ok, err := s.OIDCProvider(ctx, arn)
	if err != nil || !ok {
		t.Fatalf("OIDCProvider: %v, %v", ok, err)
	}
	want := &iam.OIDCProvider{
		Account: account, ARN: arn, URL: "https://oidc.example.com/realms/x/",
		ClientIDs: iam.ClientIDListType{"b", "a"}, Thumbprints: iam.ThumbprintListType{iam.ThumbprintType(strings.Repeat("ab", 20))},
		Created: start.Truncate(1e9),
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	if p.Name() != "oidc.example.com/realms/x/" || p.KeptName() || p.Issuer() != "https://oidc.example.com/realms/x/" {
		t.Errorf("name %s, issuer %s", p.Name(), p.Issuer())
	}
	if diff := cmp.Diff([]string{"b", "a"}, p.Audiences()); diff != "" {
		t.Error(diff)
	}
	if again, _, _ := s.OIDCProvider(ctx, arn); again != p {
		t.Error("the provider is read again for each request")
	}
	body := must(t, s, "GetOpenIDConnectProvider", "OpenIDConnectProviderArn", arn)
	if got := element(t, body, "Url"); got != "oidc.example.com/realms/x/" {
		t.Errorf("Url %s", got)
	}
	must(t, s, "DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", arn)
	if p, ok, err := s.OIDCProvider(ctx, arn); p != nil || ok || err != nil {
		t.Errorf("a provider after it was deleted: %v, %v, %v", p, ok, err)
	}
}

// An http issuer is told from an https one by its URL alone, so the URL keeps
// its scheme wherever it is shown. Both have the same ARN: there is one or the
// other.
func TestHTTPProvider(t *testing.T) {
	s := newService(t)
	s.PlainIssuer = func(u *url.URL) bool {
		return strings.EqualFold(u.Hostname(), "localhost") || net.ParseIP(u.Hostname()).IsLoopback()
	}
	must(t, s, "CreateOpenIDConnectProvider", "Url", "http://127.0.0.1:5556/dex")
	const arn = "arn:aws:iam::111122223333:oidc-provider/127.0.0.1:5556/dex"
	body := must(t, s, "GetOpenIDConnectProvider", "OpenIDConnectProviderArn", arn)
	if got := element(t, body, "Url"); got != "http://127.0.0.1:5556/dex" {
		t.Errorf("Url %s", got)
	}
	p, ok, err := s.OIDCProvider(t.Context(), arn)
	if err != nil || !ok || p.Issuer() != "http://127.0.0.1:5556/dex" {
		t.Errorf("issuer %v, %v", p, err)
	}
	wantRefused(t, do(t, s, "CreateOpenIDConnectProvider", "Url", "https://127.0.0.1:5556/dex"),
		refusal{409, "EntityAlreadyExists", "Provider with url https://127.0.0.1:5556/dex already exists."})
}

// A provider that was stored when names lost the slash keeps its name. The same
// URL can be made a provider again beside it; without the slash it would have the
// kept name and cannot.
func TestKeptName(t *testing.T) {
	ctx := t.Context()
	s := newService(t)
	const kept = "arn:aws:iam::111122223333:oidc-provider/acme.eu.auth0.com"
	add := func(p *iam.OIDCProvider) {
		if err := s.Store.Update(ctx, func(tx iam.Tx) error { return tx.AddOIDCProvider(p) }); err != nil {
			t.Fatal(err)
		}
	}
	add(&iam.OIDCProvider{Account: account, ARN: kept, URL: "https://acme.eu.auth0.com/", ClientIDs: iam.ClientIDListType{"app"}, Created: start})
	wantOf := func(iss string, of, near []string) {
		t.Helper()
		gotOf, gotNear, err := s.OIDCProvidersOf(ctx, account, iss)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]string{of, near}, [][]string{arns(gotOf), arns(gotNear)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", iss, diff)
		}
	}
	wantOf("https://acme.eu.auth0.com/", []string{kept}, nil)
	for _, near := range []string{"https://acme.eu.auth0.com", "http://acme.eu.auth0.com/", "acme.eu.auth0.com", "acme.eu.auth0.com/"} {
		wantOf(near, nil, []string{kept})
	}
	for _, far := range []string{"", "https://acme.eu.auth0.com//", "https://acme.eu.auth0.com/x", "https://acme.eu.auth0.com.example/", "https://acme.eu.auth0.com/" + strings.Repeat("a", 300)} {
		wantOf(far, nil, nil)
	}
	body := must(t, s, "GetOpenIDConnectProvider", "OpenIDConnectProviderArn", kept)
	if got := element(t, body, "Url"); got != "acme.eu.auth0.com/" {
		t.Errorf("Url %s", got)
	}
	must(t, s, "AddClientIDToOpenIDConnectProvider", "OpenIDConnectProviderArn", kept, "ClientID", "more")
	if p, _, _ := s.OIDCProvider(ctx, kept); p == nil || !p.KeptName() || len(p.ClientIDs) != 2 {
		t.Errorf("after a change: %+v", p)
	}

	wantRefused(t, do(t, s, "CreateOpenIDConnectProvider", "Url", "https://acme.eu.auth0.com"),
		refusal{409, "EntityAlreadyExists", "Provider with url https://acme.eu.auth0.com already exists."})
	made := must(t, s, "CreateOpenIDConnectProvider", "Url", "https://acme.eu.auth0.com/")
	if got := element(t, made, "OpenIDConnectProviderArn"); got != kept+"/" {
		t.Errorf("the new provider is %s", got)
	}
	wantOf("https://acme.eu.auth0.com/", []string{kept + "/", kept}, nil)
	must(t, s, "DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", kept)
	must(t, s, "CreateOpenIDConnectProvider", "Url", "https://acme.eu.auth0.com")
	wantOf("https://acme.eu.auth0.com/", []string{kept + "/"}, []string{kept})
	wantOf("https://acme.eu.auth0.com", []string{kept}, []string{kept + "/"})
}

// Whatever providers there are, an iss finds those whose URL it is, to the character,
// and no others; the one that has it in its ARN comes first.
func TestProvidersOfAnIssuer(t *testing.T) {
	ctx := t.Context()
	random := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"a.example", "b", ".c", "/", "/", "/", "/x", "//", ":8443", "A.example", "?", ""}
	issuer := func() string {
		s := []string{"https://", "https://", "http://", ""}[random.IntN(4)]
		for range 1 + random.IntN(3) {
			s += pieces[random.IntN(len(pieces))]
		}
		return s
	}
	matched, kept, both := 0, 0, 0
	for range 10 {
		s := newService(t)
		s.PlainIssuer = func(u *url.URL) bool {
			return strings.EqualFold(u.Hostname(), "localhost") || net.ParseIP(u.Hostname()).IsLoopback()
		}
		stored := map[string]*iam.OIDCProvider{}
		err := s.Store.Update(ctx, func(tx iam.Tx) error {
			clear(stored)
			for range 40 {
				url := issuer()
				_, name, ok := strings.Cut(url, "://")
				if old, slash := strings.CutSuffix(name, "/"); slash && random.IntN(2) == 0 {
					name = old // as providers were stored once
				}
				arn := "arn:aws:iam::" + account + ":oidc-provider/" + name
				if !ok || stored[arn] != nil {
					continue
				}
				stored[arn] = &iam.OIDCProvider{Account: account, ARN: iam.ArnType(arn), URL: iam.OpenIDConnectProviderUrlType(url)}
				if err := tx.AddOIDCProvider(stored[arn]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			iss := issuer()
			if random.IntN(2) == 0 {
				arn := slices.Sorted(maps.Keys(stored))[random.IntN(len(stored))]
				iss = []string{string(stored[arn].URL), string(stored[arn].URL), string(stored[arn].URL) + "/", strings.TrimSuffix(string(stored[arn].URL), "/")}[random.IntN(4)]
			}
			of, near, err := s.OIDCProvidersOf(ctx, account, iss)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range of {
				if p.Issuer() != iss {
					t.Fatalf("%q finds %s of %q", iss, p.ARN, p.URL)
				}
			}
			for _, p := range near {
				if p.Issuer() == iss || strings.Trim(strings.TrimPrefix(strings.TrimPrefix(p.Issuer(), "https://"), "http://"), "/") !=
					strings.Trim(strings.TrimPrefix(strings.TrimPrefix(iss, "https://"), "http://"), "/") {
					t.Fatalf("%q is near %q", iss, p.URL)
				}
			}
			switch {
			case len(of) == 2:
				if both++; of[0].KeptName() || !of[1].KeptName() {
					t.Fatalf("%q finds %s before %s", iss, of[0].ARN, of[1].ARN)
				}
			case len(of) == 1 && of[0].KeptName():
				kept++
			case len(of) == 1:
				matched++
			}
		}
	}
	if matched == 0 || kept == 0 || both == 0 {
		t.Errorf("%d found by their ARN, %d by a kept name, %d by both: not much of a test", matched, kept, both)
	}
}

func arns(all []*iam.OIDCProvider) []string {
	var list []string
	for _, p := range all {
		list = append(list, string(p.ARN))
	}
	return list
}
