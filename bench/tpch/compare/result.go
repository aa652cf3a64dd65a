package compare

import (
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/oxidb/oxidb/bench/tpch"
)

// readResult reads what an engine wrote: the columns' kinds and the rows, as tpch.CheckAnswer takes them.
func readResult(path string) (kinds []tpch.ColumnType, rows [][]any, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r, err := ipc.NewFileReader(f)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, field := range r.Schema().Fields() {
		kinds = append(kinds, kindOf(field.Type))
	}
	for i := range r.NumRecords() {
		rec, err := r.RecordBatch(i)
		if err != nil {
			return nil, nil, err
		}
		for row := range int(rec.NumRows()) {
			values := make([]any, rec.NumCols())
			for c := range values {
				values[c] = value(rec.Column(c), row)
			}
			rows = append(rows, values)
		}
	}
	return kinds, rows, nil
}

// kindOf is an Arrow type as answers speak of it: whole numbers, decimals and floating point are numbers.
func kindOf(t arrow.DataType) tpch.ColumnType {
	switch t.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return tpch.TextColumn
	case arrow.DATE32, arrow.DATE64:
		return tpch.DateColumn
	case arrow.DICTIONARY:
		return kindOf(t.(*arrow.DictionaryType).ValueType)
	case arrow.DECIMAL32, arrow.DECIMAL64, arrow.DECIMAL128, arrow.DECIMAL256:
		return tpch.NumericColumn
	case arrow.FLOAT32, arrow.FLOAT64:
		return tpch.DoubleColumn
	}
	if arrow.IsInteger(t.ID()) {
		return tpch.NumericColumn
	}
	return tpch.ColumnType(t.String())
}

func value(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Dictionary:
		return value(a.Dictionary(), a.GetValueIndex(i))
	case *array.Float64:
		return a.Value(i)
	case *array.Float32:
		return float64(a.Value(i))
	case *array.Date32:
		return a.Value(i).ToTime()
	case *array.Date64:
		return a.Value(i).ToTime()
	}
	return a.ValueStr(i)
}

// sameKinds refuses a result whose columns are of other kinds than the answer's. A number may be exact in
// one engine and floating point in the other.
func sameKinds(answer *tpch.Answer, kinds []tpch.ColumnType) error {
	if len(kinds) != len(answer.Columns) {
		return fmt.Errorf("%d columns, want %d", len(kinds), len(answer.Columns))
	}
	number := func(k tpch.ColumnType) bool { return k == tpch.NumericColumn || k == tpch.DoubleColumn }
	for i, c := range answer.Columns {
		if kinds[i] != c.Type && !(number(kinds[i]) && number(c.Type)) {
			return fmt.Errorf("column %d is %s, want %s", i+1, kinds[i], c.Type)
		}
	}
	return nil
}
