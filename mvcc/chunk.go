package mvcc

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index"
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
	until   Timestamp    // the commit that retired the chunk: its live rows are in moved ones; 0 while it is live
	moved   bool         // a compaction made it from rows of other chunks, which count as no new rows
	born    Timestamp    // of a moved chunk: the newest commit that inserted any of its rows
	moves   []place      // of a retired chunk: where its rows are, while older transactions are open
	saved   *sealedChunk // the last checkpoint's copy of an open chunk

	builders []*segment.ColumnBuilder // nil once closed for good

	pieces    zonePieces // of an open chunk
	narrowing sync.Once
	sealed    atomic.Pointer[sealedChunk]
	mu        sync.Mutex
	columns   []*columnar.Vector                 // closed vectors by ordinal in fields; nil while in builders or when sealed
	inOrder   atomic.Pointer[ordered.Component]  // of columns that ascend, once one was asked for
	inMemory  atomic.Pointer[[]*columnar.Vector] // columns, for those without mu
	zones     []*Zone
	described atomic.Pointer[[]*Zone]    // zones of a closed chunk, for those without mu
	indexes   map[string]index.Component // of a chunk in memory, by path
	computed  map[int32]*computedRows    // of an open chunk, by field
	derived   map[int32]*columnar.Vector // computed columns of a closed chunk in memory
}

// rowsAt says how many rows of a chunk a snapshot from `at` on sees.
type rowsAt struct {
	at   Timestamp
	rows int
}

func newChunk(id uint32, fields []ColumnDef) *chunk {
	c := &chunk{id: id, fields: fields, builders: make([]*segment.ColumnBuilder, len(fields))}
	room := make([]segment.ColumnBuilder, len(fields))
	for i, f := range fields {
		room[i].Init(f.Type)
		c.builders[i] = &room[i]
	}
	return c
}

// retired reports whether a compaction has moved the chunk's rows elsewhere. Snapshots before it read
// them here still.
func (c *chunk) retired() bool { return c.until != 0 }

// visible is the length of the prefix that a snapshot sees, 0 when the chunk is not there for it.
func (c *chunk) visible(snapshot Timestamp) int {
	if c.retired() && snapshot >= c.until {
		return 0
	}
	return c.rowsUpTo(snapshot)
}

// rowsUpTo is the number of rows that commits up to and including at had put into the chunk.
func (c *chunk) rowsUpTo(at Timestamp) int {
	if n := c.upTo(at); n > 0 {
		return c.history[n-1].rows
	}
	return 0
}

// upTo is the number of entries of the history up to and including a commit.
func (c *chunk) upTo(at Timestamp) int {
	if n := len(c.history); n > 0 && c.history[n-1].at <= at {
		return n
	}
	return sort.Search(len(c.history), func(i int) bool { return c.history[i].at > at })
}

// note records that a commit made the chunk c.rows long, and forgets lengths that no snapshot from the
// horizon on asks for, when they are many, and at least half of all.
func (c *chunk) note(at, horizon Timestamp) {
	c.history = append(c.history, rowsAt{at: at, rows: c.rows})
	if n := c.upTo(horizon) - 1; n > 32 && n >= len(c.history)/2 {
		c.history = slices.Clone(c.history[n:])
	}
}

// lastChange is the timestamp of the newest commit up to the snapshot that touched the chunk.
func (c *chunk) lastChange(snapshot Timestamp) Timestamp {
	last := c.deletes.lastUpTo(snapshot)
	if n := c.upTo(snapshot); n > 0 {
		last = max(last, c.history[n-1].at)
	}
	return last
}

// newest is the newest commit that inserted any of the rows. Moving them inserts nothing.
func (c *chunk) newest() Timestamp {
	if c.moved && c.born != 0 {
		return c.born
	}
	return c.history[len(c.history)-1].at
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
		c.columns, c.zones, c.builders, c.computed = columns, zones, nil, nil
	})
}

// closedZones gives the zones of a chunk whose builders are closed for good (narrow).
func (c *chunk) closedZones() []*Zone {
	if zones := c.described.Load(); zones != nil {
		return *zones
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	zones := c.zones
	c.described.Store(&zones)
	return zones
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
