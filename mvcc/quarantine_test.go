package mvcc_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

var quarantine = mvcc.Options{CheckpointBytes: -1, Quarantine: true}

// Damage to a segment must cost its own rows only, be told to the row, and leave a sound database.
func TestQuarantineOfSegments(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openDir(t, fs)
	id := makeKeyed(t, s, 1)
	write := func(from, to int64) {
		var a []int64
		var b []string
		for i := from; i < to; i++ {
			a, b = append(a, i), append(b, "x")
		}
		txn := s.Begin(mvcc.TxnOptions{})
		must(t, txn.Append(id, pairBatch(a, b)))
		commit(t, txn)
	}
	const chunk = segment.MaxRows
	write(0, 2*chunk+100)                       // one file with two chunks, an open chunk
	must(t, s.Checkpoint(context.Background())) // the open chunk's copy
	write(2*chunk+100, 2*chunk+110)
	fs = fs.CrashClone(vfs.CrashCloneCfg{})
	files := filesUnder(t, fs, dbDir+"/seg")
	if len(files) != 2 {
		t.Fatalf("files %v", files)
	}
	for name, c := range map[string]struct {
		file, at int // damaged byte: at hundredths of the file
		missing  bool
		lost     []int64 // rows [lost[0], lost[1])
	}{
		"first chunk":        {file: 0, at: 5, lost: []int64{0, chunk}},
		"second chunk":       {file: 0, at: 30, lost: []int64{chunk, 2 * chunk}},
		"footer":             {file: 0, at: 99, lost: []int64{0, 2 * chunk}},
		"missing":            {file: 0, missing: true, lost: []int64{0, 2 * chunk}},
		"open chunk":         {file: 1, at: 10, lost: []int64{2 * chunk, 2*chunk + 100}},
		"missing open chunk": {file: 1, missing: true, lost: []int64{2 * chunk, 2*chunk + 100}},
	} {
		t.Run(name, func(t *testing.T) {
			fs := fs.CrashClone(vfs.CrashCloneCfg{})
			if c.missing {
				must(t, fs.Remove(files[c.file]))
			} else {
				raw := fileContent(t, fs, files[c.file])
				raw[len(raw)*c.at/100] ^= 4
				writeContent(t, fs, files[c.file], raw)
			}
			s, err := mvcc.Open(fs, dbDir, quarantine)
			must(t, err)
			rows := int64(0)
			for _, l := range s.Losses() {
				rows += l.Rows
				if l.Table != "pairs" || !strings.HasSuffix(files[c.file], l.File) || (l.Aside == "") != c.missing {
					t.Errorf("loss %+v", l)
				}
			}
			if rows != c.lost[1]-c.lost[0] {
				t.Errorf("%d rows are said to be lost, want %d: %v", rows, c.lost[1]-c.lost[0], s.Losses())
			}
			expectWithout(t, s, id, 2*chunk+110, c.lost)
			must(t, s.Close())
			r := check(t, fs)
			must(t, r.Err())
			s = openDir(t, fs)
			expectWithout(t, s, id, 2*chunk+110, c.lost)
			if !c.missing {
				aside := filesUnder(t, fs, dbDir+"/quarantine")
				if len(aside) != 2 { // and the report
					t.Errorf("put aside: %v", aside)
				}
			}
			must(t, s.Close())
		})
	}
}

func expectWithout(t *testing.T, s *mvcc.Store, id mvcc.TableID, n int64, lost []int64) {
	t.Helper()
	got := state(t, s, id)
	for i := range n {
		_, there := got[i]
		if want := i < lost[0] || i >= lost[1]; there != want {
			t.Fatalf("row %d is there: %v", i, there)
		}
	}
}

// Damage in the log costs what comes after it, and the range is told.
func TestQuarantineOfTheLog(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openDir(t, fs)
	id := makePairs(t, s)
	for i := range int64(10) {
		txn := s.Begin(mvcc.TxnOptions{})
		must(t, txn.Append(id, pairBatch([]int64{i}, []string{"x"})))
		commit(t, txn)
	}
	fs = fs.CrashClone(vfs.CrashCloneCfg{})
	logs := filesUnder(t, fs, dbDir+"/wal")
	raw := fileContent(t, fs, logs[0])
	end := len(raw)
	for end > 0 && raw[end-1] == 0 {
		end--
	}
	raw[4096+(end-4096)/2] ^= 1
	writeContent(t, fs, logs[0], raw)
	_, err := mvcc.Open(fs, dbDir, mvcc.Options{})
	if sqlerr.StateOf(err) != sqlerr.DataCorrupted || !strings.Contains(err.Error(), logs[0]) || !strings.Contains(err.Error(), "offset") {
		t.Fatalf("opened with a damaged log: %v", err)
	}
	s, err = mvcc.Open(fs, dbDir, quarantine)
	must(t, err)
	got := state(t, s, id)
	losses := s.Losses()
	if len(losses) != 1 || losses[0].Table != "" || losses[0].FromLSN == 0 || losses[0].ToLSN < losses[0].FromLSN || len(got)+losses[0].Commits < 9 || len(got) > 8 {
		t.Errorf("%d rows, losses %+v", len(got), losses)
	}
	for i := range int64(len(got)) {
		if got[i] != "x" {
			t.Errorf("row %d of %d is missing", i, len(got))
		}
	}
	txn := s.Begin(mvcc.TxnOptions{})
	must(t, txn.Append(id, pairBatch([]int64{100}, []string{"y"})))
	commit(t, txn)
	must(t, s.Close())
	must(t, check(t, fs).Err())
	s = openDir(t, fs)
	if again := state(t, s, id); len(again) != len(got)+1 {
		t.Errorf("%d rows, then %d", len(got), len(again))
	}
	must(t, s.Close())
}

// Whatever byte of a segment or the log is damaged: quarantine opens the database, invents nothing, and
// leaves it sound, also when the machine stops on the way.
func TestQuarantineOfAnything(t *testing.T) {
	origin, id := checkable(t)
	s := openDir(t, origin.CrashClone(vfs.CrashCloneCfg{}))
	want := state(t, s, id)
	must(t, s.Close())
	rng := rand.New(rand.NewPCG(1, 2))
	for _, path := range filesUnder(t, origin, dbDir) {
		if strings.Contains(path, "MANIFEST-") {
			continue
		}
		raw := fileContent(t, origin, path)
		used := len(raw)
		for used > 0 && raw[used-1] == 0 {
			used--
		}
		for range 12 {
			damaged := slices.Clone(raw)
			damaged[rng.IntN(used)] ^= 1 << rng.IntN(8)
			mem := origin.CrashClone(vfs.CrashCloneCfg{})
			writeContent(t, mem, path, damaged)
			verify := func(mem *vfs.MemFS, fs vfs.FS) {
				s, err := mvcc.Open(fs, dbDir, quarantine)
				must(t, err)
				got := state(t, s, id)
				for a, b := range got {
					if w, there := want[a]; a != 7 && (!there || w != b) { // row 7's delete may be lost with the log
						t.Fatalf("%s: row %d was invented", path, a)
					}
				}
				_, err = mem.Stat(dbDir + "/quarantine/0001/REPORT")
				if len(s.Losses()) == 0 && err != nil && !maps.Equal(got, want) && len(got) != len(want)-10 {
					t.Fatalf("%s: %d rows of %d, and nothing told", path, len(got), len(want))
				}
				must(t, s.Close())
				must(t, check(t, mem).Err())
			}
			var crashed []*vfs.MemFS
			verify(mem, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && rng.IntN(4) == 0 {
					crashed = append(crashed, mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50 * rng.IntN(3), RNG: rng}))
				}
				return nil
			})))
			for _, mem := range crashed {
				verify(mem, mem)
			}
		}
	}
}
