package mvcc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc/archive"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// quarantineDir holds what was damaged and put aside.
const quarantineDir = "quarantine"

// Loss is what a damaged file took with it.
type Loss struct {
	Table string // "" for a part of the log
	File  string // under the database's directory
	Aside string // where it was put, under the database's directory; "" for a file that is missing
	Rows  int64  // live ones
	// Of the log: the records from FromLSN on are lost, up to ToLSN as far as can be told, Commits of them
	// the ends of transactions that were whole.
	FromLSN, ToLSN uint64
	Commits        int
	Err            error // what is damaged, with file and offset
}

func (l Loss) String() string {
	text := l.Err.Error()
	var known *sqlerr.Error
	if errors.As(l.Err, &known) {
		text = known.Message
	}
	if l.Table == "" {
		return fmt.Sprintf("records %d to %d of the log, at least %d transactions, are lost: %s", l.FromLSN, l.ToLSN, l.Commits, text)
	}
	return fmt.Sprintf("%d rows of table %q are lost: %s", l.Rows, l.Table, text)
}

// Losses is what opening with quarantine gave up.
func (s *Store) Losses() []Loss { return s.losses }

// errStop ends a replay before a commit that does not fit.
var errStop = errors.New("stop")

// salvage is reload for a database that is damaged: it takes the log up to the damage, and instead of
// chunks that cannot be read, as many deleted rows, so that all other rows keep their places (M1).
func (s *Store) salvage(m *manifest) (wal.State, error) {
	state, err := s.salvageOnce(m)
	var misfit *misfitError
	if !errors.As(err, &misfit) {
		return state, s.salvaged(state, err)
	}
	// A commit that does not fit may have been applied in part: begin anew and stop before it.
	s.tables, s.last, s.losses = map[TableID]*table{}, 0, nil
	s.stopAt = misfit.at
	state, again := s.salvageOnce(m)
	if !errors.Is(again, errStop) {
		return state, errors.Join(misfit.err, again)
	}
	return state, s.salvaged(state, misfit.err)
}

// salvageAll recovers what is sound, and says where the log goes on.
func (s *Store) salvageAll(m *manifest) (wal.State, error) {
	state, err := s.salvage(m)
	if err != nil {
		return state, err
	}
	if err := s.loseUnreadable(); err != nil {
		return state, err
	}
	s.floor = s.last // history may have holes
	s.publish(s.last)
	s.lossFile = max(state.File, m.WAL)
	if len(s.losses) == 0 {
		return state, nil
	}
	return state.After(s.fs, s.walDir)
}

// misfitError is a commit of the log that the tables do not fit.
type misfitError struct {
	at  Timestamp
	err error
}

func (e *misfitError) Error() string { return e.err.Error() }
func (e *misfitError) Unwrap() error { return e.err }

func (s *Store) salvageOnce(m *manifest) (wal.State, error) {
	if err := s.load(m); err != nil {
		return wal.State{}, err
	}
	s.checkpointed, s.firstLog = m.At, m.WAL
	return wal.Read(s.fs, s.walDir, s.uuid, m.WAL, func(records []wal.Record) error {
		at := Timestamp(records[len(records)-1].At)
		if s.stopAt != 0 && at == s.stopAt {
			return errStop
		}
		if err := s.replay(records); err != nil {
			return &misfitError{at: at, err: err}
		}
		return nil
	}, s.tellRecovery())
}

// salvaged notes what of the log is lost, and gives back errors that are no damage.
func (s *Store) salvaged(state wal.State, err error) error {
	if err != nil && sqlerr.StateOf(err) != sqlerr.DataCorrupted {
		return err
	}
	if err != nil {
		last, commits, e := wal.Salvage(s.fs, s.walDir, s.uuid, state)
		if e != nil {
			return errors.Join(err, e)
		}
		s.losses = append(s.losses, Loss{FromLSN: state.LSN + 1, ToLSN: max(last, state.LSN+1), Commits: commits, Err: err, File: "wal"})
	}
	return nil
}

// loseUnreadable replaces the chunks that lie in damaged files, and takes the sound ones of such files
// into memory, from where the next checkpoint writes them to new files.
func (s *Store) loseUnreadable() error {
	for _, t := range s.sortedTables() {
		byFile := map[string][]*chunk{}
		for _, c := range t.chunks {
			if at := c.sealed.Load(); at != nil {
				path := s.relative(at.file.Path())
				byFile[path] = append(byFile[path], c)
			}
		}
		for path, chunks := range byFile {
			if err := s.examine(t, path, chunks); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) sortedTables() []*table {
	all := make([]*table, 0, len(s.tables))
	for _, t := range s.tables {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *table) int { return int(a.id) - int(b.id) })
	return all
}

// examine reads a segment file and deals with the chunks in it.
func (s *Store) examine(t *table, path string, chunks []*chunk) error {
	meta := *chunks[0].sealed.Load().file.Meta()
	f := segment.NewFile(s.fs, s.path(path), meta)
	frame := f.CheckFrame()
	bad := make([]error, len(chunks))
	any := false
	for i, c := range chunks {
		at := c.sealed.Load()
		bad[i] = frame
		for ordinal := 0; ordinal < len(at.meta.Columns) && bad[i] == nil; ordinal++ {
			bad[i] = f.CheckColumn(at.group, ordinal, &at.meta)
		}
		any = any || bad[i] != nil
	}
	if err := f.Close(); err != nil {
		return s.fileError("reading", path, err)
	}
	for i, c := range chunks {
		switch {
		case bad[i] != nil:
			s.lose(t, c, bad[i])
		case any:
			if err := s.unseal(t, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// lose puts deleted rows in the place of a chunk's.
func (s *Store) lose(t *table, c *chunk, err error) {
	loss := Loss{Table: t.newest().name, Err: err, Rows: int64(c.rows)}
	if at := c.sealed.Load(); at != nil {
		loss.File = s.relative(at.file.Path())
	} else if c.saved != nil {
		loss.File = s.relative(c.saved.file.Path())
	}
	if c.deletes != nil {
		loss.Rows -= int64(c.deletes.union().GetCardinality())
	}
	if c.retired() || t.newest().dropped {
		loss.Rows = 0 // only history
	}
	s.losses = append(s.losses, loss)
	c.builders = newChunk(c.id, c.fields).builders
	for i, f := range c.fields {
		v := *ConstVector(f.Type, types.Value{Type: f.Type})
		v.Len = c.rows
		c.builders[i].Append(&v, nil)
	}
	all := roaring.New()
	all.AddRange(0, uint64(c.rows))
	c.deletes = c.deletes.with(s.last, all, 0)
	c.sealed.Store(nil)
	c.saved = nil
	if c.closed {
		c.narrow(s.dictsOfTable(t.id))
	}
}

// unseal takes a chunk into memory.
func (s *Store) unseal(t *table, c *chunk) error {
	columns := make([]*columnar.Vector, len(c.fields))
	for i := range c.fields {
		v, err := s.column(context.Background(), t.id, c, i)
		if err != nil {
			return err
		}
		columns[i] = v
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.columns = columns
	c.sealed.Store(nil)
	return nil
}

// putAside keeps the damaged files beside the database, with a report, and writes a manifest that does
// without them.
func (s *Store) putAside() error {
	if len(s.losses) == 0 {
		return nil
	}
	if err := s.fs.MkdirAll(s.path(quarantineDir), 0o755); err != nil {
		return s.fileError("creating directory", quarantineDir, err)
	}
	there, err := s.fs.List(s.path(quarantineDir))
	if err != nil {
		return s.fileError("reading directory", quarantineDir, err)
	}
	dir := s.fs.PathJoin(quarantineDir, fmt.Sprintf("%04d", len(there)+1))
	if err := s.fs.MkdirAll(s.path(dir), 0o755); err != nil {
		return s.fileError("creating directory", dir, err)
	}
	if err := s.keepDamaged(dir); err != nil {
		return err
	}
	var report strings.Builder
	for _, l := range s.losses {
		fmt.Fprintln(&report, l)
	}
	if err := s.writeReport(s.fs.PathJoin(dir, "REPORT"), report.String()); err != nil {
		return err
	}
	for _, d := range []string{dir, quarantineDir, ""} {
		if err := wal.SyncDir(s.fs, s.path(d)); err != nil {
			return s.fileError("syncing directory", d, err)
		}
	}
	return s.Checkpoint(context.Background())
}

// keepDamaged links, or copies, the files of the losses.
func (s *Store) keepDamaged(dir string) error {
	kept := map[string]string{}
	for i := range s.losses {
		l := &s.losses[i]
		files := []string{l.File}
		if l.Table == "" {
			numbers, err := wal.Files(s.fs, s.walDir)
			if err != nil {
				return s.fileError("reading directory", "wal", err)
			}
			files = nil
			for _, n := range numbers {
				if n >= s.lossFile && n < s.log.File() {
					files = append(files, s.fs.PathJoin("wal", wal.FileName(n)))
				}
			}
		}
		for _, path := range files {
			if _, done := kept[path]; !done {
				aside, err := s.keepAside(path, dir)
				if err != nil {
					return err
				}
				kept[path] = aside
			}
			l.Aside = kept[path]
		}
	}
	return nil
}

func (s *Store) keepAside(path, dir string) (aside string, err error) {
	stat, err := s.fs.Stat(s.path(path))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", nil // that is the damage
	case err != nil:
		return "", s.fileError("looking for", path, err)
	}
	aside = s.fs.PathJoin(dir, strings.ReplaceAll(path, "/", "-"))
	if s.fs.Link(s.path(path), s.path(aside)) == nil {
		return aside, nil
	}
	if err := archive.CopyFile(context.Background(), s.fs, s.path(path), s.path(aside), stat.Size()); err != nil {
		return "", s.fileError("putting aside", path, err)
	}
	return aside, nil
}

func (s *Store) writeReport(path, text string) error {
	f, err := s.fs.Create(s.path(path), vfs.WriteCategoryUnspecified)
	if err != nil {
		return s.fileError("creating", path, err)
	}
	_, err = f.Write([]byte(text))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return s.fileError("writing", path, err)
	}
	return nil
}
