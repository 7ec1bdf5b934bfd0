package daypasstest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/daypass/daypass/internal/mint"
)

// userPoolHost is where AWS has the user pools of [Region].
const userPoolHost = "cognito-idp." + Region + ".amazonaws.com"

// userPools answers for userPoolHost: it publishes the keys of the test's user pools.
type userPools struct {
	http *httptest.Server

	mu   sync.Mutex
	keys map[string]json.RawMessage // documents, by pool ID
}

func newUserPools() *userPools {
	u := &userPools{keys: map[string]json.RawMessage{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{pool}/.well-known/jwks.json", func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		document := u.keys[r.PathValue("pool")]
		u.mu.Unlock()
		if document == nil {
			http.NotFound(w, r)
			return
		}
		answer(w, document)
	})
	u.http = httptest.NewServer(mux)
	return u
}

// UserPool is a Cognito user pool. Its tokens are good for the server that it was made
// for, in the Logins of pools that know it.
type UserPool struct {
	// ID is the user pool's, such as us-east-1_AbCdEfGhI.
	ID string
	// Name is its key in a map of Logins, and its ProviderName in an identity pool.
	Name string

	server *Server
	key    *rsa.PrivateKey
}

// UserPool makes a Cognito user pool that the server gets keys from. With
// Config.ProviderEndpoints for its host, the keys are looked for there.
func (s *Server) UserPool(t testing.TB) *UserPool {
	t.Helper()
	if s.userPools == nil {
		t.Fatalf("daypasstest: UserPool: Config.ProviderEndpoints sends %s elsewhere", userPoolHost)
	}
	key, err := s.providerKey()
	if err != nil {
		t.Fatalf("daypasstest: %v", err)
	}
	id := Region + "_" + rand.Text()[:9]
	s.userPools.mu.Lock()
	defer s.userPools.mu.Unlock()
	s.userPools.keys[id] = keySet(t, key)
	return &UserPool{ID: id, Name: userPoolHost + "/" + id, server: s, key: key}
}

// User is somebody whom a user pool knows.
type User struct {
	// Name is the user name. The sub follows from it, and is a UUID.
	Name string
	// Groups are the groups that the user is in, and Roles the ARNs of their roles, of
	// which the first is the preferred one.
	Groups, Roles []string
	// Claims are further claims.
	Claims Claims
}

// Sub is the user's sub in the pool.
func (u *UserPool) Sub(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://"+u.Name+"#"+name)).String()
}

// IDToken is the ID token of a user, which is what an identity pool takes.
func (u *UserPool) IDToken(t testing.TB, user User) string {
	t.Helper()
	return u.token(t, user, Claims{"token_use": "id", "cognito:username": user.Name, "email": user.Name + "@example.com", "email_verified": true})
}

// AccessToken is the access token of a user, which an identity pool does not take.
func (u *UserPool) AccessToken(t testing.TB, user User) string {
	t.Helper()
	return u.token(t, user, Claims{"aud": nil, "token_use": "access", "client_id": ClientID, "username": user.Name, "scope": "aws.cognito.signin.user.admin", "version": 2})
}

func (u *UserPool) token(t testing.TB, user User, claims Claims) string {
	t.Helper()
	all := []Claims{{"event_id": uuid.NewString(), "origin_jti": uuid.NewString(), "jti": uuid.NewString()}, claims}
	if len(user.Groups) > 0 {
		all = append(all, Claims{"cognito:groups": user.Groups})
	}
	if len(user.Roles) > 0 && claims["token_use"] == "id" {
		all = append(all, Claims{"cognito:roles": user.Roles, "cognito:preferred_role": user.Roles[0]})
	}
	m := mint.Token{
		Issuer: "https://" + u.Name, Audience: ClientID, Subject: u.Sub(user.Name),
		Claims: merged(append(all, user.Claims)), Key: u.key, Now: u.server.Now,
	}
	return made(t)(m.Good())
}
