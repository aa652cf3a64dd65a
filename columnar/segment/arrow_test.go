package segment

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// checkWithArrow compares a file's only column with what arrow-go reads from it.
func checkWithArrow(t rapid.TB, raw []byte, values []types.Value) {
	t.Helper()
	r, err := file.NewParquetReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	column, err := r.RowGroup(0).Column(0)
	if err != nil {
		t.Fatal(err)
	}
	levels, rows := readWithArrow(t, column, len(values))
	next := 0
	for i, want := range values {
		if (levels[i] == 0) != want.Null {
			t.Fatalf("arrow-go reads another NULL in row %d", i)
		}
		if want.Null {
			continue
		}
		if got := rows(next); !sameValue(got(want.Type), want) {
			t.Fatalf("arrow-go reads %+v in row %d, want %+v", got(want.Type), i, want)
		}
		next++
	}
}

// readWithArrow gives the levels of n rows, and a function that makes the i-th value of a type.
func readWithArrow(t rapid.TB, column file.ColumnChunkReader, n int) ([]int16, func(i int) func(types.Type) types.Value) {
	t.Helper()
	switch in := column.(type) {
	case *file.BooleanColumnChunkReader:
		levels, values := batchesOf(t, n, in.ReadBatch)
		return levels, func(i int) func(types.Type) types.Value {
			return func(typ types.Type) types.Value { return types.Bool(values[i]) }
		}
	case *file.Int32ColumnChunkReader:
		levels, values := batchesOf(t, n, in.ReadBatch)
		return levels, func(i int) func(types.Type) types.Value {
			return func(typ types.Type) types.Value { return types.Int(typ, int64(values[i])) }
		}
	case *file.Int64ColumnChunkReader:
		levels, values := batchesOf(t, n, in.ReadBatch)
		return levels, func(i int) func(types.Type) types.Value {
			return func(typ types.Type) types.Value { return types.Int(typ, values[i]) }
		}
	case *file.Float32ColumnChunkReader:
		levels, values := batchesOf(t, n, in.ReadBatch)
		return levels, func(i int) func(types.Type) types.Value {
			return func(typ types.Type) types.Value { return types.Float(typ, float64(values[i])) }
		}
	case *file.Float64ColumnChunkReader:
		levels, values := batchesOf(t, n, in.ReadBatch)
		return levels, func(i int) func(types.Type) types.Value {
			return func(typ types.Type) types.Value { return types.Float(typ, values[i]) }
		}
	case *file.ByteArrayColumnChunkReader:
		levels, values := batchesOf(t, n, in.ReadBatch)
		return levels, func(i int) func(types.Type) types.Value {
			return func(typ types.Type) types.Value { return types.Str(typ, string(values[i])) }
		}
	case *file.FixedLenByteArrayColumnChunkReader:
		levels, values := batchesOf(t, n, in.ReadBatch)
		return levels, func(i int) func(types.Type) types.Value {
			return func(typ types.Type) types.Value { return fixedValue(typ, values[i]) }
		}
	}
	t.Fatalf("no reading of %T", column)
	return nil, nil
}

// batchesOf reads the whole column; values are without the NULLs.
func batchesOf[T any](t rapid.TB, n int, read func(n int64, values []T, def, rep []int16) (int64, int, error)) (levels []int16, values []T) {
	t.Helper()
	levels, values = make([]int16, n), make([]T, n)
	rows, count := 0, 0
	for rows < n {
		got, valued, err := read(int64(n-rows), values[count:], levels[rows:], nil)
		if err != nil || got == 0 {
			t.Fatalf("arrow-go reads %d of %d rows: %v", rows, n, err)
		}
		rows, count = rows+int(got), count+valued
	}
	return levels, values[:count]
}

// fixedValue decodes the sixteen bytes of a value as docs/format/segment.md says.
func fixedValue(typ types.Type, b parquet.FixedLenByteArray) types.Value {
	d := decoder{column: ColumnSchema{Type: typ}, rows: 1, fixed: [][16]byte{[16]byte(b)},
		meta: &ColumnMeta{Zone: &Zone{Min: types.Value{Wide: true}}}}
	v := &columnar.Vector{Type: typ, Len: 1}
	if err := d.setFixed(v); err != nil {
		panic(err) // wide values have no bounds to compare
	}
	return v.Value(0)
}

// FuzzReadColumn would fail if bytes whose checksum is right, but which are no column, did more than
// give an error.
func FuzzReadColumn(f *testing.F) {
	for i, typ := range storedTypes {
		var e encoder
		var out bytes.Buffer
		e.out = &sink{w: &out}
		v, _ := build(typ, peerValues(testRand(uint64(i)), typ, 300, 20)).Close(nil)
		if _, err := e.write(v, ColumnSchema{Type: typ}); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes(), uint8(i), v.Enc == columnar.Dict, false)
		f.Add(out.Bytes()[:out.Len()/2], uint8(i), v.Enc == columnar.Dict, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8, dict, required bool) {
		typ := storedTypes[int(kind)%len(storedTypes)]
		d := decoder{column: ColumnSchema{Type: typ, Required: required}, rows: 300, meta: &ColumnMeta{Dict: dict, Zone: &Zone{}}}
		if v, err := d.read(data); err == nil && v.Len != d.rows {
			t.Fatalf("%d rows", v.Len)
		}
	})
}
