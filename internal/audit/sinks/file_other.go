//go:build !unix

package sinks

import "os"

// lock takes nothing here: files are opened as others may open them.
func lock(*os.File) error { return nil }

// syncDir has nothing to do here: a file that is durable has its name.
func syncDir(string) error { return nil }

// isTooLong says whether a message was too long for a socket; there are none here.
func isTooLong(error) bool { return false }
