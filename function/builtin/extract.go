package builtin

import (
	"strings"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/function/cast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// field is one field of EXTRACT and date_part. Values are in micro-units when scaled is set (seconds,
// epoch, julian), else whole.
type field struct {
	name   string
	scale  int // numeric scale of extract's result
	date   func(days int64) int64
	clock  func(inDay int64) int64 // microseconds of the day
	span   func(types.Span) int64
	always func(days, inDay int64) int64 // needs both
}

func fields() []field {
	return []field{
		{name: "year", date: func(d int64) int64 {
			y, _, _ := types.CivilFromDays(d)
			return historical(y)
		}, span: func(s types.Span) int64 { return int64(s.Months / 12) }},
		{name: "month", date: func(d int64) int64 { _, m, _ := types.CivilFromDays(d); return m }, span: func(s types.Span) int64 { return int64(s.Months % 12) }},
		{name: "day", date: func(d int64) int64 { _, _, day := types.CivilFromDays(d); return day }, span: func(s types.Span) int64 { return int64(s.Days) }},
		{name: "quarter", date: func(d int64) int64 { _, m, _ := types.CivilFromDays(d); return (m + 2) / 3 }, span: func(s types.Span) int64 { return int64(s.Months%12)/3 + 1 }},
		{name: "decade", date: func(d int64) int64 { y, _, _ := types.CivilFromDays(d); return floor(y, 10) }, span: func(s types.Span) int64 { return int64(s.Months / 120) }},
		{name: "century", date: func(d int64) int64 { return hundreds(d, 100) }, span: func(s types.Span) int64 { return int64(s.Months / 1200) }},
		{name: "millennium", date: func(d int64) int64 { return hundreds(d, 1000) }, span: func(s types.Span) int64 { return int64(s.Months / 12000) }},
		{name: "dow", date: func(d int64) int64 { return weekday(d) % 7 }},
		{name: "isodow", date: weekday},
		{name: "doy", date: func(d int64) int64 { y, _, _ := types.CivilFromDays(d); return d - types.DaysFromCivil(y, 1, 1) + 1 }},
		{name: "week", date: func(d int64) int64 { _, w := isoWeek(d); return w }},
		{name: "isoyear", date: func(d int64) int64 { y, _ := isoWeek(d); return historical(y) }},
		{name: "julian", date: func(d int64) int64 { return d + 2440588 }},
		{name: "hour", clock: func(t int64) int64 { return t / types.Hour }, span: func(s types.Span) int64 { return s.Micros / types.Hour }},
		{name: "minute", clock: func(t int64) int64 { return t / types.Minute % 60 }, span: func(s types.Span) int64 { return s.Micros / types.Minute % 60 }},
		{name: "second", scale: 6, clock: func(t int64) int64 { return t % types.Minute }, span: func(s types.Span) int64 { return s.Micros % types.Minute }},
		{name: "milliseconds", scale: 3, clock: func(t int64) int64 { return t % types.Minute }, span: func(s types.Span) int64 { return s.Micros % types.Minute }},
		{name: "microseconds", clock: func(t int64) int64 { return t % types.Minute }, span: func(s types.Span) int64 { return s.Micros % types.Minute }},
		{name: "epoch", scale: 6, always: func(d, t int64) int64 { return d*types.Day + t }, span: func(s types.Span) int64 {
			return int64(s.Months/12)*31_557_600*types.Second + (int64(s.Months%12)*30+int64(s.Days))*types.Day + s.Micros
		}},
	}
}

// historical counts years without a year 0: 1 BC is -1.
func historical(y int64) int64 {
	if y <= 0 {
		return y - 1
	}
	return y
}

func floor(a, b int64) int64 {
	if q := a / b; a%b < 0 {
		return q - 1
	} else {
		return q
	}
}

// hundreds counts centuries and millennia: year 1 to 100 is the first.
func hundreds(days, width int64) int64 {
	y, _, _ := types.CivilFromDays(days)
	if y > 0 {
		return (y + width - 1) / width
	}
	return -((width - (y - 1) - 1) / width)
}

// weekday is 1 for Monday … 7 for Sunday.
func weekday(days int64) int64 { return days + 3 - floor(days+3, 7)*7 + 1 }

// isoWeek is the ISO 8601 year and week: the week belongs to the year of its Thursday.
func isoWeek(days int64) (year, week int64) {
	thursday := days - weekday(days) + 4
	year, _, _ = types.CivilFromDays(thursday)
	return year, (thursday-types.DaysFromCivil(year, 1, 1))/7 + 1
}

// of computes the field of row i of a date, time, timestamp or interval; ok is false where the type
// has no such field.
func (f *field) of(v *columnar.Vector, i int, ctx *function.Context) int64 {
	switch v.Type.Kind {
	case types.Interval:
		return f.span(function.SpanAt(v, i))
	case types.Date:
		return f.parts(v.Int(i), 0)
	case types.Time:
		return f.parts(0, v.Int(i))
	}
	micros := v.Int(i)
	if v.Type.Kind == types.TimestampTZ && f.always == nil {
		micros = cast.FromZone(micros, ctx.Location)
	}
	return f.parts(types.SplitTimestamp(micros))
}

func (f *field) parts(days, inDay int64) int64 {
	switch {
	case f.date != nil:
		return f.date(days)
	case f.clock != nil:
		return f.clock(inDay)
	}
	return f.always(days, inDay)
}

// has reports whether values of kind k have the field.
func (f *field) has(k types.Kind) bool {
	switch k {
	case types.Interval:
		return f.span != nil
	case types.Date:
		return f.clock == nil
	case types.Time:
		return f.date == nil
	}
	return true
}

var dateTimeTypes = []types.Type{types.TDate, types.TTime, types.TTimestamp, types.TTimestampTZ, types.TInterval}

// extractFunctions are extract_<field>(x), one for each field since the result's scale depends on it,
// and date_part(text, x). Singular and plural names are both PostgreSQL's.
func extractFunctions() []function.Scalar {
	var list []function.Scalar
	for _, f := range fields() {
		for _, t := range dateTimeTypes {
			if !f.has(t.Kind) {
				continue
			}
			scale := f.scale
			if f.name == "epoch" && t.Kind == types.Date {
				scale = 0
			}
			list = append(list, function.Scalar{
				Name: "extract_" + f.name, Args: args(t), Return: returns(types.TNumeric(min(19, 12+scale), scale)), Stable: t.Kind == types.TimestampTZ, Eval: extract(f, scale),
			})
		}
	}
	for _, t := range dateTimeTypes {
		list = append(list, function.Scalar{Name: "date_part", Args: args(types.TText, t), Return: returns(types.TDouble), Stable: t.Kind == types.TimestampTZ, Eval: datePart})
	}
	return list
}

func extract(f field, scale int) function.Eval {
	shrink := int64(1)
	if f.scale > scale {
		shrink = types.PowersOfTen[f.scale-scale]
	}
	return func(ctx *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		if f.date != nil && a[0].Type.Kind == types.Date {
			for i := range function.Rows(n, sel) {
				out.I64[i] = f.date(a[0].Int(i))
			}
			return nil
		}
		for i := range function.Rows(n, sel) {
			out.I64[i] = f.of(a[0], i, ctx) / shrink
		}
		return nil
	}
}

// FieldName is the canonical name of an EXTRACT field, "" when there is none.
func FieldName(s string) string {
	s = strings.ToLower(s)
	for _, f := range fields() {
		if s == f.name || s == f.name+"s" || s+"s" == f.name {
			return f.name
		}
	}
	return map[string]string{"millenniums": "millennium", "centuries": "century", "msec": "milliseconds", "usec": "microseconds", "sec": "second", "min": "minute", "mon": "month"}[s]
}

func datePart(ctx *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	all := fields()
	for i := range function.Rows(n, sel) {
		name := string(text(a[0], i))
		canonical, found := FieldName(name), false
		for k := range all {
			if f := &all[k]; f.name == canonical && f.has(a[1].Type.Kind) {
				out.F64[i] = float64(f.of(a[1], i, ctx)) / float64(types.PowersOfTen[f.scale])
				found = true
			}
		}
		if !found {
			return sqlerr.New(sqlerr.InvalidParameterValue, "unit %q not recognized for type %s", name, a[1].Type.Kind)
		}
	}
	return nil
}
