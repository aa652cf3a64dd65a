package builtin

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// maxText bounds what repeat and the padding functions build for one row.
const maxText = 64 << 20

func stringFunctions() []function.Scalar {
	t, i := types.TText, types.TInteger
	one := func(name string, ret types.Type, eval function.Eval) function.Scalar {
		return function.Scalar{Name: name, Args: args(t), Return: returns(ret), Eval: eval}
	}
	fn := func(name string, in []types.Type, ret types.Type, eval function.Eval) function.Scalar {
		return function.Scalar{Name: name, Args: in, Return: returns(ret), Eval: eval}
	}
	length := intFn(func(a []*columnar.Vector, i int) (int64, error) { return int64(utf8.RuneCount(text(a[0], i))), nil })
	octets := intFn(func(a []*columnar.Vector, i int) (int64, error) { return int64(len(text(a[0], i))), nil })
	return []function.Scalar{
		one("length", i, length), one("char_length", i, length), one("character_length", i, length),
		one("octet_length", i, octets),
		{Name: "length", Args: args(types.TBytea), Return: returns(i), Eval: octets},
		{Name: "octet_length", Args: args(types.TBytea), Return: returns(i), Eval: octets},
		one("bit_length", i, intFn(func(a []*columnar.Vector, i int) (int64, error) { return int64(len(text(a[0], i))) * 8, nil })),
		one("lower", t, textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return appendMapped(b, text(a[0], i), unicode.ToLower), nil
		})),
		one("upper", t, textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return appendMapped(b, text(a[0], i), unicode.ToUpper), nil
		})),
		one("initcap", t, textFn(initcap)),
		one("reverse", t, textFn(reverse)),
		one("ascii", i, intFn(ascii)),
		fn("chr", args(i), t, textFn(chr)),
		one("md5", t, textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			sum := md5.Sum(text(a[0], i))
			return hex.AppendEncode(b, sum[:]), nil
		})),
		one("quote_literal", t, textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return append(b, types.Quote(string(text(a[0], i)))...), nil
		})),
		fn("to_hex", args(i), t, textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return strconv.AppendUint(b, uint64(uint32(a[0].Int(i))), 16), nil
		})),
		fn("length", args(t, t), i, intFn(func(a []*columnar.Vector, i int) (int64, error) {
			if name := string(text(a[1], i)); !strings.EqualFold(strings.ReplaceAll(name, "-", ""), "utf8") {
				return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid encoding name %q", name)
			}
			return int64(utf8.RuneCount(text(a[0], i))), nil
		})),
		fn("to_hex", args(types.TBigInt), t, textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return strconv.AppendUint(b, uint64(a[0].Int(i)), 16), nil
		})),
		fn("substring", args(t, i), t, textFn(substring)), fn("substr", args(t, i), t, textFn(substring)),
		fn("substring", args(t, i, i), t, substrings), fn("substr", args(t, i, i), t, substrings),
		fn("left", args(t, i), t, textFn(left)), fn("right", args(t, i), t, textFn(right)),
		fn("lpad", args(t, i), t, textFn(lpad)), fn("lpad", args(t, i, t), t, textFn(lpad)),
		fn("rpad", args(t, i), t, textFn(rpad)), fn("rpad", args(t, i, t), t, textFn(rpad)),
		fn("repeat", args(t, i), t, textFn(repeat)),
		one("btrim", t, textFn(trim(true, true))), fn("btrim", args(t, t), t, textFn(trim(true, true))),
		one("ltrim", t, textFn(trim(true, false))), fn("ltrim", args(t, t), t, textFn(trim(true, false))),
		one("rtrim", t, textFn(trim(false, true))), fn("rtrim", args(t, t), t, textFn(trim(false, true))),
		fn("translate", args(t, t, t), t, textFn(translate)),
		fn("overlay", args(t, t, i), t, textFn(overlay)), fn("overlay", args(t, t, i, i), t, textFn(overlay)),
		fn("concat_op", args(t, t), t, textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return append(append(b, text(a[0], i)...), text(a[1], i)...), nil
		})),
		{Name: "concat_op", Args: args(types.TBytea, types.TBytea), Return: returns(types.TBytea), Eval: textFn(func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
			return append(append(b, text(a[0], i)...), text(a[1], i)...), nil
		})},
		{Name: "concat", Args: args(t), Variadic: true, Return: returns(t), CallsOnNull: true, Eval: textFn(concat)},
		{Name: "concat_ws", Args: args(t, t), Variadic: true, Return: returns(t), CallsOnNull: true, Eval: concatWithSeparator},
	}
}

func appendMapped(b, s []byte, f func(rune) rune) []byte {
	for len(s) > 0 {
		if s[0] < utf8.RuneSelf {
			b = append(b, byte(f(rune(s[0]))))
			s = s[1:]
			continue
		}
		r, size := utf8.DecodeRune(s)
		b = utf8.AppendRune(b, f(r))
		s = s[size:]
	}
	return b
}

func initcap(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	inWord := false
	for _, r := range string(text(a[0], i)) {
		if inWord {
			b = utf8.AppendRune(b, unicode.ToLower(r))
		} else {
			b = utf8.AppendRune(b, unicode.ToUpper(r))
		}
		inWord = unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	return b, nil
}

func reverse(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	for s := text(a[0], i); len(s) > 0; {
		r, size := utf8.DecodeLastRune(s)
		b = utf8.AppendRune(b, r)
		s = s[:len(s)-size]
	}
	return b, nil
}

func ascii(a []*columnar.Vector, i int) (int64, error) {
	s := text(a[0], i)
	if len(s) == 0 {
		return 0, nil
	}
	r, _ := utf8.DecodeRune(s)
	return int64(r), nil
}

func chr(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	code := a[0].Int(i)
	switch {
	case code == 0:
		return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "null character not permitted")
	case code < 0:
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "character number must be positive")
	case code > unicode.MaxRune || !utf8.ValidRune(rune(code)):
		return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "requested character not valid for encoding: %d", code)
	}
	return utf8.AppendRune(b, rune(code)), nil
}

// substring counts characters from 1; a start before the text shortens the length, as SQL says
// (ISO/IEC 9075-2, 6.30).
func substring(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	s, from := text(a[0], i), a[1].Int(i)
	to := int64(1<<62 - 1)
	if len(a) == 3 {
		count := a[2].Int(i)
		if count < 0 {
			return nil, sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
		}
		to = from + count
	}
	start := runeIndex(s, max(from, 1)-1)
	if to <= max(from, 1) {
		return b, nil
	}
	rest := s[start:]
	return append(b, rest[:runeIndex(rest, to-max(from, 1))]...), nil
}

// substrings is substring on vectors. Bounds that are constant need no look per row.
func substrings(c *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	s := a[0]
	if s.Enc != columnar.Flat || len(a) != 3 || a[1].Enc != columnar.Const || a[2].Enc != columnar.Const || a[2].Int(0) < 0 || a[1].Int(0) < 1 {
		return textFn(substring)(c, a, n, sel, out)
	}
	from, count := a[1].Int(0)-1, a[2].Int(0)
	offsets, b := out.Offsets[:0], out.Bytes[:0]
	rows := n
	if sel != nil {
		rows = len(sel)
	}
	for j := range rows {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		for len(offsets) <= i {
			offsets = append(offsets, uint32(len(b)))
		}
		row := s.Bytes[s.Offsets[i]:s.Offsets[i+1]]
		if from > 0 {
			row = row[runeIndex(row, from):]
		}
		b = append(b, row[:runeIndex(row, count)]...)
	}
	for len(offsets) <= n {
		offsets = append(offsets, uint32(len(b)))
	}
	out.Offsets, out.Bytes = offsets, b
	return nil
}

// runeIndex is the byte offset of character n, at most len(s).
func runeIndex(s []byte, n int64) int {
	if n >= int64(len(s)) {
		return len(s)
	}
	at := 0
	for ; n > 0 && at < len(s); n-- {
		if s[at] < utf8.RuneSelf {
			at++
			continue
		}
		_, size := utf8.DecodeRune(s[at:])
		at += size
	}
	return at
}

func left(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	s, n := text(a[0], i), a[1].Int(i)
	if n < 0 {
		n = max(int64(utf8.RuneCount(s))+n, 0)
	}
	return append(b, s[:runeIndex(s, n)]...), nil
}

func right(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	s, n := text(a[0], i), a[1].Int(i)
	skip := -n
	if n >= 0 {
		skip = max(int64(utf8.RuneCount(s))-n, 0)
	}
	return append(b, s[runeIndex(s, skip):]...), nil
}

// padding gives the fill for a text of the wanted length in characters.
func padding(a []*columnar.Vector, i int, missing int64) ([]byte, error) {
	fill := []byte(" ")
	if len(a) == 3 {
		fill = text(a[2], i)
	}
	if len(fill) == 0 || missing <= 0 {
		return nil, nil
	}
	if missing*int64(len(fill)) > maxText {
		return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "requested length too large")
	}
	width := int64(utf8.RuneCount(fill))
	pad := bytes.Repeat(fill, int(missing/width)+1)
	return pad[:runeIndex(pad, missing)], nil
}

func lpad(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	s, n := text(a[0], i), max(a[1].Int(i), 0)
	pad, err := padding(a, i, n-int64(utf8.RuneCount(s)))
	return append(append(b, pad...), s[:runeIndex(s, n)]...), err
}

func rpad(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	s, n := text(a[0], i), max(a[1].Int(i), 0)
	pad, err := padding(a, i, n-int64(utf8.RuneCount(s)))
	return append(append(b, s[:runeIndex(s, n)]...), pad...), err
}

func repeat(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	s, n := text(a[0], i), a[1].Int(i)
	if n > 0 && int64(len(s)) > maxText/n {
		return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "requested length too large")
	}
	for ; n > 0; n-- {
		b = append(b, s...)
	}
	return b, nil
}

func trim(front, back bool) func([]byte, []*columnar.Vector, int) ([]byte, error) {
	return func(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
		s, cut := text(a[0], i), " "
		if len(a) == 2 {
			cut = string(text(a[1], i))
		}
		if front {
			s = bytes.TrimLeft(s, cut)
		}
		if back {
			s = bytes.TrimRight(s, cut)
		}
		return append(b, s...), nil
	}
}

func translate(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	from, to := []rune(string(text(a[1], i))), []rune(string(text(a[2], i)))
	for _, r := range string(text(a[0], i)) {
		at := strings.IndexRune(string(from), r)
		if at < 0 {
			b = utf8.AppendRune(b, r)
			continue
		}
		if n := utf8.RuneCountInString(string(from)[:at]); n < len(to) {
			b = utf8.AppendRune(b, to[n])
		}
	}
	return b, nil
}

func overlay(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	s, by, from := text(a[0], i), text(a[1], i), a[2].Int(i)
	count := int64(utf8.RuneCount(by))
	if len(a) == 4 {
		count = a[3].Int(i)
	}
	if from <= 0 {
		return nil, sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
	}
	b = append(append(b, s[:runeIndex(s, from-1)]...), by...)
	return append(b, s[runeIndex(s, max(from-1+count, 0)):]...), nil
}

func concat(b []byte, a []*columnar.Vector, i int) ([]byte, error) {
	for _, v := range a {
		if !v.IsNull(i) {
			b = append(b, text(v, i)...)
		}
	}
	return b, nil
}

func concatWithSeparator(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	w := function.TextWriter{Out: out}
	for i := range function.Rows(n, sel) {
		if a[0].IsNull(i) {
			function.SetNull(out, n, i)
			continue
		}
		b, first := w.Put(i), true
		for _, v := range a[1:] {
			if v.IsNull(i) {
				continue
			}
			if !first {
				b = append(b, text(a[0], i)...)
			}
			b, first = append(b, text(v, i)...), false
		}
		w.Set(b)
	}
	w.Finish(n)
	return nil
}
