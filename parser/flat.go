package parser

import (
	"errors"
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2"
	plex "github.com/alecthomas/participle/v2/lexer"

	"github.com/oxidb/oxidb/parser/ast"
)

// flatGrammar reads one flat statement from the current token to its end.
type flatGrammar func(p *parser) ast.Statement

// flatNode is a participle grammar struct that turns itself into a tree.
type flatNode[T any] interface {
	*T
	tree(p *parser, span ast.Span) ast.Statement
}

// flatGrammars maps the first keyword of a flat statement to its grammar. The participle parsers are
// built once, at first use.
var flatGrammars = sync.OnceValue(func() map[keywordID]flatGrammar {
	begin, commit, rollback := grammarOf[beginGrammar](), grammarOf[commitGrammar](), grammarOf[rollbackGrammar]()
	analyze := grammarOf[analyzeGrammar]()
	return map[keywordID]flatGrammar{
		kwBegin: begin, kwStart: begin, kwCommit: commit, kwEnd: commit, kwRollback: rollback, kwAbort: rollback,
		kwSavepoint: grammarOf[savepointGrammar](), kwRelease: grammarOf[releaseGrammar](),
		kwSet: grammarOf[setGrammar](), kwReset: grammarOf[resetGrammar](), kwShow: grammarOf[showGrammar](),
		kwDiscard: grammarOf[discardGrammar](), kwDrop: grammarOf[dropGrammar](), kwTruncate: grammarOf[truncateGrammar](),
		kwAnalyze: analyze, kwAnalyse: analyze, kwVacuum: grammarOf[vacuumGrammar](), kwCheckpoint: grammarOf[checkpointGrammar](),
		kwComment: grammarOf[commentGrammar](), kwRefresh: grammarOf[refreshGrammar](), kwReindex: grammarOf[reindexGrammar](), kwPrepare: grammarOf[prepareGrammar](),
		kwExecute: grammarOf[executeGrammar](), kwDeallocate: grammarOf[deallocateGrammar](), kwCall: grammarOf[callGrammar](),
	}
})

// grammarOf builds the participle parser of T. One token of lookahead: the grammars are
// left-factored, and an error after the first token of a clause stays where it is.
func grammarOf[T any, N flatNode[T]]() flatGrammar {
	g := participle.MustBuild[T](participle.Lexer(definition{}), participle.UseLookahead(1))
	return func(p *parser) ast.Statement {
		start := p.i
		first := p.toks[start].pos
		stream := &tokenStream{sql: p.sql, toks: p.toks[start:], stop: true, pos: plex.Position{Offset: int(first), Line: 1, Column: 1}}
		tokens, err := plex.Upgrade(stream)
		if err != nil {
			p.syntaxError()
		}
		node, err := g.ParseFromLexer(tokens)
		if err != nil {
			p.flatError(err)
		}
		p.i = start + tokens.Cursor()
		span := p.span(first)
		s := N(node).tree(p, span)
		p.i = start + tokens.Cursor()
		return s
	}
}

// flat reads the flat statement that starts at the current token.
func (p *parser) flat() ast.Statement { return flatGrammars()[p.kw()](p) }

// grammarWord finds the words and signs in the expected part of a participle message, which is EBNF.
var grammarWord = regexp.MustCompile(`"[^"]+"|[A-Za-z]+|[()|?*]`)

// flatError turns a participle error into a syntax error at the same token.
func (p *parser) flatError(err error) {
	var located participle.Error
	if !errors.As(err, &located) {
		p.syntaxError()
	}
	i := p.tokenAt(located.Position().Offset)
	if p.want != nil {
		message := located.Message()
		if at := strings.LastIndex(message, "(expected "); at >= 0 {
			terms := &firstTerms{words: grammarWord.FindAllString(message[at+len("(expected "):len(message)-1], -1)}
			terms.sequence()
			for _, w := range terms.first {
				p.want.word(i, flatExpected(w))
			}
		}
	}
	p.syntaxErrorAt(i)
}

// firstTerms collects the terminals that an EBNF expression can start with.
type firstTerms struct {
	words []string
	first []string
}

// sequence reads alternatives up to a closing parenthesis, or the end, and tells whether they can all
// be left out.
func (f *firstTerms) sequence() (optional bool) {
	open := true // all terms so far can be left out
	for len(f.words) > 0 {
		w := f.words[0]
		f.words = f.words[1:]
		switch w {
		case ")":
			return optional || open
		case "|":
			optional, open = optional || open, true
			continue
		}
		before, inner := len(f.first), false
		if w == "(" {
			inner = f.sequence()
		} else {
			f.first = append(f.first, w)
		}
		if !open {
			f.first = f.first[:before]
		}
		if len(f.words) > 0 && (f.words[0] == "?" || f.words[0] == "*") {
			f.words, inner = f.words[1:], true
		}
		open = open && inner
	}
	return optional || open
}

// flatExpected is how a message calls a literal or production of a grammar.
func flatExpected(w string) string {
	switch w {
	case "nameRef", "dottedRef":
		return "a name"
	case "String":
		return "a string"
	}
	if w[0] != '"' {
		return ""
	}
	if word := w[1 : len(w)-1]; word[0] >= 'A' && word[0] <= 'Z' {
		return word
	}
	return w
}

// tokenAt is the index of the token that starts at a byte offset, or of the next one.
func (p *parser) tokenAt(offset int) int {
	i := sort.Search(len(p.toks), func(i int) bool { return int(p.toks[i].pos) >= offset })
	return min(i, len(p.toks)-1)
}

// nameRef is a name in a flat grammar: it remembers where, the core reads it.
type nameRef struct{ At int }

// Parse takes one token that may be a column or table name.
func (w *nameRef) Parse(lex *plex.PeekingLexer) error {
	t := lex.Peek()
	if t.Type != symIdent && t.Type != symUnreserved && t.Type != symColumnName {
		return participle.NextMatch
	}
	w.At = lex.Next().Pos.Offset
	return nil
}

func (w *nameRef) read(p *parser) ast.Ident {
	p.i = p.tokenAt(w.At)
	return p.colID()
}

// dottedRef is a qualified name in a flat grammar.
type dottedRef struct{ At int }

// Parse takes name[.name ...].
func (d *dottedRef) Parse(lex *plex.PeekingLexer) error {
	var first nameRef
	if err := first.Parse(lex); err != nil {
		return err
	}
	d.At = first.At
	for lex.Peek().Value == "." {
		lex.Next()
		if t := lex.Peek().Type; t < symIdent || t > symReserved {
			return &participle.UnexpectedTokenError{Unexpected: *lex.Peek(), Expect: "nameRef"}
		}
		lex.Next()
	}
	return nil
}

func (d *dottedRef) read(p *parser) *ast.Name {
	p.i = p.tokenAt(d.At)
	return p.qualifiedName()
}

func readNames(p *parser, list []*dottedRef) []*ast.Name {
	names := make([]*ast.Name, len(list))
	for i, d := range list {
		names[i] = d.read(p)
	}
	return names
}

// tailRef is everything to the end of the statement: an expression or a statement that the core reads.
type tailRef struct{ At int }

// Parse takes the tokens up to the end; there must be one.
func (r *tailRef) Parse(lex *plex.PeekingLexer) error {
	if lex.Peek().EOF() {
		return participle.NextMatch
	}
	r.At = lex.Peek().Pos.Offset
	for !lex.Peek().EOF() {
		lex.Next()
	}
	return nil
}

// read runs the core's f on the tail, which it must use up.
func (r *tailRef) read(p *parser, f func()) {
	p.i = p.tokenAt(r.At)
	f()
	if k := p.kind(); k != tkEOF && k != tkSemicolon {
		p.syntaxError()
	}
}

// parenRef is a balanced list in parentheses that the core reads.
type parenRef struct{ At int }

// Parse takes ( ... ) with what is nested inside.
func (l *parenRef) Parse(lex *plex.PeekingLexer) error {
	if lex.Peek().Value != "(" {
		return participle.NextMatch
	}
	l.At = lex.Peek().Pos.Offset
	for depth := 0; ; {
		t := lex.Peek()
		switch {
		case t.EOF():
			return &participle.UnexpectedTokenError{Unexpected: *t, Expect: `")"`}
		case t.Value == "(":
			depth++
		case t.Value == ")":
			depth--
		}
		lex.Next()
		if depth == 0 {
			return nil
		}
	}
}
