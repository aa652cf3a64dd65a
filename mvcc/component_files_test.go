package mvcc

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/types"
)

const indexedRows = 500

// indexedStore makes a table (a bigint, b text) with an index of every kind, whose rows lie in two
// closed chunks on disk and whose components have files.
func indexedStore(t *testing.T, fs vfs.FS) (*Store, TableID) {
	s := reopen(t, fs)
	id := s.NewID()
	schema := Schema{
		Columns: []ColumnDef{{FieldID: 1, Name: "a", Type: types.TBigInt}, {FieldID: 2, Name: "b", Type: types.TText}},
		Keys:    []Key{{Name: "key", Fields: []int32{1, 2}}},
		Indexes: []Index{{Kind: index.Hash, Fields: []int32{2}}, {Kind: index.Bitmap, Fields: []int32{2}}, {Kind: index.Ordered, Fields: []int32{1}}},
	}
	txn := s.Begin(TxnOptions{})
	check(t, txn.CreateTable(id, "t", schema))
	check(t, commitOf(txn))
	for part := range 2 {
		txn := s.Begin(TxnOptions{})
		check(t, txn.Append(id, indexedBatch(part)))
		check(t, commitOf(txn))
		txn = s.Begin(TxnOptions{})
		check(t, txn.AlterTable(id, "t", schema)) // closes the chunk
		check(t, commitOf(txn))
	}
	check(t, s.Checkpoint(context.Background()))
	return s, id
}

func reopen(t *testing.T, fs vfs.FS) *Store {
	t.Helper()
	s, err := Open(fs, "/db", Options{CheckpointBytes: -1})
	check(t, err)
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func commitOf(txn *Txn) error {
	_, err := txn.Commit(context.Background())
	return err
}

// indexedBatch has scattered numbers and texts of which every seventh row has the same.
func indexedBatch(part int) *columnar.Batch {
	a := &columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: indexedRows}
	b := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: indexedRows, Offsets: []uint32{0}}
	for i := range indexedRows {
		a.I64 = append(a.I64, int64((i*211)%indexedRows+part*indexedRows))
		b.Bytes = fmt.Appendf(b.Bytes, "text %d", i%7)
		b.Offsets = append(b.Offsets, uint32(len(b.Bytes)))
	}
	return &columnar.Batch{Len: indexedRows, Cols: []*columnar.Vector{a, b}}
}

// found counts what every index finds; fromFiles how many components were read, not built.
func found(t *testing.T, s *Store, id TableID) (counts [4]int, fromFiles int) {
	t.Helper()
	txn := s.Begin(TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	table, err := txn.Table(id)
	check(t, err)
	five := types.Str(types.TText, "text 5")
	lookups := []index.Lookup{
		{Equal: []types.Value{types.Int(types.TBigInt, 211), types.Str(types.TText, "text 1")}},
		{Equal: []types.Value{five}},
		{Equal: []types.Value{five}},
		{Low: index.Bound{Set: true, Value: types.Int(types.TBigInt, 900)}},
	}
	for i, path := range table.schema.paths() {
		for _, v := range table.Chunks() {
			if s.readComponent(id, path, v.chunk, v.chunk.sealed.Load()) != nil {
				fromFiles++
			}
			rows, err := v.Find(context.Background(), path, &lookups[i], nil)
			check(t, err)
			counts[i] += len(rows)
		}
	}
	return counts, fromFiles
}

var wantFound = [4]int{1, 142, 142, 99}

func componentPaths(t *testing.T, fs vfs.FS) []string {
	t.Helper()
	dirs, err := fs.List("/db/idx")
	check(t, err)
	var all []string
	for _, dir := range dirs {
		names, err := fs.List("/db/idx/" + dir)
		check(t, err)
		for _, name := range names {
			all = append(all, "/db/idx/"+dir+"/"+name)
		}
	}
	slices.Sort(all)
	return all
}

func content(t *testing.T, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	check(t, err)
	defer f.Close()
	stat, err := f.Stat()
	check(t, err)
	data := make([]byte, stat.Size())
	_, err = f.ReadAt(data, 0)
	check(t, err)
	return data
}

func overwrite(t *testing.T, fs vfs.FS, path string, data []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	check(t, err)
	_, err = f.Write(slices.Clone(data)) // a file system may change what it is given
	check(t, err)
	check(t, f.Close())
}

// A restart that built every index anew would make the first point queries wait for seconds.
func TestComponentsSurviveARestart(t *testing.T) {
	fs := vfs.NewMem()
	s, id := indexedStore(t, fs)
	check(t, s.Close())
	if n := len(componentPaths(t, fs)); n != 8 {
		t.Errorf("%d component files, want one per index and chunk", n)
	}
	s = reopen(t, fs)
	if counts, read := found(t, s, id); counts != wantFound || read != 8 {
		t.Errorf("found %v with %d components from files, want %v with 8", counts, read, wantFound)
	}
	check(t, s.Close())
}

// Clones share the rows' files; building components that lie beside them again would make cloning
// dear at the next start.
func TestClonesShareComponents(t *testing.T) {
	fs := vfs.NewMem()
	s, id := indexedStore(t, fs)
	past, err := s.BeginAt(s.Version())
	check(t, err)
	table, err := past.Table(id)
	check(t, err)
	clone, txn := s.NewID(), s.Begin(TxnOptions{})
	check(t, txn.CloneTable(t.Context(), clone, "clone", table.Schema(), table))
	check(t, commitOf(txn))
	past.Rollback()
	check(t, s.Checkpoint(t.Context()))
	check(t, s.Close())
	s = reopen(t, fs)
	if counts, read := found(t, s, clone); counts != wantFound || read != 8 {
		t.Errorf("found %v with %d components from files, want %v with 8", counts, read, wantFound)
	}
	if n := len(componentPaths(t, fs)); n != 8 {
		t.Errorf("%d component files, want one per index and chunk", n)
	}
	check(t, s.Close())
}

// Whatever becomes of the files, answers stay; damage is seen, and made good by the next checkpoint that
// misses a file.
func TestDamagedComponentsAreBuiltAgain(t *testing.T) {
	fs := vfs.NewMem()
	s, id := indexedStore(t, fs)
	check(t, s.Close())
	paths := componentPaths(t, fs)
	good := make([][]byte, len(paths))
	for i, path := range paths {
		good[i] = content(t, fs, path)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	damage := map[string]func(i int, data []byte) []byte{
		"a flipped bit": func(_ int, data []byte) []byte { data[rng.IntN(len(data))] ^= 1 << rng.IntN(8); return data },
		"a torn end":    func(_ int, data []byte) []byte { return data[:rng.IntN(len(data))] },
		"zeros":         func(_ int, data []byte) []byte { clear(data[rng.IntN(len(data)-8):]); data[8]++; return data },
		"another's":     func(i int, _ []byte) []byte { return good[(i+1)%len(good)] },
		"empty":         func(int, []byte) []byte { return nil },
	}
	for name, change := range damage {
		for range 20 {
			for i, path := range paths {
				overwrite(t, fs, path, change(i, slices.Clone(good[i])))
			}
			s := reopen(t, fs)
			if counts, read := found(t, s, id); counts != wantFound || read != 0 {
				t.Fatalf("%s: found %v, %d damaged components were taken for good", name, counts, read)
			}
			check(t, s.Close())
		}
	}
	for _, path := range paths {
		check(t, fs.Remove(path))
	}
	s = reopen(t, fs)
	check(t, s.Checkpoint(context.Background()))
	if counts, read := found(t, s, id); counts != wantFound || read != 8 {
		t.Errorf("after a checkpoint: found %v with %d components from files", counts, read)
	}
	check(t, s.Close())
}

// A component must not outlive its rows: a segment file's name may be used again.
func TestComponentsGoWithTheirSegments(t *testing.T) {
	fs := vfs.NewMem()
	s, id := indexedStore(t, fs)
	txn := s.Begin(TxnOptions{})
	check(t, txn.DropTable(id))
	check(t, commitOf(txn))
	for range 2 {
		check(t, s.Checkpoint(context.Background()))
	}
	if left := componentPaths(t, fs); len(left) > 0 {
		t.Errorf("left %s", strings.Join(left, " "))
	}
	check(t, s.Close())
}

// A crash at any time leaves files that are whole, torn or missing; the answers are the same.
func TestComponentsAfterACrash(t *testing.T) {
	for seed := range uint64(40) {
		fs := vfs.NewCrashableMem()
		s, id := indexedStore(t, fs)
		rng := rand.New(rand.NewPCG(seed, 0))
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		check(t, s.Close())
		s = reopen(t, crashed)
		if counts, _ := found(t, s, id); counts != wantFound {
			t.Errorf("seed %d: found %v, want %v", seed, counts, wantFound)
		}
		check(t, s.Close())
	}
}
