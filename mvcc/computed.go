package mvcc

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Computed is a column that no row has: its values follow from others of the row. Keys and indexes have
// it like any other. Its components and values are made when they are asked for, and never stored.
type Computed struct {
	FieldID int32      `json:"field"`
	Expr    string     `json:"expr"` // for Options.Compute
	Type    types.Type `json:"type"`
	Inputs  []int32    `json:"inputs"` // the fields that it follows from

	compute Compute
}

// Compute gives a computed column of rows whose inputs are given, and the errors of rows that have no
// value: those are NULL. It must give the same for the same values for ever, be safe for concurrent use,
// and not call the store.
type Compute func(s *Schema, c *Computed, inputs []*columnar.Vector, rows int) (*columnar.Vector, map[uint32]error)

// computes lets a schema's columns be computed by the store's Compute.
func (s *Store) computes(schema *Schema) {
	if len(schema.Computed) == 0 {
		return
	}
	schema.Computed = slices.Clone(schema.Computed)
	for i := range schema.Computed {
		schema.Computed[i].compute = s.opts.Compute
	}
}

// computed finds a computed column, nil when the field is another one.
func (s *Schema) computed(field int32) *Computed {
	for i := range s.Computed {
		if s.Computed[i].FieldID == field {
			return &s.Computed[i]
		}
	}
	return nil
}

// fieldType is the type of a column, a computed one, too.
func (s *Schema) fieldType(field int32) types.Type {
	if c := s.computed(field); c != nil {
		return c.Type
	}
	return s.Columns[s.ordinal(field)].Type
}

// values computes the column. Without a Compute there are none.
func (c *Computed) values(s *Schema, inputs []*columnar.Vector, rows int) (*columnar.Vector, map[uint32]error) {
	if c.compute == nil {
		v := ConstVector(c.Type, types.Null(c.Type))
		v.Len = rows
		return v, nil
	}
	return c.compute(s, c, inputs, rows)
}

// computeRows gives, by field, the computed columns of rows that follow the schema; it fails with the
// error of the first of rows sel (all n for nil) that has none.
func (s *Schema) computeRows(columns []*columnar.Vector, sel []uint32, n int) (map[int32]*columnar.Vector, error) {
	if len(s.Computed) == 0 {
		return nil, nil
	}
	all := map[int32]*columnar.Vector{}
	for i := range s.Computed {
		c := &s.Computed[i]
		if c.compute == nil {
			return nil, sqlerr.New(sqlerr.InternalError, "the index expression %s cannot be computed here", c.Expr)
		}
		inputs := make([]*columnar.Vector, len(c.Inputs))
		for at, f := range c.Inputs {
			inputs[at] = columns[s.ordinal(f)]
		}
		v, failed := c.values(s, inputs, n)
		if len(failed) > 0 {
			if sel == nil {
				sel = ascendingRows(0, n)
			}
			for _, row := range sel {
				if err := failed[row]; err != nil {
					return nil, err
				}
			}
		}
		all[c.FieldID] = v
	}
	return all, nil
}

// computedRows is a computed column of an open chunk's first rows; it follows the chunk.
type computedRows struct {
	mu      sync.Mutex
	builder *segment.ColumnBuilder
}

// computedPrefix is a computed column of an open chunk's first rows; the caller keeps the chunk's
// builders from changing.
func (c *chunk) computedPrefix(s *Schema, def *Computed, rows int) *columnar.Vector {
	c.mu.Lock()
	x := c.computed[def.FieldID]
	if x == nil {
		x = &computedRows{builder: segment.NewColumnBuilder(def.Type)}
		if c.computed == nil {
			c.computed = map[int32]*computedRows{}
		}
		c.computed[def.FieldID] = x
	}
	c.mu.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if have := x.builder.Rows(); have < rows {
		from := have &^ 63 // vectors are cut at whole words of their validity
		inputs := make([]*columnar.Vector, len(def.Inputs))
		for i, f := range def.Inputs {
			if at := c.field(f); at >= 0 {
				inputs[i] = &columnar.Vector{}
				retyped(c.builders[at].View(rows), s.fieldType(f)).Slice(from, rows, inputs[i])
			} else {
				inputs[i] = missingColumn(&s.Columns[s.ordinal(f)], rows-from)
			}
		}
		v, _ := def.values(s, inputs, rows-from)
		x.builder.Append(v, ascendingRows(have-from, rows-have))
	}
	return x.builder.View(rows)
}

// computedColumn is a computed column of a closed chunk. That of a sealed one lives in the buffer pool.
func (s *Store) computedColumn(ctx context.Context, id TableID, schema *Schema, def *Computed, c *chunk) (*columnar.Vector, error) {
	fill := func() (*columnar.Vector, error) {
		inputs, err := s.indexColumns(ctx, id, schema, &index.Path{Fields: def.Inputs}, c)
		if err != nil {
			return nil, err
		}
		for i, f := range def.Inputs {
			inputs[i] = retyped(inputs[i], schema.fieldType(f))
		}
		v, _ := def.values(schema, inputs, c.rows)
		return v, nil
	}
	if at := c.sealed.Load(); at != nil {
		found, err := s.pool.get(poolKey{file: at.file, group: at.group, index: fmt.Sprintf("=%d@%d", def.FieldID, id)}, func() (pooled, error) {
			v, err := fill()
			return pooled{column: v}, err
		})
		return found.column, err
	}
	c.mu.Lock()
	known := c.derived[def.FieldID]
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	v, err := fill()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.columns != nil { // else sealed meanwhile: the pool will have it
		if c.derived == nil {
			c.derived = map[int32]*columnar.Vector{}
		}
		c.derived[def.FieldID] = v
	}
	return v, nil
}

// retyped is a stored column under the type that it has by now.
func retyped(v *columnar.Vector, t types.Type) *columnar.Vector {
	if v.Type == t {
		return v
	}
	other := *v
	other.Type = t
	return &other
}

// checkComputed verifies that all live rows have values of columns that are new.
func (t *Txn) checkComputed(id TableID, l *localTable, added []Computed) error {
	if len(added) == 0 {
		return nil
	}
	targets, err := t.allChunks(id, l)
	if err != nil {
		return err
	}
	for i := range added {
		def := l.schema.computed(added[i].FieldID)
		for j := range targets {
			inputs, err := t.inputs(id, l, def, &targets[j])
			if err != nil {
				return err
			}
			_, failed := def.values(&l.schema, inputs, inputs[0].Len)
			for row, err := range failed {
				if targets[j].live(row) {
					return err
				}
			}
		}
	}
	return nil
}

// inputs are the columns of a chunk that a computed one follows from.
func (t *Txn) inputs(id TableID, l *localTable, def *Computed, at *target) ([]*columnar.Vector, error) {
	k := &Key{Fields: def.Inputs}
	var inputs []*columnar.Vector
	var err error
	if at.closed {
		at.chunk.narrow(t.store.dictsOfTable(id))
		inputs, err = t.store.indexColumns(context.Background(), id, &l.schema, &index.Path{Fields: def.Inputs}, at.chunk)
	} else {
		inputs, err = t.openColumns(id, l, k, at.chunk)
	}
	for i, f := range def.Inputs {
		if err == nil {
			inputs[i] = retyped(inputs[i], l.schema.fieldType(f))
		}
	}
	return inputs, err
}
