package oxidb

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// argument turns a Go value into a SQL value of its natural type.
func argument(a any) (types.Value, error) {
	switch a := a.(type) {
	case nil:
		return types.Null(types.TUnknown), nil
	case types.Value:
		return a, nil
	case bool:
		return types.Bool(a), nil
	case string:
		return types.Str(types.TUnknown, a), nil
	case []byte:
		return types.Str(types.TBytea, string(a)), nil
	case time.Time:
		return types.Int(types.TTimestampTZ, a.UnixMicro()), nil
	case time.Duration:
		return types.Value{Type: types.TInterval, Span: types.Span{Micros: a.Microseconds()}}, nil
	case float32:
		return types.Float(types.TReal, float64(a)), nil
	case float64:
		return types.Float(types.TDouble, a), nil
	case [16]byte:
		return types.Str(types.TUUID, string(a[:])), nil
	case driver.Valuer:
		v, err := a.Value()
		if err != nil {
			return types.Value{}, sqlerr.New(sqlerr.InvalidParameterValue, "argument: %w", err)
		}
		return argument(v)
	case fmt.Stringer:
		return types.Str(types.TUnknown, a.String()), nil
	}
	return reflected(reflect.ValueOf(a))
}

// reflected handles named types and pointers.
func reflected(v reflect.Value) (types.Value, error) {
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return integer(v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := v.Uint(); u > 1<<63-1 {
			return types.Decimal(types.TNumeric(20, 0), types.Int128{Lo: u}), nil
		}
		return integer(int64(v.Uint())), nil
	case reflect.Pointer:
		if v.IsNil() {
			return types.Null(types.TUnknown), nil
		}
		return argument(v.Elem().Interface())
	case reflect.String:
		return types.Str(types.TUnknown, v.String()), nil
	case reflect.Bool:
		return types.Bool(v.Bool()), nil
	case reflect.Float32, reflect.Float64:
		return types.Float(types.TDouble, v.Float()), nil
	}
	return types.Value{}, sqlerr.New(sqlerr.InvalidParameterValue, "a value of Go type %s cannot be a SQL argument", v.Type())
}

// integer is an int4 where the value fits, as an integer literal would be.
func integer(i int64) types.Value {
	if i == int64(int32(i)) {
		return types.Int(types.TInteger, i)
	}
	return types.Int(types.TBigInt, i)
}

func inBounds(i int64, t types.Type) bool {
	lo, hi := t.Bounds()
	return lo <= i && i <= hi
}

// fit brings an argument to the parameter's type, by way of its text where kinds differ.
func fit(v types.Value, t types.Type, n int) (types.Value, error) {
	switch {
	case v.Null:
		return types.Null(t), nil
	case v.Type == t:
		return v, nil
	case v.Type.IsInteger() && t.IsInteger() && inBounds(v.I, t):
		return types.Int(t, v.I), nil
	case v.Type.Kind == t.Kind && t.Class() != types.ClassDecimal && !t.IsText():
		v.Type = t
		return v, nil
	case v.Type.IsInteger() && (t.IsInteger() || t.IsFloat() || t.Kind == types.Numeric), v.Type.IsFloat() && t.IsFloat():
		if t.IsFloat() && v.Type.IsFloat() {
			return types.Float(t, v.F), nil
		}
	}
	text := types.Format(v)
	if v.Type.Kind == types.TimestampTZ && (t.Kind == types.Timestamp || t.Kind == types.Date) {
		days, _ := types.SplitTimestamp(v.I)
		if t.Kind == types.Date {
			return types.Int(t, days), nil
		}
		return types.Int(t, v.I), nil
	}
	out, err := types.Parse(t, text)
	if err != nil {
		return out, sqlerr.New(sqlerr.StateOf(err), "parameter $%s: %w", strconv.Itoa(n), err)
	}
	return out, nil
}
