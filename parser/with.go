package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
)

// optWith reads a WITH clause.
func (p *parser) optWith() *ast.With {
	if p.kw() != kwWith {
		return nil
	}
	start := p.tok().pos
	p.i++
	w := &ast.With{}
	if next := p.ahead(1); p.kw() == kwRecursive && next.kw != kwAs && next.kind != tkLParen {
		p.i++
		w.Recursive = true
	}
	w.CTEs = append(w.CTEs, p.cte())
	for p.acceptKind(tkComma) {
		w.CTEs = append(w.CTEs, p.cte())
	}
	w.Span = p.span(start)
	return w
}

func (p *parser) cte() *ast.CTE {
	start := p.tok().pos
	c := &ast.CTE{Name: p.colID()}
	c.Columns = p.optColumnList()
	p.expect(kwAs)
	if p.accept(kwMaterialized) {
		c.Materialize = ast.Materialized
	} else if p.acceptPair(kwNot, kwMaterialized) {
		c.Materialize = ast.NotMaterialized
	}
	p.expectKind(tkLParen)
	c.Body = p.preparable()
	p.expectKind(tkRParen)
	if k := p.kw(); k == kwSearch || k == kwCycle {
		p.unsupported(p.i, "the "+map[keywordID]string{kwSearch: "SEARCH", kwCycle: "CYCLE"}[k]+" clause of WITH RECURSIVE")
	}
	c.Span = p.span(start)
	return c
}
