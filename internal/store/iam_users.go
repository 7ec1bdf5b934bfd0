package store

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/engine"
)

// User implements iam.Tx.
func (t *iamTx) User(account string, name iam.UserNameType) (*iam.UserEntity, bool, error) {
	return t.user(`SELECT body FROM users WHERE account = $1 AND name_key = $2`, account, iam.UserKey(name))
}

// UserByID implements iam.Tx. Whoever signs with an access key is looked for by
// this, so it comes from memory.
func (t *iamTx) UserByID(id iam.IdType) (*iam.UserEntity, bool, error) {
	return t.i.users.get(t.tx, id, func() (*iam.UserEntity, bool, error) {
		return t.user(`SELECT body FROM users WHERE id = $1`, string(id))
	})
}

func (t *iamTx) user(text string, args ...any) (*iam.UserEntity, bool, error) {
	var body []byte
	found, err := t.tx.query(text, args...).one(&body)
	if err != nil || !found {
		return nil, false, err
	}
	user, err := openUser(body)
	return user, err == nil, err
}

// openUser reads a user's row.
func openUser(body []byte) (*iam.UserEntity, error) {
	user := &iam.UserEntity{}
	if err := json.Unmarshal(body, user); err != nil {
		return nil, fmt.Errorf("store: user: %w", err)
	}
	return user, nil
}

// Users implements iam.Tx.
func (t *iamTx) Users(account, pathPrefix string, after iam.UserNameType, limit int) ([]*iam.UserEntity, error) {
	q := t.tx.query(`SELECT body FROM users
		WHERE account = $1 AND name_key > $2 AND substr(path, 1, CAST($3 AS INTEGER)) = $4
		ORDER BY name_key LIMIT $5`,
		account, iam.UserKey(after), len(pathPrefix), pathPrefix, limit)
	return all(q, func(r row) (*iam.UserEntity, error) {
		body := engine.Bytes(r, 0)
		if err := r.Err(); err != nil {
			return nil, err
		}
		return openUser(body)
	})
}

// CountUsers implements iam.Tx.
func (t *iamTx) CountUsers(account string) (n int, err error) {
	_, err = t.tx.query(`SELECT COUNT(*) FROM users WHERE account = $1`, account).one(&n)
	return n, err
}

// AddUser implements iam.Tx.
func (t *iamTx) AddUser(user *iam.UserEntity) error {
	body, err := json.Marshal(user, json.OmitZeroStructFields(true))
	if err != nil {
		return err
	}
	_, err = t.tx.exec(`INSERT INTO users (account, name_key, id, path, body) VALUES ($1, $2, $3, $4, $5)`,
		user.Account, iam.UserKey(user.UserName), string(user.UserId), string(user.Path), string(body))
	return err
}

// ReplaceUser implements iam.Tx.
func (t *iamTx) ReplaceUser(was, is *iam.UserEntity) error {
	body, err := json.Marshal(is, json.OmitZeroStructFields(true))
	if err != nil {
		return err
	}
	t.i.users.invalidate(t.tx, was.UserId)
	_, err = t.tx.exec(`UPDATE users SET name_key = $1, path = $2, body = $3 WHERE id = $4`,
		iam.UserKey(is.UserName), string(is.Path), string(body), string(was.UserId))
	return err
}

// DeleteUser implements iam.Tx.
func (t *iamTx) DeleteUser(user *iam.UserEntity) error {
	t.i.users.invalidate(t.tx, user.UserId)
	_, err := t.tx.exec(`DELETE FROM users WHERE id = $1`, string(user.UserId))
	return err
}

// AccessKey implements iam.Tx.
func (t *iamTx) AccessKey(id iam.AccessKeyIdType) (*iam.AccessKeyEntity, bool, error) {
	return t.i.keys.get(t.tx, id, func() (*iam.AccessKeyEntity, bool, error) {
		var row keyRow
		found, err := t.tx.query(`SELECT id, owner, sealed, body FROM access_keys WHERE id = $1`, string(id)).one(row.dest()...)
		if err != nil || !found {
			return nil, false, err
		}
		key, err := row.open(t.i.box)
		return key, err == nil, err
	})
}

// AccessKeys implements iam.Tx.
func (t *iamTx) AccessKeys(user iam.IdType) ([]*iam.AccessKeyEntity, error) {
	q := t.tx.query(`SELECT id, owner, sealed, body FROM access_keys WHERE owner = $1 ORDER BY id`, string(user))
	return all(q, func(r row) (*iam.AccessKeyEntity, error) {
		var key keyRow
		if err := engine.Scan(r, key.dest()); err != nil {
			return nil, err
		}
		return key.open(t.i.box)
	})
}

// keyFacts are what the body of an access key says.
type keyFacts struct {
	Status  iam.StatusType
	Created time.Time
	LastUse iam.KeyUse
	Since   int64
}

// keyRow is the row of an access key. The secret is in it sealed, and tied to the
// ID, so that it is worth nothing in another row.
type keyRow struct {
	id, owner    string
	sealed, body []byte
}

func (r *keyRow) dest() []any { return []any{&r.id, &r.owner, &r.sealed, &r.body} }

func (r *keyRow) open(box *seal.Box) (*iam.AccessKeyEntity, error) {
	key := &iam.AccessKeyEntity{}
	var facts keyFacts
	if err := json.Unmarshal(r.body, &facts); err != nil {
		return nil, fmt.Errorf("store: access key %s: %w", r.id, err)
	}
	secret, err := box.Open(nil, r.sealed, []byte(r.id))
	if err != nil {
		return nil, fmt.Errorf("store: secret of access key %s: %w", r.id, err)
	}
	key.ID, key.Owner, key.Secret = iam.AccessKeyIdType(r.id), iam.IdType(r.owner), seal.NewSecret(string(secret))
	key.Status, key.Created, key.LastUse, key.Since = facts.Status, facts.Created, facts.LastUse, facts.Since
	return key, nil
}

// PutAccessKey implements iam.Tx.
func (t *iamTx) PutAccessKey(key *iam.AccessKeyEntity) error {
	body, err := json.Marshal(keyFacts{key.Status, key.Created, key.LastUse, key.Since}, json.OmitZeroStructFields(true))
	if err != nil {
		return err
	}
	t.i.keys.invalidate(t.tx, key.ID)
	sealed, err := t.tx.seal(t.i.box, []byte(key.Secret.Reveal()), []byte(key.ID))
	if err != nil {
		return err
	}
	_, err = t.tx.exec(`INSERT INTO access_keys (id, owner, sealed, body) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, sealed = excluded.sealed`,
		string(key.ID), string(key.Owner), sealed, string(body))
	return err
}

// DeleteAccessKey implements iam.Tx.
func (t *iamTx) DeleteAccessKey(id iam.AccessKeyIdType) error {
	t.i.keys.invalidate(t.tx, id)
	_, err := t.tx.exec(`DELETE FROM access_keys WHERE id = $1`, string(id))
	return err
}
