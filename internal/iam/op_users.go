package iam

import (
	"cmp"
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// CreateUser makes a user.
func (s *Service) CreateUser(ctx context.Context, c awsapi.Caller, in *CreateUserRequest) (*CreateUserResponse, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	id, err := NewID(UserPrefix, c.Account, s.rand())
	if err != nil {
		return nil, err
	}
	path := cmp.Or(in.Path, "/")
	user := &UserEntity{Account: c.Account, User: User{
		Path: path, UserName: in.UserName, UserId: IdType(id), Arn: userARN(c.Account, path, in.UserName),
		CreateDate: s.now(), PermissionsBoundary: boundary(in.PermissionsBoundary), Tags: in.Tags,
	}}
	audit.From(ctx).Set("user", string(user.Arn))
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := s.addUser(tx, user); err != nil {
			return err
		}
		return setBoundary(tx, c, user.UserId, nil, user.PermissionsBoundary)
	})
	if err != nil {
		return nil, err
	}
	return &CreateUserResponse{User: user.User}, nil
}

func (s *Service) addUser(tx Tx, user *UserEntity) error {
	_, exists, err := tx.User(user.Account, user.UserName)
	if err != nil {
		return err
	}
	if exists {
		return userExists(user.UserName)
	}
	n, err := tx.CountUsers(user.Account)
	if err != nil {
		return err
	}
	if n >= s.Limits.UsersPerAccount {
		return quotaExceeded(causeLimitUsers, "UsersPerAccount", s.Limits.UsersPerAccount)
	}
	return tx.AddUser(user)
}

// viewUser does something with a user that must be there; without a name it is
// the caller.
func (s *Service) viewUser(ctx context.Context, c awsapi.Caller, name ExistingUserNameType, read func(Tx, *UserEntity) error) error {
	return s.Store.View(ctx, withUser(ctx, c, name, read))
}

// changeUser changes something about a user that must be there; without a name it
// is the caller.
func (s *Service) changeUser(ctx context.Context, c awsapi.Caller, name ExistingUserNameType, change func(Tx, *UserEntity) error) error {
	return s.Store.Update(ctx, withUser(ctx, c, name, change))
}

func withUser(ctx context.Context, c awsapi.Caller, name ExistingUserNameType, do func(Tx, *UserEntity) error) func(Tx) error {
	if name != "" {
		audit.From(ctx).Set("user", string(name))
	}
	return func(tx Tx) error {
		user, err := findUser(tx, c, name)
		if err != nil {
			return err
		}
		return do(tx, user)
	}
}

// findUser finds a user of the caller's account that must be there. Without a
// name it is the caller, who may be a user with the user's own key or with
// temporary credentials made with it, and nobody else.
func findUser(tx Tx, c awsapi.Caller, name ExistingUserNameType) (user *UserEntity, err error) {
	var ok bool
	switch {
	case name != "":
		user, ok, err = tx.User(c.Account, UserNameType(name))
	case isUser(c.PrincipalARN):
		name = ExistingUserNameType(lastSegment(c.PrincipalARN))
		user, ok, err = tx.UserByID(IdType(c.PrincipalID))
	default:
		return nil, callerIsNoUser()
	}
	if err == nil && !ok {
		return nil, userNotFound(name)
	}
	return user, err
}

// GetUser shows a user. Without a name it is the caller, who may be root here.
func (s *Service) GetUser(ctx context.Context, c awsapi.Caller, in *GetUserRequest) (*GetUserResponse, error) {
	if in.UserName == "" && c.Root {
		return &GetUserResponse{User: User{UserId: IdType(c.Account), Arn: ArnType(rootARN(c.Account))}}, nil
	}
	var out GetUserResponse
	err := s.viewUser(ctx, c, in.UserName, func(_ Tx, user *UserEntity) error {
		out.User = user.User
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// UpdateUser gives a user another name or path. The user stays the same one: its
// policies, its keys, its unique ID and what trust policies say of it. Policies
// that go by names and paths may say something else of it from then on, so the
// caller needs the permission for what it becomes as well as for what it was.
func (s *Service) UpdateUser(ctx context.Context, c awsapi.Caller, in *UpdateUserRequest) (*awsapi.None, error) {
	err := s.changeUser(ctx, c, in.UserName, func(tx Tx, user *UserEntity) error {
		changed := user.with(func(u *User) {
			u.UserName, u.Path = cmp.Or(in.NewUserName, u.UserName), cmp.Or(in.NewPath, u.Path)
			u.Arn = userARN(user.Account, u.Path, u.UserName)
		})
		if err := s.mayRename(tx, c, user, changed); err != nil {
			return err
		}
		other, taken, err := tx.User(user.Account, changed.UserName)
		if err != nil {
			return err
		}
		if taken && other.UserId != user.UserId {
			return userExists(changed.UserName)
		}
		return tx.ReplaceUser(user, changed)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// mayRename refuses a caller who may update a user as it is, but not as it will
// be.
func (s *Service) mayRename(tx Tx, c awsapi.Caller, was, is *UserEntity) error {
	if is.Arn == was.Arn || Unlimited(c) {
		return nil
	}
	const action = "iam:UpdateUser"
	facts := NewFacts()
	setTags(facts, "aws:resourcetag/", is.Tags)
	setTags(facts, "iam:resourcetag/", is.Tags)
	decision, err := s.decide(tx, c, action, string(is.Arn), facts)
	if err != nil || decision.Allowed() {
		return err
	}
	return notPermitted(decision, c, action, string(is.Arn))
}

// DeleteUser deletes a user that has nothing left.
func (s *Service) DeleteUser(ctx context.Context, c awsapi.Caller, in *DeleteUserRequest) (*awsapi.None, error) {
	err := s.changeUser(ctx, c, in.UserName, func(tx Tx, user *UserEntity) error {
		if err := hasNothing(tx, user); err != nil {
			return err
		}
		if err := setBoundary(tx, c, user.UserId, user.PermissionsBoundary, nil); err != nil {
			return err
		}
		return tx.DeleteUser(user)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// hasNothing refuses to delete a user who has access keys or policies.
func hasNothing(tx Tx, user *UserEntity) error {
	keys, err := tx.AccessKeys(user.UserId)
	if err != nil {
		return err
	}
	held, err := tx.Permissions(user.UserId)
	switch {
	case err != nil:
		return err
	case len(keys) > 0:
		return userHas("delete access keys")
	case len(held.Attached) > 0:
		return userHas("detach all policies")
	case len(held.Inline) > 0:
		return userHas("delete policies")
	}
	return nil
}

// ListUsers lists the account's users by name, ignoring case.
func (s *Service) ListUsers(ctx context.Context, c awsapi.Caller, in *ListUsersRequest) (*ListUsersResponse, error) {
	p := page{"ListUsers", c.Account, in.Marker, in.MaxItems}
	after, err := s.after(p)
	if err != nil {
		return nil, err
	}
	var users []*UserEntity
	err = s.Store.View(ctx, func(tx Tx) (err error) {
		users, err = tx.Users(c.Account, string(in.PathPrefix), UserNameType(after), p.limit()+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	users, more := cut(users, p.limit())
	out := &ListUsersResponse{Users: make(UserListType, 0, len(users)), IsTruncated: BooleanType(more)}
	for _, user := range users {
		out.Users = append(out.Users, user.listed())
	}
	if more {
		out.Marker = s.marker(p, string(users[len(users)-1].UserName))
	}
	return out, nil
}

// ListGroupsForUser lists nothing: there are no groups here. Terraform asks before
// it deletes a user.
func (s *Service) ListGroupsForUser(ctx context.Context, c awsapi.Caller, in *ListGroupsForUserRequest) (*ListGroupsForUserResponse, error) {
	out := &ListGroupsForUserResponse{Groups: GroupListType{}}
	err := s.viewUser(ctx, c, in.UserName, func(_ Tx, user *UserEntity) error {
		_, err := s.after(page{"ListGroupsForUser", string(user.UserId), in.Marker, in.MaxItems})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
