package file

import (
	"io/fs"
	"syscall"
)

// changeOf names a file's content beyond its size and time of writing: its place and the time of its
// last change of any kind, which no program can set back. 0 when the file system does not tell.
func changeOf(info fs.FileInfo) (inode uint64, changed int64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino, s.Ctim.Nano()
	}
	return 0, 0
}
