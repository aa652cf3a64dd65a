package mvcc

import (
	"context"
	"errors"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
)

// defaultCheckpointBytes is the length of log that starts a checkpoint when the options do not say.
const defaultCheckpointBytes = 256 << 20

// tableCut is a table as of the checkpoint's commit.
type tableCut struct {
	table  *table
	schema schemaVersion
	next   uint32
	chunks []chunkCut
}

// chunkCut is the part of a chunk that the checkpoint covers.
type chunkCut struct {
	chunk   *chunk
	rows    int
	open    bool
	deletes *deleteSet
	at      *sealedChunk // where those rows lie; nil until written
}

// Checkpoint writes everything committed so far to segment files and a new manifest, and trims the
// log. Commits go on meanwhile. It does nothing for a store in memory. A checkpoint that fails
// changes nothing: the log has it all.
func (s *Store) Checkpoint(ctx context.Context) error {
	if s.dir == "" {
		return nil
	}
	s.checkpointMu.Lock()
	defer s.checkpointMu.Unlock()
	if err := s.failure(); err != nil {
		return err
	}
	m, cuts := s.cut()
	if err := s.broken(s.log.Flush()); err != nil {
		return err
	}
	for i := range cuts {
		if err := s.writeCut(ctx, &cuts[i]); err != nil {
			return err
		}
	}
	for i := range cuts {
		mt, err := s.describe(&cuts[i])
		if err != nil {
			return err
		}
		m.Tables = append(m.Tables, mt)
	}
	m.NextSegment = s.nextSegment.Load()
	previous := manifestName(s.manifestNumber)
	if err := s.switchManifest(m); err != nil {
		return err
	}
	s.checkpointedAt.Store(s.log.Bytes())
	s.adoptCuts(cuts)
	if err := s.marker.removeObsolete(); err != nil {
		return s.fileError("removing old markers in", "", err)
	}
	s.pins.replace(previous, m.WAL)
	return s.removeReplaced()
}

// cut takes the state of all tables at one commit, and makes later commits go into a new log file.
func (s *Store) cut() (*manifest, []tableCut) {
	horizon := s.horizon()
	s.times.forget(horizon)
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &manifest{UUID: s.uuid, At: s.last, WAL: s.log.Roll(), NextID: s.nextID.Load()}
	var cuts []tableCut
	for id, t := range s.tables {
		if t.newest().dropped {
			if t.newest().at <= horizon {
				s.forget(id, t)
			}
			continue
		}
		t.vacuum(s, horizon)
		cut := tableCut{table: t, schema: *t.newest(), next: t.next}
		for _, c := range t.chunks {
			if c.rows == 0 {
				continue
			}
			part := chunkCut{chunk: c, rows: c.rows, open: !c.closed, deletes: c.deletes, at: c.sealed.Load()}
			if part.open && c.saved != nil && c.saved.meta.Rows == c.rows {
				part.at = c.saved
			}
			cut.chunks = append(cut.chunks, part)
		}
		cuts = append(cuts, cut)
	}
	slices.SortFunc(cuts, func(a, b tableCut) int { return int(a.table.id) - int(b.table.id) })
	return m, cuts
}

// forget ends a dropped table that no snapshot sees any more.
func (s *Store) forget(id TableID, t *table) {
	delete(s.tables, id)
	for _, c := range t.chunks {
		s.discard(c.sealed.Load())
		s.discard(c.saved)
	}
	s.dictsMu.Lock()
	defer s.dictsMu.Unlock()
	for key := range s.dicts {
		if key.table == id {
			delete(s.dicts, key)
		}
	}
}

// vacuum takes closed chunks out of which every snapshot sees all rows deleted.
func (t *table) vacuum(s *Store, horizon Timestamp) {
	kept := make([]*chunk, 0, len(t.chunks))
	for _, c := range t.chunks {
		if c.closed && c.deletes != nil && c.deletes.last() <= horizon {
			if gone := c.deletes.at(horizon); gone != nil && gone.Count() == c.rows {
				s.discard(c.sealed.Load())
				continue
			}
		}
		kept = append(kept, c)
	}
	t.chunks = kept
}

// writeCut writes the rows that lie in memory only into one segment file per shape of chunk.
func (s *Store) writeCut(ctx context.Context, cut *tableCut) error {
	var out *openSegment
	var parts []*chunkCut
	finish := func() error {
		if out == nil {
			return nil
		}
		meta, err := s.completeSegment(out)
		if err != nil {
			return err
		}
		file := segment.NewFile(s.fs, s.path(out.path), meta)
		s.addFile(file)
		for i, p := range parts {
			p.at = out.sealed[i]
			p.at.file = file
		}
		out, parts = nil, nil
		return nil
	}
	for i := range cut.chunks {
		p := &cut.chunks[i]
		if p.at != nil {
			continue
		}
		if len(parts) > 0 && !sameFields(parts[0].chunk.fields, p.chunk.fields) {
			if err := finish(); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return s.giveUp(out, err)
		}
		if out == nil {
			var err error
			if out, err = s.createSegment(cut.table.id, segmentSchema(p.chunk.fields), func(string) {}); err != nil {
				return err
			}
		}
		columns, zones := s.rowsOfCut(cut.table.id, p)
		if err := out.add(p.chunk, columns, zones); err != nil {
			return s.giveUp(out, s.fileError("writing segment file", out.path, err))
		}
		parts = append(parts, p)
	}
	return finish()
}

// giveUp removes a half-written segment.
func (s *Store) giveUp(out *openSegment, err error) error {
	if out == nil {
		return err
	}
	return errors.Join(err, out.file.Close(), s.fs.Remove(s.path(out.path)))
}

// rowsOfCut gives the closed columns of a chunk in memory, or of the prefix of an open one.
func (s *Store) rowsOfCut(id TableID, p *chunkCut) ([]*columnar.Vector, []*Zone) {
	c := p.chunk
	if !p.open {
		c.narrow(s.dictsOfTable(id))
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.columns, c.zones
	}
	columns := make([]*columnar.Vector, len(c.fields))
	zones := make([]*Zone, len(c.fields))
	for i, f := range c.fields {
		b := segment.NewColumnBuilder(f.Type)
		b.Append(s.prefixOf(id, c, i, p.rows), nil)
		columns[i], zones[i] = b.Close(s.dictsOf(id, f.FieldID))
	}
	return columns, zones
}

// prefixOf is the first rows of a chunk that was open at the cut, whatever became of it since.
func (s *Store) prefixOf(id TableID, c *chunk, ordinal, rows int) *columnar.Vector {
	s.mu.RLock()
	if !c.closed {
		defer s.mu.RUnlock()
		return c.builders[ordinal].View(rows)
	}
	s.mu.RUnlock()
	c.narrow(s.dictsOfTable(id))
	c.mu.Lock()
	defer c.mu.Unlock()
	var v columnar.Vector
	c.columns[ordinal].Slice(0, rows, &v)
	return &v
}

// describe makes a table's entry of the manifest.
func (s *Store) describe(cut *tableCut) (manifestTable, error) {
	mt := manifestTable{ID: cut.table.id, Schema: encodeSchema(cut.schema.name, cut.schema.schema), SchemaAt: cut.schema.at, Next: cut.next}
	for _, p := range cut.chunks {
		entry := chunkRecord{ID: p.chunk.id, Open: p.open}
		if p.deletes != nil {
			all := p.deletes.union()
			data, err := all.ToBytes()
			if err != nil {
				return mt, err
			}
			entry.Deletes = data
		}
		mt.Segments.addChunk(s, p.at, entry)
	}
	return mt, nil
}

// adoptCuts lets closed chunks leave memory now that a manifest names their files, and remembers what
// was saved of open ones.
func (s *Store) adoptCuts(cuts []tableCut) {
	for i := range cuts {
		for _, p := range cuts[i].chunks {
			c := p.chunk
			if !p.open {
				if c.sealed.Load() == nil {
					s.sealChunk(c, p.at)
				}
				s.mu.Lock()
				s.discard(c.saved)
				c.saved = nil
				s.mu.Unlock()
				continue
			}
			s.mu.Lock()
			if c.saved != p.at {
				s.discard(c.saved)
				c.saved = p.at
			}
			s.mu.Unlock()
		}
	}
}

// discard notes that a chunk does not need a file any more.
func (s *Store) discard(at *sealedChunk) {
	if at == nil {
		return
	}
	s.filesMu.Lock()
	defer s.filesMu.Unlock()
	s.garbage = append(s.garbage, garbageFile{path: s.relative(at.file.Path()), at: s.Version()})
}

// garbageFile may be removed when no snapshot up to `at` is open and no chunk lies in it.
type garbageFile struct {
	path string
	at   Timestamp
}

// sweep removes files that nothing uses any more. Those that cannot go yet wait for the next checkpoint.
func (s *Store) sweep() {
	used := s.usedFiles()
	oldest, any := s.oldestSnapshot()
	s.filesMu.Lock()
	var kept []garbageFile
	var gone []string
	for _, g := range s.garbage {
		switch {
		case used[g.path]:
		case any && oldest <= g.at:
			kept = append(kept, g)
		default:
			gone = append(gone, g.path)
		}
	}
	s.garbage = kept
	s.filesMu.Unlock()
	for _, path := range gone {
		s.removeSegment(path)
	}
}

// usedFiles lists the files that chunks of tables lie in.
func (s *Store) usedFiles() map[string]bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	used := map[string]bool{}
	for _, t := range s.tables {
		for _, c := range t.chunks {
			for _, at := range []*sealedChunk{c.sealed.Load(), c.saved} {
				if at != nil {
					used[s.relative(at.file.Path())] = true
				}
			}
		}
	}
	return used
}

func (s *Store) oldestSnapshot() (oldest Timestamp, any bool) {
	s.activeMu.Lock()
	defer s.activeMu.Unlock()
	for at := range s.active {
		if !any || at < oldest {
			oldest, any = at, true
		}
	}
	return oldest, any
}

// afterCommit starts a checkpoint in the background when the log has grown long.
func (s *Store) afterCommit() {
	limit := s.opts.CheckpointBytes
	if limit == 0 {
		limit = defaultCheckpointBytes
	}
	if s.log == nil || limit < 0 || s.log.Bytes()-s.checkpointedAt.Load() < limit || !s.checkpointing.CompareAndSwap(false, true) {
		return
	}
	s.activeMu.Lock()
	defer s.activeMu.Unlock()
	if s.closed {
		return
	}
	s.background.Go(func() {
		defer s.checkpointing.Store(false)
		if err := s.Checkpoint(context.Background()); err != nil {
			s.checkpointErr.Store(&err)
		}
	})
}

// CheckpointError is what the last checkpoint in the background failed with, nil when it did not.
func (s *Store) CheckpointError() error {
	if err := s.checkpointErr.Load(); err != nil {
		return *err
	}
	return nil
}
