package admin

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// Trials have the server do what the tests of an app want to see.
type Trials interface {
	// SetFault has an operation fail. Errors say what is wrong with what was asked.
	SetFault(operation string, kind Fault, delay time.Duration, times int) error
	// ClearFaults heals every operation.
	ClearFaults()
	// Advance puts the server's clock forward and gives the time. Errors say what is wrong
	// with what was asked.
	Advance(d time.Duration) (time.Time, error)
}

// SetFault has an operation fail on purpose.
func (s *Service) SetFault(_ context.Context, _ awsapi.Caller, in *SetFaultRequest) (*awsapi.None, error) {
	if err := s.mayTry(); err != nil {
		return nil, err
	}
	if err := s.Trials.SetFault(string(in.OperationName), in.Fault, time.Duration(in.DelayMilliseconds)*time.Millisecond, int(in.Times)); err != nil {
		return nil, invalid(causeTrial, "The fault cannot be set: "+err.Error()+".").Because(causeTrial, err)
	}
	return &awsapi.None{}, nil
}

// ClearFaults heals every operation.
func (s *Service) ClearFaults(_ context.Context, _ awsapi.Caller, _ *awsapi.None) (*awsapi.None, error) {
	if err := s.mayTry(); err != nil {
		return nil, err
	}
	s.Trials.ClearFaults()
	return &awsapi.None{}, nil
}

// AdvanceClock puts the server's clock forward.
func (s *Service) AdvanceClock(_ context.Context, _ awsapi.Caller, in *AdvanceClockRequest) (*AdvanceClockResponse, error) {
	if err := s.mayTry(); err != nil {
		return nil, err
	}
	now, err := s.Trials.Advance(time.Duration(in.Seconds) * time.Second)
	if err != nil {
		return nil, invalid(causeTrial, "The clock cannot be put forward: "+err.Error()+".").Because(causeTrial, err)
	}
	return &AdvanceClockResponse{Now: EpochSeconds(now.Unix())}, nil
}

// mayTry says whether the server was started for that.
func (s *Service) mayTry() error {
	if s.Trials == nil {
		return &awsapi.Refused{Refusal: awsapi.Denied, Message: "This server does not fail on purpose.", Cause: causeNoTrials}
	}
	return nil
}
