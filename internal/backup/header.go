package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/seal"
)

const (
	// version is the version of the form.
	version = 1
	// title begins the first line.
	title = "daypass backup "
	// maxTitle, maxFacts, maxProof and maxKey are the longest lines that are read, in
	// bytes.
	maxTitle, maxFacts, maxProof, maxKey = 64, 64 << 10, 1 << 10, 4 << 10
	// purpose is that of the box which seals proofs.
	purpose = "backup"
)

// ContentType is the media type of a backup.
const ContentType = "application/vnd.daypass.backup"

// The errors that callers look for.
var (
	// ErrForm answers Read where something is no backup, or a damaged one.
	ErrForm = errors.New("this is not a backup of daypass, or it is damaged")
	// ErrNewer answers Read for a backup that a newer daypass made.
	ErrNewer = errors.New("a newer daypass made this backup: restore it with that version")
	// ErrDamaged answers the reader of an image that is not what the header says.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrWrongKey answers Prove where the backup was made with another master key.
	ErrWrongKey = errors.New("the master key is not the one that the backup was made with")
)

// Facts are what the header says of a backup. They are shown to people, and relied on
// only after [Header.Prove].
type Facts struct {
	// Created is when the backup was made, and Version the version of daypass that did.
	Created time.Time
	Version string
	// Schema is the version of the schema in the image.
	Schema int64
	// MasterKey is the fingerprint of the key that the database is sealed with.
	MasterKey string
	// Rows are how many rows each table has.
	Rows map[string]int64
	// Size is the length of the image in bytes, and SHA256 its hash.
	Size   int64
	SHA256 string
}

// Header is what comes before the image.
type Header struct {
	Facts
	// Key is the master key, sealed by somebody; empty for none.
	Key []byte

	first, facts []byte // the lines as they are, which the proof is about
	proof        []byte
}

// New makes the header of a backup of a database that is sealed with the key.
func New(f Facts, key *seal.MasterKey) (*Header, error) {
	f.MasterKey = key.Fingerprint()
	h := &Header{Facts: f, first: []byte(title + strconv.Itoa(version))}
	var err error
	if h.facts, err = json.Marshal(f, json.Deterministic(true)); err != nil {
		return nil, err
	}
	h.proof = key.Box(purpose).Seal(nil, h.digest(), []byte("proof"))
	return h, nil
}

// digest is what the proof proves.
func (h *Header) digest() []byte {
	sum := sha256.Sum256(bytes.Join([][]byte{h.first, h.facts}, []byte("\n")))
	return sum[:]
}

// Prove says whether the backup was made by a server that had the key.
func (h *Header) Prove(key *seal.MasterKey) error {
	if got := key.Fingerprint(); got != h.MasterKey {
		return fmt.Errorf("%w: the backup was made with %s, and this is %s", ErrWrongKey, h.MasterKey, got)
	}
	digest, err := key.Box(purpose).Open(nil, h.proof, []byte("proof"))
	if err != nil || !bytes.Equal(digest, h.digest()) {
		return fmt.Errorf("%w: its header was changed", ErrDamaged)
	}
	return nil
}

// HasKey says whether the backup has the master key.
func (h *Header) HasKey() bool { return len(h.Key) > 0 }

// Bytes are the lines of the header.
func (h *Header) Bytes() []byte {
	key := "-"
	if h.HasKey() {
		key = base64.StdEncoding.EncodeToString(h.Key)
	}
	return fmt.Appendf(nil, "%s\n%s\n%s\n%s\n", h.first, h.facts, base64.StdEncoding.EncodeToString(h.proof), key)
}

// Read reads a header, and leaves the reader before the image.
func Read(r *bufio.Reader) (*Header, error) {
	h := &Header{}
	var err error
	if h.first, err = line(r, maxTitle); err != nil {
		return nil, err
	}
	number, ok := strings.CutPrefix(string(h.first), title)
	n, err := strconv.ParseUint(number, 10, 32)
	switch {
	case !ok || err != nil || n < version || number != strconv.FormatUint(n, 10):
		return nil, ErrForm
	case n > version:
		return nil, ErrNewer
	}
	if h.facts, err = line(r, maxFacts); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(h.facts, &h.Facts); err != nil {
		return nil, ErrForm
	}
	if !isHex(h.SHA256, sha256.Size) || !isHex(h.MasterKey, 8) || h.Size < 0 {
		return nil, ErrForm
	}
	if h.proof, err = decoded(r, maxProof); err != nil {
		return nil, err
	}
	mark, err := r.Peek(2)
	if err == nil && string(mark) == "-\n" {
		_, err = r.Discard(2)
		return h, err
	}
	h.Key, err = decoded(r, maxKey)
	return h, err
}

// isHex says whether a text is so many bytes, as New writes them.
func isHex(text string, size int) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == size && hex.EncodeToString(b) == text
}

func decoded(r *bufio.Reader, most int) ([]byte, error) {
	text, err := line(r, most)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(b) == 0 || base64.StdEncoding.EncodeToString(b) != string(text) { // it passes over ends of lines
		return nil, ErrForm
	}
	return b, nil
}

// line reads a line without its end.
func line(r *bufio.Reader, most int) ([]byte, error) {
	var all []byte
	for {
		part, err := r.ReadSlice('\n')
		all = append(all, part...)
		switch {
		case len(all) > most, err == io.EOF:
			return nil, ErrForm
		case err == nil:
			return bytes.TrimSuffix(all, []byte("\n")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// Image reads the image behind the header. Its end is an error unless all of the image
// was there, the hash is right, and nothing follows.
func (h *Header) Image(r io.Reader) io.Reader {
	return &image{header: h, from: r, left: h.Size, hash: sha256.New()}
}

type image struct {
	header *Header
	from   io.Reader
	left   int64
	hash   hash.Hash
}

// Read implements [io.Reader].
func (i *image) Read(p []byte) (int, error) {
	if i.left == 0 {
		return 0, i.end()
	}
	n, err := i.from.Read(p[:min(int64(len(p)), i.left)])
	i.hash.Write(p[:n])
	i.left -= int64(n)
	if err == io.EOF {
		err = nil
		if i.left > 0 {
			err = fmt.Errorf("%w: it ends too early", ErrDamaged)
		}
	}
	return n, err
}

func (i *image) end() error {
	if hex.EncodeToString(i.hash.Sum(nil)) != i.header.SHA256 {
		return fmt.Errorf("%w: its checksum is wrong", ErrDamaged)
	}
	if n, _ := io.ReadFull(i.from, make([]byte, 1)); n > 0 {
		return fmt.Errorf("%w: something follows the database", ErrDamaged)
	}
	return io.EOF
}

// Summary says in a line what the backup has.
func (h *Header) Summary() string {
	key := "without the key"
	if h.HasKey() {
		key = "with the key"
	}
	return fmt.Sprintf("%d identities, %d identity pools, %d MiB; schema version %d, master key %s (%s)",
		h.Rows["identities"], h.Rows["pools"], (h.Size+1<<20-1)>>20, h.Schema, h.MasterKey, key)
}
