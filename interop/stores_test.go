package interop

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/daypass/daypass/daypasstest"
)

// bucket is the one that stores are tried with.
const bucket = "photos"

// ownPrefix lets each identity do what it likes with its own prefix.
const ownPrefix = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:AbortMultipartUpload","s3:ListMultipartUploadParts"],
		"Resource":"arn:aws:s3:::` + bucket + `/${cognito-identity.amazonaws.com:sub}/*"},
	{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::` + bucket + `",
		"Condition":{"StringLike":{"s3:prefix":"${cognito-identity.amazonaws.com:sub}/*"}}}]}`

// tenant is somebody who has a prefix of their own in a store.
type tenant struct {
	// ID is the identity, whose prefix it is.
	ID string `json:"id"`
	// The credentials, for the store.
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	SessionToken    string `json:"session_token"`
}

// key is the name of one of the tenant's objects.
func (p tenant) key(name string) string { return p.ID + "/" + name }

func (p tenant) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: p.AccessKeyID, SecretAccessKey: p.SecretAccessKey, SessionToken: p.SessionToken}
}

func tenantOf(id string, c *cognitotypes.Credentials) tenant {
	return tenant{id, *c.AccessKeyId, *c.SecretKey, *c.SessionToken}
}

// setPolicy gives a role a policy, in place of the one it gave it before.
func (s *shop) setPolicy(t *testing.T, role, policy string) {
	t.Helper()
	must(s.root.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("own"), PolicyDocument: &policy}))(t)
}

// tenant signs somebody in, or makes a guest.
func (s *shop) tenant(t *testing.T, user string) tenant {
	t.Helper()
	var logins map[string]string
	if user != "" {
		logins = s.provider.logins(s.provider.signIn(t, app, user))
	}
	id := s.getID(t, s.pool, logins)
	return tenantOf(id, s.getCredentials(t, id, logins))
}

// store is an S3 store that takes the credentials of a shop, which lets every
// identity have its own prefix of the bucket.
type store struct {
	*shop
	// s3 is the store's endpoint.
	s3 string
	// alice and bob are users, guest and other are guests, of the shop's pool.
	alice, bob, guest, other tenant
	departures               departures
}

// departures are what a store answers in a way of its own. docs/stores.md names
// each. All else of the matrix is the same at every store.
type departures struct {
	// NoCopies says that it copies no objects.
	NoCopies bool `json:"no_copies"`
	// NoForms says that it takes no forms that browsers post.
	NoForms bool `json:"no_forms"`
	// EmptyBuckets says that who may not list the buckets gets an empty list.
	EmptyBuckets bool `json:"empty_buckets"`
	// IgnoresCase says that it ignores the case of letters in a policy's resources.
	IgnoresCase bool `json:"ignores_case"`
	// LiteralDots says that /../ in a key is text, as at AWS: it leads nowhere.
	LiteralDots bool `json:"literal_dots"`
	// TellsMissing says that of a key that does not exist it says so to those who may
	// not read it.
	TellsMissing bool `json:"tells_missing"`
	// NoMessages says that errors have a code and no message.
	NoMessages bool `json:"no_messages"`
	// NoDeleteObjects says that it takes deleting several objects at once for a request
	// on the bucket, which a policy about a prefix does not allow.
	NoDeleteObjects bool `json:"no_delete_objects"`
	// Disconnects says that it can end a connection when it refuses an upload, before
	// its answer is read, and that boto3 has no more use for such a connection.
	Disconnects bool `json:"disconnects"`
}

// departuresOf are those of each kind of store.
var departuresOf = map[string]departures{
	"versitygw":           {NoForms: true},
	"versitygw before S3": {NoForms: true, NoCopies: true},
	"minio":               {},
	"seaweedfs":           {NoForms: true, EmptyBuckets: true, IgnoresCase: true},
	"ceph":                {LiteralDots: true, TellsMissing: true, NoMessages: true, NoDeleteObjects: true, Disconnects: true},
}

// client is minio-go as somebody.
func (s *store) client(t *testing.T, as tenant) *minio.Client {
	t.Helper()
	address, secure := strings.CutPrefix(s.s3, "https://")
	address = strings.TrimPrefix(address, "http://")
	c, err := minio.New(address, &minio.Options{
		Creds: credentials.NewStaticV4(as.AccessKeyID, as.SecretAccessKey, as.SessionToken), Secure: secure, Region: daypasstest.Region,
		MaxRetries: 1, Transport: &http.Transport{DisableKeepAlives: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// put stores a small object. A store that refuses one may end the connection while
// the body is still on its way; the client learns nothing of the answer then, and
// asks again.
func (s *store) put(t *testing.T, as tenant, key string) (err error) {
	t.Helper()
	for range 10 {
		_, err = s.client(t, as).PutObject(t.Context(), bucket, key, strings.NewReader("hello"), 5, minio.PutObjectOptions{})
		var broken *net.OpError
		if !errors.As(err, &broken) {
			break
		}
	}
	return err
}

// wantCode holds that a store has refused something.
func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if got := minio.ToErrorResponse(err).Code; err == nil || got != code {
		t.Errorf("%s: %v (%s), want %s", what, err, got, code)
	}
}

// wantRefusedPut holds that a store has refused to store something.
func (s *store) wantRefusedPut(t *testing.T, what string, err error, code string) {
	t.Helper()
	var broken *net.OpError
	if s.departures.Disconnects && errors.As(err, &broken) {
		return
	}
	wantCode(t, what, err, code)
}

// check tries the store with every client that there is.
func (s *store) check(t *testing.T) {
	t.Run("minio-go", s.checkMinioGo)
	t.Run("boto3", func(t *testing.T) {
		python := need(t, "boto3")
		run(t, s.told(t, "PYTHONDONTWRITEBYTECODE=1"), python, "testdata/boto3/s3.py")
	})
	t.Run("node", func(t *testing.T) {
		node := need(t, "node")
		run(t, s.told(t), node, "node/s3.mjs")
	})
	t.Run("aws", func(t *testing.T) { s.checkCLI(t, need(t, "aws")) })
}

// told is the environment of a client that is told of the store.
func (s *store) told(t *testing.T, more ...string) []string {
	t.Helper()
	given := must(json.Marshal(map[string]any{
		"endpoint": s.endpoint, "s3": s.s3, "region": daypasstest.Region, "bucket": bucket, "pool": s.pool, "provider": s.provider.name(), "login": s.provider.signIn(t, app, alice),
		"alice": s.alice, "bob": s.bob, "guest": s.guest, "other": s.other, "departures": s.departures,
	}))(t)
	return environment(t, append(more, "DAYPASS_INTEROP="+string(given))...)
}

func (s *store) checkMinioGo(t *testing.T) {
	for name, pair := range map[string][2]tenant{"user": {s.alice, s.bob}, "guest": {s.guest, s.other}} {
		t.Run(name, func(t *testing.T) {
			ctx, mine, theirs := t.Context(), pair[0], pair[1]
			c := s.client(t, mine)
			if err := s.put(t, theirs, theirs.key("secret.txt")); err != nil {
				t.Fatal(err)
			}
			const odd = "minio-go/a b+c&d=é,ü;(1)~'.!*.txt"
			for _, key := range []string{mine.key(odd), mine.key("minio-go/.hidden/..two/x."), mine.key("minio-go/plain")} {
				if err := s.put(t, mine, key); err != nil {
					t.Errorf("put %s: %v", key, err)
					continue
				}
				object, err := c.GetObject(ctx, bucket, key, minio.GetObjectOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if text, err := io.ReadAll(object); string(text) != "hello" || err != nil {
					t.Errorf("get %s: %q, %v", key, text, err)
				}
			}
			part := minio.GetObjectOptions{}
			if err := part.SetRange(1, 3); err != nil {
				t.Fatal(err)
			}
			object, err := c.GetObject(ctx, bucket, mine.key("minio-go/plain"), part)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(object); string(text) != "ell" || err != nil {
				t.Errorf("a range: %q, %v", text, err)
			}
			big := bytes.Repeat([]byte("0123456789abcdef"), 12<<16) // 12 MiB, in three parts
			if _, err := c.PutObject(ctx, bucket, mine.key("minio-go/big"), bytes.NewReader(big), int64(len(big)), minio.PutObjectOptions{PartSize: 5 << 20}); err != nil {
				t.Errorf("in parts: %v", err)
			}
			link, err := c.PresignedGetObject(ctx, bucket, mine.key("minio-go/big"), time.Minute, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(fetched(t, link.String())); n != len(big) {
				t.Errorf("by a link: %d bytes", n)
			}
			if !s.departures.NoCopies {
				if _, err := c.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: mine.key("minio-go/copy")}, minio.CopySrcOptions{Bucket: bucket, Object: mine.key("minio-go/plain")}); err != nil {
					t.Errorf("copy: %v", err)
				}
				_, err = c.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: mine.key("minio-go/stolen")}, minio.CopySrcOptions{Bucket: bucket, Object: theirs.key("secret.txt")})
				wantCode(t, "copy the other's", err, "AccessDenied")
				_, err = c.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: theirs.key("planted")}, minio.CopySrcOptions{Bucket: bucket, Object: mine.key("minio-go/plain")})
				wantCode(t, "copy to the other", err, "AccessDenied")
			}
			names := 0
			for o := range c.ListObjects(ctx, bucket, minio.ListObjectsOptions{Prefix: mine.key("minio-go/"), Recursive: true}) {
				if names++; o.Err != nil || !strings.HasPrefix(o.Key, mine.ID) {
					t.Errorf("listed %s, %v", o.Key, o.Err)
				}
			}
			if names < 4 {
				t.Errorf("listed %d", names)
			}
			for what, prefix := range map[string]string{"all": "", "the other's": theirs.key(""), "half of the own": mine.ID} {
				for o := range c.ListObjects(ctx, bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
					wantCode(t, "list "+what, o.Err, "AccessDenied")
				}
			}
			if buckets, err := c.ListBuckets(ctx); !s.departures.EmptyBuckets {
				wantCode(t, "list the buckets", err, "AccessDenied")
			} else if len(buckets) > 0 || err != nil {
				t.Errorf("the buckets are %v, %v", buckets, err)
			}
			s.wantRefusedPut(t, "put the other's", s.put(t, mine, theirs.key("planted")), "AccessDenied")
			s.wantRefusedPut(t, "put beside", s.put(t, mine, "planted"), "AccessDenied")
			object, err = c.GetObject(ctx, bucket, theirs.key("secret.txt"), minio.GetObjectOptions{})
			if err == nil {
				_, err = io.ReadAll(object)
			}
			wantCode(t, "get the other's", err, "AccessDenied")
			wantCode(t, "delete the other's", c.RemoveObject(ctx, bucket, theirs.key("secret.txt"), minio.RemoveObjectOptions{}), "AccessDenied")
			if err := s.put(t, mine, mine.key("../"+theirs.ID+"/planted")); (err == nil) != s.departures.LiteralDots {
				t.Errorf("dots: %v", err)
			}
			_, err = s.client(t, theirs).StatObject(ctx, bucket, theirs.key("planted"), minio.StatObjectOptions{})
			wantCode(t, "what is planted at the other's", err, "NoSuchKey")
			wrong := mine
			wrong.SecretAccessKey = strings.Repeat("x", 40)
			s.wantRefusedPut(t, "another secret", s.put(t, wrong, mine.key("x")), "SignatureDoesNotMatch")
			wrong = mine
			wrong.SessionToken = theirs.SessionToken
			if err := s.put(t, wrong, mine.key("x")); err == nil {
				t.Error("another's token is taken")
			}
			if err := c.RemoveObject(ctx, bucket, mine.key("minio-go/plain"), minio.RemoveObjectOptions{}); err != nil {
				t.Errorf("delete: %v", err)
			}
		})
	}
}

// fetched is what is at a URL.
func fetched(t *testing.T, url string) []byte {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil))(t)
	answer := must(http.DefaultClient.Do(r))(t)
	defer answer.Body.Close()
	body := must(io.ReadAll(answer.Body))(t)
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%d: %s", answer.StatusCode, body)
	}
	return body
}

func (s *store) checkCLI(t *testing.T, path string) {
	mine := awsCLI{path: path, endpoint: s.s3}.as(t, s.alice.AccessKeyID, s.alice.SecretAccessKey, s.alice.SessionToken)
	from, to, config := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "config")
	// Without this, version 1 presigns for other hosts than AWS's as in 2006.
	if err := os.WriteFile(config, []byte("[default]\ns3 =\n    signature_version = s3v4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mine.env = append(mine.env, "AWS_MAX_ATTEMPTS=1", "AWS_CONFIG_FILE="+config)
	for name, size := range map[string]int{"a.txt": 5, "dir/b c.txt": 7, "dir/big": 9 << 20} { // which is sent in parts
		file := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, bytes.Repeat([]byte("x"), size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own := "s3://" + bucket + "/" + s.alice.key("cli")
	call := func(args ...string) string {
		t.Helper()
		return string(run(t, mine.env, path, mine.args(append([]string{"s3"}, args...))...))
	}
	call("sync", "--no-progress", from, own)
	if listed := call("ls", "--recursive", own+"/"); strings.Count(listed, "\n") != 3 || !strings.Contains(listed, "dir/b c.txt") {
		t.Errorf("listed %s", listed)
	}
	call("sync", "--no-progress", own, to)
	if big, err := os.ReadFile(filepath.Join(to, "dir/big")); len(big) != 9<<20 || err != nil {
		t.Errorf("%d bytes came back, %v", len(big), err)
	}
	link := strings.TrimSpace(call("presign", own+"/a.txt", "--expires-in", "60"))
	if text := fetched(t, link); string(text) != "xxxxx" {
		t.Errorf("by a link: %s", text)
	}
	call("rm", "--recursive", own)
	refused := func(args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), path, mine.args(append([]string{"s3"}, args...))...)
		c.Env = mine.env
		said := []string{"AccessDenied", "403"}
		if s.departures.NoMessages { // version 1 looks for a word in the message
			said = append(said, "argument of type 'NoneType' is not iterable")
		}
		if s.departures.TellsMissing {
			said = append(said, "404")
		}
		out, err := c.CombinedOutput()
		if err == nil || !slices.ContainsFunc(said, func(text string) bool { return strings.Contains(string(out), text) }) {
			t.Errorf("aws s3 %v: %v, %s", args, err, out)
		}
	}
	theirs := "s3://" + bucket + "/" + s.bob.key("cli")
	if !s.departures.EmptyBuckets {
		refused("ls")
	} else if buckets := call("ls"); buckets != "" {
		t.Errorf("the buckets are %s", buckets)
	}
	refused("ls", "s3://"+bucket)
	refused("ls", theirs+"/")
	refused("cp", "--no-progress", filepath.Join(from, "a.txt"), theirs)
	refused("cp", "--no-progress", theirs, to)
}

// authority issues certificates for loopback.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.issue(t, "ca")
	return a
}

// issue makes NAME.pem and NAME.key; the first is the authority's own.
func (a *authority) issue(t *testing.T, name string) {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: a.cert == nil, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der := must(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer))(t)
	if a.cert == nil {
		a.cert, a.key = must(x509.ParseCertificate(der))(t), key
	}
	private := must(x509.MarshalPKCS8PrivateKey(key))(t)
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(a.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// forward listens on a free port and passes connections on to a Unix socket: some
// programs do not say which port they got.
func forward(t *testing.T, socket string) (address string) {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() { stop(); _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				out, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
				if err != nil {
					return
				}
				defer out.Close()
				done := make(chan bool)
				go func() { _, _ = io.Copy(out, in); _ = out.(*net.UnixConn).CloseWrite(); close(done) }()
				_, _ = io.Copy(in, out)
				_ = in.Close()
				<-done
			}()
		}
	}()
	return l.Addr().String()
}
