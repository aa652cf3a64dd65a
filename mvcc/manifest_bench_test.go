package mvcc

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// wideManifest describes a table of many chunks, each in a file of its own, of 16 columns.
func wideManifest(chunks int) *manifest {
	t := manifestTable{ID: 1001, Next: uint32(chunks)}
	var columns []segment.ColumnSchema
	var schema Schema
	meta := segment.GroupMeta{Rows: segment.MaxRows}
	for i := range 16 {
		typ := []types.Type{types.TBigInt, types.TInteger, types.TText, types.TDate}[i%4]
		b := segment.NewColumnBuilder(typ)
		for row := range 4096 {
			b.Append(ConstVector(typ, types.Value{Type: typ, I: int64(row*i) % 20000, S: fmt.Sprint("value ", row*i%300)}), nil)
		}
		_, z := b.Close(nil)
		columns = append(columns, segment.ColumnSchema{Field: int32(i), Name: fmt.Sprint("c", i), Type: typ})
		schema.Columns = append(schema.Columns, ColumnDef{FieldID: int32(i), Name: fmt.Sprint("c", i), Type: typ})
		meta.Columns = append(meta.Columns, segment.ColumnMeta{Offset: int64(i) << 20, Length: 1 << 20, CRC: 77, Zone: z})
	}
	t.Versions = []manifestVersion{{At: 1, Schema: encodeSchema("wide", schema)}}
	for i := range chunks {
		t.Files = append(t.Files, fileRecord{Path: fmt.Sprintf("seg/1001/%08d.parquet", i), Meta: segment.FileMeta{Columns: columns, Size: 16 << 20, FooterOffset: 16<<20 - 4096, FooterCRC: 1}})
		t.Chunks = append(t.Chunks, manifestChunk{ID: uint32(i), History: []rowsAt{{at: 2, rows: meta.Rows}}, File: i, Meta: meta})
	}
	return &manifest{At: 2, WAL: 1, NextID: 1001, NextSegment: uint64(chunks), Tables: []manifestTable{t}}
}

// BenchmarkOpenManyChunks opens a database of 10,000 chunks of 16 columns, 1.2 billion rows.
func BenchmarkOpenManyChunks(b *testing.B) {
	fs := vfs.NewMem()
	s, err := Open(fs, "db", Options{})
	if err != nil {
		b.Fatal(err)
	}
	m := wideManifest(10_000)
	m.UUID = s.uuid
	if err := s.switchManifest(m); err != nil {
		b.Fatal(err)
	}
	if err := s.closeFiles(); err != nil {
		b.Fatal(err)
	}
	stat, err := fs.Stat("db/" + manifestName(s.manifestNumber))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(stat.Size())/1e6, "MB")
	for b.Loop() {
		s, err := Open(fs, "db", Options{CheckpointBytes: -1})
		if err != nil {
			b.Fatal(err)
		}
		if got := len(s.tables[1001].chunks); got != 10_000 {
			b.Fatal(got, "chunks")
		}
		if err := s.closeFiles(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodeManifest is what a checkpoint of the same database writes.
func BenchmarkEncodeManifest(b *testing.B) {
	m := wideManifest(10_000)
	for b.Loop() {
		if _, err := encodeManifest(m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStatsAfterInsert is a row by itself and the statistics that the next query asks for, in a
// table whose open chunk is nearly full.
func BenchmarkStatsAfterInsert(b *testing.B) {
	s, err := Open(nil, "", Options{})
	if err != nil {
		b.Fatal(err)
	}
	id := s.NewID()
	var schema Schema
	row := &columnar.Batch{Len: 100_000}
	one := &columnar.Batch{Len: 1}
	for i := range 8 {
		typ := []types.Type{types.TBigInt, types.TText}[i%2]
		schema.Columns = append(schema.Columns, ColumnDef{FieldID: int32(i) + 1, Name: fmt.Sprint("c", i), Type: typ})
		v := ConstVector(typ, types.Value{Type: typ, I: 5, S: "five"})
		v.Len = row.Len
		row.Cols = append(row.Cols, v)
		one.Cols = append(one.Cols, ConstVector(typ, types.Value{Type: typ, I: 6, S: "six"}))
	}
	add := func(batch *columnar.Batch, create bool) {
		txn := s.Begin(TxnOptions{})
		if create {
			if err := txn.CreateTable(id, "t", schema); err != nil {
				b.Fatal(err)
			}
		}
		if err := txn.Append(id, batch); err != nil {
			b.Fatal(err)
		}
		if _, err := txn.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	add(row, true)
	for b.Loop() {
		add(one, false)
		txn := s.Begin(TxnOptions{})
		if got := txn.Stats(id).Rows; got <= 100_000 {
			b.Fatal(got)
		}
		txn.Rollback()
	}
}
