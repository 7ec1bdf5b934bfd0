package iam

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"sync"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
)

// secretBytes make a secret access key of 40 characters.
const secretBytes = 30

// CreateAccessKey makes an access key for a user and shows its secret, which
// nobody shows again.
func (s *Service) CreateAccessKey(ctx context.Context, c awsapi.Caller, in *CreateAccessKeyRequest) (*CreateAccessKeyResponse, error) {
	secret, err := newSecret(s.rand())
	if err != nil {
		return nil, err
	}
	first := sync.OnceValues(func() (AccessKeyIdType, error) { return s.newKeyID(c.Account) }) // the same when the transaction runs again
	out := &CreateAccessKeyResponse{}
	err = s.changeUser(ctx, c, in.UserName, func(tx Tx, user *UserEntity) error {
		keys, err := tx.AccessKeys(user.UserId)
		if err != nil {
			return err
		}
		if len(keys) >= s.Limits.AccessKeysPerUser {
			return quotaExceeded(causeLimitAccessKeys, "AccessKeysPerUser", s.Limits.AccessKeysPerUser)
		}
		id, err := first()
		if err != nil {
			return err
		}
		id, err = s.unusedKeyID(tx, id)
		if err != nil {
			return err
		}
		key := &AccessKeyEntity{ID: id, Owner: user.UserId, Secret: secret, Status: keyActive, Created: s.now()}
		out.AccessKey = AccessKey{
			UserName: user.UserName, AccessKeyId: id, Status: key.Status, SecretAccessKey: AccessKeySecretType(secret.Reveal()), CreateDate: key.Created,
		}
		return tx.PutAccessKey(key)
	})
	if err != nil {
		return nil, err
	}
	audit.From(ctx).Set("access_key", string(out.AccessKey.AccessKeyId))
	return out, nil
}

func newSecret(random io.Reader) (seal.Secret, error) {
	var b [secretBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return seal.Secret{}, fmt.Errorf("make a secret access key: %w", err)
	}
	return seal.NewSecret(base64.StdEncoding.EncodeToString(b[:])), nil
}

func (s *Service) newKeyID(account string) (AccessKeyIdType, error) {
	id, err := NewID(LongTermKeyPrefix, account, s.rand())
	return AccessKeyIdType(id), err
}

// unusedKeyID is an access key ID that nobody has: this one, or else a new one. In
// one the account leaves 35 bits to chance, so that the same may come twice in a
// long life.
func (s *Service) unusedKeyID(tx Tx, id AccessKeyIdType) (AccessKeyIdType, error) {
	for {
		_, taken, err := tx.AccessKey(id)
		if err != nil {
			return "", err
		}
		if !taken && !s.Roots.has(string(id)) {
			return id, nil
		}
		if id, err = s.newKeyID(s.Account); err != nil {
			return "", err
		}
	}
}

// withKey does something with an access key of a user.
func withKey(ctx context.Context, id AccessKeyIdType, do func(Tx, *AccessKeyEntity) error) func(Tx, *UserEntity) error {
	audit.From(ctx).Set("access_key", string(id))
	return func(tx Tx, user *UserEntity) error {
		key, ok, err := tx.AccessKey(id)
		if err != nil {
			return err
		}
		if !ok || key.Owner != user.UserId {
			return accessKeyNotFound(id)
		}
		return do(tx, key)
	}
}

// UpdateAccessKey makes an access key usable or useless.
func (s *Service) UpdateAccessKey(ctx context.Context, c awsapi.Caller, in *UpdateAccessKeyRequest) (*awsapi.None, error) {
	if in.Status != keyActive && in.Status != keyInactive {
		return nil, statusNotSettable(in.Status)
	}
	err := s.changeUser(ctx, c, in.UserName, withKey(ctx, in.AccessKeyId, func(tx Tx, key *AccessKeyEntity) error {
		changed := *key
		changed.Status = in.Status
		return tx.PutAccessKey(&changed)
	}))
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// DeleteAccessKey deletes an access key.
func (s *Service) DeleteAccessKey(ctx context.Context, c awsapi.Caller, in *DeleteAccessKeyRequest) (*awsapi.None, error) {
	err := s.changeUser(ctx, c, in.UserName, withKey(ctx, in.AccessKeyId, func(tx Tx, key *AccessKeyEntity) error {
		return tx.DeleteAccessKey(key.ID)
	}))
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// ListAccessKeys lists the access keys of a user by ID.
func (s *Service) ListAccessKeys(ctx context.Context, c awsapi.Caller, in *ListAccessKeysRequest) (*ListAccessKeysResponse, error) {
	out := &ListAccessKeysResponse{}
	err := s.viewUser(ctx, c, in.UserName, func(tx Tx, user *UserEntity) error {
		p := page{"ListAccessKeys", string(user.UserId), in.Marker, in.MaxItems}
		after, err := s.after(p)
		if err != nil {
			return err
		}
		keys, err := tx.AccessKeys(user.UserId)
		if err != nil {
			return err
		}
		for len(keys) > 0 && string(keys[0].ID) <= after {
			keys = keys[1:]
		}
		keys, more := cut(keys, p.limit())
		*out = ListAccessKeysResponse{AccessKeyMetadata: make(AccessKeyMetadataListType, 0, len(keys)), IsTruncated: BooleanType(more)}
		for _, key := range keys {
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, key.shown(user))
		}
		if more {
			out.Marker = s.marker(p, string(keys[len(keys)-1].ID))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetAccessKeyLastUsed shows when and for what an access key was last used.
func (s *Service) GetAccessKeyLastUsed(ctx context.Context, c awsapi.Caller, in *GetAccessKeyLastUsedRequest) (*GetAccessKeyLastUsedResponse, error) {
	audit.From(ctx).Set("access_key", string(in.AccessKeyId))
	out := &GetAccessKeyLastUsedResponse{}
	err := s.Store.View(ctx, func(tx Tx) error {
		key, user, ok, err := findKey(tx, in.AccessKeyId)
		if err != nil {
			return err
		}
		if !ok || user.Account != c.Account {
			return accessKeyNotFound(in.AccessKeyId)
		}
		out.UserName, out.AccessKeyLastUsed = ExistingUserNameType(user.UserName), s.lastUse(key).shown()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// findKey finds an access key and the user that it is of.
func findKey(tx Tx, id AccessKeyIdType) (*AccessKeyEntity, *UserEntity, bool, error) {
	key, ok, err := tx.AccessKey(id)
	if err != nil || !ok {
		return nil, nil, false, err
	}
	user, ok, err := tx.UserByID(key.Owner)
	return key, user, ok, err
}

// shown is a use as GetAccessKeyLastUsed shows it.
func (u KeyUse) shown() *AccessKeyLastUsed {
	if u.At.IsZero() {
		return &AccessKeyLastUsed{ServiceName: "N/A", Region: "N/A"}
	}
	return &AccessKeyLastUsed{LastUsedDate: u.At, ServiceName: StringType(u.Service), Region: StringType(u.Region)}
}
