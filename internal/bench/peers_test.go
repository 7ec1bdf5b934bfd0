package bench

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/iam"
)

// peer is another server that hands out temporary credentials.
type peer struct {
	name  string
	start func(b *testing.B, w *world) *process
	// ask is its request, ours what daypass does for the same.
	ask, ours func(w *world, u *user) request
	// missed is what daypass has to do because no memory has it.
	missed does
	// verifies says that it refuses a token with another signature.
	verifies bool
}

// BenchmarkPeers compares daypass with others that do a comparable job: the same
// tokens, the same core, in turns. They are programs that are there, or are left
// out; nothing of them is in daypass.
func BenchmarkPeers(b *testing.B) {
	if os.Getenv("DAYPASS_BENCH_PEERS") == "" {
		b.Skip("make bench-peers runs this")
	}
	c := newCrowd(b, largeUsers)
	c.signTokens(b)
	settle(b)
	w := newWorld(b, c, thisDaypass)
	w.admit(b)
	w.allowWebIdentity(b)
	web := func(role string) func(w *world, u *user) request {
		return func(_ *world, u *user) request { return w.assumeRole(u, role) }
	}
	ours, credentials := web("arn:aws:iam::"+account+":role/web"), (*world).getCredentials
	// A provider whose name has a slash at the end is looked for as well, in vain, and
	// what is not there is in no memory.
	verified, assumed := does{"Signatures": 1}, does{"Signatures": 1, "Entities": 1}
	for _, p := range []peer{
		{"MinIO/AssumeRoleWithWebIdentity", startMinIO, web(minioRole), ours, assumed, true},
		{"MinIO/against-GetCredentialsForIdentity", startMinIO, web(minioRole), credentials, verified, true},
		{"SeaweedFS/AssumeRoleWithWebIdentity", startSeaweedFS, web(seaweedRole), ours, assumed, true},
		{"moto/GetCredentialsForIdentity", startMoto, credentials, credentials, verified, false},
	} {
		b.Run(p.name, func(b *testing.B) { w.beside(b, p) })
	}
}

// beside compares daypass with a peer.
func (w *world) beside(b *testing.B, p peer) {
	other := p.start(b, w)
	defer other.stop()
	at := 0
	theirs := deck{requestsOf(w.users, func(u *user) request {
		r := p.ask(w, u)
		return request{[]byte(strings.Replace(string(r.wire), "\r\nHost: "+w.daypass.addr, "\r\nHost: "+other.addr, 1)), holds("AccessKeyId")}
	}), &at}
	if p.verifies {
		forged := w.users[0]
		forged.token = forged.token[:len(forged.token)-4] + "AAAA"
		if _, err := dial(b, other.addr, 1).send(1, 0, func(int) request { return p.ask(w, &forged) }); err == nil {
			b.Fatal("it takes a token with another signature")
		}
	}
	mine := w.everybody(&w.tokensAt, func(u *user) request { return p.ours(w, u) })
	var a, z caller
	m := measure(b, comparison{
		warm: func() {
			a, z = dial(b, w.daypass.addr, connections), dial(b, other.addr, connections)
			w.daypass.turn(b, a, 100, mine.next)
			other.turn(b, z, 200, theirs.next)
		},
		first:  func() round { return w.daypass.turn(b, a, 0, mine.next) },
		second: func() round { return other.turn(b, z, 0, theirs.next) },
		missed: p.missed,
		waits:  true,
	})
	m.metrics(b, "theirs")
	_, _, most := other.memory()
	b.ReportMetric(most, "theirs-MiB")
}

// allowWebIdentity makes a role that the provider's users may assume with their
// tokens.
func (w *world) allowWebIdentity(b *testing.B) {
	b.Helper()
	_, err := w.root().Query(b.Context(), iam.API, "CreateRole", "RoleName", "web", "AssumeRolePolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::`+account+`:oidc-provider/`+w.name+`"},`+
			`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"`+w.name+`:aud":"app"}}}]}`)
	if err != nil {
		b.Fatal(err)
	}
}

// assumeRole asks an STS for credentials, with the user's token.
func (w *world) assumeRole(u *user, role string) request {
	body := url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {role}, "RoleSessionName": {"bench"},
		"DurationSeconds": {"3600"}, "WebIdentityToken": {u.token}}.Encode()
	return request{post(w.daypass.addr, "/", formHeader(), []byte(body)), holds("AccessKeyId")}
}

// partner is the program of a partner that the environment names; without it, the
// benchmark is skipped.
func partner(b *testing.B, variable string) string {
	b.Helper()
	path := os.Getenv(variable)
	if path == "" {
		notMeasured(b, variable+" names no program")
	}
	return path
}

// notMeasured leaves a benchmark out, and says so in the table.
func notMeasured(b *testing.B, why string) {
	b.Helper()
	table.compared = append(table.compared, "| "+strings.TrimPrefix(b.Name(), "Benchmark")+strings.Repeat(" |", 10)+" NOT MEASURED: "+why+" |")
	b.Skip(why)
}

// startPartner starts a program of others on the servers' core, and waits until it
// answers.
func startPartner(b *testing.B, addr, dir string, env []string, ready func() bool, command string, args ...string) *process {
	b.Helper()
	p := &process{addr: addr, cmd: pinned(command, args...)}
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), env...)
	p.start(b, dir, os.Kill, 50*time.Millisecond, ready)
	return p
}

// answers says whether a server gives a request a success that holds credentials.
func answers(addr string, r request, header http.Header) bool {
	_, body, _ := strings.Cut(string(r.wire), "\r\n\r\n")
	post, err := http.NewRequest(http.MethodPost, "http://"+addr+"/", strings.NewReader(body))
	if err != nil {
		return false
	}
	post.Header = header
	answer, err := http.DefaultClient.Do(post)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode == http.StatusOK && strings.Contains(string(text), "AccessKeyId")
}

// freeAddr is an address that nobody listens on.
func freeAddr(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// assumes says whether a server lets the first user assume a role.
func (w *world) assumes(addr, role string) func() bool {
	return func() bool { return answers(addr, w.assumeRole(&w.users[0], role), formHeader()) }
}

// minioRole is the role that MinIO makes of a client ID.
var minioRole = func() string {
	hash := sha1.Sum([]byte("app"))
	return "arn:minio:iam:::role/" + base64.RawURLEncoding.EncodeToString(hash[:])
}()

// startMinIO starts MinIO with the login provider as its OpenID provider.
func startMinIO(b *testing.B, w *world) *process {
	binary, dir, addr := partner(b, "DAYPASS_BENCH_MINIO"), b.TempDir(), freeAddr(b)
	cas := filepath.Join(dir, "certs", "CAs")
	if err := os.MkdirAll(cas, 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cas, "ca.crt"), w.ca, 0o600); err != nil {
		b.Fatal(err)
	}
	secret := make([]byte, 20)
	_, _ = rand.Read(secret)
	return startPartner(b, addr, dir, []string{
		"MINIO_ROOT_USER=bench", "MINIO_ROOT_PASSWORD=" + hex.EncodeToString(secret), "MINIO_BROWSER=off",
		"MINIO_IDENTITY_OPENID_CONFIG_URL=" + w.issuer + "/.well-known/openid-configuration",
		"MINIO_IDENTITY_OPENID_CLIENT_ID=app", "MINIO_IDENTITY_OPENID_CLIENT_SECRET=" + hex.EncodeToString(secret),
		"MINIO_IDENTITY_OPENID_ROLE_POLICY=readonly",
	}, w.assumes(addr, minioRole), binary, "server", "--quiet", "--address", addr, "--certs-dir", filepath.Join(dir, "certs"), filepath.Join(dir, "data"))
}

const seaweedRole = "arn:aws:iam::" + account + ":role/web"

// startSeaweedFS starts SeaweedFS with the login provider as its OpenID provider.
func startSeaweedFS(b *testing.B, w *world) *process {
	binary, dir, addr := partner(b, "DAYPASS_BENCH_SEAWEEDFS"), b.TempDir(), freeAddr(b)
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	config := fmt.Sprintf(`{
		"sts": {"tokenDuration": "1h", "maxSessionLength": "12h", "issuer": "seaweedfs", "signingKey": %q},
		"providers": [{"name": "bench", "type": "oidc", "enabled": true, "config": {"issuer": %q, "clientId": "app", "jwksUri": %q, "tlsCaCert": %q}}],
		"policy": {"defaultEffect": "Deny", "storeType": "memory"},
		"policies": [{"name": "readonly", "document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}]}}],
		"roles": [{"roleName": "web", "roleArn": %q, "attachedPolicies": ["readonly"], "trustPolicy": {"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "Principal": {"Federated": "bench"}, "Action": ["sts:AssumeRoleWithWebIdentity"]}]}}]
	}`, base64.StdEncoding.EncodeToString(key), w.issuer, w.issuer+"/keys", filepath.Join(dir, "ca.crt"), seaweedRole)
	for name, data := range map[string][]byte{"ca.crt": w.ca, "iam.json": []byte(config)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	_, port, _ := net.SplitHostPort(addr)
	portOf := func() string { _, port, _ := net.SplitHostPort(freeAddr(b)); return port }
	return startPartner(b, addr, dir, nil, w.assumes(addr, seaweedRole), binary, "server", "-dir="+dir, "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
		"-master.port="+portOf(), "-volume.port="+portOf(), "-filer", "-filer.port="+portOf(), "-s3", "-s3.port="+port, "-s3.iam.config="+filepath.Join(dir, "iam.json"))
}

// startMoto starts moto's server. It verifies nothing and keeps nothing.
func startMoto(b *testing.B, w *world) *process {
	python, dir, addr := partner(b, "DAYPASS_BENCH_MOTO"), b.TempDir(), freeAddr(b)
	if out, err := exec.Command(python, "-c", "import moto.server").CombinedOutput(); err != nil {
		notMeasured(b, fmt.Sprintf("%s has no moto.server: %s", python, out[bytes.LastIndexByte(bytes.TrimSpace(out), '\n')+1:]))
	}
	_, port, _ := net.SplitHostPort(addr)
	ready := func() bool {
		return answers(addr, w.getCredentials(&w.users[0]), jsonHeader("GetCredentialsForIdentity"))
	}
	return startPartner(b, addr, dir, nil, ready, python, "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
}
