package parquet

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/parquet"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// values decodes n rows into c.vec.
func (c *column) values(n int) error {
	switch r := c.reader.(type) {
	case *pqfile.BooleanColumnChunkReader:
		return c.booleans(r, n)
	case *pqfile.Int32ColumnChunkReader:
		return c.int32s(r, n)
	case *pqfile.Int64ColumnChunkReader:
		out := scratchOf(c, &c.ints64)
		return c.integers(out, n, pullInto(c, r, n, out))
	case *pqfile.Int96ColumnChunkReader:
		out := scratchOf(c, &c.ints64)[:0]
		err := pull(c, r, n, scratchOf(c, &c.ints96), func(values []parquet.Int96) {
			for _, v := range values {
				out = append(out, int96Micros(v))
			}
		})
		return c.integers(out[:n], n, err)
	case *pqfile.Float32ColumnChunkReader:
		out := scratchOf(c, &c.floats)[:0]
		err := pull(c, r, n, scratchOf(c, &c.reals), func(values []float32) {
			for _, v := range values {
				out = append(out, float64(v))
			}
		})
		return c.doubles(out[:n], n, err)
	case *pqfile.Float64ColumnChunkReader:
		out := scratchOf(c, &c.floats)
		return c.doubles(out, n, pullInto(c, r, n, out))
	case *pqfile.ByteArrayColumnChunkReader:
		return c.byteArrays(r, n)
	case *pqfile.FixedLenByteArrayColumnChunkReader:
		return c.fixedArrays(r, n)
	}
	return fmt.Errorf("column %s has the unknown type %s", c.leaf.name, c.leaf.physical)
}

func (c *column) booleans(r *pqfile.BooleanColumnChunkReader, n int) error {
	values := scratchOf(c, &c.bools)
	if err := pullInto(c, r, n, values); err != nil {
		return err
	}
	spread(c, values, n)
	out := scratchOf(c, &c.bytes)[:n]
	for i, v := range values[:n] {
		out[i] = 0
		if v {
			out[i] = 1
		}
	}
	c.vec.Layout, c.vec.U8 = columnar.U8, out
	return nil
}

func (c *column) int32s(r *pqfile.Int32ColumnChunkReader, n int) error {
	out := scratchOf(c, &c.ints64)[:0]
	unsigned := c.leaf.unsigned
	err := pull(c, r, n, scratchOf(c, &c.ints32), func(values []int32) {
		if unsigned {
			for _, v := range values {
				out = append(out, int64(uint32(v)))
			}
			return
		}
		for _, v := range values {
			out = append(out, int64(v))
		}
	})
	return c.integers(out[:n], n, err)
}

// integers finishes a column of integers, of which those of NULLs are missing.
func (c *column) integers(s []int64, n int, err error) error {
	if err != nil {
		return err
	}
	s = s[:n]
	spread(c, s, n)
	switch {
	case c.leaf.unsigned && c.leaf.physical == parquet.Types.Int64:
		return c.unsigned(s)
	case c.leaf.multiply > 1:
		for i, v := range s {
			s[i] = v * c.leaf.multiply
		}
	case c.leaf.divide > 1:
		for i, v := range s {
			s[i] = floorDiv(v, c.leaf.divide)
		}
	}
	c.vec.Layout, c.vec.I64 = columnar.I64, s
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for _, v := range s {
		lo, hi = min(lo, v), max(hi, v)
	}
	c.vec.Bounded, c.vec.Lo, c.vec.Hi = true, lo, hi
	return c.inRange(lo, hi)
}

// inRange refuses values that the column's SQL type does not have: decimals of too many digits,
// times beyond the day.
func (c *column) inRange(lo, hi int64) error {
	if least, most := c.typ.Bounds(); lo < least || hi > most {
		return fmt.Errorf("column %s holds values outside of %s", c.leaf.name, c.typ)
	}
	return nil
}

// unsigned widens 64-bit numbers without sign.
func (c *column) unsigned(s []int64) error {
	wide := scratchOf(c, &c.wide)[:len(s)]
	for i, v := range s {
		wide[i] = types.Int128{Lo: uint64(v)}
	}
	c.vec.Layout, c.vec.I128 = columnar.I128, wide
	return nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// int96Micros reads nanoseconds of the day and a Julian day.
func int96Micros(v parquet.Int96) int64 {
	const julianEpoch = 2_440_588
	nanos := int64(binary.LittleEndian.Uint64(v[:8]))
	days := int64(binary.LittleEndian.Uint32(v[8:])) - julianEpoch
	return days*types.Day + floorDiv(nanos, 1000)
}

func (c *column) doubles(s []float64, n int, err error) error {
	if err != nil {
		return err
	}
	spread(c, s, n)
	c.vec.Layout, c.vec.F64 = columnar.F64, s[:n]
	return nil
}

func (c *column) byteArrays(r *pqfile.ByteArrayColumnChunkReader, n int) error {
	scratch := scratchOf(c, &c.texts)
	if c.typ.Kind == types.Numeric {
		return c.decimals(n, func(take func([]byte)) error {
			return pull(c, r, n, scratch, func(values []parquet.ByteArray) {
				for _, v := range values {
					take(v)
				}
			})
		})
	}
	ends := scratchOf(c, &c.ends)[:0]
	data := c.data[:0]
	err := pull(c, r, n, scratch, func(values []parquet.ByteArray) {
		for _, v := range values {
			data = append(data, v...)
			ends = append(ends, uint32(len(data)))
		}
	})
	c.data = data
	return c.strings(ends, n, err)
}

// strings finishes a column of byte strings from the ends of those that are not NULL.
func (c *column) strings(ends []uint32, n int, err error) error {
	if err != nil {
		return err
	}
	if uint64(len(c.data)) > math.MaxUint32 {
		return fmt.Errorf("column %s has more than 4 GiB of text in %d rows", c.leaf.name, n)
	}
	if c.typ.Class() == types.ClassBytes && c.typ.Kind != types.Bytea && !utf8.Valid(c.data) {
		return fmt.Errorf("column %s holds text that is not UTF-8", c.leaf.name)
	}
	offsets := scratchOf(c, &c.offsets)[:n]
	from, end := 0, uint32(0)
	for i := range n {
		if c.vec.Valid == nil || c.levels[i]&1 == 1 {
			end = ends[from]
			from++
		}
		offsets[i] = end
	}
	// Offsets start with 0: one more slot than a batch has rows.
	c.starts = append(append(c.starts[:0], 0), offsets...)
	c.vec.Layout, c.vec.Offsets, c.vec.Bytes = columnar.Str, c.starts, c.data
	return nil
}

func (c *column) fixedArrays(r *pqfile.FixedLenByteArrayColumnChunkReader, n int) error {
	scratch := scratchOf(c, &c.fixed)
	each := func(take func([]byte)) error {
		return pull(c, r, n, scratch, func(values []parquet.FixedLenByteArray) {
			for _, v := range values {
				take(v)
			}
		})
	}
	switch c.typ.Kind {
	case types.Numeric:
		return c.decimals(n, each)
	case types.UUID:
		ids := scratchOf(c, &c.ids)[:0]
		err := each(func(b []byte) { ids = append(ids, [16]byte(b)) })
		if err == nil {
			spread(c, ids[:n], n)
			c.vec.Layout, c.vec.UUID = columnar.Bytes16, ids[:n]
		}
		return err
	case types.Interval:
		spans := scratchOf(c, &c.spans)[:0]
		err := each(func(b []byte) { spans = append(spans, spanOf(b)) })
		if err == nil {
			spread(c, spans[:n], n)
			c.vec.Layout, c.vec.Spans = columnar.Spans, spans[:n]
		}
		return err
	case types.Real:
		out := scratchOf(c, &c.floats)[:0]
		err := each(func(b []byte) {
			out = append(out, float64(float16.FromBits(binary.LittleEndian.Uint16(b)).Float32()))
		})
		return c.doubles(out[:n], n, err)
	}
	ends, data := scratchOf(c, &c.ends)[:0], c.data[:0]
	err := each(func(b []byte) {
		data = append(data, b...)
		ends = append(ends, uint32(len(data)))
	})
	c.data = data
	return c.strings(ends, n, err)
}

// spanOf reads Parquet's INTERVAL: months, days, milliseconds, each unsigned.
func spanOf(b []byte) types.Span {
	return types.Span{Months: int32(binary.LittleEndian.Uint32(b)), Days: int32(binary.LittleEndian.Uint32(b[4:])),
		Micros: int64(binary.LittleEndian.Uint32(b[8:])) * 1000}
}

// decimals reads big-endian two's complement numbers, narrow ones as int64.
func (c *column) decimals(n int, each func(take func([]byte)) error) error {
	wide := scratchOf(c, &c.wide)[:0]
	fits, narrow := true, true
	err := each(func(b []byte) {
		v, ok := bigEndian(b)
		fits = fits && ok && v.FitsPrecision(int(c.typ.Precision))
		narrow = narrow && v.Hi == int64(v.Lo)>>63
		wide = append(wide, v)
	})
	switch {
	case err != nil:
		return err
	case !fits:
		return fmt.Errorf("column %s holds values outside of %s", c.leaf.name, c.typ)
	}
	wide = wide[:n]
	spread(c, wide, n)
	if !narrow {
		c.vec.Layout, c.vec.I128 = columnar.I128, wide
		return nil
	}
	out := scratchOf(c, &c.ints64)[:n]
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for i, v := range wide {
		out[i] = int64(v.Lo)
		lo, hi = min(lo, out[i]), max(hi, out[i])
	}
	c.vec.Layout, c.vec.I64 = columnar.I64, out
	c.vec.Bounded, c.vec.Lo, c.vec.Hi = true, lo, hi
	return nil
}

// bigEndian reads a number of any length; ok is false when 128 bits do not hold it.
func bigEndian(b []byte) (v types.Int128, ok bool) {
	if len(b) > 0 && b[0] >= 0x80 {
		v = types.Int128{Lo: math.MaxUint64, Hi: -1}
	}
	sign := v.Hi
	for len(b) > 16 {
		if b[0] != byte(sign) {
			return v, false
		}
		b = b[1:]
	}
	if len(b) == 16 && b[0]>>7 != byte(sign)&1 {
		return v, false
	}
	for _, x := range b {
		v.Hi = v.Hi<<8 | int64(v.Lo>>56)
		v.Lo = v.Lo<<8 | uint64(x)
	}
	return v, true
}
