//go:build unix

package instance_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/sigv4"
)

// BenchmarkTarget is GetCredentialsForIdentity of a known user for a role of
// daypass's own, and for the same role linked to a target: a second daypass that
// plays AWS, by both ways, and MinIO where scripts/partners finds it. The CPU time is
// that of this process: the second daypass is in it, and MinIO is not.
func BenchmarkTarget(b *testing.B) {
	cloud := httptest.NewUnstartedServer(nil)
	b.Cleanup(cloud.Close)
	aws := "http://" + cloud.Listener.Addr().String()
	keys := b.TempDir()
	cloudKey, minioKey := filepath.Join(keys, "cloud"), filepath.Join(keys, "minio")
	writeKey(b, minioKey, minioRoot)
	writeKey(b, cloudKey, minioRoot) // until there is one: a file has to be there at the start
	minio := startMinIO(b)
	broker := newHotOf(b, func(c *instance.Config) {
		c.PublicURL = brokerIssuer
		c.Targets = []string{"key=" + aws + ",aws", "web=" + aws + ",aws"}
		c.TargetKeyFiles = map[string]string{"key": cloudKey}
		c.OutboundAllow = []string{aws}
		if minio != "" {
			c.Targets = append(c.Targets, "minio="+minio+",minio")
			c.TargetKeyFiles["minio"] = minioKey
			c.OutboundAllow = append(c.OutboundAllow, minio)
		}
	})
	broker.query("PutRolePolicy", "RoleName", "user", "PolicyName", "own", "PolicyDocument", ownPrefix)
	writeKey(b, cloudKey, playAWS(b, cloud, broker))

	for _, way := range []struct{ name, target, role string }{
		{"own role", "", ""},
		{"AWS by service key", "key", roleARN("store-key")},
		{"AWS by web identity", "web", roleARN("store-web")},
		{"MinIO by service key", "minio", ""},
	} {
		if way.target == "minio" && minio == "" {
			continue
		}
		if way.target != "" {
			broker.query("UntagRole", "RoleName", "user", "TagKeys.member.1", "daypass:target-role")
			broker.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "daypass:target", "Tags.member.1.Value", way.target)
		}
		if way.role != "" {
			broker.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "daypass:target-role", "Tags.member.1.Value", way.role)
		}
		r := broker.public("GetCredentialsForIdentity", map[string]any{"IdentityId": broker.id, "Logins": broker.logins()})
		b.Run(way.name, func(b *testing.B) {
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			before := cpuTime(b)
			for b.Loop() {
				if r.send(broker.handler, w); w.status != http.StatusOK {
					b.Fatal(w.status)
				}
			}
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "µs-CPU/op")
		})
	}
}

const brokerIssuer = "https://id.example.com"

// playAWS opens a second daypass behind a server, with a role for each way: one that
// tokens of the broker are good for, and one for the service key that it gives.
func playAWS(b *testing.B, at *httptest.Server, broker *hot) sigv4.Credentials {
	b.Helper()
	set := httptest.NewRecorder()
	broker.handler.ServeHTTP(set, httptest.NewRequest("GET", brokerIssuer+"/.well-known/jwks_uri", nil))
	if set.Code != http.StatusOK {
		b.Fatal(set.Code)
	}
	keys := filepath.Join(b.TempDir(), "keys.json")
	if err := os.WriteFile(keys, set.Body.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	cloud := newHotOf(b, func(c *instance.Config) { c.Logins.KeyFiles[brokerIssuer] = keys })
	at.Config.Handler = cloud.handler
	at.Start()

	cloud.query("CreateOpenIDConnectProvider", "Url", brokerIssuer, "ClientIDList.member.1", "daypass-target:web")
	cloud.query("CreateUser", "UserName", "broker")
	cloud.query("PutUserPolicy", "UserName", "broker", "PolicyName", "assume", "PolicyDocument", allow(`["sts:AssumeRole","sts:TagSession"]`, `"`+roleARN("store-key")+`"`, ""))
	for role, statement := range map[string]string{
		"store-key": `"Principal":{"AWS":"arn:aws:iam::123456789012:user/broker"},"Action":["sts:AssumeRole","sts:TagSession"]`,
		"store-web": `"Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/id.example.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],` +
			`"Condition":{"StringEquals":{"id.example.com:aud":"daypass-target:web"}}`,
	} {
		cloud.query("CreateRole", "RoleName", role, "AssumeRolePolicyDocument", `{"Version":"2012-10-17","Statement":{"Effect":"Allow",`+statement+`}}`)
		cloud.query("PutRolePolicy", "RoleName", role, "PolicyName", "all", "PolicyDocument", allow(`"s3:*"`, `"*"`, ""))
	}
	made := cloud.query("CreateAccessKey", "UserName", "broker")
	return sigv4.Credentials{AccessKeyID: element(b, made, "AccessKeyId"), SecretAccessKey: element(b, made, "SecretAccessKey")}
}

var minioRoot = sigv4.Credentials{AccessKeyID: "the-root-of-minio", SecretAccessKey: "the-root-of-minio"}

// startMinIO runs MinIO until the benchmark ends, and gives its URL; empty where
// there is no MinIO.
func startMinIO(b *testing.B) string {
	b.Helper()
	program, err := exec.Command("../../scripts/partners", "--found", "minio").Output()
	if err != nil {
		b.Log("without MinIO: scripts/partners minio builds it")
		return ""
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // MinIO does not say which port it got
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	home := b.TempDir()
	c := exec.Command(strings.TrimSpace(string(program)), "server", "--quiet", "--address", address, filepath.Join(home, "data"))
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "MINIO_ROOT_USER=" + minioRoot.AccessKeyID, "MINIO_ROOT_PASSWORD=" + minioRoot.SecretAccessKey, "MINIO_BROWSER=off", "MINIO_UPDATE=off"}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it says that it was ended
	})
	for deadline := time.Now().Add(time.Minute); ; {
		answer, err := http.Get("http://" + address) // its health says too early that it is well
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusForbidden {
				return "http://" + address
			}
		}
		if time.Now().After(deadline) {
			b.Fatal("MinIO does not start: ", err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// writeKey writes a shared credentials file that its owner alone may read.
func writeKey(b *testing.B, path string, key sigv4.Credentials) {
	b.Helper()
	text := "[default]\naws_access_key_id = " + key.AccessKeyID + "\naws_secret_access_key = " + key.SecretAccessKey + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
