package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/instance"
)

// callFlags say which server to call.
type callFlags struct {
	Endpoint string `env:"AWS_ENDPOINT_URL" default:"http://127.0.0.1:4600" placeholder:"URL" help:"The server (${default})."`
	Region   string `env:"AWS_REGION" default:"us-east-1" placeholder:"REGION" help:"The region that signatures name (${default})."`
}

// Help is what --help says of these commands beside their flags.
func (callFlags) Help() string {
	return "The call is signed with the credentials in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN; or with those in the file that AWS_SHARED_CREDENTIALS_FILE names, such as root-credentials in the server's data directory."
}

// call does an operation of the service daypass and prints the answer.
func (c callFlags) call(p *process, operation string, in any) error {
	if at, err := url.Parse(c.Endpoint); err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return usage("--endpoint %q (AWS_ENDPOINT_URL): give a URL such as http://127.0.0.1:4600", c.Endpoint)
	}
	credentials, err := callerCredentials(p)
	if err != nil {
		return err
	}
	caller := &client.Client{Endpoint: c.Endpoint, Region: c.Region, Credentials: credentials}
	answer, err := caller.JSON(p.ctx, instance.API("daypass"), operation, in)
	if refused, ok := errors.AsType[*client.Error](err); ok && refused.Code == "" {
		return fmt.Errorf("unexpected response from %s (status %d); check --endpoint", c.Endpoint, refused.Status)
	}
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, answer, "", "  "); err != nil {
		return fmt.Errorf("unexpected response from %s; check --endpoint: %w", c.Endpoint, err)
	}
	_, err = fmt.Fprintln(p.stdout, out.String())
	return err
}

// revokeCommand calls RevokeSessions. What is revoked is said by flags alone: a
// variable that happens to be set must neither choose it nor narrow it down.
type revokeCommand struct {
	callFlags
	IdentityID     string `env:"-" name:"identity-id" placeholder:"ID" xor:"target" help:"Revoke the credentials and tokens of an identity."`
	Provider       string `env:"-" placeholder:"NAME" xor:"target" help:"With --user: revoke what was issued to a user of this login provider, named as in Logins."`
	User           string `env:"-" placeholder:"USER" help:"The user's ID at the provider."`
	IdentityPoolID string `env:"-" name:"identity-pool-id" placeholder:"ID" help:"Revoke what was issued to the identities of a pool; with --provider and --user, only to that user in this pool."`
	AccessKeyID    string `env:"-" name:"access-key-id" placeholder:"ID" xor:"target" help:"Revoke one session."`
	RoleArn        string `env:"-" name:"role-arn" placeholder:"ARN" xor:"target" help:"Revoke the sessions of a role."`
	IssuedBefore   string `env:"-" placeholder:"TIME" help:"Revoke everything issued at or before this time, such as 2026-01-01T12:00:00Z (now)."`
}

// Run revokes.
func (c *revokeCommand) Run(p *process) error {
	in := map[string]any{}
	set := func(member, value string) {
		if value != "" {
			in[member] = value
		}
	}
	set("IdentityId", c.IdentityID)
	set("AccessKeyId", c.AccessKeyID)
	set("RoleArn", c.RoleArn)
	switch {
	case (c.Provider == "") != (c.User == ""):
		return usage("--provider and --user go together")
	case c.Provider != "":
		login := map[string]string{"ProviderName": c.Provider, "UserIdentifier": c.User}
		if c.IdentityPoolID != "" {
			login["IdentityPoolId"] = c.IdentityPoolID
		}
		in["Login"] = login
	default:
		set("IdentityPoolId", c.IdentityPoolID)
	}
	if len(in) != 1 {
		return usage("say what to revoke: one of --identity-id, --provider with --user, --identity-pool-id, --access-key-id and --role-arn")
	}
	if c.IssuedBefore != "" {
		at, err := time.Parse(time.RFC3339, c.IssuedBefore)
		if err != nil {
			return usage("--issued-before %q: give a time such as 2026-01-01T12:00:00Z", c.IssuedBefore)
		}
		in["IssuedBefore"] = at.Unix()
	}
	return c.call(p, "RevokeSessions", in)
}

// revocationsCommand calls ListRevocations.
type revocationsCommand struct {
	callFlags
	MaxResults int    `env:"-" placeholder:"N" help:"The maximum number of revocations to print (60)."`
	NextToken  string `env:"-" placeholder:"TOKEN" help:"The pagination token from the previous answer."`
}

// Run lists.
func (c *revocationsCommand) Run(p *process) error {
	in := map[string]any{}
	if c.MaxResults != 0 {
		in["MaxResults"] = c.MaxResults
	}
	if c.NextToken != "" {
		in["NextToken"] = c.NextToken
	}
	return c.call(p, "ListRevocations", in)
}
