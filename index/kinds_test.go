package index_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/index/bitmap"
	"github.com/oxidb/oxidb/index/hash"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/types"
)

// kinds are how each kind of component is made and read back.
var kinds = map[index.Kind]struct {
	build  func([]*columnar.Vector, int) index.Component
	decode func([]byte, int) (index.Component, error)
}{
	index.Ordered: {
		func(c []*columnar.Vector, n int) index.Component { return ordered.Build(c, n) },
		func(b []byte, n int) (index.Component, error) { return ordered.Decode(b, n) },
	},
	index.Hash: {
		func(c []*columnar.Vector, n int) index.Component { return hash.Build(c, n) },
		func(b []byte, n int) (index.Component, error) { return hash.Decode(b, n) },
	},
	index.Bitmap: {
		func(c []*columnar.Vector, n int) index.Component { return bitmap.Build(c, n) },
		func(b []byte, n int) (index.Component, error) { return bitmap.Decode(b, n) },
	},
}

var columnTypes = []types.Type{types.TBigInt, types.TInteger, types.TDouble, types.TReal, types.TText, types.TNumeric(30, 2), types.TNumeric(9, 2),
	types.TDate, types.TInterval, types.TUUID, types.TBoolean}

// chunkOf draws a chunk's columns and the same values one by one.
func chunkOf(t *rapid.T) (columns []*columnar.Vector, values [][]types.Value, rows int) {
	rows = rapid.IntRange(0, 300).Draw(t, "rows")
	for range rapid.IntRange(1, 3).Draw(t, "width") {
		typ := rapid.SampledFrom(columnTypes).Draw(t, "type")
		spread := rapid.SampledFrom([]int64{2, 9, 1000}).Draw(t, "spread")
		nulls := rapid.Bool().Draw(t, "nulls")
		list := make([]types.Value, rows)
		b := segment.NewColumnBuilder(typ)
		for i := range list {
			list[i] = valueOf(typ, rapid.Int64Range(0, spread).Draw(t, "n"))
			if nulls && rapid.IntRange(0, 4).Draw(t, "null") == 0 {
				list[i] = types.Null(typ)
			}
			b.Append(single(typ, list[i]), nil)
		}
		v, _ := b.Close(nil)
		columns, values = append(columns, v), append(values, list)
	}
	return columns, values, rows
}

// valueOf maps a small number to a value of a type.
func valueOf(typ types.Type, n int64) types.Value {
	switch typ.Class() {
	case types.ClassFloat:
		odd := []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1)}
		if n < int64(len(odd)) {
			return types.Float(typ, odd[n])
		}
		return types.Float(typ, float64(n)/4-100)
	case types.ClassBytes:
		return types.Str(typ, fmt.Sprintf("%.*s%d", int(n%12), "common head", n%37))
	case types.ClassDecimal:
		if typ.Precision > 18 {
			return types.Decimal(typ, types.Int128{Hi: n%3 - 1, Lo: uint64(n)})
		}
	case types.ClassInterval:
		return types.Value{Type: typ, Span: types.Span{Months: int32(n % 3), Days: int32(n % 5), Micros: n}}
	case types.ClassUUID:
		return types.Str(typ, fmt.Sprintf("%08d%08d", n%7, n))
	}
	if typ.Kind == types.Boolean {
		return types.Int(typ, n%2)
	}
	return types.Int(typ, n-4)
}

func single(typ types.Type, value types.Value) *columnar.Vector {
	v := &columnar.Vector{Type: typ, Enc: columnar.Const, Len: 1}
	if value.Null {
		v.Valid = []uint64{0}
	}
	switch typ.Class() {
	case types.ClassFloat:
		v.Layout, v.F64 = columnar.F64, []float64{value.F}
	case types.ClassBytes:
		v.Layout, v.Offsets, v.Bytes = columnar.Str, []uint32{0, uint32(len(value.S))}, []byte(value.S)
	case types.ClassInterval:
		v.Layout, v.Spans = columnar.Spans, []types.Span{value.Span}
	case types.ClassUUID:
		v.Layout, v.UUID = columnar.Bytes16, make([][16]byte, 1)
		copy(v.UUID[0][:], value.S)
	default:
		v.Layout, v.I64 = columnar.I64, []int64{value.I}
		if value.Wide {
			v.Layout, v.I128 = columnar.I128, []types.Int128{value.D}
		}
	}
	return v
}

// drawLookup takes values from rows of the chunk, or near them.
func drawLookup(t *rapid.T, columns []*columnar.Vector, full bool) index.Lookup {
	var l index.Lookup
	draw := func(typ types.Type) types.Value {
		return valueOf(typ, rapid.SampledFrom([]int64{0, 1, 2, 3, 4, 5, 8, 9, 500, 1000, 1001}).Draw(t, "sought"))
	}
	width := len(columns)
	if !full {
		width = rapid.IntRange(0, len(columns)).Draw(t, "prefix")
	}
	for i := range width {
		l.Equal = append(l.Equal, draw(columns[i].Type))
	}
	if width < len(columns) {
		l.Low = index.Bound{Set: rapid.Bool().Draw(t, "low"), Inclusive: rapid.Bool().Draw(t, "low inclusive"), Value: draw(columns[width].Type)}
		l.High = index.Bound{Set: rapid.Bool().Draw(t, "high"), Inclusive: rapid.Bool().Draw(t, "high inclusive"), Value: draw(columns[width].Type)}
		l.NotNull = rapid.Bool().Draw(t, "not null")
	}
	return l
}

// matches is the meaning of a lookup for one row.
func matches(values [][]types.Value, row int, l *index.Lookup) bool {
	for i, want := range l.Equal {
		if values[i][row].Null || segment.Compare(values[i][row], want) != 0 {
			return false
		}
	}
	if !l.Ranged() {
		return true
	}
	v := values[len(l.Equal)][row]
	if v.Null {
		return false
	}
	inside := func(b index.Bound, d int) bool { return !b.Set || d > 0 || d == 0 && b.Inclusive }
	return inside(l.Low, segment.Compare(v, l.Low.Value)) && inside(l.High, segment.Compare(l.High.Value, v))
}

// An index that misses a row loses it from an answer, or lets a duplicate in; one that finds a row too
// many costs time at best. Each kind must find what a look at every row finds, and again when it comes
// from its bytes.
func TestEveryKindFindsExactlyTheMatchingRows(t *testing.T) {
	for kind, k := range kinds {
		t.Run(kind.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				columns, values, rows := chunkOf(t)
				built := k.build(columns, rows)
				read, err := k.decode(built.AppendTo(nil), rows)
				if err != nil {
					t.Fatal("a component's own bytes:", err)
				}
				for range 5 {
					l := drawLookup(t, columns, kind == index.Hash)
					var want []uint32
					for i := range rows {
						if matches(values, i, &l) {
							want = append(want, uint32(i))
						}
					}
					for from, c := range map[string]index.Component{"built": built, "read": read} {
						got := c.Find(columns, &l, nil)
						slices.Sort(got)
						if !slices.Equal(got, want) {
							t.Fatalf("%s, %v: rows %v, want %v", from, l, got, want)
						}
					}
				}
			})
		})
	}
}

// ORDER BY through an index delivers rows as they come: both stretches must ascend, NULLs last.
func TestOrderedSpansAscend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns, values, rows := chunkOf(t)
		c := ordered.Build(columns, rows)
		l := drawLookup(t, columns, false)
		for _, s := range c.Spans(columns, &l) {
			for i := s.From + 1; i < s.To; i++ {
				if compareRows(values, int(c.At(i-1)), int(c.At(i))) > 0 {
					t.Fatalf("rows %d and %d are in the wrong order", c.At(i-1), c.At(i))
				}
			}
		}
	})
}

func compareRows(values [][]types.Value, a, b int) int {
	for _, column := range values {
		x, y := column[a], column[b]
		switch {
		case x.Null && y.Null:
			continue
		case x.Null:
			return 1
		case y.Null:
			return -1
		}
		if d := segment.Compare(x, y); d != 0 {
			return d
		}
	}
	return 0
}

// Bytes that a checksum let through must neither bring the process down nor name rows that the chunk
// does not have.
func TestDamagedBytesAreRefusedOrHarmless(t *testing.T) {
	for kind, k := range kinds {
		t.Run(kind.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				columns, _, rows := chunkOf(t)
				data := k.build(columns, rows).AppendTo(nil)
				for range 4 {
					at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
					data[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
				}
				data = data[:rapid.IntRange(len(data)/2, len(data)).Draw(t, "length")]
				c, err := k.decode(data, rows)
				if err != nil {
					return
				}
				l := drawLookup(t, columns, kind == index.Hash)
				for _, row := range c.Find(columns, &l, nil) {
					if int(row) >= rows {
						t.Fatalf("row %d of %d", row, rows)
					}
				}
			})
		})
	}
}
