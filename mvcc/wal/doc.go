// Package wal is the write-ahead log: framed, checksummed, chained records in numbered files, written
// and synced in groups. docs/format/wal.md describes the bytes.
//
// W1: records are numbered without gaps (LSN); a record's header holds the checksum of the header before it.
// W2: a record holds the LSN up to which the log was known to be on disk when it was made. An invalid
// record at or below such a promise is corruption; one above is the torn end of the log.
// W3: after a failed write or sync nothing is ever written again.
// W4: what follows a torn end starts in a new file, whose header says where the old one ends.
// W5: what is reserved and not yet appended fits wholly behind the end of the current file, or wholly
// into the largest spare. Both are written already, so that what is reserved can be written.
// W6: a file has its header and its name on disk before a record is written to it, and its records have
// checksums that start from its number: what a recycled file held before is no record of it.
package wal
