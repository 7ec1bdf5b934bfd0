package hostile

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
)

// TestHostile is one server and one attack after the other.
func TestHostile(t *testing.T) {
	exe := build(t)
	t.Logf("%d attacks of %v; each may take the server to %d MiB of %d", len(attacks), attackTime, most>>20, memory>>20)
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			s := serve(t, exe, a.secure)
			ctx, cancel := context.WithTimeout(t.Context(), attackTime)
			defer cancel()
			var h health
			var work sync.WaitGroup
			work.Go(func() { h.watch(ctx, s) })
			began := time.Now()
			sent := a.run(ctx, t, s)
			cancel()
			work.Wait()
			if err := s.alive(); err != nil {
				t.Fatalf("the server is dead: %v", err)
			}
			h.check(t, s)
			peak := s.peak(t)
			t.Logf("%-28s %3.0f s %7d sent; RSS at most %3d MiB; %s at most %3d MiB; healthy client: %s",
				a.name, time.Since(began).Seconds(), sent, peak>>20, s.cgroup, s.cgroup.peak()>>20, &h)
			if peak >= most {
				t.Errorf("the server had %d MiB", peak>>20)
			}
		})
	}
}

// health is what a client that means well was answered.
type health struct {
	mu                sync.Mutex
	took              []time.Duration // good answers
	refused, unserved int
	wrong             error
}

// watch calls the server, a public and a signed operation in turn, until ctx ends.
func (h *health) watch(ctx context.Context, s *server) {
	for i := 0; ctx.Err() == nil; i++ {
		c := s.healthy
		if i%4 == 3 {
			c = s.client() // it comes anew
		}
		began := time.Now()
		err := ask(ctx, c, s)
		if c != s.healthy {
			c.HTTP.CloseIdleConnections()
		}
		if ctx.Err() != nil && err != nil {
			return // it was the end that interrupted it
		}
		h.count(time.Since(began), err)
		pause(ctx, 5*time.Millisecond)
	}
}

var errWrong = errors.New("a wrong answer")

// ask makes a guest and looks at the pool.
func ask(ctx context.Context, c *client.Client, s *server) error {
	out, err := c.JSON(ctx, cognito.API, "GetId", map[string]any{"IdentityPoolId": s.pool})
	if err != nil {
		return err
	}
	var guest struct{ IdentityId string }
	if err := json.Unmarshal(out, &guest); err != nil || !strings.HasPrefix(guest.IdentityId, "us-east-1:") {
		return fmt.Errorf("%w: GetId %.200s", errWrong, out)
	}
	out, err = c.JSON(ctx, cognito.API, "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool})
	if err == nil && !bytes.Contains(out, []byte(`"hostile"`)) {
		return fmt.Errorf("%w: DescribeIdentityPool %.200s", errWrong, out)
	}
	return err
}

func (h *health) count(took time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, answered := errors.AsType[*client.Error](err)
	switch {
	case err == nil:
		h.took = append(h.took, took)
	case answered && e.Status == 503:
		h.refused++
	case answered || errors.Is(err, errWrong):
		h.wrong = err
	default:
		h.unserved++
	}
}

// check looks whether the client was served during the attack, and is after it.
func (h *health) check(t *testing.T, s *server) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.took) == 0 {
		t.Error("nobody was served during the attack")
	}
	if h.wrong != nil {
		t.Error(h.wrong)
	}
	if err := ask(t.Context(), s.client(), s); err != nil {
		t.Errorf("after the attack: %v", err)
	}
}

func (h *health) String() string {
	if len(h.took) == 0 {
		return "not served"
	}
	slices.Sort(h.took)
	round := func(d time.Duration) time.Duration { return d.Round(time.Millisecond / 10) }
	return fmt.Sprintf("%d served (median %v, longest %v), %d refused, %d not answered",
		len(h.took), round(h.took[len(h.took)/2]), round(h.took[len(h.took)-1]), h.refused, h.unserved)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// TestLargest sends the largest documents that there are, metadata of SAML
// providers with ten million characters, several at a time.
func TestLargest(t *testing.T) {
	s := serve(t, build(t), false)
	certificate := base64.StdEncoding.EncodeToString(selfSigned(t).Certificate[0])
	entity := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://login.example.com"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + certificate + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://login.example.com"/></IDPSSODescriptor></EntityDescriptor>`
	for name, document := range map[string]string{
		"a long comment": strings.Replace(entity, "<IDP", "<!--"+strings.Repeat("<", 9_990_000-len(entity))+"--><IDP", 1),
		"many elements":  strings.Replace(entity, "<IDP", "<Extensions>"+strings.Repeat(`<x y="`+strings.Repeat("&gt;", 22)+`"/>`, 99_900)+"</Extensions><IDP", 1),
	} {
		t.Run(name, func(t *testing.T) {
			var taken atomic.Int64
			var all sync.WaitGroup
			for i := range 4 {
				all.Go(func() {
					c := s.client()
					c.HTTP.Timeout = time.Minute
					for range 20 {
						_, err := c.Query(t.Context(), iam.API, "CreateSAMLProvider", "Name", fmt.Sprintf("p%d-%d", len(name), i), "SAMLMetadataDocument", document)
						e, answered := errors.AsType[*client.Error](err)
						switch {
						case err == nil:
							taken.Add(1)
							return
						case answered && (e.Code == "Throttling" || e.Code == "ServiceUnavailable"):
							pause(t.Context(), 500*time.Millisecond)
						default:
							t.Errorf("%v", err)
							return
						}
					}
				})
			}
			all.Wait()
			if err := s.alive(); err != nil {
				t.Fatalf("the server is dead: %v", err)
			}
			if taken.Load() == 0 {
				t.Error("no document is taken")
			}
			t.Logf("%-28s %d of 4 taken; RSS at most %d MiB; %s at most %d MiB", name, taken.Load(), s.peak(t)>>20, s.cgroup, s.cgroup.peak()>>20)
		})
	}
}
