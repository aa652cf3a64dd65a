package mvcc

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/oxidb/oxidb/types"
)

// Defects change a manifest as a mistake in OxiDB would: its checksums are right.
var Defects = map[string]func(m *manifest){
	"statistics": func(m *manifest) {
		z := *m.Tables[0].Chunks[0].Meta.Columns[1].Zone
		z.Max = types.Str(z.Max.Type, "x")
		m.Tables[0].Chunks[0].Meta.Columns[1].Zone = &z
	},
	"a chunk twice": func(m *manifest) {
		again := m.Tables[0].Chunks[0]
		again.ID, again.Open = 1000, false
		m.Tables[0].Chunks = append([]manifestChunk{again}, m.Tables[0].Chunks...)
	},
	"deletes beyond the chunk": func(m *manifest) {
		raw, err := roaring.BitmapOf(3879).ToBytes()
		if err != nil {
			panic(err)
		}
		m.Tables[0].Chunks[0].Deltas[0].Rows = raw
	},
}

// WithDefect gives a manifest file's content with one of the Defects.
func WithDefect(raw []byte, defect string) ([]byte, error) {
	m, err := decodeManifest(raw[manifestHeaderSize:])
	if err != nil {
		return nil, err
	}
	Defects[defect](m)
	body, err := encodeManifest(m)
	if err != nil {
		return nil, err
	}
	head := append([]byte(nil), raw[:manifestHeaderSize]...)
	binary.LittleEndian.PutUint32(head[12:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint64(head[16:], uint64(len(body)))
	return append(head, body...), nil
}
