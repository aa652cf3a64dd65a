// Package mvcc keeps versioned tables: lists of chunks of at most 122,880 rows, appended to by
// transactions, deleted from through versioned bitmaps, read through snapshots.
//
// A snapshot is a timestamp. Commits are sequenced under one lock, in the order of the write-ahead
// log; they become visible in that order once the log is on disk.
//
// M1: a row's place (chunk, offset) never changes for a snapshot; a compaction gives it another for later ones.
// M2: the rows of a chunk lie in commit order, so that what a snapshot sees of it is a prefix, less
// the deletes with a timestamp up to the snapshot's.
// M3: published memory is never written: views of an open chunk share its arrays up to their length.
// M4: a commit is acknowledged after its log records are on disk, and visible to no one before.
// M5: a timestamp is visible only when all smaller ones are.
// M6: a failed write or sync of the log ends all writing until the store is opened again.
// M7: a manifest names only files that were synced before it; the log holds all commits after it.
// M8: a compaction changes no row and no transaction's outcome. It retires chunks: snapshots before it
// read those, later ones the moved rows; deletes by transactions that began before it follow the rows.
// M9: what a snapshot from the horizon on needs is kept, in memory and by checkpoints.
// M8: a serializable transaction that writes would have read the same at its commit as it did in its
// snapshot; so it is as if it had run alone at that point.
package mvcc
