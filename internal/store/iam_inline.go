package store

import (
	"strings"

	"github.com/daypass/daypass/internal/iam"
)

// inlineSQL are the statements on the inline policies of one kind of owner.
type inlineSQL struct{ get, names, documents, size, put, remove string }

var (
	rolePolicySQL = inlineSQL{
		get:       `SELECT document FROM role_policies WHERE role = $1 AND name = $2`,
		names:     `SELECT name FROM role_policies WHERE role = $1 AND name > $2 ORDER BY name LIMIT $3`,
		documents: `SELECT document FROM role_policies WHERE role = $1 ORDER BY name`,
		size:      `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM role_policies WHERE role = $1 AND name <> $2`,
		put: `INSERT INTO role_policies (role, name, size, document) VALUES ($1, $2, $3, $4)
			ON CONFLICT (role, name) DO UPDATE SET size = excluded.size, document = excluded.document`,
		remove: `DELETE FROM role_policies WHERE role = $1 AND name = $2`,
	}
	userPolicySQL = inlineSQL{
		get:       `SELECT document FROM user_policies WHERE owner = $1 AND name = $2`,
		names:     `SELECT name FROM user_policies WHERE owner = $1 AND name > $2 ORDER BY name LIMIT $3`,
		documents: `SELECT document FROM user_policies WHERE owner = $1 ORDER BY name`,
		size:      `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM user_policies WHERE owner = $1 AND name <> $2`,
		put: `INSERT INTO user_policies (owner, name, size, document) VALUES ($1, $2, $3, $4)
			ON CONFLICT (owner, name) DO UPDATE SET size = excluded.size, document = excluded.document`,
		remove: `DELETE FROM user_policies WHERE owner = $1 AND name = $2`,
	}
)

// inlineOf tells users from roles by their unique IDs.
func inlineOf(owner iam.IdType) *inlineSQL {
	if strings.HasPrefix(string(owner), string(iam.UserPrefix)) {
		return &userPolicySQL
	}
	return &rolePolicySQL
}

// InlinePolicy implements iam.Tx.
func (t *iamTx) InlinePolicy(owner iam.IdType, name iam.PolicyNameType) (iam.PolicyDocumentType, bool, error) {
	var document string
	found, err := t.tx.query(inlineOf(owner).get, string(owner), string(name)).one(&document)
	return iam.PolicyDocumentType(document), found, err
}

// InlinePolicyNames implements iam.Tx.
func (t *iamTx) InlinePolicyNames(owner iam.IdType, after iam.PolicyNameType, limit int) ([]iam.PolicyNameType, error) {
	return all(t.tx.query(inlineOf(owner).names, string(owner), string(after), limit), scanText[iam.PolicyNameType])
}

// InlinePoliciesSize implements iam.Tx.
func (t *iamTx) InlinePoliciesSize(owner iam.IdType, except iam.PolicyNameType) (size int, err error) {
	_, err = t.tx.query(inlineOf(owner).size, string(owner), string(except)).one(&size)
	return size, err
}

// PutInlinePolicy implements iam.Tx.
func (t *iamTx) PutInlinePolicy(owner iam.IdType, name iam.PolicyNameType, document iam.PolicyDocumentType, size int) error {
	t.i.permissions.invalidate(t.tx, owner)
	_, err := t.tx.exec(inlineOf(owner).put, string(owner), string(name), size, string(document))
	return err
}

// DeleteInlinePolicy implements iam.Tx.
func (t *iamTx) DeleteInlinePolicy(owner iam.IdType, name iam.PolicyNameType) (bool, error) {
	t.i.permissions.invalidate(t.tx, owner)
	n, err := t.tx.exec(inlineOf(owner).remove, string(owner), string(name))
	return n > 0, err
}

// Permissions implements iam.Tx. They are read by every signed request, from
// memory but for the first time.
func (t *iamTx) Permissions(principal iam.IdType) (*iam.Permissions, error) {
	p, _, err := t.i.permissions.get(t.tx, principal, func() (*iam.Permissions, bool, error) {
		p, err := t.readPermissions(principal)
		return p, p != nil && len(p.Inline)+len(p.Attached)+len(p.Boundary) > 0, err
	})
	return p, err
}

func (t *iamTx) readPermissions(principal iam.IdType) (*iam.Permissions, error) {
	p := &iam.Permissions{}
	var err error
	p.Inline, err = all(t.tx.query(inlineOf(principal).documents, string(principal)), scanText[iam.PolicyDocumentType])
	if err != nil {
		return nil, err
	}
	q := t.tx.query(`SELECT purpose, policy FROM policy_uses WHERE principal = $1 ORDER BY purpose, policy`, string(principal))
	err = q.each(func(r row) (bool, error) {
		purpose, policy := iam.Purpose(r.Int(0)), iam.ArnType(r.Text(1))
		if purpose == iam.PermissionsBoundary {
			p.Boundary = policy
		} else {
			p.Attached = append(p.Attached, policy)
		}
		return true, r.Err()
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// UsePolicy implements iam.Tx.
func (t *iamTx) UsePolicy(account string, principal iam.IdType, policy iam.ArnType, purpose iam.Purpose) error {
	t.i.permissions.invalidate(t.tx, principal)
	_, err := t.tx.exec(`INSERT INTO policy_uses (principal, purpose, policy, account) VALUES ($1, $2, $3, $4)`,
		string(principal), int(purpose), string(policy), account)
	return err
}

// DropPolicy implements iam.Tx.
func (t *iamTx) DropPolicy(principal iam.IdType, policy iam.ArnType, purpose iam.Purpose) (bool, error) {
	t.i.permissions.invalidate(t.tx, principal)
	n, err := t.tx.exec(`DELETE FROM policy_uses WHERE principal = $1 AND purpose = $2 AND policy = $3`,
		string(principal), int(purpose), string(policy))
	return n > 0, err
}

// CountPolicyUses implements iam.Tx.
func (t *iamTx) CountPolicyUses(account string, policy iam.ArnType) (attached, bounds int, err error) {
	q := t.tx.query(`SELECT purpose, COUNT(*) FROM policy_uses WHERE account = $1 AND policy = $2 GROUP BY purpose`, account, string(policy))
	err = q.each(func(r row) (bool, error) {
		n := int(r.Int(1))
		if iam.Purpose(r.Int(0)) == iam.PermissionsBoundary {
			bounds = n
		} else {
			attached = n
		}
		return true, r.Err()
	})
	return attached, bounds, err
}

// scanText reads a row of one text.
func scanText[T ~string](r row) (T, error) {
	return T(r.Text(0)), r.Err()
}
