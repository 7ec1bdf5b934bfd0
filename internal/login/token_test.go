package login

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	h, p := encode(goodHeader.String()), encode(goodClaims.String())
	for _, tt := range []struct{ name, token, want string }{
		{"empty", "", "login rejected: not-a-jwt: not three parts"},
		{"opaque", "EAAGm0PX4ZCpsBAK", "login rejected: not-a-jwt: not three parts"},
		{"one dot", h + "." + p, "login rejected: not-a-jwt: not three parts"},
		{"three dots", h + "." + p + ".c2ln.", "login rejected: not-a-jwt: not three parts"},
		{"five parts, as encrypted tokens have", h + "." + p + ".a.b.c", "login rejected: not-a-jwt: not three parts"},
		{"only dots", "..", "login rejected: not-a-jwt: header: not a JSON object"},
		{"JSON serialization", `{"payload":"` + p + `","signatures":[]}`, "login rejected: not-a-jwt: not three parts"},
		{"no payload", h + "..c2ln", "login rejected: not-a-jwt: payload: not a JSON object"},
		{"padded", h + "=." + p + ".c2ln", "login rejected: not-a-jwt: header: not base64url"},
		{"padded payload", h + "." + encode(`{"a":1}`) + "==.c2ln", "login rejected: not-a-jwt: payload: not base64url"},
		{"standard base64", h + "." + p + ".+/+/", "login rejected: not-a-jwt: signature: not base64url"},
		{"trailing bits", h + "." + p + ".c2lh" + "QR", "login rejected: not-a-jwt: signature: not base64url"},
		{"impossible length", h + "." + p + ".c2lnA", "login rejected: not-a-jwt: signature: not base64url"},
		{"line end", h + "." + p + ".c2\nln", "login rejected: token-white-space: signature: not base64url"},
		{"carriage return", h[:4] + "\r" + h[4:] + "." + p + ".c2ln", "login rejected: token-white-space: header: not base64url"},
		{"space around", " " + h + "." + p + ".c2ln", "login rejected: token-white-space: header: not base64url"},
		{"line end behind", h + "." + p + ".c2ln\n", "login rejected: token-white-space: signature: not base64url"},
		{"nothing but white space", " \n", "login rejected: token-white-space: not three parts"},
		{"words", "not a token", "login rejected: not-a-jwt: not three parts"},
		{"Bearer", "Bearer " + h + "." + p + ".c2ln", "login rejected: token-bearer: header: not base64url"},
		{"bearer of an opaque token, behind a space", " bearer\tEAAG", "login rejected: token-white-space: not three parts"},
		{"bearer of an opaque token", " BEARER EAAG\n", "login rejected: token-bearer: not three parts"},
		{"Bearer of nothing", "Bearer ", "login rejected: token-white-space: not three parts"},
		{"header is an array", encode(`["RS256"]`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: not a JSON object"},
		{"header is null", encode(`null`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: not a JSON object"},
		{"header is cut", encode(`{"alg":"RS256"`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: malformed JSON"},
		{"header twice", encode(`{"alg":"RS256"}{"alg":"none"}`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: malformed JSON"},
		{"alg twice", encode(`{"alg":"RS256","alg":"none"}`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: a name occurs twice"},
		{"alg twice, spelled differently", encode(`{"alg":"RS256","\u0061lg":"none"}`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: a name occurs twice"},
		{"unknown member twice", encode(`{"alg":"RS256","x":1,"x":1}`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: a name occurs twice"},
		{"alg is a number", encode(`{"alg":256}`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: malformed JSON"},
		{"alg is a list", encode(`{"alg":["RS256"]}`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: malformed JSON"},
		{"kid is a number", encode(`{"alg":"RS256","kid":1}`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: malformed JSON"},
		{"kid is endless", encode(`{"kid":"`+strings.Repeat("k", 1025)+`"}`) + "." + p + ".c2ln", "login rejected: not-a-jwt: header: key id too long"},
		{"payload is a string", h + "." + encode(`"jane"`) + ".c2ln", "login rejected: not-a-jwt: payload: not a JSON object"},
		{"payload is an array", h + "." + encode(`[{"sub":"jane"}]`) + ".c2ln", "login rejected: not-a-jwt: payload: not a JSON object"},
		{"aud twice", h + "." + encode(`{"aud":"a","aud":"b"}`) + ".c2ln", "login rejected: not-a-jwt: payload: a name occurs twice"},
		{"nested name twice", h + "." + encode(`{"aud":"a","x":{"y":[{"z":1,"z":2}]}}`) + ".c2ln", "login rejected: not-a-jwt: payload: a name occurs twice"},
		{"comment", h + "." + encode(`{"aud":"a"/**/}`) + ".c2ln", "login rejected: not-a-jwt: payload: malformed JSON"},
		{"byte order mark", h + "." + encode("\uFEFF{}") + ".c2ln", "login rejected: not-a-jwt: payload: not a JSON object"},
		{"not UTF-8", h + "." + encode("{\"sub\":\"\xff\"}") + ".c2ln", "login rejected: not-a-jwt: payload: malformed JSON"},
		{"half a surrogate", h + "." + encode(`{"sub":"\ud800"}`) + ".c2ln", "login rejected: not-a-jwt: payload: malformed JSON"},
		{"NaN", h + "." + encode(`{"exp":NaN}`) + ".c2ln", "login rejected: not-a-jwt: payload: malformed JSON"},
		{"deep arrays", h + "." + encode(`{"x":`+strings.Repeat("[", 32)+strings.Repeat("]", 32)+`}`) + ".c2ln", "login rejected: not-a-jwt: payload: nested deeper than 32"},
		{"deep objects", h + "." + encode(strings.Repeat(`{"x":`, 5000)+"1"+strings.Repeat("}", 5000)) + ".c2ln", "login rejected: not-a-jwt: payload: nested deeper than 32"},
		{"deep and cut", h + "." + encode(strings.Repeat(`{"x":[`, 5000)) + ".c2ln", "login rejected: not-a-jwt: payload: nested deeper than 32"},
		{"huge", h + "." + p + "." + strings.Repeat("A", maxTest), fmt.Sprintf("login rejected: token-too-large: %d bytes, at most 50000 are accepted", len(h)+len(p)+2+maxTest)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.token, maxTest)
			if err == nil || err.Error() != tt.want || got != nil {
				t.Errorf("got %v, %v; want %s", got, err, tt.want)
			}
			if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Rejected {
				t.Errorf("%T, want *Error of kind Rejected", err)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	h := encode(goodHeader.String())
	for _, tt := range []struct {
		name, payload, issuer string
		claims                Claims
	}{
		{"empty object", `{}`, "", Claims{}},
		{"white space", " \r\n\t{ \"iss\" : \"i\" } ", "i", Claims{"iss": []byte(`"i"`)}},
		{"escapes", `{"iss":"h\u0074tps:\/\/i"}`, "https://i", Claims{"iss": []byte(`"h\u0074tps:\/\/i"`)}},
		{"iss is no string", `{"iss":["i"]}`, "", Claims{"iss": []byte(`["i"]`)}},
		{"names that differ in case", `{"AUD":"a","aud":"b"}`, "", Claims{"AUD": []byte(`"a"`), "aud": []byte(`"b"`)}},
		{"as deep as may be", `{"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, "", Claims{"x": []byte(strings.Repeat("[", 31) + strings.Repeat("]", 31))}},
		{"many brackets, none deep", `{"x":[` + strings.Repeat("{},", 40) + `"[\"[[["]}`, "", Claims{"x": []byte(`[` + strings.Repeat("{},", 40) + `"[\"[[["]`)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(t, h+"."+encode(tt.payload)+".")
			if got.Issuer() != tt.issuer {
				t.Errorf("issuer %q, want %q", got.Issuer(), tt.issuer)
			}
			if diff := cmp.Diff(tt.claims, got.claims); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := Parse(goodToken(), len(goodToken())); err != nil {
		t.Errorf("a token of the greatest length: %v", err)
	}
}

func TestTokenNeverPrints(t *testing.T) {
	token := parse(t, goodToken())
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "token", token, "copy", *token)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "token", token, "copy", *token)
	for _, got := range []string{
		fmt.Sprint(token), fmt.Sprintf("%+v", token), fmt.Sprintf("%#v", token), fmt.Sprintf("%s %q %x", *token, token, token), logged.String(),
	} {
		if strings.Contains(got, token.raw[:20]) || strings.Contains(got, "jane") {
			t.Errorf("printed: %s", got)
		}
	}
}

// FuzzParse checks that what is accepted has one reading only: the parts encode
// to the token again, and the claims, printed and parsed, are the claims.
func FuzzParse(f *testing.F) {
	f.Add(goodToken())
	f.Add(goodToken("aud", []string{"a", "b"}, "x", object{"y": []any{1, "2", nil, true}}))
	f.Add(encode(`{"alg":"none"}`) + "." + encode(`{"a":1,"a":2}`) + ".")
	f.Add(encode(`{}`) + "." + encode(`{}`) + ".QR")
	f.Add(encode(` {"kid":"\u0061"}`) + "." + encode(`{"":[[[]]]}`) + ".QQ\n")
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := Parse(raw, maxTest)
		if err != nil {
			if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Rejected || token != nil {
				t.Fatalf("got %v and %v (%T)", token, err, err)
			}
			if cause := causeOf(err); (cause == TokenBearer || cause == TokenWhiteSpace) && !strings.ContainsFunc(raw, unicode.IsSpace) {
				t.Fatalf("%q of a text without white space", cause)
			}
			return
		}
		// What stands around a token makes it another text, and the log says what.
		for wrapped, want := range map[string]Cause{raw + "\n": TokenWhiteSpace, " " + raw: TokenWhiteSpace, "Bearer " + raw: TokenBearer, "bearer " + raw + "\r\n": TokenBearer} {
			if _, err := Parse(wrapped, maxTest+20); causeOf(err) != want {
				t.Fatalf("%q: %v, want %q", wrapped, err, want)
			}
		}
		parts := strings.Split(raw, ".")
		for i, part := range parts {
			b, err := decodePart(part)
			if err != nil || encode(string(b)) != part {
				t.Fatalf("part %d is not the only spelling of what it says: %q", i, part)
			}
		}
		printed, err := json.Marshal(token.claims)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(parts[0]+"."+encode(string(printed))+"."+parts[2], 2*maxTest)
		if err != nil {
			t.Fatalf("claims do not parse again: %v\n%s", err, printed)
		}
		if len(again.claims) != len(token.claims) || again.Issuer() != token.Issuer() || again.header.KeyID != token.header.KeyID {
			t.Errorf("claims changed on the way:\n%v\n%v", token.claims, again.claims)
		}
	})
}
