package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/wal"
)

// logCopy is the copy of a log file.
type logCopy struct {
	file   vfs.File
	stored string
	path   string
	size   int64
	hash   hash.Hash
}

// log copies the image's part of the log, and the segments that it names.
func (w *writer) log() (err error) {
	follow, err := w.image.Log()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, follow.Close()) }()
	for {
		p, err := follow.Next(w.image.LSN)
		if err != nil || p == nil {
			return err
		}
		if err := w.piece(p); err != nil {
			return err
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
	}
}

func (w *writer) piece(p *wal.Piece) error {
	if p.Record.Type == 0 {
		if err := w.startLog(p.File); err != nil {
			return w.dir.failed("writing", w.own("wal"), err)
		}
		if p.File == w.image.FirstLog {
			w.result.Set.BaseLSN = p.LSN
		}
	}
	if at, when, ok := mvcc.CommitOf(&p.Record); ok && at > w.result.Set.Version {
		w.result.Set.Version, w.result.Set.Time = at, when
	}
	files, err := mvcc.SegmentsOf(&p.Record)
	if err != nil {
		return err
	}
	for i := range files {
		if err := w.segment(&files[i]); err != nil {
			return err
		}
	}
	c := w.current
	_, _ = c.hash.Write(p.Bytes) // never fails
	c.size += int64(len(p.Bytes))
	w.progress(c.path, int64(len(p.Bytes)))
	if _, err := c.file.Write(p.Bytes); err != nil {
		return w.dir.failed("writing", c.stored, err)
	}
	return nil
}

func (w *writer) startLog(number uint64) error {
	if err := w.closeLog(); err != nil {
		return err
	}
	fs := w.dir.fs
	path := fs.PathJoin("wal", wal.FileName(number))
	c := &logCopy{path: path, stored: w.own(path), hash: sha256.New()}
	var err error
	if c.file, err = fs.Create(w.dir.at(c.stored), vfs.WriteCategoryUnspecified); err != nil {
		return err
	}
	w.current = c
	return nil
}

// closeLog makes the copy of a log file durable.
func (w *writer) closeLog() error {
	c := w.current
	if c == nil {
		return nil
	}
	w.current = nil
	err := c.file.Sync()
	if err = errors.Join(err, c.file.Close()); err != nil {
		return w.dir.failed("writing", c.stored, err)
	}
	w.result.Copied++
	w.result.CopiedBytes += c.size
	w.result.Set.Files = append(w.result.Set.Files, File{Path: c.path, Stored: c.stored, Size: c.size, SHA256: hex.EncodeToString(c.hash.Sum(nil))})
	return nil
}
