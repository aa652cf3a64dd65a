package parser

import (
	"math"
	"strings"
)

// Piece is one statement of a text, without its semicolon and without the white space around it.
type Piece struct {
	Pos, End int // byte offsets
	Text     string
}

// Split cuts a text into statements by its tokens: semicolons inside parentheses, strings, comments
// and BEGIN ATOMIC bodies do not end a statement. complete tells that the text ends in a semicolon,
// or holds nothing; a shell reads on while it is false. Syntax is not checked.
func Split(sql string) (pieces []Piece, complete bool) {
	l := lex(sql, math.MaxInt)
	s := splitter{sql: sql, first: -1}
	for i, t := range l.tokens {
		switch {
		case t.kind == tkError:
			// The lexer stopped here: an open string or comment goes to the end of the text.
			s.take(t)
			s.last = len(strings.TrimRight(sql, " \t\r\n\f\v"))
			s.flush()
			return s.pieces, false
		case t.kind == tkEOF:
			complete = s.first < 0
			s.flush()
			return s.pieces, complete
		case t.kind == tkSemicolon && s.depth == 0 && s.atomic == 0:
			s.flush()
		default:
			s.nest(l.tokens, i)
			s.take(t)
		}
	}
	return s.pieces, false
}

type splitter struct {
	sql         string
	pieces      []Piece
	open        bool
	first, last int
	depth       int // of parentheses
	atomic      int // open BEGIN ATOMIC and CASE blocks
}

func (s *splitter) take(t token) {
	if !s.open {
		s.open, s.first = true, int(t.pos)
	}
	s.last = int(t.end)
}

func (s *splitter) flush() {
	if s.open {
		s.pieces = append(s.pieces, Piece{Pos: s.first, End: s.last, Text: s.sql[s.first:s.last]})
	}
	s.open, s.first, s.depth, s.atomic = false, -1, 0, 0
}

func (s *splitter) nest(toks []token, i int) {
	switch t := toks[i]; {
	case t.kind == tkLParen || t.kind == tkLBracket:
		s.depth++
	case t.kind == tkRParen || t.kind == tkRBracket:
		s.depth = max(s.depth-1, 0)
	case t.kw == kwBegin && i+1 < len(toks) && toks[i+1].kw == kwAtomic, t.kw == kwCase && s.atomic > 0:
		s.atomic++
	case t.kw == kwEnd && s.atomic > 0:
		s.atomic--
	}
}
