package wal

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A follower that skips, repeats or garbles a record makes archives that lose transactions.
func TestFollowWhileWriting(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		fs := vfs.NewMem()
		l := start(t, fs, State{})
		f, err := Follow(fs, "wal", testID, 1)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []Record
		files := map[uint64][]byte{}
		for at := uint64(1); at <= 40; at++ {
			payload := make([]byte, rng.IntN(3000))
			if rng.IntN(15) == 0 {
				payload = make([]byte, followStep-100+rng.IntN(200)) // around the size of the window
			}
			for i := range payload {
				payload[i] = byte(rng.Uint32())
			}
			records := []Record{{Type: Append, At: at, Payload: payload}, {Type: Commit, At: at}}
			room := RecordSize(len(payload)) + RecordSize(0)
			if err := l.Reserve(room); err != nil {
				t.Fatal(err)
			}
			lsn, err := l.Append(records, room)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, records...)
			if rng.IntN(3) == 0 {
				if err := l.Sync(lsn); err != nil {
					t.Fatal(err)
				}
			}
			if rng.IntN(6) == 0 {
				if err := l.ReserveRoll(); err != nil {
					t.Fatal(err)
				}
				if _, ok := l.Roll(); !ok {
					t.Fatal("no new file")
				}
			}
			if rng.IntN(4) != 0 {
				continue
			}
			for {
				p, err := f.Next(l.OnDisk())
				if err != nil {
					t.Fatal(err)
				}
				if p == nil {
					break
				}
				if int64(len(files[p.File])) != p.Offset {
					t.Fatalf("piece at %d of file %d, %d bytes were given", p.Offset, p.File, len(files[p.File]))
				}
				files[p.File] = append(files[p.File], p.Bytes...)
				if p.Record.Type != 0 {
					r := p.Record
					r.Payload = bytes.Clone(r.Payload)
					got = append(got, r)
				}
			}
		}
		for i := range got {
			if got[i].LSN != uint64(i)+1 || got[i].At != want[i].At || !bytes.Equal(got[i].Payload, want[i].Payload) {
				t.Fatalf("seed %d: record %d is LSN %d of commit %d", seed, i, got[i].LSN, got[i].At)
			}
		}
		if len(got) == 0 {
			t.Fatal("nothing was followed")
		}
		if err := errors.Join(f.Close(), l.Close()); err != nil {
			t.Fatal(err)
		}
		copied := vfs.NewMem()
		if err := copied.MkdirAll("wal", 0o755); err != nil {
			t.Fatal(err)
		}
		for n, raw := range files {
			out, err := copied.Create(copied.PathJoin("wal", fileName(n)), vfs.WriteCategoryUnspecified)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := out.Write(raw); err != nil {
				t.Fatal(err)
			}
			if err := out.Close(); err != nil {
				t.Fatal(err)
			}
		}
		read := 0
		if _, err := Read(copied, "wal", testID, 1, func(r []Record) error { read += len(r); return nil }, nil); err != nil || read != len(got) {
			t.Fatalf("seed %d: the copy has %d of %d records: %v", seed, read, len(got), err)
		}
	}
}

// A crash leaves records without their Commit; the log goes on in a new file, as if they were not there.
// A follower that takes them for part of the log finds it damaged, and no backup is made any more.
func TestFollowPassesTornTransactions(t *testing.T) {
	fs := vfs.NewMem()
	l := start(t, fs, State{})
	put(t, l, 1)
	_, whole := l.End()
	put(t, l, 2)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := fs.PathJoin("wal", fileName(1))
	if err := shorten(fs, path, whole+RecordSize(len(payloadOf(2)))); err != nil {
		t.Fatal(err)
	}
	n, state, err := readPayloads(fs, 1)
	if err != nil || n != 1 {
		t.Fatalf("%d transactions, %v", n, err)
	}
	l = start(t, fs, state)
	put(t, l, 2)
	rollTo(t, l)
	put(t, l, 3)
	follow, err := Follow(fs, "wal", testID, 1)
	if err != nil {
		t.Fatal(err)
	}
	var lsns []uint64
	for {
		p, err := follow.Next(l.OnDisk())
		if err != nil {
			t.Fatal(err)
		}
		if p == nil {
			break
		}
		if p.Record.Type != 0 {
			lsns = append(lsns, p.LSN)
		}
		if p.File == 1 && p.Offset+int64(len(p.Bytes)) > whole {
			t.Errorf("a piece at %d of the first file, which ends at %d", p.Offset, whole)
		}
	}
	if !slices.Equal(lsns, []uint64{1, 2, 3, 4, 5, 6}) {
		t.Errorf("records %v", lsns)
	}
	if err := errors.Join(follow.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
}
