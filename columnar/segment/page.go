package segment

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/parquet"
)

// Thrift's compact protocol, as far as page headers need it (Parquet format, parquet.thrift).
const (
	thriftTrue   = 1
	thriftI32    = 5
	thriftStruct = 12

	pageTypeData       = 0
	pageTypeDictionary = 2
)

// appendPageHeader appends the header of an uncompressed page of n values in size bytes.
func appendPageHeader(dst []byte, kind, n, size int, encoding parquet.Encoding) []byte {
	dst = appendI32(dst, 1, kind)
	dst = appendI32(dst, 1, size)
	dst = appendI32(dst, 1, size)
	if kind == pageTypeDictionary {
		dst = append(dst, 4<<4|thriftStruct) // field 7
		dst = appendI32(dst, 1, n)
		dst = appendI32(dst, 1, int(encoding))
		dst = append(dst, 1<<4|thriftTrue) // sorted
	} else {
		dst = append(dst, 2<<4|thriftStruct) // field 5
		dst = appendI32(dst, 1, n)
		dst = appendI32(dst, 1, int(encoding))
		dst = appendI32(dst, 1, int(parquet.Encodings.RLE)) // definition levels
		dst = appendI32(dst, 1, int(parquet.Encodings.RLE)) // repetition levels
	}
	return append(dst, 0, 0) // ends of both structs
}

// appendI32 appends a field whose number is step more than that of the one before.
func appendI32(dst []byte, step byte, x int) []byte {
	return binary.AppendVarint(append(dst, step<<4|thriftI32), int64(x))
}

// appendLevels appends the definition levels of rows [from, to): 1 per value, 0 per NULL.
func appendLevels(dst []byte, valid []uint64, from, to int) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	switch {
	case valid == nil:
		dst = appendRun(dst, 1, to-from, 1)
	case from&63 == 0:
		dst = appendPresence(dst, valid[from>>6:], to-from)
	default:
		levels := make([]uint8, to-from)
		for i := range levels {
			levels[i] = uint8(valid[(from+i)>>6] >> ((from + i) & 63) & 1)
		}
		dst = appendPackedRun(dst, levels, 1)
	}
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// appendPresence appends the first n bits of a bitmap, which are bit-packed levels already.
func appendPresence(dst []byte, words []uint64, n int) []byte {
	groups := (n + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups
	for _, w := range words[:(n+63)>>6] {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return dst[:end]
}
