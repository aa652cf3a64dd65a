package parser

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/oxidb/oxidb/sqlerr"
)

// shorten cuts the text quoted in a message.
func shorten(s string) string {
	if len(s) <= 40 {
		return s
	}
	s = s[:40]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "..."
}

// foldName lowers ASCII letters and cuts the name to 63 bytes at a character's border.
func foldName(s string) string { return cutName(lowerASCII(s)) }

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func cutName(s string) string {
	if len(s) <= maxNameLen {
		return s
	}
	n := maxNameLen
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// decodeName gives the value of a quoted identifier token that needs decoding.
func decodeName(sql string, t token) (string, *sqlerr.Error) {
	text := sql[t.pos:t.end]
	if text[0] != '"' {
		value, err := decodeUnicode(sql, t, '"')
		return cutName(value), err
	}
	return cutName(strings.ReplaceAll(text[1:len(text)-1], `""`, `"`)), nil
}

// decodeString gives the value of a string token that needs decoding.
func decodeString(sql string, t token) (string, *sqlerr.Error) {
	text := sql[t.pos:t.end]
	switch text[0] {
	case '$':
		n := strings.IndexByte(text[1:], '$') + 2
		return text[n : len(text)-n], nil
	case 'u', 'U':
		return decodeUnicode(sql, t, '\'')
	case 'e', 'E':
		return decodeEscapes(sql, t)
	}
	var b strings.Builder
	eachPiece(sql, t, false, func(piece string, _ int) { b.WriteString(strings.ReplaceAll(piece, "''", "'")) })
	return b.String(), nil
}

// eachPiece calls f with the text between the quotes of each joined literal, and its offset.
func eachPiece(sql string, t token, escapes bool, f func(piece string, offset int)) {
	text := sql[:t.end]
	open := int(t.pos) + strings.IndexByte(text[t.pos:], '\'')
	for open >= 0 && open < len(text) {
		end, _ := quoteEnd(text, open, '\'', escapes)
		if end < 0 {
			return
		}
		f(text[open+1:end-1], open+1)
		open = continuation(text, end)
	}
}

// decodeEscapes decodes E'..' (scan.l, state xe).
func decodeEscapes(sql string, t token) (value string, err *sqlerr.Error) {
	var d escapeDecoder
	eachPiece(sql, t, true, func(piece string, offset int) {
		if d.err == nil {
			d.piece(piece, offset)
		}
	})
	if d.err == nil && d.high != 0 {
		d.fail(sqlerr.SyntaxError, int(t.pos), int(t.end), "invalid Unicode surrogate pair")
	}
	if d.err == nil && !utf8.Valid(d.out) {
		d.fail(sqlerr.CharacterNotInRepertoire, int(t.pos), int(t.end), "invalid byte sequence for encoding \"UTF8\"")
	}
	return string(d.out), d.err
}

type escapeDecoder struct {
	out  []byte
	high rune // the first half of a surrogate pair
	err  *sqlerr.Error
}

func (d *escapeDecoder) fail(state sqlerr.State, pos, end int, format string, args ...any) {
	d.err = sqlerr.At(state, pos, end, format, args...)
}

func (d *escapeDecoder) piece(s string, offset int) {
	for i := 0; i < len(s) && d.err == nil; {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i += d.escape(s[i:], offset+i)
		case d.high != 0:
			d.fail(sqlerr.SyntaxError, offset+i, offset+i+1, "invalid Unicode surrogate pair")
		case s[i] == '\'':
			d.out = append(d.out, '\'')
			i += 2
		default:
			d.out = append(d.out, s[i])
			i++
		}
	}
}

// escape decodes the escape that s starts with and tells its length.
func (d *escapeDecoder) escape(s string, offset int) int {
	c := s[1]
	if d.high != 0 && c != 'u' && c != 'U' {
		d.fail(sqlerr.SyntaxError, offset, offset+2, "invalid Unicode surrogate pair")
		return 2
	}
	if i := strings.IndexByte("bfnrtv", c); i >= 0 {
		d.out = append(d.out, "\b\f\n\r\t\v"[i])
		return 2
	}
	switch {
	case c >= '0' && c <= '7':
		return d.numeric(s, 1, 3, 8, offset)
	case c == 'x' && len(s) > 2 && isRadixDigit(s[2], 16):
		return d.numeric(s, 2, 2, 16, offset)
	case c == 'u':
		return d.unicode(s, 4, offset)
	case c == 'U':
		return d.unicode(s, 8, offset)
	}
	d.out = append(d.out, c)
	return 2
}

func (d *escapeDecoder) numeric(s string, from, most, base, offset int) int {
	n, value := 0, 0
	for n < most && from+n < len(s) && isRadixDigit(s[from+n], base) {
		digit, _ := strconv.ParseInt(s[from+n:from+n+1], base, 32)
		value = value*base + int(digit)
		n++
	}
	if value&0xff == 0 {
		d.fail(sqlerr.CharacterNotInRepertoire, offset, offset+from+n, "invalid byte sequence for encoding \"UTF8\": 0x00")
	}
	d.out = append(d.out, byte(value))
	return from + n
}

func (d *escapeDecoder) unicode(s string, digits, offset int) int {
	if len(s) < 2+digits {
		d.fail(sqlerr.InvalidEscapeSequence, offset, offset+len(s), "invalid Unicode escape")
		return len(s)
	}
	v, err := strconv.ParseUint(s[2:2+digits], 16, 32)
	if err != nil {
		d.fail(sqlerr.InvalidEscapeSequence, offset, offset+2+digits, "invalid Unicode escape")
		return 2 + digits
	}
	d.codePoint(v, offset, offset+2+digits)
	return 2 + digits
}

func (d *escapeDecoder) codePoint(v uint64, pos, end int) {
	r := rune(v)
	switch {
	case v == 0 || v > utf8.MaxRune:
		d.fail(sqlerr.SyntaxError, pos, end, "invalid Unicode escape value")
	case d.high != 0:
		if r = utf16.DecodeRune(d.high, r); r == utf8.RuneError {
			d.fail(sqlerr.SyntaxError, pos, end, "invalid Unicode surrogate pair")
		}
		d.out, d.high = utf8.AppendRune(d.out, r), 0
	case r >= 0xD800 && r < 0xDC00:
		d.high = r
	case r >= 0xDC00 && r < 0xE000:
		d.fail(sqlerr.SyntaxError, pos, end, "invalid Unicode surrogate pair")
	default:
		d.out = utf8.AppendRune(d.out, r)
	}
}

// decodeUnicode decodes U&'..' and U&"..", with an optional UESCAPE 'c' at the token's end.
func decodeUnicode(sql string, t token, quote byte) (string, *sqlerr.Error) {
	open := int(t.pos) + 2
	end, _ := quoteEnd(sql[:t.end], open, quote, false)
	if quote == '\'' {
		for next := continuation(sql[:t.end], end); next >= 0; next = continuation(sql[:t.end], end) {
			end, _ = quoteEnd(sql[:t.end], next, quote, false)
		}
	}
	escape := byte('\\')
	if rest := sql[end:t.end]; rest != "" {
		c := rest[strings.IndexByte(rest, '\'')+1 : len(rest)-1]
		if len(c) != 1 || isRadixDigit(c[0], 16) || strings.IndexByte("+'\" \t\n\r\f\v", c[0]) >= 0 {
			return "", sqlerr.At(sqlerr.SyntaxError, end, int(t.end), "invalid Unicode escape character")
		}
		escape = c[0]
	}
	var d escapeDecoder
	if quote == '"' {
		d.uescape(strings.ReplaceAll(sql[open+1:end-1], `""`, `"`), escape, open+1)
	} else {
		eachPiece(sql, token{pos: t.pos, end: int32(end)}, false, func(piece string, offset int) {
			if d.err == nil {
				d.uescape(strings.ReplaceAll(piece, "''", "'"), escape, offset)
			}
		})
	}
	if d.err == nil && d.high != 0 {
		d.fail(sqlerr.SyntaxError, int(t.pos), int(t.end), "invalid Unicode surrogate pair")
	}
	return string(d.out), d.err
}

func (d *escapeDecoder) uescape(s string, escape byte, offset int) {
	for i := 0; i < len(s) && d.err == nil; {
		if s[i] != escape {
			if d.high != 0 {
				d.fail(sqlerr.SyntaxError, offset+i, offset+i+1, "invalid Unicode surrogate pair")
			}
			d.out = append(d.out, s[i])
			i++
			continue
		}
		if i+1 < len(s) && s[i+1] == escape {
			d.out = append(d.out, escape)
			i += 2
			continue
		}
		from, n := i+1, 4
		if from < len(s) && s[from] == '+' {
			from, n = from+1, 6
		}
		if from+n > len(s) {
			d.fail(sqlerr.SyntaxError, offset+i, offset+len(s), "invalid Unicode escape")
			return
		}
		v, err := strconv.ParseUint(s[from:from+n], 16, 32)
		if err != nil {
			d.fail(sqlerr.SyntaxError, offset+i, offset+from+n, "invalid Unicode escape")
			return
		}
		d.codePoint(v, offset+i, offset+from+n)
		i = from + n
	}
}

// normalInteger rewrites 1_000 and 0x1F as plain decimal digits.
func normalInteger(text string) string {
	text = strings.ReplaceAll(text, "_", "")
	if len(text) > 2 && text[0] == '0' && radix(text[1]) != 0 {
		v, ok := new(big.Int).SetString(text[2:], radix(text[1]))
		if ok {
			return v.String()
		}
	}
	return text
}
