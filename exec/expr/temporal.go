package expr

import (
	"math"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// temporal is arithmetic on dates, times and intervals: rows computed by one function of the operand
// types, chosen at compile time.
type temporal struct {
	operation
	row  temporalRow
	loc  *time.Location
	ints []int64
	span []types.Span
}

// temporalRow computes row i of t's result from l and r; false is out of range.
type temporalRow func(t *temporal, l, r *columnar.Vector, i int) bool

// newTemporal finds the operation for a pair of operand types; nil when there is none.
func newTemporal(b operation, l, r types.Type) Evaluator {
	if b.op == plan.Add && (r.IsDatetime() && !l.IsDatetime() || r.Kind == types.Date && l.Kind == types.Time) ||
		b.op == plan.Mul && r.Kind == types.Interval {
		b.l, b.r, l, r = b.r, b.l, r, l // these commute: the date, the interval stands left
	}
	row := temporalOp(b.op, l, r)
	if row == nil {
		return nil
	}
	t := &temporal{operation: b, row: row}
	if b.typ.Kind == types.TimestampTZ {
		t.loc = b.worker.Query.Function.Location
	}
	return t
}

func temporalOp(op plan.ArithOp, l, r types.Type) temporalRow {
	additive := op == plan.Add || op == plan.Sub
	switch {
	case l.Kind == types.Date && r.IsInteger() && additive:
		return dateInteger
	case l.Kind == types.Date && r.Kind == types.Date && op == plan.Sub:
		return dateDate
	case l.Kind == types.Date && r.Kind == types.Interval && additive:
		return dateInterval
	case l.Kind == types.Date && r.Kind == types.Time && op == plan.Add:
		return dateTime
	case isStamp(l) && r.Kind == types.Interval && additive:
		return stampInterval
	case isStamp(l) && isStamp(r) && op == plan.Sub:
		return stampStamp
	case l.Kind == types.Time && r.Kind == types.Interval && additive:
		return timeInterval
	case l.Kind == types.Time && r.Kind == types.Time && op == plan.Sub:
		return timeTime
	case l.Kind == types.Interval && r.Kind == types.Interval && additive:
		return intervalInterval
	case l.Kind == types.Interval && r.IsNumber() && (op == plan.Mul || op == plan.Div):
		return intervalNumber
	}
	return nil
}

func isStamp(t types.Type) bool { return t.Kind == types.Timestamp || t.Kind == types.TimestampTZ }

func (t *temporal) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	l, r, done, err := t.operands(b)
	if err != nil || done {
		return &t.out, err
	}
	n := b.Len
	var rows []uint32
	if t.typ.Kind == types.Interval {
		rows = t.begin(b, l, r, columnar.Spans)
		t.out.Spans = room(t.worker, &t.span, n)
	} else {
		rows = t.begin(b, l, r, columnar.I64)
		t.out.I64 = room(t.worker, &t.ints, n)
	}
	for i := range function.Rows(n, rows) {
		if !t.row(t, l, r, i) {
			return nil, t.failure(r, i)
		}
	}
	return &t.out, nil
}

// failure says what was wrong with row i.
func (t *temporal) failure(r *columnar.Vector, i int) error {
	switch {
	case t.op == plan.Div && numberAt(r, i) == 0:
		return t.divisionByZero()
	case t.op == plan.Sub && t.typ.IsInteger():
		return t.fail(sqlerr.DatetimeFieldOverflow, "cannot subtract infinite dates")
	case t.op == plan.Sub && isStamp(r.Type):
		return t.fail(sqlerr.DatetimeFieldOverflow, "cannot subtract infinite timestamps")
	}
	return t.outOfRange()
}

// sign is -1 for subtraction.
func (t *temporal) sign() int64 {
	if t.op == plan.Sub {
		return -1
	}
	return 1
}

// The least date and timestamp is PostgreSQL's (4714-11-24 BC), as is the greatest date (5874898-06-02).
// Timestamps end with the carrier, in January 294247.
const (
	firstDay   = -2440588
	lastDay    = 2145042905
	firstStamp = firstDay * types.Day
)

func dateInteger(t *temporal, l, r *columnar.Vector, i int) bool {
	day := l.Int(i)
	if isInfiniteDay(day) {
		t.out.I64[i] = day
		return true
	}
	day, ok := addInt64(day, t.sign()*r.Int(i))
	t.out.I64[i] = day
	return ok && day >= firstDay && day <= lastDay
}

func dateDate(t *temporal, l, r *columnar.Vector, i int) bool {
	x, y := l.Int(i), r.Int(i)
	t.out.I64[i] = x - y
	return !isInfiniteDay(x) && !isInfiniteDay(y)
}

func isInfiniteDay(day int64) bool {
	return day == types.DateInfinity || day == types.DateMinusInfinity
}

func isInfiniteStamp(stamp int64) bool {
	return stamp == types.TimestampInfinity || stamp == types.TimestampMinusInfity
}

// stampOfDay is midnight of a day.
func stampOfDay(day int64) (int64, bool) {
	switch day {
	case types.DateInfinity:
		return types.TimestampInfinity, true
	case types.DateMinusInfinity:
		return types.TimestampMinusInfity, true
	}
	return mulInt64(day, types.Day)
}

func dateInterval(t *temporal, l, r *columnar.Vector, i int) bool {
	stamp, ok := stampOfDay(l.Int(i))
	return ok && t.addSpan(stamp, function.SpanAt(r, i), i)
}

func dateTime(t *temporal, l, r *columnar.Vector, i int) bool {
	stamp, ok := stampOfDay(l.Int(i))
	if isInfiniteStamp(stamp) {
		t.out.I64[i] = stamp
		return true
	}
	stamp, ok2 := addInt64(stamp, r.Int(i))
	t.out.I64[i] = stamp
	return ok && ok2 && inStampRange(stamp)
}

func stampInterval(t *temporal, l, r *columnar.Vector, i int) bool {
	return t.addSpan(l.Int(i), function.SpanAt(r, i), i)
}

func inStampRange(stamp int64) bool { return stamp >= firstStamp && stamp < math.MaxInt64 }

// addSpan sets row i to a timestamp moved by an interval in the operator's direction.
func (t *temporal) addSpan(stamp int64, s types.Span, i int) (ok bool) {
	t.out.I64[i], ok = moveStamp(stamp, s, t.sign(), t.loc)
	return ok
}

// AddSpan moves a timestamp by an interval; ok is false out of range. loc is nil for a timestamp
// without time zone.
func AddSpan(stamp int64, s types.Span, loc *time.Location) (moved int64, ok bool) {
	return moveStamp(stamp, s, 1, loc)
}

// moveStamp moves a timestamp: months first, clamped to the end of the month, then days, then
// microseconds. A timestamptz moves months and days on the local clock of loc.
func moveStamp(stamp int64, s types.Span, sign int64, loc *time.Location) (_ int64, ok bool) {
	if isInfiniteStamp(stamp) {
		return stamp, true
	}
	if s.Months != 0 || s.Days != 0 {
		local := toLocal(stamp, loc)
		days, inDay := types.SplitTimestamp(local)
		if s.Months != 0 {
			days = types.AddMonths(days, sign*int64(s.Months))
		}
		days += sign * int64(s.Days)
		midnight, fits := mulInt64(days, types.Day)
		if local, ok = addInt64(midnight, inDay); !fits || !ok {
			return 0, false
		}
		stamp = fromLocal(local, loc)
	}
	stamp, ok = addInt64(stamp, sign*s.Micros)
	return stamp, ok && inStampRange(stamp)
}

// toLocal gives the clock reading at an instant; nil is no zone.
func toLocal(stamp int64, loc *time.Location) int64 {
	if loc == nil {
		return stamp
	}
	_, offset := time.UnixMicro(stamp).In(loc).Zone()
	return stamp + int64(offset)*types.Second
}

// fromLocal gives the instant of a clock reading; one that a zone change skips or repeats is read with
// one of the two offsets around the change.
func fromLocal(local int64, loc *time.Location) int64 {
	if loc == nil {
		return local
	}
	days, inDay := types.SplitTimestamp(local)
	y, m, d := types.CivilFromDays(days)
	at := time.Date(int(y), time.Month(m), int(d), 0, 0, int(inDay/types.Second), int(inDay%types.Second)*1000, loc)
	return at.UnixMicro()
}

// stampStamp is days and time, never months.
func stampStamp(t *temporal, l, r *columnar.Vector, i int) bool {
	x, y := l.Int(i), r.Int(i)
	micros := x - y
	days := micros / types.Day
	t.out.Spans[i] = types.Span{Days: int32(days), Micros: micros - days*types.Day}
	return !isInfiniteStamp(x) && !isInfiniteStamp(y) && (x^y)&(x^micros) >= 0
}

// timeInterval wraps around midnight; months and days do not count.
func timeInterval(t *temporal, l, r *columnar.Vector, i int) bool {
	_, t.out.I64[i] = types.SplitTimestamp(l.Int(i) + t.sign()*(function.SpanAt(r, i).Micros%types.Day))
	return true
}

func timeTime(t *temporal, l, r *columnar.Vector, i int) bool {
	t.out.Spans[i] = types.Span{Micros: l.Int(i) - r.Int(i)}
	return true
}

func intervalInterval(t *temporal, l, r *columnar.Vector, i int) bool {
	x, y, sign := function.SpanAt(l, i), function.SpanAt(r, i), t.sign()
	months, days := int64(x.Months)+sign*int64(y.Months), int64(x.Days)+sign*int64(y.Days)
	micros, ok := addInt64(x.Micros, sign*y.Micros)
	t.out.Spans[i] = types.Span{Months: int32(months), Days: int32(days), Micros: micros}
	return ok && (sign > 0 || y.Micros != math.MinInt64) && fitsInt32(months) && fitsInt32(days)
}

func fitsInt32(v int64) bool { return v == int64(int32(v)) }

// intervalNumber scales an interval; fractions of months become days (of 30), fractions of days
// become microseconds, as in PostgreSQL's interval_mul and interval_div.
func intervalNumber(t *temporal, l, r *columnar.Vector, i int) bool {
	s, factor := function.SpanAt(l, i), numberAt(r, i)
	if t.op == plan.Div {
		if factor == 0 {
			return false
		}
		return t.setSpan(i, s, 1, factor)
	}
	return t.setSpan(i, s, factor, 1)
}

// setSpan stores s * times / by; one of the two is 1.
func (t *temporal) setSpan(i int, s types.Span, times, by float64) bool {
	months, days := float64(s.Months)*times/by, float64(s.Days)*times/by
	if !(math.Abs(months) <= math.MaxInt32) || !(math.Abs(days) <= math.MaxInt32) {
		return false
	}
	out := types.Span{Months: int32(months), Days: int32(days)}
	monthDays := roundMicros((months - math.Trunc(months)) * 30)
	seconds := roundMicros((days - math.Trunc(days) + monthDays - math.Trunc(monthDays)) * 86400)
	if math.Abs(seconds) >= 86400 { // rounding has filled a day
		whole := math.Trunc(seconds / 86400)
		out.Days += int32(whole)
		seconds -= whole * 86400
	}
	out.Days += int32(monthDays)
	micros := math.RoundToEven(float64(s.Micros)*times/by + seconds*types.Second)
	out.Micros = int64(micros)
	t.out.Spans[i] = out
	return math.Abs(micros) < math.MaxInt64
}

// roundMicros rounds to the microsecond, away from binary noise (PostgreSQL's TSROUND).
func roundMicros(x float64) float64 { return math.RoundToEven(x*1e6) / 1e6 }

// numberAt is row i of any number type as a float.
func numberAt(v *columnar.Vector, i int) float64 {
	if v.Type.IsFloat() {
		return function.FloatAt(v, i)
	}
	return function.DecimalAt(v, i).Float64() / math.Pow10(scaleOf(v.Type))
}
