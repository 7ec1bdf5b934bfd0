package store

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/store/engine"
)

// versionKey is the key of a policy version's row.
type versionKey struct {
	Policy iam.IdType
	Number int
}

// Policy implements iam.Tx.
func (t *iamTx) Policy(arn iam.ArnType) (*iam.PolicyEntity, bool, error) {
	return t.i.policies.get(t.tx, arn, func() (*iam.PolicyEntity, bool, error) {
		var body []byte
		found, err := t.tx.query(`SELECT body FROM policies WHERE arn = $1`, string(arn)).one(&body)
		if err != nil || !found {
			return nil, false, err
		}
		p, err := openPolicy(body)
		return p, err == nil, err
	})
}

// openPolicy reads a managed policy's row.
func openPolicy(body []byte) (*iam.PolicyEntity, error) {
	p := &iam.PolicyEntity{}
	if err := json.Unmarshal(body, p); err != nil {
		return nil, fmt.Errorf("store: policy: %w", err)
	}
	return p, nil
}

// HasPolicyNamed implements iam.Tx.
func (t *iamTx) HasPolicyNamed(account string, name iam.PolicyNameType) (bool, error) {
	var id string
	return t.tx.query(`SELECT id FROM policies WHERE account = $1 AND name_key = $2`, account, iam.PolicyKey(name)).one(&id)
}

// purposes are the range of purposes that a query asks for: one of them, or both.
func purposes(p iam.Purpose) (least, most int) {
	if p == iam.AnyPurpose {
		return int(iam.PermissionsPolicy), int(iam.PermissionsBoundary)
	}
	return int(p), int(p)
}

// Policies implements iam.Tx.
func (t *iamTx) Policies(account string, q iam.PolicyQuery) ([]*iam.PolicyEntity, error) {
	least, most := purposes(q.Purpose)
	prefix := string(q.PathPrefix)
	rows := t.tx.query(`SELECT body FROM policies
		WHERE account = $1 AND name_key > $2 AND substr(path, 1, CAST($3 AS INTEGER)) = $4
		ORDER BY name_key LIMIT $5`, account, iam.PolicyKey(q.After), len(prefix), prefix, q.Limit)
	if q.Used {
		rows = t.tx.query(`SELECT body FROM policies p
			WHERE account = $1 AND name_key > $2 AND substr(path, 1, CAST($3 AS INTEGER)) = $4
			AND EXISTS (SELECT 1 FROM policy_uses u WHERE u.account = p.account AND u.policy = p.arn AND u.purpose BETWEEN $6 AND $7)
			ORDER BY name_key LIMIT $5`, account, iam.PolicyKey(q.After), len(prefix), prefix, q.Limit, least, most)
	}
	return all(rows, func(r row) (*iam.PolicyEntity, error) {
		body := engine.Bytes(r, 0)
		if err := r.Err(); err != nil {
			return nil, err
		}
		return openPolicy(body)
	})
}

// PolicyHolders implements iam.Tx. Who has a policy as both counts once.
func (t *iamTx) PolicyHolders(account string, policy iam.ArnType, q iam.EntityQuery) (holders iam.PolicyHolders, err error) {
	least, most := purposes(q.Purpose)
	rows := t.tx.query(`SELECT DISTINCT p.principal, u.body, r.body FROM policy_uses p
		LEFT JOIN users u ON u.id = p.principal LEFT JOIN roles r ON r.id = p.principal
		WHERE p.account = $1 AND p.policy = $2 AND p.purpose BETWEEN $3 AND $4 AND p.principal > $5
		AND substr(p.principal, 1, CAST($6 AS INTEGER)) = $7 AND substr(COALESCE(u.path, r.path), 1, CAST($8 AS INTEGER)) = $9
		ORDER BY p.principal LIMIT $10`,
		account, string(policy), least, most, string(q.After),
		len(q.Prefix), string(q.Prefix), len(q.PathPrefix), string(q.PathPrefix), q.Limit)
	err = rows.each(func(r row) (bool, error) {
		id, userBody, roleBody := iam.IdType(r.Text(0)), engine.Bytes(r, 1), engine.Bytes(r, 2)
		if err := r.Err(); err != nil {
			return false, err
		}
		if userBody != nil {
			user, err := openUser(userBody)
			if err != nil {
				return false, err
			}
			holders.Users = append(holders.Users, iam.PolicyUser{UserName: user.UserName, UserId: id})
			return true, nil
		}
		role, err := openRole(account, roleBody)
		if err != nil {
			return false, err
		}
		holders.Roles = append(holders.Roles, iam.PolicyRole{RoleName: role.RoleName, RoleId: id})
		return true, nil
	})
	return holders, err
}

// CountPolicies implements iam.Tx.
func (t *iamTx) CountPolicies(account string) (n int, err error) {
	_, err = t.tx.query(`SELECT COUNT(*) FROM policies WHERE account = $1`, account).one(&n)
	return n, err
}

// PutPolicy implements iam.Tx.
func (t *iamTx) PutPolicy(p *iam.PolicyEntity) error {
	body, err := json.Marshal(p, json.OmitZeroStructFields(true))
	if err != nil {
		return err
	}
	t.i.policies.invalidate(t.tx, p.Arn)
	_, err = t.tx.exec(`INSERT INTO policies (arn, id, account, name_key, path, body) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (arn) DO UPDATE SET body = excluded.body`,
		string(p.Arn), string(p.PolicyId), p.Account, iam.PolicyKey(p.PolicyName), string(p.Path), string(body))
	return err
}

// DeletePolicy implements iam.Tx. Its versions stay in the cache until others
// push them out: nobody asks for those of a unique ID that is gone.
func (t *iamTx) DeletePolicy(p *iam.PolicyEntity) error {
	t.i.policies.invalidate(t.tx, p.Arn)
	if _, err := t.tx.exec(`DELETE FROM policy_versions WHERE policy = $1`, string(p.PolicyId)); err != nil {
		return err
	}
	_, err := t.tx.exec(`DELETE FROM policies WHERE arn = $1`, string(p.Arn))
	return err
}

// PolicyVersion implements iam.Tx.
func (t *iamTx) PolicyVersion(policy iam.IdType, number int) (*iam.PolicyVersionEntity, bool, error) {
	return t.i.versions.get(t.tx, versionKey{policy, number}, func() (*iam.PolicyVersionEntity, bool, error) {
		var created int64
		v := &iam.PolicyVersionEntity{Number: number}
		found, err := t.tx.query(`SELECT created, document FROM policy_versions WHERE policy = $1 AND number = $2`,
			string(policy), number).one(&created, (*string)(&v.Document))
		v.Created = time.UnixMilli(created).UTC()
		return v, found, err
	})
}

// PolicyVersions implements iam.Tx.
func (t *iamTx) PolicyVersions(policy iam.IdType) ([]*iam.PolicyVersionEntity, error) {
	q := t.tx.query(`SELECT number, created FROM policy_versions WHERE policy = $1 ORDER BY number DESC`, string(policy))
	return all(q, func(r row) (*iam.PolicyVersionEntity, error) {
		return &iam.PolicyVersionEntity{Number: int(r.Int(0)), Created: time.UnixMilli(r.Int(1)).UTC()}, r.Err()
	})
}

// AddPolicyVersion implements iam.Tx.
func (t *iamTx) AddPolicyVersion(policy iam.IdType, v *iam.PolicyVersionEntity) error {
	_, err := t.tx.exec(`INSERT INTO policy_versions (policy, number, created, document) VALUES ($1, $2, $3, $4)`,
		string(policy), v.Number, v.Created.UnixMilli(), string(v.Document))
	return err
}

// DeletePolicyVersion implements iam.Tx.
func (t *iamTx) DeletePolicyVersion(policy iam.IdType, number int) error {
	t.i.versions.invalidate(t.tx, versionKey{policy, number})
	_, err := t.tx.exec(`DELETE FROM policy_versions WHERE policy = $1 AND number = $2`, string(policy), number)
	return err
}

// PolicyLanguage implements iam.Tx.
func (t *iamTx) PolicyLanguage(account string) (int, error) {
	language := 1
	_, err := t.tx.query(`SELECT language FROM policy_languages WHERE account = $1`, account).one(&language)
	return language, err
}

// SetPolicyLanguage implements iam.Tx.
func (t *iamTx) SetPolicyLanguage(account string, language int) error {
	_, err := t.tx.exec(`INSERT INTO policy_languages (account, language) VALUES ($1, $2)
		ON CONFLICT (account) DO UPDATE SET language = excluded.language`, account, language)
	return err
}
