package wal

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/oxidb/oxidb/sqlerr"
)

// Type says what a record's payload is.
type Type uint8

const (
	Schema  Type = 1 // a table's new schema, or its end
	Segment Type = 2 // chunks in a segment file that is on disk
	Append  Type = 3 // rows for the open chunk
	Delete  Type = 4 // rows of a chunk, as a roaring bitmap
	Commit  Type = 5 // the end of a transaction's records
	Replace Type = 6 // chunks in a segment file that take the place of others: a compaction
)

// Record is one entry of the log. LSN is set by the log.
type Record struct {
	Type    Type
	Table   uint32
	Place   uint64 // chunk above, offset in the low 32 bits
	Txn     uint64
	At      uint64 // commit timestamp
	LSN     uint64
	Payload []byte
}

// The header's layout; all numbers are little-endian.
const (
	headerSize = 72

	atMagic      = 0
	atHeaderCRC  = 4
	atPayloadCRC = 8
	atPrevious   = 12
	atLength     = 16
	atType       = 24
	atVersion    = 26
	atTable      = 28
	atLSN        = 32
	atTxn        = 40
	atCommit     = 48
	atPlace      = 56
	atPromise    = 64

	recordMagic   = 0x7845584f // "OXEx"
	recordVersion = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// mask keeps the checksum of data that holds checksums from being trivial (LevelDB's rule).
func mask(crc uint32) uint32 { return (crc>>15 | crc<<17) + 0xa282ead8 }

// chain is the state that links one record to the next.
type chain struct {
	seed     uint32 // of the file: a record copied from elsewhere does not verify
	previous uint32 // header checksum of the last record
	lsn      uint64 // of the last record
}

// header makes a record's header and moves the chain on.
func (c *chain) header(dst []byte, r *Record, promise uint64) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, headerSize)...)
	h := dst[at:]
	c.lsn++
	r.LSN = c.lsn
	binary.LittleEndian.PutUint32(h[atMagic:], recordMagic)
	binary.LittleEndian.PutUint32(h[atPayloadCRC:], mask(crc32.Checksum(r.Payload, castagnoli)))
	binary.LittleEndian.PutUint32(h[atPrevious:], c.previous)
	binary.LittleEndian.PutUint64(h[atLength:], uint64(len(r.Payload)))
	h[atType] = byte(r.Type)
	binary.LittleEndian.PutUint16(h[atVersion:], recordVersion)
	binary.LittleEndian.PutUint32(h[atTable:], r.Table)
	binary.LittleEndian.PutUint64(h[atLSN:], r.LSN)
	binary.LittleEndian.PutUint64(h[atTxn:], r.Txn)
	binary.LittleEndian.PutUint64(h[atCommit:], r.At)
	binary.LittleEndian.PutUint64(h[atPlace:], r.Place)
	binary.LittleEndian.PutUint64(h[atPromise:], promise)
	c.previous = headerChecksum(h, c.seed)
	binary.LittleEndian.PutUint32(h[atHeaderCRC:], c.previous)
	return dst
}

// headerChecksum covers all of a header but itself.
func headerChecksum(h []byte, seed uint32) uint32 {
	crc := crc32.Update(seed, castagnoli, h[:atHeaderCRC])
	return mask(crc32.Update(crc, castagnoli, h[atPayloadCRC:headerSize]))
}

// soundHeader reports whether h is the header of some record of the file.
func soundHeader(h []byte, seed uint32) bool {
	return binary.LittleEndian.Uint32(h[atMagic:]) == recordMagic && binary.LittleEndian.Uint32(h[atHeaderCRC:]) == headerChecksum(h, seed)
}

// foreign is the error for a record that is sound and the next of its chain, but of a later version, at
// the front of data; nil for anything else. It must not pass for a torn end.
func (c *chain) foreign(data []byte, path string, offset int64) error {
	if len(data) < headerSize || !soundHeader(data, c.seed) || binary.LittleEndian.Uint64(data[atLSN:]) != c.lsn+1 || binary.LittleEndian.Uint32(data[atPrevious:]) != c.previous {
		return nil
	}
	version := binary.LittleEndian.Uint16(data[atVersion:])
	if version == recordVersion {
		return nil
	}
	return sqlerr.New(sqlerr.FeatureNotSupported, "record %d of log file %s, offset %d, has version %d; this version of OxiDB reads version %d", c.lsn+1, path, offset, version, recordVersion).
		WithHint("Open the database with the version of OxiDB that wrote it.")
}

// padding is the zeros after a payload that keep records aligned to 8 bytes.
func padding(length int) int { return -length & 7 }
