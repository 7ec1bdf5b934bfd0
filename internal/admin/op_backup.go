package admin

import (
	"context"
	"errors"
	"strconv"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// Backups make backups. Their errors are those below, or failures.
type Backups interface {
	// CreateBackup makes a backup, with the master key sealed for a recipient unless
	// that is empty.
	CreateBackup(ctx context.Context, recipient string) (*awsapi.Stream, error)
}

var (
	// ErrBackupRuns says that another backup is being made or read.
	ErrBackupRuns = errors.New("admin: another backup is being made")
	// ErrNotEmbedded says that the server does not have its database in a file.
	ErrNotEmbedded = errors.New("admin: the database is not the embedded one")
	// ErrRotating says that another master key takes the place of one.
	ErrRotating = errors.New("admin: the master key is being replaced")
	// ErrRecipient says that a recipient is none.
	ErrRecipient = errors.New("admin: no recipient")
)

// CreateBackup makes a backup of the database and streams it.
func (s *Service) CreateBackup(ctx context.Context, _ awsapi.Caller, in *CreateBackupRequest) (*awsapi.Stream, error) {
	event := audit.From(ctx)
	event.Set("with_key", strconv.FormatBool(in.KeyRecipient != ""))
	out, err := s.Backups.CreateBackup(ctx, string(in.KeyRecipient))
	switch {
	case errors.Is(err, ErrBackupRuns):
		return nil, &awsapi.Error{Code: resourceConflict, Message: "Another backup is being created. Try again when it is done.", Cause: causeBackupRuns}
	case errors.Is(err, ErrRotating):
		return nil, rotating()
	case errors.Is(err, ErrNotEmbedded):
		return nil, invalid(causeNotEmbedded, "The database of this server is not the embedded one. Back it up with its own tools, such as pg_dump.")
	case errors.Is(err, ErrRecipient):
		return nil, invalid(causeRecipient, "KeyRecipient is not a public key of age.")
	}
	return out, err
}
