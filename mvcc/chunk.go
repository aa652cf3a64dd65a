package mvcc

import (
	"sync"
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index/ordered"
)

// localChunk is the first chunk number of rows that only their transaction sees. The numbers below
// belong to the tables.
const localChunk = 1 << 30

// maxOpenBytes closes a chunk early when its values are long.
const maxOpenBytes = 256 << 20

// chunk is up to segment.MaxRows rows. Rows are in builders while the chunk is open; then in closed
// vectors; then, when sealed, in a segment file with the buffer pool before it. The fields up to
// `builders` are guarded by Store.mu, or belong to the transaction of a local chunk.
type chunk struct {
	id      uint32
	fields  []ColumnDef // the columns that its rows were written with
	rows    int         // sequenced rows
	history []rowsAt    // ascending
	deletes *deleteSet
	closed  bool
	saved   *sealedChunk // the last checkpoint's copy of an open chunk

	builders []*segment.ColumnBuilder // nil once closed for good

	narrowing sync.Once
	sealed    atomic.Pointer[sealedChunk]
	mu        sync.Mutex
	columns   []*columnar.Vector // closed vectors by ordinal in fields; nil while in builders or when sealed
	zones     []*Zone
	indexes   map[string]*ordered.Component // by field ids
}

// rowsAt says how many rows of a chunk a snapshot from `at` on sees.
type rowsAt struct {
	at   Timestamp
	rows int
}

func newChunk(id uint32, fields []ColumnDef) *chunk {
	c := &chunk{id: id, fields: fields, builders: make([]*segment.ColumnBuilder, len(fields))}
	for i, f := range fields {
		c.builders[i] = segment.NewColumnBuilder(f.Type)
	}
	return c
}

// visible is the length of the prefix that a snapshot sees.
func (c *chunk) visible(snapshot Timestamp) int {
	for i := len(c.history) - 1; i >= 0; i-- {
		if c.history[i].at <= snapshot {
			return c.history[i].rows
		}
	}
	return 0
}

// note records that a commit made the chunk c.rows long, and forgets lengths that no snapshot asks for.
func (c *chunk) note(at, watermark Timestamp) {
	c.history = append(c.history, rowsAt{at: at, rows: c.rows})
	if len(c.history) < 32 {
		return
	}
	n := 0
	for n+1 < len(c.history) && c.history[n+1].at <= watermark {
		n++
	}
	c.history = append([]rowsAt(nil), c.history[n:]...)
}

// lastChange is the timestamp of the newest commit up to the snapshot that touched the chunk.
func (c *chunk) lastChange(snapshot Timestamp) Timestamp {
	var last Timestamp
	for _, h := range c.history {
		if h.at <= snapshot {
			last = max(last, h.at)
		}
	}
	if c.deletes != nil {
		for _, d := range c.deletes.deltas {
			if d.at <= snapshot {
				last = max(last, d.at)
			}
		}
	}
	return last
}

// append copies rows sel of cols, which follow c.fields, into the builders.
func (c *chunk) append(cols []*columnar.Vector, sel []uint32, n int) {
	for i, b := range c.builders {
		b.Append(cols[i], sel)
	}
	c.rows += n
}

// room is the number of rows that still fit.
func (c *chunk) room() int {
	if c.closed {
		return 0
	}
	size := 0
	for _, b := range c.builders {
		size += b.Size()
	}
	if size > maxOpenBytes {
		return 0
	}
	return segment.MaxRows - c.rows
}

// narrow closes the builders of a closed chunk, once.
func (c *chunk) narrow(dicts func(field int32) *segment.Dictionaries) {
	c.narrowing.Do(func() {
		if c.builders == nil {
			return // made closed
		}
		columns := make([]*columnar.Vector, len(c.fields))
		zones := make([]*Zone, len(c.fields))
		for i, b := range c.builders {
			columns[i], zones[i] = b.Close(dicts(c.fields[i].FieldID))
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.columns, c.zones, c.builders = columns, zones, nil
	})
}

// field finds a column's ordinal in the chunk, or -1 when the chunk is older than the column.
func (c *chunk) field(id int32) int {
	for i := range c.fields {
		if c.fields[i].FieldID == id {
			return i
		}
	}
	return -1
}
