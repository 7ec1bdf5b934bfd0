// Package move brings a database somewhere else: out of a backup into a data directory
// ([Restore]), and out of a data directory into another database ([Migrate]). Both are
// done while no server runs, and can be done again after they were interrupted; until
// they are finished, no server starts on what they have left.
package move
