package iam

import (
	"context"
	"strings"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
)

// imported is a refusal of ImportAccessKey, an operation of the service daypass, whose
// exceptions are named otherwise than those of IAM.
func imported(code, message string, cause awsapi.Cause) error {
	return &awsapi.Error{Code: code, Message: message, Cause: cause}
}

func importedTaken() error {
	return imported("ResourceConflictException", "The access key ID belongs to another user.", causeImportKeyTaken)
}

// ImportAccessKey gives a user of the caller's account an access key whose ID and
// secret are chosen, or the key that the user has under the ID another secret, and
// says whether that changes anything. With dryRun it only looks. Sessions that were
// got with another secret of the key, or with a key of the ID that was deleted, end.
func (s *Service) ImportAccessKey(ctx context.Context, c awsapi.Caller, user UserNameType, id AccessKeyIdType, secret seal.Secret, dryRun bool) (changed bool, err error) {
	audit.From(ctx).Set("user", string(user))
	audit.From(ctx).Set("access_key", string(id))
	switch {
	case strings.HasPrefix(string(id), string(TemporaryKeyPrefix)):
		return false, imported("InvalidParameterException", "An access key ID that begins with ASIA is for temporary credentials.", causeImportKeyKind)
	case s.Roots.has(string(id)):
		return false, importedTaken()
	}
	do := s.Store.Update
	if dryRun {
		do = s.Store.View
	}
	err = do(ctx, func(tx Tx) error {
		owner, ok, err := tx.User(c.Account, user)
		if err != nil {
			return err
		}
		if !ok {
			return imported("ResourceNotFoundException", "There is no user of this name.", causeImportUser)
		}
		key, found, err := tx.AccessKey(id)
		if err != nil {
			return err
		}
		switch {
		case found && key.Owner != owner.UserId:
			return importedTaken()
		case found && key.Secret.Equal(secret):
			changed = false
			return nil
		case found:
			other := *key
			other.Secret = secret
			key = &other
		default:
			keys, err := tx.AccessKeys(owner.UserId)
			if err != nil {
				return err
			}
			if len(keys) >= s.Limits.AccessKeysPerUser {
				return imported("LimitExceededException", "The user has the maximum number of access keys.", causeImportTooManyKeys)
			}
			key = &AccessKeyEntity{ID: id, Owner: owner.UserId, Secret: secret, Status: keyActive, Created: s.now()}
		}
		if changed = true; dryRun {
			return nil
		}
		key.Since = tx.Change()
		return tx.PutAccessKey(key)
	})
	return changed, err
}
