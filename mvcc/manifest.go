package mvcc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// manifest is the whole state of the tables as of a commit; the log from file WAL on has the rest.
type manifest struct {
	UUID        wal.UUID        `json:"uuid"`
	At          Timestamp       `json:"at"`
	WAL         uint64          `json:"wal"`
	NextID      uint32          `json:"next_id"`
	NextSegment uint64          `json:"next_segment"`
	Tables      []manifestTable `json:"tables"`
}

type manifestTable struct {
	ID       TableID       `json:"id"`
	Schema   schemaRecord  `json:"schema"`
	SchemaAt Timestamp     `json:"schema_at"`
	Next     uint32        `json:"next_chunk"`
	Segments segmentRecord `json:"segments"`
}

// A manifest file is a header of 24 bytes (magic, format version, CRC32C of the body, length of the
// body) and the body, JSON.
const (
	manifestHeaderSize = 24
	manifestVersion    = 1
)

var (
	manifestMagic = [8]byte{'O', 'X', 'I', 'D', 'B', 'M', 'A', 'N'}
	castagnoli    = crc32.MakeTable(crc32.Castagnoli)
)

func manifestName(n uint64) string { return fmt.Sprintf("MANIFEST-%06d", n) }

// writeManifest makes a manifest file durable under its own name.
func (s *Store) writeManifest(name string, m *manifest) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	head := make([]byte, manifestHeaderSize)
	copy(head, manifestMagic[:])
	binary.LittleEndian.PutUint32(head[8:], manifestVersion)
	binary.LittleEndian.PutUint32(head[12:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint64(head[16:], uint64(len(body)))
	f, err := s.fs.Create(s.path(name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return s.fileError("creating", name, err)
	}
	_, err = f.Write(append(head, body...))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return s.fileError("writing", name, err)
	}
	if err := wal.SyncDir(s.fs, s.dir); err != nil {
		return s.fileError("writing", name, err)
	}
	return nil
}

func (s *Store) readManifest(name string) (*manifest, error) {
	data, err := s.readFile(name)
	if err != nil {
		return nil, err
	}
	path := s.path(name)
	if len(data) < manifestHeaderSize || [8]byte(data[:8]) != manifestMagic {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "%s is not a manifest of OxiDB", path)
	}
	if v := binary.LittleEndian.Uint32(data[8:]); v != manifestVersion {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "manifest %s has format %d; this version of OxiDB reads format %d", path, v, manifestVersion)
	}
	body := data[manifestHeaderSize:]
	if binary.LittleEndian.Uint64(data[16:]) != uint64(len(body)) || binary.LittleEndian.Uint32(data[12:]) != crc32.Checksum(body, castagnoli) {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "checksum mismatch in manifest %s", path)
	}
	m := &manifest{}
	if err := json.Unmarshal(body, m); err != nil {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "manifest %s cannot be decoded: %w", path, err)
	}
	return m, nil
}

func (s *Store) readFile(name string) (data []byte, err error) {
	f, err := s.fs.Open(s.path(name))
	if err != nil {
		return nil, s.fileError("opening", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stat, err := f.Stat()
	if err != nil {
		return nil, s.fileError("reading", name, err)
	}
	data = make([]byte, stat.Size())
	if len(data) == 0 {
		return data, nil
	}
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, s.fileError("reading", name, err)
	}
	return data, nil
}

// load makes the tables of a manifest.
func (s *Store) load(m *manifest) error {
	s.uuid, s.last = m.UUID, m.At
	s.nextID.Store(m.NextID)
	s.nextSegment.Store(m.NextSegment)
	for i := range m.Tables {
		mt := &m.Tables[i]
		schema, err := mt.Schema.schema()
		if err != nil {
			return damaged("the manifest", err)
		}
		t := &table{id: mt.ID, next: mt.Next, versions: []schemaVersion{{at: mt.SchemaAt, name: mt.Schema.Name, schema: schema}}}
		s.tables[mt.ID] = t
		chunks, err := s.sealedChunks(&mt.Segments, m.At)
		if err != nil {
			return damaged("the manifest", err)
		}
		for j, c := range chunks {
			c.id = mt.Segments.Chunks[j].ID
			if mt.Segments.Chunks[j].Open {
				if err := s.thaw(t.id, c); err != nil {
					return err
				}
			}
		}
		t.chunks = chunks
	}
	return nil
}

func damaged(what string, err error) error {
	return sqlerr.New(sqlerr.DataCorrupted, "%s is damaged: %w", what, err)
}

// sealedChunks makes chunks as a record lists them, visible from a commit on.
func (s *Store) sealedChunks(r *segmentRecord, at Timestamp) ([]*chunk, error) {
	files := make([]*segment.File, len(r.Files))
	for i, f := range r.Files {
		files[i] = s.knownFile(f)
	}
	chunks := make([]*chunk, len(r.Chunks))
	for i := range r.Chunks {
		entry := &r.Chunks[i]
		if entry.File < 0 || entry.File >= len(files) || len(entry.Meta.Columns) != len(r.Files[entry.File].Meta.Columns) {
			return nil, fmt.Errorf("chunk %d has no file", i)
		}
		c := &chunk{rows: entry.Meta.Rows, closed: true, history: []rowsAt{{at: at, rows: entry.Meta.Rows}}}
		for j, col := range r.Files[entry.File].Meta.Columns {
			c.fields = append(c.fields, ColumnDef{FieldID: col.Field, Name: col.Name, Type: col.Type, NotNull: col.Required})
			c.zones = append(c.zones, entry.Meta.Columns[j].Zone)
		}
		if len(entry.Deletes) > 0 {
			rows, err := readBitmap(entry.Deletes, c.rows)
			if err != nil {
				return nil, err
			}
			c.deletes = c.deletes.with(at, rows, 0)
		}
		c.sealed.Store(&sealedChunk{file: files[entry.File], group: entry.Group, meta: entry.Meta})
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
	c.sealed.Store(nil)
	return nil
}
