package types

import "math"

// Microseconds in the usual units.
const (
	Microsecond = 1
	Millisecond = 1000 * Microsecond
	Second      = 1000 * Millisecond
	Minute      = 60 * Second
	Hour        = 60 * Minute
	Day         = 24 * Hour
)

// Infinities of dates (days) and timestamps (microseconds), PostgreSQL's 'infinity' and '-infinity'.
const (
	DateInfinity         = math.MaxInt32
	DateMinusInfinity    = math.MinInt32
	TimestampInfinity    = math.MaxInt64
	TimestampMinusInfity = math.MinInt64
)

// DaysFromCivil gives the days since 1970-01-01 of a proleptic Gregorian date; year 0 is 1 BC.
// After H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013), days_from_civil.
func DaysFromCivil(year, month, day int64) int64 {
	if month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yearOfEra := year - era*400
	shifted := month - 3
	if month <= 2 {
		shifted = month + 9
	}
	dayOfYear := (153*shifted+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*146097 + dayOfEra - 719468
}

// CivilFromDays is the inverse of DaysFromCivil.
func CivilFromDays(days int64) (year, month, day int64) {
	days += 719468
	era := floorDiv(days, 146097)
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shifted := (5*dayOfYear + 2) / 153
	day = dayOfYear - (153*shifted+2)/5 + 1
	month = shifted + 3
	if month > 12 {
		month -= 12
	}
	year = yearOfEra + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// DaysInMonth is the length of a month.
func DaysInMonth(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// AddMonths moves a day count by months, clamped to the end of the month.
func AddMonths(days, months int64) int64 {
	y, m, d := CivilFromDays(days)
	total := y*12 + m - 1 + months
	y, m = floorDiv(total, 12), total-floorDiv(total, 12)*12+1
	return DaysFromCivil(y, m, min(d, DaysInMonth(y, m)))
}

// SplitTimestamp gives the day and the microseconds into it.
func SplitTimestamp(micros int64) (days, inDay int64) {
	days = floorDiv(micros, Day)
	return days, micros - days*Day
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
