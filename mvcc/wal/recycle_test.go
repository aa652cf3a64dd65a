package wal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb/sqlerr"
)

const tinyFile = 12 << 10

func startTiny(t *testing.T, fs vfs.FS, from State) *Log {
	t.Helper()
	if err := fs.MkdirAll("wal", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := SyncDir(fs, "/"); err != nil {
		t.Fatal(err)
	}
	l, err := Start(fs, "wal", testID, from, Options{FileBytes: tinyFile})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// reserve and append, as commits do.
func hand(l *Log, at uint64, payload string) (uint64, error) {
	records := txn(at, payload)
	size := Size(records)
	if err := l.Reserve(size); err != nil {
		return 0, err
	}
	return l.Append(records, size)
}

func names(t *testing.T, fs vfs.FS) (files, spares []string) {
	t.Helper()
	all, err := fs.List("wal")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	for _, name := range all {
		if strings.HasSuffix(name, spareSuffix) {
			spares = append(spares, name)
		} else {
			files = append(files, name)
		}
	}
	return files, spares
}

// tear is a file system after a crash that wrote some sectors of what was not synced, in any order,
// and left the rest of each file as the last sync, or an earlier life, had it.
func tear(t *testing.T, fs *vfs.MemFS, rng *rand.Rand) *vfs.MemFS {
	t.Helper()
	now := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng})
	left := fs.CrashClone(vfs.CrashCloneCfg{})
	files, _ := names(t, left)
	for _, name := range files {
		path := left.PathJoin("wal", name)
		before, err := readWhole(left, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		after, err := readWhole(now, path, nil)
		if err != nil {
			continue // removed, which was not synced
		}
		mixed := bytes.Clone(after)
		for at := 0; at < len(mixed); at += 512 {
			if rng.IntN(2) == 0 && at < len(before) {
				copy(mixed[at:min(at+512, len(mixed))], before[at:])
			}
		}
		write(t, left, path, mixed)
	}
	return left.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng})
}

// A recycled file holds whole records of its earlier life behind the tail. One that is taken for a
// record of the log would bring back what is long gone, or stop the database from opening.
func TestRecycledFilesOverCrashes(t *testing.T) {
	reused := 0
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		fs := vfs.NewCrashableMem()
		l := startTiny(t, fs, State{})
		acked, first := uint64(0), uint64(1)
		base := uint64(0) // transactions before file `first`
		for range 4 {
			for range rng.IntN(60) {
				lsn, err := hand(l, acked+1, payloadOf(acked+1))
				if err == nil {
					err = l.Sync(lsn)
				}
				if err != nil {
					t.Fatal(err)
				}
				acked++
				if rng.IntN(25) == 0 {
					rollTo(t, l)
					if err := l.Flush(); err != nil {
						t.Fatal(err)
					}
					first, _ = l.End()
					base = acked
					if err := l.Trim(first); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i := range uint64(rng.IntN(4)) { // never synced: may or may not survive
				if _, err := hand(l, acked+1+i, payloadOf(acked+1+i)); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.Write(l.LSN()); err != nil {
				t.Fatal(err)
			}
			crashed := tear(t, fs, rng)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if _, spares := names(t, crashed); len(spares) > 0 {
				reused++
			}
			fs = crashed
			n := base
			state, err := Read(fs, "wal", testID, first, func(records []Record) error {
				n++
				if at := records[len(records)-1].At; at != n || string(records[0].Payload) != payloadOf(n) {
					return fmt.Errorf("transaction %d reads as %d", n, at)
				}
				return nil
			}, nil)
			if err != nil || n < acked || n > acked+3 {
				t.Fatalf("seed %d: %d of %d transactions, %v", seed, n, acked, err)
			}
			acked = n
			l = startTiny(t, fs, state)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if reused < 100 {
		t.Errorf("only %d crashes with spares: the test does not test", reused)
	}
}

// Steady work must neither make files without end nor leave the disk full of them.
func TestFilesAreUsedAgain(t *testing.T) {
	created := 0
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpCreate {
			created++
		}
		return nil
	}))
	l := startTiny(t, fs, State{})
	for at := uint64(1); at <= 2000; at++ {
		lsn, err := hand(l, at, payloadOf(at))
		if err == nil {
			err = l.Sync(lsn)
		}
		if err == nil && at%80 == 0 {
			number, _ := l.End()
			err = l.Trim(number)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	number, _ := l.End()
	if files, spares := names(t, fs); number < 50 || created > 20 || len(spares) > defaultSpares || len(files) > 10 {
		t.Errorf("%d files of %d created, %d and %d spares are there", number, created, len(files), len(spares))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A transaction that is longer than a file must be read back whole, wherever it begins.
func TestTransactionsLongerThanAFile(t *testing.T) {
	fs := vfs.NewMem()
	l := startTiny(t, fs, State{})
	sizes := []int{10, 3 * tinyFile, 100, tinyFile, tinyFile - fileHeaderSize, 5 * tinyFile, 0, 70 << 10}
	for i, size := range sizes {
		if _, err := hand(l, uint64(i+1), strings.Repeat("x", size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	_, err := Read(fs, "wal", testID, 1, func(records []Record) error {
		if got := len(records[0].Payload); got != sizes[n] {
			return fmt.Errorf("transaction %d has %d bytes, not %d", n+1, got, sizes[n])
		}
		n++
		return nil
	}, nil)
	if err != nil || n != len(sizes) {
		t.Errorf("%d transactions, %v", n, err)
	}
}

// However many reserve at once, and whatever rolls in between, what is reserved must go to where room
// was made: a full disk must not be found by a write (W5).
func TestReservedRoomIsThere(t *testing.T) {
	var mu sync.Mutex
	full := false
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if full && op.Kind == errorfs.OpCreate {
			return syscall.ENOSPC
		}
		return nil
	}))
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 3))
		l := startTiny(t, fs, State{File: seed * 1000})
		var owed [][]Record
		for at := uint64(1); at <= 300; at++ {
			mu.Lock()
			full = rng.IntN(3) == 0
			mu.Unlock()
			records := txn(at, strings.Repeat("x", rng.IntN(2000)))
			switch err := l.Reserve(Size(records)); {
			case err == nil && rng.IntN(10) == 0:
				l.Release(Size(records))
			case err == nil:
				owed = append(owed, records)
			case sqlerr.StateOf(err) != sqlerr.DiskFull:
				t.Fatal(err)
			}
			if rng.IntN(40) == 0 && l.ReserveRoll() == nil {
				l.Roll()
			}
			for len(owed) > rng.IntN(12) {
				i := rng.IntN(len(owed))
				before := l.current.capacity
				records, size := owed[i], Size(owed[i])
				owed = slices.Delete(owed, i, i+1)
				file := l.current
				if _, err := l.Append(records, size); err != nil {
					t.Fatal(err)
				}
				if l.current == file && l.current.capacity != before || l.current.file == nil {
					t.Fatalf("seed %d: transaction %d went where no room was made", seed, at)
				}
			}
			if rng.IntN(8) == 0 {
				if err := l.Flush(); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				number, _ := l.End()
				if err := l.Trim(number); err != nil {
					t.Fatal(err)
				}
			}
		}
		mu.Lock()
		full = false
		mu.Unlock()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := RemoveAll(fs, "wal"); err != nil {
			t.Fatal(err)
		}
	}
}
