package login

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// slashed makes the server the issuer of URL/.
func (s *issuerServer) slashed() { s.discovery = s.discovery.with("issuer", s.URL+"/") }

// tokenOf is one that the server's key signs for any issuer.
func (s *issuerServer) tokenOf(t testing.TB, iss string) string {
	t.Helper()
	return sign("RS256", rsaKey(), goodHeader.String(), goodClaims.with("iss", iss).String())
}

// Identity pools forgive one slash at the end of iss, of a provider that has none.
// The discovery document must say what the token says, to the character.
func TestForgivenSlash(t *testing.T) {
	const mismatch = "login rejected: issuer-mismatch"
	for _, test := range []struct {
		name                     string
		provider, iss, published string // behind the server's URL
		want                     string
	}{
		{"as Auth0's guide has it", "", "/", "/", ""},
		{"no slash anywhere", "", "", "", ""},
		{"slash everywhere", "/", "/", "/", ""},
		{"slash in the provider only", "/", "", "", mismatch},
		{"slash in the provider only, published", "/", "", "/", mismatch},
		{"two slashes", "", "//", "//", mismatch},
		{"two slashes at a provider with one", "/", "//", "//", mismatch},
		{"a path", "", "/x", "/x", mismatch},
		{"a path with a slash", "", "/x/", "/x/", mismatch},
		{"a path for a slash", "/", "/x", "/x", mismatch},
		{"a longer host", "", ".example.com", ".example.com", mismatch},
		{"a longer host with a slash", "", ".example.com/", ".example.com/", mismatch},
		{"a query", "", "/?x", "/?x", mismatch},
		{"discovery without the token's slash", "", "/", "", "login misconfigured: discovery-issuer-mismatch"},
		{"discovery with a slash that the token lacks", "", "", "/", "login misconfigured: discovery-issuer-mismatch"},
		{"discovery without the slash of both", "/", "/", "", "login misconfigured: discovery-issuer-mismatch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newIssuerServer(t)
			s.discovery = s.discovery.with("issuer", s.URL+test.published)
			o, _ := newOIDC(t)
			p := s.provider()
			p.Name, p.Issuer, p.ARN = p.Name+test.provider, p.Issuer+test.provider, "arn"
			l, err := OpenID{o}.Verify(t.Context(), p, Present(s.tokenOf(t, s.URL+test.iss), maxTest))
			if got, _, _ := strings.Cut(errorText(err), ": it says"); err != nil && textOf(err) != test.want && got != test.want || (err == nil) != (test.want == "") {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if err == nil && (l.Issuer != s.URL+test.iss || l.Provider != p.Name || l.Qualified != "arn:OIDC:jane") {
				t.Errorf("got %+v", l)
			}
		})
	}
}

// Roles forgive nothing: STS asks for one issuer, and that is the iss.
func TestSlashIsNotForgivenAtSTS(t *testing.T) {
	s := newIssuerServer(t)
	s.slashed()
	o, _ := newOIDC(t)
	verifies(t, o, s, parse(t, s.tokenOf(t, s.URL+"/")), IssuerMismatch)
	fetched(t, s, 0)
}

// The two forms of an issuer have keys of their own.
func TestFormsOfAnIssuerAreApart(t *testing.T) {
	s := newIssuerServer(t)
	o, _ := newOIDC(t)
	p := s.provider()
	verify := func(iss string, want Cause) {
		t.Helper()
		if _, err := (OpenID{o}).Verify(t.Context(), p, Present(s.tokenOf(t, iss), maxTest)); causeOf(err) != want || (err != nil) != (want != "") {
			t.Errorf("%s: got %v, want cause %q", iss, err, want)
		}
	}
	verify(s.URL, "")
	verify(s.URL+"/", DiscoveryIssuerMismatch) // though the keys of the other form would do
	verify(s.URL, "")
	fetched(t, s, 1)
}

// A key set at hand is found under either form of the issuer, its own form first.
func TestOfflineIssuerUnderEitherForm(t *testing.T) {
	read := func(key any) func() ([]byte, error) {
		return func() ([]byte, error) { return []byte(keySet(jwkOf("k1", key)).String()), nil }
	}
	good, bad := read(rsaKey()), read(otherRSAKey())
	for _, test := range []struct {
		name          string
		with, without func() ([]byte, error)
		iss, want     string
	}{
		{"with, for with", good, nil, testIssuer + "/", ""},
		{"without, for with", nil, good, testIssuer + "/", ""},
		{"with, for without", good, nil, testIssuer, ""},
		{"without, for without", nil, good, testIssuer, ""},
		{"own form first, with", good, bad, testIssuer + "/", ""},
		{"own form first, without", bad, good, testIssuer, ""},
		{"keys of the other form do not help", good, bad, testIssuer, "login rejected: signature-invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, _ := newOIDC(t)
			o.Offline = map[string]func() ([]byte, error){}
			if test.with != nil {
				o.Offline[testIssuer+"/"] = test.with
			}
			if test.without != nil {
				o.Offline[testIssuer] = test.without
			}
			p := Provider{Name: "n", ARN: "arn", Issuer: testIssuer, ClientIDs: []string{"client-1"}}
			_, err := OpenID{o}.Verify(t.Context(), p, Present(goodToken("iss", test.iss), maxTest))
			if errorText(err) != test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// Whatever the issuers are, a pool's provider takes its own, and one slash more if
// it has none; a role takes its own only.
func TestOnlyOneSlashIsForgiven(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"https://", "http://", "a.example", "b", "/", "//", ".", ":443", "?", "#", "%2f", "\\", "A.example", "x", ""}
	issuer := func() string {
		var b strings.Builder
		for range 1 + random.IntN(5) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return b.String()
	}
	o, _ := newOIDC(t)
	keys := func() ([]byte, error) { return []byte(keySet(jwkOf("k1", rsaKey())).String()), nil }
	accepted := 0
	for range 3000 {
		configured := issuer()
		iss := configured
		switch random.IntN(6) {
		case 0:
			iss = issuer()
		case 1:
			iss += pieces[random.IntN(len(pieces))]
		case 2:
			iss += "/"
		case 3:
			iss = strings.TrimSuffix(iss, "/")
		case 4:
			iss = strings.ToUpper(iss)
		}
		if iss == "" {
			continue
		}
		o.Offline = map[string]func() ([]byte, error){iss: keys} // whatever is let through has keys that verify it
		o.issuers = nil
		p := Provider{Name: "n", ARN: "arn", Issuer: configured, ClientIDs: []string{"client-1"}}
		token := goodToken("iss", iss)
		_, pool := OpenID{o}.Verify(t.Context(), p, Present(token, maxTest))
		_, role := o.Verify(t.Context(), p, parse(t, token))
		forgiven := strings.HasSuffix(iss, "/") && iss[:len(iss)-1] == configured && !strings.HasSuffix(configured, "/")
		if got, want := pool == nil, iss == configured || forgiven; got != want {
			t.Fatalf("pool: iss %q, provider %q: %v", iss, configured, pool)
		}
		if got, want := role == nil, iss == configured; got != want {
			t.Fatalf("role: iss %q, provider %q: %v", iss, configured, role)
		}
		if pool == nil && role != nil {
			accepted++
		}
	}
	if accepted < 100 {
		t.Errorf("a slash was forgiven %d times: not much of a test", accepted)
	}
}

// A form of its iss that an issuer does not have makes nobody ask it more often
// than a failure does that only the issuer can mend.
func TestOtherFormIsAskedForSeldom(t *testing.T) {
	s := newIssuerServer(t)
	o, c := newOIDC(t)
	asked := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.hits["/.well-known/openid-configuration"]
	}
	token := Present(s.tokenOf(t, s.URL+"/"), maxTest)
	for _, step := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {retry, 1}, {floor - retry - time.Second, 1}, {time.Second, 2}, {retry, 2}} {
		c.advance(step.later)
		if _, err := (OpenID{o}).Verify(t.Context(), s.provider(), token); causeOf(err) != DiscoveryIssuerMismatch {
			t.Errorf("got %v", err)
		}
		if got := asked(); got != step.want {
			t.Errorf("%v later: asked %d times, want %d", step.later, got, step.want)
		}
	}
}
