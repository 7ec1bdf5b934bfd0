package sts

import (
	"bytes"
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/seal"
)

var byValue = cmp.Options{
	cmp.Transformer("Reveal", func(s seal.Secret) string { return s.Reveal() }),
	cmpopts.EquateEmpty(),
}

var secretOfTests = bytes.Repeat([]byte{7}, secretBytes)

func fullSession() *Session {
	return &Session{
		Kind: UserSession, Account: "111122223333", Path: "/service-role/AppAuth", PrincipalID: "AROARTX3GSDSQABCDEFGH", Name: "app1",
		Parent: "AKIARTX3GSDSQABCDEFG",
		Issued: time.Unix(1_767_225_600, 0).UTC(), Expires: time.Unix(1_767_229_200, 0).UTC(), AuthTime: time.Unix(1_767_225_500, 0).UTC(),
		Change: 1 << 40, AuthChange: 7,
		Lineage:        []revocation.Mark{{Target: revocation.Target{Kind: revocation.Login, Name: "idp", User: "anna", Pool: "p"}, At: time.Unix(1_767_220_000, 0).UTC(), Change: 5}},
		Secret:         seal.NewSecret(base64.StdEncoding.EncodeToString(secretOfTests)),
		Provider:       "arn:aws:iam::111122223333:oidc-provider/oidc.example.com",
		Keys:           []Key{{"aud", []string{"app"}}, {"amr", []string{"pwd", "otp", ""}}, {"", nil}},
		Tags:           []SessionTag{{Key: "dept", Value: "sales", Transitive: true}, {Key: "empty"}},
		SourceIdentity: "anna@example.com",
		Policy:         `{"Version":"2012-10-17","Statement":[]}` + strings.Repeat(" ", 200),
		PolicyARNs:     []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", ""},
	}
}

func TestSessionRoundTrip(t *testing.T) {
	for _, want := range []*Session{fullSession(), {
		Issued: time.Unix(0, 0).UTC(), Expires: time.Unix(0, 0).UTC(), AuthTime: time.Unix(0, 0).UTC(), Secret: fullSession().Secret,
	}} {
		got, ok := readSession(appendSession(nil, want, secretOfTests))
		if !ok {
			t.Fatal("what was written cannot be read")
		}
		if diff := cmp.Diff(want, got, byValue); diff != "" {
			t.Error(diff)
		}
	}
}

// No beginning of a session is one, and nothing may follow it.
func TestReadSessionIsExact(t *testing.T) {
	whole := appendSession(nil, fullSession(), secretOfTests)
	for n := range whole {
		if _, ok := readSession(whole[:n]); ok {
			t.Errorf("%d of %d bytes are read as a session", n, len(whole))
		}
	}
	if _, ok := readSession(append(whole, 0)); ok {
		t.Error("a byte too many is ignored")
	}
	for _, version := range []byte{tokenVersionTimed - 1, tokenVersionTimed, tokenVersion + 1} {
		if _, ok := readSession(append([]byte{version}, whole[1:]...)); ok {
			t.Errorf("as version %d it is read", version)
		}
	}
}

// Session tokens of the version that did not count open, and bear no number. These
// bytes were written by it, for fullSession.
func TestReadSessionWithoutNumbers(t *testing.T) {
	plain, err := os.ReadFile("testdata/session-version-2")
	if err != nil {
		t.Fatal(err)
	}
	want := fullSession()
	want.Change, want.AuthChange, want.Lineage[0].Change = 0, 0, 0
	got, ok := readSession(plain)
	if !ok {
		t.Fatal("it cannot be read")
	}
	if diff := cmp.Diff(want, got, byValue); diff != "" {
		t.Error(diff)
	}
	for n := range plain {
		if _, ok := readSession(plain[:n]); ok {
			t.Errorf("%d of %d bytes are read as a session", n, len(plain))
		}
	}
}

// What can be read is what would be written: a session has one form.
func FuzzReadSession(f *testing.F) {
	f.Add(appendSession(nil, fullSession(), secretOfTests))
	f.Add(append([]byte{tokenVersionTimed}, appendSession(nil, &Session{}, secretOfTests)[1:]...))
	f.Add([]byte{tokenVersion})
	f.Add([]byte{tokenVersion, byte(kinds)})
	f.Add([]byte{tokenVersion, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, plain []byte) {
		s, ok := readSession(plain)
		if !ok {
			return
		}
		secret, err := base64.StdEncoding.DecodeString(s.Secret.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		again := appendSession(nil, s, secret)
		if plain[0] == tokenVersionTimed { // which is read and not written
			same, ok := readSession(again)
			if diff := cmp.Diff(s, same, byValue); !ok || diff != "" {
				t.Errorf("read from %x, and from what that is written as: %s", plain, diff)
			}
			return
		}
		if !bytes.Equal(again, plain) {
			t.Errorf("read from %x, written as %x", plain, again)
		}
	})
}

func TestKeyPrefix(t *testing.T) {
	for provider, want := range map[string]string{
		"cognito-identity.amazonaws.com":                                    "cognito-identity.amazonaws.com",
		"arn:aws:iam::111122223333:oidc-provider/oidc.example.com/realms/x": "oidc.example.com/realms/x",
		"arn:aws:iam::111122223333:oidc-provider/o.example:saml-provider/x": "o.example:saml-provider/x",
		"arn:aws:iam::111122223333:saml-provider/idp":                       "saml",
	} {
		if got := KeyPrefix(provider); got != want {
			t.Errorf("KeyPrefix(%s) = %s", provider, got)
		}
	}
}

func TestPacked(t *testing.T) {
	tag := func(n int) SessionTag { return SessionTag{Key: "k", Value: strings.Repeat("v", n-3)} }
	tests := []struct {
		policy int
		tags   []SessionTag
		want   int
		err    string
	}{
		{0, nil, 0, ""},
		{1, nil, 1, ""},
		{2048, nil, 50, ""},
		{4096, nil, 100, ""},
		{4097, nil, 101, "PackedPolicyTooLarge: Packed policy consumes 101% of allotted space, please use smaller policy."},
		{0, []SessionTag{tag(4096)}, 100, ""},
		{0, []SessionTag{tag(4097)}, 101, "PackedPolicyTooLarge: Packed size of session tags consumes 101% of allotted space."},
		{1000, []SessionTag{tag(4000), tag(1000)}, 147, "PackedPolicyTooLarge: Packed size of session tags consumes 123% of allotted space."},
		{2048, []SessionTag{tag(2048)}, 100, ""},
		{2048, []SessionTag{tag(2000), tag(200)}, 104, "PackedPolicyTooLarge: Packed policy consumes 104% of allotted space, please use smaller policy."},
	}
	for _, test := range tests {
		s := &Session{Policy: strings.Repeat("p", test.policy), Tags: test.tags}
		got := ""
		if err := s.checkPacked(); err != nil {
			got = err.Error()
		}
		if s.packed() != test.want || got != test.err {
			t.Errorf("policy of %d, %d tags: %d%%, %q, want %d%%, %q", test.policy, len(test.tags), s.packed(), got, test.want, test.err)
		}
	}
}

// Making an access key and sealing the session, without asking any policy.
func BenchmarkMint(b *testing.B) {
	key, err := seal.Generate(nil)
	if err != nil {
		b.Fatal(err)
	}
	s := &Service{Account: "111122223333", Tokens: key.Box(TokenPurpose)}
	session := fullSession()
	session.Policy, session.Tags, session.SourceIdentity = "", nil, ""
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.mint(session); err != nil {
			b.Fatal(err)
		}
	}
}
