package external

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/external/parquet"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// everything is a pool that keeps all columns and counts how often it was asked to make one.
type everything struct {
	mu     sync.Mutex
	kept   map[string]*columnar.Vector
	loaded int
}

func (p *everything) KeptForeignColumn(file string, group, ordinal int) *columnar.Vector {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept[fmt.Sprint(file, group, ordinal)]
}

func (p *everything) ForeignColumn(file string, group, ordinal int, load func() (*columnar.Vector, error)) (*columnar.Vector, error) {
	v, err := load()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loaded++; err == nil {
		p.kept[fmt.Sprint(file, group, ordinal)] = v
	}
	return v, err
}

// openKeeping gives an opener whose decoded columns a pool keeps.
func openKeeping() (Opener, *everything) {
	pool := &everything{kept: map[string]*columnar.Vector{}}
	return Opener{FS: vfs.Default, Footers: parquet.NewCache(pool)}, pool
}

// aged sets a file's time back, so that it counts as settled.
func aged(t *testing.T, path string) {
	t.Helper()
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

// A column from memory must be the one in the file, whatever its type, and a column that is read once
// must not be kept.
func TestKeptColumnsAreThoseOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "all.parquet")
	rows := randomRows(rand.New(rand.NewPCG(3, 4)), all, 9000)
	if err := writeFile(t, vfs.Default, path, all, rows, 1); err != nil {
		t.Fatal(err)
	}
	aged(t, path)
	o, pool := openKeeping()
	for reading := range 4 {
		_, got, err := readWith(t, o, request(path), 2, nil)
		if err != nil {
			t.Fatal(err)
		}
		compareRows(t, got, padded(rows, true))
		if want := min(reading, 1) * len(all); pool.loaded != want || len(pool.kept) != want {
			t.Fatalf("reading %d: %d columns loaded, %d kept, not %d", reading, pool.loaded, len(pool.kept), want)
		}
	}
}

// The encodings of other writers must decode to the same whole columns.
func TestKeptForeignFiles(t *testing.T) {
	for _, name := range []string{"plain.parquet", "dict.parquet", "v2.parquet", "int96.parquet", "delta.parquet", "duckdb.parquet", "duckdb_types.parquet", "tiny.parquet", "tiny2.parquet"} {
		content, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		aged(t, path)
		_, want, err := readFile(t, vfs.Default, request(path), 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		o, pool := openKeeping()
		for range 3 {
			_, got, err := readWith(t, o, request(path), 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			compareRows(t, got, want)
		}
		if len(pool.kept) == 0 {
			t.Errorf("nothing of %s is kept", name)
		}
	}
}

// A file that takes another's name, size and time is another file.
func TestKeptColumnsOfReplacedFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only known to be another file where the system tells its place and change")
	}
	dir := t.TempDir()
	path, other := filepath.Join(dir, "a.parquet"), filepath.Join(dir, "b.parquet")
	kinds := []types.Type{types.TBigInt}
	o, _ := openKeeping()
	for i, p := range []string{path, other} {
		if err := writeFile(t, vfs.Default, p, kinds, []exectest.Row{{types.Int(types.TBigInt, int64(i+7))}}, 1, word("compression", "none")); err != nil {
			t.Fatal(err)
		}
		aged(t, p)
	}
	for want := int64(7); want <= 8; want++ {
		for range 3 {
			_, got, err := readWith(t, o, request(path), 1, nil)
			if err != nil || len(got) != 1 || got[0][0].I != want {
				t.Fatalf("%v, %v, not %d", got, err, want)
			}
		}
		if want == 7 {
			if err := os.Rename(other, path); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Damage found while a column is made for the pool must be an error at each reading.
func TestKeptColumnsOfDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "damaged.parquet")
	content, err := os.ReadFile("testdata/dict.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for i := 4; i < len(content)/3; i++ {
		content[i] = 0xff
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	aged(t, path)
	o, _ := openKeeping()
	for range 3 {
		if _, _, err := readWith(t, o, request(path), 1, nil); err == nil {
			t.Fatal("damage passes")
		}
	}
}

// checkKeptDamaged reads content with a pool, which must find the same as who reads it without.
func checkKeptDamaged(t testing.TB, name string, content []byte, want error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	o, _ := openKeeping()
	for range 2 { // the second reading is for the pool
		if _, _, err := readWith(t, o, request(path), 1, nil); sqlerr.StateOf(err) != sqlerr.StateOf(want) {
			t.Errorf("with a pool %v, without %v", err, want)
		}
	}
}
