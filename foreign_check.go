package oxidb

import (
	"context"
	"slices"
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// checkWritten verifies a foreign key for the rows that the transaction wrote since a place.
func (sc *scope) checkWritten(ctx context.Context, t *catalog.Table, f *catalog.Foreign, since mvcc.Place) error {
	views, chunks, rows, err := sc.written(t, since)
	if err != nil || rows == 0 {
		return err
	}
	parent, ok := sc.catalog.ByID(f.Table)
	if !ok {
		return sqlerr.New(sqlerr.InternalError, "the constraint %q refers to a table that is not there", f.Name)
	}
	c := &foreignCheck{scope: sc, table: t, parent: parent, key: f, kinds: columnTypes(t, f.Fields), distinct: map[string]struct{}{}}
	for i, v := range views {
		if err := c.collect(ctx, v, chunks[i].(sinceChunk)); err != nil {
			return err
		}
	}
	return c.run(ctx, chunks, rows)
}

// checkAll verifies a foreign key for all rows of a table.
func (sc *scope) checkAll(ctx context.Context, t *catalog.Table, f *catalog.Foreign) error {
	parent, ok := sc.catalog.ByID(f.Table)
	if !ok {
		return sqlerr.New(sqlerr.InternalError, "the constraint %q refers to a table that is not there", f.Name)
	}
	c := &foreignCheck{scope: sc, table: t, parent: parent, key: f}
	if f.Full {
		mixed, err := sc.firstRow(ctx, sc.binder("", nil).ForeignMixed(f, t))
		if err != nil {
			return err
		}
		if mixed != nil {
			return c.mixed()
		}
	}
	sc.txn.NoteRead(t.ID, mvcc.Read{Always: true})
	sc.txn.NoteRead(parent.ID, mvcc.Read{Always: true})
	return c.join(ctx, t)
}

// foreignCheck looks for keys that the referenced table lacks.
type foreignCheck struct {
	*scope
	table, parent *catalog.Table
	key           *catalog.Foreign
	kinds         []types.Type
	// distinct are the keys, by ordered.AppendKey, and cols their values; beyond mostNoted they are not
	// told apart any more, and many is set.
	distinct map[string]struct{}
	builders []*segment.ColumnBuilder
	many     bool
}

// collect notes the keys of a chunk's new rows. MATCH FULL lets a key be NULL as a whole only.
func (c *foreignCheck) collect(ctx context.Context, v *mvcc.View, chunk scan.Chunk) error {
	cols := make([]*columnar.Vector, len(c.key.Fields))
	for i, f := range c.key.Fields {
		var err error
		if cols[i], err = v.Column(ctx, f); err != nil {
			return err
		}
		if c.builders == nil || len(c.builders) <= i {
			c.builders = append(c.builders, segment.NewColumnBuilder(c.kinds[i]))
		}
	}
	var buf []byte
	var picked []uint32
	words, sel := make([]uint64, simd.Words(columnar.BatchSize)), make([]uint32, columnar.BatchSize+simd.Slack)
	for from := 0; from < v.Rows(); from += columnar.BatchSize {
		to := min(from+columnar.BatchSize, v.Rows())
		words := words[:simd.Words(to-from)]
		if !chunk.Visible(from, to, words) {
			simd.SetAll(words, to-from)
		}
		for _, at := range sel[:simd.Rows(words, sel)] {
			row := from + int(at)
			if ordered.HasNull(cols, row) {
				if c.key.Full && slices.ContainsFunc(cols, func(v *columnar.Vector) bool { return !v.IsNull(row) }) {
					return c.mixed()
				}
				continue
			}
			if c.many {
				continue
			}
			buf = ordered.AppendKey(buf[:0], cols, row)
			if _, known := c.distinct[string(buf)]; !known {
				c.distinct[string(buf)] = struct{}{}
				picked = append(picked, uint32(row))
				c.many = len(c.distinct) > mostNoted
			}
		}
		if c.many && !c.key.Full {
			break
		}
	}
	for i, b := range c.builders {
		if len(picked) > 0 {
			b.Append(cols[i], picked)
		}
	}
	return nil
}

func (c *foreignCheck) mixed() error {
	return sqlerr.New(sqlerr.ForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", c.table.Name, c.key.Name).
		WithDetail("MATCH FULL does not allow mixing of null and nonnull key values.")
}

// seekCost and scanCost weigh a look for a key in a chunk against reading a row.
const (
	seekCost = 300
	scanCost = 1
)

// run seeks the keys in the referenced table when they are few for its size, and joins otherwise.
func (c *foreignCheck) run(ctx context.Context, chunks []scan.Chunk, rows int) error {
	if len(c.distinct) == 0 {
		return nil
	}
	index := c.parent.KeyOver(c.key.RefFields)
	if index == nil {
		return sqlerr.New(sqlerr.InternalError, "the constraint %q refers to columns without a key", c.key.Name)
	}
	kinds := columnTypes(c.parent, c.key.RefFields)
	cols := make([]*columnar.Vector, len(c.builders))
	for i, b := range c.builders {
		cols[i] = b.View(b.Rows())
	}
	n := cols[0].Len
	if !comparable(kinds, cols) || c.many {
		c.txn.NoteRead(c.parent.ID, mvcc.Read{Always: true})
		return c.join(ctx, c.addTransient(c.table, chunks, rows))
	}
	c.noteKeys(c.parent.ID, c.key.RefFields, kinds, cols, n)
	finder, err := c.txn.Finder(c.parent.ID, index.Fields)
	if err != nil {
		return err
	}
	if float64(n)*float64(finder.Chunks())*seekCost > scanCost*(c.stats(c.parent).Rows+float64(rows))+fewKeys*seekCost {
		return c.join(ctx, c.addTransient(c.table, chunks, rows))
	}
	var key []types.Value
	var found []columnar.RowID
	for i := range n {
		key = keyValues(key[:0], c.key.RefFields, index.Fields, kinds, cols, i)
		if found, err = finder.Find(ctx, key, found[:0]); err != nil {
			return err
		}
		if len(found) == 0 {
			return c.missing(keyValues(nil, c.key.Fields, c.key.Fields, c.kinds, cols, i))
		}
	}
	return nil
}

// join looks for a key of rows without a partner.
func (c *foreignCheck) join(ctx context.Context, rows *catalog.Table) error {
	root, err := c.binder("", nil).ForeignMissing(c.key, rows, c.parent)
	if err != nil {
		return err
	}
	key, err := c.firstRow(ctx, root)
	if err != nil || key == nil {
		return err
	}
	return c.missing(key)
}

func (c *foreignCheck) missing(key []types.Value) error {
	return sqlerr.New(sqlerr.ForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", c.table.Name, c.key.Name).
		WithDetail("Key %s is not present in table %q.", keyText(c.table.Names(c.key.Fields), key), c.parent.Name)
}

// stillReferenced is the error of taking a key away that rows refer to.
func stillReferenced(t *catalog.Table, r catalog.Reference, key []types.Value) error {
	return sqlerr.New(sqlerr.ForeignKeyViolation, "update or delete on table %q violates foreign key constraint %q on table %q", t.Name, r.Key.Name, r.From.Name).
		WithDetail("Key %s is still referenced from table %q.", keyText(t.Names(r.Key.RefFields), key), r.From.Name)
}

// keyText is a key as PostgreSQL writes it: (a, b)=(1, x).
func keyText(names []string, key []types.Value) string {
	values := make([]string, len(key))
	for i, v := range key {
		values[i] = types.Format(v)
	}
	return "(" + strings.Join(names, ", ") + ")=(" + strings.Join(values, ", ") + ")"
}
