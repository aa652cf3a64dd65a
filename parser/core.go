package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// parser holds the state of parsing one text: hand-written recursive descent over the token list,
// with precedence climbing for expressions. A mistake leaves it through bail, a panic that guard
// turns back into an error at the statement's root.
type parser struct {
	sql    string
	toks   []token
	i      int // the current token
	depth  int // of recursion
	chains int // links of long operator chains so far
	limits Limits
	lexErr *sqlerr.Error
	want   *wanted // set only while a failed statement is parsed again for its expected set

	placeholders int32 // ? parameters so far
	numbered     bool  // $n was used
	defaultOK    bool  // DEFAULT may stand for a value

	literals []ast.Literal // slabs: nodes and slices are carved from them
	exprs    []ast.Expr
	row      []ast.Expr // scratch of the VALUES loop
}

// bail carries an error up to guard.
type bail struct{ err *sqlerr.Error }

// guard runs f and returns the error that it bailed out with.
func guard(f func()) (err *sqlerr.Error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case bail:
			err = r.err
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

func (p *parser) fail(err *sqlerr.Error) { panic(bail{err}) }

func (p *parser) failAt(t token, state sqlerr.State, format string, args ...any) {
	p.fail(sqlerr.At(state, int(t.pos), int(t.end), format, args...))
}

// unsupported refuses valid SQL from the token at index from up to the current one.
func (p *parser) unsupported(from int, feature string) {
	end := p.toks[from].end
	if p.i > from {
		end = p.toks[p.i-1].end
	}
	p.fail(sqlerr.Unsupported(int(p.toks[from].pos), int(end), feature))
}

// enter counts one level of recursion; leave undoes it.
func (p *parser) enter() {
	if p.depth++; p.depth > p.limits.Depth*levelsPerParen {
		p.failDeep()
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) failDeep() {
	p.failAt(p.toks[p.i], sqlerr.StatementTooComplex, "statement is nested too deeply: the limit is %d levels", p.limits.Depth)
}

// Long left-deep chains (1+1+1..., joins, unions) make trees as deep as the chain, which later
// recursive passes must walk. The first links of a chain are free, the others count per statement.
const (
	freeLinks      = 100
	maxLinks       = 20_000
	levelsPerParen = 4 // levels of recursion that one pair of parentheses may take
)

func (p *parser) link(n int) {
	if n > freeLinks {
		if p.chains++; p.chains > maxLinks {
			p.failAt(p.toks[p.i], sqlerr.StatementTooComplex, "statement is too complex: more than %d chained operators", maxLinks)
		}
	}
}

func (p *parser) tok() *token         { return &p.toks[p.i] }
func (p *parser) kw() keywordID       { return p.toks[p.i].kw }
func (p *parser) kind() tokenKind     { return p.toks[p.i].kind }
func (p *parser) text(t token) string { return p.sql[t.pos:t.end] }

// ahead is the token n places after the current one, or the last one.
func (p *parser) ahead(n int) *token { return &p.toks[min(p.i+n, len(p.toks)-1)] }

// span is the range from byte start to the end of the last token taken.
func (p *parser) span(start int32) ast.Span {
	if p.i == 0 {
		return ast.Span{Pos: start, End: start}
	}
	return ast.Span{Pos: start, End: max(start, p.toks[p.i-1].end)}
}

func (p *parser) at(k keywordID) bool {
	if p.toks[p.i].kw == k {
		return true
	}
	if p.want != nil {
		p.want.keyword(p.i, k)
	}
	return false
}

func (p *parser) atKind(k tokenKind) bool {
	if p.toks[p.i].kind == k {
		return true
	}
	if p.want != nil {
		p.want.word(p.i, kindNames[k])
	}
	return false
}

func (p *parser) accept(k keywordID) bool {
	if p.at(k) {
		p.i++
		return true
	}
	return false
}

func (p *parser) acceptKind(k tokenKind) bool {
	if p.atKind(k) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(k keywordID) {
	if !p.accept(k) {
		p.syntaxError()
	}
}

func (p *parser) expectKind(k tokenKind) {
	if !p.acceptKind(k) {
		p.syntaxError()
	}
}

// acceptPair takes two keywords in a row, or nothing.
func (p *parser) acceptPair(a, b keywordID) bool {
	if p.at(a) && p.ahead(1).kw == b {
		p.i += 2
		return true
	}
	return false
}

// acceptOne takes any of the keywords and tells which, or notKeyword.
func (p *parser) acceptOne(ks ...keywordID) keywordID {
	for _, k := range ks {
		if p.accept(k) {
			return k
		}
	}
	return notKeyword
}

// expectOne takes one of the keywords and tells which.
func (p *parser) expectOne(ks ...keywordID) keywordID {
	k := p.acceptOne(ks...)
	if k == notKeyword {
		p.syntaxError()
	}
	return k
}

func (p *parser) ifNotExists() bool {
	if !p.accept(kwIf) {
		return false
	}
	p.expect(kwNot)
	p.expect(kwExists)
	return true
}

func (p *parser) ifExists() bool {
	if p.at(kwIf) && p.ahead(1).kw == kwExists {
		p.i += 2
		return true
	}
	return false
}
