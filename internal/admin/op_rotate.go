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

// RootKeys are the access keys of the account's root. Their errors are [ErrRootGiven] and
// [RetiringRootKeyError], or failures.
type RootKeys interface {
	// RotateRootKey replaces the access key of root. The old one stays good for grace,
	// unless it is compromised.
	RotateRootKey(ctx context.Context, grace time.Duration, compromised bool) (RotatedRootKey, error)
}

// RotatedRootKey is an access key of root that replaces another one.
type RotatedRootKey struct {
	AccessKeyId, Replaced string
	// Until is when the other one ends; zero where it has ended.
	Until time.Time
}

// ErrRootGiven says that the root credentials are given to the server.
var ErrRootGiven = errors.New("admin: root credentials are given")

// RetiringRootKeyError says that a key that was replaced before is still good.
type RetiringRootKeyError struct {
	AccessKeyId, Successor string
	Until                  time.Time
}

// Error says which key it is.
func (e *RetiringRootKeyError) Error() string { return "admin: " + e.message() }

func (e *RetiringRootKeyError) message() string {
	return fmt.Sprintf("The root access key %s, which %s replaces, is good until %s. Rotate from then on. If a key is compromised, rotate now and say so.",
		e.AccessKeyId, e.Successor, e.Until.UTC().Format(time.RFC3339))
}

// usualGrace is how long old root credentials stay good if nobody says so.
const usualGrace = 24 * time.Hour

// RotateRootKey replaces the root credentials that daypass keeps itself.
func (s *Service) RotateRootKey(ctx context.Context, _ awsapi.Caller, in *RotateRootKeyRequest) (*RotateRootKeyResponse, error) {
	event := audit.From(ctx)
	event.Set("compromised", strconv.FormatBool(in.Compromised))
	grace := usualGrace
	if in.GracePeriod != nil {
		grace = time.Duration(*in.GracePeriod) * time.Second
		if in.Compromised {
			return nil, invalid(causeGrace, "Compromised credentials have no grace period: give GracePeriod or Compromised, not both.")
		}
	}
	done, err := s.RootKeys.RotateRootKey(ctx, grace, in.Compromised)
	if errors.Is(err, ErrRootGiven) {
		return nil, invalid(causeRootGiven, "The root credentials are given to this server. Replace them with --next-root-access-key-id and DAYPASS_NEXT_ROOT_SECRET_ACCESS_KEY when it starts.")
	}
	if retiring, ok := errors.AsType[*RetiringRootKeyError](err); ok {
		return nil, &awsapi.Error{Code: resourceConflict, Message: retiring.message(), Cause: causeRetiringRoot}
	}
	if err != nil {
		return nil, err
	}
	event.Set("root_access_key", done.AccessKeyId)
	event.Set("replaced_access_key", done.Replaced)
	out := &RotateRootKeyResponse{AccessKeyId: AccessKeyId(done.AccessKeyId), ReplacedAccessKeyId: AccessKeyId(done.Replaced)}
	if !done.Until.IsZero() {
		out.ReplacedKeyEnds = &done.Until
	}
	return out, nil
}
