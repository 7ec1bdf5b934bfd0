package iam

import (
	"strings"
	"time"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
)

// UserEntity is a user as it is kept. It is never changed: an update makes
// another one.
type UserEntity struct {
	// User is the user of the wire.
	User
	// Account owns the user.
	Account string
}

// with is the user after a change of what the wire shows of it.
func (u *UserEntity) with(change func(*User)) *UserEntity {
	changed := *u
	change(&changed.User)
	return &changed
}

// listed is the user as ListUsers shows it.
func (u *UserEntity) listed() User {
	shown := u.User
	shown.PermissionsBoundary, shown.Tags = nil, nil
	return shown
}

// caller is the user as a caller with an access key.
func (u *UserEntity) caller(key AccessKeyIdType) awsapi.Caller {
	return awsapi.Caller{
		Account: u.Account, ARN: string(u.Arn), UserID: string(u.UserId),
		PrincipalARN: string(u.Arn), PrincipalID: string(u.UserId), AccessKeyID: string(key),
	}
}

// UserKey is what makes the name of a user unique: the name ignoring case.
func UserKey[Name ~string](name Name) string { return strings.ToLower(string(name)) }

const userResource = "user"

func userARN(account string, path PathType, name UserNameType) ArnType {
	return ArnType(arn.ARN{Partition: "aws", Service: "iam", Account: account, Resource: userResource + string(path) + string(name)}.String())
}

// isUser says whether an ARN is that of a user. Whether there is such a user is
// another question.
func isUser(s string) bool {
	_, _, ok := parseEntityARN(s, userResource)
	return ok
}

// AccessKeyEntity is a long-term access key of a user as it is kept. It is never
// changed: an update makes another one.
type AccessKeyEntity struct {
	// ID is the access key ID, AKIA….
	ID AccessKeyIdType
	// Owner is the unique ID of the user.
	Owner IdType
	// Secret is the secret access key. The store seals it.
	Secret seal.Secret
	// Status is Active or Inactive.
	Status StatusType
	// Created is when the key was made.
	Created time.Time
	// LastUse is when the key was last used, as far as it was written down.
	LastUse KeyUse
	// Since is the number of the change that gave it the secret, where somebody chose
	// both (ImportAccessKey); zero otherwise. What was got with the ID before that was
	// got with another secret, or with a key that was deleted.
	Since int64
}

// The statuses that an access key can have.
const (
	keyActive   StatusType = "Active"
	keyInactive StatusType = "Inactive"
)

// KeyUse is one use of an access key.
type KeyUse struct {
	// At is when; zero if there was none.
	At time.Time
	// Service and Region are those of the signature.
	Service, Region string
}

// shown is a key as ListAccessKeys shows it.
func (k *AccessKeyEntity) shown(owner *UserEntity) AccessKeyMetadata {
	return AccessKeyMetadata{UserName: owner.UserName, AccessKeyId: k.ID, Status: k.Status, CreateDate: k.Created}
}
