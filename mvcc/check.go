package mvcc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc/archive"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// CheckOptions say whom a check tells how far it is, and how fast it may read.
type CheckOptions struct {
	// Progress is told of bytes verified; nil for nobody. What names the file at hand.
	Progress func(what string, done, total int64)
	// BytesPerSecond slows the check down for the sake of others; 0 is full speed.
	BytesPerSecond int64
}

// CheckReport is what a check found.
type CheckReport struct {
	Version  Timestamp // the newest commit checked
	Tables   int
	Chunks   int
	Rows     int64 // live ones
	Keys     int   // proved unique
	Files    int
	Bytes    int64
	Records  int64 // of the log
	Findings []Finding
	Orphans  []string // files that nothing names: harmless, the next opening removes them
	Unusable []string // files of indexes that a crash tore, or of a later format: harmless, the indexes are built anew
}

// Finding is one thing that is wrong.
type Finding struct {
	Table string // its name; "" when it is about no table
	Err   error  // names file and offset
}

func (f Finding) String() string {
	text := f.Err.Error()
	var known *sqlerr.Error
	if errors.As(f.Err, &known) {
		text = known.Message
	}
	if f.Table == "" {
		return text
	}
	return fmt.Sprintf("table %q: %s", f.Table, text)
}

// Err is nil when nothing is wrong, else XX001 with the first finding and their number.
func (r *CheckReport) Err() error {
	if len(r.Findings) == 0 {
		return nil
	}
	return sqlerr.New(sqlerr.DataCorrupted, "the check found %d faults, the first: %s", len(r.Findings), r.Findings[0]).
		WithHint("Restore the database from a backup, or open it with quarantine to go on with what is sound.")
}

// Check verifies a database that nobody has open: every checksum of every file, that statistics bound
// the rows, that deletes lie within their chunks, that index files fit their rows, that keys are unique, that no file is missing. It
// changes nothing. What is wrong with the data stands in the report; an error means that the check
// itself could not be done, such as 55006 when the database is open elsewhere.
func Check(ctx context.Context, fs vfs.FS, dir string, o CheckOptions) (*CheckReport, error) {
	s := newStore(Options{ReadOnly: true, BufferPoolBytes: checkPoolBytes})
	s.fs, s.dir = fs, fs.PathJoin(dir)
	s.walDir = s.path("wal")
	c := &checker{ctx: ctx, store: s, options: o, report: &CheckReport{}, started: time.Now()}
	err := s.checkDirectory()
	if err == nil {
		err = c.offline()
	}
	return c.report, errors.Join(err, s.closeFiles())
}

// checkPoolBytes bounds the columns kept for the proof of keys.
const checkPoolBytes = 256 << 20

// Check verifies an open database as of now, while transactions and checkpoints go on. Files that
// nothing names are not looked for: transactions are about to name some of them.
func (s *Store) Check(ctx context.Context, o CheckOptions) (*CheckReport, error) {
	c := &checker{ctx: ctx, store: s, options: o, report: &CheckReport{}, started: time.Now()}
	if s.dir == "" {
		return c.report, c.tables()
	}
	release := s.Pin()
	defer release()
	s.checkpointMu.Lock()
	name := manifestName(s.manifestNumber)
	m, err := s.readManifest(name)
	s.checkpointMu.Unlock()
	if err != nil {
		c.found("", err)
	} else {
		c.report.Files++
	}
	if err := c.tables(); err != nil {
		return c.report, err
	}
	if m == nil || s.log == nil {
		return c.report, nil
	}
	return c.report, c.log(m)
}

// checker goes through a store.
type checker struct {
	ctx     context.Context
	store   *Store
	options CheckOptions
	report  *CheckReport
	started time.Time
	total   int64
}

func (c *checker) found(table string, err error) {
	c.report.Findings = append(c.report.Findings, Finding{Table: table, Err: err})
}

// notes records damage and gives back what keeps the check from being done.
func (c *checker) notes(table string, err error) error {
	switch sqlerr.StateOf(err) {
	case sqlerr.Successful:
		return nil
	case sqlerr.DataCorrupted, sqlerr.IOError, sqlerr.FeatureNotSupported:
		c.found(table, err)
		return nil
	}
	return err
}

// did counts verified bytes, and waits where the speed is bounded.
func (c *checker) did(what string, bytes int64) error {
	c.report.Bytes += bytes
	if c.options.Progress != nil {
		c.options.Progress(what, c.report.Bytes, max(c.total, c.report.Bytes))
	}
	if c.options.BytesPerSecond <= 0 {
		return c.ctx.Err()
	}
	due := c.started.Add(time.Duration(float64(c.report.Bytes) / float64(c.options.BytesPerSecond) * float64(time.Second)))
	select {
	case <-c.ctx.Done():
	case <-c.store.closing:
		return sqlerr.New(sqlerr.AdminShutdown, "the database is being closed")
	case <-time.After(time.Until(due)):
	}
	return c.ctx.Err()
}

// offline recovers the database in memory and checks that; what cannot be recovered is checked file by file.
func (c *checker) offline() error {
	s := c.store
	err := s.openReadOnly()
	if err == nil {
		c.report.Files += 1 + c.logFiles()
		return errors.Join(c.retained(), c.tables(), c.orphans())
	}
	if err := c.notes("", err); err != nil {
		return err
	}
	if _, name, err := locateMarker(s.fs, s.dir); err == nil { // else it is what was found
		if m, err := s.readManifest(name); err == nil {
			return c.manifestSegments(m)
		}
	}
	return nil
}

// logFiles counts the log's files and bytes: recovery has read them.
func (c *checker) logFiles() int {
	names, _ := c.store.fs.List(c.store.walDir) // recovery has listed it
	n := 0
	for _, name := range names {
		if !strings.HasSuffix(name, ".wal") {
			continue
		}
		if stat, err := c.store.fs.Stat(c.store.fs.PathJoin(c.store.walDir, name)); err == nil {
			c.report.Bytes += stat.Size()
			n++
		}
	}
	return n
}

// retained checks log files before those that recovery reads: an archive may still want them.
func (c *checker) retained() error {
	s := c.store
	numbers, err := wal.Files(s.fs, s.walDir)
	if err != nil {
		return s.fileError("reading directory", "wal", err)
	}
	for _, n := range numbers {
		if n < s.firstLog {
			_, _, err := wal.Verify(s.fs, s.walDir, s.uuid, n, archive.Unknown)
			if err := c.notes("", err); err != nil {
				return err
			}
		}
	}
	return nil
}

// manifestSegments checks the files that a manifest names, without tables.
func (c *checker) manifestSegments(m *manifest) error {
	for i := range m.Tables {
		mt := &m.Tables[i]
		for file, f := range mt.Files {
			var groups []checkGroup
			for j := range mt.Chunks {
				if entry := &mt.Chunks[j]; entry.File == file {
					groups = append(groups, checkGroup{group: entry.Group, meta: &entry.Meta})
				}
			}
			if err := c.file(mt.Versions[len(mt.Versions)-1].Schema.Name, f.Path, f.Meta, groups); err != nil {
				return err
			}
		}
	}
	return nil
}

// tables checks every table as of the newest commit.
func (c *checker) tables() error {
	txn := c.store.Begin(TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	c.report.Version = txn.snapshot
	all := c.cut(txn.snapshot)
	for i := range all {
		for _, f := range all[i].files {
			c.total += f.meta.Size
		}
	}
	for i := range all {
		if err := c.table(txn, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

// checkTable is a table to check.
type checkTable struct {
	id     TableID
	schema *schemaVersion
	chunks []checkChunk
	files  map[string]*checkFile // by path under the database
}

type checkChunk struct {
	id         uint32
	rows, live int
	deletes    *roaring.Bitmap
	sealed     *sealedChunk
	chunk      *chunk
}

type checkFile struct {
	meta   segment.FileMeta
	groups []checkGroup
}

type checkGroup struct {
	group int
	meta  *segment.GroupMeta
}

// cut notes what tables consist of; history that nobody may see is left out.
func (c *checker) cut(snapshot Timestamp) []checkTable {
	s := c.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []checkTable
	for id, t := range s.tables {
		v := t.asOf(snapshot)
		if v == nil {
			continue
		}
		ct := checkTable{id: id, schema: v, files: map[string]*checkFile{}}
		for _, chunk := range t.chunks {
			part := checkChunk{id: chunk.id, rows: chunk.rows, sealed: chunk.sealed.Load(), chunk: chunk, deletes: roaring.New()}
			if chunk.deletes != nil {
				part.deletes = chunk.deletes.union()
			}
			part.live = chunk.visible(snapshot)
			if gone := chunk.deletes.at(snapshot); gone != nil {
				part.live -= gone.CountBelow(part.live)
			}
			ct.chunks = append(ct.chunks, part)
			for _, at := range []*sealedChunk{part.sealed, chunk.saved} {
				ct.name(s, at)
			}
		}
		all = append(all, ct)
	}
	slices.SortFunc(all, func(a, b checkTable) int { return int(a.id) - int(b.id) })
	return all
}

func (t *checkTable) name(s *Store, at *sealedChunk) {
	if at == nil {
		return
	}
	path := s.relative(at.file.Path())
	f := t.files[path]
	if f == nil {
		f = &checkFile{meta: *at.file.Meta()}
		t.files[path] = f
	}
	f.groups = append(f.groups, checkGroup{group: at.group, meta: &at.meta})
}

func (c *checker) table(txn *Txn, t *checkTable) error {
	c.report.Tables++
	before := len(c.report.Findings)
	for i := range t.chunks {
		p := &t.chunks[i]
		c.report.Chunks++
		c.report.Rows += int64(p.live)
		if !p.deletes.IsEmpty() && int(p.deletes.Maximum()) >= p.rows {
			c.found(t.schema.name, sqlerr.New(sqlerr.DataCorrupted, "row %d of chunk %d is deleted, but the chunk has %d rows", p.deletes.Maximum(), p.id, p.rows))
		}
		if p.sealed != nil && p.sealed.meta.Rows != p.rows {
			c.found(t.schema.name, sqlerr.New(sqlerr.DataCorrupted, "chunk %d has %d rows, its file %s %d", p.id, p.rows, p.sealed.file.Path(), p.sealed.meta.Rows))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(t.files)) {
		f := t.files[path]
		if err := c.file(t.schema.name, path, f.meta, f.groups); err != nil {
			return err
		}
	}
	if len(c.report.Findings) > before {
		return nil // keys are proved over rows that can be read
	}
	if err := c.indexes(t); err != nil {
		return err
	}
	return c.keys(txn, t)
}

// file checks a segment file as it lies on disk.
func (c *checker) file(table, path string, meta segment.FileMeta, groups []checkGroup) (err error) {
	f := segment.NewFile(c.store.fs, c.store.path(path), meta)
	defer func() { err = errors.Join(err, f.Close()) }()
	c.report.Files++
	if err := f.CheckFrame(); err != nil {
		return errors.Join(c.notes(table, err), c.did(path, meta.Size))
	}
	rest := meta.Size
	for _, g := range groups {
		for i := range g.meta.Columns {
			if err := c.notes(table, f.CheckColumn(g.group, i, g.meta)); err != nil {
				return err
			}
			rest -= g.meta.Columns[i].Length
			if err := c.did(path, g.meta.Columns[i].Length); err != nil {
				return err
			}
		}
	}
	return c.did(path, rest)
}

// keys proves that a table's keys are unique.
func (c *checker) keys(txn *Txn, t *checkTable) error {
	if len(t.schema.schema.Keys) == 0 {
		return nil
	}
	l := &localTable{base: t.schema, name: t.schema.name, schema: t.schema.schema, next: localChunk, deletes: map[uint32]*ownDeletes{}, checked: txn.snapshot}
	proof := &Txn{store: c.store, snapshot: txn.snapshot, tables: map[TableID]*localTable{t.id: l}}
	err := proof.checkAllKeys(t.id, t.schema.schema.Keys, false)
	if sqlerr.StateOf(err) == sqlerr.SerializationFailure {
		return nil // dropped meanwhile
	}
	c.report.Keys += len(t.schema.schema.Keys)
	var duplicate *sqlerr.Error
	if errors.As(err, &duplicate) && duplicate.State == sqlerr.UniqueViolation {
		err = sqlerr.New(sqlerr.DataCorrupted, "%s: %s", duplicate.Message, duplicate.Detail)
	}
	return c.notes(t.schema.name, err)
}

// log checks the records that are on disk now, of the log after a manifest.
func (c *checker) log(m *manifest) (err error) {
	limit := c.store.log.OnDisk()
	f, err := wal.Follow(c.store.fs, c.store.walDir, m.UUID, m.WAL)
	if err != nil {
		return c.notes("", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	c.report.Files++
	for {
		p, err := f.Next(limit)
		if err != nil {
			return c.notes("", err)
		}
		if p == nil {
			return nil
		}
		if p.Record.Type != 0 {
			c.report.Records++
		}
		if err := c.did("log", int64(len(p.Bytes))); err != nil {
			return err
		}
	}
}

// orphans lists files that neither the manifest nor the log names.
func (c *checker) orphans() error {
	s := c.store
	used := s.usedFiles()
	marker, manifestFile, err := locateMarker(s.fs, s.dir)
	if err != nil {
		return s.fileError("reading directory", "", err)
	}
	c.report.Orphans = append(c.report.Orphans, marker.obsolete...)
	names, err := s.fs.List(s.dir)
	if err != nil {
		return s.fileError("reading directory", "", err)
	}
	slices.Sort(names)
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, markerPrefix), name == "LOCK", name == "wal", name == "seg", name == "idx", name == "spill", name == manifestFile, name == quarantineDir, ofServer(name):
		default:
			c.report.Orphans = append(c.report.Orphans, name)
		}
	}
	dirs, err := s.fs.List(s.path("seg"))
	if err != nil {
		return s.fileError("reading directory", "seg", err)
	}
	for _, dir := range dirs {
		files, err := s.fs.List(s.path(s.fs.PathJoin("seg", dir)))
		if err != nil {
			return s.fileError("reading directory", dir, err)
		}
		for _, name := range files {
			if path := s.fs.PathJoin("seg", dir, name); !used[path] {
				c.report.Orphans = append(c.report.Orphans, path)
			}
		}
	}
	return nil
}
