package segment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Every width of bits, and every way of ending, must come back from the pages as it went in.
func TestIntegerPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]types.Type{types.TBigInt, types.TInteger, types.TSmallInt, types.TNumeric(18, 3), types.TTimestampTZ}).Draw(t, "type")
		rows := rapid.IntRange(1, 1200).Draw(t, "rows")
		width := rapid.IntRange(0, 64).Draw(t, "width")
		rng := rand.New(rand.NewPCG(uint64(rapid.Int64().Draw(t, "seed")), 1))
		lo, hi := typ.Bounds()
		if typ.Class() == types.ClassDecimal {
			lo, hi = -999_999_999_999_999_999, 999_999_999_999_999_999
		}
		values := make([]types.Value, rows)
		for i := range values {
			x := int64(rng.Uint64() >> (64 - width) << (rng.IntN(2) * 3))
			switch rng.IntN(300) {
			case 0:
				x = lo
			case 1:
				x = hi
			}
			values[i] = types.Int(typ, min(max(x, lo), hi))
		}
		throughFile(t, typ, values)
	})
}

// Codes in runs, codes that differ, and both together, of dictionaries of any size.
func TestCodePages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		different := rapid.SampledFrom([]int{1, 2, 3, 255, 256, 257, 1000}).Draw(t, "different")
		longest := rapid.SampledFrom([]int{1, 2, 70, 500}).Draw(t, "longest run")
		nullPercent := rapid.SampledFrom([]int{0, 0, 20}).Draw(t, "nulls")
		rng := rand.New(rand.NewPCG(uint64(rapid.Int64().Draw(t, "seed")), 2))
		var values []types.Value
		for len(values) < 4*different+100 {
			v := types.Str(types.TText, fmt.Sprint("value ", rng.IntN(different)))
			if rng.IntN(100) < nullPercent {
				v = types.Null(types.TText)
			}
			for range 1 + rng.IntN(longest) {
				values = append(values, v)
			}
		}
		throughFile(t, types.TText, values)
	})
}

// Texts whose pages end inside the chunk, with NULLs around the ends.
func TestTextPages(t *testing.T) {
	for _, nullPercent := range []int{0, 30} {
		rng := rand.New(rand.NewPCG(3, 3))
		values := make([]types.Value, 3000)
		for i := range values {
			values[i] = types.Str(types.TText, fmt.Sprint(i, strings.Repeat("x", rng.IntN(3000))))
			if rng.IntN(100) < nullPercent {
				values[i] = types.Null(types.TText)
			}
		}
		throughFile(t, types.TText, values)
	}
}

// A NULL's slot may have bytes that are no value's.
func TestTextsOfNullsAreLeftOut(t *testing.T) {
	v := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: 3, Offsets: []uint32{0, 2, 5, 7}, Bytes: []byte("abXYZcd"), Valid: []uint64{0b101}}
	var e encoder
	e.appendTexts(v, 0, 3)
	if got := string(e.body[len(e.body)-4:]); got != "abcd" || strings.Contains(string(e.body), "XYZ") {
		t.Errorf("the page is %q", e.body)
	}
}

// throughFile writes a column and reads it, with arrow-go's reader too.
func throughFile(t rapid.TB, typ types.Type, values []types.Value) {
	fs := vfs.NewMem()
	closed, zone := build(typ, values).Close(nil)
	f, group := writeOne(t, fs, typ, closed, zone)
	checkWithArrow(t, readFile(t, fs, f.Path()), values)
	read, err := f.ReadColumn(0, 0, group.Rows, &group.Columns[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	checkValues(t, "read", read, values)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Pages cannot be longer than their header's 31 bits say, however long the texts are.
func TestPagesOfHugeTexts(t *testing.T) {
	v := &columnar.Vector{Layout: columnar.Str, Len: 4, Offsets: []uint32{0, 900 << 20, 1800 << 20, 2700 << 20, 3600 << 20}}
	for from := 0; from < v.Len; {
		to := pageEnd(v, from)
		if to <= from || v.Offsets[to]-v.Offsets[from] > math.MaxInt32 {
			t.Fatalf("a page of rows %d to %d", from, to)
		}
		from = to
	}
}
