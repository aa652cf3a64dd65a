package parser

import (
	"strconv"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// newLiteral takes a Literal from the slab: trees hold many of them, and long VALUES lists little else.
func (p *parser) newLiteral(span ast.Span, kind ast.LiteralKind, text string) *ast.Literal {
	if len(p.literals) == cap(p.literals) {
		p.literals = make([]ast.Literal, 0, min(max(4, 2*cap(p.literals)), 1024))
	}
	p.literals = append(p.literals, ast.Literal{Span: span, Kind: kind, Text: text})
	return &p.literals[len(p.literals)-1]
}

// number takes a number token.
func (p *parser) number() *ast.Literal {
	t := p.toks[p.i]
	p.i++
	text, kind := p.text(t), ast.IntegerLiteral
	if t.kind == tkNumeric {
		kind = ast.NumericLiteral
	}
	if len(text) > 1 && !plainNumber(text) {
		text = normalInteger(text)
	}
	return p.newLiteral(ast.Span{Pos: t.pos, End: t.end}, kind, text)
}

// plainNumber tells that the text needs no normalising: no underscore, no radix prefix.
func plainNumber(text string) bool {
	for i := range len(text) {
		if c := text[i]; c == '_' || i == 1 && radix(c) != 0 {
			return false
		}
	}
	return true
}

// primary reads c_expr.
func (p *parser) primary() ast.Expr {
	t := *p.tok()
	span := ast.Span{Pos: t.pos, End: t.end}
	switch t.kind {
	case tkInteger, tkNumeric:
		return p.number()
	case tkString:
		p.i++
		return p.newLiteral(span, ast.StringLiteral, p.stringOf(t))
	case tkBits, tkHex:
		return p.bitString(t)
	case tkParam:
		return p.indirection(p.parameter(t), t.pos)
	case tkLParen:
		return p.parenExpr()
	case tkIdent, tkQuoted:
		return p.named()
	case tkKeyword:
		return p.keywordPrimary(t.kw)
	}
	p.wanted("an expression")
	return nil
}

func (p *parser) bitString(t token) ast.Expr {
	p.i++
	kind, digits := ast.BitLiteral, p.text(t)[2:t.end-t.pos-1]
	base := 2
	if t.kind == tkHex {
		kind, base = ast.HexLiteral, 16
	}
	if t.flags&flagDecode != 0 {
		digits = ""
		eachPiece(p.sql, t, false, func(piece string, _ int) { digits += piece })
	}
	for i := range len(digits) {
		if !isRadixDigit(digits[i], base) {
			p.failAt(t, sqlerr.InvalidTextRepresentation, "%q is not a valid digit of a bit string", digits[i:i+1])
		}
	}
	return p.newLiteral(ast.Span{Pos: t.pos, End: t.end}, kind, digits)
}

func (p *parser) parameter(t token) ast.Expr {
	p.i++
	n, err := strconv.ParseInt(p.sql[t.pos+1:t.end], 10, 32)
	if err != nil || n < 1 || n > 65535 {
		p.failAt(t, sqlerr.UndefinedParameter, "there is no parameter %s", p.text(t))
	}
	p.numbered = true
	p.checkParameterStyle(t)
	return &ast.Param{Span: ast.Span{Pos: t.pos, End: t.end}, Number: int32(n), Numbered: true}
}

// placeholder takes a ?, which is the next parameter.
func (p *parser) placeholder() ast.Expr {
	t := *p.tok()
	p.i++
	p.placeholders++
	p.checkParameterStyle(t)
	return p.indirection(&ast.Param{Span: ast.Span{Pos: t.pos, End: t.end}, Number: p.placeholders}, t.pos)
}

func (p *parser) checkParameterStyle(t token) {
	if p.numbered && p.placeholders > 0 {
		p.failAt(t, sqlerr.SyntaxError, "a statement cannot mix ? and $n parameters")
	}
}

// indirection reads .name, .* and subscripts after a primary that may have them.
func (p *parser) indirection(x ast.Expr, start int32) ast.Expr {
	for links := 0; ; links++ {
		p.link(links)
		switch p.kind() {
		case tkDot:
			p.i++
			if p.acceptKind(tkStar) {
				return &ast.Star{Span: p.span(start), Of: x}
			}
			name := p.colLabel()
			x = &ast.Field{Span: p.span(start), X: x, Name: name}
		case tkLBracket:
			x = p.subscript(x, start)
		default:
			return x
		}
	}
}

func (p *parser) subscript(x ast.Expr, start int32) ast.Expr {
	p.i++
	s := &ast.Subscript{X: x}
	if p.kind() != tkColon {
		s.Index = p.expr()
	}
	if p.acceptKind(tkColon) {
		s.Slice, s.Lower, s.Index = true, s.Index, nil
		if p.kind() != tkRBracket {
			s.Upper = p.expr()
		}
	}
	p.expectKind(tkRBracket)
	s.Span = p.span(start)
	return s
}

// parenExpr reads what an opening parenthesis starts: a subquery, an expression or a row.
func (p *parser) parenExpr() ast.Expr {
	start := p.tok().pos
	q, list := p.parenthesised()
	return p.indirectionAfterParen(q, list, start)
}

func (p *parser) indirectionAfterParen(q *ast.Query, list []ast.Expr, start int32) ast.Expr {
	span := p.span(start)
	switch {
	case q != nil:
		return p.indirection(&ast.Subquery{Span: span, Query: q}, start)
	case len(list) == 1:
		return p.indirection(list[0], start)
	}
	row := &ast.Row{Span: span, Items: list}
	if p.kw() == kwOverlaps {
		return p.overlaps(row, start)
	}
	return row
}

// parenthesised reads ( query ) or ( expr, ... ). Only one result is set. An opening chain of
// parentheses in front of SELECT is decided without going back: the inner part is read first, and
// what follows it tells whether it was a query or the start of an expression.
func (p *parser) parenthesised() (*ast.Query, []ast.Expr) {
	p.enter()
	defer p.leave()
	p.i++
	if p.atQuery() {
		q := p.query()
		p.expectKind(tkRParen)
		return q, nil
	}
	start := p.tok().pos
	var first ast.Expr
	if p.kind() == tkLParen && p.leadsToQuery() {
		q, list := p.parenthesised()
		if q != nil && p.atQueryTail() {
			q = p.queryAfter(q, start)
		}
		if q != nil && p.acceptKind(tkRParen) {
			return q, nil
		}
		first = p.climb(p.indirectionAfterParen(q, list, start), start, 0, false)
	} else {
		first = p.expr()
	}
	list := []ast.Expr{first}
	for p.acceptKind(tkComma) {
		list = append(list, p.expr())
	}
	p.expectKind(tkRParen)
	return nil, list
}

// atQuery tells that a query without opening parenthesis starts here.
func (p *parser) atQuery() bool {
	switch p.kw() {
	case kwSelect, kwValues, kwWith, kwTable:
		return true
	}
	return false
}

// leadsToQuery tells that a query follows the opening parentheses here.
func (p *parser) leadsToQuery() bool {
	i := p.i
	for p.toks[i].kind == tkLParen {
		i++
	}
	switch p.toks[i].kw {
	case kwSelect, kwValues, kwWith, kwTable:
		return true
	}
	return false
}

// overlaps reads (a, b) OVERLAPS (c, d): a call of overlaps with four arguments.
func (p *parser) overlaps(left *ast.Row, start int32) ast.Expr {
	op := *p.tok()
	p.i++
	right, ok := p.primary().(*ast.Row)
	if !ok || len(left.Items) != 2 || len(right.Items) != 2 {
		p.failAt(op, sqlerr.SyntaxError, "wrong number of parameters beside OVERLAPS: it takes two rows of two")
	}
	return p.formCall(start, "overlaps", ast.PlainCall, append(append([]ast.Expr(nil), left.Items...), right.Items...)...)
}

// named reads what an identifier starts: a column, a call, or a typed literal.
func (p *parser) named() ast.Expr {
	ref := &struct {
		node  ast.ColumnRef
		parts [2]ast.Ident
	}{}
	head := *p.tok()
	ref.parts[0] = p.takeIdent()
	ref.node.Parts = ref.parts[:1]
	for p.kind() == tkDot {
		if p.ahead(1).kind == tkStar {
			p.i += 2
			return &ast.Star{Span: p.span(head.pos), Qualifier: ref.node.Parts}
		}
		p.i++
		ref.node.Parts = append(ref.node.Parts, p.colLabel())
	}
	ref.node.Span = p.span(head.pos)
	switch p.kind() {
	case tkLParen:
		if head.isTypeFuncName() {
			return p.call(&ast.Name{Span: ref.node.Span, Parts: ref.node.Parts})
		}
	case tkString:
		if head.isTypeFuncName() {
			return p.typedLiteral(p.typeFromParts(ref.node.Parts, ref.node.Span), head.pos)
		}
	case tkLBracket:
		return p.indirection(&ref.node, head.pos)
	}
	if !head.isColID() {
		p.syntaxError()
	}
	return &ref.node
}

// typedLiteral reads the string of type 'text'.
func (p *parser) typedLiteral(t *ast.TypeName, start int32) ast.Expr {
	text := p.stringValue()
	return &ast.TypedLiteral{Span: p.span(start), Type: t, Text: text}
}

// keywordPrimary reads a primary that starts with a keyword.
func (p *parser) keywordPrimary(k keywordID) ast.Expr {
	t := *p.tok()
	span := ast.Span{Pos: t.pos, End: t.end}
	switch k {
	case kwTrue, kwFalse:
		p.i++
		return p.newLiteral(span, ast.BoolLiteral, keywordTable[k].Word)
	case kwNull:
		p.i++
		return p.newLiteral(span, ast.NullLiteral, "null")
	case kwDefault:
		if !p.defaultOK {
			p.failAt(t, sqlerr.SyntaxError, "DEFAULT is not allowed in this context")
		}
		p.i++
		return &ast.Default{Span: span}
	case kwCase:
		return p.caseExpr()
	case kwCast:
		return p.cast()
	case kwArray:
		return p.array()
	}
	if p.ahead(1).kind == tkLParen {
		switch k {
		case kwExists:
			return p.exists()
		case kwRow:
			return p.explicitRow()
		}
	}
	if x := p.keywordCall(k); x != nil {
		return x
	}
	if x := p.keywordTyped(k); x != nil {
		return x
	}
	if keywordTable[k].Class == Reserved {
		p.wanted("an expression")
	}
	return p.named()
}

func (p *parser) caseExpr() ast.Expr {
	start := p.tok().pos
	p.i++
	c := &ast.Case{}
	if !p.at(kwWhen) {
		c.Operand = p.expr()
	}
	for p.at(kwWhen) || len(c.Whens) == 0 {
		arm := p.tok().pos
		p.expect(kwWhen)
		cond := p.expr()
		p.expect(kwThen)
		result := p.expr()
		c.Whens = append(c.Whens, ast.When{Span: p.span(arm), Cond: cond, Result: result})
	}
	if p.accept(kwElse) {
		c.Else = p.expr()
	}
	p.expect(kwEnd)
	c.Span = p.span(start)
	return c
}

func (p *parser) cast() ast.Expr {
	start := p.tok().pos
	p.i++
	p.expectKind(tkLParen)
	x := p.expr()
	p.expect(kwAs)
	t := p.typeName()
	p.expectKind(tkRParen)
	return &ast.Cast{Span: p.span(start), X: x, Type: t}
}

func (p *parser) exists() ast.Expr {
	start := p.tok().pos
	p.i++
	q := p.parenQuery()
	return &ast.Exists{Span: p.span(start), Query: q}
}

func (p *parser) explicitRow() ast.Expr {
	start := p.tok().pos
	p.i += 2
	row := &ast.Row{Explicit: true}
	if !p.atKind(tkRParen) {
		row.Items = p.exprList()
	}
	p.expectKind(tkRParen)
	row.Span = p.span(start)
	if p.kw() == kwOverlaps {
		return p.overlaps(row, start)
	}
	return row
}

func (p *parser) array() ast.Expr {
	start := p.tok().pos
	p.i++
	if p.kind() == tkLParen {
		q := p.parenQuery()
		return &ast.ArrayQuery{Span: p.span(start), Query: q}
	}
	if !p.atKind(tkLBracket) {
		p.syntaxError()
	}
	a := p.arrayItems()
	a.Span = p.span(start)
	return a
}

// arrayItems reads [a, b] or [[a], [b]].
func (p *parser) arrayItems() *ast.Array {
	p.enter()
	defer p.leave()
	start := p.tok().pos
	p.expectKind(tkLBracket)
	a := &ast.Array{}
	nested := p.kind() == tkLBracket
	for p.kind() != tkRBracket {
		if nested {
			a.Items = append(a.Items, p.arrayItems())
		} else {
			a.Items = append(a.Items, p.expr())
		}
		if !p.acceptKind(tkComma) {
			break
		}
		if p.kind() == tkRBracket {
			p.wanted("an expression")
		}
	}
	p.expectKind(tkRBracket)
	a.Span = p.span(start)
	return a
}
