package mvcc

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/sqlerr"
)

// A component that tells lies, with its checksum right, gives wrong answers until it is built anew: in
// memory, where it was read already, and on disk.
func TestReindexReplacesWhatLies(t *testing.T) {
	ctx := context.Background()
	fs := vfs.NewMem()
	s, id := indexedStore(t, fs)
	check(t, s.Close())
	good := map[string][]byte{}
	for _, path := range componentPaths(t, fs) {
		good[path] = content(t, fs, path)
		lie := slices.Clone(good[path])
		lie[len(lie)-5] ^= 2
		binary.LittleEndian.PutUint32(lie[12:], crc32.Checksum(lie[16:], castagnoli))
		overwrite(t, fs, path, lie)
	}
	s = reopen(t, fs)
	found(t, s, id) // they are in memory
	check(t, s.Reindex(ctx, id, nil))
	if counts, _ := found(t, s, id); counts != wantFound {
		t.Errorf("found %v, want %v", counts, wantFound)
	}
	for path, want := range good {
		if !bytes.Equal(content(t, fs, path), want) {
			t.Errorf("%s is not what it was before the lie", path)
		}
	}
	check(t, s.Close())
	r, err := Check(ctx, fs, "/db", CheckOptions{})
	check(t, err)
	check(t, r.Err())
}

// One index only, none of a table that is gone, and not where nothing may be written.
func TestReindexOfOneIndex(t *testing.T) {
	ctx := context.Background()
	fs := vfs.NewMem()
	s, id := indexedStore(t, fs)
	check(t, s.Reindex(ctx, id+1000, nil))
	paths := s.tables[id].newest().schema.paths()
	touched := map[string]bool{}
	for _, path := range componentPaths(t, fs) {
		overwrite(t, fs, path, []byte{0})
	}
	check(t, s.Reindex(ctx, id, paths[0]))
	for _, path := range componentPaths(t, fs) {
		touched[path] = len(content(t, fs, path)) > 1
	}
	rebuilt := 0
	for _, done := range touched {
		if done {
			rebuilt++
		}
	}
	if rebuilt == 0 || rebuilt == len(touched) {
		t.Errorf("%d of %d files were written for one of %d indexes", rebuilt, len(touched), len(paths))
	}
	check(t, s.Reindex(ctx, id, index.NewPath(index.Hash, []int32{999}))) // no such index
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Reindex(canceled, id, nil); err == nil {
		t.Error("a canceled rebuilding succeeds")
	}
	check(t, s.Close())
	s, err := Open(fs, "/db", Options{ReadOnly: true})
	check(t, err)
	if err := s.Reindex(ctx, id, nil); sqlerr.StateOf(err) != sqlerr.ReadOnlyTransaction {
		t.Errorf("read-only: %v", err)
	}
	check(t, s.Close())
}
