// Package runner runs TPC-H on OxiDB: it makes and loads the data, runs the 22 queries and checks
// every answer for which a reference exists.
package runner

import (
	"context"
	"fmt"
	"unsafe"

	oxidb "github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch"
	"github.com/oxidb/oxidb/bench/tpch/dbgen"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Progress is told how far loading is: rows done and in all, over all tables.
type Progress func(table string, done, total int64)

// Loaded reports the scale factor of the TPC-H data in the database; 0 when there is none.
func Loaded(ctx context.Context, db *oxidb.DB) (float64, error) {
	return LoadedVariant(ctx, db, tpch.Plain())
}

// LoadedVariant is Loaded for the tables of a variant.
func LoadedVariant(ctx context.Context, db *oxidb.DB, v *tpch.Variant) (float64, error) {
	have, err := scalar(ctx, db, "SELECT count(*) FROM information_schema.tables WHERE table_name = '"+v.Table(dbgen.Lineitem)+"'")
	if err != nil || have == 0 {
		return 0, err
	}
	suppliers, err := scalar(ctx, db, "SELECT count(*) FROM "+v.Table(dbgen.Supplier))
	return float64(suppliers) / 10_000, err
}

func scalar(ctx context.Context, db *oxidb.DB, sql string) (int64, error) {
	rows, err := fetch(ctx, db, sql)
	if err != nil {
		return 0, err
	}
	n, ok := rows.values[0][0].(int64)
	if !ok {
		return 0, fmt.Errorf("%s gave %T", sql, rows.values[0][0])
	}
	return n, nil
}

// Load creates the eight tables and fills them with the data of a scale factor.
func Load(ctx context.Context, db *oxidb.DB, scale float64, progress Progress) error {
	return LoadVariant(ctx, db, tpch.Plain(), scale, progress)
}

// LoadVariant is Load under the names of a variant.
func LoadVariant(ctx context.Context, db *oxidb.DB, v *tpch.Variant, scale float64, progress Progress) error {
	g, err := dbgen.New(dbgen.Options{Scale: scale})
	if err != nil {
		return err
	}
	var total, done int64
	for _, t := range dbgen.Tables() {
		total += g.Rows(t)
	}
	s, err := db.Session()
	if err != nil {
		return err
	}
	defer s.Close()
	schema := v.Schema()
	for i, t := range dbgen.Tables() {
		if _, err := s.Exec(ctx, schema[i]); err != nil {
			return err
		}
		base := done
		n, err := loadTable(ctx, s, v.Table(t), g, t, func(rows int64) {
			if progress != nil {
				progress(t.String(), base+rows, total)
			}
		})
		if err != nil {
			return fmt.Errorf("loading %s: %w", t, err)
		}
		done += n
	}
	return nil
}

func loadTable(ctx context.Context, s *oxidb.Session, name string, g *dbgen.Generator, t dbgen.Table, progress func(int64)) (int64, error) {
	chunks := g.Chunks(t)
	buffers := newBuffers(t)
	count := newCounter(progress)
	return s.Load(ctx, "", name, len(chunks), func(part int, add func(*columnar.Batch) error) error {
		b := buffers.take()
		defer buffers.give(b)
		g.Fill(chunks[part], &b.columns)
		count.add(int64(b.columns.Rows))
		return add(b.batch())
	})
}

// buffer is a chunk's columns in the generator's form and as vectors on the same memory.
type buffer struct {
	columns dbgen.Columns
	vectors []columnar.Vector
	dicts   []*columnar.Dictionary
}

// batch shows the generated columns as one batch without copying.
func (b *buffer) batch() *columnar.Batch {
	out := &columnar.Batch{Len: b.columns.Rows, Cols: make([]*columnar.Vector, len(b.columns.Cols))}
	for i := range b.columns.Cols {
		c, v := &b.columns.Cols[i], &b.vectors[i]
		*v = columnar.Vector{Type: v.Type, Len: b.columns.Rows}
		switch c.Kind {
		case dbgen.BigInt, dbgen.Decimal:
			v.Layout, v.I64 = columnar.I64, c.I64
		case dbgen.Integer, dbgen.Date: // never negative
			v.Layout, v.U32 = columnar.U32, unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(c.I32))), len(c.I32))
		case dbgen.Dict:
			v.Layout, v.Enc, v.U8, v.Dict = columnar.U8, columnar.Dict, c.Codes, b.dicts[i]
		case dbgen.Text:
			v.Layout, v.Offsets, v.Bytes = columnar.Str, c.Offsets, c.Bytes
		}
		out.Cols[i] = v
	}
	return out
}

// columnTypes are the SQL types of a table's columns, as schema.sql has them.
func columnTypes(t dbgen.Table) []types.Type {
	var out []types.Type
	for _, f := range t.Fields() {
		typ := types.TText
		switch f.Kind {
		case dbgen.BigInt:
			typ = types.TBigInt
		case dbgen.Integer:
			typ = types.TInteger
		case dbgen.Decimal:
			typ = types.TNumeric(15, 2)
		case dbgen.Date:
			typ = types.TDate
		}
		out = append(out, typ)
	}
	return out
}

// dictionaries are the columns' dictionaries as vectors; nil for columns without.
func dictionaries(t dbgen.Table) []*columnar.Dictionary {
	out := make([]*columnar.Dictionary, len(t.Fields()))
	for i, f := range t.Fields() {
		if f.Dict == nil {
			continue
		}
		values := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: len(f.Dict.Values), Offsets: []uint32{0}, Shared: true}
		for _, s := range f.Dict.Values {
			values.Bytes = append(values.Bytes, s...)
			values.Offsets = append(values.Offsets, uint32(len(values.Bytes)))
		}
		out[i] = &columnar.Dictionary{Values: values, Sorted: true}
	}
	return out
}
