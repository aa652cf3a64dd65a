package builtin

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// makeIntervalFunction is make_interval(years, months, weeks, days, hours, mins, secs), each 0 where
// it is left out.
func makeIntervalFunction() function.Scalar {
	zero, i := types.Int(types.TInteger, 0), types.TInteger
	return function.Scalar{
		Name: "make_interval", Args: args(i, i, i, i, i, i, types.TDouble), Return: returns(types.TInterval), Eval: makeInterval,
		Params:   []string{"years", "months", "weeks", "days", "hours", "mins", "secs"},
		Defaults: []types.Value{zero, zero, zero, zero, zero, zero, types.Float(types.TDouble, 0)},
	}
}

func makeInterval(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	for i := range function.Rows(n, sel) {
		months, days := a[0].Int(i)*12+a[1].Int(i), a[2].Int(i)*7+a[3].Int(i)
		seconds := function.FloatAt(a[6], i)
		micros := float64(a[4].Int(i)*types.Hour+a[5].Int(i)*types.Minute) + math.Round(seconds*types.Second)
		if int64(int32(months)) != months || int64(int32(days)) != days || !(math.Abs(micros) < 1<<63) {
			return sqlerr.New(sqlerr.DatetimeFieldOverflow, "interval out of range")
		}
		whole := a[4].Int(i)*types.Hour + a[5].Int(i)*types.Minute + int64(math.Round(seconds*types.Second))
		out.Spans[i] = types.Span{Months: int32(months), Days: int32(days), Micros: whole}
	}
	return nil
}

// roundSeconds keeps digits decimals of the seconds in a number of microseconds, half away from zero
// as time(n) and interval(n) round.
func roundSeconds(micros, digits int64) int64 {
	unit := types.PowersOfTen[6-digits]
	half := unit / 2
	if micros < 0 {
		half = -half
	}
	return (micros + half) / unit * unit
}

// postgresEpoch is 2000-01-01, the zero away from which PostgreSQL rounds timestamps.
const postgresEpoch = 946_684_800 * types.Second

// roundStamp is timestamp(n); the infinite ones stay.
func roundStamp(micros, digits int64) int64 {
	if micros == types.TimestampInfinity || micros == types.TimestampMinusInfity {
		return micros
	}
	return roundSeconds(micros-postgresEpoch, digits) + postgresEpoch
}

func roundSpans(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	for i := range function.Rows(n, sel) {
		s := function.SpanAt(a[0], i)
		s.Micros = roundSeconds(s.Micros, a[1].Int(i))
		out.Spans[i] = s
	}
	return nil
}
