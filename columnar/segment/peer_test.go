package segment

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// TestPeersReadSegments would fail if pyarrow or DuckDB read other values from a segment than were
// written. OXIDB_PYTHON names a Python that has both.
func TestPeersReadSegments(t *testing.T) {
	python := os.Getenv("OXIDB_PYTHON")
	if python == "" {
		t.Skip("OXIDB_PYTHON is not set: name a Python that has pyarrow and duckdb to let them read what is written here")
	}
	path := filepath.Join(t.TempDir(), "all.parquet")
	want := writeAll(t, path)
	peers := exec.Command(python, "testdata/digest.py", path)
	peers.Stderr = os.Stderr
	out, err := peers.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); seen++ {
		f := strings.Fields(lines.Text())
		if want[f[1]] != f[2] {
			t.Errorf("%s reads other values of column %s", f[0], f[1])
		}
	}
	if seen != 2*len(want) {
		t.Errorf("%d columns read, want 2 times %d", seen, len(want))
	}
}

// writeAll writes columns of all types, without, with some and with NULLs only, in two row groups, and
// gives digests of their values.
func writeAll(t *testing.T, path string) map[string]string {
	t.Helper()
	rng := testRand(7)
	var columns []ColumnSchema
	var groups [2][]*columnar.Vector
	var zones [2][]*Zone
	want := map[string]string{}
	for _, typ := range storedTypes {
		for form, nulls := range map[string]int{"": 0, "_some": 30, "_null": 100} {
			name := strings.ToLower(typ.Kind.String()) + form
			if typ.Kind == types.Numeric {
				name = fmt.Sprint("numeric", typ.Precision, form)
			}
			columns = append(columns, ColumnSchema{Field: int32(len(columns)), Name: strings.ReplaceAll(name, " ", "_"), Type: typ, Required: nulls == 0})
			h := md5.New()
			for g, rows := range []int{20_001, 1000} {
				v, z := build(typ, peerValues(rng, typ, rows, nulls)).Close(nil)
				groups[g], zones[g] = append(groups[g], v), append(zones[g], z)
				for i := range v.Len {
					fmt.Fprintln(h, digestText(v.Value(i)))
				}
			}
			want[columns[len(columns)-1].Name] = fmt.Sprintf("%x", h.Sum(nil))
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(f, columns)
	if err != nil {
		t.Fatal(err)
	}
	for g := range groups {
		if _, _, err := w.WriteGroup(groups[g], zones[g]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return want
}

// peerValues has long texts, so that pages end inside the chunk, runs, and the ends of integers.
func peerValues(rng *rand.Rand, typ types.Type, rows, nulls int) []types.Value {
	values := make([]types.Value, rows)
	for i := range values {
		switch {
		case rng.IntN(100) < nulls:
			values[i] = types.Null(typ)
		case i > 0 && i%5000 < 900 && !values[i-1].Null:
			values[i] = values[i-1]
		case typ.Kind == types.Text:
			values[i] = types.Str(typ, strings.Repeat("ä", rng.IntN(60))+fmt.Sprint(i))
		case typ.Kind == types.JSON:
			values[i] = types.Str(typ, fmt.Sprintf(`{"v":%d}`, rng.IntN(rows)))
		case typ.Kind == types.BigInt && i%100 == 7:
			values[i] = types.Int(typ, []int64{math.MinInt64, math.MaxInt64}[i/100%2])
		case typ.Kind == types.Integer && i%100 == 7:
			values[i] = types.Int(typ, []int64{math.MinInt32, math.MaxInt32}[i/100%2])
		default:
			values[i] = randomValue(rng, typ, []int64{200, 60_000, 1 << 31}[i%3])
		}
	}
	return values
}

// digestText is a value as testdata/digest.py writes it.
func digestText(v types.Value) string {
	switch {
	case v.Null:
		return "null"
	case v.Type.Class() == types.ClassFloat && v.F != v.F:
		return "nan"
	case v.Type.Class() == types.ClassFloat:
		return fmt.Sprintf("%016x", math.Float64bits(v.F))
	case v.Type.Class() == types.ClassDecimal:
		wide := v.Unscaled()
		x := new(big.Int).Lsh(big.NewInt(wide.Hi), 64)
		return x.Add(x, new(big.Int).SetUint64(wide.Lo)).String()
	case v.Type.Class() == types.ClassInterval:
		var e encoder
		e.appendFixed(&columnar.Vector{Layout: columnar.Spans, Len: 1, Spans: []types.Span{v.Span}})
		return fmt.Sprintf("%x", e.body)
	case v.Type.Class() == types.ClassBytes || v.Type.Class() == types.ClassUUID:
		return fmt.Sprintf("%x", v.S)
	}
	return fmt.Sprint(v.I)
}

func testRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }
