package daypass_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/daypass/daypass"

// imports says which packages of ours a package may import; those in internal
// go without that. What is not listed may not be. A line that needs another
// import gets it with a reason, and so does a new package: the lists are how
// the house stays as docs/design.md draws it. Tests may import what they like.
const imports = `
	# Bytes and words, nothing of ours below them.
	arn:
	audit:       decision awsapi             # an event has what was asked, by the shapes of its operation, and what was decided
	audit/sinks: audit fetch
	awsapi:
	decision:
	fetch:
	limit:
	jws:                                     # pure: which key may go with which algorithm
	plainjson:
	mint:                                    # what the other side hands out
	idp:         mint                        # the other side: it knows nothing of daypass
	saml:
	seal:
	backup:      seal                        # the form of backups; the master key proves them
	backup/agekey: backup seal
	signin:                                  # the client's side of a sign-in: it knows nothing of AWS
	datadir:     seal                         # its mark is written as secrets are
	revocation:                              # pure
	sigv4:       limit
	typo:

	# The protocols, and what speaks them.
	awsjson:     awsapi plainjson
	awsquery:    awsapi
	jmespath:    awsapi                       # queries on trees
	declare:     awsapi typo                  # a file, and the calls that bring a server to it
	cli:         declare awsapi backup backup/agekey jmespath seal signin   # seal: files that only their owner can read; backup: what it writes is checked
	client:      awsapi awsjson awsquery sigv4
	server:      awsapi awsjson awsquery sigv4 audit limit seal     # seal: the type of a secret

	# Meaning. The chain cognito, sts, iam is AWS's own: the enhanced flow
	# assumes a role, and roles live in IAM.
	policy:      arn
	login:       fetch jws limit plainjson saml seal sigv4        # sigv4: AdminGetUser is a signed call
	openid:      seal
	adopt:       awsapi fetch                      # GetId of another service, which is a call of the API
	target:      awsapi fetch openid policy sigv4       # sigv4: AssumeRole with a service key is a signed call
	iam:         awsapi arn audit decision limit policy seal saml
	sts:         awsapi audit decision policy saml seal login openid iam revocation target typo   # typo: condition keys that do not exist
	admin:       awsapi audit revocation
	cognito:     adopt awsapi arn audit decision limit policy login openid iam sts   # iam: the roles it is given must exist

	# Protocols that others have made, beside the API: what comes in is recorded, and
	# who has signed is found, by the server, and the services decide as ever.
	gateway:     awsapi audit iam policy seal server sigv4   # sigv4: it derives signing keys
	forwardauth: awsapi audit iam policy server sigv4   # what proxies ask; policy: the facts of a question

	# For tests, of several services.
	login/logintest:   sigv4
	awsapi/modeltest:  awsapi
	awsquery/wiretest: awsapi awsquery
	bench:                                      # benchmarks only
	hostile:                                    # attacks only
	faults:                                     # harm only

	# Memory: implements what the services ask for, and seals the secrets in it.
	store:       audit cognito iam limit openid revocation seal store/engine store/migrate store/sqlite
	store/engine:                              # what a database has to do
	store/migrate:  store/engine
	store/sqlite:   store/engine store/migrate
	store/engine/enginetest: store/engine      # for tests, as the next two
	store/postgres: store/engine store/migrate
	store/postgres/pgtest:                     # for tests: it starts servers
	store/fixture: cognito seal
	store/storetest: audit cognito iam limit openid revocation seal store store/engine store/engine/enginetest store/fixture

	# Brings databases elsewhere, while no server runs.
	move:        backup datadir seal store store/engine store/migrate store/sqlite

	# The one place that knows everybody, and those who start it.
	instance:    adopt awsapi audit limit server gateway forwardauth cognito sts iam admin openid login fetch seal store target policy backup datadir
	daypasstest: audit client cognito datadir iam instance mint seal   # client, with the tables of cognito and iam: pools and users of tests; mint: tokens of people who sign in
	daypasstest/postgres: daypasstest store/engine store/postgres   # apart, so that tests without it do not download it
	daypassauth:                                # for services of others: it knows nothing of ours but the endpoint
	acme:        seal                        # certificates from an authority; what only the binary links
	metrics:     audit                       # a sink of events; what only the binary links
	cmd/daypass: acme audit audit/sinks awsapi declare instance backup/agekey cli client datadir idp metrics mint seal store/engine store/postgres typo backup move   # typo: environment variables that do not exist
`

// reserved says who may import what others make: packages of the standard
// library and modules, each with everything below it. A module that is not here
// may be imported by all.
const reserved = `
	database/sql:                    store/migrate store/sqlite   # goose wants it; the store's own statements do not
	modernc.org/sqlite:              store/sqlite
	zombiezen.com/go/sqlite:         store/sqlite
	github.com/jackc/pgx:            store/postgres store/postgres/pgtest   # connecting, and the messages of the protocol
	github.com/pressly/goose:        store/migrate store/sqlite
	github.com/KimMachineGun/automemlimit: cmd/daypass
	github.com/go-jose/go-jose:      openid login login/logintest idp mint   # keys and signing: what is signed by others is verified by jws
	github.com/zitadel/oidc:         idp signin
	golang.org/x/oauth2:             signin
	github.com/rogpeppe/go-internal/lockedfile: cli
	golang.org/x/crypto:             seal acme
	filippo.io/age:                  backup/agekey               # the master key in a backup, sealed with a passphrase
	github.com/alecthomas/kong:      cmd/daypass
	github.com/prometheus:           metrics
	github.com/jmespath-community:   jmespath
	github.com/aws:                  cli daypasstest                  # the configuration, the credentials, the retries of AWS's tools
	github.com/goccy/go-yaml:        cli declare
	gopkg.in/ini.v1:                 cli
	golang.org/x/term:               cmd/daypass
	golang.org/x/text:               cli
	go/parser:                       cli                  # help is read from the source of the shapes
	html/template:                   idp
	net/http:                        server audit/sinks forwardauth daypassauth client cli fetch login login/logintest metrics openid idp signin acme store/postgres/pgtest cmd/daypass daypasstest   # pgtest asks Patroni

	text/template:                   # nobody: html/template, and only where there are pages
	os/exec:                         cmd/daypass store/postgres/pgtest   # the pager, the browser, the commands of credentials; servers of tests
	unsafe:                          # nobody
	math/rand:                       store store/engine/enginetest store/fixture store/postgres daypasstest   # numbers of pools, which are no secret; what repeats; pauses
	reflect:                         awsapi awsapi/modeltest awsjson awsquery audit instance   # what is declared once is read in one place
	encoding/json:                   login/logintest store client idp mint daypasstest cmd/daypass awsapi/modeltest   # friends' bytes only: it lets duplicate names pass
`

func TestImportPolicy(t *testing.T) {
	mayImport, mayReserve, found := rules(t, imports), rules(t, reserved), packages(t)
	for _, p := range keys(mayImport) {
		if found[p] == nil {
			t.Errorf("arch_test.go lists %s, which does not exist", p)
		}
	}
	for _, p := range keys(found) {
		allowed, listed := mayImport[p]
		if !listed {
			t.Errorf("package %s is not in the import policy (arch_test.go)", p)
			continue
		}
		for _, a := range allowed {
			if !slices.Contains(found[p], module+"/internal/"+a) && !slices.Contains(found[p], module+"/"+a) {
				t.Errorf("the import policy (arch_test.go) lets %s import %s, which it does not: the line is longer than the truth", p, a)
			}
		}
		for _, i := range found[p] {
			if ours, ok := strings.CutPrefix(i, module+"/"); ok {
				if name := strings.TrimPrefix(ours, "internal/"); !slices.Contains(allowed, name) {
					t.Errorf("%s imports %s, which the import policy (arch_test.go) does not allow", p, name)
				}
			}
			for _, r := range keys(mayReserve) {
				if (i == r || strings.HasPrefix(i, r+"/")) && !slices.Contains(mayReserve[r], p) {
					t.Errorf("%s imports %s; the import policy (arch_test.go) reserves %s for: %s", p, i, r, cmp.Or(strings.Join(mayReserve[r], " "), "nobody"))
				}
			}
		}
	}
}

// A rule decides on values that say what they are. The record of a request is not
// one of them: services write to it, and whoever leaves it out or writes something
// else into it must not change who is let in. So they may know how to write, and
// nothing else of it (what they write to tells nothing: TestRecordIsWriteOnly).
func TestRulesDoNotReadTheRecord(t *testing.T) {
	writing := []string{"From", "Hash", "Person", "Record"}
	uses := 0
	for _, p := range []string{"cognito", "iam", "sts", "admin", "policy", "login", "openid", "saml"} {
		files, err := filepath.Glob(filepath.Join("internal", p, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", p, len(files), err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range f.Imports {
				if strings.Trim(i.Path.Value, `"`) == module+"/internal/audit" && i.Name != nil {
					t.Errorf("%s imports audit under the name %s, which hides what it is used for", path, i.Name)
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "audit" {
					uses++
					if !slices.Contains(writing, s.Sel.Name) {
						t.Errorf("%s uses audit.%s: rules write to the record and do not read it", path, s.Sel.Name)
					}
				}
				return true
			})
		}
	}
	if uses == 0 {
		t.Error("nobody writes to the record, or the test looks in the wrong place")
	}
}

// rules reads lines like "name: others # why".
func rules(t *testing.T, text string) map[string][]string {
	t.Helper()
	m := map[string][]string{}
	for line := range strings.Lines(text) {
		rule, _, _ := strings.Cut(line, "#")
		name, others, ok := strings.Cut(strings.TrimSpace(rule), ":")
		if _, twice := m[name]; twice || !ok && name != "" {
			t.Fatalf("arch_test.go: what does this line mean? %s", line)
		}
		if ok {
			m[name] = strings.Fields(others)
		}
	}
	return m
}

// packages finds the module's packages and their imports, those of every
// operating system. It reads the files itself, and does not ask the go command,
// so that "go test" sees what the outcome depends on and does not repeat an old
// one from its cache.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	m := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir, name := filepath.Dir(path), d.Name()
		if d.IsDir() && path != "." && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || isModule(path)) {
			return filepath.SkipDir
		}
		if d.IsDir() || dir == "." || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		p := strings.TrimPrefix(filepath.ToSlash(dir), "internal/")
		m[p] = append(m[p], "") // it exists, imports or not
		for _, i := range f.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			m[p] = append(m[p], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func keys[V any](m map[string]V) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
