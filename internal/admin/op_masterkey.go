package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// MasterKeys replace the master key. Their errors are those below and [ErrRotating], or
// failures.
type MasterKeys interface {
	// RotateMasterKey has the next master key take the place of the current one, whose
	// fingerprint is given, unless that is empty.
	RotateMasterKey(ctx context.Context, fingerprint string, compromised bool) (MasterKeyDescription, error)
	// DescribeMasterKey says how it stands with the master key.
	DescribeMasterKey(ctx context.Context) (MasterKeyDescription, error)
}

var (
	// ErrNoNextKey says that there is no next master key.
	ErrNoNextKey = errors.New("admin: no next master key")
	// ErrUsedKey says that the next master key was replaced before.
	ErrUsedKey = errors.New("admin: the next master key was in use before")
	// ErrOtherKey says that the master key is not the one that is named.
	ErrOtherKey = errors.New("admin: the master key is another one")
)

// LackingKeyError says that servers lack the next master key.
type LackingKeyError struct {
	Servers, Lack int
	Fingerprint   string
}

// Error says how many.
func (e *LackingKeyError) Error() string { return "admin: " + e.message() }

func (e *LackingKeyError) message() string {
	do := "do"
	if e.Lack == 1 {
		do = "does"
	}
	return fmt.Sprintf("%d of %d servers %s not have the next master key %s. Start every server with it (--next-master-key-file or DAYPASS_NEXT_MASTER_KEY), then try again.",
		e.Lack, e.Servers, do, e.Fingerprint)
}

// RotateMasterKey replaces the key that seals all secrets.
func (s *Service) RotateMasterKey(ctx context.Context, _ awsapi.Caller, in *RotateMasterKeyRequest) (*RotateMasterKeyResponse, error) {
	event := audit.From(ctx)
	event.Set("compromised", strconv.FormatBool(in.Compromised))
	d, err := s.MasterKeys.RotateMasterKey(ctx, string(in.Fingerprint), in.Compromised)
	if err != nil {
		return nil, masterKeyError(err)
	}
	event.Set("master_key", string(d.Fingerprint))
	event.Set("replaced", string(d.ReplacedFingerprint))
	return &RotateMasterKeyResponse{MasterKey: d}, nil
}

// masterKeyError is the exception that tells what is in the way of a rotation.
func masterKeyError(err error) error {
	conflict := func(cause awsapi.Cause, message string) error {
		return &awsapi.Error{Code: resourceConflict, Message: message, Cause: cause}
	}
	if lack, ok := errors.AsType[*LackingKeyError](err); ok {
		return conflict(causeLackingKey, lack.message())
	}
	switch {
	case errors.Is(err, ErrNoNextKey):
		return conflict(causeNoNextKey, "There is no next master key. Start every server with --next-master-key-file or DAYPASS_NEXT_MASTER_KEY, then try again.")
	case errors.Is(err, ErrUsedKey):
		return conflict(causeUsedKey, "The next master key was in use before, and was replaced. Make a new one with \"daypass key new\".")
	case errors.Is(err, ErrOtherKey):
		return conflict(causeOtherKey, "The master key is not the one that Fingerprint names, and that one was not the last to be replaced.")
	case errors.Is(err, ErrRotating):
		return rotating()
	}
	return err
}

func rotating() error {
	return &awsapi.Error{Code: resourceConflict, Message: "The master key is being replaced. Try again when that is done.", Cause: causeRotating}
}

// DescribeMasterKey says which master key seals, and what became of the last one.
func (s *Service) DescribeMasterKey(ctx context.Context, _ awsapi.Caller, _ *DescribeMasterKeyRequest) (*DescribeMasterKeyResponse, error) {
	d, err := s.MasterKeys.DescribeMasterKey(ctx)
	return &DescribeMasterKeyResponse{MasterKey: d}, err
}
