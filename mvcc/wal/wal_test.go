package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"go.uber.org/goleak"

	"github.com/oxidb/oxidb/sqlerr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testID = UUID{1, 2, 3}

// txn is a transaction of one data record and its Commit.
func txn(at uint64, payload string) []Record {
	return []Record{
		{Type: Append, Table: 5, Place: at << 32, Txn: at, At: at, Payload: []byte(payload)},
		{Type: Commit, Txn: at, At: at},
	}
}

func payloadOf(at uint64) string { return strings.Repeat(fmt.Sprint("row ", at, ";"), int(at%40)+1) }

// readPayloads reads a log and checks that its transactions are 1, 2, 3 …
func readPayloads(fs vfs.FS, first uint64) (int, State, error) {
	n := 0
	state, err := Read(fs, "wal", testID, first, func(records []Record) error {
		n++
		last := records[len(records)-1]
		if last.Type != Commit || last.At != uint64(n) || string(records[0].Payload) != payloadOf(last.At) {
			return fmt.Errorf("transaction %d reads as %d: %q", n, last.At, records[0].Payload)
		}
		return nil
	}, nil)
	return n, state, err
}

func start(t *testing.T, fs vfs.FS, from State) *Log {
	t.Helper()
	if err := errors.Join(fs.MkdirAll("wal", 0o755), SyncDir(fs, "/")); err != nil {
		t.Fatal(err)
	}
	l, err := Start(fs, "wal", testID, from, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func rollTo(t *testing.T, l *Log) {
	t.Helper()
	if err := l.ReserveRoll(); err != nil {
		t.Fatal(err)
	}
	if _, ok := l.Roll(); !ok {
		t.Fatal("no file to roll into")
	}
}

func put(t *testing.T, l *Log, at uint64) {
	t.Helper()
	lsn, err := l.Append(txn(at, payloadOf(at)), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Sync(lsn); err != nil {
		t.Fatal(err)
	}
}

// A log that loses or reorders acknowledged transactions over crashes, rolls and reopens is useless.
func TestCrashesLoseNothingAcknowledged(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		fs := vfs.NewCrashableMem()
		l := start(t, fs, State{})
		acked := uint64(0)
		for range 4 {
			for range rng.IntN(12) {
				acked++
				put(t, l, acked)
				if rng.IntN(6) == 0 {
					rollTo(t, l)
				}
			}
			for i := range rng.IntN(3) { // never synced: may or may not survive
				if _, err := l.Append(txn(acked+1+uint64(i), payloadOf(acked+1+uint64(i))), 0); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.Write(l.LSN()); err != nil {
				t.Fatal(err)
			}
			crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			fs = crashed
			n, state, err := readPayloads(fs, 1)
			if err != nil || uint64(n) < acked {
				t.Fatalf("seed %d: %d of %d transactions, %v", seed, n, acked, err)
			}
			acked = uint64(n)
			l = start(t, fs, state)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Damage before the end must stop recovery, naming the place; damage of the last record is a torn end.
func TestDamageIsReportedAndTornEndsAreCut(t *testing.T) {
	fs := vfs.NewMem()
	l := start(t, fs, State{})
	var ends []int64
	for at := uint64(1); at <= 6; at++ {
		put(t, l, at)
		ends = append(ends, l.offset)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := fs.PathJoin("wal", fileName(1))
	raw, err := readWhole(fs, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(0); at < int64(len(raw)); at++ {
		damaged := bytes.Clone(raw)
		damaged[at] ^= 0x40
		write(t, fs, path, damaged)
		n, _, err := readPayloads(fs, 1)
		switch {
		case at >= fileHeaderSize && at < ends[4]: // records 1 to 5 are vouched for by later ones
			padding := err == nil && n == 6
			if !padding && (sqlerr.StateOf(err) != sqlerr.DataCorrupted || !strings.Contains(err.Error(), path)) {
				t.Fatalf("byte %d: %d transactions, %v", at, n, err)
			}
		case err == nil && n < 5:
			t.Fatalf("byte %d: only %d transactions", at, n)
		}
	}
	for cut := ends[4]; cut <= int64(len(raw)); cut++ {
		write(t, fs, path, raw[:cut])
		if n, _, err := readPayloads(fs, 1); err != nil || n < 5 {
			t.Fatalf("cut at %d: %d transactions, %v", cut, n, err)
		}
	}
}

func write(t *testing.T, fs vfs.FS, path string, raw []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(raw)); err != nil { // Write may change what it is given
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Sixty-four committers that each pay for a sync of their own would be sixty times too slow.
func TestCommittersShareSyncs(t *testing.T) {
	syncs := 0
	var mu sync.Mutex
	entered := make(chan struct{}, 1)
	release := make(chan struct{})
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind != errorfs.OpFileSyncData {
			return nil
		}
		mu.Lock()
		syncs++
		first := syncs == 1
		mu.Unlock()
		if first {
			entered <- struct{}{}
			<-release
		}
		return nil
	}))
	l := start(t, fs, State{})
	commitOne := func(at uint64, done *sync.WaitGroup) {
		lsn, err := l.Append(txn(at, "x"), 0)
		if err != nil {
			t.Error(err)
		}
		done.Add(1)
		go func() {
			defer done.Done()
			if err := l.Sync(lsn); err != nil {
				t.Error(err)
			}
		}()
	}
	var done sync.WaitGroup
	commitOne(1, &done)
	<-entered // the first holds the disk; the others gather behind it
	for at := uint64(2); at <= 64; at++ {
		commitOne(at, &done)
	}
	close(release)
	done.Wait()
	if syncs != 2 {
		t.Errorf("%d syncs for 64 commits", syncs)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// Who is on disk must not wait for the sync of those behind: each would pay for the other's.
func TestNobodyWaitsForTheNextSync(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	hold := true
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if hold && op.Kind == errorfs.OpFileSyncData {
			entered <- struct{}{}
			<-release
		}
		return nil
	}))
	l := start(t, fs, State{})
	at := uint64(0)
	committer := func() chan error {
		at++
		lsn, err := l.Append(txn(at, "x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- l.Sync(lsn) }()
		return done
	}
	all := []chan error{committer()}
	<-entered
	for range 20 {
		all = append(all, committer())
	}
	release <- struct{}{}
	<-entered // the second sync is for the twenty
	var last []chan error
	for range 20 {
		last = append(last, committer())
	}
	time.Sleep(time.Millisecond) // all of them wait; without that the test proves less, not something else
	release <- struct{}{}
	<-entered // the third is for the last ones alone: the others are free
	for _, done := range all {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	hold = false
	release <- struct{}{}
	for _, done := range last {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// After a failed sync the kernel may have dropped the pages: acknowledging anything later would lie.
func TestFailedSyncEndsTheLog(t *testing.T) {
	fail := false
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if fail && op.Kind == errorfs.OpFileSyncData {
			return syscall.EIO
		}
		return nil
	}))
	l := start(t, fs, State{})
	put(t, l, 1)
	fail = true
	lsn, err := l.Append(txn(2, "x"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Sync(lsn); sqlerr.StateOf(err) != sqlerr.IOError {
		t.Errorf("got %v", err)
	}
	fail = false
	if _, err := l.Append(txn(3, "x"), 0); err == nil {
		t.Error("the log goes on after a failed sync")
	}
	if l.Close() == nil {
		t.Error("closing a failed log succeeds")
	}
}

// A full disk must show before a commit begins.
func TestReserveReportsFullDisk(t *testing.T) {
	full := false
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full && (op.Kind == errorfs.OpFileWriteAt || op.Kind == errorfs.OpCreate) {
			return syscall.ENOSPC
		}
		return nil
	}))
	l := start(t, fs, State{})
	full = true
	for _, bytes := range []int64{100, 1 << 20, 100 << 20} { // in this file and beyond it
		if err := l.Reserve(bytes); sqlerr.StateOf(err) != sqlerr.DiskFull {
			t.Errorf("%d bytes: %v", bytes, err)
		}
	}
	if err := l.ReserveRoll(); sqlerr.StateOf(err) != sqlerr.DiskFull {
		t.Errorf("a new file: %v", err)
	}
	full = false
	put(t, l, 1) // the log itself is sound, and works again
	if err := l.Reserve(1 << 20); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A file of another database, of a later format or a missing one must not be taken for an empty log.
func TestForeignFilesAreRefused(t *testing.T) {
	fs := vfs.NewMem()
	l := start(t, fs, State{})
	put(t, l, 1)
	rollTo(t, l)
	put(t, l, 2)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	none := func([]Record) error { return nil }
	if _, err := Read(fs, "wal", UUID{9}, 1, none, nil); sqlerr.StateOf(err) != sqlerr.DataCorrupted {
		t.Errorf("another database: %v", err)
	}
	if _, err := Read(fs, "wal", testID, 3, none, nil); sqlerr.StateOf(err) != sqlerr.DataCorrupted {
		t.Errorf("missing file: %v", err)
	}
	h := fileHeader{uuid: testID, number: 1}
	raw := h.encode()
	raw[8] = 99
	if _, _, err := decodeFileHeader(reseal(raw), "f"); sqlerr.StateOf(err) != sqlerr.FeatureNotSupported {
		t.Errorf("later format: %v", err)
	}
	if err := fs.Remove(fs.PathJoin("wal", fileName(1))); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(fs, "wal", testID, 1, none, nil); sqlerr.StateOf(err) != sqlerr.DataCorrupted {
		t.Errorf("missing first file: %v", err)
	}
}

// Failing writes must not look like success at any point.
func TestEveryFailingWriteIsReported(t *testing.T) {
	for index := int32(0); ; index++ {
		inject := errorfs.OnIndex(index)
		mem := vfs.NewMem()
		if err := mem.MkdirAll("wal", 0o755); err != nil {
			t.Fatal(err)
		}
		fs := errorfs.Wrap(mem, errorfs.ErrInjected.If(errorfs.And(errorfs.Writes, inject)))
		acked, err := fill(fs)
		if n, _, readErr := readPayloads(mem, 1); readErr == nil && n < acked {
			t.Fatalf("failure at write %d: %d of %d acknowledged transactions", index, n, acked)
		}
		if err == nil {
			if index < 8 {
				t.Fatalf("only %d writes", index)
			}
			return
		}
		if sqlerr.StateOf(err) != sqlerr.IOError {
			t.Fatalf("failure at write %d: %v", index, err)
		}
	}
}

func fill(fs vfs.FS) (acked int, err error) {
	l, err := Start(fs, "wal", testID, State{}, Options{})
	if err != nil {
		return 0, err
	}
	for at := uint64(1); at <= 5; at++ {
		lsn, err := l.Append(txn(at, payloadOf(at)), 0)
		if err == nil {
			err = l.Sync(lsn)
		}
		if err != nil {
			return acked, errors.Join(err, l.Close())
		}
		acked++
		if at == 3 {
			if err := l.ReserveRoll(); err != nil {
				return acked, errors.Join(err, l.Close())
			}
			l.Roll()
		}
	}
	return acked, l.Close()
}

// reseal makes a changed file header's checksum right.
func reseal(raw []byte) []byte {
	binary.LittleEndian.PutUint32(raw[64:], crc32.Checksum(raw[:64], castagnoli))
	return raw
}

// Any bytes in a log file must end in transactions or an error, never in a panic or an endless loop.
func FuzzRead(f *testing.F) {
	fs := vfs.NewMem()
	if err := fs.MkdirAll("wal", 0o755); err != nil {
		f.Fatal(err)
	}
	l, err := Start(fs, "wal", testID, State{}, Options{})
	if err != nil {
		f.Fatal(err)
	}
	for at := uint64(1); at <= 3; at++ {
		if _, err := l.Append(txn(at, payloadOf(at)), 0); err != nil {
			f.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		f.Fatal(err)
	}
	raw, err := readWhole(fs, fs.PathJoin("wal", fileName(1)), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw[fileHeaderSize:])
	f.Fuzz(func(t *testing.T, records []byte) {
		fs := vfs.NewMem()
		if err := fs.MkdirAll("wal", 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, fs, fs.PathJoin("wal", fileName(1)), append(bytes.Clone(raw[:fileHeaderSize]), records...))
		_, _ = Read(fs, "wal", testID, 1, func([]Record) error { return nil }, nil)
	})
}
