package mvcc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"

	"github.com/axiomhq/hyperloglog"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// manifest is the whole state of the tables as of a commit, with their history from the floor on; the
// log from file WAL on has the rest.
type manifest struct {
	UUID        wal.UUID
	At          Timestamp
	Floor       Timestamp // the horizon: the oldest snapshot that can be read from it
	WAL         uint64
	NextID      uint32
	NextSegment uint64
	Origins     []Origin
	Times       []commitTime
	Tables      []manifestTable
}

type manifestTable struct {
	ID       TableID
	Versions []manifestVersion // ascending; the first is the one at the floor, or the table's first
	Next     uint32
	Sketches []fieldSketch
	Files    []fileRecord
	Chunks   []manifestChunk // in table order
}

// manifestVersion is a schema from a commit on.
type manifestVersion struct {
	At     Timestamp    `json:"at"`
	Schema schemaRecord `json:"schema"`
}

// fieldSketch estimates the distinct values of a column over all chunks.
type fieldSketch struct {
	field  int32
	sketch *hyperloglog.Sketch
}

// manifestChunk is a chunk in a segment file, and its history.
type manifestChunk struct {
	ID      uint32
	Open    bool // it takes rows, and goes back into memory
	Moved   bool
	Until   Timestamp
	History []rowsAt
	Deltas  []manifestDelta
	File    int // of the table's Files
	Group   int
	Meta    segment.GroupMeta
}

// manifestDelta is rows that a commit deleted, a portable roaring bitmap.
type manifestDelta struct {
	At   Timestamp
	Rows []byte
}

// A manifest file is a header of 24 bytes (magic, format version, CRC32C of the body, length of the
// body) and the body.
const (
	manifestHeaderSize = 24
	manifestFormat     = 2
)

var (
	manifestMagic = [8]byte{'O', 'X', 'I', 'D', 'B', 'M', 'A', 'N'}
	castagnoli    = crc32.MakeTable(crc32.Castagnoli)
)

func manifestName(n uint64) string { return fmt.Sprintf("MANIFEST-%06d", n) }

// manifestNumber is the inverse of manifestName.
func manifestNumber(name string) (n uint64, is bool) {
	_, err := fmt.Sscanf(name, "MANIFEST-%d", &n)
	return n, err == nil && manifestName(n) == name
}

// writeManifest makes a manifest file durable under its own name.
func (s *Store) writeManifest(name string, m *manifest) error {
	body, err := encodeManifest(m)
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	head := make([]byte, manifestHeaderSize)
	copy(head, manifestMagic[:])
	binary.LittleEndian.PutUint32(head[8:], manifestFormat)
	binary.LittleEndian.PutUint32(head[12:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint64(head[16:], uint64(len(body)))
	f, err := s.fs.Create(s.path(name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return s.fileError("creating", name, err)
	}
	_, err = f.Write(append(head, body...))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return s.fileError("writing", name, err)
	}
	if err := wal.SyncDir(s.fs, s.dir); err != nil {
		return s.fileError("writing", name, err)
	}
	return nil
}

func (s *Store) readManifest(name string) (*manifest, error) {
	path := s.path(name)
	data, err := s.readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "manifest %s, which the marker names, is missing", path)
	}
	if err != nil {
		return nil, err
	}
	if len(data) < manifestHeaderSize || [8]byte(data[:8]) != manifestMagic {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "%s is not a manifest of OxiDB", path)
	}
	format := binary.LittleEndian.Uint32(data[8:])
	if format < 1 || format > manifestFormat {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "manifest %s has format %d; this version of OxiDB reads formats 1 to %d", path, format, manifestFormat).
			WithHint("A later version wrote it. Use that version of OxiDB, or a newer one; nothing was changed.")
	}
	body := data[manifestHeaderSize:]
	if binary.LittleEndian.Uint64(data[16:]) != uint64(len(body)) || binary.LittleEndian.Uint32(data[12:]) != crc32.Checksum(body, castagnoli) {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "checksum mismatch in manifest %s", path)
	}
	decode := decodeManifest
	if format == 1 {
		decode = decodeManifestV1
	}
	m, err := decode(body)
	if err != nil {
		return nil, unreadable(err, "manifest %s cannot be decoded", path)
	}
	return m, nil
}

func (s *Store) readFile(name string) (data []byte, err error) {
	f, err := s.fs.Open(s.path(name))
	if err != nil {
		return nil, s.fileError("opening", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stat, err := f.Stat()
	if err != nil {
		return nil, s.fileError("reading", name, err)
	}
	data = make([]byte, stat.Size())
	if len(data) == 0 {
		return data, nil
	}
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, s.fileError("reading", name, err)
	}
	return data, nil
}
