package sts

import (
	"encoding/binary"
	"time"

	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/seal"
)

// What is sealed in a session token: a version, then the fields of a session in
// a fixed order, each string and list with its length in front. It is compact
// and quick because every signed request opens one.

// tokenVersion is the one that is written. What is sealed as [tokenVersionTimed] bears
// no numbers and is read too.
const (
	tokenVersionTimed = 2
	tokenVersion      = 3
)

func appendSession(b []byte, s *Session, secret []byte) []byte {
	b = append(b, tokenVersion, byte(s.Kind))
	for _, text := range []string{s.Account, s.Path, s.PrincipalID, s.Name, s.Parent} {
		b = appendText(b, text)
	}
	b = binary.AppendUvarint(b, uint64(s.Issued.Unix()))
	b = binary.AppendUvarint(b, uint64(s.Expires.Unix()))
	b = binary.AppendUvarint(b, uint64(s.AuthTime.Unix()))
	b = binary.AppendUvarint(b, uint64(s.Change))
	b = binary.AppendUvarint(b, uint64(s.AuthChange))
	b = append(b, secret...)
	b = appendText(b, s.Provider)
	b = binary.AppendUvarint(b, uint64(len(s.Keys)))
	for _, k := range s.Keys {
		b = appendText(b, k.Name)
		b = appendTexts(b, k.Values)
	}
	b = binary.AppendUvarint(b, uint64(len(s.Tags)))
	for _, t := range s.Tags {
		b = appendText(b, t.Key)
		b = appendText(b, t.Value)
		b = appendBool(b, t.Transitive)
	}
	b = appendText(b, s.SourceIdentity)
	b = appendText(b, s.Policy)
	b = appendTexts(b, s.PolicyARNs)
	return appendLineage(b, s.Lineage)
}

func appendTexts(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

func appendLineage(b []byte, lineage []revocation.Mark) []byte {
	b = binary.AppendUvarint(b, uint64(len(lineage)))
	for _, m := range lineage {
		b = appendText(b, string(m.Kind))
		b = appendText(b, m.Name)
		b = appendText(b, m.User)
		b = appendText(b, m.Pool)
		b = binary.AppendUvarint(b, uint64(m.At.Unix()))
		b = binary.AppendUvarint(b, uint64(m.Change))
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// readSession is the reverse of appendSession, of this version and the one before.
// It is false for anything else.
func readSession(plain []byte) (*Session, bool) {
	r := tokenReader{rest: string(plain)} // one copy, which all strings share
	switch r.take(1) {
	case string(rune(tokenVersion)):
		r.numbered = true
	case string(rune(tokenVersionTimed)):
	default:
		return nil, false
	}
	s := &Session{
		Kind:    r.kind(),
		Account: r.text(), Path: r.text(), PrincipalID: r.text(), Name: r.text(), Parent: r.text(),
		Issued: r.time(), Expires: r.time(), AuthTime: r.time(),
		Change: r.change(), AuthChange: r.change(),
		Secret:   r.secret(),
		Provider: r.text(),
	}
	if n := r.count(); n > 0 {
		s.Keys = make([]Key, n)
		for i := range s.Keys {
			s.Keys[i] = Key{Name: r.text(), Values: r.texts()}
		}
	}
	if n := r.count(); n > 0 {
		s.Tags = make([]SessionTag, n)
		for i := range s.Tags {
			s.Tags[i] = SessionTag{Key: r.text(), Value: r.text(), Transitive: r.bool()}
		}
	}
	s.SourceIdentity, s.Policy, s.PolicyARNs = r.text(), r.text(), r.texts()
	if n := r.count(); n > 0 {
		s.Lineage = make([]revocation.Mark, n)
		for i := range s.Lineage {
			s.Lineage[i] = revocation.Mark{Target: revocation.Target{
				Kind: revocation.Kind(r.text()), Name: r.text(), User: r.text(), Pool: r.text(),
			}, At: r.time(), Change: r.change()}
		}
	}
	return s, !r.failed && r.rest == ""
}

// tokenReader takes fields off the front. After a failure it gives empty ones.
type tokenReader struct {
	rest   string
	failed bool
	room   []string // for lists: one allocation for most of them

	numbered bool // there are numbers of changes
}

func (r *tokenReader) take(n uint64) string {
	if r.failed || n > uint64(len(r.rest)) {
		r.failed = true
		return ""
	}
	field := r.rest[:n]
	r.rest = r.rest[n:]
	return field
}

func (r *tokenReader) number() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		c := r.take(1)
		if c == "" {
			return 0
		}
		n |= uint64(c[0]&0x7f) << shift
		if c[0] < 0x80 {
			r.failed = r.failed || c[0] == 0 && shift > 0 // one number has one spelling
			return n
		}
	}
	r.failed = true
	return 0
}

// count reads the length of a list, each entry of which takes a byte at least.
func (r *tokenReader) count() uint64 {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.failed = true
		return 0
	}
	return n
}

func (r *tokenReader) text() string { return r.take(r.number()) }

func (r *tokenReader) texts() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	if uint64(len(r.room)) < n {
		r.room = make([]string, max(n, 8))
	}
	list := r.room[:n:n]
	r.room = r.room[n:]
	for i := range list {
		list[i] = r.text()
	}
	return list
}

func (r *tokenReader) kind() Kind {
	c := r.take(1)
	r.failed = r.failed || c >= string(rune(kinds))
	if r.failed {
		return 0
	}
	return Kind(c[0])
}

func (r *tokenReader) bool() bool {
	c := r.take(1)
	r.failed = r.failed || c > "\x01"
	return c == "\x01"
}

func (r *tokenReader) time() time.Time { return time.Unix(int64(r.number()), 0).UTC() }

// change reads the number of a change; zero where there is none.
func (r *tokenReader) change() int64 {
	if !r.numbered {
		return 0
	}
	n := int64(r.number())
	r.failed = r.failed || n < 0
	return n
}

func (r *tokenReader) secret() seal.Secret {
	return seal.NewSecret(encode([]byte(r.take(secretBytes))))
}
