package main

import (
	"context"
	"io/fs"
	"net/url"
	"strings"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/postgres"
)

// checkDatabase finds the mistakes that show in --database alone. What is wrong is
// never shown: there may be a password in it.
func (c *Config) checkDatabase() error {
	if c.Database == "" {
		return nil
	}
	scheme, _, _ := strings.Cut(c.Database, "://")
	switch {
	case c.DataDir != "":
		return usage("--data-dir and --database: the data is in one of them, so give one")
	case c.Init, c.AcceptLoss:
		return usage("--init and --accept-loss are for a data directory, and not for --database")
	case scheme != "postgres" && scheme != "postgresql":
		return usage("--database: give a URL such as postgres://daypass@db.example.com/daypass")
	}
	return nil
}

// database sees to what a server needs whose store is not a directory of its own:
// its secrets are given. Made by one server, they would be unknown to the others,
// and gone with its disk.
func (c *Config) database(p *process, s *settings) error {
	switch {
	case s.instance.MasterKey == nil:
		return usage("--database needs a master key, the same for all servers that share the database: give --master-key-file or DAYPASS_MASTER_KEY; \"daypass key new\" prints a new one")
	case p.getenv(rootSecret) == "" && !c.Dev:
		return usage("--database needs root credentials: give --root-access-key-id and " + rootSecret)
	}
	if c.Database != p.getenv("DAYPASS_DATABASE") && hasPassword(c.Database) {
		s.log.Warn("the password in --database is there for all who see the command line: put it into DAYPASS_DATABASE, PGPASSWORD or a password file")
	}
	s.instance.Database = func(ctx context.Context, schema fs.FS) (engine.Engine, error) {
		e, err := postgres.Open(ctx, postgres.Options{URL: c.Database, Schema: schema})
		if err != nil {
			return nil, err
		}
		s.counters = func(yield func(figure string, n float64)) { postgresFigures(e.Counters(), yield) }
		return e, nil
	}
	s.database = c.Database
	return c.root(p, s)
}

// postgresFigures tells what an engine has done, for metrics.
func postgresFigures(c postgres.Counters, yield func(figure string, n float64)) {
	for _, f := range []struct {
		name string
		n    int64
	}{
		{"round_trips", c.RoundTrips}, {"views", c.Views}, {"views_again", c.ViewsAgain}, {"updates", c.Updates},
		{"serialization_failures", c.Serialization}, {"deadlocks", c.Deadlocks}, {"connections_lost", c.Lost},
		{"commits_in_doubt", c.InDoubt}, {"commits_in_doubt_unresolved", c.DoubtUnresolved},
		{"connections_made", c.Connected}, {"connections_broken", c.Broken}, {"connections_waited_for", c.Waited},
	} {
		yield(f.name, float64(f.n))
	}
}

// hasPassword says whether there is a password in the URL of a database.
func hasPassword(database string) bool {
	user, _, _, query := splitDatabase(database)
	_, password, _ := strings.Cut(user, ":")
	values, err := url.ParseQuery(query)
	return password != "" || err != nil || values.Has("password") || values.Has("sslpassword")
}

// where says where the data is, without what may be secret.
func (s *settings) where() string {
	if s.database == "" {
		return s.instance.DataDir
	}
	_, hosts, name, _ := splitDatabase(s.database)
	return "postgres://" + hosts + "/" + name
}

// splitDatabase takes the URL of a database apart. net/url does not, since there may
// be several hosts in one.
func splitDatabase(database string) (user, hosts, name, query string) {
	_, rest, _ := strings.Cut(database, "://")
	rest, query, _ = strings.Cut(rest, "?")
	hosts, name, _ = strings.Cut(rest, "/")
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		user, hosts = hosts[:at], hosts[at+1:]
	}
	return user, hosts, name, query
}
