package builtin

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/function/cast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func dateFunctions() []function.Scalar {
	ts, tz, i := types.TTimestamp, types.TTimestampTZ, types.TInteger
	list := []function.Scalar{
		{Name: "make_date", Args: args(i, i, i), Return: returns(types.TDate), Eval: intFn(makeDate)},
		{Name: "make_timestamp", Args: args(i, i, i, i, i, types.TDouble), Return: returns(ts), Eval: intFn(makeTimestamp)},
		{Name: "make_time", Args: args(i, i, types.TDouble), Return: returns(types.TTime), Eval: intFn(func(a []*columnar.Vector, i int) (int64, error) {
			return clock(a[0].Int(i), a[1].Int(i), function.FloatAt(a[2], i))
		})},
		{Name: "date_bin", Args: args(types.TInterval, ts, ts), Return: returns(ts), Eval: intFn(dateBin)},
		{Name: "age", Args: args(ts, ts), Return: returns(types.TInterval), Eval: age},
		{Name: "to_timestamp", Args: args(types.TDouble), Return: returns(tz), Eval: intFn(func(a []*columnar.Vector, i int) (int64, error) {
			return int64(math.Round(function.FloatAt(a[0], i) * types.Second)), nil
		})},
		{Name: "justify_days", Args: args(types.TInterval), Return: returns(types.TInterval), Eval: spanFn(func(s types.Span) types.Span { return justify(s, false, true) })},
		{Name: "justify_hours", Args: args(types.TInterval), Return: returns(types.TInterval), Eval: spanFn(func(s types.Span) types.Span { return justify(s, true, false) })},
		{Name: "justify_interval", Args: args(types.TInterval), Return: returns(types.TInterval), Eval: spanFn(func(s types.Span) types.Span { return justify(s, true, true) })},
		{Name: "isfinite", Args: args(types.TDate), Return: returns(types.TBoolean), Eval: intFn(func(a []*columnar.Vector, i int) (int64, error) {
			return truth(a[0].Int(i) != types.DateInfinity && a[0].Int(i) != types.DateMinusInfinity), nil
		})},
		{Name: "date_trunc", Args: args(types.TText, ts), Return: returns(ts), Eval: dateTrunc(false)},
		{Name: "date_trunc", Args: args(types.TText, tz), Return: returns(tz), Stable: true, Eval: dateTrunc(true)},
		{Name: "date_trunc", Args: args(types.TText, types.TInterval), Return: returns(types.TInterval), Eval: truncSpan},
		{Name: "timezone", Args: args(types.TText, ts), Return: returns(tz), Eval: atTimeZone(cast.ToZone)},
		{Name: "timezone", Args: args(types.TText, tz), Return: returns(ts), Eval: atTimeZone(cast.FromZone)},
		{Name: "to_char", Args: args(ts, types.TText), Return: returns(types.TText), Eval: textFn(toChar)},
		{Name: "clock_timestamp", Return: returns(tz), Volatile: true, Eval: intFn(func([]*columnar.Vector, int) (int64, error) { return time.Now().UnixMicro(), nil })},
	}
	list = append(list, makeIntervalFunction())
	for _, t := range []types.Type{types.TTime, ts, tz} {
		list = append(list, function.Scalar{Name: "round_seconds_op", Args: args(t, i), Return: returns(t), Eval: intFn(func(a []*columnar.Vector, i int) (int64, error) {
			if t.Kind == types.Time {
				return roundSeconds(a[0].Int(i), a[1].Int(i)), nil
			}
			return roundStamp(a[0].Int(i), a[1].Int(i)), nil
		})})
	}
	list = append(list, function.Scalar{Name: "round_seconds_op", Args: args(types.TInterval, i), Return: returns(types.TInterval), Eval: roundSpans})
	for _, name := range []string{"now", "transaction_timestamp", "statement_timestamp", "current_timestamp"} {
		list = append(list, function.Scalar{Name: name, Return: returns(tz), Stable: true, Eval: nowAs(types.TimestampTZ)})
	}
	return append(list,
		function.Scalar{Name: "localtimestamp", Return: returns(ts), Stable: true, Eval: nowAs(types.Timestamp)},
		function.Scalar{Name: "current_date", Return: returns(types.TDate), Stable: true, Eval: nowAs(types.Date)},
		function.Scalar{Name: "localtime", Return: returns(types.TTime), Stable: true, Eval: nowAs(types.Time)})
}

// nowAs is the transaction's start in one of the date-time types.
func nowAs(kind types.Kind) function.Eval {
	return func(ctx *function.Context, _ []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		micros := ctx.Now.UnixMicro()
		if kind != types.TimestampTZ {
			micros = cast.FromZone(micros, ctx.Location)
		}
		days, inDay := types.SplitTimestamp(micros)
		switch kind {
		case types.Date:
			micros = days
		case types.Time:
			micros = inDay
		}
		for i := range function.Rows(n, sel) {
			out.I64[i] = micros
		}
		return nil
	}
}

func makeDate(a []*columnar.Vector, i int) (int64, error) {
	y, m, d := a[0].Int(i), a[1].Int(i), a[2].Int(i)
	year := y
	if y < 0 {
		year = y + 1
	}
	if y == 0 || m < 1 || m > 12 || d < 1 || d > types.DaysInMonth(year, m) || year < -4713 || year > 5874897 {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date field value out of range: %d-%02d-%02d", y, m, d)
	}
	return types.DaysFromCivil(year, m, d), nil
}

func makeTimestamp(a []*columnar.Vector, i int) (int64, error) {
	days, err := makeDate(a, i)
	if err != nil {
		return 0, err
	}
	inDay, err := clock(a[3].Int(i), a[4].Int(i), function.FloatAt(a[5], i))
	return days*types.Day + inDay, err
}

// clock is a time of day from its fields.
func clock(h, m int64, s float64) (int64, error) {
	if h < 0 || h > 24 || m < 0 || m > 59 || !(s >= 0 && s <= 60) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "time field value out of range: %d:%02d:%g", h, m, s)
	}
	return h*types.Hour + m*types.Minute + int64(math.Round(s*types.Second)), nil
}

// dateBin is the start of the stride that holds a timestamp, counted from an origin.
func dateBin(a []*columnar.Vector, i int) (int64, error) {
	stride := function.SpanAt(a[0], i)
	width := int64(stride.Days)*types.Day + stride.Micros
	switch {
	case stride.Months != 0:
		return 0, sqlerr.Unsupported(-1, -1, "a stride of months or years in date_bin")
	case width <= 0:
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "stride must be greater than zero")
	}
	return a[2].Int(i) + floor(a[1].Int(i)-a[2].Int(i), width)*width, nil
}

// age is the symbolic difference: years, months and days as on a calendar.
func age(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	for i := range function.Rows(n, sel) {
		out.Spans[i] = symbolic(a[0].Int(i), a[1].Int(i))
	}
	return nil
}

func symbolic(later, earlier int64) types.Span {
	sign := int64(1)
	if later < earlier {
		later, earlier, sign = earlier, later, -1
	}
	d1, t1 := types.SplitTimestamp(later)
	d2, t2 := types.SplitTimestamp(earlier)
	y1, m1, day1 := types.CivilFromDays(d1)
	y2, m2, day2 := types.CivilFromDays(d2)
	micros, days, months := t1-t2, day1-day2, (y1-y2)*12+m1-m2
	if micros < 0 {
		micros += types.Day
		days--
	}
	if days < 0 {
		days += types.DaysInMonth(y2, m2) // PostgreSQL borrows the length of the earlier date's month
		months--
	}
	return types.Span{Months: int32(sign * months), Days: int32(sign * days), Micros: sign * micros}
}

func spanFn(f func(types.Span) types.Span) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		for i := range function.Rows(n, sel) {
			out.Spans[i] = f(function.SpanAt(a[0], i))
		}
		return nil
	}
}

// justify moves whole days out of the time and whole 30-day months out of the days, then makes signs agree.
func justify(s types.Span, hours, days bool) types.Span {
	if hours {
		s.Days += int32(s.Micros / types.Day)
		s.Micros %= types.Day
	}
	if days {
		s.Months += s.Days / 30
		s.Days %= 30
	}
	if days && s.Months > 0 && (s.Days < 0 || s.Days == 0 && s.Micros < 0 && hours) {
		s.Days, s.Months = s.Days+30, s.Months-1
	} else if days && s.Months < 0 && (s.Days > 0 || s.Days == 0 && s.Micros > 0 && hours) {
		s.Days, s.Months = s.Days-30, s.Months+1
	}
	if hours && s.Days > 0 && s.Micros < 0 {
		s.Micros, s.Days = s.Micros+types.Day, s.Days-1
	} else if hours && s.Days < 0 && s.Micros > 0 {
		s.Micros, s.Days = s.Micros-types.Day, s.Days+1
	}
	return s
}

func dateTrunc(zoned bool) function.Eval {
	return func(ctx *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		for i := range function.Rows(n, sel) {
			micros := a[1].Int(i)
			if zoned {
				micros = cast.FromZone(micros, ctx.Location)
			}
			r, ok := truncStamp(FieldName(string(text(a[0], i))), micros)
			if !ok {
				return sqlerr.New(sqlerr.InvalidParameterValue, "unit %q not recognized for type %s", text(a[0], i), a[1].Type.Kind)
			}
			if zoned {
				r = cast.ToZone(r, ctx.Location)
			}
			out.I64[i] = r
		}
		return nil
	}
}

func truncStamp(unit string, micros int64) (int64, bool) {
	days, inDay := types.SplitTimestamp(micros)
	y, m, _ := types.CivilFromDays(days)
	switch unit {
	case "microseconds":
		return micros, true
	case "milliseconds":
		return micros - (inDay % types.Millisecond), true
	case "second":
		return micros - inDay%types.Second, true
	case "minute":
		return micros - inDay%types.Minute, true
	case "hour":
		return micros - inDay%types.Hour, true
	case "day":
	case "week":
		days -= weekday(days) - 1
	case "month":
		days = types.DaysFromCivil(y, m, 1)
	case "quarter":
		days = types.DaysFromCivil(y, (m-1)/3*3+1, 1)
	case "year":
		days = types.DaysFromCivil(y, 1, 1)
	case "decade":
		days = types.DaysFromCivil(floor(y, 10)*10, 1, 1)
	case "century":
		days = types.DaysFromCivil(floor(y-1, 100)*100+1, 1, 1)
	case "millennium":
		days = types.DaysFromCivil(floor(y-1, 1000)*1000+1, 1, 1)
	default:
		return 0, false
	}
	return days * types.Day, true
}

func truncSpan(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	for i := range function.Rows(n, sel) {
		s := function.SpanAt(a[1], i)
		switch FieldName(string(text(a[0], i))) {
		case "year":
			s = types.Span{Months: s.Months / 12 * 12}
		case "quarter":
			s = types.Span{Months: s.Months / 3 * 3}
		case "month":
			s = types.Span{Months: s.Months}
		case "day":
			s.Micros = 0
		case "hour":
			s.Micros -= s.Micros % types.Hour
		case "minute":
			s.Micros -= s.Micros % types.Minute
		case "second":
			s.Micros -= s.Micros % types.Second
		default:
			return sqlerr.New(sqlerr.InvalidParameterValue, "unit %q not recognized for type interval", text(a[0], i))
		}
		out.Spans[i] = s
	}
	return nil
}

func atTimeZone(convert func(int64, *time.Location) int64) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		for i := range function.Rows(n, sel) {
			loc, err := types.LoadLocation(string(text(a[0], i)))
			if err != nil {
				return err
			}
			out.I64[i] = convert(a[1].Int(i), loc)
		}
		return nil
	}
}

// dateTemplates are to_char's patterns, longest first where one begins another.
var dateTemplates = []string{
	"YYYY", "YYY", "YY", "Y", "CC", "Month", "MONTH", "month", "Mon", "MON", "mon", "MM", "DDD", "DD", "Day", "DAY", "day", "Dy", "DY", "dy", "ID", "D",
	"HH24", "HH12", "HH", "MI", "SS", "MS", "US", "AM", "PM", "am", "pm", "Q", "IW", "IYYY", "WW", "W", "J", "FM",
}

func toChar(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	days, inDay := types.SplitTimestamp(a[0].Int(i))
	y, m, d := types.CivilFromDays(days)
	at := time.Date(int(y), time.Month(m), int(d), 0, 0, 0, 0, time.UTC).Add(time.Duration(inDay) * time.Microsecond)
	fill := true
	for pattern := string(text(a[1], i)); pattern != ""; {
		if pattern[0] == '"' {
			quoted, rest, _ := strings.Cut(pattern[1:], `"`)
			b, pattern = append(b, quoted...), rest
			continue
		}
		matched := false
		for _, t := range dateTemplates {
			if strings.HasPrefix(pattern, t) {
				if t == "FM" {
					fill = false
				} else {
					b = appendTemplate(b, t, at, days, fill)
					fill = true
				}
				pattern, matched = pattern[len(t):], true
				break
			}
		}
		if !matched {
			b, pattern = append(b, pattern[0]), pattern[1:]
		}
	}
	return b, nil
}

func appendTemplate(b []byte, t string, at time.Time, days int64, fill bool) []byte {
	number := func(v, width int) []byte {
		if !fill {
			width = 1
		}
		return fmt.Appendf(b, "%0*d", width, v)
	}
	name := func(s string, width int) []byte {
		switch {
		case t == strings.ToUpper(t):
			s = strings.ToUpper(s)
		case t == strings.ToLower(t):
			s = strings.ToLower(s)
		}
		if !fill {
			width = 0
		}
		return fmt.Appendf(b, "%-*s", width, s)
	}
	hour12 := (at.Hour()+11)%12 + 1
	isoYear, isoWeek := at.ISOWeek()
	switch t {
	case "YYYY":
		return number(at.Year(), 4)
	case "YYY":
		return number(at.Year()%1000, 3)
	case "YY":
		return number(at.Year()%100, 2)
	case "Y":
		return number(at.Year()%10, 1)
	case "CC":
		return number((at.Year()+99)/100, 2)
	case "W":
		return number((at.Day()-1)/7+1, 1)
	case "IYYY":
		return number(isoYear, 4)
	case "Month", "MONTH", "month":
		return name(at.Month().String(), 9)
	case "Mon", "MON", "mon":
		return name(at.Month().String()[:3], 0)
	case "MM":
		return number(int(at.Month()), 2)
	case "DDD":
		return number(at.YearDay(), 3)
	case "DD":
		return number(at.Day(), 2)
	case "Day", "DAY", "day":
		return name(at.Weekday().String(), 9)
	case "Dy", "DY", "dy":
		return name(at.Weekday().String()[:3], 0)
	case "ID":
		return number(int(weekday(days)), 1)
	case "D":
		return number(int(at.Weekday())+1, 1)
	case "HH24":
		return number(at.Hour(), 2)
	case "HH12", "HH":
		return number(hour12, 2)
	case "MI":
		return number(at.Minute(), 2)
	case "SS":
		return number(at.Second(), 2)
	case "MS":
		return number(at.Nanosecond()/1_000_000, 3)
	case "US":
		return number(at.Nanosecond()/1000, 6)
	case "AM", "PM", "am", "pm":
		half := "AM"
		if at.Hour() >= 12 {
			half = "PM"
		}
		return name(half, 0)
	case "Q":
		return number((int(at.Month())+2)/3, 1)
	case "IW":
		return number(isoWeek, 2)
	case "WW":
		return number((at.YearDay()-1)/7+1, 2)
	}
	return number(int(days)+2440588, 1) // J, the Julian day
}
