package parser

import (
	"strings"

	"github.com/oxidb/oxidb/sqlerr"
)

// maxNameLen is PostgreSQL's NAMEDATALEN - 1: longer identifiers are cut.
const maxNameLen = 63

// number reads an integer or a decimal number that starts with a digit or a point.
func (l *lexer) number(pos int) bool {
	sql := l.sql
	if sql[pos] == '0' && pos+2 < len(sql) {
		if base := radix(sql[pos+1]); base != 0 && isRadixDigit(afterUnderscore(sql, pos+2), base) {
			return l.radixNumber(pos, base)
		}
	}
	kind, i := tkInteger, digits(sql, pos)
	if i < len(sql) && sql[i] == '.' && !(i+1 < len(sql) && sql[i+1] == '.') {
		kind = tkNumeric
		i = digits(sql, i+1)
	}
	if i < len(sql) && sql[i]|0x20 == 'e' {
		j := i + 1
		if j < len(sql) && (sql[j] == '+' || sql[j] == '-') {
			j++
		}
		if k := digits(sql, j); k > j {
			kind, i = tkNumeric, k
		}
	}
	return l.endNumber(kind, pos, i)
}

func (l *lexer) radixNumber(pos, base int) bool {
	i := pos + 2
	for i < len(l.sql) && isRadixDigit(afterUnderscore(l.sql, i), base) {
		if l.sql[i] == '_' {
			i++
		}
		i++
	}
	return l.endNumber(tkInteger, pos, i)
}

// endNumber refuses letters that touch the number.
func (l *lexer) endNumber(kind tokenKind, pos, end int) bool {
	if end < len(l.sql) && charClass[l.sql[end]] == clWord {
		for end < len(l.sql) && wordByte[l.sql[end]] {
			end++
		}
		return l.fail(sqlerr.SyntaxError, pos, end, "trailing junk after numeric literal at or near \"%s\"", l.sql[pos:end])
	}
	l.at = end
	return l.emit(kind, pos)
}

// digits moves over digits, with single underscores between them.
func digits(sql string, i int) int {
	start := i
	for i < len(sql) {
		if c := sql[i]; c >= '0' && c <= '9' {
			i++
		} else if c == '_' && i > start && i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9' {
			i += 2
		} else {
			break
		}
	}
	return i
}

func radix(c byte) int {
	switch c | 0x20 {
	case 'x':
		return 16
	case 'o':
		return 8
	case 'b':
		return 2
	}
	return 0
}

func afterUnderscore(sql string, i int) byte {
	if i+1 < len(sql) && sql[i] == '_' {
		i++
	}
	if i < len(sql) {
		return sql[i]
	}
	return 0
}

func isRadixDigit(c byte, base int) bool {
	switch {
	case c >= '0' && c <= '9':
		return int(c-'0') < base
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return base == 16
	}
	return false
}

// quoted reads a string whose opening quote is at open; a doubled quote is one quote.
func (l *lexer) quoted(pos, open int, kind tokenKind) bool {
	end, plain := quoteEnd(l.sql, open, '\'', false)
	if end < 0 {
		return l.failUnterminated(pos, kind)
	}
	return l.endString(kind, pos, end, plain && open == pos, false)
}

// escaped reads E'..' with backslash escapes.
func (l *lexer) escaped(pos int) bool {
	end, _ := quoteEnd(l.sql, pos+1, '\'', true)
	if end < 0 {
		return l.failUnterminated(pos, tkString)
	}
	return l.endString(tkString, pos, end, false, true)
}

func (l *lexer) failUnterminated(pos int, kind tokenKind) bool {
	what := map[tokenKind]string{tkString: "quoted string", tkBits: "bit string literal", tkHex: "hexadecimal string literal",
		tkQuoted: "quoted identifier"}[kind]
	return l.fail(sqlerr.SyntaxError, pos, len(l.sql), "unterminated %s at or near \"%s\"", what, shorten(l.sql[pos:]))
}

// endString joins the literal with those that follow it on later lines (SQL-92 5.3, rule 1).
func (l *lexer) endString(kind tokenKind, pos, end int, plain, escapes bool) bool {
	for {
		open := continuation(l.sql, end)
		if open < 0 {
			break
		}
		next, _ := quoteEnd(l.sql, open, '\'', escapes)
		if next < 0 {
			return l.failUnterminated(open, kind)
		}
		end, plain = next, false
	}
	l.at = end
	l.emit(kind, pos)
	if !plain {
		l.tokens[len(l.tokens)-1].flags = flagDecode
	}
	return true
}

// continuation finds the opening quote of a literal that continues the one that ended before i: only
// white space with a newline in it, and comments after that newline, may stand between. -1: none.
func continuation(sql string, i int) int {
	newline := false
	for i < len(sql) {
		c := sql[i]
		switch {
		case c == '\n' || c == '\r':
			newline = true
			i++
		case charClass[c] == clSpace:
			i++
		case c == '-' && strings.HasPrefix(sql[i:], "--"):
			j := strings.IndexByte(sql[i:], '\n')
			if j < 0 {
				return -1
			}
			i += j
		case c == '\'' && newline:
			return i
		default:
			return -1
		}
	}
	return -1
}

// quoteEnd finds the end of the text quoted at open, after its closing quote, or -1. plain tells that
// the text between the quotes is the value.
func quoteEnd(sql string, open int, quote byte, escapes bool) (end int, plain bool) {
	plain = true
	for i := open + 1; i < len(sql); i++ {
		switch c := sql[i]; {
		case c == quote:
			if i+1 >= len(sql) || sql[i+1] != quote {
				return i + 1, plain
			}
			i++
			plain = false
		case c == '\\' && escapes:
			i++
		}
	}
	return -1, false
}

func (l *lexer) quotedName(pos, open int) bool {
	end, plain := quoteEnd(l.sql, open, '"', false)
	if end < 0 {
		return l.failUnterminated(pos, tkQuoted)
	}
	l.at = end
	if end-open == 2 {
		return l.fail(sqlerr.SyntaxError, pos, end, "zero-length delimited identifier at or near \"%s\"", l.sql[pos:end])
	}
	l.emit(tkQuoted, pos)
	if !plain || pos != open || end-open-2 > maxNameLen {
		l.tokens[len(l.tokens)-1].flags = flagDecode
	}
	return true
}

func (l *lexer) unicodeString(pos int) bool {
	if !l.quoted(pos, pos+2, tkString) {
		return false
	}
	l.takeUescape()
	return true
}

func (l *lexer) unicodeName(pos int) bool {
	if !l.quotedName(pos, pos+2) {
		return false
	}
	l.takeUescape()
	return true
}

// takeUescape makes a following UESCAPE 'c' part of the last token.
func (l *lexer) takeUescape() {
	const word = "uescape"
	sql := l.sql
	i, ok := spaceEnd(sql, l.at)
	if !ok || len(sql)-i <= len(word) || !strings.EqualFold(sql[i:i+len(word)], word) {
		return
	}
	i, ok = spaceEnd(sql, i+len(word))
	if !ok || i >= len(sql) || sql[i] != '\'' {
		return
	}
	if end, _ := quoteEnd(sql, i, '\'', false); end >= 0 {
		l.at = end
		l.tokens[len(l.tokens)-1].end = int32(end)
	}
}

// dollar reads $1 or $tag$..$tag$.
func (l *lexer) dollar(pos int) bool {
	sql := l.sql
	if pos+1 < len(sql) && charClass[sql[pos+1]] == clDigit {
		i := pos + 1
		for i < len(sql) && charClass[sql[i]] == clDigit {
			i++
		}
		if i < len(sql) && charClass[sql[i]] == clWord {
			return l.fail(sqlerr.SyntaxError, pos, i+1, "trailing junk after parameter at or near \"%s\"", sql[pos:i+1])
		}
		l.at = i
		return l.emit(tkParam, pos)
	}
	tag := dollarTag(sql[pos:])
	if tag == "" {
		return l.fail(sqlerr.SyntaxError, pos, pos+1, "syntax error at or near \"%s\"", "$")
	}
	body := pos + len(tag)
	i := strings.Index(sql[body:], tag)
	if i < 0 {
		return l.fail(sqlerr.SyntaxError, pos, len(sql), "unterminated dollar-quoted string at or near \"%s\"", shorten(sql[pos:]))
	}
	l.at = body + i + len(tag)
	l.emit(tkString, pos)
	l.tokens[len(l.tokens)-1].flags = flagDecode
	return true
}

// dollarTag is the $tag$ that s starts with, or "".
func dollarTag(s string) string {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '$':
			return s[:i+1]
		case charClass[c] != clWord && (i == 1 || charClass[c] != clDigit):
			return ""
		}
	}
	return ""
}
