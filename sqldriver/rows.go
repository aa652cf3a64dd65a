package sqldriver

import (
	"context"
	"database/sql/driver"
	"io"
	"iter"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/types"
)

// rows pulls a result's rows one by one.
type rows struct {
	result *oxidb.Result
	next   func() ([]any, error, bool)
	stop   func()
	cancel context.CancelFunc
}

var (
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
)

// started runs a query under a context of its own, so that closing the rows early ends it.
func started(ctx context.Context, query func(context.Context) (*oxidb.Result, error)) (driver.Rows, error) {
	ctx, cancel := context.WithCancel(ctx)
	result, err := query(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	r := &rows{result: result, cancel: cancel}
	r.next, r.stop = iter.Pull2(result.Rows())
	return r, nil
}

// Columns implements driver.Rows.
func (r *rows) Columns() []string {
	names := make([]string, r.result.Schema().NumFields())
	for i, f := range r.result.Schema().Fields() {
		names[i] = f.Name
	}
	return names
}

// Next implements driver.Rows.
func (r *rows) Next(dest []driver.Value) error {
	row, err, ok := r.next()
	switch {
	case !ok:
		return io.EOF
	case err != nil:
		return err
	}
	for i := range row {
		dest[i] = row[i]
	}
	return nil
}

// Close ends the query.
func (r *rows) Close() error {
	r.cancel()
	r.stop()
	r.result.Close()
	return nil
}

func (r *rows) kind(i int) types.Type { return r.result.Types()[i] }

// ColumnTypeDatabaseTypeName gives the type's SQL name in capitals, without length or precision.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	return strings.ToUpper(r.kind(i).Kind.String())
}

// ColumnTypeScanType gives the Go type of the column's values.
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	switch t := r.kind(i); {
	case t.Kind == types.Boolean:
		return reflect.TypeFor[bool]()
	case t.IsInteger():
		return reflect.TypeFor[int64]()
	case t.IsFloat():
		return reflect.TypeFor[float64]()
	case t.Kind == types.Bytea:
		return reflect.TypeFor[[]byte]()
	case t.Kind == types.Date, t.Kind == types.Timestamp, t.Kind == types.TimestampTZ:
		return reflect.TypeFor[time.Time]()
	}
	return reflect.TypeFor[string]()
}

// ColumnTypeLength gives varchar(n)'s n, and the greatest number for types without a limit.
func (r *rows) ColumnTypeLength(i int) (length int64, ok bool) {
	switch t := r.kind(i); {
	case t.Length > 0:
		return int64(t.Length), true
	case t.Class() == types.ClassBytes:
		return math.MaxInt64, true
	}
	return 0, false
}

// ColumnTypeNullable says what the schema says.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) {
	return r.result.Schema().Field(i).Nullable, true
}

// ColumnTypePrecisionScale gives numeric's precision and scale.
func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	t := r.kind(i)
	return int64(t.Precision), int64(t.Scale), t.Kind == types.Numeric
}
