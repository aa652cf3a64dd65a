package parser

import (
	"strings"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// formCall makes the call of a catalog function that special syntax stands for.
func (p *parser) formCall(start int32, name string, form ast.CallForm, args ...ast.Expr) *ast.FuncCall {
	span := p.span(start)
	return &ast.FuncCall{Span: span, Form: form, Args: args,
		Name: &ast.Name{Span: span, Parts: []ast.Ident{{Span: span, Name: name}}}}
}

// call reads a call from its opening parenthesis on, with the clauses of aggregates and windows.
func (p *parser) call(name *ast.Name) ast.Expr {
	f := &ast.FuncCall{Name: name}
	p.i++
	all := false
	switch {
	case p.acceptKind(tkRParen):
	case p.kind() == tkStar && p.ahead(1).kind == tkRParen:
		p.i += 2
		f.Star = true
	default:
		if p.accept(kwDistinct) {
			f.Distinct = true
		} else {
			all = p.accept(kwAll)
		}
		p.callArgs(f)
		if p.accept(kwOrder) {
			p.expect(kwBy)
			f.OrderBy = p.orderList()
		}
		p.endArgs(f)
	}
	if p.kind() == tkString && !f.Distinct && !f.Star && !all && !f.Variadic && len(f.Args) > 0 && f.OrderBy == nil {
		t := p.typeFromParts(name.Parts, name.Span)
		t.Mods = f.Args
		return p.typedLiteral(t, name.Pos)
	}
	p.callClauses(f)
	f.Span = p.span(name.Pos)
	return f
}

func (p *parser) callArgs(f *ast.FuncCall) {
	for {
		if p.accept(kwVariadic) {
			f.Variadic = true
		}
		arg := p.callArg()
		if _, named := arg.(*ast.NamedArg); !named && len(f.Args) > 0 {
			if _, after := f.Args[len(f.Args)-1].(*ast.NamedArg); after {
				pos, end := arg.Range()
				p.fail(sqlerr.At(sqlerr.SyntaxError, pos, end, "positional argument cannot follow named argument"))
			}
		}
		f.Args = append(f.Args, arg)
		if f.Variadic || !p.acceptKind(tkComma) {
			return
		}
	}
}

// callArg reads one argument, with name => or name := before it.
func (p *parser) callArg() ast.Expr {
	if next := p.ahead(1).kind; (next == tkArrow || next == tkAssign) && p.tok().isTypeFuncName() {
		start := p.tok().pos
		name := p.takeIdent()
		p.i++
		value := p.expr()
		return &ast.NamedArg{Span: p.span(start), Name: name, Value: value}
	}
	return p.expr()
}

// endArgs takes the closing parenthesis; the own syntax of the SQL/JSON constructors is refused by name.
func (p *parser) endArgs(f *ast.FuncCall) {
	if p.kind() != tkRParen && len(f.Name.Parts) == 1 && strings.HasPrefix(f.Name.Base(), "json") {
		p.unsupported(p.i, "the SQL/JSON syntax of "+f.Name.Base())
	}
	p.expectKind(tkRParen)
}

func (p *parser) callClauses(f *ast.FuncCall) {
	if p.kw() == kwWithin && p.ahead(1).kw == kwGroup {
		at := *p.tok()
		p.i += 2
		p.expectKind(tkLParen)
		p.expect(kwOrder)
		p.expect(kwBy)
		switch {
		case f.OrderBy != nil:
			p.failAt(at, sqlerr.SyntaxError, "cannot use multiple ORDER BY clauses with WITHIN GROUP")
		case f.Distinct:
			p.failAt(at, sqlerr.SyntaxError, "cannot use DISTINCT with WITHIN GROUP")
		case f.Variadic:
			p.failAt(at, sqlerr.SyntaxError, "cannot use VARIADIC with WITHIN GROUP")
		}
		f.OrderBy, f.WithinGroup = p.orderList(), true
		p.expectKind(tkRParen)
	}
	if p.kw() == kwFilter && p.ahead(1).kind == tkLParen {
		p.i += 2
		p.expect(kwWhere)
		f.Filter = p.expr()
		p.expectKind(tkRParen)
	}
	if p.kw() == kwOver {
		f.Over = p.over()
	}
}

// keywordCall reads the functions that are keywords with a syntax of their own; nil for none.
func (p *parser) keywordCall(k keywordID) ast.Expr {
	start := p.tok().pos
	switch k {
	case kwCurrentDate, kwCurrentRole, kwCurrentUser, kwSessionUser, kwUser, kwCurrentCatalog:
		p.i++
		return p.formCall(start, keywordTable[k].Word, ast.KeywordCall)
	case kwCurrentSchema:
		if p.ahead(1).kind == tkLParen {
			return nil
		}
		p.i++
		return p.formCall(start, keywordTable[k].Word, ast.KeywordCall)
	case kwCurrentTime, kwCurrentTimestamp, kwLocaltime, kwLocaltimestamp:
		return p.currentTime(k)
	case kwCollation:
		if p.ahead(1).kw == kwFor {
			return p.collationFor()
		}
		return nil
	}
	if p.ahead(1).kind != tkLParen {
		return nil
	}
	switch k {
	case kwCoalesce, kwGreatest, kwLeast, kwGrouping:
		p.i += 2
		args := p.exprList()
		p.expectKind(tkRParen)
		return p.formCall(start, keywordTable[k].Word, ast.BuiltinCall, args...)
	case kwNullif:
		return p.nullif()
	case kwExtract:
		return p.extract()
	case kwSubstring:
		return p.substring()
	case kwPosition:
		return p.position()
	case kwOverlay:
		return p.overlay()
	case kwTrim:
		return p.trim()
	case kwNormalize:
		return p.normalize()
	case kwTreat, kwXmlconcat, kwXmlelement, kwXmlexists, kwXmlforest, kwXmlparse, kwXmlpi, kwXmlroot, kwXmlserialize, kwXmltable:
		p.unsupported(p.i, upperWords[k])
	}
	return nil
}

func (p *parser) currentTime(k keywordID) ast.Expr {
	start := p.tok().pos
	p.i++
	var args []ast.Expr
	if p.acceptKind(tkLParen) {
		if !p.atKind(tkInteger) {
			p.syntaxError()
		}
		args = append(args, p.number())
		p.expectKind(tkRParen)
	}
	return p.formCall(start, keywordTable[k].Word, ast.KeywordCall, args...)
}

func (p *parser) collationFor() ast.Expr {
	start := p.tok().pos
	p.i += 2
	p.expectKind(tkLParen)
	x := p.expr()
	p.expectKind(tkRParen)
	return p.formCall(start, "pg_collation_for", ast.CollationCall, x)
}

func (p *parser) nullif() ast.Expr {
	start := p.tok().pos
	p.i += 2
	a := p.expr()
	p.expectKind(tkComma)
	b := p.expr()
	p.expectKind(tkRParen)
	return p.formCall(start, "nullif", ast.BuiltinCall, a, b)
}

// extract reads EXTRACT(field FROM x); the field is a word or a string.
func (p *parser) extract() ast.Expr {
	start := p.tok().pos
	p.i += 2
	t := *p.tok()
	var field string
	switch {
	case t.kind == tkString:
		field = p.stringValue()
	case t.kind == tkIdent || t.kind == tkQuoted:
		field = p.takeIdent().Name
	case t.kind == tkKeyword && p.acceptOne(kwYear, kwMonth, kwDay, kwHour, kwMinute, kwSecond) != notKeyword:
		field = keywordTable[t.kw].Word
	default:
		p.wanted("a field of a date or time")
	}
	lit := p.newLiteral(ast.Span{Pos: t.pos, End: t.end}, ast.StringLiteral, field)
	p.expect(kwFrom)
	x := p.expr()
	p.expectKind(tkRParen)
	return p.formCall(start, "extract", ast.ExtractCall, lit, x)
}

// plainArgs finishes the call of a keyword function that has the ordinary argument list.
func (p *parser) plainArgs(start int32, name string, first ...ast.Expr) ast.Expr {
	f := p.formCall(start, name, ast.PlainCall, first...)
	f.Name.End = f.Name.Pos + int32(len(name))
	if len(first) == 0 && p.kind() != tkRParen || len(first) > 0 && p.acceptKind(tkComma) {
		p.callArgs(f)
	}
	p.expectKind(tkRParen)
	p.callClauses(f)
	f.Span = p.span(start)
	return f
}

func (p *parser) substring() ast.Expr {
	start := p.tok().pos
	p.i += 2
	if p.kind() == tkRParen {
		return p.plainArgs(start, "substring")
	}
	x := p.callArg()
	var from, length ast.Expr
	for {
		switch {
		case from == nil && p.accept(kwFrom):
			from = p.expr()
			continue
		case length == nil && p.accept(kwFor):
			length = p.expr()
			continue
		case from == nil && length == nil && p.accept(kwSimilar):
			pattern := p.expr()
			p.expect(kwEscape)
			escape := p.expr()
			p.expectKind(tkRParen)
			return p.formCall(start, "substring", ast.SimilarCall, x, pattern, escape)
		}
		break
	}
	if from == nil && length == nil {
		return p.plainArgs(start, "substring", x)
	}
	p.expectKind(tkRParen)
	if from == nil {
		from = p.newLiteral(p.span(start), ast.IntegerLiteral, "1")
	}
	args := []ast.Expr{x, from}
	if length != nil {
		args = append(args, length)
	}
	return p.formCall(start, "substring", ast.SubstringCall, args...)
}

func (p *parser) position() ast.Expr {
	start := p.tok().pos
	p.i += 2
	part := p.restrictedExpr()
	p.expect(kwIn)
	whole := p.restrictedExpr()
	p.expectKind(tkRParen)
	return p.formCall(start, "position", ast.PositionCall, whole, part)
}

func (p *parser) overlay() ast.Expr {
	start := p.tok().pos
	p.i += 2
	if p.kind() == tkRParen {
		return p.plainArgs(start, "overlay")
	}
	x := p.callArg()
	if !p.accept(kwPlacing) {
		return p.plainArgs(start, "overlay", x)
	}
	args := []ast.Expr{x, p.expr()}
	p.expect(kwFrom)
	args = append(args, p.expr())
	if p.accept(kwFor) {
		args = append(args, p.expr())
	}
	p.expectKind(tkRParen)
	return p.formCall(start, "overlay", ast.OverlayCall, args...)
}

// trim reads TRIM([BOTH|LEADING|TRAILING] [chars] FROM x) and TRIM(x, chars).
func (p *parser) trim() ast.Expr {
	start := p.tok().pos
	p.i += 2
	name := "btrim"
	switch p.acceptOne(kwBoth, kwLeading, kwTrailing) {
	case kwLeading:
		name = "ltrim"
	case kwTrailing:
		name = "rtrim"
	}
	var args []ast.Expr
	if p.accept(kwFrom) {
		args = p.exprList()
	} else {
		args = p.exprList()
		if len(args) == 1 && p.accept(kwFrom) {
			args = append(p.exprList(), args...)
		}
	}
	p.expectKind(tkRParen)
	return p.formCall(start, name, ast.TrimCall, args...)
}

func (p *parser) normalize() ast.Expr {
	start := p.tok().pos
	p.i += 2
	args := []ast.Expr{p.expr()}
	if p.acceptKind(tkComma) {
		t := *p.tok()
		k := p.expectOne(kwNfc, kwNfd, kwNfkc, kwNfkd)
		args = append(args, p.newLiteral(ast.Span{Pos: t.pos, End: t.end}, ast.StringLiteral, upperWords[k]))
	}
	p.expectKind(tkRParen)
	return p.formCall(start, "normalize", ast.NormalizeCall, args...)
}

// over reads OVER name or OVER (specification).
func (p *parser) over() *ast.Window {
	start := p.tok().pos
	p.i++
	if p.kind() != tkLParen {
		name := p.colID()
		return &ast.Window{Span: p.span(start), Ref: name, Bare: true}
	}
	return p.window()
}

// window reads ( [name] [PARTITION BY] [ORDER BY] [frame] ).
func (p *parser) window() *ast.Window {
	start := p.tok().pos
	w := &ast.Window{}
	p.expectKind(tkLParen)
	if k := p.kw(); p.tok().isColID() && k != kwPartition && k != kwRange && k != kwRows && k != kwGroups {
		w.Ref = p.takeIdent()
	}
	if p.accept(kwPartition) {
		p.expect(kwBy)
		w.PartitionBy = p.exprList()
	}
	if p.accept(kwOrder) {
		p.expect(kwBy)
		w.OrderBy = p.orderList()
	}
	if p.at(kwRange) || p.at(kwRows) || p.at(kwGroups) {
		w.Frame = p.frame()
	}
	p.expectKind(tkRParen)
	w.Span = p.span(start)
	return w
}

func (p *parser) frame() *ast.Frame {
	start := p.tok().pos
	f := &ast.Frame{Stop: ast.Bound{Kind: ast.CurrentRow}}
	switch p.expectOne(kwRange, kwRows, kwGroups) {
	case kwRows:
		f.Mode = ast.FrameRows
	case kwGroups:
		f.Mode = ast.FrameGroups
	}
	at := *p.tok()
	if p.accept(kwBetween) {
		f.Start = p.bound()
		p.expect(kwAnd)
		f.Stop = p.bound()
	} else {
		f.Start = p.bound()
	}
	p.checkFrame(f, at)
	if p.accept(kwExclude) {
		switch p.expectOne(kwCurrent, kwGroup, kwTies, kwNo) {
		case kwCurrent:
			p.expect(kwRow)
			f.Exclude = ast.ExcludeCurrentRow
		case kwGroup:
			f.Exclude = ast.ExcludeGroup
		case kwTies:
			f.Exclude = ast.ExcludeTies
		case kwNo:
			p.expect(kwOthers)
		}
	}
	f.Span = p.span(start)
	return f
}

func (p *parser) bound() ast.Bound {
	if p.acceptPair(kwUnbounded, kwPreceding) {
		return ast.Bound{Kind: ast.UnboundedPreceding}
	}
	if p.acceptPair(kwUnbounded, kwFollowing) {
		return ast.Bound{Kind: ast.UnboundedFollowing}
	}
	if p.acceptPair(kwCurrent, kwRow) {
		return ast.Bound{Kind: ast.CurrentRow}
	}
	x := p.expr()
	if p.expectOne(kwPreceding, kwFollowing) == kwPreceding {
		return ast.Bound{Kind: ast.OffsetPreceding, Offset: x}
	}
	return ast.Bound{Kind: ast.OffsetFollowing, Offset: x}
}

// checkFrame refuses frames that end before they start (PostgreSQL's frame_extent rules).
func (p *parser) checkFrame(f *ast.Frame, at token) {
	switch {
	case f.Start.Kind == ast.UnboundedFollowing:
		p.failAt(at, sqlerr.WindowingError, "frame start cannot be UNBOUNDED FOLLOWING")
	case f.Stop.Kind == ast.UnboundedPreceding:
		p.failAt(at, sqlerr.WindowingError, "frame end cannot be UNBOUNDED PRECEDING")
	case f.Start.Kind == ast.CurrentRow && f.Stop.Kind == ast.OffsetPreceding:
		p.failAt(at, sqlerr.WindowingError, "frame starting from current row cannot have preceding rows")
	case f.Start.Kind == ast.OffsetFollowing && (f.Stop.Kind == ast.OffsetPreceding || f.Stop.Kind == ast.CurrentRow):
		p.failAt(at, sqlerr.WindowingError, "frame starting from following row cannot have preceding rows")
	}
}
