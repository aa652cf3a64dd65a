package runner

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	oxidb "github.com/oxidb/oxidb"
)

// rows is a fetched result as Go values, for checking answers.
type rows struct {
	columns []string
	values  [][]any
}

// fetch runs sql and reads its rows.
func fetch(ctx context.Context, db *oxidb.DB, sql string) (*rows, error) {
	result, err := db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	out := &rows{}
	for _, f := range result.Schema().Fields() {
		out.columns = append(out.columns, f.Name)
	}
	for rec, err := range result.Batches() {
		if err != nil {
			return nil, err
		}
		out.add(rec)
	}
	return out, nil
}

func (r *rows) add(rec arrow.RecordBatch) {
	for i := range int(rec.NumRows()) {
		row := make([]any, rec.NumCols())
		for c := range row {
			row[c] = goValue(rec.Column(c), i)
		}
		r.values = append(r.values, row)
	}
}

// goValue is one value in the forms that tpch.CheckAnswer takes.
func goValue(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Int64:
		return a.Value(i)
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Float64:
		return a.Value(i)
	case *array.Date32:
		return a.Value(i).ToTime()
	}
	return a.ValueStr(i)
}
