// Package hostile attacks a daypass that has little memory. It has one test and
// nothing else:
//
//	make hostile
//
// The binary runs in a cgroup of 256 MiB, a real one (version 1 or 2). For each
// kind of attack a new server gets a thousand hostile connections for ten
// seconds, over loopback, from this process. Afterwards the server must be alive,
// must never have had 200 MiB in memory, and must have answered a client that
// means well, from another address, rightly. How long that client waited is shown
// and not judged.
//
// It takes minutes and both cores, so that "go test ./..." passes it by unless the
// environment has DAYPASS_HOSTILE=1. DAYPASS_HOSTILE_SECONDS shortens the attacks.
package hostile
