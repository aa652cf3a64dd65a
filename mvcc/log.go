package mvcc

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// payload is a log record that lacks its place and timestamp.
type payload struct {
	kind  wal.Type
	table TableID
	data  []byte
}

// schemaRecord is the payload of a Schema record, and a table's schema in a manifest.
type schemaRecord struct {
	Name    string         `json:"name"`
	Columns []columnRecord `json:"columns,omitempty"`
	Keys    []Key          `json:"keys,omitempty"`
	Indexes []Index        `json:"indexes,omitempty"`
	Cluster []int32        `json:"cluster,omitempty"`
	// Computed are the columns of indexes that rows do not have.
	Computed []Computed `json:"computed,omitempty"`
	Dropped  bool       `json:"dropped,omitempty"`
}

type columnRecord struct {
	Field   int32           `json:"field"`
	Name    string          `json:"name"`
	Type    types.Type      `json:"type"`
	NotNull bool            `json:"not_null,omitempty"`
	Missing json.RawMessage `json:"missing,omitempty"`
}

func encodeSchema(name string, s Schema) schemaRecord {
	r := schemaRecord{Name: name, Keys: s.Keys, Indexes: s.Indexes, Cluster: s.Cluster, Computed: s.Computed}
	for _, c := range s.Columns {
		record := columnRecord{Field: c.FieldID, Name: c.Name, Type: c.Type, NotNull: c.NotNull}
		if !c.Missing.Null && c.Missing.Type.Kind != types.Unknown {
			record.Missing = segment.EncodeValue(c.Missing)
		}
		r.Columns = append(r.Columns, record)
	}
	return r
}

func (r *schemaRecord) schema() (Schema, error) {
	s := Schema{Keys: r.Keys, Indexes: r.Indexes, Cluster: r.Cluster, Computed: r.Computed}
	for _, c := range r.Columns {
		def := ColumnDef{FieldID: c.Field, Name: c.Name, Type: c.Type, NotNull: c.NotNull, Missing: types.Null(c.Type)}
		if c.Missing != nil {
			var err error
			if def.Missing, err = segment.DecodeValue(c.Type, c.Missing); err != nil {
				return s, err
			}
		}
		s.Columns = append(s.Columns, def)
	}
	return s, nil
}

// segmentRecord is the payload of a Segment record: whole chunks in files that are on disk, in the
// order in which they join the table.
type segmentRecord struct {
	Files  []fileRecord  `json:"files"`
	Chunks []chunkRecord `json:"chunks"`
}

type fileRecord struct {
	Path string           `json:"path"`
	Meta segment.FileMeta `json:"meta"`
}

// chunkRecord is a sealed chunk. ID and Open stand in manifests of format 1 only: in the log, the
// record's place is the first chunk's number.
type chunkRecord struct {
	ID      uint32            `json:"id,omitempty"`
	Open    bool              `json:"open,omitempty"`
	File    int               `json:"file"`
	Group   int               `json:"group"`
	Meta    segment.GroupMeta `json:"meta"`
	Deletes []byte            `json:"deletes,omitempty"`
}

// addChunk adds a sealed chunk, and its file when that is new.
func (r *segmentRecord) addChunk(s *Store, at *sealedChunk, c chunkRecord) {
	path := s.relative(at.file.Path())
	c.File = -1
	for i := range r.Files {
		if r.Files[i].Path == path {
			c.File = i
		}
	}
	if c.File < 0 {
		c.File = len(r.Files)
		r.Files = append(r.Files, fileRecord{Path: path, Meta: *at.file.Meta()})
	}
	c.Group, c.Meta = at.group, at.meta
	r.Chunks = append(r.Chunks, c)
}

// commitInfo is the payload of a Commit record: 16 bytes, or 8 in logs that knew no times.
type commitInfo struct {
	records int     // before it, of the same transaction
	nextID  TableID // the last number that Store.NewID gave
	micros  int64   // the commit's time, since 1970; 0 when unknown
}

const commitInfoSize = 16

func (i *commitInfo) encode(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(i.records))
	b = binary.LittleEndian.AppendUint32(b, uint32(i.nextID))
	return binary.LittleEndian.AppendUint64(b, uint64(i.micros))
}

func decodeCommit(b []byte) (info commitInfo, err error) {
	if len(b) != 8 && len(b) != commitInfoSize {
		return info, fmt.Errorf("a commit of %d bytes", len(b))
	}
	info.records = int(binary.LittleEndian.Uint32(b))
	info.nextID = TableID(binary.LittleEndian.Uint32(b[4:]))
	if len(b) == commitInfoSize {
		info.micros = int64(binary.LittleEndian.Uint64(b[8:]))
	}
	return info, nil
}

// encode makes the log's payloads of the writes, in the order in which apply notes places. A store in memory has none.
func (s *Store) encode(room *workspace) error {
	if s.dir == "" {
		return nil
	}
	all := room.payloads[:0]
	for i := range room.writes {
		w := &room.writes[i]
		l := w.local
		if l.dropped || l.altered {
			record := encodeSchema(l.name, l.schema)
			record.Dropped = l.dropped
			data, err := json.Marshal(record)
			if err != nil {
				return fmt.Errorf("encoding the schema of table %q: %w", l.name, err)
			}
			all = append(all, payload{kind: wal.Schema, table: w.id, data: data})
		}
		if len(w.adopted) > 0 {
			data, err := s.encodeAdopted(w)
			if err != nil {
				return fmt.Errorf("encoding the segments of table %q: %w", l.name, err)
			}
			all = append(all, payload{kind: wal.Segment, table: w.id, data: data})
		}
		for _, rows := range w.tail {
			all = append(all, payload{kind: wal.Append, table: w.id, data: room.encodeRows(l.schema.Columns, rows)})
		}
		for _, group := range w.deletes {
			data, err := group.rows.ToBytes()
			if err != nil {
				return fmt.Errorf("encoding deletes of table %q: %w", l.name, err)
			}
			all = append(all, payload{kind: wal.Delete, table: w.id, data: data})
		}
	}
	room.payloads = all
	return nil
}

func (s *Store) encodeAdopted(w *tableWrite) ([]byte, error) {
	var record segmentRecord
	for _, c := range w.adopted {
		var entry chunkRecord
		if own := w.local.deletes[c.id]; own != nil {
			deletes, err := own.rows.ToBytes()
			if err != nil {
				return nil, err
			}
			entry.Deletes = deletes
		}
		record.addChunk(s, c.sealed.Load(), entry)
	}
	return json.Marshal(record)
}

func (s *Store) walOptions() wal.Options {
	return wal.Options{FileBytes: s.opts.LogFileBytes, Retain: s.retainLog}
}

// logRoom is room in the log that is a commit's own.
type logRoom struct {
	log   *wal.Log // nil when there is none, or none left
	bytes int64
}

// reserveLog makes sure of room before anything is changed, so that a full disk does no harm.
func (s *Store) reserveLog(payloads []payload) (logRoom, error) {
	if s.log == nil {
		return logRoom{}, nil
	}
	bytes := wal.RecordSize(commitInfoSize)
	for i := range payloads {
		bytes += wal.RecordSize(len(payloads[i].data))
	}
	if err := s.log.Reserve(bytes); err != nil {
		return logRoom{}, err
	}
	return logRoom{log: s.log, bytes: bytes}, nil
}

// use gives the room away.
func (r *logRoom) use() int64 {
	r.log = nil
	return r.bytes
}

// release gives back room that was not used.
func (r *logRoom) release() {
	if r.log != nil {
		r.log.Release(r.bytes)
	}
}

// logCommit hands a transaction to the log; the workspace's places follow its payloads.
func (s *Store) logCommit(txn uint64, at Timestamp, micros int64, w *workspace, room *logRoom) (uint64, error) {
	if s.log == nil {
		return 0, nil
	}
	if len(w.places) != len(w.payloads) {
		return 0, sqlerr.New(sqlerr.InternalError, "%d log records for %d changes", len(w.payloads), len(w.places))
	}
	for i, p := range w.payloads {
		w.records = append(w.records, wal.Record{Type: p.kind, Table: uint32(p.table), Place: w.places[i].encode(), Txn: txn, At: uint64(at), Payload: p.data})
	}
	end := commitInfo{records: len(w.records), nextID: TableID(s.nextID.Load()), micros: micros}
	w.records = append(w.records, wal.Record{Type: wal.Commit, Txn: txn, At: uint64(at), Payload: end.encode(w.end[:0])})
	return s.log.Append(w.records, room.use())
}

func (p place) encode() uint64 { return uint64(p.chunk)<<32 | uint64(p.offset) }

// broken notes an error of the log, which ends all writing (M6).
func (s *Store) broken(err error) error {
	if err != nil {
		s.failed.CompareAndSwap(nil, &err)
	}
	return err
}

// failure is the error for writes to a store whose log has failed, nil while it works.
func (s *Store) failure() error {
	if s.opts.ReadOnly {
		return sqlerr.New(sqlerr.ReadOnlyTransaction, "the database is open read-only")
	}
	err := s.failed.Load()
	if err == nil {
		return nil
	}
	return sqlerr.New(sqlerr.StateOf(*err), "the database is read-only since a write failed: %w", *err).
		WithHint("Close it, mend the cause and open it again; everything acknowledged is in the log.")
}

// readBitmap decodes deletes, which must lie within a chunk of the given rows.
func readBitmap(data []byte, rows int) (*roaring.Bitmap, error) {
	b := roaring.New()
	if _, err := b.ReadFrom(bytes.NewReader(data)); err != nil {
		return nil, fmt.Errorf("deletes: %w", err)
	}
	if !b.IsEmpty() && int(b.Maximum()) >= rows {
		return nil, fmt.Errorf("deletes of row %d in a chunk of %d rows", b.Maximum(), rows)
	}
	return b, nil
}
