package segment

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// storedTypes is one type per way of storing values.
var storedTypes = []types.Type{
	types.TBoolean, types.TSmallInt, types.TInteger, types.TBigInt, types.TReal, types.TDouble, types.TNumeric(12, 2),
	types.TNumeric(30, 4), types.TText, types.TBytea, types.TDate, types.TTime, types.TTimestampTZ, types.TInterval, types.TUUID, types.TJSON,
}

// drawValues makes rows of a type: few or many different ones, NULLs or none.
func drawValues(t *rapid.T, typ types.Type) []types.Value {
	rows := rapid.SampledFrom([]int{1, 63, 64, 65, 500, 5000}).Draw(t, "rows")
	nullPercent := rapid.SampledFrom([]int{0, 0, 10, 100}).Draw(t, "nulls")
	spread := rapid.SampledFrom([]int64{1, 3, 200, 60_000, 1 << 31}).Draw(t, "spread")
	rng := rand.New(rand.NewPCG(uint64(rapid.Int64().Draw(t, "seed")), 0))
	values := make([]types.Value, rows)
	for i := range values {
		if rng.IntN(100) < nullPercent {
			values[i] = types.Null(typ)
			continue
		}
		values[i] = randomValue(rng, typ, spread)
	}
	return values
}

func randomValue(rng *rand.Rand, typ types.Type, spread int64) types.Value {
	n := rng.Int64N(spread)
	lo, hi := typ.Bounds()
	switch typ.Class() {
	case types.ClassInt:
		return types.Int(typ, min(max(n-spread/2, lo), hi))
	case types.ClassDecimal:
		if typ.Precision > 18 && n%7 == 3 {
			return types.Decimal(typ, types.Int128{Hi: n - 5, Lo: uint64(n)})
		}
		return types.Int(typ, n-5)
	case types.ClassFloat:
		special := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0}
		if n%11 == 0 {
			return types.Float(typ, special[rng.IntN(4)])
		}
		return types.Float(typ, float64(float32(n)/8))
	case types.ClassInterval:
		return types.Value{Type: typ, Span: types.Span{Months: int32(n % 12), Days: -3, Micros: n}}
	case types.ClassUUID:
		return types.Str(typ, fmt.Sprintf("%016d", n))
	}
	return types.Str(typ, fmt.Sprint("v", n)[min(n, 1):])
}

// build appends values one by one or as Const runs, through a builder.
func build(typ types.Type, values []types.Value) *ColumnBuilder {
	b := NewColumnBuilder(typ)
	for _, v := range values {
		b.Append(constant(typ, v), nil)
	}
	return b
}

func constant(t types.Type, value types.Value) *columnar.Vector {
	v := &columnar.Vector{Type: t, Enc: columnar.Const, Len: 1}
	if value.Null {
		v.Valid = []uint64{0}
	}
	switch t.Class() {
	case types.ClassInt:
		v.Layout, v.I64 = columnar.I64, []int64{value.I}
	case types.ClassDecimal:
		v.Layout, v.I64 = columnar.I64, []int64{value.I}
		if value.Wide {
			v.Layout, v.I128 = columnar.I128, []types.Int128{value.D}
		}
	case types.ClassFloat:
		v.Layout, v.F64 = columnar.F64, []float64{value.F}
	case types.ClassBytes:
		v.Layout, v.Offsets, v.Bytes = columnar.Str, []uint32{0, uint32(len(value.S))}, []byte(value.S)
	case types.ClassInterval:
		v.Layout, v.Spans = columnar.Spans, []types.Span{value.Span}
	case types.ClassUUID:
		v.Layout, v.UUID = columnar.Bytes16, [][16]byte{{}}
		copy(v.UUID[0][:], value.S)
	}
	return v
}

func sameValue(a, b types.Value) bool {
	if a.Null || b.Null {
		return a.Null == b.Null
	}
	return Compare(a, b) == 0
}

// Values that change on the way through a builder, its narrow form or a file would be silent loss.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(storedTypes).Draw(t, "type")
		values := drawValues(t, typ)
		b := build(typ, values)
		checkValues(t, "view", b.View(len(values)), values)
		closed, zone := b.Close(nil)
		checkValues(t, "closed", closed, values)
		checkZone(t, closed, zone, values)

		fs := vfs.NewMem()
		f, group := writeOne(t, fs, typ, closed, zone)
		read, err := f.ReadColumn(0, 0, group.Rows, &group.Columns[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		checkValues(t, "read", read, values)
		checkWithArrow(t, readFile(t, fs, f.Path()), values)
		if read.Enc != closed.Enc || read.Layout != closed.Layout || read.Base != closed.Base || read.Bounded != closed.Bounded || read.Lo != closed.Lo || read.Hi != closed.Hi {
			t.Fatalf("closed as %v %v base %d, read as %v %v base %d", closed.Enc, closed.Layout, closed.Base, read.Enc, read.Layout, read.Base)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func checkValues(t rapid.TB, stage string, v *columnar.Vector, values []types.Value) {
	if v.Len != len(values) {
		t.Fatalf("%s: %d rows, want %d", stage, v.Len, len(values))
	}
	for i, want := range values {
		if got := v.Value(i); !sameValue(got, want) {
			t.Fatalf("%s: row %d is %+v, want %+v", stage, i, got, want)
		}
		if v.Bounded && (v.Int(i) < v.Lo || v.Int(i) > v.Hi) {
			t.Fatalf("%s: slot %d holds %d outside %d..%d", stage, i, v.Int(i), v.Lo, v.Hi)
		}
	}
}

func checkZone(t *rapid.T, v *columnar.Vector, z *Zone, values []types.Value) {
	distinct := map[string]bool{}
	nulls := 0
	for i := range values {
		value := v.Value(i)
		if value.Null {
			nulls++
			continue
		}
		distinct[fmt.Sprintf("%+v", value)] = true
		if !z.Unbounded() && (Compare(value, z.Min) < 0 || Compare(value, z.Max) > 0) {
			t.Fatalf("row %d, %+v, is outside %+v..%+v", i, value, z.Min, z.Max)
		}
	}
	if nulls != z.Nulls {
		t.Fatalf("%d NULLs, zone says %d", nulls, z.Nulls)
	}
	if z.Distinct > 0 && math.Abs(z.Distinct-float64(len(distinct))) > 3+0.15*float64(len(distinct)) {
		t.Fatalf("%d different values, zone says %.0f", len(distinct), z.Distinct)
	}
	if z.Sorted {
		for i := 1; i < len(values); i++ {
			if Compare(values[i-1], values[i]) > 0 {
				t.Fatalf("row %d is out of order", i)
			}
		}
	}
}

func writeOne(t rapid.TB, fs vfs.FS, typ types.Type, v *columnar.Vector, z *Zone) (*File, GroupMeta) {
	t.Helper()
	out, err := fs.Create("s.parquet", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(out, []ColumnSchema{{Field: 7, Name: "c", Type: typ}})
	if err != nil {
		t.Fatal(err)
	}
	_, group, err := w.WriteGroup([]*columnar.Vector{v}, []*Zone{z})
	if err != nil {
		t.Fatal(err)
	}
	meta, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return NewFile(fs, "s.parquet", meta), group
}

// A zone that changes in a manifest would prune rows that exist.
func TestZoneJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(storedTypes).Draw(t, "type")
		_, z := build(typ, drawValues(t, typ)).Close(nil)
		raw, err := z.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var back Zone
		if err := back.UnmarshalJSON(raw); err != nil {
			t.Fatal(err)
		}
		if (z.Sketch == nil) != (back.Sketch == nil) || z.Sketch != nil && z.Sketch.Estimate() != back.Sketch.Estimate() {
			t.Fatal("the sketch changed")
		}
		z.Sketch, back.Sketch = nil, nil
		again, err := back.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if len(z.Common) == 0 && !bytes.Equal(raw, again) && z.Sketch != nil {
			t.Fatalf("%s became %s", raw, again)
		}
		if !sameBound(z.Min, back.Min) || !sameBound(z.Max, back.Max) || !reflect.DeepEqual(z.Common, back.Common) ||
			z.Exact != back.Exact || z.Nulls != back.Nulls || z.Sorted != back.Sorted || z.Distinct != back.Distinct || z.Bytes != back.Bytes {
			t.Fatalf("%+v became %+v", z, back)
		}
	})
}

func sameBound(a, b types.Value) bool { return a.Type == b.Type && sameValue(a, b) }

// Any flipped bit of a segment must be noticed or lie in bytes that nobody reads.
func TestFlippedBitsAreNoticed(t *testing.T) {
	values := make([]types.Value, 3000)
	for i := range values {
		values[i] = types.Str(types.TText, fmt.Sprint("name ", i%7))
	}
	closed, zone := build(types.TText, values).Close(nil)
	fs := vfs.NewMem()
	f, group := writeOne(t, fs, types.TText, closed, zone)
	raw := readFile(t, fs, f.Path())
	for at := range raw {
		damaged := bytes.Clone(raw)
		damaged[at] ^= 1 << (at % 8)
		writeFile(t, fs, "damaged.parquet", damaged)
		d := NewFile(fs, "damaged.parquet", f.meta)
		v, err := d.ReadColumn(0, 0, group.Rows, &group.Columns[0], nil)
		if err == nil {
			if !reflect.DeepEqual(v, closed) {
				t.Fatalf("byte %d: wrong values without an error", at)
			}
		} else if sqlerr.StateOf(err) != sqlerr.DataCorrupted {
			t.Fatalf("byte %d: %v", at, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func readFile(t rapid.TB, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, stat.Size())
	if _, err := f.ReadAt(raw, 0); err != nil {
		t.Fatal(err)
	}
	return raw
}

func writeFile(t *testing.T, fs vfs.FS, name string, raw []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(raw)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
