package admin

import "embed"

// source is the source of the shapes: the words of their members are read from
// it, for help.
//
//go:embed shapes*.go
var source embed.FS
