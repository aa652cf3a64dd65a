// Package cast converts between SQL types with PostgreSQL 15's rules: which casts exist (pg_cast),
// how they round, and which error a value raises that does not fit.
package cast

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Func converts the rows sel (all of 0..n when nil) of in, none of them NULL, into out under the
// contract of function.Eval.
type Func func(ctx *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error

// Lookup finds the cast; 42846 when there is none. Explicit casts cut text to varchar(n) silently,
// others report 22001.
func Lookup(from, to types.Type, explicit bool) (Func, error) {
	if !types.Castable(from, to) {
		return nil, sqlerr.New(sqlerr.CannotCoerce, "cannot cast type %s to %s", from.Kind, to.Kind)
	}
	switch {
	case to.IsText() && !from.IsText() && from.Kind != types.Unknown:
		return toText(from, to, explicit), nil
	case to.IsText():
		return fitText(to, explicit), nil
	case from.IsText(), from.Kind == types.Unknown:
		return fromText(to), nil
	case to.Kind == types.Numeric:
		return toNumeric(from, to), nil
	case from.Kind == types.Numeric:
		return fromNumeric(from, to), nil
	case to.IsFloat():
		return toFloat(from, to), nil
	case from.IsFloat():
		return fromFloat(to), nil
	}
	return carrier(from, to)
}

// carrier casts between types with the same kind of carrier.
func carrier(from, to types.Type) (Func, error) {
	switch {
	case to.Kind == types.Boolean && from.Kind != types.Boolean:
		return ints(func(v int64) int64 {
			if v != 0 {
				return 1
			}
			return 0
		}), nil
	case from.IsInteger() && to.IsInteger() && to.Kind < from.Kind:
		return narrow(to), nil
	case from.Kind == types.Date && to.Kind == types.Timestamp:
		return checked(dateToTimestamp), nil
	case from.Kind == types.Date && to.Kind == types.TimestampTZ:
		return zoned(func(v int64, loc *time.Location) (int64, error) {
			stamp, err := dateToTimestamp(v)
			return toZone(stamp, loc), err
		}), nil
	case from.Kind == types.Timestamp && to.Kind == types.TimestampTZ:
		return zoned(func(v int64, loc *time.Location) (int64, error) { return toZone(v, loc), nil }), nil
	case from.Kind == types.TimestampTZ && to.Kind != types.TimestampTZ:
		return zoned(func(v int64, loc *time.Location) (int64, error) { return fromStamp(fromZone(v, loc), to.Kind), nil }), nil
	case from.Kind == types.Timestamp:
		return ints(func(v int64) int64 { return fromStamp(v, to.Kind) }), nil
	case from.Kind == types.Time && to.Kind == types.Interval:
		return timeToInterval, nil
	case from.Kind == types.Interval && to.Kind == types.Time:
		return intervalToTime, nil
	}
	return same, nil
}

// same copies values whose carrier does not change.
func same(_ *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	switch in.Type.Class() {
	case types.ClassInterval:
		for i := range function.Rows(n, sel) {
			out.Spans[i] = function.SpanAt(in, i)
		}
	case types.ClassUUID:
		for i := range function.Rows(n, sel) {
			out.UUID[i] = function.UUIDAt(in, i)
		}
	case types.ClassBytes:
		w := function.TextWriter{Out: out}
		for i := range function.Rows(n, sel) {
			w.Write(i, function.TextAt(in, i))
		}
		w.Finish(n)
	case types.ClassFloat:
		for i := range function.Rows(n, sel) {
			out.F64[i] = function.FloatAt(in, i)
		}
	default:
		for i := range function.Rows(n, sel) {
			out.I64[i] = in.Int(i)
		}
	}
	return nil
}

func ints(f func(int64) int64) Func {
	return func(_ *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		for i := range function.Rows(n, sel) {
			out.I64[i] = f(in.Int(i))
		}
		return nil
	}
}

func checked(f func(int64) (int64, error)) Func {
	return zoned(func(v int64, _ *time.Location) (int64, error) { return f(v) })
}

func zoned(f func(int64, *time.Location) (int64, error)) Func {
	return func(ctx *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) (err error) {
		for i := range function.Rows(n, sel) {
			if out.I64[i], err = f(in.Int(i), ctx.Location); err != nil {
				return err
			}
		}
		return nil
	}
}

func narrow(to types.Type) Func {
	lo, hi := to.Bounds()
	return checked(func(v int64) (int64, error) {
		if v < lo || v > hi {
			return 0, outOfRange(to)
		}
		return v, nil
	})
}

func outOfRange(t types.Type) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "%s out of range", t.Kind)
}

func dateToTimestamp(days int64) (int64, error) {
	switch days {
	case types.DateInfinity:
		return types.TimestampInfinity, nil
	case types.DateMinusInfinity:
		return types.TimestampMinusInfity, nil
	}
	if days > math.MaxInt64/types.Day || days < math.MinInt64/types.Day {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return days * types.Day, nil
}

func fromStamp(micros int64, to types.Kind) int64 {
	days, inDay := types.SplitTimestamp(micros)
	switch {
	case to == types.Time:
		return inDay
	case to == types.Date && micros == types.TimestampInfinity:
		return types.DateInfinity
	case to == types.Date && micros == types.TimestampMinusInfity:
		return types.DateMinusInfinity
	case to == types.Date:
		return days
	}
	return micros
}

// toZone reads a local timestamp as a moment in loc; fromZone shows a moment as loc's local time.
func toZone(micros int64, loc *time.Location) int64 {
	if micros == types.TimestampInfinity || micros == types.TimestampMinusInfity {
		return micros
	}
	days, inDay := types.SplitTimestamp(micros)
	y, m, d := types.CivilFromDays(days)
	at := time.Date(int(y), time.Month(m), int(d), 0, 0, int(inDay/types.Second), int(inDay%types.Second)*1000, loc)
	_, offset := at.Zone()
	return micros - int64(offset)*types.Second
}

func fromZone(micros int64, loc *time.Location) int64 {
	if micros == types.TimestampInfinity || micros == types.TimestampMinusInfity {
		return micros
	}
	_, offset := time.UnixMicro(micros).In(loc).Zone()
	return micros + int64(offset)*types.Second
}

// ToZone and FromZone serve AT TIME ZONE.
func ToZone(micros int64, loc *time.Location) int64 { return toZone(micros, loc) }

// FromZone shows a moment as loc's local time.
func FromZone(micros int64, loc *time.Location) int64 { return fromZone(micros, loc) }

func timeToInterval(_ *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	for i := range function.Rows(n, sel) {
		out.Spans[i] = types.Span{Micros: in.Int(i)}
	}
	return nil
}

func intervalToTime(_ *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	for i := range function.Rows(n, sel) {
		_, out.I64[i] = types.SplitTimestamp(function.SpanAt(in, i).Micros)
	}
	return nil
}

func toText(from, to types.Type, explicit bool) Func {
	return func(ctx *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		w := function.TextWriter{Out: out}
		for i := range function.Rows(n, sel) {
			b := w.Put(i)
			start := len(b)
			b = appendText(b, in, i, from, ctx.Location)
			if to.Length > 0 {
				v, err := types.FitText(to, string(b[start:]), explicit)
				if err != nil {
					return err
				}
				b = append(b[:start], v.S...)
			}
			w.Set(b)
		}
		w.Finish(n)
		return nil
	}
}

func appendText(b []byte, in *columnar.Vector, i int, from types.Type, loc *time.Location) []byte {
	switch from.Class() {
	case types.ClassInt:
		switch {
		case from.Kind == types.Boolean:
			return strconv.AppendBool(b, in.Int(i) != 0)
		case from.IsInteger():
			return strconv.AppendInt(b, in.Int(i), 10)
		}
		return types.Append(b, types.Int(from, in.Int(i)), loc)
	case types.ClassDecimal:
		return types.AppendDecimal(b, function.DecimalAt(in, i), int(in.Type.Scale))
	case types.ClassFloat:
		return types.Append(b, types.Float(from, function.FloatAt(in, i)), loc)
	case types.ClassInterval:
		return types.AppendInterval(b, function.SpanAt(in, i))
	case types.ClassUUID:
		id := function.UUIDAt(in, i)
		return types.AppendUUID(b, id[:])
	}
	return types.Append(b, types.Str(from, string(function.TextAt(in, i))), loc)
}

func fitText(to types.Type, explicit bool) Func {
	if to.Length == 0 && to.Kind != types.Char {
		return same
	}
	return func(_ *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		w := function.TextWriter{Out: out}
		for i := range function.Rows(n, sel) {
			s := function.TextAt(in, i)
			if to.Kind == types.Varchar && len(s) <= int(to.Length) {
				w.Write(i, s)
				continue
			}
			if to.Kind == types.Char && utf8.RuneCount(s) <= int(to.Length) {
				w.WriteString(i, strings.TrimRight(string(s), " "))
				continue
			}
			v, err := types.FitText(to, string(s), explicit)
			if err != nil {
				return err
			}
			w.WriteString(i, v.S)
		}
		w.Finish(n)
		return nil
	}
}

func fromText(to types.Type) Func {
	return func(ctx *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		text, decimals := function.TextWriter{Out: out}, function.DecimalWriter{Out: out, N: n}
		for i := range function.Rows(n, sel) {
			v, err := types.Parse(to, string(function.TextAt(in, i)))
			if err != nil {
				return err
			}
			switch to.Class() {
			case types.ClassInt:
				out.I64[i] = v.I
				if to.Kind == types.TimestampTZ {
					out.I64[i] = localMoment(v.I, string(function.TextAt(in, i)), ctx.Location)
				}
			case types.ClassDecimal:
				decimals.Write(i, v.Unscaled())
			case types.ClassFloat:
				out.F64[i] = v.F
			case types.ClassInterval:
				out.Spans[i] = v.Span
			case types.ClassUUID:
				copy(out.UUID[i][:], v.S)
			default:
				text.WriteString(i, v.S)
			}
		}
		if to.Class() == types.ClassBytes {
			text.Finish(n)
		}
		return nil
	}
}

// localMoment reads a text without an offset in the session's time zone.
func localMoment(parsed int64, s string, loc *time.Location) int64 {
	if _, _, zoned, err := types.ParseTimestamp(s); err != nil || zoned {
		return parsed
	}
	return toZone(parsed, loc)
}

func toNumeric(from, to types.Type) Func {
	return func(_ *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		w := function.DecimalWriter{Out: out, N: n}
		factor, limit := scaleUp(from, to)
		for i := range function.Rows(n, sel) {
			if limit > 0 && in.Layout != columnar.I128 {
				if x := in.Int(i); -limit <= x && x <= limit {
					w.Write(i, types.FromInt64(x*factor))
					continue
				}
			}
			var v types.Value
			var err error
			if from.IsFloat() {
				v, err = floatToNumeric(function.FloatAt(in, i), from, to)
			} else {
				v, err = types.FitDecimal(to, function.DecimalAt(in, i), int(from.Scale))
			}
			if err != nil {
				return err
			}
			w.Write(i, v.Unscaled())
		}
		return nil
	}
}

// scaleUp gives what integers of type from are multiplied by to have to's scale, and the greatest one that
// may be, so that it fits to and int64; limit is 0 when digits would be lost.
func scaleUp(from, to types.Type) (factor, limit int64) {
	more := int(to.Scale) - int(from.Scale)
	if from.IsFloat() || more < 0 || more > 18 {
		return 1, 0
	}
	factor, limit = types.PowersOfTen[more], math.MaxInt64
	if to.Precision > 0 && to.Precision <= 18 {
		limit = types.PowersOfTen[to.Precision] - 1
	}
	return factor, limit / factor
}

// floatToNumeric goes through the 15 (real: 6) significant digits that PostgreSQL keeps.
func floatToNumeric(f float64, from, to types.Type) (types.Value, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return types.Value{}, sqlerr.New(sqlerr.NumericValueOutOfRange, "cannot convert %s to numeric", types.Format(types.Float(from, f)))
	}
	digits := 15
	if from.Kind == types.Real {
		digits = 6
	}
	d, scale, err := types.ParseDecimal(strconv.FormatFloat(f, 'g', digits, 64))
	if err != nil {
		return types.Value{}, types.NumericOverflow(to)
	}
	return types.FitDecimal(to, d, scale)
}

func fromNumeric(from, to types.Type) Func {
	scale := int(from.Scale)
	lo, hi := to.Bounds()
	return func(_ *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		for i := range function.Rows(n, sel) {
			d := function.DecimalAt(in, i)
			if to.IsFloat() {
				out.F64[i] = DecimalToFloat(d, int(in.Type.Scale))
				if to.Kind == types.Real {
					out.F64[i] = float64(float32(out.F64[i]))
				}
				continue
			}
			r, _ := d.Rescale(scale, 0)
			v, ok := r.Int64()
			if !ok || v < lo || v > hi {
				return outOfRange(to)
			}
			out.I64[i] = v
		}
		return nil
	}
}

// DecimalToFloat is d / 10^scale as a double; exact powers of ten keep it correctly rounded for up to
// 15 digits and scale 22.
func DecimalToFloat(d types.Int128, scale int) float64 {
	if v, ok := d.Int64(); ok && scale <= 18 && v < 1<<53 && v > -1<<53 {
		return float64(v) / float64(types.PowersOfTen[scale])
	}
	f, _ := strconv.ParseFloat(string(types.AppendDecimal(nil, d, scale)), 64)
	return f
}

func toFloat(from, to types.Type) Func {
	return func(_ *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		for i := range function.Rows(n, sel) {
			f := 0.0
			if from.IsFloat() {
				f = function.FloatAt(in, i)
			} else {
				f = float64(in.Int(i))
			}
			if to.Kind == types.Real {
				single := float64(float32(f))
				if math.IsInf(single, 0) && !math.IsInf(f, 0) || single == 0 && f != 0 {
					return sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: %s", map[bool]string{true: "underflow", false: "overflow"}[single == 0])
				}
				f = single
			}
			out.F64[i] = f
		}
		return nil
	}
}

func fromFloat(to types.Type) Func {
	lo, hi := to.Bounds()
	return func(_ *function.Context, in *columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		for i := range function.Rows(n, sel) {
			v, ok := types.RoundToInt64(function.FloatAt(in, i))
			if !ok || v < lo || v > hi {
				return outOfRange(to)
			}
			out.I64[i] = v
		}
		return nil
	}
}
