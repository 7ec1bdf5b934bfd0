package iam

import (
	"context"
	"errors"
	"strings"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
)

// The errors of ImportAccessKey.
var (
	// ErrKeyTaken says that the ID is that of a key of another user, or of root.
	ErrKeyTaken = errors.New("iam: the access key ID belongs to somebody else")
	// ErrKeyKind says that the ID begins as those of temporary credentials do.
	ErrKeyKind = errors.New("iam: an access key ID that begins with ASIA is for temporary credentials")
	// ErrNoUser says that there is no user of the name.
	ErrNoUser = errors.New("iam: no such user")
	// ErrTooManyKeys says that the user has the most keys already.
	ErrTooManyKeys = errors.New("iam: the user has the maximum number of access keys")
)

// ImportAccessKey gives a user of the caller's account an access key whose ID and
// secret are chosen, or the key that the user has under the ID another secret, and
// says whether that changes anything. With dryRun it changes nothing. Sessions that were
// got with another secret of the key, or with a key of the ID that was deleted, end.
func (s *Service) ImportAccessKey(ctx context.Context, c awsapi.Caller, user UserNameType, id AccessKeyIdType, secret seal.Secret, dryRun bool) (changed bool, err error) {
	audit.From(ctx).Set("user", string(user))
	audit.From(ctx).Set("access_key", string(id))
	switch {
	case strings.HasPrefix(string(id), string(TemporaryKeyPrefix)):
		return false, ErrKeyKind
	case string(id) == s.Root.ID:
		return false, ErrKeyTaken
	}
	errDry := errors.New("iam: nothing was to be changed")
	err = s.Store.Update(ctx, func(tx Tx) error {
		owner, ok, err := tx.User(c.Account, user)
		if err != nil {
			return err
		}
		if !ok {
			return ErrNoUser
		}
		key, found, err := tx.AccessKey(id)
		if err != nil {
			return err
		}
		switch {
		case found && key.Owner != owner.UserId:
			return ErrKeyTaken
		case found && key.Secret.Equal(secret):
			changed = false
			return nil
		case found:
			other := *key
			other.Secret, other.Since = secret, tx.Change()
			key = &other
		default:
			keys, err := tx.AccessKeys(owner.UserId)
			if err != nil {
				return err
			}
			if len(keys) >= s.Limits.AccessKeysPerUser {
				return ErrTooManyKeys
			}
			key = &AccessKeyEntity{ID: id, Owner: owner.UserId, Secret: secret, Status: keyActive, Created: s.now(), Since: tx.Change()}
		}
		if changed = true; dryRun {
			return errDry
		}
		return tx.PutAccessKey(key)
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	return changed, err
}
