package mvcc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// sealedChunk is where a chunk lies on disk.
type sealedChunk struct {
	file  *segment.File
	group int
	meta  segment.GroupMeta
}

// maxSegmentBytes ends a segment file, so that a long load's columns can leave memory.
const maxSegmentBytes = 256 << 20

// syncEvery is how much of a segment file is written before the disk is set to work on it.
const syncEvery = 8 << 20

// segmentWriters writes chunks of one table to as many files as there are goroutines writing at once.
type segmentWriters struct {
	store   *Store
	id      TableID
	columns []segment.ColumnSchema
	made    func(path string) // told of every file before it is created

	mu   sync.Mutex
	idle []*openSegment
}

// openSegment is a segment file that is being written.
type openSegment struct {
	writer *segment.Writer
	file   *segmentFile
	path   string // under the database's directory
	chunks []*chunk
	sealed []*sealedChunk
}

// segmentSchema is chunk columns as a segment file declares them.
func segmentSchema(fields []ColumnDef) []segment.ColumnSchema {
	columns := make([]segment.ColumnSchema, len(fields))
	for i, f := range fields {
		columns[i] = segment.ColumnSchema{Field: f.FieldID, Name: f.Name, Type: f.Type, Required: f.NotNull}
	}
	return columns
}

// segmentWriters makes writers whose files go away when the transaction does.
func (t *Txn) segmentWriters(id TableID, fields []ColumnDef) *segmentWriters {
	w := &segmentWriters{store: t.store, id: id, columns: segmentSchema(fields), made: func(path string) {
		t.filesMu.Lock()
		defer t.filesMu.Unlock()
		t.files = append(t.files, path)
	}}
	t.filesMu.Lock()
	defer t.filesMu.Unlock()
	t.writers = append(t.writers, w)
	return w
}

// write puts a narrowed chunk into a file. Without a directory chunks stay in memory.
func (w *segmentWriters) write(c *chunk) error {
	if w.store.dir == "" {
		return nil
	}
	out, err := w.take()
	if err != nil {
		return err
	}
	if err := out.add(c, c.columns, c.zones); err != nil {
		return errors.Join(w.store.fileError("writing segment file", out.path, err), out.file.Close())
	}
	if out.writer.Size() > maxSegmentBytes {
		return w.store.finishSegment(out)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, out)
	return nil
}

func (o *openSegment) add(c *chunk, columns []*columnar.Vector, zones []*Zone) error {
	group, meta, err := o.writer.WriteGroup(columns, zones)
	if err != nil {
		return err
	}
	o.chunks = append(o.chunks, c)
	o.sealed = append(o.sealed, &sealedChunk{group: group, meta: meta})
	return nil
}

// take gives a file that nobody writes to, or a new one.
func (w *segmentWriters) take() (*openSegment, error) {
	w.mu.Lock()
	if n := len(w.idle); n > 0 {
		out := w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.mu.Unlock()
		return out, nil
	}
	w.mu.Unlock()
	return w.store.createSegment(w.id, w.columns, w.made)
}

// finish completes all files: the chunks written are on disk, names included, and may leave memory.
func (w *segmentWriters) finish() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	for _, out := range w.idle {
		err = errors.Join(err, w.store.finishSegment(out))
	}
	w.idle = nil
	return err
}

// abandon closes files without completing them.
func (w *segmentWriters) abandon() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, out := range w.idle {
		_ = out.file.Close() // the file is removed next
	}
	w.idle = nil
}

// createSegment makes a file under a name that was never used.
func (s *Store) createSegment(id TableID, columns []segment.ColumnSchema, made func(path string)) (*openSegment, error) {
	dir := s.fs.PathJoin("seg", fmt.Sprint(id))
	if err := s.fs.MkdirAll(s.path(dir), 0o755); err != nil {
		return nil, s.fileError("creating directory", dir, err)
	}
	path := s.fs.PathJoin(dir, fmt.Sprintf("%08d.parquet", s.nextSegment.Add(1)))
	made(path)
	f, err := s.fs.Create(s.path(path), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, s.fileError("creating segment file", path, err)
	}
	out := newSegmentFile(vfs.NewSyncingFile(f, vfs.SyncingFileOptions{BytesPerSync: syncEvery}))
	w, err := segment.NewWriter(out, columns)
	if err != nil {
		return nil, errors.Join(s.fileError("writing segment file", path, err), out.Close())
	}
	return &openSegment{writer: w, file: out, path: path}, nil
}

// finishSegment completes a file, makes it durable and hands its chunks' columns to the buffer pool.
func (s *Store) finishSegment(out *openSegment) error {
	meta, err := s.completeSegment(out)
	if err != nil {
		return err
	}
	file := segment.NewFile(s.fs, s.path(out.path), meta)
	s.addFile(file)
	for i, c := range out.chunks {
		out.sealed[i].file = file
		s.sealChunk(c, out.sealed[i])
	}
	return nil
}

func (s *Store) completeSegment(out *openSegment) (segment.FileMeta, error) {
	meta, err := out.writer.Finish()
	if err == nil {
		err = out.file.Sync()
	}
	err = errors.Join(err, out.file.Close())
	if err == nil {
		err = errors.Join(wal.SyncDir(s.fs, s.path(s.fs.PathDir(out.path))), wal.SyncDir(s.fs, s.path("seg")))
	}
	if err != nil {
		return meta, s.fileError("writing segment file", out.path, err)
	}
	return meta, nil
}

// sealChunk moves a closed chunk's columns to the buffer pool: they can be read from disk again.
func (s *Store) sealChunk(c *chunk, at *sealedChunk) {
	c.mu.Lock()
	columns := c.columns
	c.sealed.Store(at)
	indexes := c.indexes
	c.columns, c.indexes, c.derived = nil, nil, nil
	c.inMemory.Store(nil)
	c.mu.Unlock()
	for i, v := range columns {
		s.pool.put(poolKey{file: at.file, group: at.group, ordinal: i}, pooled{column: v})
	}
	for path, x := range indexes {
		s.pool.put(poolKey{file: at.file, group: at.group, index: path}, pooled{component: x})
	}
}

// column gives a closed chunk's column from memory, the pool or disk.
func (s *Store) column(ctx context.Context, table TableID, c *chunk, ordinal int) (*columnar.Vector, error) {
	if columns := c.inMemory.Load(); columns != nil {
		return (*columns)[ordinal], nil
	}
	c.mu.Lock()
	if columns := c.columns; columns != nil {
		defer c.mu.Unlock()
		c.inMemory.Store(&columns)
		return columns[ordinal], nil
	}
	c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	at := c.sealed.Load()
	key := poolKey{file: at.file, group: at.group, ordinal: ordinal}
	found, err := s.pool.get(key, func() (pooled, error) {
		v, err := at.file.ReadColumn(at.group, ordinal, at.meta.Rows, &at.meta.Columns[ordinal], s.dictsOf(table, c.fields[ordinal].FieldID))
		return pooled{column: v}, err
	})
	return found.column, err
}

// sealAdopted writes the whole chunks of an ordinary transaction to a segment file.
func (t *Txn) sealAdopted(ctx context.Context, id TableID, chunks []*chunk) error {
	var w *segmentWriters
	var fields []ColumnDef // of the chunks in w
	for _, c := range chunks {
		if c.sealed.Load() != nil {
			continue
		}
		if w == nil || !sameFields(c.fields, fields) {
			if w != nil {
				if err := w.finish(); err != nil {
					return err
				}
			}
			w, fields = t.segmentWriters(id, c.fields), c.fields
		}
		if err := errors.Join(ctx.Err(), w.write(c)); err != nil {
			return err
		}
	}
	if w == nil {
		return nil
	}
	return w.finish()
}

func sameFields(a, b []ColumnDef) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].FieldID != b[i].FieldID || a[i].Type != b[i].Type || a[i].NotNull != b[i].NotNull {
			return false
		}
	}
	return true
}

// discardFiles removes the segment files of a transaction that has no effect.
func (t *Txn) discardFiles() {
	t.filesMu.Lock()
	defer t.filesMu.Unlock()
	for _, w := range t.writers {
		w.abandon()
	}
	for _, path := range t.files {
		t.store.removeSegment(path)
	}
	t.files, t.writers = nil, nil
}

// keepFiles makes the transaction's files those of the tables: its end does not remove them.
func (t *Txn) keepFiles() {
	t.filesMu.Lock()
	defer t.filesMu.Unlock()
	t.files, t.writers = nil, nil
}

// removeSegment closes and removes a file; one that stays is removed when the store is opened next.
func (s *Store) removeSegment(path string) {
	s.filesMu.Lock()
	f := s.files[path]
	delete(s.files, path)
	s.filesMu.Unlock()
	if f != nil {
		s.pool.forget(f)
		_ = f.Close()
	}
	_ = s.fs.Remove(s.path(path))
	s.components.removeOf(s, path)
}

func (s *Store) addFile(f *segment.File) {
	s.filesMu.Lock()
	defer s.filesMu.Unlock()
	f.Lend(&s.buffers)
	s.files[s.relative(f.Path())] = f
}

// fileError gives an error of the file system its SQLSTATE and names the file.
func (s *Store) fileError(doing, path string, err error) error {
	var known *sqlerr.Error
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return sqlerr.New(sqlerr.DiskFull, "%s %s: no space left on device", doing, s.path(path)).WithHint("Free some space, then try again.")
	case errors.Is(err, syscall.EROFS):
		return sqlerr.New(sqlerr.IOError, "%w", fmt.Errorf("%s %s: %w", doing, s.path(path), err)).
			WithHint("The file system is read-only: open the database read-only, or copy it to where it can be written.")
	case errors.Is(err, fs.ErrPermission):
		return sqlerr.New(sqlerr.InsufficientPrivilege, "%w", fmt.Errorf("%s %s: %w", doing, s.path(path), err)).
			WithHint("The directory and its files must belong to the user who runs OxiDB.")
	case errors.As(err, &known):
		return err
	}
	return sqlerr.New(sqlerr.IOError, "%w", fmt.Errorf("%s %s: %w", doing, s.path(path), err))
}
