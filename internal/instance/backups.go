package instance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/backup"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
)

// backups makes backups of an embedded database: admin.Backups.
type backups struct {
	db      *store.DB
	dir     string // of the database, where there is room for a copy
	ring    *seal.Ring
	sealKey func(recipient string, key *seal.MasterKey) ([]byte, error)
	version string
	now     func() time.Time
	running atomic.Bool
}

// CreateBackup implements admin.Backups. Its stream reads a copy, which is removed when
// the stream is closed; so a client that is slow holds the copy, and nothing else.
func (b *backups) CreateBackup(ctx context.Context, recipient string) (_ *awsapi.Stream, err error) {
	key := b.ring.Sealing()
	if err := b.oneKey(ctx, key); err != nil {
		return nil, err
	}
	var sealed []byte
	if recipient != "" {
		if b.sealKey == nil {
			return nil, admin.ErrRecipient
		}
		if sealed, err = b.sealKey(recipient, key); err != nil {
			return nil, fmt.Errorf("%w: %w", admin.ErrRecipient, err)
		}
	}
	if b.running.Swap(true) {
		return nil, admin.ErrBackupRuns
	}
	// The name is one of those that a start removes.
	file, err := os.CreateTemp(b.dir, ".daypass-*") // mode 0600
	if err != nil {
		b.running.Store(false)
		return nil, err
	}
	c := &copied{file: file, of: b}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	err = b.db.Snapshot(ctx, file.Name())
	if errors.Is(err, store.ErrNotEmbedded) {
		return nil, admin.ErrNotEmbedded
	}
	if err != nil {
		return nil, err
	}
	facts, err := factsOf(ctx, file)
	if err != nil {
		return nil, err
	}
	if err := b.oneKey(ctx, key); err != nil {
		return nil, err
	}
	facts.Created, facts.Version = b.now().UTC().Truncate(time.Second), b.version
	h, err := backup.New(facts, key)
	if err != nil {
		return nil, err
	}
	h.Key = sealed
	c.header = h.Bytes()
	return &awsapi.Stream{ContentType: backup.ContentType, Length: int64(len(c.header)) + facts.Size, Body: c}, nil
}

// oneKey says whether everything in the database is sealed with a master key. Where that
// was so before a copy was made and is so after it, it is so in the copy.
func (b *backups) oneKey(ctx context.Context, key *seal.MasterKey) error {
	rotating, err := b.db.Rotating(ctx)
	if err == nil && (rotating || b.ring.Sealing() != key) {
		err = admin.ErrRotating
	}
	return err
}

// factsOf opens a copy of the database, reads it from end to end and says what is in it.
func factsOf(ctx context.Context, file *os.File) (f backup.Facts, err error) {
	contents, err := store.Inspect(ctx, file.Name())
	if err != nil {
		return f, err
	}
	f.Schema, f.Rows = contents.Schema, contents.Rows
	hash := sha256.New()
	if f.Size, err = io.Copy(hash, io.NewSectionReader(file, 0, 1<<62)); err != nil {
		return f, fmt.Errorf("read %s: %w", file.Name(), err)
	}
	f.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return f, nil
}

// copied is a copy of the database behind a header, which is gone when it is closed.
type copied struct {
	file   *os.File
	of     *backups
	header []byte
}

// Read implements [io.Reader].
func (c *copied) Read(p []byte) (int, error) {
	if len(c.header) > 0 {
		n := copy(p, c.header)
		c.header = c.header[n:]
		return n, nil
	}
	return c.file.Read(p)
}

// Close implements [io.Closer].
func (c *copied) Close() error {
	err := errors.Join(c.file.Close(), os.Remove(c.file.Name()))
	c.of.running.Store(false)
	return err
}
