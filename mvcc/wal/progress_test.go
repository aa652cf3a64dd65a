package wal

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A recovery that does not say how far it is looks like one that hangs; one whose consumer has failed
// must not go on reading.
func TestReadTellsProgressAndStops(t *testing.T) {
	fs := vfs.NewMem()
	l := startTiny(t, fs, State{})
	const count = 20_000
	for at := uint64(1); at <= count; at++ {
		if _, err := hand(l, at, payloadOf(at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	calls, last, all := 0, int64(0), int64(0)
	n := uint64(0)
	_, err := Read(fs, "wal", testID, 1, func([]Record) error { n++; return nil }, func(done, total int64) {
		if done <= last || done > total {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		calls, last, all = calls+1, done, total
	})
	if err != nil || n != count || calls < 20 || last != all {
		t.Errorf("%d transactions, progress %d of %d in %d calls, %v", n, last, all, calls, err)
	}
	broken := errors.New("broken")
	for _, at := range []uint64{1, 2000, count} {
		n = 0
		_, err := Read(fs, "wal", testID, 1, func([]Record) error {
			if n++; n == at {
				return broken
			}
			return nil
		}, nil)
		if !errors.Is(err, broken) || n != at {
			t.Errorf("failing at %d: %d applied, %v", at, n, err)
		}
	}
}
