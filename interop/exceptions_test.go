package interop

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

// failing is a call of GetCredentialsForIdentity that has to fail.
type failing struct {
	Exception string         `json:"exception"`
	Message   string         `json:"message"`
	Endpoint  string         `json:"endpoint"`
	Call      map[string]any `json:"call"`
	// Before is how often the call succeeds first.
	Before int `json:"before"`
}

// TestBoto3Exceptions has each exception of GetCredentialsForIdentity caught by
// its class, also those that a server gives only when something is broken.
func TestBoto3Exceptions(t *testing.T) {
	t.Parallel()
	python := need(t, "boto3")
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	club, gone := startProvider(t), startProvider(t)
	s.trust(t, club)
	s.trust(t, gone)
	must(s.root.cognito.UpdateIdentityPool(t.Context(), &cognitoidentity.UpdateIdentityPoolInput{
		IdentityPoolId: &s.pool, IdentityPoolName: aws.String("photos"), AllowUnauthenticatedIdentities: true,
		OpenIdConnectProviderARNs: []string{s.provider.arn(), club.arn(), gone.arn()}, DeveloperProviderName: aws.String(developer),
	}))(t)
	guest, atGone := s.getID(t, s.pool, nil), gone.logins(gone.signIn(t, app, alice))
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	alices, atClub := s.provider.logins(s.provider.signIn(t, app, alice)), club.logins(club.signIn(t, app, bob))
	user := s.getID(t, s.pool, alices)
	// Bob at the club is Bob here, and so cannot be Alice.
	s.getID(t, s.pool, joined(s.provider.logins(s.provider.signIn(t, app, bob)), atClub))
	ann := must(s.root.cognito.GetOpenIdTokenForDeveloperIdentity(t.Context(), &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: &s.pool, Logins: map[string]string{developer: "ann"},
	}))(t)
	developers := map[string]string{"cognito-identity.amazonaws.com": *ann.Token}
	bare := s.getID(t, s.newPool(t, true), nil)

	limited := openShop(t, daypasstest.Start(t, daypasstest.Config{Rates: map[string]float64{"GetCredentialsForIdentity": 0.0001}}).URL)
	broken, lost := brokenServer(t)
	cases := []failing{
		{Exception: "InvalidParameterException", Call: of(*ann.IdentityId, joined(developers, alices)),
			Message: "A login of cognito-identity.amazonaws.com cannot be combined with others."},
		{Exception: "ResourceNotFoundException", Call: of(nobodys, nil), Message: "Identity '" + nobodys + "' not found."},
		{Exception: "NotAuthorizedException", Call: of(user, nil), Message: "Access to Identity '" + user + "' is forbidden."},
		{Exception: "ResourceConflictException", Call: of(user, joined(alices, atClub)), Message: "Login is already linked to another account."},
		{Exception: "TooManyRequestsException", Call: of(limited.getID(t, limited.pool, nil), nil), Endpoint: limited.endpoint, Before: 1, Message: "Rate exceeded"},
		{Exception: "InvalidIdentityPoolConfigurationException", Call: of(bare, nil), Message: checkRoles},
		{Exception: "InternalErrorException", Call: of(lost, nil), Endpoint: broken, Message: "The service is unable to process the request. Try again later."},
		{Exception: "ExternalServiceException", Call: of(guest, atGone), Message: "The identity provider could not be reached."},
	}
	for n := range cases {
		if cases[n].Endpoint == "" {
			cases[n].Endpoint = s.endpoint
		}
	}
	run(t, environment(t, "PYTHONDONTWRITEBYTECODE=1", "DAYPASS_INTEROP="+string(must(json.Marshal(cases))(t))), python, "testdata/boto3/exceptions.py")
}

// joined are the logins of two Logins maps.
func joined(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// of is the input of GetCredentialsForIdentity.
func of(identity string, logins map[string]string) map[string]any {
	if logins == nil {
		return map[string]any{"IdentityId": identity}
	}
	return map[string]any{"IdentityId": identity, "Logins": logins}
}

// brokenServer runs a server whose store is closed underneath it. It gives the
// endpoint, and an identity that there was.
func brokenServer(t *testing.T) (endpoint, identity string) {
	t.Helper()
	dir := t.TempDir()
	h := httptest.NewUnstartedServer(nil)
	endpoint = "http://" + h.Listener.Addr().String()
	i := must(instance.Open(t.Context(), instance.Config{
		DataDir: dir, MasterKey: must(seal.CreateFile(filepath.Join(dir, "master.key")))(t), Account: daypasstest.Account, PublicURL: endpoint, Dev: true,
		Root: iam.RootAccessKey{ID: daypasstest.AccessKeyID, Secret: seal.NewSecret(daypasstest.SecretAccessKey)},
	}))(t)
	h.Config.Handler = i.Handler
	h.Start()
	t.Cleanup(h.Close)
	s := &shop{root: connect(endpoint, root()), public: connect(endpoint, nil)}
	identity = s.getID(t, s.newPool(t, true), nil)
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	return endpoint, identity
}
