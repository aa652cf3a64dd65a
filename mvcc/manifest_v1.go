package mvcc

import (
	"encoding/json"
	"fmt"

	"github.com/oxidb/oxidb/mvcc/wal"
)

// manifestV1 is the body of format 1: all in JSON, of every table the state at one commit only.
type manifestV1 struct {
	UUID        wal.UUID  `json:"uuid"`
	At          Timestamp `json:"at"`
	WAL         uint64    `json:"wal"`
	NextID      uint32    `json:"next_id"`
	NextSegment uint64    `json:"next_segment"`
	Tables      []struct {
		ID       TableID       `json:"id"`
		Schema   schemaRecord  `json:"schema"`
		SchemaAt Timestamp     `json:"schema_at"`
		Next     uint32        `json:"next_chunk"`
		Segments segmentRecord `json:"segments"`
	} `json:"tables"`
}

func decodeManifestV1(body []byte) (*manifest, error) {
	var old manifestV1
	if err := json.Unmarshal(body, &old); err != nil {
		return nil, err
	}
	m := &manifest{UUID: old.UUID, At: old.At, Floor: old.At, WAL: old.WAL, NextID: old.NextID, NextSegment: old.NextSegment}
	for i := range old.Tables {
		from := &old.Tables[i]
		t := manifestTable{ID: from.ID, Versions: []manifestVersion{{At: from.SchemaAt, Schema: from.Schema}}, Next: from.Next, Files: from.Segments.Files}
		for _, c := range from.Segments.Chunks {
			if c.File < 0 || c.File >= len(t.Files) || len(c.Meta.Columns) != len(t.Files[c.File].Meta.Columns) {
				return nil, fmt.Errorf("chunk %d has no file", c.ID)
			}
			chunk := manifestChunk{ID: c.ID, Open: c.Open, History: []rowsAt{{at: old.At, rows: c.Meta.Rows}}, File: c.File, Group: c.Group, Meta: c.Meta}
			if len(c.Deletes) > 0 {
				chunk.Deltas = []manifestDelta{{At: old.At, Rows: c.Deletes}}
			}
			t.Chunks = append(t.Chunks, chunk)
		}
		m.Tables = append(m.Tables, t)
	}
	return m, nil
}
