package openid

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	jsonv1 "encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func pkcs8(t testing.TB, private *rsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// secretForms are ways in which parts of a private key could be printed. Its
// bytes are cut from the middle, so that neither padding nor grouping hides them.
func secretForms(private *rsa.PrivateKey) map[string]string {
	forms := map[string]string{}
	for name, n := range map[string]*big.Int{"d": private.D, "p": private.Primes[0], "q": private.Primes[1], "dp": private.Precomputed.Dp} {
		raw := n.Bytes()
		forms[name+" decimal"] = n.String()
		forms[name+" hex"] = hex.EncodeToString(raw[:24])
		forms[name+" bytes"] = strings.Trim(fmt.Sprint(raw[30:42]), "[]")
		words := strings.Fields(strings.Trim(fmt.Sprint(n.Bits()), "[]"))
		forms[name+" words"] = strings.Join(words[2:6], " ")
		for shift := range 3 {
			text := base64.StdEncoding.EncodeToString(raw[30+shift : 60+shift])
			forms[fmt.Sprint(name, " base64 ", shift)] = text
			forms[fmt.Sprint(name, " base64url ", shift)] = strings.NewReplacer("+", "-", "/", "_").Replace(text)
		}
	}
	return forms
}

func TestSecretFormsFindThePrivateKey(t *testing.T) {
	private := fixtureKey(t, "1")
	for name, printed := range map[string]string{
		"%v":   fmt.Sprintf("%+v", private),
		"json": func() string { b, _ := jsonv1.Marshal(private); return string(b) }(),
		"der":  base64.StdEncoding.EncodeToString(pkcs8(t, private)),
		"hex":  hex.EncodeToString(pkcs8(t, private)),
		"big":  fmt.Sprintf("%v", *private.D),
	} {
		if shown := shows(printed, secretForms(private)); shown == "" {
			t.Errorf("a private key printed with %s is not noticed: %s", name, printed)
		}
	}
}

func shows(printed string, forms map[string]string) string {
	for form, text := range forms {
		if strings.Contains(printed, text) || strings.Contains(strings.ToLower(printed), text) {
			return form
		}
	}
	return ""
}

// The private key shows in nothing that leaves the package: documents, logs,
// errors, and the values themselves when somebody prints them.
func TestPrivateKeyNeverShows(t *testing.T) {
	private := fixtureKey(t, "1")
	forms := secretForms(private)
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	store := &memory{}
	p := newProvider(t, store, newClock(), "1")
	p.Log = logger
	token := mustSign(t, p, "us-east-1", guest("us-east-1", start))
	keys, err := p.Keys(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}

	printed := map[string]string{"token": token, "document": string(p.set.Load().document.body)}
	wrong := newProvider(t, store, newClock())
	wrong.Box = newBox(t, "b")
	printed["error"] = fmt.Sprintf("%+v", wrong.Load(t.Context()))
	_, body := do(t, wrong, "GET", "/.well-known/jwks_uri")
	printed["failure"] = body
	for name, v := range map[string]any{
		"provider":       p,
		"key set":        p.set.Load(),
		"key":            p.current("us-east-1"),
		"key value":      *p.current("us-east-1"),
		"stored key":     store.keys[0],
		"public keys":    keys,
		"in a structure": struct{ p *Provider }{p},
	} {
		logger.Info("value", "v", v)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%z"} {
			printed[name+" "+verb] = fmt.Sprintf(verb, v)
		}
		b, err := json.Marshal(v)
		printed[name+" json v2"] = fmt.Sprint(string(b), err)
		b, err = jsonv1.Marshal(v)
		printed[name+" json v1"] = fmt.Sprint(string(b), err)
	}
	printed["log"] = log.String()
	for name, text := range printed {
		if form := shows(text, forms); form != "" {
			t.Errorf("%s shows %s of the private key", name, form)
		}
	}
	if !strings.Contains(printed["log"], "us-east-1-1") {
		t.Error("the log is empty, so nothing was tested")
	}
}
