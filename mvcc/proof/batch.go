package proof

import (
	"strings"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

// batch gathers rows to append.
type batch struct {
	cols []*segment.ColumnBuilder
	defs []mvcc.ColumnDef
	rows int
}

func newBatch(s mvcc.Schema) *batch {
	b := &batch{defs: s.Columns}
	for _, def := range s.Columns {
		b.cols = append(b.cols, segment.NewColumnBuilder(def.Type))
	}
	return b
}

// add appends a row and gives the model's form of it.
func (b *batch) add(a int64, values []types.Value) string {
	b.cols[0].Append(mvcc.ConstVector(types.TBigInt, types.Int(types.TBigInt, a)), nil)
	texts := make([]string, len(values))
	for i, v := range values {
		b.cols[i+1].Append(mvcc.ConstVector(b.defs[i+1].Type, v), nil)
		texts[i] = text(v)
	}
	b.rows++
	return strings.Join(texts, separator)
}

func (b *batch) batch() *columnar.Batch {
	out := &columnar.Batch{Len: b.rows}
	for _, c := range b.cols {
		out.Cols = append(out.Cols, c.View(b.rows))
	}
	return out
}
