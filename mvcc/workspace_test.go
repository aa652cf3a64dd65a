package mvcc

import (
	"bytes"
	"hash/maphash"
	"slices"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/types"
)

// A commit of many tables takes vectors again and again: those that it has must not move, nor may two
// of its payloads share bytes.
func TestWorkspaceKeepsWhatItGave(t *testing.T) {
	w := &workspace{}
	var vectors []*columnar.Vector
	var payloads [][]byte
	for i := range 50 {
		for _, v := range w.columns(1 + i%3) {
			v.Len = len(vectors)
			vectors = append(vectors, v)
		}
		payloads = append(payloads, w.encodeRows(codecFields, codecRows()))
	}
	for i, v := range vectors {
		if v.Len != i {
			t.Fatalf("vector %d became %d", i, v.Len)
		}
	}
	for i, p := range payloads {
		if !bytes.Equal(p, payloads[0]) {
			t.Fatalf("payload %d changed", i)
		}
	}
}

// What the log borrows must stay as it is until it is on disk: such a workspace is not used again.
func TestWorkspaceLeavesBorrowedBytes(t *testing.T) {
	s := newStore(Options{})
	w := &workspace{bytes: make([]byte, 0, wal.BorrowedFrom)}
	s.putWorkspace(w)
	if s.takeWorkspace() == w {
		t.Error("the bytes that the log has borrowed are written again")
	}
}

// Rows are encoded from where they lie or, picked out, by way of builders: a reader must not tell.
func TestRowsEncodeAlike(t *testing.T) {
	rows := codecRows()
	picked := rows
	picked.sel = []uint32{0, 1, 2}
	var read [2][]string
	for i, r := range []rowsOf{rows, picked} {
		got, err := new(rowReader).rows(codecFields, encodeRows(codecFields, r))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range got.cols {
			for row := range got.n {
				read[i] = append(read[i], types.Format(v.Value(row)))
			}
		}
	}
	if !slices.Equal(read[0], read[1]) {
		t.Errorf("the same rows read\n%q and\n%q", read[0], read[1])
	}
}

// Two keys with one hash are two keys.
func TestKeyIndexTellsKeysOfOneHashApart(t *testing.T) {
	fields := []ColumnDef{{FieldID: 1, Name: "id", Type: types.TBigInt}}
	schema, key, c := Schema{Columns: fields}, Key{Fields: []int32{1}}, newChunk(1, fields)
	b := segment.NewColumnBuilder(types.TBigInt)
	for i := range int64(3) {
		b.Append(ConstVector(types.TBigInt, types.Int(types.TBigInt, i)), nil)
	}
	column := b.View(3)
	c.append([]*columnar.Vector{column}, nil, 3)
	keyOf := func(row int) []byte { return ordered.AppendKey(nil, []*columnar.Vector{column}, row) }
	x := &keyIndex{}
	x.find(&schema, &key, c, keyOf(0), nil)
	x.last[maphash.Bytes(x.seed, keyOf(1))] = 3 // as if all three had its hash
	x.next[2], x.next[1] = 2, 1
	if got := x.find(&schema, &key, c, keyOf(1), nil); len(got) != 1 || got[0] != 1 {
		t.Errorf("key 1 is in rows %v", got)
	}
}
