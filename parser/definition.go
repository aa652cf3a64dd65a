package parser

import (
	"io"

	plex "github.com/alecthomas/participle/v2/lexer"
)

// Token types of the participle grammars. A keyword's Value is its upper-case word, so that grammars
// match it by a literal; the Value of every other token is its source text.
const (
	symIdent plex.TokenType = iota + 1
	symUnreserved
	symColumnName
	symTypeFuncName
	symReserved
	symString
	symNumber
	symParam
	symPunct
	symOperator
	symError
)

// definition is the lexer as participle sees it.
type definition struct{}

// Symbols names the token types.
func (definition) Symbols() map[string]plex.TokenType {
	return map[string]plex.TokenType{"EOF": plex.EOF, "Ident": symIdent, "Unreserved": symUnreserved, "ColumnName": symColumnName,
		"TypeFuncName": symTypeFuncName, "Reserved": symReserved, "String": symString, "Number": symNumber, "Param": symParam,
		"Punct": symPunct, "Operator": symOperator, "Error": symError}
}

// Lex reads all of r.
func (d definition) Lex(filename string, r io.Reader) (plex.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexString(filename, string(text))
}

// LexString lexes input; a lexical error comes out as a token of type Error.
func (definition) LexString(filename, input string) (plex.Lexer, error) {
	l := lex(input, defaultDepth)
	return &tokenStream{sql: input, toks: l.tokens, pos: plex.Position{Filename: filename, Line: 1, Column: 1}}, nil
}

// tokenStream hands the tokens of one statement to participle.
type tokenStream struct {
	sql  string
	toks []token
	pos  plex.Position
	stop bool // a semicolon ends the stream
}

// Next gives the next token; after the last one it repeats the end.
func (s *tokenStream) Next() (plex.Token, error) {
	t := s.toks[0]
	s.pos.Advance(s.sql[s.pos.Offset:t.pos])
	if t.kind == tkEOF || s.stop && t.kind == tkSemicolon {
		return plex.EOFToken(s.pos), nil
	}
	if len(s.toks) > 1 {
		s.toks = s.toks[1:]
	} else {
		s.toks = []token{{pos: t.end, end: t.end}}
	}
	return plex.Token{Type: symbolOf(t), Value: symbolText(s.sql, t), Pos: s.pos}, nil
}

func symbolOf(t token) plex.TokenType {
	switch t.kind {
	case tkIdent, tkQuoted:
		return symIdent
	case tkKeyword:
		return symIdent + plex.TokenType(keywordTable[t.kw].Class)
	case tkString, tkBits, tkHex:
		return symString
	case tkInteger, tkNumeric:
		return symNumber
	case tkParam:
		return symParam
	case tkError:
		return symError
	}
	if t.isOperator() {
		return symOperator
	}
	return symPunct
}

func symbolText(sql string, t token) string {
	if t.kind == tkKeyword {
		return upperWords[t.kw]
	}
	return sql[t.pos:t.end]
}
