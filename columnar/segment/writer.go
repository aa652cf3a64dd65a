package segment

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// metadataKey is the footer's entry with the row groups' zones, as JSON.
const metadataKey = "oxidb.segment"

// formatVersion stands in the footer and in manifests.
const formatVersion = 1

// footerJSON is the value under metadataKey.
type footerJSON struct {
	Version int         `json:"version"`
	Groups  []GroupMeta `json:"groups"`
}

// Writer writes closed chunks as row groups of one Parquet file. It belongs to one goroutine.
type Writer struct {
	columns []ColumnSchema
	sink    *sink
	out     *file.Writer
	groups  []GroupMeta
	scratch encodeScratch
}

// sink counts and checksums what goes to the file.
type sink struct {
	w      *bufio.Writer
	offset int64
	crc    uint32
}

func (s *sink) Write(p []byte) (int, error) {
	s.crc = crc32.Update(s.crc, castagnoli, p)
	n, err := s.w.Write(p)
	s.offset += int64(n)
	return n, err
}

// NewWriter starts a file with the given columns on w, which stays the caller's to sync and close.
func NewWriter(w io.Writer, columns []ColumnSchema) (*Writer, error) {
	node, err := parquetSchema(columns)
	if err != nil {
		return nil, err
	}
	s := &sink{w: bufio.NewWriterSize(w, 1<<20)}
	out, err := file.NewParquetWriterWithError(s, node, file.WithWriterProps(writerProperties(columns)))
	if err != nil {
		return nil, err
	}
	return &Writer{columns: columns, sink: s, out: out}, nil
}

// writerProperties: numbers as delta-packed integers without a codec, strings by dictionary where the chunk has one.
func writerProperties(columns []ColumnSchema) *parquet.WriterProperties {
	props := []parquet.WriterProperty{
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithDataPageVersion(parquet.DataPageV1),
		parquet.WithDictionaryDefault(false),
		parquet.WithStats(false),
		parquet.WithBatchSize(columnar.BatchSize),
		parquet.WithDataPageSize(1 << 20),
		parquet.WithDictionaryPageSizeLimit(1 << 30),
		parquet.WithCompression(compress.Codecs.Uncompressed),
		parquet.WithCreatedBy("OxiDB"),
	}
	for _, c := range columns {
		switch c.Type.Class() {
		case types.ClassInt, types.ClassDecimal:
			if p, _ := physicalType(c.Type); p == parquet.Types.Int32 || p == parquet.Types.Int64 {
				props = append(props, parquet.WithEncodingPath(parquet.ColumnPath{c.Name}, parquet.Encodings.DeltaBinaryPacked))
			}
		case types.ClassBytes:
			props = append(props, parquet.WithDictionaryPath(parquet.ColumnPath{c.Name}, true), parquet.WithDictionaryCostFallbackPath(parquet.ColumnPath{c.Name}, false))
		}
	}
	return parquet.NewWriterProperties(props...)
}

// WriteGroup appends a chunk: its closed columns and their zones, in the order of the file's columns.
// It gives the row group's number.
func (w *Writer) WriteGroup(columns []*columnar.Vector, zones []*Zone) (int, GroupMeta, error) {
	group := GroupMeta{Rows: columns[0].Len, Columns: make([]ColumnMeta, len(columns))}
	rows, err := w.out.AppendRowGroupChecked()
	if err != nil {
		return 0, group, err
	}
	for i, v := range columns {
		out, err := rows.NextColumn()
		if err != nil {
			return 0, group, fmt.Errorf("column %q: %w", w.columns[i].Name, err)
		}
		start := w.sink.offset
		w.sink.crc = 0
		if err := w.scratch.write(out, v, w.columns[i]); err != nil {
			return 0, group, fmt.Errorf("column %q: %w", w.columns[i].Name, err)
		}
		if err := out.Close(); err != nil {
			return 0, group, fmt.Errorf("column %q: %w", w.columns[i].Name, err)
		}
		group.Columns[i] = ColumnMeta{Offset: start, Length: w.sink.offset - start, CRC: w.sink.crc, Dict: v.Enc == columnar.Dict, Zone: zones[i]}
	}
	if err := rows.Close(); err != nil {
		return 0, group, err
	}
	w.groups = append(w.groups, group)
	return len(w.groups) - 1, group, nil
}

// Finish writes the footer and gives what a manifest must know to read the file.
func (w *Writer) Finish() (FileMeta, error) {
	footer, err := json.Marshal(footerJSON{Version: formatVersion, Groups: w.groups})
	if err != nil {
		return FileMeta{}, err
	}
	if err := w.out.AppendKeyValueMetadata(metadataKey, string(footer)); err != nil {
		return FileMeta{}, err
	}
	meta := FileMeta{Columns: w.columns, FooterOffset: w.sink.offset}
	w.sink.crc = 0
	if err := w.out.Close(); err != nil {
		return FileMeta{}, err
	}
	if err := w.sink.w.Flush(); err != nil {
		return FileMeta{}, err
	}
	meta.Size, meta.FooterCRC = w.sink.offset, w.sink.crc
	return meta, nil
}

// Size is the number of bytes written so far.
func (w *Writer) Size() int64 { return w.sink.offset }
