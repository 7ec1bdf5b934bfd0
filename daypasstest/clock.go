package daypasstest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/instance"
)

// Now is the server's time.
func (s *Server) Now() time.Time { return s.clock.Now() }

// Advance puts the server's clock forward: credentials, tokens and what providers have
// signed expire, without waiting. Clients stay where they are, since signatures are
// judged by the clock of before: SDKs go on working.
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
	if d < 0 {
		s.t.Fatalf("daypasstest: the clock does not go back by %v", -d)
	}
	if err := s.clock.Advance(d); err != nil {
		s.t.Fatalf("daypasstest: %v", err)
	}
}

// Fault is what an operation does in place of what it is for.
type Fault = instance.Fault

// The faults that a server can be told to have. Fault{Delay: time.Second} is slow and
// nothing else; Times of a Fault is how many requests it happens to, and zero means all
// of them.
var (
	// Throttle answers TooManyRequestsException (or Throttling, by STS and IAM).
	Throttle = Fault{Kind: instance.FaultThrottle}
	// InternalError answers InternalErrorException (or InternalFailure, by STS and
	// IAM).
	InternalError = Fault{Kind: instance.FaultInternalError}
	// ExternalService answers ExternalServiceException, where the operation declares it.
	ExternalService = Fault{Kind: instance.FaultExternalService}
	// CutConnection ends the connection without an answer.
	CutConnection = Fault{Kind: instance.FaultCut}
)

// Fail has an operation, such as "GetId", fail until [Server.Heal] or until the fault
// has happened Times times. SDKs try throttled and failed requests again by themselves.
func (s *Server) Fail(operation string, f Fault) {
	s.t.Helper()
	if err := s.instance.Handler.SetFault(operation, f); err != nil {
		s.t.Fatalf("daypasstest: Fail: %v", err)
	}
}

// Heal ends all faults.
func (s *Server) Heal() { s.instance.Handler.ClearFaults() }

// Refusal is a request that was not answered as it wished, with what the client saw and
// what it did not.
type Refusal struct {
	RequestID, Service, Operation string
	// Status, Code and Message are what the client saw.
	Status        int
	Code, Message string
	// Cause is the stable code of the true cause (docs/causes.md), and Detail says more.
	Cause, Detail string
}

// refusals is a sink that keeps the newest refusals.
type refusals struct {
	mu   sync.Mutex
	last []Refusal
}

// maxRefusals is how many are kept.
const maxRefusals = 100

// Record implements audit.Sink.
func (r *refusals) Record(_ context.Context, e *audit.Event) error {
	if e.Code == "" {
		return nil
	}
	refusal := Refusal{
		RequestID: e.RequestID, Service: e.Service, Operation: e.Operation,
		Status: e.Status, Code: e.Code, Message: e.Message, Cause: e.Cause,
	}
	if e.Err != nil {
		refusal.Detail = e.Err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.last) == maxRefusals {
		r.last = slices.Delete(r.last, 0, 1)
	}
	r.last = append(r.last, refusal)
	return nil
}

// LastRefusal is the newest request that was refused or failed; the zero value if none
// was. It is known before the client has its answer.
func (s *Server) LastRefusal() Refusal {
	all := s.Refusals()
	if len(all) == 0 {
		return Refusal{}
	}
	return all[len(all)-1]
}

// Refusals are the newest requests that were refused or failed, a hundred at most, in
// the order in which they were answered.
func (s *Server) Refusals() []Refusal {
	s.refusals.mu.Lock()
	defer s.refusals.mu.Unlock()
	return slices.Clone(s.refusals.last)
}
