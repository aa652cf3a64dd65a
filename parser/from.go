package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

func (p *parser) fromList() []ast.TableExpr {
	list := []ast.TableExpr{p.tableExpr()}
	for p.acceptKind(tkComma) {
		list = append(list, p.tableExpr())
	}
	return list
}

// tableExpr reads a FROM item with all joins that follow it (table_ref).
func (p *parser) tableExpr() ast.TableExpr {
	p.enter()
	defer p.leave()
	start := p.tok().pos
	return p.joins(p.tablePrimary(), start)
}

// joins extends left with joins. A join that needs ON or USING takes further joins into its right
// operand until its condition comes: a JOIN b JOIN c ON .. ON ..
func (p *parser) joins(left ast.TableExpr, start int32) ast.TableExpr {
	for links := 0; ; links++ {
		j, conditional := p.joinWords()
		if j == nil {
			return left
		}
		p.link(links)
		j.Left = left
		rightStart := p.tok().pos
		j.Right = p.tablePrimary()
		if conditional {
			if !p.at(kwOn) && !p.at(kwUsing) {
				p.enter()
				j.Right = p.joins(j.Right, rightStart)
				p.leave()
			}
			p.joinCondition(j)
		}
		j.Span = p.span(start)
		left = j
	}
}

// joinWords takes the keywords of a join; nil when none starts here.
func (p *parser) joinWords() (j *ast.Join, conditional bool) {
	switch {
	case p.at(kwJoin):
		p.i++
		return &ast.Join{}, true
	case p.at(kwCross):
		p.i++
		p.expect(kwJoin)
		return &ast.Join{Kind: ast.CrossJoin}, false
	case p.at(kwNatural):
		p.i++
		kind := p.joinKind()
		p.expect(kwJoin)
		return &ast.Join{Kind: kind, Natural: true}, false
	case p.at(kwInner) || p.at(kwLeft) || p.at(kwRight) || p.at(kwFull):
		kind := p.joinKind()
		p.expect(kwJoin)
		return &ast.Join{Kind: kind}, true
	}
	return nil, false
}

func (p *parser) joinKind() ast.JoinKind {
	kind := ast.InnerJoin
	switch p.acceptOne(kwInner, kwLeft, kwRight, kwFull) {
	case kwLeft:
		kind = ast.LeftJoin
	case kwRight:
		kind = ast.RightJoin
	case kwFull:
		kind = ast.FullJoin
	default:
		return kind
	}
	p.accept(kwOuter)
	return kind
}

func (p *parser) joinCondition(j *ast.Join) {
	switch p.expectOne(kwOn, kwUsing) {
	case kwOn:
		j.On = p.expr()
	case kwUsing:
		j.Using = p.columnList()
		if p.accept(kwAs) {
			j.UsingAlias = p.colID()
		}
	}
}

// tablePrimary reads one FROM item without joins.
func (p *parser) tablePrimary() ast.TableExpr {
	start := p.tok().pos
	switch t := *p.tok(); {
	case t.kind == tkLParen:
		return p.tableParen()
	case t.kind == tkString:
		f := &ast.FileRef{Path: p.stringValue()}
		f.Alias, f.Sample = p.optAlias(false), p.optSample()
		f.Span = p.span(start)
		return f
	case t.kw == kwLateral:
		return p.lateral()
	case t.kw == kwRows && p.ahead(1).kw == kwFrom && p.ahead(2).kind == tkLParen:
		return p.funcRef(start, false)
	case t.kw == kwOnly:
		return p.tableRef(start)
	case t.kw == kwXmltable && p.ahead(1).kind == tkLParen:
		p.unsupported(p.i, "XMLTABLE")
	case t.kind == tkIdent && p.ahead(1).kind == tkLParen && p.nameValue(t) == "json_table":
		p.unsupported(p.i, "JSON_TABLE")
	}
	if p.startsTableFunc() {
		return p.funcRef(start, false)
	}
	if !p.tok().isColID() {
		p.wanted("a table")
	}
	return p.tableRef(start)
}

// startsTableFunc tells that a call, not a table's name, starts here.
func (p *parser) startsTableFunc() bool {
	switch p.kw() {
	case kwCurrentDate, kwCurrentRole, kwCurrentUser, kwSessionUser, kwUser, kwCurrentCatalog, kwCurrentSchema, kwCurrentTime,
		kwCurrentTimestamp, kwLocaltime, kwLocaltimestamp, kwCast, kwCollation:
		return p.kw() != kwCollation || p.ahead(1).kw == kwFor
	}
	if !p.tok().isColLabel() || p.kind() == tkKeyword && keywordTable[p.kw()].Class == Reserved {
		return false
	}
	i := p.i + 1
	for p.toks[i].kind == tkDot && p.toks[i+1].isColLabel() {
		i += 2
	}
	return p.toks[i].kind == tkLParen
}

func (p *parser) lateral() ast.TableExpr {
	start := p.tok().pos
	p.i++
	if p.kind() != tkLParen {
		if p.kw() != kwRows && !p.startsTableFunc() {
			p.wanted("a subquery or a function")
		}
		return p.funcRef(start, true)
	}
	q := p.parenQuery()
	return p.subqueryRef(q, start, true)
}

func (p *parser) subqueryRef(q *ast.Query, start int32, lateral bool) ast.TableExpr {
	s := &ast.SubqueryRef{Query: q, Lateral: lateral}
	s.Alias, s.Sample = p.optAlias(false), p.optSample()
	s.Span = p.span(start)
	return s
}

// tableParen reads a subquery or a parenthesised join.
func (p *parser) tableParen() ast.TableExpr {
	start := p.tok().pos
	q, t := p.tableOrQuery()
	if q != nil {
		return p.subqueryRef(q, start, false)
	}
	return p.joinAlias(t)
}

// joinAlias reads the alias that a parenthesised join may have.
func (p *parser) joinAlias(t ast.TableExpr) ast.TableExpr {
	if j, ok := t.(*ast.Join); ok {
		if alias := p.optAlias(false); alias != nil {
			if j.Alias != nil {
				p.failAt(token{pos: alias.Pos, end: alias.End}, sqlerr.SyntaxError, "a join cannot have two aliases")
			}
			j.Alias = alias
		}
	}
	return t
}

// tableOrQuery reads ( query ) or ( join ), without going back over an opening chain of parentheses.
func (p *parser) tableOrQuery() (*ast.Query, ast.TableExpr) {
	p.enter()
	defer p.leave()
	p.i++
	if p.atQuery() {
		q := p.query()
		p.expectKind(tkRParen)
		return q, nil
	}
	start := p.tok().pos
	var t ast.TableExpr
	if p.kind() == tkLParen {
		q, inner := p.tableOrQuery()
		if q != nil && p.atQueryTail() {
			q = p.queryAfter(q, start)
		}
		if q != nil && p.acceptKind(tkRParen) {
			return q, nil
		}
		if q != nil {
			t = p.subqueryRef(q, start, false)
		} else {
			t = p.joinAlias(inner)
		}
		t = p.joins(t, start)
	} else {
		t = p.tableExpr()
	}
	if _, ok := t.(*ast.Join); !ok {
		p.wanted("JOIN")
	}
	p.expectKind(tkRParen)
	return nil, t
}

func (p *parser) tableRef(start int32) ast.TableExpr {
	t := p.relation()
	t.AsOf = p.optAsOf()
	t.Alias, t.Sample = p.optAlias(false), p.optSample()
	t.Span = p.span(start)
	return t
}

// optAsOf reads AS OF VERSION x or AS OF TIMESTAMP x. An alias may be called of, but no alias is
// followed by one of these words.
func (p *parser) optAsOf() *ast.AsOf {
	kind := p.ahead(2).kw
	if !p.at(kwAs) || p.ahead(1).kw != kwOf || kind != kwVersion && kind != kwTimestamp {
		return nil
	}
	start := p.tok().pos
	p.i += 3
	a := &ast.AsOf{Time: kind == kwTimestamp}
	a.X = p.restrictedExpr()
	a.Span = p.span(start)
	return a
}

// relation reads [ONLY] name [*] (relation_expr).
func (p *parser) relation() *ast.TableRef {
	start := p.tok().pos
	t := &ast.TableRef{}
	if p.accept(kwOnly) {
		t.Only = true
		if p.acceptKind(tkLParen) {
			t.Name = p.qualifiedName()
			p.expectKind(tkRParen)
		} else {
			t.Name = p.qualifiedName()
		}
	} else {
		t.Name = p.qualifiedName()
		if p.kind() == tkStar {
			p.i++
		}
	}
	t.Span = p.span(start)
	return t
}

// funcRef reads a table function or ROWS FROM (...), with ordinality and alias.
func (p *parser) funcRef(start int32, lateral bool) ast.TableExpr {
	f := &ast.FuncRef{Lateral: lateral}
	if p.kw() == kwRows && p.ahead(1).kw == kwFrom && p.ahead(2).kind == tkLParen {
		f.RowsFrom = true
		p.i += 3
		p.rowsFrom(f)
	} else {
		f.Calls = []ast.Expr{p.tableCall()}
	}
	if p.acceptPair(kwWith, kwOrdinality) {
		f.Ordinality = true
	}
	f.Alias, f.Sample = p.optAlias(true), p.optSample()
	f.Span = p.span(start)
	return f
}

func (p *parser) rowsFrom(f *ast.FuncRef) {
	for {
		f.Calls = append(f.Calls, p.tableCall())
		var types []ast.ColumnType
		if p.accept(kwAs) {
			p.expectKind(tkLParen)
			types = p.columnTypes()
		}
		f.CallTypes = append(f.CallTypes, types)
		if !p.acceptKind(tkComma) {
			break
		}
	}
	p.expectKind(tkRParen)
}

// tableCall reads the call of a table function, which takes no window or aggregate clauses.
func (p *parser) tableCall() ast.Expr {
	x := p.primary()
	switch x := x.(type) {
	case *ast.FuncCall:
		if x.Over != nil || x.Filter != nil || x.WithinGroup {
			p.failAt(token{pos: x.Pos, end: x.End}, sqlerr.SyntaxError, "a table function cannot have OVER, FILTER or WITHIN GROUP")
		}
		return x
	case *ast.Cast:
		return x
	}
	p.syntaxErrorAt(p.i - 1)
	return nil
}

// columnTypes reads name type, ... ) after the opening parenthesis.
func (p *parser) columnTypes() []ast.ColumnType {
	var list []ast.ColumnType
	for {
		c := ast.ColumnType{Name: p.colID()}
		c.Type = p.typeName()
		if p.accept(kwCollate) {
			p.qualifiedName()
			p.unsupported(p.i-2, "COLLATE in a column definition list")
		}
		list = append(list, c)
		if !p.acceptKind(tkComma) {
			break
		}
	}
	p.expectKind(tkRParen)
	return list
}

// optAlias reads [AS] name [(columns)]; after a function the columns may have types.
func (p *parser) optAlias(function bool) *ast.Alias {
	start := p.tok().pos
	a := &ast.Alias{}
	as := p.accept(kwAs)
	switch {
	case p.tok().isColID():
		a.Name = p.takeIdent()
	case as && function && p.kind() == tkLParen:
	case as:
		p.wanted("a name")
	default:
		return nil
	}
	if p.acceptKind(tkLParen) {
		p.aliasColumns(a, function)
	}
	a.Span = p.span(start)
	return a
}

func (p *parser) aliasColumns(a *ast.Alias, function bool) {
	typed := a.Name.Name == "" || function && p.ahead(1).kind != tkComma && p.ahead(1).kind != tkRParen
	if typed {
		for _, c := range p.columnTypes() {
			a.Columns, a.ColumnTypes = append(a.Columns, c.Name), append(a.ColumnTypes, c.Type)
		}
		return
	}
	a.Columns = append(a.Columns, p.colID())
	for p.acceptKind(tkComma) {
		a.Columns = append(a.Columns, p.colID())
	}
	p.expectKind(tkRParen)
}

func (p *parser) optSample() *ast.Sample {
	if !p.at(kwTablesample) {
		return nil
	}
	start := p.tok().pos
	p.i++
	s := &ast.Sample{Method: p.nameFrom(p.typeFuncName())}
	p.expectKind(tkLParen)
	s.Args = p.exprList()
	p.expectKind(tkRParen)
	if p.accept(kwRepeatable) {
		p.expectKind(tkLParen)
		s.Repeatable = p.expr()
		p.expectKind(tkRParen)
	}
	s.Span = p.span(start)
	return s
}
