package sinks

import (
	"bytes"
	"context"
	"io"
)

// Output writes records to a stream that is open already, such as the standard output.
type Output struct{ W io.Writer }

// Kind implements [Sink].
func (o *Output) Kind() string { return "stdout" }

// Name implements [Sink].
func (o *Output) Name() string { return "standard output" }

// Write implements [Sink].
func (o *Output) Write(_ context.Context, records []byte) (int, error) {
	n, err := o.W.Write(records)
	return bytes.LastIndexByte(records[:n], '\n') + 1, reason(err)
}

// Close implements [Sink]. The stream stays open.
func (o *Output) Close() error { return nil }
