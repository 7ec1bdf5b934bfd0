package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/declare"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

// readSeed reads the file of --seed; nil where none is given.
func (c *Config) readSeed(p *process) (*declare.File, error) {
	if c.Reseed && (c.Seed == "" || c.Database == "") {
		return nil, usage("--reseed goes with --seed and --database: on a data directory, --seed applies its file at each start")
	}
	if c.Seed == "" {
		return nil, nil
	}
	text, err := declare.ReadFile(c.Seed)
	if err != nil {
		return nil, usage("--seed: %w", err)
	}
	f, err := declare.Parse(declare.Source{Name: c.Seed, Text: text, Getenv: p.getenv, Services: instance.Services()})
	if err != nil {
		return nil, usage("--seed: %w", err)
	}
	return f, nil
}

// seed brings an instance to what a file says, before anybody else is answered.
func (c *Config) seed(ctx context.Context, s *settings, f *declare.File, i *instance.Instance) error {
	if err := rehearse(ctx, f, instance.Config{Account: s.instance.Account, Dev: s.instance.Dev, OutboundAllow: s.instance.OutboundAllow}); err != nil {
		return usage("--seed: %w", err)
	}
	apply := func(ctx context.Context, beat func(context.Context) error) error {
		direct := within(i, s.instance)
		call := func(ctx context.Context, service, operation, region string, in awsapi.Node) (awsapi.Node, error) {
			if err := beat(ctx); err != nil {
				return awsapi.Node{}, err
			}
			return direct(ctx, service, operation, region, in)
		}
		steps, err := f.Plan(ctx, call, declare.Options{Region: s.instance.Region})
		if err != nil {
			return usage("--seed: %w", err)
		}
		return f.Apply(ctx, call, steps, func(step declare.Step) { s.log.Info("seed", slog.String("change", step.Text)) })
	}
	if s.database == "" {
		return apply(ctx, func(context.Context) error { return nil })
	}
	err := i.Seed(ctx, instance.Seeding{File: f.Hash(), Again: c.Reseed, Apply: apply, Waiting: func() { s.log.Info("waiting for another server, which applies the seed") }})
	if errors.Is(err, instance.ErrOtherSeed) {
		return usage("--seed: %w than %s. To change to this file, start one server with --reseed as well, and then the others with the file; or give this server the file that they have", err, c.Seed)
	}
	return err
}

// rehearse applies a file to an empty instance that is thrown away, of the account of like
// and with what that says of http issuers, and so finds what is wrong with the file before
// anything is changed. That something is missing which the file does not have is no mistake
// of it.
func rehearse(ctx context.Context, f *declare.File, like instance.Config) (err error) {
	dir, err := os.MkdirTemp("", "daypass-rehearsal-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	key, err := seal.Generate(nil)
	if err != nil {
		return err
	}
	config := instance.Config{
		DataDir: dir, MasterKey: key, Account: like.Account, Region: "us-east-1", PublicURL: "http://localhost",
		Dev: like.Dev, OutboundAllow: like.OutboundAllow,
		Root: instance.RootAccessKey{ID: "rehearsal", Secret: seal.NewSecret("rehearsal")},
	}
	i, err := instance.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.Close()) }()
	call := within(i, config)
	steps, err := f.Plan(ctx, call, declare.Options{Region: config.Region, Rehearsal: true})
	if err != nil {
		return err
	}
	return f.Apply(ctx, func(ctx context.Context, service, operation, region string, in awsapi.Node) (awsapi.Node, error) {
		out, err := call(ctx, service, operation, region, in)
		if e, ok := errors.AsType[*client.Error](err); ok && !mistakes[e.Code] {
			return out, nil
		}
		return out, err
	}, steps, func(declare.Step) {})
}

// mistakes are the exceptions that say that an input is wrong whatever the server has.
var mistakes = map[string]bool{"MalformedPolicyDocument": true, "ValidationError": true, "ValidationException": true, "InvalidInput": true}

// within calls an instance of this process, as its root.
func within(i *instance.Instance, c instance.Config) declare.Caller {
	tables := map[string]*awsapi.Table{}
	for _, s := range instance.Services() {
		tables[s.Name] = s.Compile()
	}
	return func(ctx context.Context, service, operation, region string, in awsapi.Node) (awsapi.Node, error) {
		one := &client.Client{
			Endpoint: c.PublicURL, Region: region, HTTP: &http.Client{Transport: direct{i.Handler}}, Now: c.Now,
			Credentials: client.Credentials{AccessKeyID: c.Root.ID, SecretAccessKey: c.Root.Secret.Reveal()},
		}
		return one.Call(ctx, tables[service].Row(operation), in)
	}
}

// direct has a handler of this process answer requests, without a network.
type direct struct{ http.Handler }

// RoundTrip implements [http.RoundTripper].
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "127.0.0.1:0"
	out := &recorded{header: http.Header{}}
	d.ServeHTTP(out, in)
	return &http.Response{StatusCode: max(out.status, http.StatusOK), Header: out.header, Body: io.NopCloser(&out.body), Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

// recorded is an answer in memory.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *recorded) Header() http.Header { return a.header }
func (a *recorded) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}
func (a *recorded) Write(b []byte) (int, error) { return a.body.Write(b) }
