package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// query reads a query with everything that belongs to it (SelectStmt).
func (p *parser) query() *ast.Query {
	p.enter()
	defer p.leave()
	start := p.tok().pos
	with := p.optWith()
	return p.queryWith(with, start)
}

// queryWith reads a query whose WITH clause was read already.
func (p *parser) queryWith(with *ast.With, start int32) *ast.Query {
	body := p.setOps(p.queryOperand(), start, 0)
	return p.finishQuery(with, body, start)
}

// queryAfter continues a query whose first operand is the parenthesised query q.
func (p *parser) queryAfter(q *ast.Query, start int32) *ast.Query {
	return p.finishQuery(nil, p.setOps(operandOf(q), start, 0), start)
}

// finishQuery reads ORDER BY, LIMIT and locks. A body that is a parenthesised query gets them
// itself, as in PostgreSQL.
func (p *parser) finishQuery(with *ast.With, body ast.QueryExpr, start int32) *ast.Query {
	q, nested := body.(*ast.Query)
	if !nested {
		q = &ast.Query{Body: body}
	}
	if with != nil {
		if q.With != nil {
			p.failAt(token{pos: with.Pos, end: with.End}, sqlerr.SyntaxError, "multiple WITH clauses not allowed")
		}
		q.With = with
	}
	p.queryTail(q)
	q.Span = p.span(start)
	return q
}

// operandOf unwraps a query that is nothing but its body.
func operandOf(q *ast.Query) ast.QueryExpr {
	if q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil && !q.LimitAll && q.Locks == nil {
		return q.Body
	}
	return q
}

// parenQuery reads ( query ).
func (p *parser) parenQuery() *ast.Query {
	if p.kind() != tkLParen || !p.leadsToQuery() {
		p.expectKind(tkLParen)
		p.wanted("SELECT")
	}
	q, list := p.parenthesised()
	if q == nil {
		pos, end := list[0].Range()
		p.fail(sqlerr.At(sqlerr.SyntaxError, pos, end, "a subquery is expected here, not an expression"))
	}
	return q
}

// queryOperand reads an operand of a set operation.
func (p *parser) queryOperand() ast.QueryExpr {
	start := p.tok().pos
	switch {
	case p.at(kwSelect):
		return p.selectCore()
	case p.at(kwValues):
		return p.values()
	case p.at(kwTable):
		p.i++
		ref := p.relation()
		star := &ast.Target{Span: p.span(start), X: &ast.Star{Span: p.span(start)}}
		return &ast.Select{Span: p.span(start), Targets: []*ast.Target{star}, From: []ast.TableExpr{ref}}
	case p.kind() == tkLParen && p.leadsToQuery():
		return operandOf(p.parenQuery())
	}
	if p.kind() == tkLParen {
		p.i++
	}
	p.syntaxError()
	return nil
}

// setOps climbs over UNION and EXCEPT (power 1) and INTERSECT (power 2).
func (p *parser) setOps(left ast.QueryExpr, start int32, least int) ast.QueryExpr {
	for links := 0; ; links++ {
		op, prec := ast.Union, 1
		switch {
		case p.at(kwUnion):
		case p.at(kwExcept):
			op = ast.Except
		case p.at(kwIntersect):
			op, prec = ast.Intersect, 2
		default:
			return left
		}
		if prec <= least {
			return left
		}
		p.link(links)
		p.i++
		all := p.accept(kwAll)
		if !all {
			p.accept(kwDistinct)
		}
		rightStart := p.tok().pos
		right := p.setOps(p.queryOperand(), rightStart, prec)
		left = &ast.SetOp{Span: p.span(start), Kind: op, All: all, Left: left, Right: right}
	}
}

// atQueryTail tells that a clause of a query, after a parenthesised operand, starts here.
func (p *parser) atQueryTail() bool {
	switch p.kw() {
	case kwUnion, kwExcept, kwIntersect, kwOrder, kwLimit, kwOffset, kwFetch, kwFor:
		return true
	}
	return false
}

// queryTail reads ORDER BY, LIMIT, OFFSET, FETCH and FOR UPDATE in any order that PostgreSQL takes.
func (p *parser) queryTail(q *ast.Query) {
	if p.at(kwOrder) {
		p.onlyOnce(q.OrderBy != nil, "ORDER BY")
		p.i++
		p.expect(kwBy)
		q.OrderBy = p.orderList()
	}
	for {
		switch {
		case p.at(kwLimit):
			p.onlyOnce(q.Limit != nil || q.LimitAll, "LIMIT")
			p.limit(q)
		case p.at(kwFetch):
			p.onlyOnce(q.Limit != nil || q.LimitAll, "LIMIT")
			p.fetch(q)
		case p.at(kwOffset):
			p.onlyOnce(q.Offset != nil, "OFFSET")
			p.i++
			q.Offset = p.expr()
			p.acceptOne(kwRow, kwRows)
		case p.at(kwFor):
			p.locks(q)
		default:
			p.checkTies(q)
			return
		}
	}
}

// checkTies refuses WITH TIES where ties are not defined.
func (p *parser) checkTies(q *ast.Query) {
	if !q.WithTies {
		return
	}
	at := p.toks[p.i-1]
	if q.OrderBy == nil {
		p.failAt(at, sqlerr.SyntaxError, "WITH TIES cannot be specified without ORDER BY clause")
	}
	for _, l := range q.Locks {
		if l.Wait == ast.LockSkip {
			p.failAt(at, sqlerr.SyntaxError, "SKIP LOCKED and WITH TIES options cannot be used together")
		}
	}
}

func (p *parser) onlyOnce(had bool, clause string) {
	if had {
		p.failAt(*p.tok(), sqlerr.SyntaxError, "multiple %s clauses not allowed", clause)
	}
}

func (p *parser) limit(q *ast.Query) {
	p.i++
	if p.accept(kwAll) {
		q.LimitAll = true
		return
	}
	q.Limit = p.expr()
	if p.kind() == tkComma {
		p.fail(sqlerr.At(sqlerr.SyntaxError, int(p.tok().pos), int(p.tok().end), "LIMIT #,# syntax is not supported").
			WithHint("use separate LIMIT and OFFSET clauses"))
	}
}

// fetch reads FETCH FIRST|NEXT [n] ROW|ROWS ONLY|WITH TIES.
func (p *parser) fetch(q *ast.Query) {
	start := p.tok().pos
	p.i++
	p.expectOne(kwFirst, kwNext)
	if k := p.kw(); k == kwRow || k == kwRows {
		q.Limit = p.newLiteral(p.span(start), ast.IntegerLiteral, "1")
	} else {
		q.Limit = p.exprAt(precUnary)
	}
	p.expectOne(kwRow, kwRows)
	if p.expectOne(kwOnly, kwWith) == kwWith {
		p.expect(kwTies)
		q.WithTies = true
	}
}

func (p *parser) locks(q *ast.Query) {
	start := p.tok().pos
	p.i++
	l := &ast.Lock{}
	switch p.expectOne(kwUpdate, kwNo, kwShare, kwKey, kwRead) {
	case kwNo:
		p.expect(kwKey)
		p.expect(kwUpdate)
		l.Strength = ast.ForNoKeyUpdate
	case kwShare:
		l.Strength = ast.ForShare
	case kwKey:
		p.expect(kwShare)
		l.Strength = ast.ForKeyShare
	case kwRead: // FOR READ ONLY locks nothing
		p.expect(kwOnly)
		return
	}
	if p.accept(kwOf) {
		l.Of = p.qualifiedNames()
	}
	if p.accept(kwNowait) {
		l.Wait = ast.LockNoWait
	} else if p.acceptPair(kwSkip, kwLocked) {
		l.Wait = ast.LockSkip
	}
	l.Span = p.span(start)
	q.Locks = append(q.Locks, l)
}

func (p *parser) orderList() []*ast.OrderItem {
	list := []*ast.OrderItem{p.orderItem()}
	for p.acceptKind(tkComma) {
		list = append(list, p.orderItem())
	}
	return list
}

func (p *parser) orderItem() *ast.OrderItem {
	start := p.tok().pos
	o := &ast.OrderItem{X: p.expr()}
	if p.accept(kwUsing) {
		op := p.orderOperator()
		o.Using = &op
	} else {
		o.Direction = p.direction()
	}
	o.Nulls = p.nullsOrder()
	o.Span = p.span(start)
	return o
}

func (p *parser) orderOperator() ast.Operator {
	if p.at(kwOperator) || p.tok().isOperator() {
		return p.operatorName()
	}
	p.wanted("an operator")
	return ast.Operator{}
}

func (p *parser) direction() ast.Direction {
	switch p.acceptOne(kwAsc, kwDesc) {
	case kwAsc:
		return ast.Ascending
	case kwDesc:
		return ast.Descending
	}
	return ast.DefaultOrder
}

func (p *parser) nullsOrder() ast.NullsOrder {
	if p.kw() != kwNulls {
		return ast.NullsDefault
	}
	switch p.ahead(1).kw {
	case kwFirst:
		p.i += 2
		return ast.NullsFirst
	case kwLast:
		p.i += 2
		return ast.NullsLast
	}
	return ast.NullsDefault
}

// selectCore reads one SELECT without ORDER BY and what follows it (simple_select).
func (p *parser) selectCore() *ast.Select {
	start := p.tok().pos
	p.i++
	s := &ast.Select{}
	p.distinct(s)
	if !p.atTargetsEnd(s) {
		s.Targets = p.targets()
	}
	if p.accept(kwInto) {
		s.Into = p.into()
	}
	if p.accept(kwFrom) {
		s.From = p.fromList()
	}
	if p.accept(kwWhere) {
		s.Where = p.expr()
	}
	if p.accept(kwGroup) {
		p.expect(kwBy)
		p.groupBy(s)
	}
	if p.accept(kwHaving) {
		s.Having = p.expr()
	}
	if p.accept(kwWindow) {
		s.Windows = p.namedWindows()
	}
	s.Span = p.span(start)
	return s
}

func (p *parser) distinct(s *ast.Select) {
	if !p.accept(kwDistinct) {
		p.accept(kwAll)
		return
	}
	s.Distinct = true
	if p.accept(kwOn) {
		p.expectKind(tkLParen)
		s.DistinctOn = p.exprList()
		p.expectKind(tkRParen)
	}
}

// atTargetsEnd tells that the select list is empty, as PostgreSQL allows.
func (p *parser) atTargetsEnd(s *ast.Select) bool {
	if s.Distinct {
		return false
	}
	switch t := p.tok(); t.kind {
	case tkEOF, tkSemicolon, tkRParen:
		return true
	case tkKeyword:
		switch t.kw {
		case kwFrom, kwWhere, kwInto, kwGroup, kwHaving, kwWindow, kwUnion, kwExcept, kwIntersect, kwOrder, kwLimit, kwOffset,
			kwFetch, kwFor:
			return true
		}
	}
	return false
}

func (p *parser) targets() []*ast.Target {
	list := make([]*ast.Target, 0, 4)
	list = append(list, p.target())
	for p.acceptKind(tkComma) {
		list = append(list, p.target())
	}
	return list
}

func (p *parser) target() *ast.Target {
	start := p.tok().pos
	t := &ast.Target{}
	if p.kind() == tkStar {
		p.i++
		t.X, t.Span = &ast.Star{Span: p.span(start)}, p.span(start)
		return t
	}
	t.X = p.expr()
	if p.accept(kwAs) {
		t.Alias = p.colLabel()
	} else if p.tok().isBareLabel() {
		t.Alias = p.takeIdent()
	}
	t.Span = p.span(start)
	return t
}

func (p *parser) into() *ast.Into {
	start := p.tok().pos
	into := &ast.Into{}
	switch p.acceptOne(kwTemporary, kwTemp, kwLocal, kwUnlogged) {
	case kwTemporary, kwTemp:
		into.Temp = true
	case kwLocal:
		p.expectOne(kwTemporary, kwTemp)
		into.Temp = true
	}
	p.accept(kwTable)
	into.Table = p.qualifiedName()
	into.Span = p.span(start)
	return into
}

func (p *parser) groupBy(s *ast.Select) {
	if p.accept(kwDistinct) {
		s.GroupDistinct = true
	} else {
		p.accept(kwAll)
	}
	s.GroupBy = p.groupItems()
}

func (p *parser) groupItems() []ast.Expr {
	list := []ast.Expr{p.groupItem()}
	for p.acceptKind(tkComma) {
		list = append(list, p.groupItem())
	}
	return list
}

func (p *parser) groupItem() ast.Expr {
	p.enter()
	defer p.leave()
	start, next := p.tok().pos, p.ahead(1)
	g := &ast.Grouping{}
	switch {
	case p.kind() == tkLParen && next.kind == tkRParen:
		p.i += 2
		return &ast.Grouping{Span: p.span(start), Kind: ast.EmptyGroup}
	case p.kw() == kwRollup && next.kind == tkLParen:
		p.i++
	case p.kw() == kwCube && next.kind == tkLParen:
		p.i++
		g.Kind = ast.Cube
	case p.kw() == kwGrouping && next.kw == kwSets:
		p.i += 2
		g.Kind = ast.GroupingSets
	default:
		return p.expr()
	}
	p.expectKind(tkLParen)
	if g.Kind == ast.GroupingSets {
		g.Items = p.groupItems()
	} else {
		g.Items = p.exprList()
	}
	p.expectKind(tkRParen)
	g.Span = p.span(start)
	return g
}

func (p *parser) namedWindows() []*ast.NamedWindow {
	var list []*ast.NamedWindow
	for {
		start := p.tok().pos
		w := &ast.NamedWindow{Name: p.colID()}
		p.expect(kwAs)
		w.Spec = p.window()
		w.Span = p.span(start)
		list = append(list, w)
		if !p.acceptKind(tkComma) {
			return list
		}
	}
}
