package mvcc

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/axiomhq/hyperloglog"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/internal/varint"
	"github.com/oxidb/oxidb/mvcc/wal"
)

// The body of a manifest is a head in JSON and then, in binary form, what there is much of: the times
// of commits and, table by table, sketches, files and chunks.

type manifestHead struct {
	UUID        wal.UUID    `json:"uuid"`
	At          Timestamp   `json:"at"`
	Floor       Timestamp   `json:"floor"`
	WAL         uint64      `json:"wal"`
	NextID      uint32      `json:"next_id"`
	NextSegment uint64      `json:"next_segment"`
	Origins     []Origin    `json:"origins,omitempty"`
	Tables      []tableHead `json:"tables"`
}

type tableHead struct {
	ID       TableID                  `json:"id"`
	Versions []manifestVersion        `json:"versions"`
	Next     uint32                   `json:"next_chunk"`
	Shapes   [][]segment.ColumnSchema `json:"shapes"` // what files have columns of
}

// Flags of a chunk.
const (
	chunkOpen = 1 << iota
	chunkMoved
	chunkRetired
)

func encodeManifest(m *manifest) ([]byte, error) {
	head := manifestHead{UUID: m.UUID, At: m.At, Floor: m.Floor, WAL: m.WAL, NextID: m.NextID, NextSegment: m.NextSegment, Origins: m.Origins}
	body := appendTimes(nil, m.Times)
	for i := range m.Tables {
		t := &m.Tables[i]
		th := tableHead{ID: t.ID, Versions: t.Versions, Next: t.Next}
		var err error
		if body, err = appendSketches(body, t.Sketches); err != nil {
			return nil, err
		}
		body = appendFiles(body, t.Files, &th)
		body = binary.AppendUvarint(body, uint64(len(t.Chunks)))
		for j := range t.Chunks {
			body = appendChunk(body, &t.Chunks[j])
		}
		head.Tables = append(head.Tables, th)
	}
	raw, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	return append(varint.AppendBytes(make([]byte, 0, len(raw)+len(body)+8), raw), body...), nil
}

func appendTimes(dst []byte, times []commitTime) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(times)))
	var last commitTime
	for _, t := range times {
		dst = binary.AppendUvarint(dst, uint64(t.at-last.at))
		dst = binary.AppendVarint(dst, t.micros-last.micros)
		last = t
	}
	return dst
}

func appendSketches(dst []byte, sketches []fieldSketch) ([]byte, error) {
	dst = binary.AppendUvarint(dst, uint64(len(sketches)))
	for _, f := range sketches {
		raw, err := f.sketch.MarshalBinary()
		if err != nil {
			return nil, err
		}
		dst = binary.AppendUvarint(dst, uint64(f.field))
		dst = varint.AppendBytes(dst, raw)
	}
	return dst, nil
}

// appendFiles writes files, and puts their columns, of which many have the same, into the head.
func appendFiles(dst []byte, files []fileRecord, head *tableHead) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(files)))
	for i := range files {
		meta := &files[i].Meta
		shape := slices.IndexFunc(head.Shapes, func(s []segment.ColumnSchema) bool { return slices.Equal(s, meta.Columns) })
		if shape < 0 {
			shape = len(head.Shapes)
			head.Shapes = append(head.Shapes, meta.Columns)
		}
		dst = varint.AppendBytes(dst, []byte(files[i].Path))
		dst = binary.AppendUvarint(dst, uint64(shape))
		dst = binary.AppendUvarint(dst, uint64(meta.Size))
		dst = binary.AppendUvarint(dst, uint64(meta.FooterOffset))
		dst = binary.LittleEndian.AppendUint32(dst, meta.FooterCRC)
	}
	return dst
}

func appendChunk(dst []byte, c *manifestChunk) []byte {
	flags := byte(0)
	if c.Open {
		flags |= chunkOpen
	}
	if c.Moved {
		flags |= chunkMoved
	}
	if c.Until != 0 {
		flags |= chunkRetired
	}
	dst = binary.AppendUvarint(append(dst, flags), uint64(c.ID))
	if c.Until != 0 {
		dst = binary.AppendUvarint(dst, uint64(c.Until))
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.History)))
	var last rowsAt
	for _, h := range c.History {
		dst = binary.AppendUvarint(dst, uint64(h.at-last.at))
		dst = binary.AppendUvarint(dst, uint64(h.rows-last.rows))
		last = h
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Deltas)))
	at := Timestamp(0)
	for _, d := range c.Deltas {
		dst = binary.AppendUvarint(dst, uint64(d.At-at))
		dst = varint.AppendBytes(dst, d.Rows)
		at = d.At
	}
	dst = binary.AppendUvarint(dst, uint64(c.File))
	dst = binary.AppendUvarint(dst, uint64(c.Group))
	return segment.AppendGroupMeta(dst, &c.Meta)
}

func decodeManifest(body []byte) (*manifest, error) {
	r := varint.NewReader(body)
	var head manifestHead
	if err := decodeStrict(r.Bytes(), &head); err != nil {
		return nil, err
	}
	m := &manifest{UUID: head.UUID, At: head.At, Floor: head.Floor, WAL: head.WAL, NextID: head.NextID, NextSegment: head.NextSegment, Origins: head.Origins, Times: readTimes(r)}
	for i := range head.Tables {
		th := &head.Tables[i]
		t := manifestTable{ID: th.ID, Versions: th.Versions, Next: th.Next}
		if len(t.Versions) == 0 {
			return nil, fmt.Errorf("table %d has no schema", t.ID)
		}
		var err error
		if t.Sketches, err = readSketches(r); err != nil {
			return nil, fmt.Errorf("sketches of table %d: %w", t.ID, err)
		}
		if t.Files, err = readFiles(r, th); err != nil {
			return nil, err
		}
		if t.Chunks, err = readChunks(r, t.Files); err != nil {
			return nil, fmt.Errorf("chunks of table %d: %w", t.ID, err)
		}
		m.Tables = append(m.Tables, t)
	}
	if r.Err() == nil && r.Len() > 0 {
		return nil, fmt.Errorf("%d bytes behind the last table", r.Len())
	}
	return m, r.Err()
}

func readTimes(r *varint.Reader) []commitTime {
	times := make([]commitTime, r.Count(2))
	var last commitTime
	for i := range times {
		last = commitTime{at: last.at + Timestamp(r.Uint()), micros: last.micros + r.Int()}
		times[i] = last
	}
	return times
}

func readSketches(r *varint.Reader) ([]fieldSketch, error) {
	all := make([]fieldSketch, r.Count(2))
	for i := range all {
		all[i] = fieldSketch{field: int32(r.Uint()), sketch: &hyperloglog.Sketch{}}
		raw := r.Bytes()
		if err := r.Err(); err != nil {
			return nil, err
		}
		if err := all[i].sketch.UnmarshalBinary(raw); err != nil {
			return nil, err
		}
	}
	return all, r.Err()
}

func readFiles(r *varint.Reader, head *tableHead) ([]fileRecord, error) {
	files := make([]fileRecord, r.Count(8))
	for i := range files {
		f := &files[i]
		f.Path = string(r.Bytes())
		shape := r.Uint()
		f.Meta.Size, f.Meta.FooterOffset, f.Meta.FooterCRC = int64(r.Uint()), int64(r.Uint()), r.U32()
		if r.Err() == nil && shape >= uint64(len(head.Shapes)) {
			return nil, fmt.Errorf("file %s has no columns", f.Path)
		}
		if r.Err() != nil {
			return nil, r.Err()
		}
		f.Meta.Columns = head.Shapes[shape]
	}
	return files, nil
}

func readChunks(r *varint.Reader, files []fileRecord) ([]manifestChunk, error) {
	chunks := make([]manifestChunk, r.Count(8))
	for i := range chunks {
		if err := readChunk(r, files, &chunks[i]); err != nil {
			return nil, err
		}
	}
	return chunks, r.Err()
}

func readChunk(r *varint.Reader, files []fileRecord, c *manifestChunk) (err error) {
	flags := r.Byte()
	c.Open, c.Moved, c.ID = flags&chunkOpen != 0, flags&chunkMoved != 0, uint32(r.Uint())
	if flags&chunkRetired != 0 {
		c.Until = Timestamp(r.Uint())
	}
	c.History = make([]rowsAt, r.Count(2))
	var last rowsAt
	for i := range c.History {
		last = rowsAt{at: last.at + Timestamp(r.Uint()), rows: last.rows + int(r.Uint())}
		c.History[i] = last
	}
	at := Timestamp(0)
	for range r.Count(2) {
		at += Timestamp(r.Uint())
		c.Deltas = append(c.Deltas, manifestDelta{At: at, Rows: r.Bytes()})
	}
	c.File, c.Group = int(r.Uint()), int(r.Uint())
	if r.Err() != nil {
		return r.Err()
	}
	if c.File < 0 || c.File >= len(files) {
		return fmt.Errorf("chunk %d has no file", c.ID)
	}
	if c.Meta, err = segment.ReadGroupMeta(r, files[c.File].Meta.Columns); err != nil {
		return err
	}
	if n := len(c.History); n == 0 || c.History[n-1].rows != c.Meta.Rows {
		return fmt.Errorf("chunk %d has %d rows, its history ends otherwise", c.ID, c.Meta.Rows)
	}
	return nil
}
