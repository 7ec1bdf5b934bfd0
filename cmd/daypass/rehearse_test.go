package main

import (
	"os"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/declare"
	"github.com/daypass/daypass/internal/instance"
)

// A rehearsal accepts the http issuers that the server does.
func TestRehearsalOfPlainIssuer(t *testing.T) {
	text := "Version: 1\nOpenIDConnectProviders:\n  - Url: http://idp:4601\n    ClientIDList: [app]\n"
	f, err := declare.Parse(declare.Source{Name: "seed.yaml", Text: []byte(text), Getenv: os.Getenv, Services: instance.Services()})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		like instance.Config
		want string
	}{
		"named":   {instance.Config{Dev: true, OutboundAllow: []string{"http://idp:4601"}}, ""},
		"unnamed": {instance.Config{Dev: true}, "The URL must begin with https://."},
		"no dev":  {instance.Config{OutboundAllow: []string{"http://idp:4601"}}, "The URL must begin with https://."},
	} {
		test.like.Account = "000000000000"
		err := rehearse(t.Context(), f, test.like)
		if (err == nil) != (test.want == "") || err != nil && !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
