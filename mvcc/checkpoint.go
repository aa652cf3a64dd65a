package mvcc

import (
	"context"
	"errors"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/axiomhq/hyperloglog"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
)

// tableCut is a table as of the checkpoint's commit.
type tableCut struct {
	table    *table
	versions []schemaVersion
	next     uint32
	chunks   []chunkCut
}

// chunkCut is the part of a chunk that the checkpoint covers.
type chunkCut struct {
	chunk   *chunk
	rows    int
	open    bool
	until   Timestamp
	history []rowsAt
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
	m, cuts, err := s.cut()
	if err != nil {
		return err
	}
	if err := s.broken(s.log.Flush()); err != nil {
		return err
	}
	for i := range cuts {
		if err := s.writeCut(ctx, &cuts[i]); err != nil {
			return err
		}
	}
	for i := range cuts {
		mt, err := s.describe(&cuts[i], m.Floor)
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
	s.checkpointedVersion.Store(uint64(m.At))
	s.adoptCuts(cuts)
	if err := s.marker.removeObsolete(); err != nil {
		return s.fileError("removing old markers in", "", err)
	}
	s.pins.replace(previous, m.WAL)
	err = s.removeReplaced()
	s.saveComponents(ctx)
	return err
}

// rollLog locks s.mu and makes later commits go into a new log file.
func (s *Store) rollLog() (number uint64, err error) {
	for {
		if err := s.log.ReserveRoll(); err != nil {
			return 0, err
		}
		s.mu.Lock()
		if number, ok := s.log.Roll(); ok {
			return number, nil
		}
		s.mu.Unlock() // a commit took the file
	}
}

// cut takes the state of all tables at one commit, with the history that snapshots from the horizon on
// need, and makes later commits go into a new log file.
func (s *Store) cut() (*manifest, []tableCut, error) {
	horizon := s.horizon()
	s.times.forget(horizon)
	file, err := s.rollLog()
	if err != nil {
		return nil, nil, err
	}
	defer s.mu.Unlock()
	m := &manifest{UUID: s.uuid, At: s.last, Floor: horizon, WAL: file, NextID: s.nextID.Load(), Origins: s.origins}
	var cuts []tableCut
	for id, t := range s.tables {
		if !s.forgetHistory(id, t, horizon) {
			continue
		}
		cut := tableCut{table: t, versions: t.versions, next: t.next}
		for _, c := range t.chunks {
			if c.rows > 0 {
				cut.chunks = append(cut.chunks, c.cutAt(horizon))
			}
		}
		cuts = append(cuts, cut)
	}
	m.Times = s.times.known()
	slices.SortFunc(cuts, func(a, b tableCut) int { return int(a.table.id) - int(b.table.id) })
	return m, cuts, nil
}

// cutAt is the chunk as it is, with its lengths from the horizon on.
func (c *chunk) cutAt(horizon Timestamp) chunkCut {
	part := chunkCut{chunk: c, rows: c.rows, open: !c.closed, until: c.until, deletes: c.deletes, at: c.sealed.Load()}
	part.history = c.history[max(0, c.upTo(horizon)-1):]
	if part.open && c.saved != nil && c.saved.meta.Rows == c.rows {
		part.at = c.saved
	}
	return part
}

// forgetVersions drops the schemas that no snapshot from the horizon on sees.
func (t *table) forgetVersions(horizon Timestamp) {
	n := 0
	for n+1 < len(t.versions) && t.versions[n+1].at <= horizon {
		n++
	}
	t.versions = t.versions[n:]
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

// vacuum takes out the chunks that no snapshot from the horizon on sees a row of: closed ones whose rows
// are all deleted, and those whose rows a compaction has moved.
func (t *table) vacuum(s *Store, horizon Timestamp) {
	kept := make([]*chunk, 0, len(t.chunks))
	for _, c := range t.chunks {
		if c.retired() && c.until <= horizon {
			s.discard(c.sealed.Load())
			s.discard(c.saved)
			continue
		}
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
func (s *Store) describe(cut *tableCut, horizon Timestamp) (manifestTable, error) {
	mt := manifestTable{ID: cut.table.id, Next: cut.next, Sketches: s.sumSketches(cut)}
	for _, v := range cut.versions {
		record := encodeSchema(v.name, v.schema)
		record.Dropped = v.dropped
		mt.Versions = append(mt.Versions, manifestVersion{At: v.at, Schema: record})
	}
	files := map[*segment.File]int{}
	for i := range cut.chunks {
		p := &cut.chunks[i]
		file, known := files[p.at.file]
		if !known {
			file = len(mt.Files)
			files[p.at.file] = file
			mt.Files = append(mt.Files, fileRecord{Path: s.relative(p.at.file.Path()), Meta: *p.at.file.Meta()})
		}
		deltas, err := p.deletes.since(horizon)
		if err != nil {
			return mt, err
		}
		mt.Chunks = append(mt.Chunks, manifestChunk{ID: p.chunk.id, Open: p.open, Moved: p.chunk.moved, Until: p.until, History: p.history,
			Deltas: deltas, File: file, Group: p.at.group, Meta: p.at.meta})
	}
	return mt, nil
}

// since lists the deltas as a manifest has them: those that every snapshot from the horizon on sees as one.
func (d *deleteSet) since(horizon Timestamp) ([]manifestDelta, error) {
	if d == nil {
		return nil, nil
	}
	var all []manifestDelta
	n := d.upTo(horizon)
	sum := roaring.New()
	for i := range d.deltas {
		d.deltas[i].addTo(sum)
		if i+1 < n {
			continue
		}
		rows, err := sum.ToBytes()
		if err != nil {
			return nil, err
		}
		all = append(all, manifestDelta{At: d.deltas[i].at, Rows: rows})
		sum = roaring.New()
	}
	return all, nil
}

// sumSketches adds up the sketches of the zones of all chunks that are not retired. The table keeps
// the sum: chunks loaded from the manifest have none themselves.
func (s *Store) sumSketches(cut *tableCut) []fieldSketch {
	t := cut.table
	s.mu.RLock()
	before := t.sketches
	s.mu.RUnlock()
	sums, needed := map[int32]*hyperloglog.Sketch{}, false
	for i := range cut.chunks {
		p := &cut.chunks[i]
		if p.until != 0 {
			continue
		}
		for j, f := range p.chunk.fields {
			z := p.at.meta.Columns[j].Zone
			needed = needed || !z.Sketched() && z.Nulls < p.rows
			if z.Sketch != nil {
				sums[f.FieldID] = z.AddTo(sums[f.FieldID])
			}
		}
	}
	if needed { // some chunk's sketch is in the old sum only
		for field, sketch := range before {
			if sums[field] == nil {
				sums[field] = sketch
			} else if sums[field].Merge(sketch) != nil {
				sums[field] = sketch
			}
		}
	}
	s.mu.Lock()
	t.sketches = sums
	s.mu.Unlock()
	all := make([]fieldSketch, 0, len(sums))
	for field, sketch := range sums {
		all = append(all, fieldSketch{field: field, sketch: sketch})
	}
	slices.SortFunc(all, func(a, b fieldSketch) int { return int(a.field) - int(b.field) })
	return all
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
	oldest, any := s.oldestSnapshot() // before the files: a clone that ends in between is in use then
	used := s.usedFiles()
	archived := s.archived()
	s.filesMu.Lock()
	var kept []garbageFile
	var gone []string
	for _, g := range s.garbage {
		switch {
		case used[g.path]:
		case any && oldest <= g.at, g.at > archived:
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
	return s.active.oldest()
}
