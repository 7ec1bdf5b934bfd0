package fetch

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers questions for A records with the next address in its list
// and everything else with an empty answer.
type nameServer struct {
	mu        sync.Mutex
	addresses [][4]byte
}

func (n *nameServer) resolver() *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe() // not a packet connection, so DNS over TCP is spoken
			go n.serve(server)
			return client, nil
		},
	}
}

func (n *nameServer) serve(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, question); err != nil {
			return
		}
		answer, err := n.answer(question)
		if err != nil {
			return
		}
		c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	}
}

func (n *nameServer) answer(packet []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		return nil, err
	}
	m.Response, m.Additionals = true, nil
	q := m.Questions[0]
	if q.Type == dnsmessage.TypeA {
		n.mu.Lock()
		defer n.mu.Unlock()
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: n.addresses[0]},
		}}
		if len(n.addresses) > 1 {
			n.addresses = n.addresses[1:]
		}
	}
	return m.Pack()
}

// A name that points to a harmless address when it is looked at and to the
// inside when it is used: the address that counts is the one that is dialled.
func TestGetDNSRebinding(t *testing.T) {
	var hits atomic.Int32
	s := server(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())

	names := &nameServer{addresses: [][4]byte{{127, 0, 0, 1}, {10, 0, 0, 1}, {169, 254, 169, 254}}}
	c := &Client{Allow: []string{"http://127.0.0.1"}, Resolver: names.resolver()}
	u := "http://rebind.test:" + port + "/"
	if _, err := c.Get(t.Context(), u); err != nil {
		t.Fatalf("first look-up, a permitted address: %v", err)
	}
	_, err := c.Get(t.Context(), u)
	refusedAs(t, err, Refused, "fetch "+u+": refused: plain http, which the allow list does not permit here")
	_, err = c.Get(t.Context(), u)
	refusedAs(t, err, Refused, "fetch "+u+": refused: 169.254.169.254 is an address that is never fetched from")

	names = &nameServer{addresses: [][4]byte{{127, 0, 0, 1}, {100, 100, 100, 200}}}
	c = &Client{Allow: []string{"http://rebind.test"}, Resolver: names.resolver()}
	if _, err := c.Get(t.Context(), u); err != nil {
		t.Fatalf("a listed name: %v", err)
	}
	_, err = c.Get(t.Context(), u)
	refusedAs(t, err, Refused, "fetch "+u+": refused: 100.100.100.200 is an address that is never fetched from")

	if hits.Load() != 2 {
		t.Errorf("%d requests arrived, want 2", hits.Load())
	}
}
