package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"sync"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Codec is how pages are packed.
type Codec = compress.Compression

// CodecNamed finds a codec by its name.
func CodecNamed(name string) (Codec, error) {
	switch name {
	case "zstd":
		return compress.Codecs.Zstd, nil
	case "snappy":
		return compress.Codecs.Snappy, nil
	case "gzip":
		return compress.Codecs.Gzip, nil
	case "lz4", "lz4_raw":
		return compress.Codecs.Lz4Raw, nil
	case "none", "uncompressed":
		return compress.Codecs.Uncompressed, nil
	}
	return compress.Codecs.Uncompressed, sqlerr.New(sqlerr.InvalidParameterValue, "compression %s is not known", strconv.Quote(name)).
		WithHint("Parquet files are written with zstd, snappy, gzip, lz4 or none.")
}

// groupRows is the number of rows of a full row group: that of a table chunk.
const groupRows = 122_880

// Writer makes a Parquet file of rows.
type Writer struct {
	kinds []types.Type
	mu    sync.Mutex
	out   *pqfile.Writer
}

// NewWriter starts a file with these columns.
func NewWriter(out io.Writer, codec Codec, names []string, kinds []types.Type) (*Writer, error) {
	fields := make(schema.FieldList, len(names))
	seen := map[string]bool{}
	for i, name := range names {
		if seen[name] {
			return nil, sqlerr.New(sqlerr.DuplicateColumn, "column %s stands twice in the file", strconv.Quote(name))
		}
		seen[name] = true
		var err error
		if fields[i], err = fieldOf(name, kinds[i], int32(i+1)); err != nil {
			return nil, err
		}
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		return nil, err
	}
	props := []parquet.WriterProperty{parquet.WithVersion(parquet.V2_LATEST), parquet.WithDataPageVersion(parquet.DataPageV1),
		parquet.WithCompression(codec), parquet.WithBatchSize(columnar.BatchSize),
		parquet.WithDictionaryPageSizeLimit(256 << 10), parquet.WithCreatedBy("OxiDB")}
	if codec == compress.Codecs.Zstd {
		props = append(props, parquet.WithCompressionLevel(1))
	}
	w, err := pqfile.NewParquetWriterWithError(out, root, pqfile.WithWriterProps(parquet.NewWriterProperties(props...)))
	if err != nil {
		return nil, err
	}
	return &Writer{kinds: kinds, out: w}, nil
}

// fieldOf declares a column, NULLs allowed.
func fieldOf(name string, t types.Type, id int32) (schema.Node, error) {
	optional := parquet.Repetitions.Optional
	physical, length := physicalOf(t)
	if t.Kind == types.Interval {
		return schema.NewPrimitiveNodeConverted(name, optional, physical, schema.ConvertedTypes.Interval, length, 0, 0, id)
	}
	if logical := logicalOf(t); logical != nil {
		return schema.NewPrimitiveNodeLogical(name, optional, logical, physical, length, id)
	}
	return schema.NewPrimitiveNode(name, optional, physical, id, int32(length))
}

func physicalOf(t types.Type) (p parquet.Type, length int) {
	switch t.Kind {
	case types.Boolean:
		return parquet.Types.Boolean, -1
	case types.SmallInt, types.Integer, types.Date:
		return parquet.Types.Int32, -1
	case types.Real:
		return parquet.Types.Float, -1
	case types.Double:
		return parquet.Types.Double, -1
	case types.Interval:
		return parquet.Types.FixedLenByteArray, 12
	case types.UUID:
		return parquet.Types.FixedLenByteArray, 16
	case types.Numeric:
		switch {
		case t.Precision <= 9:
			return parquet.Types.Int32, -1
		case t.Precision <= types.MaxInt64Precision:
			return parquet.Types.Int64, -1
		}
		return parquet.Types.FixedLenByteArray, decimalBytes(int(t.Precision))
	}
	if t.Class() == types.ClassBytes {
		return parquet.Types.ByteArray, -1
	}
	return parquet.Types.Int64, -1
}

// decimalBytes is how many bytes a signed number of so many digits takes: log2(10) is below 3.3220.
func decimalBytes(digits int) int { return (digits*33220/10000 + 1 + 1 + 7) / 8 }

func logicalOf(t types.Type) schema.LogicalType {
	switch t.Kind {
	case types.SmallInt:
		return schema.NewIntLogicalType(16, true)
	case types.Numeric:
		return schema.NewDecimalLogicalType(int32(t.Precision), int32(t.Scale))
	case types.Date:
		return schema.DateLogicalType{}
	case types.Time:
		return schema.NewTimeLogicalType(false, schema.TimeUnitMicros)
	case types.Timestamp, types.TimestampTZ:
		return schema.NewTimestampLogicalType(t.Kind == types.TimestampTZ, schema.TimeUnitMicros)
	case types.Text, types.Varchar, types.Char, types.Unknown:
		return schema.StringLogicalType{}
	case types.JSON, types.JSONB:
		return schema.JSONLogicalType{}
	case types.UUID:
		return schema.UUIDLogicalType{}
	}
	return nil
}

// Finish writes the footer.
func (w *Writer) Finish() error { return w.out.Close() }

// Part is one goroutine's way to add rows: it collects a row group, then writes it.
func (w *Writer) Part(budget *mem.Budget) *Part { return &Part{writer: w, budget: budget} }

// Part collects rows. Close gives its memory back.
type Part struct {
	writer *Writer
	budget *mem.Budget
	arena  *mem.Arena
	rows   *buffer.Table
}

// Append adds the rows of b.
func (p *Part) Append(b *columnar.Batch) error {
	if p.arena == nil {
		p.arena = mem.NewArena(p.budget)
		p.rows = buffer.New(p.arena, p.writer.kinds)
	}
	p.rows.Append(b.Cols, b.Sel, b.Len)
	if p.rows.Rows >= groupRows {
		return p.Flush()
	}
	return nil
}

// Flush writes the collected rows as a row group.
func (p *Part) Flush() error {
	if p.arena == nil {
		return nil
	}
	defer p.Close()
	if p.rows.Rows == 0 {
		return nil
	}
	return p.writer.group(p.rows)
}

// Close drops what is collected.
func (p *Part) Close() {
	if p.arena != nil {
		p.arena.Free()
		p.arena, p.rows = nil, nil
	}
}

// group writes one row group.
func (w *Writer) group(rows *buffer.Table) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, err := w.out.AppendRowGroupChecked()
	if err != nil {
		return err
	}
	for i := range w.kinds {
		out, err := g.NextColumn()
		if err != nil {
			return err
		}
		if err := writeColumn(out, rows.Column(i), w.kinds[i], rows.Rows); err != nil {
			return fmt.Errorf("column %s: %w", out.Descr().Name(), err)
		}
		if err := out.Close(); err != nil {
			return err
		}
	}
	return g.Close()
}

// writeColumn writes rows of v, a batch at a time.
func writeColumn(out pqfile.ColumnChunkWriter, v *columnar.Vector, t types.Type, rows int) error {
	e := encoder{levels: make([]int16, columnar.BatchSize)}
	var part columnar.Vector
	for from := 0; from < rows; from += columnar.BatchSize {
		to := min(from+columnar.BatchSize, rows)
		v.Slice(from, to, &part)
		if err := e.write(out, &part, t, to-from); err != nil {
			return err
		}
	}
	return nil
}

// encoder holds one batch's values as Parquet wants them, those of NULLs left out.
type encoder struct {
	levels []int16
	rows   []int // the rows that are not NULL
	bools  []bool
	ints32 []int32
	ints64 []int64
	reals  []float32
	floats []float64
	texts  []parquet.ByteArray
	fixed  []parquet.FixedLenByteArray
	bytes  []byte
}

// valid lists the rows that have a value and sets the levels.
func (e *encoder) valid(v *columnar.Vector, n int) []int16 {
	e.rows = e.rows[:0]
	for i := range n {
		e.levels[i] = 0
		if v.Valid == nil || !v.IsNull(i) {
			e.levels[i] = 1
			e.rows = append(e.rows, i)
		}
	}
	return e.levels[:n]
}

func (e *encoder) write(out pqfile.ColumnChunkWriter, v *columnar.Vector, t types.Type, n int) (err error) {
	levels := e.valid(v, n)
	switch w := out.(type) {
	case *pqfile.BooleanColumnChunkWriter:
		e.bools = gather(e.bools, e.rows, func(i int) bool { return v.Int(i) != 0 })
		_, err = w.WriteBatch(e.bools, levels, nil)
	case *pqfile.Int32ColumnChunkWriter:
		e.ints32 = gather(e.ints32, e.rows, func(i int) int32 { return int32(intAt(v, i)) })
		_, err = w.WriteBatch(e.ints32, levels, nil)
	case *pqfile.Int64ColumnChunkWriter:
		e.ints64 = gather(e.ints64, e.rows, func(i int) int64 { return intAt(v, i) })
		_, err = w.WriteBatch(e.ints64, levels, nil)
	case *pqfile.Float32ColumnChunkWriter:
		e.reals = gather(e.reals, e.rows, func(i int) float32 { return float32(floatAt(v, i)) })
		_, err = w.WriteBatch(e.reals, levels, nil)
	case *pqfile.Float64ColumnChunkWriter:
		e.floats = gather(e.floats, e.rows, func(i int) float64 { return floatAt(v, i) })
		_, err = w.WriteBatch(e.floats, levels, nil)
	case *pqfile.ByteArrayColumnChunkWriter:
		e.strings(v, t)
		_, err = w.WriteBatch(e.texts, levels, nil)
	case *pqfile.FixedLenByteArrayColumnChunkWriter:
		if err = e.fixedArrays(v, t, out.Descr().TypeLength()); err == nil {
			_, err = w.WriteBatch(e.fixed, levels, nil)
		}
	default:
		err = fmt.Errorf("no writer for %s", t)
	}
	return err
}

func gather[T any](dst []T, rows []int, at func(int) T) []T {
	dst = dst[:0]
	for _, i := range rows {
		dst = append(dst, at(i))
	}
	return dst
}

func index(v *columnar.Vector, i int) int {
	if v.Enc == columnar.Const {
		return 0
	}
	return i
}

// intAt is an integer, or a decimal whose type's precision fits int64.
func intAt(v *columnar.Vector, i int) int64 {
	if v.Layout == columnar.I128 {
		return int64(v.I128[index(v, i)].Lo)
	}
	return v.Int(i)
}

func floatAt(v *columnar.Vector, i int) float64 {
	if v.Layout == columnar.F32 {
		return float64(v.F32[index(v, i)])
	}
	return v.F64[index(v, i)]
}

// strings lists the values; char(n) gets its trailing blanks back.
func (e *encoder) strings(v *columnar.Vector, t types.Type) {
	e.texts, e.bytes = e.texts[:0], e.bytes[:0]
	for _, i := range e.rows {
		var s []byte
		if v.Enc == columnar.Dict {
			s = v.Dict.Values.Row(int(v.Code(i)))
		} else {
			s = v.Row(index(v, i))
		}
		if t.Kind == types.Char && t.Length > 0 {
			start := len(e.bytes)
			e.bytes = types.AppendPadded(e.bytes, s, int(t.Length))
			s = e.bytes[start:len(e.bytes):len(e.bytes)]
		}
		e.texts = append(e.texts, s)
	}
}

func (e *encoder) fixedArrays(v *columnar.Vector, t types.Type, length int) error {
	e.fixed = e.fixed[:0]
	e.bytes = make([]byte, 0, length*len(e.rows)) // it must not move while values point into it
	for _, i := range e.rows {
		start, at := len(e.bytes), index(v, i)
		switch t.Kind {
		case types.UUID:
			e.bytes = append(e.bytes, v.UUID[at][:]...)
		case types.Interval:
			s := v.Spans[at]
			if s.Months < 0 || s.Days < 0 || s.Micros < 0 || s.Micros%1000 != 0 || bits.Len64(uint64(s.Micros/1000)) > 32 {
				return sqlerr.Unsupported(-1, -1, "an interval in Parquet that is negative or finer than milliseconds")
			}
			e.bytes = binary.LittleEndian.AppendUint32(e.bytes, uint32(s.Months))
			e.bytes = binary.LittleEndian.AppendUint32(e.bytes, uint32(s.Days))
			e.bytes = binary.LittleEndian.AppendUint32(e.bytes, uint32(s.Micros/1000))
		default:
			d := types.FromInt64(0)
			if v.Layout == columnar.I128 {
				d = v.I128[at]
			} else {
				d = types.FromInt64(v.Int(i))
			}
			var whole [16]byte
			binary.BigEndian.PutUint64(whole[:], uint64(d.Hi))
			binary.BigEndian.PutUint64(whole[8:], d.Lo)
			e.bytes = append(e.bytes, whole[16-length:]...)
		}
		e.fixed = append(e.fixed, e.bytes[start:len(e.bytes):len(e.bytes)])
	}
	return nil
}
