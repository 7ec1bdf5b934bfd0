package logintest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/daypass/daypass/internal/sigv4"
)

// PoolUser is a user of the user pool.
type PoolUser struct {
	Sub      string
	Disabled bool
}

// SetUser makes a user of the user pool; with no Sub there is none.
func (d *Doubles) SetUser(name string, u PoolUser) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.users[name] = u
}

func (d *Doubles) pool(w http.ResponseWriter, r *http.Request) {
	_, id, _ := strings.Cut(Pool, "/")
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/"+id+"/.well-known/jwks.json":
		keys(w)
	case r.Method == http.MethodPost && r.URL.Path == "/" && r.Header.Get("X-Amz-Target") == "AWSCognitoIdentityProviderService.AdminGetUser":
		d.adminGetUser(w, r, id)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (d *Doubles) adminGetUser(w http.ResponseWriter, r *http.Request, id string) {
	body, _ := io.ReadAll(r.Body)
	var in struct{ UserPoolId, Username string }
	if json.Unmarshal(body, &in) != nil || in.UserPoolId != id || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		poolError(w, "InvalidParameterException")
		return
	}
	if !d.signed(r, body) {
		poolError(w, "InvalidSignatureException")
		return
	}
	u := d.users[in.Username]
	if u.Sub == "" {
		poolError(w, "com.amazonaws.cognito.identity.idp.model#UserNotFoundException")
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"Username": in.Username, "Enabled": !u.Disabled, "UserStatus": "CONFIRMED", "UserCreateDate": 1.7e9, "UserLastModifiedDate": 1.7e9,
		"UserAttributes": []any{map[string]any{"Name": "sub", "Value": u.Sub}},
	})
}

// signed says whether the request has the signature that we would give it.
func (d *Doubles) signed(r *http.Request, body []byte) bool {
	given := r.Header.Get("Authorization")
	header := r.Header.Clone()
	for _, name := range []string{"Authorization", "Content-Length", "User-Agent", "Accept-Encoding", "X-Amz-Date"} {
		header.Del(name)
	}
	again := &sigv4.Request{Method: r.Method, Path: "/", Host: r.Host, Header: header, Body: body}
	c := sigv4.Credentials{AccessKeyID: PoolAccessKeyID, SecretAccessKey: PoolSecretAccessKey}
	return sigv4.Sign(again, c, "us-east-1", "cognito-idp", d.Now()) == nil && header.Get("Authorization") == given
}

func poolError(w http.ResponseWriter, code string) {
	answer(w, http.StatusBadRequest, map[string]any{"__type": code, "message": "no"})
}
