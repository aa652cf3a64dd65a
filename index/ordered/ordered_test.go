package ordered

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// column closes values into the form that chunks have.
func column(typ types.Type, values []types.Value) *columnar.Vector {
	b := segment.NewColumnBuilder(typ)
	for _, value := range values {
		b.Append(one(typ, value), nil)
	}
	v, _ := b.Close(nil)
	return v
}

func one(typ types.Type, value types.Value) *columnar.Vector {
	v := &columnar.Vector{Type: typ, Enc: columnar.Const, Len: 1}
	if value.Null {
		v.Valid = []uint64{0}
	}
	switch typ.Class() {
	case types.ClassFloat:
		v.Layout, v.F64 = columnar.F64, []float64{value.F}
	case types.ClassBytes:
		v.Layout, v.Offsets, v.Bytes = columnar.Str, []uint32{0, uint32(len(value.S))}, []byte(value.S)
	default:
		v.Layout, v.I64 = columnar.I64, []int64{value.I}
		if value.Wide {
			v.Layout, v.I128 = columnar.I128, []types.Int128{value.D}
		}
	}
	return v
}

func drawValue(t *rapid.T, typ types.Type) types.Value {
	n := rapid.Int64Range(0, 9).Draw(t, "n")
	if n == 9 {
		return types.Null(typ)
	}
	switch typ.Class() {
	case types.ClassFloat:
		return types.Float(typ, []float64{0, math.Copysign(0, -1), 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 0.5, 2}[n])
	case types.ClassBytes:
		return types.Str(typ, fmt.Sprint("k", n)[:1+n%2])
	case types.ClassDecimal:
		return types.Decimal(typ, types.Int128{Hi: n%3 - 1, Lo: uint64(n)})
	}
	return types.Int(typ, n-4)
}

// An index that misses a row lets a duplicate in; one that finds a wrong row refuses a good one.
func TestSeekFindsExactlyTheEqualRows(t *testing.T) {
	kinds := []types.Type{types.TBigInt, types.TDouble, types.TText, types.TNumeric(30, 2), types.TDate}
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(0, 300).Draw(t, "rows")
		width := rapid.IntRange(1, 3).Draw(t, "width")
		values := make([][]types.Value, width)
		columns := make([]*columnar.Vector, width)
		for c := range columns {
			typ := rapid.SampledFrom(kinds).Draw(t, "type")
			for range rows {
				values[c] = append(values[c], drawValue(t, typ))
			}
			columns[c] = column(typ, values[c])
		}
		index := Build(columns, rows)
		for i := range rows {
			key := make([]types.Value, width)
			for c := range key {
				key[c] = values[c][i]
			}
			want := equalRows(values, key, rows)
			if HasNull(columns, i) != (want == nil) {
				t.Fatalf("row %d: NULL in %v", i, key)
			}
			if want == nil {
				continue
			}
			got := index.Seek(columns, key, nil)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("key %v: rows %v, want %v", key, got, want)
			}
			for _, other := range want {
				if string(AppendKey(nil, columns, i)) != string(AppendKey(nil, columns, int(other))) {
					t.Fatalf("rows %d and %d are equal, their bytes are not", i, other)
				}
			}
		}
	})
}

// equalRows lists the rows equal to key, nil when it has a NULL.
func equalRows(values [][]types.Value, key []types.Value, rows int) []uint32 {
	var equal []uint32
	for i := range rows {
		same := true
		for c := range key {
			if key[c].Null {
				return nil
			}
			same = same && !values[c][i].Null && segment.Compare(values[c][i], key[c]) == 0
		}
		if same {
			equal = append(equal, uint32(i))
		}
	}
	return equal
}

// A pair that Merge leaves out is a conflict that ON CONFLICT does not see.
func TestMergeFindsWhatSeekFinds(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		own, other := nullable(rng, 1+rng.IntN(300)), nullable(rng, 1+rng.IntN(50))
		c := Build(own, own[0].Len)
		rows := make([]uint32, other[0].Len)
		for i := range rows {
			rows[i] = uint32(i)
		}
		Sort(other, rows)
		got := map[[2]uint32]int{}
		c.Merge(own, other, rows, func(row, found uint32) { got[[2]uint32{row, found}]++ })
		for row := range uint32(other[0].Len) {
			for at := range uint32(own[0].Len) {
				same := string(AppendNullableKey(nil, own, int(at))) == string(AppendNullableKey(nil, other, int(row)))
				if n := got[[2]uint32{row, at}]; same && n != 1 || !same && n != 0 {
					t.Fatalf("rows %d and %d: same is %v, found %d times", row, at, same, n)
				}
			}
		}
	}
}

// nullable is two columns of few different values and NULLs.
func nullable(rng *rand.Rand, n int) []*columnar.Vector {
	columns := make([]*columnar.Vector, 2)
	for i := range columns {
		values := make([]types.Value, n)
		for at := range values {
			values[at] = types.Int(types.TInteger, int64(rng.IntN(6)))
			if rng.IntN(4) == 0 {
				values[at] = types.Null(types.TInteger)
			}
		}
		columns[i] = column(types.TInteger, values)
	}
	return columns
}
