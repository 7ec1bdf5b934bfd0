package instance_test

import (
	"encoding/xml"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// Credentials of GetSessionToken have the rights of who got them, but for IAM.
func TestSessionTokensOfRoot(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	answer, err := s.clientOf("us-east-1").Query(t.Context(), sts.API, "GetSessionToken")
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string } `xml:"GetSessionTokenResult>Credentials"`
	}
	if err := xml.Unmarshal(answer, &out); err != nil {
		t.Fatal(err)
	}
	c := s.clientOf("us-east-1")
	c.Credentials = sigv4.Credentials{AccessKeyID: out.Credentials.AccessKeyId, SecretAccessKey: out.Credentials.SecretAccessKey, SessionToken: out.Credentials.SessionToken}
	if _, err := call(c, "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool}); err != nil {
		t.Error(err)
	}
	if _, err := c.Query(t.Context(), sts.API, "GetCallerIdentity"); err != nil {
		t.Error(err)
	}
	_, err = c.Query(t.Context(), iam.API, "ListRoles")
	wantError(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")
	_, err = c.Query(t.Context(), sts.API, "GetSessionToken")
	wantError(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
}
