package sts_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sts"
)

var byValue = cmp.Options{
	cmp.Transformer("Reveal", func(s seal.Secret) string { return s.Reveal() }),
	cmpopts.EquateEmpty(),
}

// noOrigin leaves out what only STS knows of a session.
var noOrigin = cmpopts.IgnoreFields(awsapi.Session{}, "Origin")

// credentials assumes AppAuth for an identity.
func (h *house) credentials(change ...func(*openid.Claims)) *sts.Credentials {
	h.t.Helper()
	made, err := h.sts.AssumeRoleForIdentity(h.ctx, h.request, appAuth, h.claims(change...), "CognitoIdentityCredentials")
	if err != nil {
		h.t.Fatal(err)
	}
	return made
}

// Everything about a session comes back from its token alone.
func TestSession(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assumeTag, usual))
	made := h.credentials(tagged)
	if !regexp.MustCompile(`\AASIARTX3GSDS[Q-Z2-7][A-Z2-7]{7}\z`).MatchString(made.AccessKeyId) {
		t.Errorf("access key ID %s", made.AccessKeyId)
	}
	if !regexp.MustCompile(`\A[A-Za-z0-9/+]{40}\z`).MatchString(made.SecretAccessKey) {
		t.Errorf("secret access key %s", made.SecretAccessKey)
	}
	if want := time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC); !made.Expiration.Equal(want) {
		t.Errorf("expiration %s", made.Expiration)
	}
	caller, secret, session, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	role, _, _ := h.iam.Role(h.ctx, account, "AppAuth")
	wantCaller := awsapi.Caller{
		Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/AppAuth/CognitoIdentityCredentials",
		UserID: string(role.RoleId) + ":CognitoIdentityCredentials", AccessKeyID: made.AccessKeyId,
		PrincipalARN: "arn:aws:iam::111122223333:role/service-role/AppAuth", PrincipalID: string(role.RoleId),
		Session: &awsapi.Session{
			Name: "CognitoIdentityCredentials", Issued: start.Truncate(time.Second), Expires: start.Truncate(time.Second).Add(time.Hour),
			Tags:     []awsapi.SessionTag{{Key: "dept", Value: "sales"}, {Key: "username", Value: "anna|1"}},
			Provider: "cognito-identity.amazonaws.com",
			Keys: map[string][]string{
				"cognito-identity.amazonaws.com:aud": {pool},
				"cognito-identity.amazonaws.com:sub": {identity},
				"cognito-identity.amazonaws.com:amr": h.claims().AMR,
			},
		},
	}
	if diff := cmp.Diff(wantCaller, caller, noOrigin); diff != "" {
		t.Error(diff)
	}
	want := &sts.Session{
		Account: account, Path: "/service-role/AppAuth", PrincipalID: string(role.RoleId), Name: "CognitoIdentityCredentials",
		AuthTime: start.Truncate(time.Second), Issued: start.Truncate(time.Second), Expires: start.Truncate(time.Second).Add(time.Hour),
		AccessKeyID: made.AccessKeyId, Secret: seal.NewSecret(made.SecretAccessKey),
		Provider: "cognito-identity.amazonaws.com",
		Keys:     []sts.Key{{Name: "aud", Values: []string{pool}}, {Name: "sub", Values: []string{identity}}, {Name: "amr", Values: h.claims().AMR}},
		Tags:     []sts.SessionTag{{Key: "dept", Value: "sales"}, {Key: "username", Value: "anna|1"}},
	}
	if diff := cmp.Diff(want, session, byValue); diff != "" {
		t.Error(diff)
	}
	if secret.Reveal() != made.SecretAccessKey {
		t.Error("the secret is another one")
	}
	if session.PrincipalARN() != appAuth {
		t.Errorf("role %s", session.PrincipalARN())
	}
	out, err := h.sts.GetCallerIdentity(h.ctx, caller, &sts.GetCallerIdentityRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&sts.GetCallerIdentityResponse{Arn: caller.ARN, UserId: caller.UserID, Account: account}, out); diff != "" {
		t.Error(diff)
	}
}

// A session is good for its last second and not for the next.
func TestSessionExpiry(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	made := h.credentials()
	for _, test := range []struct {
		at   time.Time
		want awsapi.Cause
	}{
		{made.Expiration.Add(-time.Nanosecond), ""},
		{made.Expiration, "expired-session"},
		{made.Expiration.Add(time.Second), "expired-session"},
		{made.Expiration.Add(24 * 365 * time.Hour), "expired-session"},
	} {
		h.now = test.at
		caller, secret, session, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken)
		if causeOf(err) != test.want || (err == nil) != (test.want == "") {
			t.Errorf("at %s: %v, want %v", test.at, err, test.want)
		}
		if err != nil && (caller != awsapi.Caller{} || secret.Reveal() != "" || session != nil) {
			t.Errorf("at %s: an error and a caller %+v", test.at, caller)
		}
	}
}

func TestForeignSessionTokens(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	good, other := h.credentials(), h.credentials()
	if good.AccessKeyId == other.AccessKeyId || good.SecretAccessKey == other.SecretAccessKey || good.SessionToken == other.SessionToken {
		t.Fatal("two sessions share something")
	}
	raw := decode(t, good.SessionToken)
	otherRaw := decode(t, other.SessionToken)
	spliced := slices.Concat(raw[:len(raw)/2], otherRaw[len(otherRaw)/2:])
	swappedNonce := slices.Concat(otherRaw[:seal.Overhead-16], raw[seal.Overhead-16:])
	newerVersion := slices.Clone(raw)
	newerVersion[0]++
	tests := []struct {
		name, id, token string
	}{
		{"no token", good.AccessKeyId, ""},
		{"no key", "", good.SessionToken},
		{"token of another key", good.AccessKeyId, other.SessionToken},
		{"key in lower case", strings.ToLower(good.AccessKeyId), good.SessionToken},
		{"key of another account", "ASIAY34FZKBOKMUTVV7A", good.SessionToken},
		{"long-term key", "AKIA" + good.AccessKeyId[4:], good.SessionToken},
		{"not base64", good.AccessKeyId, "*" + good.SessionToken[1:]},
		{"URL alphabet", good.AccessKeyId, base64.URLEncoding.EncodeToString(raw) + "-_"},
		{"line end", good.AccessKeyId, good.SessionToken[:8] + "\n" + good.SessionToken[8:]},
		{"space", good.AccessKeyId, good.SessionToken + " "},
		{"cut by a character", good.AccessKeyId, good.SessionToken[:len(good.SessionToken)-1]},
		{"cut by four", good.AccessKeyId, good.SessionToken[:len(good.SessionToken)-4]},
		{"cut to the header", good.AccessKeyId, encode(raw[:seal.Overhead-16])},
		{"first byte only", good.AccessKeyId, encode(raw[:1])},
		{"extended", good.AccessKeyId, encode(append(slices.Clone(raw), 0))},
		{"twice", good.AccessKeyId, encode(slices.Concat(raw, raw))},
		{"spliced", good.AccessKeyId, encode(spliced)},
		{"nonce of another", good.AccessKeyId, encode(swappedNonce)},
		{"another version of sealing", good.AccessKeyId, encode(newerVersion)},
		{"longer than any", good.AccessKeyId, strings.Repeat("A", 8196)},
		{"sealed for another purpose", good.AccessKeyId, encode(otherPurpose(t, h).Seal(nil, []byte("x"), []byte(good.AccessKeyId)))},
		{"nothing, well sealed", good.AccessKeyId, encode(h.sts.Tokens.Seal(nil, nil, []byte(good.AccessKeyId)))},
		{"nonsense, well sealed", good.AccessKeyId, encode(h.sts.Tokens.Seal(nil, []byte("\x02\x00nonsense"), []byte(good.AccessKeyId)))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { h.wantUnknown(test.id, test.token) })
	}
	if _, _, _, err := h.sts.Session(h.ctx, good.AccessKeyId, good.SessionToken); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}

func (h *house) wantUnknown(id, token string) {
	h.t.Helper()
	caller, secret, session, err := h.sts.Session(h.ctx, id, token)
	if r, ok := awsapi.AsRefused(err); !ok || r.Refusal != awsapi.UnknownKey || r.Message != "" || r.Cause != "unknown-session" && r.Cause != "foreign-key" {
		h.t.Errorf("error %v, want unknown-session", err)
	}
	if caller != (awsapi.Caller{}) || secret.Reveal() != "" || session != nil {
		h.t.Errorf("an error and a caller %+v", caller)
	}
}

func decode(t testing.TB, token string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func encode(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

// otherPurpose is a box of the house's master key, which repeats, for something
// else.
func otherPurpose(t testing.TB, _ *house) *seal.Box {
	t.Helper()
	key, err := seal.Generate(rand.NewChaCha8([32]byte{2}))
	if err != nil {
		t.Fatal(err)
	}
	return key.Box("page-token")
}

// Tokens of another deployment or of another account mean nothing, even where
// everything else is the same.
func TestSessionsOfOthers(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	made := h.credentials()

	foreign := *h.sts
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	foreign.Tokens = key.Box(sts.TokenPurpose)
	if _, _, _, err := foreign.Session(h.ctx, made.AccessKeyId, made.SessionToken); causeOf(err) != "unknown-session" {
		t.Errorf("under another master key: %v", err)
	}
	renamed := *h.sts
	renamed.Account = "999988887777"
	if _, _, _, err := renamed.Session(h.ctx, made.AccessKeyId, made.SessionToken); causeOf(err) != "unknown-session" {
		t.Errorf("in another account: %v", err)
	}
	// The key ID is public, so it proves no account: what is sealed counts.
	id, err := iam.NewID(iam.TemporaryKeyPrefix, renamed.Account, rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	resealed := encode(h.sts.Tokens.Seal(nil, open(t, h, made), []byte(id)))
	if _, _, _, err := renamed.Session(h.ctx, id, resealed); causeOf(err) != "foreign-key" {
		t.Errorf("resealed for a key of another account: %v", err)
	}
}

func open(t testing.TB, h *house, made *sts.Credentials) []byte {
	t.Helper()
	plain, err := h.sts.Tokens.Open(nil, decode(t, made.SessionToken), []byte(made.AccessKeyId))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// Every single byte of a token counts, and so does every character of its key.
func TestEveryByteOfATokenCounts(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	made := h.credentials()
	raw := decode(t, made.SessionToken)
	for i := range raw {
		changed := slices.Clone(raw)
		changed[i] ^= 1 << (i % 8)
		h.wantUnknown(made.AccessKeyId, encode(changed))
	}
	for i := range made.AccessKeyId {
		id := []byte(made.AccessKeyId)
		id[i] = 'A' + (id[i]-'A'+1)%26
		h.wantUnknown(string(id), made.SessionToken)
	}
}

// A token has one spelling: the bits that base64 leaves over at its end are
// zero.
func TestLeftOverBitsOfATokenCount(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	padded := 0
	for _, name := range []string{"app1", "app12", "app123"} {
		made, err := h.sts.AssumeRoleForIdentity(h.ctx, h.request, appAuth, h.claims(), name)
		if err != nil {
			t.Fatal(err)
		}
		token := []byte(made.SessionToken)
		last := strings.IndexByte(made.SessionToken, '=') - 1
		if last < 0 {
			continue
		}
		padded++
		token[last]++ // the next letter or digit of the alphabet, for these tokens
		if !slices.Equal(decode(t, string(token)), decode(t, made.SessionToken)) {
			t.Fatalf("%c for %c is another token", token[last], made.SessionToken[last])
		}
		h.wantUnknown(made.AccessKeyId, string(token))
	}
	if padded == 0 {
		t.Error("no token has bits left over")
	}
}

// A secret never prints, wherever the session goes.
func TestSessionSecretDoesNotPrint(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	made := h.credentials()
	_, _, session, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprintf("%+v", session), fmt.Sprintf("%#v", *session)} {
		if strings.Contains(printed, made.SecretAccessKey) {
			t.Errorf("the secret access key prints: %s", printed)
		}
	}
}
