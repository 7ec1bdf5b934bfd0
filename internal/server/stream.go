package server

import (
	"io"
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

const (
	// streamPiece is how much of a stream is in memory, in bytes.
	streamPiece = 64 << 10
	// streamPatience is how long the client may take for a piece, and streamRate how
	// many bytes a second it has to take on average, after a first minute: what a
	// stream holds on to, it holds for a bounded time.
	streamPatience = 30 * time.Second
	streamRate     = 128 << 10
)

// takeTime takes the time limits off a request, whose answer is a stream. They are
// those of small answers.
func takeTime(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // the end of which would look as if the client had gone
	_ = c.SetWriteDeadline(time.Time{})
}

// stream writes a stream piece by piece, as fast as the client takes it. The length
// has been told: a stream that ends early aborts the connection, so that nobody
// takes a part for the whole.
func stream(w http.ResponseWriter, s *awsapi.Stream) {
	c := http.NewResponseController(w)
	last := time.Now().Add(time.Minute + time.Duration(s.Length/streamRate)*time.Second)
	piece := make([]byte, streamPiece)
	for left := s.Length; left > 0; {
		n, err := io.ReadFull(s.Body, piece[:min(left, streamPiece)])
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		deadline := time.Now().Add(streamPatience)
		if last.Before(deadline) {
			deadline = last
		}
		if err := c.SetWriteDeadline(deadline); err != nil {
			panic(http.ErrAbortHandler) // without a limit the client could hold it for ever
		}
		if _, err := w.Write(piece[:n]); err != nil {
			panic(http.ErrAbortHandler)
		}
		left -= int64(n)
	}
}
