package interop

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/daypasstest/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// balancer hands request after request to one node after the other.
type balancer struct {
	*httptest.Server
	next  atomic.Int64
	nodes []*httputil.ReverseProxy
}

func newBalancer(t *testing.T) *balancer {
	b := &balancer{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.nodes[int(b.next.Add(1))%len(b.nodes)].ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

// add has it serve a node. The host stays the one that was asked for, since signatures
// cover it.
func (b *balancer) add(t *testing.T, node string) {
	t.Helper()
	to, err := url.Parse(node)
	if err != nil {
		t.Fatal(err)
	}
	b.nodes = append(b.nodes, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}})
}

// The story with three nodes on one database, each request at another one than that
// before, and without retries: nothing that an SDK holds is good at one node only, and no
// node knows less than another.
func TestStoryAtAFleet(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	c := daypasstest.Config{Database: postgres.Database(pgtest.Database(t)), DataDir: t.TempDir(), Issuer: b.URL}
	for range 3 {
		b.add(t, daypasstest.Start(t, c).URL)
	}
	tellStory(t, b.URL)
}

// SDKs ask again where a node answers that it cannot reach its database, over both
// protocols, and get to one that can.
func TestFleetWithAPartitionedNode(t *testing.T) {
	t.Parallel()
	direct, proxy, through := pgtest.Proxied(t)
	b := newBalancer(t)
	c := daypasstest.Config{Database: postgres.Database(direct), DataDir: t.TempDir(), Issuer: b.URL}
	b.add(t, daypasstest.Start(t, c).URL)
	c.Database = postgres.Database(through)
	b.add(t, daypasstest.Start(t, c).URL)

	pool := openShop(t, b.URL).pool
	proxy.Refuse()
	var refused atomic.Int64
	b.nodes[1].ModifyResponse = func(r *http.Response) error {
		if r.StatusCode == http.StatusServiceUnavailable {
			refused.Add(1)
		}
		return nil
	}
	config := aws.Config{Region: daypasstest.Region, BaseEndpoint: &b.URL, Credentials: root()}
	identities := cognitoidentity.NewFromConfig(config)
	for range 4 {
		must(identities.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &pool}))(t)
		must(identities.DescribeIdentityPool(t.Context(), &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: &pool}))(t)
	}
	guest := *must(identities.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &pool}))(t).IdentityId
	config.Credentials = holder(must(identities.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &guest}))(t).Credentials)
	tokens := sts.NewFromConfig(config)
	before := refused.Load()
	for range 4 {
		must(tokens.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t)
	}
	if before == 0 || refused.Load() == before {
		t.Errorf("the node without a database refused %d requests of identity pools and %d of STS, want some of each", before, refused.Load()-before)
	}
}
