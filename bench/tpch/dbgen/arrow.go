package dbgen

import (
	"context"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Generate generates one table as Arrow record batches in row order; see Generator.Records. To generate
// several tables make one Generator, which keeps the text that comments are taken from.
func Generate(ctx context.Context, t Table, opts Options) iter.Seq2[arrow.RecordBatch, error] {
	g, err := New(opts)
	if err != nil {
		return func(yield func(arrow.RecordBatch, error) bool) { yield(nil, err) }
	}
	return g.Records(ctx, t)
}

// Records generates the table as Arrow record batches of Table.ArrowSchema, in row order, on all workers.
// A batch belongs to the receiver, who may, but need not, release it: its memory is the collector's.
func (g *Generator) Records(ctx context.Context, t Table) iter.Seq2[arrow.RecordBatch, error] {
	return ordered(ctx, g.opts.Workers, g.Chunks(t), func() func(Chunk) arrow.RecordBatch {
		return func(c Chunk) arrow.RecordBatch {
			var cols Columns
			g.Fill(c, &cols)
			return cols.Record()
		}
	})
}

// ArrowSchema is the table's schema: Int64, Int32, Decimal128(15,2), Date32 and Utf8, nothing nullable.
func (t Table) ArrowSchema() *arrow.Schema {
	var fields []arrow.Field
	for _, f := range t.Fields() {
		fields = append(fields, arrow.Field{Name: f.Name, Type: f.Kind.arrowType()})
	}
	return arrow.NewSchema(fields, nil)
}

func (k Kind) arrowType() arrow.DataType {
	switch k {
	case BigInt:
		return arrow.PrimitiveTypes.Int64
	case Integer:
		return arrow.PrimitiveTypes.Int32
	case Decimal:
		return &arrow.Decimal128Type{Precision: 15, Scale: 2}
	case Date:
		return arrow.FixedWidthTypes.Date32
	}
	return arrow.BinaryTypes.String
}

// Record gives the batch as an Arrow record batch. Numbers, dates and text share the slices of c; decimals
// and dictionary columns are written out.
func (c *Columns) Record() arrow.RecordBatch {
	arrays := make([]arrow.Array, len(c.Cols))
	for i := range c.Cols {
		data := array.NewData(c.Cols[i].Kind.arrowType(), c.Rows, c.Cols[i].arrowBuffers(), nil, 0, 0)
		arrays[i] = array.MakeFromData(data)
	}
	return array.NewRecordBatch(c.Table.ArrowSchema(), arrays, int64(c.Rows))
}

// arrowBuffers are the buffers of the Arrow layout; the first, validity, is absent.
func (c *Column) arrowBuffers() []*memory.Buffer {
	switch c.Kind {
	case BigInt:
		return buffers(arrow.Int64Traits.CastToBytes(c.I64))
	case Integer, Date:
		return buffers(arrow.Int32Traits.CastToBytes(c.I32))
	case Decimal:
		wide := make([]decimal128.Num, len(c.I64))
		for i, v := range c.I64 {
			wide[i] = decimal128.FromI64(v)
		}
		return buffers(arrow.Decimal128Traits.CastToBytes(wide))
	case Dict:
		offsets, text := c.expanded()
		return buffers(arrow.Uint32Traits.CastToBytes(offsets), text)
	}
	return buffers(arrow.Uint32Traits.CastToBytes(c.Offsets), c.Bytes)
}

func buffers(data ...[]byte) []*memory.Buffer {
	out := []*memory.Buffer{nil}
	for _, d := range data {
		out = append(out, memory.NewBufferBytes(d))
	}
	return out
}

// expanded writes out a dictionary column's text.
func (c *Column) expanded() (offsets []uint32, text []byte) {
	offsets = make([]uint32, len(c.Codes)+1)
	for i, code := range c.Codes {
		offsets[i+1] = offsets[i] + uint32(len(c.Dict.Values[code]))
	}
	text = make([]byte, 0, offsets[len(c.Codes)])
	for _, code := range c.Codes {
		text = append(text, c.Dict.Values[code]...)
	}
	return offsets, text
}
