package mvcc

import (
	"fmt"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/axiomhq/hyperloglog"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/sqlerr"
)

// table is the shared state of a table. All of it is guarded by Store.mu.
type table struct {
	id       TableID
	versions []schemaVersion // ascending, at least one
	chunks   []*chunk        // in table order; the open one, if any, is the last
	next     uint32          // number of the next chunk
	// sketches estimate distinct values by field over the chunks whose zones have no sketch themselves,
	// which are those that a manifest listed, and more. The map is not written to.
	sketches map[int32]*hyperloglog.Sketch

	shown atomic.Pointer[weak.Pointer[Table]] // what a transaction read last

	keysMu sync.Mutex
	keys   map[string]*keyIndex  // of the open chunk, by name of the key
	orders map[string]*openOrder // of the open chunk, by fields
}

// newest is the schema that commits are checked against.
func (t *table) newest() *schemaVersion { return &t.versions[len(t.versions)-1] }

// asOf is the schema that a snapshot sees; nil before the table was made or after it was dropped.
func (t *table) asOf(snapshot Timestamp) *schemaVersion {
	for i := len(t.versions) - 1; i >= 0; i-- {
		if v := &t.versions[i]; v.at <= snapshot {
			if v.dropped {
				return nil
			}
			return v
		}
	}
	return nil
}

// find gives a chunk by number.
func (t *table) find(id uint32) *chunk {
	for i := len(t.chunks) - 1; i >= 0; i-- {
		if t.chunks[i].id == id {
			return t.chunks[i]
		}
	}
	return nil
}

// openChunk is the chunk that takes small appends, made when there is none with room.
func (t *table) openChunk() *chunk {
	if n := len(t.chunks); n > 0 && !t.chunks[n-1].closed {
		c := t.chunks[n-1]
		if c.room() > 0 {
			return c
		}
		c.closed = true
	}
	c := newChunk(t.next, t.newest().schema.Columns)
	t.next++
	t.chunks = append(t.chunks[:len(t.chunks):len(t.chunks)], c)
	return c
}

// adopt puts a closed chunk into the table, before the open one.
func (t *table) adopt(c *chunk) {
	c.id = t.next
	t.next++
	at := len(t.chunks)
	if at > 0 && !t.chunks[at-1].closed {
		at--
	}
	chunks := make([]*chunk, 0, len(t.chunks)+1)
	chunks = append(append(append(chunks, t.chunks[:at]...), c), t.chunks[at:]...)
	t.chunks = chunks
}

// appendRows copies rows of cols into open chunks.
func (t *table) appendRows(cols []*columnar.Vector, sel []uint32, n int, at, horizon Timestamp) {
	for from := 0; from < n; {
		c := t.openChunk()
		count := min(n-from, c.room())
		part, rows := cols, sel
		switch {
		case sel != nil:
			rows = sel[from : from+count]
		case count < n:
			rows = ascendingRows(from, count)
		}
		c.append(part, rows, count)
		c.note(at, horizon)
		from += count
	}
}

// ascendingRows lists n row numbers from `from` on.
func ascendingRows(from, n int) []uint32 {
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(from + i)
	}
	return rows
}

// closeOpen ends the open chunk: rows of another shape follow.
func (t *table) closeOpen() {
	if n := len(t.chunks); n > 0 {
		t.chunks[n-1].closed = true
	}
}

// checkColumns reports a batch that does not have the table's columns, or a NULL where none may be.
func checkColumns(name string, s *Schema, b *columnar.Batch) error {
	if len(b.Cols) != len(s.Columns) {
		return fmt.Errorf("appending %d columns to table %q, which has %d", len(b.Cols), name, len(s.Columns))
	}
	for i := range s.Columns {
		def := &s.Columns[i]
		if def.Type.Class() != b.Cols[i].Type.Class() {
			return fmt.Errorf("appending %s to column %q of type %s", b.Cols[i].Type, def.Name, def.Type)
		}
		if def.NotNull && b.Cols[i].Valid != nil && hasNull(b, b.Cols[i]) {
			return sqlerr.New(sqlerr.NotNullViolation, "null value in column %q of relation %q violates not-null constraint", def.Name, name)
		}
	}
	return nil
}

func hasNull(b *columnar.Batch, v *columnar.Vector) bool {
	if b.Sel != nil {
		for _, row := range b.Sel {
			if v.IsNull(int(row)) {
				return true
			}
		}
		return false
	}
	for i := range b.Len {
		if v.IsNull(i) {
			return true
		}
	}
	return false
}

// dictsOfTable gives the dictionaries shared by the chunks of each of a table's columns.
func (s *Store) dictsOfTable(id TableID) func(field int32) *segment.Dictionaries {
	return func(field int32) *segment.Dictionaries { return s.dictsOf(id, field) }
}

func (s *Store) dictsOf(id TableID, field int32) *segment.Dictionaries {
	key := columnKey{table: id, field: field}
	s.dictsMu.Lock()
	defer s.dictsMu.Unlock()
	d := s.dicts[key]
	if d == nil {
		d = segment.NewDictionaries()
		s.dicts[key] = d
	}
	return d
}

type columnKey struct {
	table TableID
	field int32
}
