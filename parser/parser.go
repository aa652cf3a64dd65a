// Package parser turns PostgreSQL text into the trees of parser/ast.
//
// A lexer by PostgreSQL's rules cuts the whole text into 12-byte tokens. Queries, changes of rows
// and most of CREATE and ALTER are read by hand: recursive descent, with precedence climbing for
// expressions. The flat, keyword-led statements (BEGIN, SET, SHOW, DROP, VACUUM, PREPARE ...) are
// participle grammars over the same tokens; where such a statement holds an expression or a query, a
// Parseable hands the tokens over to the hand-written core.
//
// Invariants:
//   - P1: no input makes the parser panic or exhaust the stack. Nesting is limited while lexing, by a
//     counter of recursion, and by a count of the links of long operator chains.
//   - P2: what is accepted is valid PostgreSQL, with two additions: ? parameters and a file name in
//     the place of a table.
//   - P3: valid PostgreSQL that OxiDB does not have is refused with 0A000 that names it.
package parser

import (
	"math"
	"unicode/utf8"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// Limits bounds what one text may cost. The zero value of a field stands for its default.
type Limits struct {
	Bytes  int // of the whole text; default 256 MiB, at most 2 GiB
	Tokens int // of the whole text; default 64 Mi
	Depth  int // of nested parentheses and of nested constructs; default 1,000
}

const (
	defaultBytes  = 256 << 20
	defaultTokens = 64 << 20
	defaultDepth  = 1000
)

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = defaultBytes
	}
	l.Bytes = min(l.Bytes, math.MaxInt32-1)
	if l.Tokens <= 0 {
		l.Tokens = defaultTokens
	}
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	return l
}

// Parse reads all statements of sql with the default limits. Positions in the trees and in the
// error, always a *sqlerr.Error, count from the start of sql. On an error the statements before the
// wrong one are returned with it.
func Parse(sql string) ([]ast.Statement, error) { return ParseWithin(sql, Limits{}) }

// ParseWithin is Parse with limits.
func ParseWithin(sql string, limits Limits) ([]ast.Statement, error) {
	p, err := newParser(sql, limits)
	if err != nil {
		return nil, err
	}
	var list []ast.Statement
	for {
		for p.kind() == tkSemicolon {
			p.i++
		}
		if p.kind() == tkEOF {
			return list, nil
		}
		s, err := p.oneStatement()
		if err != nil {
			return list, err
		}
		list = append(list, s)
	}
}

// ParseOne reads a text that holds exactly one statement; semicolons around it are ignored.
func ParseOne(sql string) (ast.Statement, error) {
	list, err := Parse(sql)
	if err != nil {
		return nil, err
	}
	switch len(list) {
	case 0:
		return nil, sqlerr.At(sqlerr.SyntaxError, len(sql), len(sql), "the statement is empty")
	case 1:
		return list[0], nil
	}
	pos, end := list[1].Range()
	return nil, sqlerr.At(sqlerr.SyntaxError, pos, end, "only one statement is allowed here")
}

// ParseExpr reads a text that is one expression.
func ParseExpr(sql string) (ast.Expr, error) {
	p, err := newParser(sql, Limits{})
	if err != nil {
		return nil, err
	}
	var x ast.Expr
	parse := func() {
		x = p.expr()
		if !p.atKind(tkEOF) {
			p.syntaxError()
		}
	}
	if err := guard(parse); err != nil {
		p.explain(err, 0, parse)
		return nil, err
	}
	return x, nil
}

func newParser(sql string, limits Limits) (*parser, error) {
	limits = limits.withDefaults()
	if len(sql) > limits.Bytes {
		return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "the text has %d bytes: the limit is %d", len(sql), limits.Bytes)
	}
	if at := badText(sql); at >= 0 {
		return nil, sqlerr.At(sqlerr.CharacterNotInRepertoire, at, at+1, "invalid byte sequence for encoding \"UTF8\": 0x%02x", sql[at])
	}
	l := lex(sql, limits.Depth)
	if len(l.tokens) > limits.Tokens {
		return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "the text has %d tokens: the limit is %d", len(l.tokens), limits.Tokens)
	}
	return &parser{sql: sql, toks: l.tokens, lexErr: l.err, limits: limits}, nil
}

// badText is the offset of the first byte that is no valid UTF-8 or a zero byte, or -1.
func badText(sql string) int {
	if utf8.ValidString(sql) {
		for i := range len(sql) {
			if sql[i] == 0 {
				return i
			}
		}
		return -1
	}
	for i, r := range sql {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(sql[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

// reset makes the parser ready for the statement that starts at token i.
func (p *parser) reset(i int) {
	p.i, p.depth, p.chains, p.placeholders, p.numbered, p.defaultOK, p.row = i, 0, 0, 0, false, false, p.row[:0]
}

// oneStatement reads one statement with its terminator.
func (p *parser) oneStatement() (s ast.Statement, err error) {
	start := p.i
	p.reset(start)
	parse := func() {
		s = p.statement()
		if k := p.kind(); k != tkSemicolon && k != tkEOF {
			p.syntaxError()
		}
	}
	if e := guard(parse); e != nil {
		p.explain(e, start, parse)
		return nil, e
	}
	return s, nil
}
