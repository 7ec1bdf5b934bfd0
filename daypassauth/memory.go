package daypassauth

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"
)

// key stands for a question: two that differ in anything that daypass is told have
// different ones.
type key [sha256.Size]byte

func (q *question) key() (k key) {
	h := sha256.New()
	write := func(text string) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(text)))
		h.Write(length[:])
		h.Write([]byte(text))
	}
	write(q.host)
	for _, name := range slices.Sorted(maps.Keys(q.header)) {
		write(name)
		var count [8]byte
		binary.BigEndian.PutUint64(count[:], uint64(len(q.header[name])))
		h.Write(count[:])
		for _, value := range q.header[name] {
			write(value)
		}
	}
	h.Sum(k[:0])
	return k
}

// memory is what daypass has allowed, in two generations, so that what is used stays
// and what is not goes.
type memory struct {
	most int

	mu          sync.Mutex
	recent, old map[key]remembered
}

type remembered struct {
	id    Identity
	until time.Time
}

const usuallyRemembered = 10_000

func (m *memory) find(k key, now time.Time) (Identity, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.recent[k]
	if !ok {
		if r, ok = m.old[k]; ok {
			m.add(k, r)
		}
	}
	if !ok || !now.Before(r.until) {
		return Identity{}, false
	}
	return r.id, true
}

func (m *memory) put(k key, id Identity, now, until time.Time) {
	if !now.Before(until) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(k, remembered{id, until})
}

func (m *memory) add(k key, r remembered) {
	half := max(1, m.most/2)
	if m.most == 0 {
		half = usuallyRemembered / 2
	}
	if len(m.recent) >= half {
		m.old, m.recent = m.recent, nil
	}
	if m.recent == nil {
		m.recent = make(map[key]remembered)
	}
	m.recent[k] = r
}
