package mvcc

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/sqlerr"
)

// A file of an index that does not fit its rows gives wrong answers to point queries, and to nothing else:
// only the check can tell. One that a crash tore is no damage, and is made good.
func TestCheckComparesComponentsWithColumns(t *testing.T) {
	fs := vfs.NewMem()
	s, id := indexedStore(t, fs)
	check(t, s.Close())
	verify := func() *CheckReport {
		t.Helper()
		r, err := Check(context.Background(), fs, "/db", CheckOptions{})
		check(t, err)
		return r
	}
	sound := verify()
	if sound.Err() != nil || len(sound.Unusable) > 0 || sound.Files < 8 {
		t.Fatalf("a sound database: %+v", sound)
	}
	for _, path := range componentPaths(t, fs) {
		good := content(t, fs, path)
		lie := slices.Clone(good)
		lie[len(lie)-5] ^= 2
		binary.LittleEndian.PutUint32(lie[12:], crc32.Checksum(lie[16:], castagnoli))
		overwrite(t, fs, path, lie)
		err := verify().Err()
		if sqlerr.StateOf(err) != sqlerr.DataCorrupted || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "does not fit") {
			t.Errorf("a component that lies: %v", err)
		}
		for what, bad := range map[string][]byte{
			"torn": good[:len(good)/2], "empty": nil, "garbage": bytes.Repeat([]byte("?"), len(good)), "of a later format": at(good, 8, 9), "of another kind": at(good, 0, 'M'),
		} {
			overwrite(t, fs, path, bad)
			r := verify()
			if r.Err() != nil || len(r.Unusable) != 1 || !strings.HasSuffix(path, r.Unusable[0]) {
				t.Errorf("%s: %v, unusable %v", what, r.Err(), r.Unusable)
			}
			s := reopen(t, fs)
			if counts, read := found(t, s, id); counts != wantFound || read != 7 {
				t.Errorf("%s: found %v with %d components from files", what, counts, read)
			}
			check(t, s.Checkpoint(context.Background()))
			check(t, s.Close())
			want := good
			if what == "of a later format" { // it may go back to who wrote it
				want = bad
			}
			if !bytes.Equal(content(t, fs, path), want) {
				t.Errorf("%s: the file is not what it should be after a checkpoint", what)
			}
		}
		overwrite(t, fs, path, good)
	}
	if r := verify(); r.Err() != nil || len(r.Unusable) > 0 || r.Files != sound.Files {
		t.Errorf("at the end: %+v", r)
	}
}

// at is data with another byte.
func at(data []byte, offset int, b byte) []byte {
	changed := slices.Clone(data)
	changed[offset] = b
	return changed
}
