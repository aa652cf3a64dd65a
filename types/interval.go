package types

import (
	"math"
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/sqlerr"
)

// unit is one interval unit: months and microseconds it stands for (days are kept apart).
type unit struct {
	months, days int64
	micros       int64
}

var units = map[string]unit{
	"microsecond": {micros: 1}, "us": {micros: 1}, "usec": {micros: 1},
	"millisecond": {micros: Millisecond}, "ms": {micros: Millisecond}, "msec": {micros: Millisecond},
	"second": {micros: Second}, "sec": {micros: Second}, "s": {micros: Second},
	"minute": {micros: Minute}, "min": {micros: Minute}, "m": {micros: Minute},
	"hour": {micros: Hour}, "hr": {micros: Hour}, "h": {micros: Hour},
	"day": {days: 1}, "d": {days: 1},
	"week": {days: 7}, "w": {days: 7},
	"month": {months: 1}, "mon": {months: 1},
	"quarter": {months: 3},
	"year":    {months: 12}, "yr": {months: 12}, "y": {months: 12},
	"decade": {months: 120}, "dec": {months: 120},
	"century": {months: 1200}, "centurie": {months: 1200}, "c": {months: 1200},
	"millennium": {months: 12000}, "millennia": {months: 12000}, "mil": {months: 12000},
}

func unitOf(name string) (unit, bool) {
	if u, ok := units[name]; ok {
		return u, true
	}
	u, ok := units[strings.TrimSuffix(name, "s")]
	return u, ok
}

// spanSum collects an interval with checked arithmetic.
type spanSum struct{ months, days, micros float64 }

func (s *spanSum) add(n float64, u unit) {
	months := n * float64(u.months)
	whole := math.Trunc(months)
	s.months += whole
	days := n*float64(u.days) + (months-whole)*30
	if u.months > 1 || u.months == 0 && u.days == 0 { // a fraction of a year is whole months only
		days = n * float64(u.days)
	}
	wholeDays := math.Trunc(days)
	s.days += wholeDays
	s.micros += math.Round((days-wholeDays)*Day) + math.Round(n*float64(u.micros))
}

// ParseInterval reads an interval in PostgreSQL's verbose, SQL-standard (1-2, 3 04:05:06) or ISO 8601
// form. A number without a unit counts lastUnit ("" means seconds), as in INTERVAL '3' MONTH.
func ParseInterval(text, lastUnit string) (Span, error) {
	bad := func() (Span, error) {
		return Span{}, sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid input syntax for type interval: %s", strconv.Quote(text))
	}
	s := strings.ToLower(strings.TrimSpace(text))
	if strings.HasPrefix(s, "p") && len(s) > 1 {
		return parseISOInterval(text, s)
	}
	fields, ok := intervalFields(strings.TrimPrefix(s, "@"))
	if !ok || len(fields) == 0 {
		return bad()
	}
	var sum spanSum
	ago := fields[len(fields)-1] == "ago"
	if ago {
		fields = fields[:len(fields)-1]
	}
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		switch {
		case strings.Contains(f, ":"):
			clock := strings.TrimLeft(f, "+-")
			micros, ok := parseClock(clock)
			if !ok {
				return bad()
			}
			if f[0] == '-' {
				micros = -micros
			}
			sum.micros += float64(micros)
		case yearMonth(f, &sum):
		default:
			n, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return bad()
			}
			u := units["second"]
			if i+1 < len(fields) && !strings.ContainsAny(fields[i+1], "0123456789") {
				if u, ok = unitOf(fields[i+1]); !ok {
					return bad()
				}
				i++
			} else if i+1 < len(fields) && strings.Contains(fields[i+1], ":") {
				u = units["day"] // "1 04:05:06"
			} else if lastUnit != "" {
				if u, ok = unitOf(strings.ToLower(lastUnit)); !ok {
					return bad()
				}
			}
			sum.add(n, u)
		}
	}
	return sum.span(text, ago)
}

func (s *spanSum) span(text string, ago bool) (Span, error) {
	if ago {
		s.months, s.days, s.micros = -s.months, -s.days, -s.micros
	}
	if math.Abs(s.months) > math.MaxInt32 || math.Abs(s.days) > math.MaxInt32 || math.Abs(s.micros) >= math.MaxInt64 {
		return Span{}, sqlerr.New(sqlerr.DatetimeFieldOverflow, "interval field value out of range: %s", strconv.Quote(text))
	}
	return Span{int32(s.months), int32(s.days), int64(s.micros)}, nil
}

// yearMonth reads the SQL form 1-2 (one year, two months).
func yearMonth(f string, sum *spanSum) bool {
	negative := strings.HasPrefix(f, "-")
	y, m, ok := strings.Cut(strings.TrimLeft(f, "+-"), "-")
	years, err1 := strconv.ParseUint(y, 10, 31)
	months, err2 := strconv.ParseUint(m, 10, 31)
	if !ok || err1 != nil || err2 != nil || months > 11 {
		return false
	}
	total := float64(years*12 + months)
	if negative {
		total = -total
	}
	sum.months += total
	return true
}

// intervalFields splits "1day2hours" as well as "1 day 2 hours"; numbers keep their sign and fraction.
func intervalFields(s string) ([]string, bool) {
	var out []string
	for i := 0; i < len(s); {
		c := s[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == ',':
			i++
			continue
		case c >= 'a' && c <= 'z':
			for i < len(s) && s[i] >= 'a' && s[i] <= 'z' {
				i++
			}
		case isDigit(c) || c == '.' || c == '+' || c == '-':
			for i++; i < len(s) && (isDigit(s[i]) || s[i] == '.' || s[i] == ':' || s[i] == '-'); {
				i++
			}
			// 1e5 is one number
			if i+1 < len(s) && s[i] == 'e' && (isDigit(s[i+1]) || s[i+1] == '-' || s[i+1] == '+') {
				for i += 2; i < len(s) && isDigit(s[i]); {
					i++
				}
			}
		default:
			return nil, false
		}
		field := s[start:i]
		if (field == "-" || field == "+") && i < len(s) { // "1 month - 1 day": the sign of the next number
			for i < len(s) && s[i] == ' ' {
				i++
			}
			s = s[:i] + field + s[i:]
			continue
		}
		out = append(out, field)
	}
	return out, true
}

// parseISOInterval reads P1Y2M3W4DT5H6M7.8S (ISO 8601, 4.4.3.2).
func parseISOInterval(text, s string) (Span, error) {
	var sum spanSum
	date := map[byte]string{'y': "year", 'm': "month", 'w': "week", 'd': "day"}
	clock := map[byte]string{'h': "hour", 'm': "minute", 's': "second"}
	letters := date
	for i := 1; i < len(s); {
		if s[i] == 't' {
			letters = clock
			i++
			continue
		}
		start := i
		for i < len(s) && (isDigit(s[i]) || s[i] == '.' || s[i] == '-' || s[i] == '+') {
			i++
		}
		n, err := strconv.ParseFloat(s[start:i], 64)
		if err != nil || i == len(s) || letters[s[i]] == "" {
			return Span{}, sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid input syntax for type interval: %s", strconv.Quote(text))
		}
		sum.add(n, units[letters[s[i]]])
		i++
	}
	return sum.span(text, false)
}

// Estimate is the interval as microseconds with months of 30 days: how PostgreSQL compares intervals.
func (s Span) Estimate() Int128 {
	days := int64(s.Months)*30 + int64(s.Days)
	micros, _ := FromInt64(days).MulUint64(Day)
	sum, _ := micros.Add(FromInt64(s.Micros))
	return sum
}
