package seal_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/seal"
)

const value = "wJalrXUtnFEMI-value-that-must-not-show"

// renderings prints v in every way we can think of.
func renderings(t *testing.T, v any) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%b", "%o", "%c", "%U", "%t", "%e", "%p", "%T", "%w", "%-90s", "%z"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	out["Println"] = fmt.Sprintln(v)
	var text, object bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "k", v)
	slog.New(slog.NewJSONHandler(&object, nil)).Info("m", "k", v)
	out["slog text"], out["slog json"] = text.String(), object.String()
	for name, marshal := range map[string]func() ([]byte, error){
		"json v1": func() ([]byte, error) { return json.Marshal(v) },
		"json v2": func() ([]byte, error) { return jsonv2.Marshal(v) },
		"xml":     func() ([]byte, error) { return xml.Marshal(v) },
	} {
		b, err := marshal()
		out[name] = fmt.Sprint(string(b), err)
	}
	return out
}

func checkHidden(t *testing.T, name string, v any, hidden ...string) {
	t.Helper()
	for how, printed := range renderings(t, v) {
		for _, h := range hidden {
			if strings.Contains(strings.ToLower(printed), strings.ToLower(h)) {
				t.Errorf("%s printed with %s shows the value: %s", name, how, printed)
			}
		}
	}
}

func TestSecretNeverPrints(t *testing.T) {
	s := seal.NewSecret(value)
	hexed := fmt.Sprintf("%x", value)
	decimals := strings.Trim(fmt.Sprint([]byte(value)), "[]")
	type exported struct{ S seal.Secret }
	type unexported struct {
		s seal.Secret
		p *seal.Secret
	}
	for name, v := range map[string]any{
		"secret":            s,
		"pointer":           &s,
		"exported field":    exported{s},
		"pointer to struct": &exported{s},
		"unexported field":  unexported{s, &s},
		"slice":             []seal.Secret{s},
		"map":               map[string]seal.Secret{"k": s},
		"error":             fmt.Errorf("wrapped: %v", s),
	} {
		checkHidden(t, name, v, value, hexed, decimals)
	}
}

func TestSecretPlaceholder(t *testing.T) {
	for name, s := range map[string]seal.Secret{"full": seal.NewSecret(value), "empty": seal.NewSecret(""), "zero": {}} {
		got := []string{s.String(), s.GoString(), fmt.Sprintf("%v|%s|%x|%#v|%+q", s, s, s, s, s), s.LogValue().String()}
		want := []string{"[secret]", "[secret]", "[secret]|[secret]|[secret]|[secret]|[secret]", "[secret]"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		object, err := json.Marshal(map[string]any{"a": s})
		if string(object) != `{"a":"[secret]"}` || err != nil {
			t.Errorf("%s: JSON %s, %v", name, object, err)
		}
		text, err := s.MarshalText()
		if string(text) != "[secret]" || err != nil {
			t.Errorf("%s: text %s, %v", name, text, err)
		}
	}
}

func TestSecretReveal(t *testing.T) {
	if got := seal.NewSecret(value).Reveal(); got != value {
		t.Errorf("Reveal: got %q", got)
	}
	if got := (seal.Secret{}).Reveal(); got != "" {
		t.Errorf("Reveal of the zero Secret: got %q", got)
	}
}

func TestSecretEqual(t *testing.T) {
	for _, tt := range []struct {
		a, b seal.Secret
		want bool
	}{
		{seal.NewSecret("abc"), seal.NewSecret("abc"), true},
		{seal.NewSecret("abc"), seal.NewSecret("abd"), false},
		{seal.NewSecret("abc"), seal.NewSecret("abcd"), false},
		{seal.NewSecret("abc"), seal.Secret{}, false},
		{seal.NewSecret(""), seal.Secret{}, true},
	} {
		if got := tt.a.Equal(tt.b); got != tt.want {
			t.Errorf("%q equal %q: got %t", tt.a.Reveal(), tt.b.Reveal(), got)
		}
	}
}
