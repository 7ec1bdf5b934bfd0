// Package backup is the format of backup files: a header that says what is in the
// file, and an image of the database. It neither makes images nor restores them.
//
// # Form
//
//	daypass backup 1
//	{"Created":…,"MasterKey":…,"Size":…,"SHA256":…}     what is in the file: Facts
//	the proof, base64
//	the master key, sealed, base64, or -
//	the image, so many bytes as the facts say
//
// The first line has the version of the form. A reader refuses one that it does not
// know.
//
// # What can be relied on
//
// A file comes from anywhere. What is read of the header is bounded, and nothing in it
// names a file. The proof is the hash of the lines before it, sealed with the master
// key of the database: only a server that had the key can have made it. So whoever has
// the key knows that the image is the one that the server sent ([Header.Prove]), before
// anything looks into it.
//
// # The master key
//
// A backup has no master key, unless that was asked for. Then the server seals it for a
// recipient that exists for this one call, and the command that asked seals it with a
// passphrase. So the passphrase stays with the command, and the key is on the wire for
// nobody else. Package agekey does both.
package backup
