package store

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/engine"
)

// IAM gives the store of the service iam. The box seals the secrets of access
// keys.
func (db *DB) IAM(box *seal.Box) *IAM {
	return &IAM{
		db: db, box: box,
		roles:     newCache[roleKey, *iam.RoleEntity](db, "role", 4096),
		providers: newCache[iam.ArnType, *iam.OIDCProvider](db, "oidc-provider", 1024),
		saml:      newCache[iam.ArnType, *iam.SAMLProvider](db, "saml-provider", 128),

		users:       newCache[iam.IdType, *iam.UserEntity](db, "user", 4096),
		keys:        newCache[iam.AccessKeyIdType, *iam.AccessKeyEntity](db, "access-key", 4096),
		permissions: newCache[iam.IdType, *iam.Permissions](db, "permissions", 4096),
		policies:    newCache[iam.ArnType, *iam.PolicyEntity](db, "policy", 2048),
		versions:    newCache[versionKey, *iam.PolicyVersionEntity](db, "policy-version", 2048),
	}
}

// IAM implements iam.Store. There must be one for a database: it keeps what it
// has read.
type IAM struct {
	db        *DB
	box       *seal.Box
	roles     *cache[roleKey, *iam.RoleEntity]
	providers *cache[iam.ArnType, *iam.OIDCProvider]
	saml      *cache[iam.ArnType, *iam.SAMLProvider]

	users       *cache[iam.IdType, *iam.UserEntity]
	keys        *cache[iam.AccessKeyIdType, *iam.AccessKeyEntity]
	permissions *cache[iam.IdType, *iam.Permissions]
	policies    *cache[iam.ArnType, *iam.PolicyEntity]
	versions    *cache[versionKey, *iam.PolicyVersionEntity]
}

// roleKey is the key of a role's row.
type roleKey struct{ Account, Name string }

var _ iam.Store = (*IAM)(nil)

// View implements iam.Store.
func (i *IAM) View(ctx context.Context, read func(iam.Tx) error) error {
	return i.db.View(ctx, func(tx *Tx) error { return read(&iamTx{tx, i}) })
}

// Update implements iam.Store. All that there is in IAM is cached.
func (i *IAM) Update(ctx context.Context, change func(iam.Tx) error) error {
	return i.db.Configure(ctx, func(tx *Tx) error { return change(&iamTx{tx, i}) })
}

type iamTx struct {
	tx *Tx
	i  *IAM
}

// Change implements iam.Tx.
func (t *iamTx) Change() int64 { return t.tx.Change() }

// Role implements iam.Tx.
func (t *iamTx) Role(account string, name iam.RoleNameType) (*iam.RoleEntity, bool, error) {
	key := roleKey{account, iam.RoleKey(name)}
	return t.i.roles.get(t.tx, key, func() (*iam.RoleEntity, bool, error) {
		var body []byte
		found, err := t.tx.query(`SELECT body FROM roles WHERE account = $1 AND name_key = $2`, account, key.Name).one(&body)
		if err != nil || !found {
			return nil, false, err
		}
		role, err := openRole(account, body)
		return role, err == nil, err
	})
}

// Roles implements iam.Tx.
func (t *iamTx) Roles(account, pathPrefix string, after iam.RoleNameType, limit int) ([]*iam.RoleEntity, error) {
	q := t.tx.query(`SELECT body FROM roles
		WHERE account = $1 AND name_key > $2 AND substr(path, 1, CAST($3 AS INTEGER)) = $4
		ORDER BY name_key LIMIT $5`,
		account, iam.RoleKey(after), len(pathPrefix), pathPrefix, limit)
	return all(q, func(r row) (*iam.RoleEntity, error) {
		body := engine.Bytes(r, 0)
		if err := r.Err(); err != nil {
			return nil, err
		}
		return openRole(account, body)
	})
}

// CountRoles implements iam.Tx.
func (t *iamTx) CountRoles(account string) (n int, err error) {
	_, err = t.tx.query(`SELECT COUNT(*) FROM roles WHERE account = $1`, account).one(&n)
	return n, err
}

// AddRole implements iam.Tx.
func (t *iamTx) AddRole(role *iam.RoleEntity) error {
	body, err := json.Marshal(role, json.OmitZeroStructFields(true))
	if err != nil {
		return err
	}
	t.forgetRole(role)
	_, err = t.tx.exec(`INSERT INTO roles (account, name_key, id, path, body) VALUES ($1, $2, $3, $4, $5)`,
		role.Account, iam.RoleKey(role.RoleName), string(role.RoleId), string(role.Path), string(body))
	return err
}

// ReplaceRole implements iam.Tx.
func (t *iamTx) ReplaceRole(role *iam.RoleEntity) error {
	body, err := json.Marshal(role, json.OmitZeroStructFields(true))
	if err != nil {
		return err
	}
	t.forgetRole(role)
	_, err = t.tx.exec(`UPDATE roles SET body = $1 WHERE account = $2 AND name_key = $3`,
		string(body), role.Account, iam.RoleKey(role.RoleName))
	return err
}

// DeleteRole implements iam.Tx.
func (t *iamTx) DeleteRole(role *iam.RoleEntity) error {
	t.forgetRole(role)
	_, err := t.tx.exec(`DELETE FROM roles WHERE account = $1 AND name_key = $2`, role.Account, iam.RoleKey(role.RoleName))
	return err
}

func (t *iamTx) forgetRole(role *iam.RoleEntity) {
	t.i.roles.invalidate(t.tx, roleKey{role.Account, iam.RoleKey(role.RoleName)})
}

// openRole reads a role's row. Older ones do not have the account in the body.
func openRole(account string, body []byte) (*iam.RoleEntity, error) {
	role := &iam.RoleEntity{Account: account}
	if err := json.Unmarshal(body, role); err != nil {
		return nil, fmt.Errorf("store: role: %w", err)
	}
	return role, nil
}

// OIDCProvider implements iam.Tx.
func (t *iamTx) OIDCProvider(arn iam.ArnType) (*iam.OIDCProvider, bool, error) {
	return t.i.providers.get(t.tx, arn, func() (*iam.OIDCProvider, bool, error) {
		var body []byte
		found, err := t.tx.query(`SELECT body FROM oidc_providers WHERE arn = $1`, string(arn)).one(&body)
		if err != nil || !found {
			return nil, false, err
		}
		p := &iam.OIDCProvider{}
		if err := json.Unmarshal(body, p); err != nil {
			return nil, false, fmt.Errorf("store: OpenID Connect provider: %w", err)
		}
		return p, true, nil
	})
}

// OIDCProviders implements iam.Tx.
func (t *iamTx) OIDCProviders(account string) ([]iam.ArnType, error) {
	q := t.tx.query(`SELECT arn FROM oidc_providers WHERE account = $1 ORDER BY arn`, account)
	return all(q, scanText[iam.ArnType])
}

// AddOIDCProvider implements iam.Tx.
func (t *iamTx) AddOIDCProvider(p *iam.OIDCProvider) error {
	body, err := json.Marshal(p, json.OmitZeroStructFields(true))
	if err != nil {
		return err
	}
	t.i.providers.invalidate(t.tx, p.ARN)
	_, err = t.tx.exec(`INSERT INTO oidc_providers (arn, account, body) VALUES ($1, $2, $3)`, string(p.ARN), p.Account, string(body))
	return err
}

// ReplaceOIDCProvider implements iam.Tx.
func (t *iamTx) ReplaceOIDCProvider(p *iam.OIDCProvider) error {
	body, err := json.Marshal(p, json.OmitZeroStructFields(true))
	if err != nil {
		return err
	}
	t.i.providers.invalidate(t.tx, p.ARN)
	_, err = t.tx.exec(`UPDATE oidc_providers SET body = $1 WHERE arn = $2`, string(body), string(p.ARN))
	return err
}

// DeleteOIDCProvider implements iam.Tx.
func (t *iamTx) DeleteOIDCProvider(arn iam.ArnType) (bool, error) {
	t.i.providers.invalidate(t.tx, arn)
	n, err := t.tx.exec(`DELETE FROM oidc_providers WHERE arn = $1`, string(arn))
	return n > 0, err
}

// SAMLProvider implements iam.Tx.
func (t *iamTx) SAMLProvider(arn iam.ArnType) (*iam.SAMLProvider, bool, error) {
	return t.i.saml.get(t.tx, arn, func() (*iam.SAMLProvider, bool, error) {
		var body []byte
		found, err := t.tx.query(`SELECT body FROM saml_providers WHERE arn = $1`, string(arn)).one(&body)
		if err != nil || !found {
			return nil, false, err
		}
		p := &iam.SAMLProvider{}
		if err := json.Unmarshal(body, p); err != nil {
			return nil, false, fmt.Errorf("store: SAML provider: %w", err)
		}
		return p, true, nil
	})
}

// SAMLProviders implements iam.Tx.
func (t *iamTx) SAMLProviders(account string) ([]iam.SAMLProviderListEntry, error) {
	q := t.tx.query(`SELECT arn, created, valid_until FROM saml_providers WHERE account = $1 ORDER BY arn`, account)
	list, err := all(q, func(r row) (p iam.SAMLProviderListEntry, err error) {
		var created, until int64
		if err = engine.Scan(r, []any{(*string)(&p.Arn), &created, &until}); until != endUnknown {
			p.ValidUntil = time.UnixMilli(until).UTC()
		}
		p.CreateDate = time.UnixMilli(created).UTC()
		return p, err
	})
	for i := range list {
		if err == nil && list[i].ValidUntil.IsZero() {
			list[i].ValidUntil, err = t.samlEnd(list[i].Arn)
		}
	}
	return list, err
}

// endUnknown is the end of SAML providers that an earlier daypass stored, which
// took the end of certificates for it: theirs is in their metadata.
const endUnknown = -1

func (t *iamTx) samlEnd(arn iam.ArnType) (time.Time, error) {
	p, ok, err := t.SAMLProvider(arn)
	if err != nil || !ok {
		return time.Time{}, err
	}
	return p.ValidUntil(), nil
}

// PutSAMLProvider implements iam.Tx.
func (t *iamTx) PutSAMLProvider(p *iam.SAMLProvider) error {
	body, err := json.Marshal(p, json.OmitZeroStructFields(true))
	if err != nil {
		return err
	}
	t.i.saml.invalidate(t.tx, p.ARN)
	_, err = t.tx.exec(`INSERT INTO saml_providers (arn, account, created, valid_until, body) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (arn) DO UPDATE SET valid_until = excluded.valid_until, body = excluded.body`,
		string(p.ARN), p.Account, p.Created.UnixMilli(), p.ValidUntil().UnixMilli(), string(body))
	return err
}

// DeleteSAMLProvider implements iam.Tx.
func (t *iamTx) DeleteSAMLProvider(arn iam.ArnType) error {
	t.i.saml.invalidate(t.tx, arn)
	_, err := t.tx.exec(`DELETE FROM saml_providers WHERE arn = $1`, string(arn))
	return err
}
