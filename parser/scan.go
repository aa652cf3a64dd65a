package parser

import (
	"iter"
	"math"
	"strings"
)

// LexemeClass is what a highlighter needs to know of a piece of text.
type LexemeClass uint8

const (
	WordLexeme LexemeClass = iota // an identifier
	KeywordLexeme
	StringLexeme
	NumberLexeme
	ParameterLexeme
	OperatorLexeme
	PunctuationLexeme
	CommentLexeme
	InvalidLexeme // an open string or comment, or a character that SQL does not have
)

// Lexeme is one token or comment of a text.
type Lexeme struct {
	Pos, End int // byte offsets
	Class    LexemeClass
	Keyword  KeywordClass // for KeywordLexeme
}

// Scan goes over the tokens and comments of sql in order, for highlighting: it never fails, and gives
// the rest of the text after a lexical error as one invalid lexeme.
func Scan(sql string) iter.Seq[Lexeme] {
	return func(yield func(Lexeme) bool) {
		at := 0
		for _, t := range lex(sql, math.MaxInt).tokens {
			if !scanComments(sql, at, int(t.pos), yield) || t.kind == tkEOF {
				return
			}
			x := Lexeme{Pos: int(t.pos), End: int(t.end), Class: lexemeClass(t)}
			switch x.Class {
			case KeywordLexeme:
				x.Keyword = keywordTable[t.kw].Class
			case InvalidLexeme:
				x.End = len(sql)
			}
			if !yield(x) {
				return
			}
			at = int(t.end)
		}
	}
}

// scanComments finds the comments in the space between two tokens.
func scanComments(sql string, at, stop int, yield func(Lexeme) bool) bool {
	for at < stop {
		var end int
		switch {
		case strings.HasPrefix(sql[at:stop], "--"):
			if end = strings.IndexByte(sql[at:stop], '\n'); end < 0 {
				end = stop - at
			}
			end += at
		case strings.HasPrefix(sql[at:stop], "/*"):
			end = commentEnd(sql, at)
		default:
			at++
			continue
		}
		if !yield(Lexeme{Pos: at, End: end, Class: CommentLexeme}) {
			return false
		}
		at = end
	}
	return true
}

func lexemeClass(t token) LexemeClass {
	switch t.kind {
	case tkIdent, tkQuoted:
		return WordLexeme
	case tkKeyword:
		return KeywordLexeme
	case tkString, tkBits, tkHex:
		return StringLexeme
	case tkInteger, tkNumeric:
		return NumberLexeme
	case tkParam:
		return ParameterLexeme
	case tkError:
		return InvalidLexeme
	}
	if t.isOperator() {
		return OperatorLexeme
	}
	return PunctuationLexeme
}
