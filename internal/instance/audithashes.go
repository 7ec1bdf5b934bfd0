package instance

import (
	"cmp"
	"context"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/cognito"
)

// auditHashes implements admin.AuditHashes.
type auditHashes struct {
	hashes  *audit.Hashes // nil where there is no trail
	cognito *cognito.Service
}

// AuditHash implements admin.AuditHashes.
func (a auditHashes) AuditHash(ctx context.Context, in *admin.AuditHashRequest) (*admin.AuditHashResponse, error) {
	if a.hashes == nil {
		return nil, admin.ErrNoTrail
	}
	provider, user := string(in.ProviderName), cmp.Or(string(in.UserIdentifier), string(in.DeveloperUserIdentifier))
	if in.DeveloperUserIdentifier != "" {
		var err error
		if provider, err = a.cognito.DeveloperProvider(ctx, string(in.IdentityPoolId)); err != nil {
			return nil, err
		}
		if provider == "" {
			return nil, admin.ErrNoDeveloperProvider
		}
	}
	var logins []cognito.SaltedLogin
	var err error
	if in.IdentityId != "" {
		logins, err = a.cognito.SaltedLogins(ctx, string(in.IdentityId))
	} else {
		logins, err = a.cognito.SaltedOwners(ctx, provider, user, string(in.IdentityPoolId))
	}
	if err != nil {
		return nil, err
	}
	l := hashList{a: a, seen: map[string]bool{}}
	if in.IdentityId != "" {
		l.identity(string(in.IdentityId))
	}
	var days []cognito.SaltedLogin // logins whose days count, each once
	if user != "" {
		days = append(days, cognito.SaltedLogin{Provider: provider, Subject: user})
	}
	for n, login := range logins {
		l.identity(login.Identity)
		if user != "" && in.IdentityId != "" {
			if n > 0 {
				continue // the salts are the same for all its logins
			}
			login.Provider, login.Subject = provider, user
		} else if login.Subject != "" && user == "" {
			days = append(days, login)
		}
		l.login(login)
	}
	for _, login := range days {
		if err := l.days(ctx, login); err != nil {
			return nil, err
		}
	}
	return &admin.AuditHashResponse{KeyId: admin.AuditKeyId(a.hashes.KeyID()), Hashes: l.list}, nil
}

// hashList collects hashes, each once.
type hashList struct {
	a    auditHashes
	list admin.AuditHashList
	seen map[string]bool
}

func (l *hashList) add(h admin.AuditHash) {
	if !l.seen[string(h.Hash)] {
		l.seen[string(h.Hash)] = true
		l.list = append(l.list, h)
	}
}

func (l *hashList) identity(id string) {
	l.add(admin.AuditHash{Hash: admin.Hash(l.a.hashes.Identity(id)), Member: "identityHash", IdentityId: admin.IdentityId(id)})
}

// login adds the hashes of a login under the salts of its identity.
func (l *hashList) login(login cognito.SaltedLogin) {
	if login.Subject == "" {
		return
	}
	for _, salt := range login.Salts {
		l.add(admin.AuditHash{
			Hash: admin.Hash(l.a.hashes.Subject(salt[:], login.Provider, login.Subject)), Member: "subjectHash",
			IdentityId: admin.IdentityId(login.Identity), ProviderName: admin.IdentityProviderName(login.Provider),
		})
	}
}

// days adds the hashes of a login under the salts of days.
func (l *hashList) days(ctx context.Context, login cognito.SaltedLogin) error {
	list, err := l.a.hashes.ByDay(ctx, login.Provider, login.Subject, time.Time{})
	for _, d := range list {
		l.add(admin.AuditHash{Hash: admin.Hash(d.Hash), Member: "subjectHash", ProviderName: admin.IdentityProviderName(login.Provider), Date: d.Day})
	}
	return err
}
