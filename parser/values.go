package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// values reads VALUES (...), (...). Bulk loads arrive in this form, so literals take a path of their
// own: no precedence climbing, nodes and rows out of slabs.
func (p *parser) values() *ast.Values {
	start := p.tok().pos
	p.expect(kwValues)
	v := &ast.Values{}
	for {
		row := p.valuesRow()
		if len(v.Rows) > 0 && len(row) != len(v.Rows[0]) {
			pos, end := row[0].Range()
			p.fail(sqlerr.At(sqlerr.SyntaxError, pos, end, "VALUES lists must all be the same length"))
		}
		v.Rows = append(v.Rows, row)
		if !p.acceptKind(tkComma) {
			break
		}
	}
	v.Span = p.span(start)
	return v
}

// valuesRow reads one ( value, ... ).
func (p *parser) valuesRow() []ast.Expr {
	p.expectKind(tkLParen)
	base := len(p.row) // a VALUES inside a value uses the same scratch above this mark
	for {
		x := p.literalItem()
		if x == nil {
			outer := p.defaultOK
			p.defaultOK = true
			x = p.expr()
			p.defaultOK = outer
		}
		p.row = append(p.row, x)
		if !p.acceptKind(tkComma) {
			break
		}
	}
	p.expectKind(tkRParen)
	row := p.keepExprs(p.row[base:])
	p.row = p.row[:base]
	return row
}

// literalItem takes a literal that is a whole value, or nothing.
func (p *parser) literalItem() ast.Expr {
	t := p.toks[p.i]
	if t.kind == tkMinus {
		if n := p.ahead(1).kind; n == tkInteger || n == tkNumeric {
			if end := p.ahead(2).kind; end == tkComma || end == tkRParen {
				return p.negativeNumber(t)
			}
		}
		return nil
	}
	if end := p.ahead(1).kind; end != tkComma && end != tkRParen {
		return nil
	}
	switch t.kind {
	case tkInteger, tkNumeric:
		return p.number()
	case tkString:
		p.i++
		return p.newLiteral(ast.Span{Pos: t.pos, End: t.end}, ast.StringLiteral, p.stringOf(t))
	case tkKeyword:
		switch t.kw {
		case kwNull:
			p.i++
			return p.newLiteral(ast.Span{Pos: t.pos, End: t.end}, ast.NullLiteral, "null")
		case kwTrue, kwFalse:
			p.i++
			return p.newLiteral(ast.Span{Pos: t.pos, End: t.end}, ast.BoolLiteral, keywordTable[t.kw].Word)
		}
	}
	return nil
}

// keepExprs copies a list into the slab of slices.
func (p *parser) keepExprs(list []ast.Expr) []ast.Expr {
	n := len(list)
	if cap(p.exprs)-len(p.exprs) < n {
		p.exprs = make([]ast.Expr, 0, max(n, min(max(8, 2*cap(p.exprs)), 4096)))
	}
	from := len(p.exprs)
	p.exprs = append(p.exprs, list...)
	return p.exprs[from : from+n : from+n]
}
