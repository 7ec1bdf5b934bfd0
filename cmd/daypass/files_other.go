//go:build !unix

package main

import (
	"io/fs"
	"net"
	"os"
)

// openFiles is how many files the process may have open, 0 if there is no limit.
func openFiles() int64 { return 0 }

// room says nothing here about what a file takes without waiting.
func room(*os.File) func(n int) bool { return nil }

// modesCount says whether the modes of files say who may read them.
const modesCount = false

// ownedByUser says whether a file is this user's; directories in the home are.
func ownedByUser(fs.FileInfo) bool { return true }

// alive says whether a process runs.
func alive(process int) bool {
	p, err := os.FindProcess(process)
	if err != nil {
		return false
	}
	return p.Release() == nil
}

// privately makes a socket; its directory says who can use it.
func privately(listen func() (net.Listener, error)) (net.Listener, error) { return listen() }
