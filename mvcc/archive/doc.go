// Package archive copies a database's log, while it is written, to a directory elsewhere, and with it the
// segments that the log names: a backup and the archive after it restore any later version.
//
// Under the archive's directory every identity of a database has one of its own, named by its UUID in
// hexadecimal, with the log files and segments under the names that they have in the database.
//
// A1: an archived log file is a prefix of the database's, all of which was on disk there.
// A2: a segment is on the archive's disk before a log record that names it is.
// A3: nothing that is not archived is removed from the database (Retain, Reached).
// A4: an archived log file has a whole header: one without is damaged, not unfinished.
// A5: the watermark is synced after the records that it covers; a record behind it promises nothing.
package archive

import (
	"encoding/hex"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc/wal"
)

// Dir is where the archive in dir keeps what belongs to one identity of a database.
func Dir(fs vfs.FS, dir string, uuid wal.UUID) string {
	return fs.PathJoin(dir, hex.EncodeToString(uuid[:]))
}

// LogDir is where the log files are under Dir.
func LogDir(fs vfs.FS, dir string, uuid wal.UUID) string {
	return fs.PathJoin(Dir(fs, dir, uuid), "wal")
}
