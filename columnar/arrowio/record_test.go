package arrowio

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// The buffers of a small record share memory. When one takes too little of it, values run into each other:
// every value must come back, whatever lies beside it, and in as many rows as make a record small or large.
func TestRecordsGiveTheirValuesBack(t *testing.T) {
	kinds := []types.Type{types.TBigInt, types.TInteger, {Kind: types.SmallInt}, types.TBoolean, types.TText, types.TDouble, {Kind: types.Real}, {Kind: types.Numeric, Precision: 12, Scale: 2}}
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(0, 40).Draw(t, "rows")
		b := &columnar.Batch{Len: rows}
		if rapid.Bool().Draw(t, "selected") {
			for i := range rows {
				if i%3 != 1 {
					b.Sel = append(b.Sel, uint32(i))
				}
			}
			if b.Sel == nil {
				b.Sel = []uint32{}
			}
		}
		var names []string
		var chosen []types.Type
		for i := range rapid.IntRange(1, 6).Draw(t, "columns") {
			k := rapid.SampledFrom(kinds).Draw(t, "kind")
			names, chosen = append(names, fmt.Sprint("c", i)), append(chosen, k)
			b.Cols = append(b.Cols, drawn(t, k, rows))
		}
		rec, err := Record(Schema(names, chosen), b)
		if err != nil {
			t.Fatal(err)
		}
		defer rec.Release()
		if int(rec.NumRows()) != b.Rows() {
			t.Fatalf("%d rows instead of %d", rec.NumRows(), b.Rows())
		}
		for c, v := range b.Cols {
			back, err := Vector(rec.Column(c))
			if err != nil {
				t.Fatal(err)
			}
			for k := range b.Rows() {
				i := rowOf(b.Sel, k)
				if got, want := fmt.Sprint(back.Value(k)), fmt.Sprint(v.Value(i)); got != want {
					t.Fatalf("column %d of %s, row %d is %s, not %s", c, chosen[c], k, got, want)
				}
			}
		}
	})
}

// drawn is a column of random values, a part of them NULL.
func drawn(t *rapid.T, k types.Type, rows int) *columnar.Vector {
	v := &columnar.Vector{Type: k, Len: rows, Layout: columnar.I64}
	if rapid.Bool().Draw(t, "nulls") {
		v.Valid = []uint64{rapid.Uint64().Draw(t, "valid")}
	}
	switch {
	case k.IsText():
		v.Layout, v.Offsets = columnar.Str, []uint32{0}
		for range rows {
			v.Bytes = append(v.Bytes, rapid.StringN(0, 20, -1).Draw(t, "text")...)
			v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
		}
	case k.Class() == types.ClassFloat:
		v.Layout = columnar.F64
		for range rows {
			v.F64 = append(v.F64, float64(rapid.Int16().Draw(t, "float")))
		}
	case k.Kind == types.Boolean:
		for range rows {
			v.I64 = append(v.I64, int64(rapid.IntRange(0, 1).Draw(t, "bit")))
		}
	default:
		for range rows {
			v.I64 = append(v.I64, int64(rapid.Int16().Draw(t, "int")))
		}
	}
	return v
}

// Callers take records for arrow-go's own: what they do with those must work here.
func TestRecordIsAnArrowRecord(t *testing.T) {
	b := &columnar.Batch{Len: 3, Cols: []*columnar.Vector{
		{Type: types.TBigInt, Len: 3, Layout: columnar.I64, I64: []int64{1, 2, 3}},
		{Type: types.TText, Len: 3, Layout: columnar.Str, Offsets: []uint32{0, 1, 3, 3}, Bytes: []byte("abb"), Valid: []uint64{3}},
	}}
	rec, err := Record(Schema([]string{"n", "s"}, []types.Type{types.TBigInt, types.TText}), b)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(rec); err != nil || !json.Valid(got) || !strings.Contains(string(got), `"s":"bb"`) {
		t.Errorf("JSON %s, %v", got, err)
	}
	part := rec.NewSlice(1, 3)
	if part.NumRows() != 2 || part.Column(1).(*array.String).Value(0) != "bb" || !part.Column(1).IsNull(1) {
		t.Errorf("a slice of two rows is %v", part)
	}
	changed, err := rec.SetColumn(0, part.Column(0))
	if err == nil {
		t.Errorf("a column of two rows among three: %v", changed)
	}
	kept := rec.Column(1)
	kept.Retain()
	rec.Retain()
	rec.Release()
	rec.Release()
	if kept.(*array.String).Value(1) != "bb" || part.Column(0).(*array.Int64).Value(1) != 3 {
		t.Error("what was retained has gone with its record")
	}
	kept.Release()
	part.Release()
}
