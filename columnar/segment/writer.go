package segment

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/oxidb/oxidb/columnar"
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
	schema  *schema.Schema
	sink    *sink
	encoder encoder
	groups  []GroupMeta
	places  [][]columnPlace // by group and column
}

// sink counts and checksums what goes to the file.
type sink struct {
	w      io.Writer
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
// What it writes is as small as a page's header: w should have a buffer.
func NewWriter(w io.Writer, columns []ColumnSchema) (*Writer, error) {
	node, err := parquetSchema(columns)
	if err != nil {
		return nil, err
	}
	s := &sink{w: w}
	if _, err := s.Write([]byte(parquetMagic)); err != nil {
		return nil, err
	}
	return &Writer{columns: columns, schema: schema.NewSchema(node), sink: s, encoder: encoder{out: s}}, nil
}

// footerProperties are what the footer says of every column chunk.
func footerProperties(columns []ColumnSchema) *parquet.WriterProperties {
	props := []parquet.WriterProperty{
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithCompression(compress.Codecs.Uncompressed),
		parquet.WithCreatedBy("OxiDB"),
	}
	for _, c := range columns {
		encoding := parquet.Encodings.Plain
		switch physical, _ := physicalType(c.Type); physical {
		case parquet.Types.Int32, parquet.Types.Int64:
			encoding = parquet.Encodings.DeltaBinaryPacked
		case parquet.Types.ByteArray:
			encoding = parquet.Encodings.DeltaLengthByteArray
		}
		props = append(props, parquet.WithEncodingPath(parquet.ColumnPath{c.Name}, encoding))
	}
	return parquet.NewWriterProperties(props...)
}

// WriteGroup appends a chunk: its closed columns and their zones, in the order of the file's columns.
// It gives the row group's number.
func (w *Writer) WriteGroup(columns []*columnar.Vector, zones []*Zone) (int, GroupMeta, error) {
	group := GroupMeta{Rows: columns[0].Len, Columns: make([]ColumnMeta, len(columns))}
	places := make([]columnPlace, len(columns))
	for i, v := range columns {
		start := w.sink.offset
		w.sink.crc = 0
		var err error
		if places[i], err = w.encoder.write(v, w.columns[i]); err != nil {
			return 0, group, fmt.Errorf("column %q: %w", w.columns[i].Name, err)
		}
		group.Columns[i] = ColumnMeta{Offset: start, Length: w.sink.offset - start, CRC: w.sink.crc, Dict: v.Enc == columnar.Dict, Zone: zones[i]}
	}
	w.groups, w.places = append(w.groups, group), append(w.places, places)
	return len(w.groups) - 1, group, nil
}

// Finish writes the footer and gives what a manifest must know to read the file.
func (w *Writer) Finish() (FileMeta, error) {
	footer, err := w.footer()
	if err != nil {
		return FileMeta{}, err
	}
	meta := FileMeta{Columns: w.columns, FooterOffset: w.sink.offset}
	w.sink.crc = 0
	n, err := footer.WriteTo(w.sink, nil)
	if err != nil {
		return FileMeta{}, err
	}
	tail := binary.LittleEndian.AppendUint32(nil, uint32(n))
	if _, err := w.sink.Write(append(tail, parquetMagic...)); err != nil {
		return FileMeta{}, err
	}
	meta.Size, meta.FooterCRC = w.sink.offset, w.sink.crc
	return meta, nil
}

// footer describes the file as Parquet readers want it, with the zones beside.
func (w *Writer) footer() (*metadata.FileMetaData, error) {
	zones, err := json.Marshal(footerJSON{Version: formatVersion, Groups: w.groups})
	if err != nil {
		return nil, err
	}
	b := metadata.NewFileMetadataBuilder(w.schema, footerProperties(w.columns), metadata.NewKeyValueMetadata())
	if err := b.AppendKeyValueMetadata(metadataKey, string(zones)); err != nil {
		return nil, err
	}
	for i, group := range w.groups {
		rows := b.AppendRowGroup()
		rows.SetNumRows(group.Rows)
		for _, p := range w.places[i] {
			size := p.end - p.data
			if p.dict > 0 {
				size = p.end - p.dict
			}
			info := metadata.ChunkMetaInfo{NumValues: int64(group.Rows), DictPageOffset: p.dict, IndexPageOffset: -1, DataPageOffset: p.data,
				CompressedSize: size, UncompressedSize: size}
			if err := rows.NextColumnChunk().Finish(info, p.dict > 0, false, metadata.EncodingStats{}); err != nil {
				return nil, err
			}
		}
		if err := rows.Finish(0, int16(i)); err != nil {
			return nil, err
		}
	}
	return b.Finish()
}

// Size is the number of bytes written so far.
func (w *Writer) Size() int64 { return w.sink.offset }
