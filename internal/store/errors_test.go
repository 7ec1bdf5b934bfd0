package store

import sqlite3 "modernc.org/sqlite/lib"

// isUnique tells whether err is a clash with a primary key or a unique index.
func isUnique(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return true
	}
	return false
}

// isForeignKey tells whether err says that a row refers to one that is not
// there, or is referred to by one that is.
func isForeignKey(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, sqlite3.SQLITE_CONSTRAINT_TRIGGER:
		return true
	}
	return false
}

// isBusy tells whether err says that somebody else held a lock for too long.
// With one process and one writer that is somebody looking at the file with
// another tool.
func isBusy(err error) bool {
	primary := code(err) & 0xff
	return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
}
