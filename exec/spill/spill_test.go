package spill

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// vectors makes one vector of every layout and encoding, with and without NULLs.
func vectors(rng *rand.Rand, n int) []*columnar.Vector {
	dict := &columnar.Dictionary{Values: &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: 3, Offsets: []uint32{0, 1, 3, 6}, Bytes: []byte("abbccc")}}
	var all []*columnar.Vector
	add := func(v columnar.Vector) {
		v.Len = n
		all = append(all, &v)
		nulls := v
		nulls.Valid = make([]uint64, (n+63)/64)
		for i := range nulls.Valid {
			nulls.Valid[i] = rng.Uint64()
		}
		all = append(all, &nulls)
	}
	u8, u16, u32, i64 := make([]uint8, n), make([]uint16, n), make([]uint32, n), make([]int64, n)
	wide, f32, f64, spans, uuid := make([]types.Int128, n), make([]float32, n), make([]float64, n), make([]types.Span, n), make([][16]byte, n)
	offsets, text := []uint32{7}, []byte("padding")
	for i := range n {
		u8[i], u16[i], u32[i], i64[i] = uint8(rng.IntN(3)), uint16(rng.IntN(3)), uint32(rng.IntN(3)), rng.Int64()
		wide[i] = types.Int128{Lo: rng.Uint64(), Hi: rng.Int64()}
		f32[i], f64[i] = rng.Float32(), rng.Float64()
		spans[i] = types.Span{Months: int32(i), Days: 2, Micros: rng.Int64()}
		uuid[i][3] = byte(i)
		text = append(text, "some text"[:rng.IntN(9)]...)
		offsets = append(offsets, uint32(len(text)))
	}
	i := types.TBigInt
	add(columnar.Vector{Type: i, Layout: columnar.U8, U8: u8, Base: 40, Bounded: true, Lo: 40, Hi: 43})
	add(columnar.Vector{Type: i, Layout: columnar.U16, U16: u16, Base: -5})
	add(columnar.Vector{Type: i, Layout: columnar.U32, U32: u32})
	add(columnar.Vector{Type: i, Layout: columnar.I64, I64: i64})
	add(columnar.Vector{Type: types.TNumeric(38, 2), Layout: columnar.I128, I128: wide})
	add(columnar.Vector{Type: types.TReal, Layout: columnar.F32, F32: f32})
	add(columnar.Vector{Type: types.TDouble, Layout: columnar.F64, F64: f64})
	add(columnar.Vector{Type: types.TInterval, Layout: columnar.Spans, Spans: spans})
	add(columnar.Vector{Type: types.TUUID, Layout: columnar.Bytes16, UUID: uuid})
	add(columnar.Vector{Type: types.TText, Layout: columnar.Str, Offsets: offsets, Bytes: text})
	add(columnar.Vector{Type: types.TText, Enc: columnar.Dict, Layout: columnar.U8, U8: u8, Dict: dict})
	all = append(all, &columnar.Vector{Type: i, Enc: columnar.Const, Layout: columnar.I64, I64: []int64{9}, Len: n},
		&columnar.Vector{Type: types.TText, Enc: columnar.Const, Layout: columnar.Str, Offsets: []uint32{0, 2}, Bytes: []byte("ab"), Len: n})
	return all
}

// TestRoundTrip writes vectors of every form and reads them back, in any order.
func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	space := NewSpace(t.TempDir(), 0)
	f, err := space.Create()
	if err != nil {
		t.Fatal(err)
	}
	arena := mem.NewArena(nil)
	defer arena.Free()
	var blocks []Block
	var written [][]*columnar.Vector
	for _, n := range []int{1, 63, 64, 65, 4096, 2} {
		cols := vectors(rng, n)
		b, err := f.Write(cols, n)
		if err != nil {
			t.Fatal(err)
		}
		blocks, written = append(blocks, b, Keep(cols, n, arena)), append(written, cols, cols)
	}
	for _, at := range rng.Perm(len(blocks)) {
		cols, err := blocks[at].Read(make([]uint64, (blocks[at].Bytes()+7)/8))
		if err != nil {
			t.Fatal(err)
		}
		for i := range cols {
			for row := range blocks[at].Rows {
				if got, want := cols[i].Value(row), written[at][i].Value(row); got != want {
					t.Fatalf("block %d column %d row %d is %v, want %v", at, i, row, got, want)
				}
			}
		}
	}
	if space.Used() == 0 {
		t.Error("no room is counted")
	}
	if err := f.Close(); err != nil || space.Used() != 0 {
		t.Errorf("%d bytes are left, %v", space.Used(), err)
	}
}

// TestLimitsAndDamage: a full space is 53100 and takes nothing, a changed file is XX001, and no name
// is left behind.
func TestLimitsAndDamage(t *testing.T) {
	dir := t.TempDir()
	space := NewSpace(dir, 10_000)
	f, err := space.Create()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cols := []*columnar.Vector{{Type: types.TBigInt, Layout: columnar.I64, I64: make([]int64, 1000), Len: 1000}}
	b, err := f.Write(cols, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(cols, 1000); sqlerr.StateOf(err) != sqlerr.DiskFull || space.Used() != 8000 {
		t.Errorf("beyond the limit: %v, %d bytes used", err, space.Used())
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("the directory holds %v, %v", names, err)
	}
	if _, err := f.file.WriteAt([]byte{1}, 77); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(make([]uint64, 1000)); sqlerr.StateOf(err) != sqlerr.DataCorrupted {
		t.Errorf("a changed file: %v", err)
	}
}
