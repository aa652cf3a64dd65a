package parser

import (
	"strings"

	"github.com/oxidb/oxidb/sqlerr"
)

// Character classes of the first byte of a token.
const (
	clSpace = iota + 1
	clWord
	clDigit
	clOperator
	clSelf // a token of its own
)

var charClass = buildCharClasses()

// wordByte tells which bytes may continue an identifier.
var wordByte = buildWordBytes()

func buildCharClasses() (t [256]uint8) {
	for _, c := range " \t\n\r\f\v" {
		t[c] = clSpace
	}
	for c := range 256 {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= 0x80:
			t[c] = clWord
		case c >= '0' && c <= '9':
			t[c] = clDigit
		case c != 0 && c < 0x80 && strings.IndexByte("+-*/<>=~!@#%^&|`?", byte(c)) >= 0:
			t[c] = clOperator
		case c == '(' || c == ')' || c == '[' || c == ']' || c == ',' || c == ';':
			t[c] = clSelf
		}
	}
	return t
}

func buildWordBytes() (t [256]bool) {
	for c := range 256 {
		t[c] = charClass[c] == clWord || charClass[c] == clDigit || c == '$'
	}
	return t
}

// lexer cuts sql into tokens by PostgreSQL's rules (scan.l). An error ends the token list with a
// tkError token, so that a mistake before it is reported first.
type lexer struct {
	sql      string
	at       int
	depth    int
	maxDepth int
	tokens   []token
	err      *sqlerr.Error
}

// lex reads all of sql, or sql up to the first lexical error.
func lex(sql string, maxDepth int) *lexer {
	l := &lexer{sql: sql, maxDepth: maxDepth, tokens: make([]token, 0, len(sql)/4+8)}
	for l.next() {
	}
	return l
}

func (l *lexer) emit(kind tokenKind, pos int) bool {
	l.tokens = append(l.tokens, token{pos: int32(pos), end: int32(l.at), kind: kind})
	return true
}

// fail ends the token list with an error about the bytes [pos, end).
func (l *lexer) fail(state sqlerr.State, pos, end int, format string, args ...any) bool {
	l.err = sqlerr.At(state, pos, end, format, args...)
	l.at = len(l.sql)
	l.tokens = append(l.tokens, token{pos: int32(pos), end: int32(end), kind: tkError})
	return false
}

// next adds one token and tells whether there may be more.
func (l *lexer) next() bool {
	if !l.skipSpace() {
		return false
	}
	if l.at >= len(l.sql) {
		l.emit(tkEOF, l.at)
		return false
	}
	pos, c := l.at, l.sql[l.at]
	switch charClass[c] {
	case clWord:
		return l.word(pos, c)
	case clDigit:
		return l.number(pos)
	case clSelf:
		return l.self(pos, c)
	case clOperator:
		return l.operator(pos)
	}
	switch c {
	case '\'':
		return l.quoted(pos, pos, tkString)
	case '"':
		return l.quotedName(pos, pos)
	case '.':
		return l.dot(pos)
	case ':':
		return l.colon(pos)
	case '$':
		return l.dollar(pos)
	}
	return l.fail(sqlerr.SyntaxError, pos, pos+1, "syntax error at or near \"%s\"", l.sql[pos:pos+1])
}

// skipSpace moves over white space and comments; false means an unterminated comment.
func (l *lexer) skipSpace() bool {
	end, ok := spaceEnd(l.sql, l.at)
	if !ok {
		return l.fail(sqlerr.SyntaxError, end, end+2, "unterminated /* comment")
	}
	l.at = end
	return true
}

// spaceEnd finds the end of the white space and comments that start at i; not ok means that a
// comment, which starts at end, is not closed.
func spaceEnd(sql string, i int) (end int, ok bool) {
	for i < len(sql) {
		c := sql[i]
		switch {
		case charClass[c] == clSpace:
			i++
		case c == '-' && strings.HasPrefix(sql[i:], "--"):
			n := strings.IndexByte(sql[i:], '\n')
			if n < 0 {
				return len(sql), true
			}
			i += n + 1
		case c == '/' && strings.HasPrefix(sql[i:], "/*"):
			n := commentEnd(sql, i)
			if n < 0 {
				return i, false
			}
			i = n
		default:
			return i, true
		}
	}
	return i, true
}

// commentEnd finds the end of the nested comment that starts at pos, or -1.
func commentEnd(sql string, pos int) int {
	depth := 0
	for i := pos; i+1 < len(sql); i++ {
		switch {
		case sql[i] == '/' && sql[i+1] == '*':
			depth++
			i++
		case sql[i] == '*' && sql[i+1] == '/':
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

func (l *lexer) self(pos int, c byte) bool {
	l.at++
	kind := tkComma
	switch c {
	case '(', '[':
		kind = tkLParen
		if c == '[' {
			kind = tkLBracket
		}
		if l.depth++; l.depth > l.maxDepth {
			return l.fail(sqlerr.StatementTooComplex, pos, pos+1, "statement is nested too deeply: the limit is %d levels", l.maxDepth)
		}
	case ')', ']':
		kind = tkRParen
		if c == ']' {
			kind = tkRBracket
		}
		l.depth = max(l.depth-1, 0)
	case ';':
		kind = tkSemicolon
		l.depth = 0
	}
	return l.emit(kind, pos)
}

// word reads an unquoted identifier or keyword, and the letters that introduce special strings.
func (l *lexer) word(pos int, c byte) bool {
	sql := l.sql
	if pos+1 < len(sql) && (sql[pos+1] == '\'' || sql[pos+1] == '&') {
		if done, more := l.prefixed(pos, c|0x20); done {
			return more
		}
	}
	var lower [maxKeywordLen]byte
	upper, i := false, pos
	for ; i < len(sql) && wordByte[sql[i]]; i++ {
		b := sql[i]
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
			upper = true
		}
		if i-pos < maxKeywordLen {
			lower[i-pos] = b
		}
	}
	l.at = i
	t := token{pos: int32(pos), end: int32(i), kind: tkIdent}
	if n := i - pos; n <= maxKeywordLen {
		if t.kw = lookupKeyword(lower[:n]); t.kw != notKeyword {
			t.kind = tkKeyword
		}
	}
	if upper || i-pos > maxNameLen {
		t.flags = flagFold
	}
	l.tokens = append(l.tokens, t)
	return true
}

// prefixed reads E'..', B'..', X'..', N'..', U&'..' and U&"..": done is false for a plain word.
func (l *lexer) prefixed(pos int, letter byte) (done, more bool) {
	rest := l.sql[pos+1:]
	switch {
	case rest[0] == '\'' && letter == 'e':
		return true, l.escaped(pos)
	case rest[0] == '\'' && letter == 'n':
		return true, l.quoted(pos, pos+1, tkString)
	case rest[0] == '\'' && letter == 'b':
		return true, l.quoted(pos, pos+1, tkBits)
	case rest[0] == '\'' && letter == 'x':
		return true, l.quoted(pos, pos+1, tkHex)
	case strings.HasPrefix(rest, "&'") && letter == 'u':
		return true, l.unicodeString(pos)
	case strings.HasPrefix(rest, `&"`) && letter == 'u':
		return true, l.unicodeName(pos)
	}
	return false, false
}

func (l *lexer) dot(pos int) bool {
	sql := l.sql
	if pos+1 < len(sql) && charClass[sql[pos+1]] == clDigit {
		return l.number(pos)
	}
	l.at++
	if pos+1 < len(sql) && sql[pos+1] == '.' {
		l.at++
		return l.emit(tkDotDot, pos)
	}
	return l.emit(tkDot, pos)
}

func (l *lexer) colon(pos int) bool {
	l.at++
	if l.at < len(l.sql) {
		switch l.sql[l.at] {
		case ':':
			l.at++
			return l.emit(tkTypecast, pos)
		case '=':
			l.at++
			return l.emit(tkAssign, pos)
		}
	}
	return l.emit(tkColon, pos)
}
