package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// SigningKeys are the keys that sign OpenID tokens. Their errors are [ErrNoSigningKey]
// and [RetiringKeyError], or failures.
type SigningKeys interface {
	// RotateSigningKey replaces the key of a region, or of all regions if it is empty.
	RotateSigningKey(ctx context.Context, region string, compromised bool) (SigningKeyList, error)
}

// ErrNoSigningKey says that there is no signing key to rotate.
var ErrNoSigningKey = errors.New("admin: no signing key")

// RetiringKeyError says that a key that was replaced before still verifies tokens.
type RetiringKeyError struct {
	KeyId, Successor string
	Until            time.Time
}

// Error says which key it is.
func (e *RetiringKeyError) Error() string { return "admin: " + e.message() }

// message tells whoever rotates when that is possible.
func (e *RetiringKeyError) message() string {
	return fmt.Sprintf("The signing key %s, which %s replaces, can verify tokens until %s. Rotate from then on. If a key is compromised, rotate now and say so.",
		e.KeyId, e.Successor, e.Until.UTC().Add(time.Second-1).Truncate(time.Second).Format(time.RFC3339))
}

// RotateSigningKey replaces the keys that sign OpenID tokens.
func (s *Service) RotateSigningKey(ctx context.Context, _ awsapi.Caller, in *RotateSigningKeyRequest) (*RotateSigningKeyResponse, error) {
	event := audit.From(ctx)
	event.Set("compromised", strconv.FormatBool(in.Compromised))
	keys, err := s.SigningKeys.RotateSigningKey(ctx, string(in.KeyRegion), in.Compromised)
	if errors.Is(err, ErrNoSigningKey) {
		where := "in any region"
		if in.KeyRegion != "" {
			where = "for the region " + string(in.KeyRegion)
		}
		return nil, &awsapi.Error{Code: resourceNotFound, Message: "There is no signing key " + where + ".", Cause: causeNoSigningKey}
	}
	if retiring, ok := errors.AsType[*RetiringKeyError](err); ok {
		return nil, &awsapi.Error{Code: resourceConflict, Message: retiring.message(), Cause: causeRetiringKey}
	}
	if err != nil {
		return nil, err
	}
	var kids []string
	for _, k := range keys {
		kids = append(kids, string(k.KeyId))
	}
	event.Set("signing_keys", strings.Join(kids, " "))
	return &RotateSigningKeyResponse{SigningKeys: keys}, nil
}
