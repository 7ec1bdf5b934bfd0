package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// Fault is what an operation does in place of what it is for, because a test wants it.
type Fault struct {
	// Kind is what happens: one of the kinds below. Without one, only Delay counts.
	Kind FaultKind
	// Delay passes before that, or before the operation does what it is for.
	Delay time.Duration
	// Times is how many requests it happens to; zero means every one.
	Times int
}

// FaultKind is a kind of fault.
type FaultKind string

// The kinds of faults.
const (
	// FaultThrottle answers as beyond a request rate.
	FaultThrottle FaultKind = "throttle"
	// FaultInternalError answers as when the service has failed.
	FaultInternalError FaultKind = "internal-error"
	// FaultExternalService answers that somebody else's service could not be reached.
	// Only operations that declare ExternalServiceException have it.
	FaultExternalService FaultKind = "external-service"
	// FaultCut ends the connection without an answer.
	FaultCut FaultKind = "cut"
)

// FaultKinds are the kinds of faults.
func FaultKinds() []FaultKind {
	return []FaultKind{FaultThrottle, FaultInternalError, FaultExternalService, FaultCut}
}

// maxFaultDelay is the longest delay: a request that waits holds memory.
const maxFaultDelay = 5 * time.Minute

var errCut = errors.New("the connection was cut on purpose")

const externalService = "ExternalServiceException"

// Faults are what operations do because a test wants it. The zero value has none.
type Faults struct {
	mu sync.Mutex
	of map[string]*Fault // by the operation's name
}

// SetFault has an operation fail, until it has happened often enough or another call
// sets something else. The zero Fault heals it.
func (s *Server) SetFault(operation string, f Fault) error {
	row := s.row(operation)
	switch {
	case s.Faults == nil:
		return errors.New("this server does not fail on purpose")
	case row == nil:
		return fmt.Errorf("there is no operation %s", Clip(operation))
	case f.Kind != "" && !slices.Contains(FaultKinds(), f.Kind):
		return fmt.Errorf("there is no fault of kind %q; there are %q", Clip(string(f.Kind)), FaultKinds())
	case f.Kind == FaultExternalService && !row.Declares(externalService):
		return fmt.Errorf("%s never answers with %s", operation, externalService)
	case f.Delay < 0 || f.Delay > maxFaultDelay:
		return fmt.Errorf("a delay is at most %v", maxFaultDelay)
	case f.Times < 0:
		return errors.New("the number of times is at least 1, or 0 for every request")
	}
	s.Faults.mu.Lock()
	defer s.Faults.mu.Unlock()
	delete(s.Faults.of, operation)
	if f.Kind != "" || f.Delay > 0 {
		if s.Faults.of == nil {
			s.Faults.of = map[string]*Fault{}
		}
		s.Faults.of[operation] = &f
	}
	return nil
}

// ClearFaults heals every operation.
func (s *Server) ClearFaults() {
	if s.Faults != nil {
		s.Faults.mu.Lock()
		defer s.Faults.mu.Unlock()
		s.Faults.of = nil
	}
}

// row finds an operation by its name; nil if no service has it.
func (s *Server) row(operation string) *awsapi.Row {
	for _, t := range slices.Concat(s.JSON, s.Query) {
		if row := t.Row(operation); row != nil {
			return row
		}
	}
	return nil
}

// take gives the fault that happens to a request, and counts it.
func (f *Faults) take(operation string) (Fault, bool) {
	if f == nil {
		return Fault{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	set := f.of[operation]
	if set == nil {
		return Fault{}, false
	}
	if set.Times > 0 {
		if set.Times--; set.Times == 0 {
			delete(f.of, operation)
		}
	}
	return *set, true
}

// strike has the fault of an operation happen, if a test has set one.
func (f *Faults) strike(ctx context.Context, row *awsapi.Row) error {
	fault, ok := f.take(row.Name)
	if !ok {
		return nil
	}
	if fault.Delay > 0 {
		timer := time.NewTimer(fault.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch fault.Kind {
	case FaultThrottle:
		return &awsapi.Refused{Refusal: awsapi.Throttled, Cause: causeFault}
	case FaultInternalError:
		return &awsapi.Refused{Refusal: awsapi.Internal, Cause: causeFault}
	case FaultExternalService:
		return (&awsapi.Error{Code: externalService, Message: "The identity provider could not be reached."}).Because(causeFault, nil)
	case FaultCut:
		return &awsapi.Refused{Refusal: awsapi.Internal, Cause: causeFault, Err: errCut}
	}
	return nil
}
