// Package backup keeps backups of databases in a directory, and restores them.
//
// A directory holds any number of backups, called sets. Segments, which never change, are shared among
// them; a set has its own manifest and its own piece of the log. docs/format/backup.md describes the
// files.
//
// B1: a set exists once its BACKUP file does, which is written last; everything that it names is on
// disk by then. What an interrupted backup leaves is no set, and harms none.
// B2: a set's files, put under the paths that BACKUP gives them, are a database as a crash at the end of
// the backup would have left it.
// B3: every file is checked with what the database knows about it while it is copied.
package backup
