package mvcc

import (
	"fmt"

	"github.com/axiomhq/hyperloglog"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/sqlerr"
)

// load makes the tables of a manifest.
func (s *Store) load(m *manifest) error {
	s.uuid, s.last, s.floor, s.origins = m.UUID, m.At, m.Floor, m.Origins
	s.nextID.Store(m.NextID)
	s.nextSegment.Store(m.NextSegment)
	s.times.restore(m.Times)
	for i := range m.Tables {
		t, err := s.loadTable(&m.Tables[i])
		if err != nil {
			return damaged("the manifest", err)
		}
		s.tables[t.id] = t
		for _, c := range t.chunks {
			if !c.closed {
				err := s.thaw(t.id, c)
				switch {
				case err != nil && s.opts.Quarantine && sqlerr.StateOf(err) == sqlerr.DataCorrupted:
					s.lose(t, c, err)
				case err != nil:
					return err
				}
			}
		}
	}
	return nil
}

func (s *Store) loadTable(mt *manifestTable) (*table, error) {
	t := &table{id: mt.ID, next: mt.Next}
	for i := range mt.Versions {
		v := &mt.Versions[i]
		schema, err := v.Schema.schema()
		if err != nil {
			return nil, err
		}
		s.computes(&schema)
		t.versions = append(t.versions, schemaVersion{at: v.At, name: v.Schema.Name, schema: schema, dropped: v.Schema.Dropped})
	}
	for _, f := range mt.Sketches {
		if t.sketches == nil {
			t.sketches = map[int32]*hyperloglog.Sketch{}
		}
		t.sketches[f.field] = f.sketch
	}
	files := make([]loadedFile, len(mt.Files))
	for i := range mt.Files {
		files[i] = s.loadFile(mt.Files[i])
	}
	t.chunks = make([]*chunk, len(mt.Chunks))
	for i := range mt.Chunks {
		c, err := loadChunk(&mt.Chunks[i], &files[mt.Chunks[i].File])
		if err != nil {
			return nil, fmt.Errorf("chunk %d of table %d: %w", mt.Chunks[i].ID, t.id, err)
		}
		t.chunks[i] = c
	}
	return t, nil
}

// loadedFile is a segment file and the columns of its chunks.
type loadedFile struct {
	file   *segment.File
	fields []ColumnDef
}

func (s *Store) loadFile(r fileRecord) loadedFile {
	f := loadedFile{file: s.knownFile(r), fields: make([]ColumnDef, len(r.Meta.Columns))}
	for i, col := range r.Meta.Columns {
		f.fields[i] = ColumnDef{FieldID: col.Field, Name: col.Name, Type: col.Type, NotNull: col.Required}
	}
	return f
}

// sealedChunk makes a closed chunk that lies in the file.
func (f *loadedFile) sealedChunk(group int, meta segment.GroupMeta) *chunk {
	c := &chunk{fields: f.fields, rows: meta.Rows, closed: true, zones: make([]*Zone, len(meta.Columns))}
	for i := range meta.Columns {
		c.zones[i] = meta.Columns[i].Zone
	}
	c.sealed.Store(&sealedChunk{file: f.file, group: group, meta: meta})
	return c
}

func loadChunk(r *manifestChunk, f *loadedFile) (*chunk, error) {
	c := f.sealedChunk(r.Group, r.Meta)
	c.id, c.closed, c.moved, c.until, c.history = r.ID, !r.Open, r.Moved, r.Until, r.History
	for _, d := range r.Deltas {
		rows, err := readBitmap(d.Rows, c.rows)
		if err != nil {
			return nil, err
		}
		c.deletes = c.deletes.with(d.At, rows, 0)
	}
	return c, nil
}

func damaged(what string, err error) error {
	return sqlerr.New(sqlerr.DataCorrupted, "%s is damaged: %w", what, err)
}

// sealedChunks makes the chunks of a Segment record, visible from its commit on.
func (s *Store) sealedChunks(r *segmentRecord, at Timestamp) ([]*chunk, error) {
	files := make([]loadedFile, len(r.Files))
	for i, f := range r.Files {
		files[i] = s.loadFile(f)
	}
	chunks := make([]*chunk, len(r.Chunks))
	for i := range r.Chunks {
		entry := &r.Chunks[i]
		if entry.File < 0 || entry.File >= len(files) || len(entry.Meta.Columns) != len(r.Files[entry.File].Meta.Columns) {
			return nil, fmt.Errorf("chunk %d has no file", i)
		}
		c := files[entry.File].sealedChunk(entry.Group, entry.Meta)
		c.history = []rowsAt{{at: at, rows: c.rows}}
		if len(entry.Deletes) > 0 {
			rows, err := readBitmap(entry.Deletes, c.rows)
			if err != nil {
				return nil, err
			}
			c.deletes = c.deletes.with(at, rows, 0)
		}
		chunks[i] = c
	}
	return chunks, nil
}

// knownFile gives the open form of a file, made on first mention.
func (s *Store) knownFile(r fileRecord) *segment.File {
	s.filesMu.Lock()
	defer s.filesMu.Unlock()
	f := s.files[r.Path]
	if f == nil {
		f = segment.NewFile(s.fs, s.path(r.Path), r.Meta)
		f.Lend(&s.buffers)
		s.files[r.Path] = f
	}
	return f
}

// thaw makes a chunk that still takes rows appendable again: its columns go back into builders.
func (s *Store) thaw(id TableID, c *chunk) error {
	at := c.sealed.Load()
	open := newChunk(c.id, c.fields)
	for i := range c.fields {
		v, err := at.file.ReadColumn(at.group, i, at.meta.Rows, &at.meta.Columns[i], s.dictsOf(id, c.fields[i].FieldID))
		if err != nil {
			return err
		}
		open.builders[i].Append(v, nil)
	}
	c.builders, c.closed, c.zones, c.saved = open.builders, false, nil, at
	c.described.Store(nil)
	c.inMemory.Store(nil)
	c.inOrder.Store(nil)
	c.sealed.Store(nil)
	return nil
}
