package main

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"

	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

// LoginConfig is what login providers need beyond what pools say of them.
type LoginConfig struct {
	ProviderEndpoints      []string `placeholder:"HOST=URL" help:"Send requests for https://HOST/... of login providers to another URL, such as graph.facebook.com=http://127.0.0.1:9101: an egress proxy or a test double. http is for loopback only. The iss of tokens does not change."`
	UserPoolIssuer         []string `name:"user-pool-issuer" sep:"none" placeholder:"NAME=ISS,JWKS-URL" help:"Issuer and key set of a Cognito user pool that is not AWS's, by its provider name, such as cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc=http://localhost:9229/us-east-1_Abc,http://localhost:9229/us-east-1_Abc/.well-known/jwks.json. Repeatable; in the environment, separate them with spaces."`
	OIDCJWKSFile           []string `name:"oidc-jwks-file" env:"DAYPASS_OIDC_JWKS_FILE" placeholder:"ISSUER=FILE" help:"Files with the key sets (JWKS) of OpenID Connect issuers that the server cannot reach, such as https://login.example.com=keys.json. They can be replaced while the server runs."`
	OIDCAlgorithm          []string `name:"oidc-algorithm" env:"DAYPASS_OIDC_ALGORITHM" enum:"PS256,PS384,PS512,EdDSA" placeholder:"ALG" help:"Accept these signature algorithms from OpenID Connect providers in IAM, besides AWS's (RS and ES): PS256, PS384, PS512, EdDSA (Ed25519)."`
	SAMLAudience           []string `name:"saml-audience" env:"DAYPASS_SAML_AUDIENCE" sep:"none" placeholder:"URI" help:"Accept these audiences of SAML responses, besides urn:amazon:webservices. Repeatable; in the environment, separate them with spaces."`
	SAMLRecipient          []string `name:"saml-recipient" env:"DAYPASS_SAML_RECIPIENT" sep:"none" placeholder:"URL" help:"Accept these recipients of SAML responses, besides AWS's sign-in addresses. Repeatable; in the environment, separate them with spaces."`
	SAMLAllowRSA1024       bool     `name:"saml-allow-rsa-1024" env:"DAYPASS_SAML_ALLOW_RSA_1024" help:"Accept RSA keys of 1,024 to 2,047 bits from SAML providers. Such keys are too weak for signatures: use this only until the provider has a longer key."`
	FacebookAppSecretsFile string   `placeholder:"FILE" help:"File with the secrets of Facebook apps, one APPID = SECRET per line. daypass also checks access tokens of these apps with debug_token and appsecret_proof. Only the server's user may have access to the file."`
	FacebookLimitedLogin   bool     `help:"Accept ID tokens of Facebook Limited Login (iOS) as logins of graph.facebook.com. AWS does not."`
}

// settle finds mistakes in the flags, reads files and the environment.
func (c *LoginConfig) settle(p *process) (l instance.Logins, err error) {
	if l.Endpoints, err = pairs("--provider-endpoints", c.ProviderEndpoints); err != nil {
		return l, err
	}
	if err := instance.CheckEndpoints(l.Endpoints); err != nil {
		return l, usage("--provider-endpoints: %w", err)
	}
	if l.KeyFiles, err = pairs("--oidc-jwks-file", c.OIDCJWKSFile); err != nil {
		return l, err
	}
	if l.UserPoolIssuers, err = c.userPoolIssuers(); err != nil {
		return l, err
	}
	l.UserPool = instance.Credentials{AccessKeyID: p.getenv("DAYPASS_USER_POOL_ACCESS_KEY_ID"), SecretAccessKey: p.getenv("DAYPASS_USER_POOL_SECRET_ACCESS_KEY")}
	if (l.UserPool.AccessKeyID == "") != (l.UserPool.SecretAccessKey == "") {
		return l, usage("DAYPASS_USER_POOL_ACCESS_KEY_ID and DAYPASS_USER_POOL_SECRET_ACCESS_KEY go together")
	}
	l.OIDCAlgorithms = c.OIDCAlgorithm
	l.SAMLAudiences = strings.Fields(strings.Join(c.SAMLAudience, " "))
	l.SAMLRecipients = strings.Fields(strings.Join(c.SAMLRecipient, " "))
	l.SAMLAllowRSA1024 = c.SAMLAllowRSA1024
	l.FacebookLimitedLogin = c.FacebookLimitedLogin
	if c.FacebookAppSecretsFile != "" {
		if l.FacebookSecrets, err = readAppSecrets(c.FacebookAppSecretsFile); err != nil {
			return l, usage("--facebook-app-secrets-file: %w", err)
		}
	}
	return l, nil
}

// pairs reads entries of the form NAME=VALUE; the name has no equals sign.
func pairs(flag string, entries []string) (map[string]string, error) {
	m := map[string]string{}
	for _, entry := range entries {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || name == "" || value == "" {
			return nil, usage("%s %q: give NAME=VALUE", flag, entry)
		}
		if _, twice := m[name]; twice {
			return nil, usage("%s: %s is given twice", flag, name)
		}
		m[name] = value
	}
	return m, nil
}

func (c *LoginConfig) userPoolIssuers() (map[string]instance.UserPoolIssuer, error) {
	const flag = "--user-pool-issuer"
	m := map[string]instance.UserPoolIssuer{}
	texts, err := pairs(flag, strings.Fields(strings.Join(c.UserPoolIssuer, " ")))
	if err != nil {
		return nil, err
	}
	for name, text := range texts {
		if !strings.HasPrefix(name, "cognito-idp.") || !strings.Contains(name, "/") {
			return nil, usage("%s %s: a provider name looks like cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc", flag, name)
		}
		if m[name], err = instance.ParseUserPoolIssuer(text); err != nil {
			return nil, usage("%s %s: %w", flag, name, err)
		}
	}
	return m, nil
}

// readAppSecrets reads lines of the form APPID = SECRET.
func readAppSecrets(path string) (map[string]seal.Secret, error) {
	text, err := seal.ReadPrivate(path, maxSecrets)
	if err != nil {
		return nil, err
	}
	secrets := map[string]seal.Secret{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		app, secret, _ := strings.Cut(line, "=")
		app, secret = strings.TrimSpace(app), strings.TrimSpace(secret)
		if _, twice := secrets[app]; twice || app == "" || secret == "" || strings.Trim(app, "0123456789") != "" {
			return nil, fmt.Errorf("%s, line %d: want APPID = SECRET, each app once", path, n)
		}
		secrets[app] = seal.NewSecret(secret)
	}
	return secrets, lines.Err()
}
