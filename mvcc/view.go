package mvcc

import (
	"context"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Table is a table as one transaction saw it when it asked: what was committed up to its snapshot and
// its own writes so far. It stays like that while the transaction goes on writing. Many goroutines
// may read it at once, until the transaction ends.
type Table struct {
	store  *Store
	id     TableID
	name   string
	schema Schema
	views  []*View
	// version is the newest commit that touched the table, changed whether the transaction did.
	version Timestamp
	changed bool
	// schemaAt is the commit that gave the table its schema.
	schemaAt Timestamp
}

// ID is the table's number.
func (t *Table) ID() TableID { return t.id }

// Name is the table's name as storage knows it, for messages.
func (t *Table) Name() string { return t.name }

// Schema is the columns that views deliver.
func (t *Table) Schema() Schema { return t.schema }

// Chunks lists the chunks with visible rows, in the order of the table.
func (t *Table) Chunks() []*View { return t.views }

// Rows is the number of visible rows.
func (t *Table) Rows() int64 {
	var n int64
	for _, v := range t.views {
		n += int64(v.Visible())
	}
	return n
}

// Version is the newest commit in the snapshot that touched the table; own reports writes of the
// transaction itself on top.
func (t *Table) Version() (at Timestamp, own bool) { return t.version, t.changed }

// View is one chunk as a transaction sees it.
type View struct {
	table   *Table
	chunk   *chunk
	guard   *sync.RWMutex // guards the chunk's builders while it is open
	shared  *table        // whose indexes know the open chunk; nil for a transaction's own chunk
	rows    int
	deletes *deleteSet
	at      Timestamp
	own     *roaring.Bitmap

	once    sync.Once
	deleted *Bitmap
}

// ID is the chunk's number, which row ids carry.
func (v *View) ID() uint32 { return v.chunk.id }

// Own reports whether the chunk is the transaction's: nobody else sees its rows.
func (v *View) Own() bool { return v.shared == nil }

// Rows is the number of physical rows in view, deleted ones among them.
func (v *View) Rows() int { return v.rows }

// partial reports that the chunk has rows, and zones, beyond those in view.
func (v *View) partial() bool {
	v.guard.RLock()
	defer v.guard.RUnlock()
	return v.rows < v.chunk.rows
}

// Visible is the number of rows that are not deleted.
func (v *View) Visible() int {
	if d := v.Deleted(); d != nil {
		return v.rows - d.CountBelow(v.rows)
	}
	return v.rows
}

// anyDeleted reports whether a row of the chunk is deleted, without listing which.
func (v *View) anyDeleted() bool {
	return v.own != nil && !v.own.IsEmpty() || v.deletes.lastUpTo(v.at) > 0
}

// Deleted marks the rows in view that are deleted; nil when none is.
func (v *View) Deleted() *Bitmap {
	v.once.Do(func() {
		base := v.deletes.at(v.at)
		if v.own == nil || v.own.IsEmpty() {
			v.deleted = base
			return
		}
		sum := &Bitmap{}
		if base != nil {
			sum.words = append(sum.words, base.words...)
		}
		sum.mark(v.own)
		v.deleted = sum
	})
	return v.deleted
}

// Column delivers the chunk's column of a field: Shared, at least Rows long, in narrow form when the
// chunk is closed, Const when the chunk is older than the column. It reads from disk when the buffer
// pool does not hold the column.
func (v *View) Column(ctx context.Context, field int32) (*columnar.Vector, error) {
	at := v.table.schema.ordinal(field)
	if at < 0 {
		return nil, sqlerr.New(sqlerr.InternalError, "table %q has no field %d", v.table.name, field)
	}
	def := &v.table.schema.Columns[at]
	ordinal := v.chunk.field(field)
	if ordinal < 0 {
		return missingColumn(def, v.rows), nil
	}
	vec, err := v.stored(ctx, ordinal)
	if err != nil {
		return nil, err
	}
	if vec.Type != def.Type {
		retyped := *vec
		retyped.Type = def.Type
		vec = &retyped
	}
	return vec, nil
}

// stored gives a column that the chunk has.
func (v *View) stored(ctx context.Context, ordinal int) (*columnar.Vector, error) {
	if !v.closed() {
		v.guard.RLock()
		if !v.chunk.closed {
			defer v.guard.RUnlock()
			return v.chunk.builders[ordinal].View(v.rows), nil
		}
		v.guard.RUnlock() // closed just now
	}
	v.chunk.narrow(v.table.store.dictsOfTable(v.table.id))
	return v.table.store.column(ctx, v.table.id, v.chunk, ordinal)
}

// missingColumn stands for a column in a chunk that was written before ADD COLUMN.
func missingColumn(def *ColumnDef, rows int) *columnar.Vector {
	b := segment.NewColumnBuilder(def.Type)
	b.Append(ConstVector(def.Type, def.Missing), nil)
	vec := *b.View(1)
	vec.Enc, vec.Len = columnar.Const, rows
	return &vec
}

// ConstVector is a Const vector of one row; a Value without a type counts as NULL.
func ConstVector(t types.Type, value types.Value) *columnar.Vector {
	v := &columnar.Vector{Type: t, Enc: columnar.Const, Len: 1, Shared: true}
	if value.Null || value.Type.Kind == types.Unknown {
		v.Valid = []uint64{0}
	}
	switch t.Class() {
	case types.ClassInt:
		v.Layout, v.I64 = columnar.I64, []int64{value.I}
	case types.ClassDecimal:
		v.Layout, v.I64 = columnar.I64, []int64{value.I}
		if value.Wide {
			v.Layout, v.I64, v.I128 = columnar.I128, nil, []types.Int128{value.D}
		}
	case types.ClassFloat:
		v.Layout, v.F64 = columnar.F64, []float64{value.F}
	case types.ClassBytes:
		v.Layout, v.Offsets, v.Bytes = columnar.Str, []uint32{0, uint32(len(value.S))}, []byte(value.S)
	case types.ClassInterval:
		v.Layout, v.Spans = columnar.Spans, []types.Span{value.Span}
	case types.ClassUUID:
		var id [16]byte
		copy(id[:], value.S)
		v.Layout, v.UUID = columnar.Bytes16, [][16]byte{id}
	}
	return v
}

// Zone describes a column of the chunk's physical rows, of which those in view are a part; nil when
// nothing is known, as for a chunk that is still open.
func (v *View) Zone(field int32) *Zone {
	ordinal := v.chunk.field(field)
	if ordinal < 0 {
		at := v.table.schema.ordinal(field)
		if at < 0 {
			return nil
		}
		return missingZone(&v.table.schema.Columns[at], v.rows)
	}
	if zones := v.chunk.described.Load(); zones != nil {
		return (*zones)[ordinal]
	}
	if !v.closed() {
		return nil
	}
	v.chunk.narrow(v.table.store.dictsOfTable(v.table.id))
	return v.chunk.closedZones()[ordinal]
}

func missingZone(def *ColumnDef, rows int) *Zone {
	z := &Zone{Min: def.Missing, Max: def.Missing, Exact: true, Sorted: true, Distinct: 1}
	if def.Missing.Null || def.Missing.Type.Kind == types.Unknown {
		z.Min, z.Max, z.Nulls, z.Sorted, z.Distinct = types.Null(def.Type), types.Null(def.Type), rows, false, 0
	}
	return z
}
