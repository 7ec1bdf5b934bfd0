package main

import "testing"

func TestACMEFlags(t *testing.T) {
	host := []string{"login.example.com"}
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{}, ""},
		{Config{ACMEConfig: ACMEConfig{ACMEHost: host}}, ""},
		{Config{ACMEConfig: ACMEConfig{ACMEHost: host, ACMEDirectory: "https://ca.internal/acme/directory", ACMEEmail: "a@example.com", ACMEDir: "x"}, Database: "postgres://x"}, ""},
		{Config{ACMEConfig: ACMEConfig{ACMEDirectory: "https://ca.internal/acme/directory"}}, "--acme-directory goes with --acme-host"},
		{Config{ACMEConfig: ACMEConfig{ACMEEmail: "a@example.com"}}, "--acme-email goes with --acme-host"},
		{Config{ACMEConfig: ACMEConfig{ACMEDir: "x"}}, "--acme-dir goes with --acme-host"},
		{Config{ACMEConfig: ACMEConfig{ACMEHost: []string{"login.example.com:443"}}}, `--acme-host "login.example.com:443": give a host name in lower case, without scheme and port, such as login.example.com`},
		{Config{ACMEConfig: ACMEConfig{ACMEHost: host}, TLSCertFile: "x", TLSKeyFile: "y"}, "--acme-host and --tls-cert-file exclude each other: give the one or the other"},
		{Config{ACMEConfig: ACMEConfig{ACMEHost: make100()}}, "--acme-host: at most 100 names"},
		{Config{ACMEConfig: ACMEConfig{ACMEHost: host, ACMEDirectory: "http://ca.internal/directory"}}, `--acme-directory "http://ca.internal/directory": give the whole URL, such as https://acme-v02.api.letsencrypt.org/directory`},
		{Config{ACMEConfig: ACMEConfig{ACMEHost: host}, Database: "postgres://x"}, "--acme-host with --database: give a directory for the certificates with --acme-dir"},
		{Config{ACMEConfig: ACMEConfig{ACMEHost: host, ACMEEmail: "Admin <a@example.com>"}}, `--acme-email "Admin <a@example.com>": give an address, such as admin@example.com`},
	} {
		if err := test.config.checkACME(); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%+v: %v, want %q", test.config.ACMEConfig, err, test.want)
		}
	}
}

func make100() (hosts []string) {
	for len(hosts) <= 100 {
		hosts = append(hosts, "login.example.com")
	}
	return hosts
}

// Where clients find a server that has a certificate obtained: at the port where the
// authority does.
func TestACMEPublicURL(t *testing.T) {
	c := Config{Listen: "0.0.0.0:8443", AccountID: "000000000000", Region: "us-east-1", GuestBurst: 1, ACMEConfig: ACMEConfig{ACMEHost: []string{"login.example.com"}}}
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.publicURL(nil); got != "https://login.example.com" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	c.Dev = true
	if err, want := c.check(), "--dev with --listen 0.0.0.0:8443, which is not loopback: everybody knows the root credentials test/test; give --root-access-key-id and DAYPASS_ROOT_SECRET_ACCESS_KEY"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	c.Listen = "127.0.0.1:8443"
	if err, want := c.check(), "--dev with --acme-host, which others reach: everybody knows the root credentials test/test; give --root-access-key-id and DAYPASS_ROOT_SECRET_ACCESS_KEY"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
