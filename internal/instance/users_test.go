package instance_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// texts are the texts of an answer's elements, the last one of each name.
func texts(t *testing.T, answer []byte) map[string]string {
	t.Helper()
	found := map[string]string{}
	dec := xml.NewDecoder(strings.NewReader(string(answer)))
	name := ""
	for {
		token, err := dec.Token()
		if err != nil {
			return found
		}
		switch token := token.(type) {
		case xml.StartElement:
			name = token.Name.Local
		case xml.CharData:
			found[name] = string(token)
		}
	}
}

// user makes a user and a client that signs with the user's own key.
func (s *story) user(name string) *client.Client {
	s.t.Helper()
	s.query("CreateUser", "UserName", name)
	key := texts(s.t, []byte(s.query("CreateAccessKey", "UserName", name)))
	c := s.clientOf("us-east-1")
	c.Credentials = sigv4.Credentials{AccessKeyID: key["AccessKeyId"], SecretAccessKey: key["SecretAccessKey"]}
	return c
}

// The life of a user: the key signs calls to every service, which do what the
// policies allow, until the key is inactive or gone.
func TestUsersActWithTheirKeys(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	anna := s.user("anna")
	who := func() string {
		t.Helper()
		answer, err := anna.Query(t.Context(), sts.API, "GetCallerIdentity")
		if err != nil {
			return codeOf(t, err)
		}
		return texts(t, answer)["Arn"]
	}
	describe := func() string {
		t.Helper()
		_, err := call(anna, "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool})
		return codeOf(t, err)
	}
	list := func() string {
		t.Helper()
		_, err := anna.Query(t.Context(), iam.API, "ListUsers")
		return codeOf(t, err)
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	lastUsed := func() string {
		t.Helper()
		used := texts(t, []byte(s.query("GetAccessKeyLastUsed", "AccessKeyId", anna.Credentials.AccessKeyID)))
		return used["ServiceName"] + " " + used["Region"]
	}
	want("last use", lastUsed(), "N/A N/A")
	forged := *anna
	forged.Credentials.SecretAccessKey = strings.Repeat("x", 40)
	if _, err := forged.Query(t.Context(), sts.API, "GetCallerIdentity"); codeOf(t, err) != "SignatureDoesNotMatch" {
		t.Errorf("a forged signature: %v", err)
	}
	want("last use after a forged signature", lastUsed(), "N/A N/A")

	want("who", who(), "arn:aws:iam::123456789012:user/anna")
	want("last use", lastUsed(), "sts us-east-1")
	want("without policies", describe()+" "+list(), "AccessDeniedException AccessDenied")
	want("last use", lastUsed(), "iam us-east-1")
	s.query("AttachUserPolicy", "UserName", "anna", "PolicyArn", "arn:aws:iam::aws:policy/AmazonCognitoReadOnly")
	want("with a policy", describe()+" "+list(), " AccessDenied")
	s.query("PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", allow(`"iam:ListUsers"`, `"*"`, ""))
	want("with two policies", describe()+" "+list(), " ")

	s.server.Restart()
	anna.Endpoint = s.server.URL
	want("last use before the restart", lastUsed(), "iam us-east-1")
	want("after a restart", who()+" "+describe()+" "+list(), "arn:aws:iam::123456789012:user/anna  ")
	s.query("UpdateAccessKey", "UserName", "anna", "AccessKeyId", anna.Credentials.AccessKeyID, "Status", "Inactive")
	want("inactive", who()+" "+describe(), "InvalidClientTokenId UnrecognizedClientException")
	s.query("UpdateAccessKey", "UserName", "anna", "AccessKeyId", anna.Credentials.AccessKeyID, "Status", "Active")
	want("active again", describe(), "")
	s.query("UpdateUser", "UserName", "anna", "NewUserName", "berta", "NewPath", "/x/")
	want("renamed", who()+" "+describe(), "arn:aws:iam::123456789012:user/x/berta ")
	s.query("DeleteAccessKey", "UserName", "berta", "AccessKeyId", anna.Credentials.AccessKeyID)
	want("gone", who()+" "+describe(), "InvalidClientTokenId UnrecognizedClientException")
}

// A role that trusts a user trusts nobody who takes the user's name.
func TestTrustedUserIsNotReplaced(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	const arn = "arn:aws:iam::123456789012:role/app"
	assume := func(c *client.Client) string {
		t.Helper()
		_, err := c.Query(t.Context(), sts.API, "AssumeRole", "RoleArn", arn, "RoleSessionName", "session")
		return codeOf(t, err)
	}
	first := s.user("anna")
	s.query("CreateRole", "RoleName", "app", "AssumeRolePolicyDocument",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/anna"},"Action":"sts:AssumeRole"}}`)
	if got := assume(first); got != "" {
		t.Errorf("anna: %s", got)
	}
	s.query("UpdateUser", "UserName", "anna", "NewUserName", "berta")
	if got := assume(first); got != "" {
		t.Errorf("anna, who is berta now: %s", got)
	}
	second := s.user("anna")
	if got := assume(second); got != "AccessDenied" {
		t.Errorf("another anna: %q", got)
	}
	s.query("AttachUserPolicy", "UserName", "anna", "PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")
	if got := assume(second); got != "AccessDenied" {
		t.Errorf("another anna who may do everything else: %q", got)
	}
}
