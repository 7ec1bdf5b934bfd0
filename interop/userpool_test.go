package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/smithy-go"

	"github.com/daypass/daypass/daypasstest"
)

// motoPool is a user pool of moto, with alice in it.
type motoPool struct {
	Port                     int
	Pool, Client, ID, Access string

	in  io.Writer
	out *bufio.Scanner
}

func startMotoPool(t *testing.T) *motoPool {
	t.Helper()
	c := exec.Command(need(t, "moto"), "testdata/moto/userpool.py")
	c.Env, c.Stderr = environment(t, "PYTHONDONTWRITEBYTECODE=1"), t.Output()
	in := must(c.StdinPipe())(t)
	out := must(c.StdoutPipe())(t)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &motoPool{in: in, out: bufio.NewScanner(out)}
	t.Cleanup(func() {
		_ = in.Close() // which ends it
		for p.out.Scan() {
		}
		if err := c.Wait(); err != nil {
			t.Errorf("moto: %v", err)
		}
	})
	for p.out.Scan() {
		if json.Unmarshal(p.out.Bytes(), p) == nil && p.Port != 0 {
			return p
		}
	}
	t.Fatal("moto did not start")
	return nil
}

// tell has moto do something to alice.
func (p *motoPool) tell(t *testing.T, what string) {
	t.Helper()
	fmt.Fprintln(p.in, what)
	for p.out.Scan() {
		if p.out.Text() == "done" {
			return
		}
	}
	t.Fatalf("moto did not %s the user", what)
}

// A user pool that somebody else wrote: its ID token is a login, its access
// token is none, and it is asked whether its users are still there.
func TestMotoUserPool(t *testing.T) {
	t.Parallel()
	p := startMotoPool(t)
	s := daypasstest.Start(t, daypasstest.Config{
		ProviderEndpoints:   map[string]string{"cognito-idp.us-east-1.amazonaws.com": fmt.Sprintf("http://127.0.0.1:%d", p.Port)},
		UserPoolAccessKeyID: "test", UserPoolSecretAccessKey: "test",
	})
	c := cognitoidentity.New(cognitoidentity.Options{
		BaseEndpoint: aws.String(s.URL), Region: daypasstest.Region, Credentials: credentials.NewStaticCredentialsProvider(daypasstest.AccessKeyID, daypasstest.SecretAccessKey, ""),
	})
	name := "cognito-idp.us-east-1.amazonaws.com/" + p.Pool
	pool := func(check bool) *string {
		return must(c.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
			IdentityPoolName: aws.String("people"), CognitoIdentityProviders: []cognitotypes.CognitoIdentityProvider{{
				ProviderName: aws.String(name), ClientId: aws.String(p.Client), ServerSideTokenCheck: aws.Bool(check)}},
		}))(t).IdentityPoolId
	}
	checked, unchecked := pool(true), pool(false)
	getID := func(pool *string, token string) error {
		_, err := c.GetId(context.Background(), &cognitoidentity.GetIdInput{IdentityPoolId: pool, Logins: map[string]string{name: token}})
		return err
	}
	const gone = "Invalid login token. Couldn't verify signed token."
	want := func(err error, message string) {
		t.Helper()
		var e smithy.APIError
		if message == "" && err == nil || errors.As(err, &e) && e.ErrorCode() == "NotAuthorizedException" && e.ErrorMessage() == message {
			return
		}
		t.Errorf("got %v, want %q", err, message)
	}
	want(getID(unchecked, p.ID), "")
	want(getID(checked, p.ID), "")
	want(getID(checked, p.Access), "Invalid login token. Missing a required claim: aud")
	want(getID(checked, forge(t, p.ID, bob)), gone)
	p.tell(t, "disable")
	want(getID(checked, p.ID), gone)
	p.tell(t, "delete")
	want(getID(checked, p.ID), gone)
	want(getID(unchecked, p.ID), "")
}
