package types

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/oxidb/oxidb/sqlerr"
)

var months = map[string]int64{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
	"january": 1, "february": 2, "march": 3, "april": 4, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
}

var weekdays = map[string]bool{
	"mon": true, "tue": true, "wed": true, "thu": true, "fri": true, "sat": true, "sun": true, "monday": true, "tuesday": true,
	"wednesday": true, "thursday": true, "friday": true, "saturday": true, "sunday": true,
}

// datetime collects the fields of a date-time text as they are recognised.
type datetime struct {
	kind             Kind
	text             string
	year, month, day int64
	haveDate         bool
	bc               bool
	micros           int64
	haveTime         bool
	offset           int64 // microseconds east of UTC
	zone             *time.Location
	haveZone         bool
	special          string
}

func (d *datetime) syntax() error {
	return sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid input syntax for type %s: %s", d.kind, strconv.Quote(d.text))
}

func (d *datetime) range_() error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, "date/time field value out of range: %s", strconv.Quote(d.text))
}

// ParseDate reads a date in ISO, month-name or m/d/y form (DateStyle "ISO, MDY").
func ParseDate(s string) (days int64, err error) {
	d := datetime{kind: Date, text: s}
	if err := d.parse(); err != nil {
		return 0, err
	}
	switch d.special {
	case "infinity":
		return DateInfinity, nil
	case "-infinity":
		return DateMinusInfinity, nil
	}
	if !d.haveDate {
		return 0, d.syntax()
	}
	return d.days()
}

// ParseTime reads a time of day.
func ParseTime(s string) (micros int64, err error) {
	d := datetime{kind: Time, text: s}
	if err := d.parse(); err != nil {
		return 0, err
	}
	if !d.haveTime {
		return 0, d.syntax()
	}
	return d.micros, nil
}

// ParseTimestamp reads a timestamp as written, and the offset from UTC in microseconds when one was
// given (zoned).
func ParseTimestamp(s string) (micros, offset int64, zoned bool, err error) {
	d := datetime{kind: Timestamp, text: s}
	if err := d.parse(); err != nil {
		return 0, 0, false, err
	}
	switch d.special {
	case "infinity":
		return TimestampInfinity, 0, false, nil
	case "-infinity":
		return TimestampMinusInfity, 0, false, nil
	}
	if !d.haveDate {
		return 0, 0, false, d.syntax()
	}
	days, err := d.days()
	if err != nil {
		return 0, 0, false, err
	}
	const limit = 1 << 62 / Day
	if days > limit || days < -limit {
		return 0, 0, false, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range: %s", strconv.Quote(s))
	}
	micros = days*Day + d.micros
	if d.zone != nil {
		y, m, day := CivilFromDays(days)
		at := time.Date(int(y), time.Month(m), int(day), 0, 0, 0, 0, d.zone).Add(time.Duration(d.micros) * time.Microsecond)
		_, seconds := at.Zone()
		d.offset = int64(seconds) * Second
	}
	return micros, d.offset, d.haveZone, nil
}

func (d *datetime) days() (int64, error) {
	year := d.year
	if d.bc {
		year = 1 - year
	}
	if d.month < 1 || d.month > 12 || d.day < 1 || d.year == 0 || d.day > DaysInMonth(year, d.month) {
		return 0, d.range_()
	}
	if year < -4713 || year > 5874897 {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range: %s", strconv.Quote(d.text))
	}
	return DaysFromCivil(year, d.month, d.day), nil
}

func (d *datetime) parse() error {
	text := strings.TrimSpace(strings.ToLower(d.text))
	switch text {
	case "":
		return d.syntax()
	case "infinity", "-infinity", "+infinity":
		d.special = strings.TrimPrefix(text, "+")
		return nil
	case "epoch":
		d.year, d.month, d.day, d.haveDate = 1970, 1, 1, true
		return nil
	}
	// an ISO "T" between date and time is a blank
	if at := strings.IndexByte(text, 't'); at > 0 && at+1 < len(text) && isDigit(text[at-1]) && isDigit(text[at+1]) {
		text = text[:at] + " " + text[at+1:]
	}
	var pending []int64 // numbers that wait for a month name
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' }) {
		if err := d.field(field, &pending); err != nil {
			return err
		}
	}
	return d.finishNamed(pending)
}

func (d *datetime) field(f string, pending *[]int64) error {
	switch {
	case strings.Contains(f, ":"):
		return d.timeField(f)
	case f == "am" || f == "pm":
		return d.meridiem(f)
	case f == "bc":
		d.bc = true
		return nil
	case f == "ad" || weekdays[f]:
		return nil
	case months[f] != 0:
		d.month = months[f]
		return nil
	case f == "z" || f == "utc" || f == "gmt":
		d.haveZone = true
		return nil
	case (f[0] == '+' || f[0] == '-') && d.haveTime:
		return d.zoneField(f)
	case strings.Trim(f, "0123456789") == "":
		return d.plainNumber(f, pending)
	case isDigit(f[0]) && strings.ContainsAny(f, "-/."):
		return d.dateField(f)
	case unicode.IsLetter(rune(f[0])) && d.haveTime:
		return d.zoneName(f)
	}
	return d.syntax()
}

func (d *datetime) plainNumber(f string, pending *[]int64) error {
	if len(f) == 8 && !d.haveDate {
		d.year, _ = strconv.ParseInt(f[:4], 10, 64)
		d.month, _ = strconv.ParseInt(f[4:6], 10, 64)
		d.day, _ = strconv.ParseInt(f[6:], 10, 64)
		d.haveDate = true
		return nil
	}
	n, err := strconv.ParseInt(f, 10, 32)
	if err != nil || len(*pending) == 2 {
		return d.syntax()
	}
	*pending = append(*pending, n)
	return nil
}

// finishNamed resolves "8 January 1999" and "January 8 1999".
func (d *datetime) finishNamed(pending []int64) error {
	switch {
	case len(pending) == 0 && (d.haveDate || d.month == 0):
		return nil
	case len(pending) == 2 && d.month != 0 && !d.haveDate:
		d.day, d.year, d.haveDate = pending[0], pending[1], true
		if d.day > 31 {
			d.day, d.year = d.year, d.day
		}
		return nil
	}
	return d.syntax()
}

func (d *datetime) dateField(f string) error {
	if d.haveDate {
		return d.syntax()
	}
	parts := strings.FieldsFunc(f, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	if len(parts) != 3 {
		return d.syntax()
	}
	var n [3]int64
	for i, p := range parts {
		if m := months[p]; m != 0 {
			n[i] = m
			if i == 0 { // Jan-08-1999
				return d.syntax()
			}
			continue
		}
		v, err := strconv.ParseInt(p, 10, 32)
		if err != nil {
			return d.syntax()
		}
		n[i] = v
	}
	_, named := months[parts[1]]
	switch {
	case len(parts[0]) >= 3:
		d.year, d.month, d.day = n[0], n[1], n[2]
	case named:
		d.day, d.month, d.year = n[0], n[1], n[2]
	default:
		d.month, d.day, d.year = n[0], n[1], n[2]
	}
	if len(parts[0]) < 3 && len(parts[2]) <= 2 {
		d.year += map[bool]int64{true: 2000, false: 1900}[d.year < 70]
	}
	d.haveDate = true
	return nil
}

func (d *datetime) timeField(f string) error {
	if d.haveTime {
		return d.syntax()
	}
	clock := f
	if at := strings.IndexAny(f, "+-z"); at >= 0 {
		clock = f[:at]
		d.haveTime = true
		if err := d.zoneField(f[at:]); err != nil {
			return err
		}
	}
	for _, half := range []string{"am", "pm"} {
		if rest, ok := strings.CutSuffix(clock, half); ok {
			clock = rest
			defer func() { _ = d.meridiem(half) }()
		}
	}
	micros, ok := parseClock(clock)
	if !ok {
		return d.syntax()
	}
	if micros > Day {
		return d.range_()
	}
	d.micros, d.haveTime = micros, true
	return nil
}

// parseClock reads hh:mm[:ss[.f]]; minutes and seconds above 59 (60 for a leap second) fail the range test of the caller.
func parseClock(s string) (micros int64, ok bool) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	hours, err1 := strconv.ParseUint(parts[0], 10, 31)
	minutes, err2 := strconv.ParseUint(parts[1], 10, 31)
	if err1 != nil || err2 != nil {
		return 0, false
	}
	if minutes > 59 {
		return 2 * Day, true
	}
	micros = int64(hours)*Hour + int64(minutes)*Minute
	if len(parts) == 3 {
		seconds, ok := parseFraction(parts[2])
		if !ok {
			return 0, false
		}
		if seconds > 60*Second {
			return 2 * Day, true
		}
		micros += seconds
	}
	return micros, true
}

// parseFraction reads seconds with a fraction as microseconds, rounded to nearest.
func parseFraction(s string) (micros int64, ok bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseUint(whole, 10, 40)
	if err != nil {
		return 0, false
	}
	if strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	padded := (fraction + "0000000")[:7]
	tenths, _ := strconv.ParseInt(padded, 10, 64)
	return int64(seconds)*Second + (tenths+5)/10, true
}

func (d *datetime) meridiem(half string) error {
	hour := d.micros / Hour
	if !d.haveTime || hour > 12 || hour == 0 {
		return d.range_()
	}
	if half == "pm" && hour < 12 {
		d.micros += 12 * Hour
	} else if half == "am" && hour == 12 {
		d.micros -= 12 * Hour
	}
	return nil
}

func (d *datetime) zoneField(f string) error {
	d.haveZone = true
	if f == "z" {
		return nil
	}
	digits := strings.ReplaceAll(f[1:], ":", "")
	if len(digits) == 0 || len(digits) > 6 || strings.Trim(digits, "0123456789") != "" {
		return d.syntax()
	}
	if len(digits) <= 2 {
		digits = ("0" + digits)[len(digits)-1:] + "0000"
	} else {
		digits = (strings.Repeat("0", len(digits)%2) + digits + "0000")[:6]
	}
	hours, _ := strconv.ParseInt(digits[:2], 10, 64)
	minutes, _ := strconv.ParseInt(digits[2:4], 10, 64)
	seconds, _ := strconv.ParseInt(digits[4:6], 10, 64)
	if hours > 15 || minutes > 59 || seconds > 59 {
		return sqlerr.New("22009", "time zone displacement out of range: %s", strconv.Quote(d.text))
	}
	d.offset = hours*Hour + minutes*Minute + seconds*Second
	if f[0] == '-' {
		d.offset = -d.offset
	}
	return nil
}

func (d *datetime) zoneName(f string) error {
	start := strings.Index(strings.ToLower(d.text), f)
	loc, err := LoadLocation(d.text[start : start+len(f)])
	if err != nil {
		return sqlerr.New(sqlerr.InvalidParameterValue, "time zone %s not recognized", strconv.Quote(f))
	}
	d.zone, d.haveZone = loc, true
	return nil
}

// LoadLocation finds a time zone by its IANA name in any case, by abbreviation of UTC, or by a fixed offset like +02.
func LoadLocation(name string) (*time.Location, error) {
	switch strings.ToLower(name) {
	case "utc", "gmt", "z", "zulu":
		return time.UTC, nil
	}
	if loc, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
		return loc, nil
	}
	if len(name) > 1 && (name[0] == '+' || name[0] == '-') {
		d := datetime{text: name}
		if err := d.zoneField(name); err == nil {
			return time.FixedZone(name, int(d.offset/Second)), nil
		}
	}
	parts := strings.Split(strings.ToLower(name), "/")
	for i, p := range parts {
		words := strings.Split(p, "_")
		for j, w := range words {
			if w != "" {
				words[j] = strings.ToUpper(w[:1]) + w[1:]
			}
		}
		parts[i] = strings.Join(words, "_")
	}
	loc, err := time.LoadLocation(strings.Join(parts, "/"))
	if err != nil || name == "" {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "time zone %s not recognized", strconv.Quote(name))
	}
	return loc, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
