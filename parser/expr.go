package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
)

// Binding powers, low to high: PostgreSQL's precedence list (gram.y). Operators of one power
// associate to the left, except that IS DISTINCT, comparisons and the BETWEEN family do not
// associate at all.
const (
	precOr = iota + 1
	precAnd
	precNot
	precIs
	precCompare
	precBetween
	precOperator
	precAdd
	precMultiply
	precPower
	precAtTimeZone
	precCollate
	precUnary
	precSubscript
	precTypecast
)

// expr reads a_expr.
func (p *parser) expr() ast.Expr { return p.exprAt(0) }

// exprAt reads an expression whose operators bind at least as tightly as least.
func (p *parser) exprAt(least int) ast.Expr {
	p.enter()
	start := p.tok().pos
	x := p.climb(p.prefix(), start, least, false)
	p.leave()
	return x
}

// restrictedExpr reads b_expr: no AND, OR, NOT, IS NULL, BETWEEN, IN, LIKE.
func (p *parser) restrictedExpr() ast.Expr {
	p.enter()
	start := p.tok().pos
	var x ast.Expr
	if p.kw() == kwNot {
		p.wanted("an expression")
	}
	x = p.climb(p.prefix(), start, 0, true)
	p.leave()
	return x
}

func (p *parser) exprList() []ast.Expr {
	list := []ast.Expr{p.expr()}
	for p.acceptKind(tkComma) {
		list = append(list, p.expr())
	}
	return list
}

// prefix reads a prefix operator with its operand, or a primary.
func (p *parser) prefix() ast.Expr {
	t := *p.tok()
	switch t.kind {
	case tkMinus:
		if n := p.ahead(1); n.kind == tkInteger || n.kind == tkNumeric {
			return p.negativeNumber(t)
		}
		return p.unary(precUnary)
	case tkPlus:
		return p.unary(precUnary)
	case tkOperator:
		if t.end-t.pos == 1 && p.sql[t.pos] == '?' {
			return p.placeholder()
		}
		return p.unary(precOperator)
	case tkKeyword:
		if t.kw == kwNot {
			p.i++
			x := p.exprAt(precNot)
			return &ast.Not{Span: p.span(t.pos), X: x}
		}
		if t.kw == kwOperator && p.ahead(1).kind == tkLParen {
			return p.unary(precOperator)
		}
	}
	return p.primary()
}

// unary reads a prefix operator; its operand's operators bind more tightly than prec.
func (p *parser) unary(prec int) ast.Expr {
	start := p.tok().pos
	op := p.operatorName()
	x := p.exprAt(prec + 1)
	if lit, ok := x.(*ast.Literal); ok && op.Name == "-" && op.Schema == "" && isNumber(lit) {
		return p.negated(lit, start)
	}
	return &ast.Unary{Span: p.span(start), Op: op, X: x}
}

func isNumber(l *ast.Literal) bool {
	return l.Kind == ast.IntegerLiteral || l.Kind == ast.NumericLiteral
}

// negated flips a number's sign (invariant A4 of the tree).
func (p *parser) negated(l *ast.Literal, start int32) ast.Expr {
	text := "-" + l.Text
	if l.Text[0] == '-' {
		text = l.Text[1:]
	}
	return p.newLiteral(p.span(start), l.Kind, text)
}

// negativeNumber folds a minus sign and the number after it, unless a tighter operator follows.
func (p *parser) negativeNumber(minus token) ast.Expr {
	if next := p.ahead(2).kind; next == tkTypecast {
		return p.unary(precUnary)
	}
	p.i++
	l := p.number()
	if text := p.text(*p.ahead(-1)); text == l.Text && minus.end == l.Pos {
		l.Text = p.sql[minus.pos:l.End]
	} else {
		l.Text = "-" + l.Text
	}
	l.Pos = minus.pos
	return l
}

// climb extends left with the infix and postfix operators that bind at least as tightly as least.
func (p *parser) climb(left ast.Expr, start int32, least int, restricted bool) ast.Expr {
	blocked := 0 // the power of the last, non-associative operator
	for links := 0; ; links++ {
		prec := p.infixPrec(restricted)
		if prec == 0 || prec < least {
			return left
		}
		if prec == blocked {
			p.syntaxError()
		}
		p.link(links)
		left, blocked = p.infix(left, start, prec)
	}
}

// infixPrec is the binding power of the operator at the current token, 0 for none.
func (p *parser) infixPrec(restricted bool) int {
	switch t := p.tok(); t.kind {
	case tkLess, tkGreater, tkEqual, tkLessEqual, tkGreaterEqual, tkNotEqual:
		return precCompare
	case tkPlus, tkMinus:
		return precAdd
	case tkStar, tkSlash, tkPercent:
		return precMultiply
	case tkCaret:
		return precPower
	case tkOperator:
		return precOperator
	case tkTypecast:
		return precTypecast
	case tkKeyword:
		return p.keywordPrec(t.kw, restricted)
	}
	return 0
}

func (p *parser) keywordPrec(k keywordID, restricted bool) int {
	switch k {
	case kwOperator:
		if p.ahead(1).kind == tkLParen {
			return precOperator
		}
		return 0
	case kwIs:
		if restricted && !p.atIsDistinct() {
			return 0
		}
		return precIs
	}
	if restricted {
		return 0
	}
	switch k {
	case kwOr:
		return precOr
	case kwAnd:
		return precAnd
	case kwIsnull, kwNotnull:
		return precIs
	case kwBetween, kwIn, kwLike, kwIlike:
		return precBetween
	case kwSimilar:
		if p.ahead(1).kw == kwTo {
			return precBetween
		}
	case kwNot:
		switch p.ahead(1).kw {
		case kwBetween, kwIn, kwLike, kwIlike, kwSimilar:
			return precBetween
		}
	case kwAt:
		if p.ahead(1).kw == kwTime && p.ahead(2).kw == kwZone {
			return precAtTimeZone
		}
	case kwCollate:
		return precCollate
	}
	return 0
}

func (p *parser) atIsDistinct() bool {
	next := p.ahead(1).kw
	return next == kwDistinct || next == kwNot && p.ahead(2).kw == kwDistinct
}

// infix reads one operator and its right operand. nonassoc is its power if it may not be followed by
// another of the same power.
func (p *parser) infix(left ast.Expr, start int32, prec int) (x ast.Expr, nonassoc int) {
	switch prec {
	case precOr, precAnd:
		return p.logical(left, start, prec), 0
	case precIs:
		return p.is(left, start)
	case precBetween:
		return p.betweenFamily(left, start)
	case precTypecast:
		p.i++
		t := p.typeName()
		return &ast.Cast{Span: p.span(start), X: left, Type: t, Colons: true}, 0
	case precCollate:
		p.i++
		name := p.qualifiedName()
		return &ast.Collate{Span: p.span(start), X: left, Collation: name}, 0
	case precAtTimeZone:
		p.i += 3
		zone := p.exprAt(precAtTimeZone + 1)
		return p.formCall(start, "timezone", ast.TimeZoneCall, zone, left), 0
	}
	op := p.operatorName()
	if k := p.kw(); k == kwAny || k == kwSome || k == kwAll {
		return p.quantified(left, start, op), 0
	}
	right := p.exprAt(prec + 1)
	if prec == precCompare {
		nonassoc = precCompare
	}
	return &ast.Binary{Span: p.span(start), Op: op, Left: left, Right: right}, nonassoc
}

// logical extends a chain of AND or of OR (invariant A3 of the tree).
func (p *parser) logical(left ast.Expr, start int32, prec int) ast.Expr {
	or, word := prec == precOr, kwAnd
	if or {
		word = kwOr
	}
	chain := &ast.Logical{Or: or, Args: make([]ast.Expr, 0, 4)}
	add := func(x ast.Expr) {
		if l, ok := x.(*ast.Logical); ok && l.Or == or {
			chain.Args = append(chain.Args, l.Args...)
			return
		}
		chain.Args = append(chain.Args, x)
	}
	add(left)
	for p.kw() == word {
		p.i++
		add(p.exprAt(prec + 1))
	}
	chain.Span = p.span(start)
	return chain
}

// is reads IS ..., ISNULL and NOTNULL.
func (p *parser) is(left ast.Expr, start int32) (x ast.Expr, nonassoc int) {
	from := p.i
	k := p.kw()
	p.i++
	if k != kwIs {
		return &ast.Is{Span: p.span(start), X: left, Kind: ast.IsNull, Not: k == kwNotnull}, 0
	}
	not := p.accept(kwNot)
	switch p.acceptOne(kwNull, kwTrue, kwFalse, kwUnknown, kwDistinct, kwDocument, kwNormalized, kwNfc, kwNfd, kwNfkc, kwNfkd) {
	case kwNull:
		return &ast.Is{Span: p.span(start), X: left, Kind: ast.IsNull, Not: not}, 0
	case kwTrue:
		return &ast.Is{Span: p.span(start), X: left, Kind: ast.IsTrue, Not: not}, 0
	case kwFalse:
		return &ast.Is{Span: p.span(start), X: left, Kind: ast.IsFalse, Not: not}, 0
	case kwUnknown:
		return &ast.Is{Span: p.span(start), X: left, Kind: ast.IsUnknown, Not: not}, 0
	case kwDistinct:
		p.expect(kwFrom)
		right := p.exprAt(precIs + 1)
		return &ast.IsDistinct{Span: p.span(start), Left: left, Right: right, Not: not}, precIs
	case kwDocument:
		p.unsupported(from, "IS DOCUMENT")
	case notKeyword:
		if p.kind() == tkIdent && p.nameValue(*p.tok()) == "json" {
			p.unsupported(from, "IS JSON")
		}
		p.syntaxError()
	}
	p.unsupported(from, "IS NORMALIZED")
	return nil, 0
}

// betweenFamily reads [NOT] BETWEEN, IN, LIKE, ILIKE and SIMILAR TO.
func (p *parser) betweenFamily(left ast.Expr, start int32) (x ast.Expr, nonassoc int) {
	not := p.accept(kwNot)
	k := p.kw()
	opTok := *p.tok()
	p.i++
	switch k {
	case kwBetween:
		return p.between(left, start, not), precBetween
	case kwIn:
		return p.in(left, start, not), 0
	case kwSimilar:
		p.expect(kwTo)
		return p.like(left, start, ast.SimilarPattern, not), precBetween
	}
	kind, name := ast.LikePattern, "~~"
	if k == kwIlike {
		kind, name = ast.ILikePattern, "~~*"
	}
	if q := p.kw(); q == kwAny || q == kwSome || q == kwAll {
		if not {
			name = "!" + name
		}
		op := ast.Operator{Span: ast.Span{Pos: opTok.pos, End: opTok.end}, Name: name}
		return p.quantified(left, start, op), 0
	}
	return p.like(left, start, kind, not), precBetween
}

func (p *parser) between(left ast.Expr, start int32, not bool) ast.Expr {
	b := &ast.Between{X: left, Not: not}
	if p.accept(kwSymmetric) {
		b.Symmetric = true
	} else {
		p.accept(kwAsymmetric)
	}
	b.Low = p.restrictedExpr()
	p.expect(kwAnd)
	b.High = p.exprAt(precBetween + 1)
	b.Span = p.span(start)
	return b
}

func (p *parser) in(left ast.Expr, start int32, not bool) ast.Expr {
	if !p.atKind(tkLParen) {
		p.syntaxError()
	}
	q, list := p.parenthesised()
	if len(list) == 0 && q == nil {
		p.syntaxErrorAt(p.i - 1)
	}
	return &ast.In{Span: p.span(start), X: left, List: list, Query: q, Not: not}
}

func (p *parser) like(left ast.Expr, start int32, kind ast.LikeKind, not bool) ast.Expr {
	l := &ast.Like{Kind: kind, Not: not, X: left}
	l.Pattern = p.exprAt(precBetween + 1)
	if p.accept(kwEscape) {
		l.Escape = p.exprAt(precBetween + 1)
	}
	l.Span = p.span(start)
	return l
}

// quantified reads ANY|SOME|ALL (array or query) after an operator.
func (p *parser) quantified(left ast.Expr, start int32, op ast.Operator) ast.Expr {
	n := &ast.Quantified{Op: op, Left: left, All: p.kw() == kwAll}
	p.i++
	if !p.atKind(tkLParen) {
		p.syntaxError()
	}
	q, list := p.parenthesised()
	switch {
	case q != nil:
		n.Query = q
	case len(list) == 1:
		n.Array = list[0]
	default:
		p.syntaxErrorAt(p.i - 1)
	}
	n.Span = p.span(start)
	return n
}

// operatorName takes an operator token or OPERATOR(schema.op).
func (p *parser) operatorName() ast.Operator {
	t := *p.tok()
	if t.kw == kwOperator {
		p.i++
		p.expectKind(tkLParen)
		op := p.anyOperator()
		p.expectKind(tkRParen)
		op.Span = p.span(t.pos)
		return op
	}
	if !t.isOperator() {
		p.wanted("an operator")
	}
	p.i++
	name := p.text(t)
	if name == "!=" {
		name = "<>"
	}
	return ast.Operator{Span: ast.Span{Pos: t.pos, End: t.end}, Name: name}
}

// anyOperator takes [schema.]op.
func (p *parser) anyOperator() ast.Operator {
	start, schema := p.tok().pos, ""
	for p.tok().isColID() {
		if schema != "" {
			schema += "."
		}
		schema += p.takeIdent().Name
		p.expectKind(tkDot)
	}
	op := p.operatorName()
	op.Schema, op.Span = schema, p.span(start)
	return op
}

func (t token) isOperator() bool { return t.kind >= tkPlus && t.kind <= tkOperator }
