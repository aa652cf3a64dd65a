package wal

import (
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// An archive that is asked too late, or not heeded, has holes.
func TestRetainedFilesStay(t *testing.T) {
	fs := vfs.NewMem()
	l := start(t, fs, State{})
	archived := map[uint64]bool{1: true}
	l.opts.Retain = func(number uint64) bool { return !archived[number] }
	for at := uint64(1); at <= 4; at++ {
		put(t, l, at)
		rollTo(t, l)
	}
	files := func() []uint64 {
		if err := l.Trim(4); err != nil {
			t.Fatal(err)
		}
		numbers, err := list(fs, "wal", 0)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(numbers)
		return numbers
	}
	if got := files(); !slices.Equal(got, []uint64{2, 3, 4}) {
		t.Errorf("files %v", got)
	}
	archived[2], archived[3] = true, true
	if got := files(); !slices.Equal(got, []uint64{4}) {
		t.Errorf("files %v", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
