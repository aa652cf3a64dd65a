package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// encodeScratch is the memory that writing one column after another needs.
type encodeScratch struct {
	i64    []int64
	i32    []int32
	bools  []bool
	levels []int16
	slices []parquet.ByteArray
	fixed  []parquet.FixedLenByteArray
	bytes  []byte
}

// write encodes a closed column. Parquet wants the values without the NULLs, and a level per row that
// says which is one.
func (s *encodeScratch) write(out file.ColumnChunkWriter, v *columnar.Vector, c ColumnSchema) (err error) {
	var levels []int16
	if !c.Required {
		levels = s.definitionLevels(v)
	} else if v.Valid != nil {
		return fmt.Errorf("a required column has NULLs")
	}
	switch out := out.(type) {
	case *file.Int32ColumnChunkWriter:
		s.i32 = s.i32[:0]
		for _, x := range s.integers(v) {
			s.i32 = append(s.i32, int32(x))
		}
		_, err = out.WriteBatch(dense(s.i32, v.Valid), levels, nil)
	case *file.Int64ColumnChunkWriter:
		_, err = out.WriteBatch(dense(s.integers(v), v.Valid), levels, nil)
	case *file.BooleanColumnChunkWriter:
		s.bools = s.bools[:0]
		for _, x := range s.integers(v) {
			s.bools = append(s.bools, x != 0)
		}
		_, err = out.WriteBatch(dense(s.bools, v.Valid), levels, nil)
	case *file.Float32ColumnChunkWriter:
		_, err = out.WriteBatch(dense(append([]float32(nil), v.F32...), v.Valid), levels, nil)
	case *file.Float64ColumnChunkWriter:
		_, err = out.WriteBatch(dense(append([]float64(nil), v.F64...), v.Valid), levels, nil)
	case *file.ByteArrayColumnChunkWriter:
		err = s.writeStrings(out, v, levels)
	case *file.FixedLenByteArrayColumnChunkWriter:
		_, err = out.WriteBatch(dense(s.fixedBytes(v), v.Valid), levels, nil)
	default:
		err = fmt.Errorf("no encoding for %T", out)
	}
	return err
}

// definitionLevels is 1 per value and 0 per NULL.
func (s *encodeScratch) definitionLevels(v *columnar.Vector) []int16 {
	s.levels = s.levels[:0]
	for i := range v.Len {
		level := int16(1)
		if v.Valid != nil {
			level = int16(v.Valid[i>>6] >> (i & 63) & 1)
		}
		s.levels = append(s.levels, level)
	}
	return s.levels
}

// integers widens an integer layout into scratch.
func (s *encodeScratch) integers(v *columnar.Vector) []int64 {
	s.i64 = appendWidened(s.i64[:0], v, nil, v.Len)
	return s.i64
}

// dense moves the values that are not NULL together, in place.
func dense[T any](values []T, valid []uint64) []T {
	if valid == nil {
		return values
	}
	n := 0
	for i, x := range values {
		if valid[i>>6]>>(i&63)&1 == 1 {
			values[n] = x
			n++
		}
	}
	return values[:n]
}

// fixedBytes gives the 16 bytes of each row: decimals big-endian as Parquet wants them, intervals as
// little-endian months, days and microseconds.
func (s *encodeScratch) fixedBytes(v *columnar.Vector) []parquet.FixedLenByteArray {
	s.bytes = append(s.bytes[:0], make([]byte, 16*v.Len)...)
	s.fixed = s.fixed[:0]
	for i := range v.Len {
		b := s.bytes[16*i : 16*i+16]
		switch v.Layout {
		case columnar.I128:
			binary.BigEndian.PutUint64(b, uint64(v.I128[i].Hi))
			binary.BigEndian.PutUint64(b[8:], v.I128[i].Lo)
		case columnar.Spans:
			binary.LittleEndian.PutUint32(b, uint32(v.Spans[i].Months))
			binary.LittleEndian.PutUint32(b[4:], uint32(v.Spans[i].Days))
			binary.LittleEndian.PutUint64(b[8:], uint64(v.Spans[i].Micros))
		case columnar.Bytes16:
			copy(b, v.UUID[i][:])
		default:
			wide := types.FromInt64(v.Int(i))
			binary.BigEndian.PutUint64(b, uint64(wide.Hi))
			binary.BigEndian.PutUint64(b[8:], wide.Lo)
		}
		s.fixed = append(s.fixed, b)
	}
	return s.fixed
}

// dictionaryEncoder is the part of arrow-go's internal encoder that takes a ready dictionary.
type dictionaryEncoder interface {
	PutDictionary(values arrow.Array) error
}

func (s *encodeScratch) writeStrings(out *file.ByteArrayColumnChunkWriter, v *columnar.Vector, levels []int16) error {
	if v.Enc != columnar.Dict {
		out.FallbackToPlain()
		s.slices = s.slices[:0]
		for i := range v.Len {
			s.slices = append(s.slices, v.Row(i))
		}
		_, err := out.WriteBatch(dense(s.slices, v.Valid), levels, nil)
		return err
	}
	encoder, ok := out.CurrentEncoder().(dictionaryEncoder)
	if !ok {
		return fmt.Errorf("%T takes no dictionary", out.CurrentEncoder())
	}
	values := binaryArray(v.Dict.Values)
	defer values.Release()
	if err := encoder.PutDictionary(values); err != nil {
		return err
	}
	codes := codesArray(v)
	defer codes.Release()
	return out.WriteDictIndices(codes, levels, nil)
}

// binaryArray shows a Str vector as an Arrow array on the same memory.
func binaryArray(v *columnar.Vector) arrow.Array {
	offsets := memory.NewBufferBytes(arrow.Uint32Traits.CastToBytes(v.Offsets))
	data := array.NewData(arrow.BinaryTypes.Binary, v.Len, []*memory.Buffer{nil, offsets, memory.NewBufferBytes(v.Bytes[:v.Offsets[v.Len]])}, nil, 0, 0)
	defer data.Release()
	return array.NewBinaryData(data)
}

// codesArray shows a Dict vector's codes as an Arrow array on the same memory.
func codesArray(v *columnar.Vector) arrow.Array {
	var validity *memory.Buffer
	nulls := 0
	if v.Valid != nil {
		validity = memory.NewBufferBytes(arrow.Uint64Traits.CastToBytes(v.Valid))
		nulls = -1
	}
	typ, raw := arrow.PrimitiveTypes.Uint8, v.U8
	switch v.Layout {
	case columnar.U16:
		typ, raw = arrow.PrimitiveTypes.Uint16, arrow.Uint16Traits.CastToBytes(v.U16)
	case columnar.U32:
		typ, raw = arrow.PrimitiveTypes.Uint32, arrow.Uint32Traits.CastToBytes(v.U32)
	}
	data := array.NewData(typ, v.Len, []*memory.Buffer{validity, memory.NewBufferBytes(raw)}, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}
