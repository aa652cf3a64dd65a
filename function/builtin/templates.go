package builtin

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/function/cast"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// templateFunctions format and read texts by a template.
func templateFunctions() []function.Scalar {
	t := types.TText
	list := []function.Scalar{
		{Name: "quote_ident", Args: args(t), Return: returns(t), Eval: textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return append(b, ast.QuoteIdent(string(text(a[0], i)))...), nil
		})},
		{Name: "format", Args: args(t), Variadic: true, Return: returns(t), CallsOnNull: true, Eval: format},
		{Name: "to_date", Args: args(t, t), Return: returns(types.TDate), Eval: intFn(func(a []*columnar.Vector, i int) (int64, error) {
			micros, err := readTemplate(string(text(a[0], i)), string(text(a[1], i)))
			days, _ := types.SplitTimestamp(micros)
			return days, err
		})},
		{Name: "to_timestamp", Args: args(t, t), Return: returns(types.TTimestampTZ), Stable: true, Eval: func(ctx *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
			for i := range function.Rows(n, sel) {
				micros, err := readTemplate(string(text(a[0], i)), string(text(a[1], i)))
				if err != nil {
					return err
				}
				out.I64[i] = cast.ToZone(micros, ctx.Location)
			}
			return nil
		}},
		{Name: "to_number", Args: args(t, t), Return: returns(numericArgument), Eval: decimalFn(toNumber)},
		{Name: "to_char", Args: args(types.TDouble, t), Return: returns(t), Eval: textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			d, scale, err := types.ParseDecimal(strconv.FormatFloat(function.FloatAt(a[0], i), 'g', 15, 64))
			if err != nil {
				return nil, err
			}
			return appendNumber(b, d, scale, string(text(a[1], i))), nil
		})},
		{Name: "to_char", Args: args(numericArgument, t), Return: returns(t), Eval: textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return appendNumber(b, function.DecimalAt(a[0], i), int(a[0].Type.Scale), string(text(a[1], i))), nil
		})},
	}
	for _, k := range []types.Type{types.TInteger, types.TBigInt} {
		list = append(list, function.Scalar{Name: "to_char", Args: args(k, t), Return: returns(t), Eval: textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return appendNumber(b, types.FromInt64(a[0].Int(i)), 0, string(text(a[1], i))), nil
		})})
	}
	return list
}

// format is NULL for a NULL template only: %s shows a NULL argument as nothing.
func format(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	w := function.TextWriter{Out: out}
	for i := range function.Rows(n, sel) {
		if a[0].IsNull(i) {
			function.SetNull(out, n, i)
			continue
		}
		b, err := formatText(w.Put(i), a, i)
		if err != nil {
			return err
		}
		w.Set(b)
	}
	w.Finish(n)
	return nil
}

// formatText replaces %s, %I, %L and %% by the following arguments in turn.
func formatText(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	template, next := string(text(a[0], i)), 1
	for at := 0; at < len(template); at++ {
		if template[at] != '%' {
			b = append(b, template[at])
			continue
		}
		at++
		if at == len(template) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unterminated format() type specifier").WithHint(`For a single "%%" use "%%%%".`)
		}
		if template[at] == '%' {
			b = append(b, '%')
			continue
		}
		if next >= len(a) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "too few arguments for format()")
		}
		null, value := a[next].IsNull(i), ""
		if !null {
			value = string(text(a[next], i))
		}
		next++
		switch {
		case template[at] == 's':
			b = append(b, value...)
		case template[at] == 'I' && null:
			return nil, sqlerr.New("22004", "null values cannot be formatted as an SQL identifier")
		case template[at] == 'I':
			b = append(b, ast.QuoteIdent(value)...)
		case template[at] == 'L' && null:
			b = append(b, "NULL"...)
		case template[at] == 'L':
			b = append(b, types.Quote(value)...)
		default:
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized format() type specifier %q", template[at])
		}
	}
	return b, nil
}

// numberTemplate is a to_char template for numbers: digits before and behind the point.
type numberTemplate struct {
	places   string // the template without FM, S and MI
	whole    int    // digit positions before the point
	fraction int    // and behind it
	zeros    int    // digit positions from the first 0 to the point
	fill     bool   // without FM
	optional int    // trailing 9s behind the point, dropped with FM where they are 0
	sign     string // S or MI
}

func parseNumberTemplate(s string) numberTemplate {
	t := numberTemplate{fill: !strings.HasPrefix(s, "FM")}
	s = strings.TrimPrefix(s, "FM")
	for _, sign := range []string{"S", "MI"} {
		if strings.Contains(s, sign) {
			t.sign = sign
			s = strings.ReplaceAll(s, sign, "")
		}
	}
	s = strings.NewReplacer("D", ".", "G", ",").Replace(s)
	t.places = s
	behind := false
	for _, c := range s {
		switch {
		case c == '.':
			behind = true
		case (c == '9' || c == '0') && behind:
			t.fraction++
			if t.optional++; c == '0' {
				t.optional = 0
			}
		case c == '9' || c == '0':
			t.whole++
			if c == '0' || t.zeros > 0 {
				t.zeros++
			}
		}
	}
	return t
}

// appendNumber writes d/10^scale by a to_char template.
func appendNumber(b []byte, d types.Int128, scale int, template string) []byte {
	t := parseNumberTemplate(template)
	rounded, ok := d.Rescale(scale, t.fraction)
	negative := rounded.Sign() < 0
	if negative {
		rounded = rounded.Neg()
	}
	digits := string(types.AppendDecimal(nil, rounded, t.fraction))
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "0" && t.fraction > 0 && t.zeros == 0 {
		whole = ""
	}
	overflow := !ok || len(whole) > t.whole
	for len(whole) < t.zeros {
		whole = "0" + whole
	}
	missing := t.whole - len(whole)
	var out []byte
	place, behind, seen := 0, 0, false
	for _, c := range t.places {
		switch c {
		case '9', '0':
			switch {
			case behind > 0 || strings.HasSuffix(string(out), ".") || len(out) > 0 && place >= t.whole:
				if overflow {
					out = append(out, '#')
				} else {
					out = append(out, fraction[behind])
				}
				behind++
			case overflow:
				out = append(out, '#')
			case place < missing:
				out = append(out, ' ')
			default:
				out, seen = append(out, whole[place-missing]), true
			}
			if behind == 0 {
				place++
			}
		case ',':
			if seen {
				out = append(out, ',')
			} else {
				out = append(out, ' ')
			}
		default:
			out = append(out, string(c)...)
		}
	}
	return append(b, signed(string(out), negative, t)...)
}

// signed puts the sign in its place: before the first digit, where S or MI stands at the end, behind.
func signed(body string, negative bool, t numberTemplate) string {
	if !t.fill {
		body = strings.TrimLeft(body, " ")
		for n := t.optional; n > 0 && strings.HasSuffix(body, "0"); n-- {
			body = body[:len(body)-1]
		}
	}
	mark := " "
	switch {
	case negative:
		mark = "-"
	case t.sign == "S":
		mark = "+"
	case !t.fill:
		mark = ""
	}
	at := len(body) - len(strings.TrimLeft(body, " "))
	return body[:at] + mark + body[at:]
}

func toNumber(a []*columnar.Vector, i int) (types.Int128, error) {
	var clean strings.Builder
	for _, c := range string(text(a[0], i)) {
		if unicode.IsDigit(c) || c == '.' || c == '-' {
			clean.WriteRune(c)
		}
	}
	d, scale, err := types.ParseDecimal(clean.String())
	if err != nil {
		return d, err
	}
	v, err := types.FitDecimal(numericArgument, d, scale)
	return v.Unscaled(), err
}

// readTemplate reads a date or timestamp by a to_date template.
func readTemplate(s, template string) (int64, error) {
	year, month, day := int64(0), int64(1), int64(1)
	var hour, minute, second, micros int64
	pm, half := false, false
	for template != "" {
		field := ""
		for _, t := range dateTemplates {
			if strings.HasPrefix(template, t) {
				field = t
				break
			}
		}
		if field == "" {
			template = template[1:]
			if s != "" && !unicode.IsDigit(rune(s[0])) && !unicode.IsLetter(rune(s[0])) {
				s = s[1:]
			}
			continue
		}
		template = template[len(field):]
		if field == "FM" {
			continue
		}
		s = strings.TrimLeft(s, " ")
		var n int64
		var err error
		switch strings.ToUpper(field) {
		case "MONTH", "MON":
			n, s, err = readMonth(s, field)
		case "AM", "PM":
			half, pm = true, strings.HasPrefix(strings.ToUpper(s), "PM")
			s = s[min(2, len(s)):]
			continue
		default:
			n, s, err = readNumber(s, field)
		}
		if err != nil {
			return 0, err
		}
		switch strings.ToUpper(field) {
		case "YYYY", "IYYY":
			year = n
		case "YY":
			year = 2000 + n
			if n >= 70 {
				year = 1900 + n
			}
		case "MM", "MON", "MONTH":
			month = n
		case "DD":
			day = n
		case "HH24", "HH12", "HH":
			hour = n
		case "MI":
			minute = n
		case "SS":
			second = n
		case "MS":
			micros = n * 1000
		case "US":
			micros = n
		default:
			return 0, sqlerr.Unsupported(-1, -1, "the field "+field+" in to_date and to_timestamp")
		}
	}
	if half {
		hour = hour%12 + 12*truth(pm)
	}
	if month < 1 || month > 12 || day < 1 || day > types.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date/time field value out of range: %q", s)
	}
	return types.DaysFromCivil(year, month, day)*types.Day + hour*types.Hour + minute*types.Minute + second*types.Second + micros, nil
}

func readNumber(s, field string) (n int64, rest string, err error) {
	width := len(field)
	if strings.HasPrefix(field, "HH") {
		width = 2
	}
	end := 0
	for end < len(s) && end < width && unicode.IsDigit(rune(s[end])) {
		end++
	}
	if end == 0 {
		return 0, s, sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid value %q for %q", s[:min(width, len(s))], field)
	}
	n, err = strconv.ParseInt(s[:end], 10, 64)
	return n, s[end:], err
}

func readMonth(s, field string) (n int64, rest string, err error) {
	for m := int64(1); m <= 12; m++ {
		full := strings.ToUpper(monthNames[m-1])
		name := full
		if len(field) == 3 {
			name = full[:3]
		}
		if strings.HasPrefix(strings.ToUpper(s), name) {
			return m, s[len(name):], nil
		}
	}
	return 0, s, sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid value %q for %q", s, field)
}

var monthNames = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
