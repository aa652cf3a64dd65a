package parser

import (
	"strconv"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// typeName reads Typename: a type with modifiers, array bounds and SETOF.
func (p *parser) typeName() *ast.TypeName {
	start := p.tok().pos
	setOf := p.accept(kwSetof)
	t := p.simpleType()
	t.SetOf = setOf
	p.arrayBounds(t)
	t.Span = p.span(start)
	return t
}

func (p *parser) arrayBounds(t *ast.TypeName) {
	if p.accept(kwArray) {
		dim := int32(-1)
		if p.acceptKind(tkLBracket) {
			dim = p.arraySize()
			p.expectKind(tkRBracket)
		}
		t.ArrayDims = []int32{dim}
		return
	}
	for p.acceptKind(tkLBracket) {
		dim := int32(-1)
		if p.kind() != tkRBracket {
			dim = p.arraySize()
		}
		p.expectKind(tkRBracket)
		t.ArrayDims = append(t.ArrayDims, dim)
	}
}

func (p *parser) arraySize() int32 {
	if !p.atKind(tkInteger) {
		p.syntaxError()
	}
	return p.smallInteger()
}

// smallInteger takes an integer literal that fits 32 bits.
func (p *parser) smallInteger() int32 {
	t := *p.tok()
	if !p.atKind(tkInteger) {
		p.syntaxError()
	}
	n, err := strconv.ParseInt(p.number().Text, 10, 32)
	if err != nil {
		p.failAt(t, sqlerr.SyntaxError, "syntax error at or near \"%s\"", p.text(t))
	}
	return int32(n)
}

// typeFromParts makes a type of a name that was read as something else before.
func (p *parser) typeFromParts(parts []ast.Ident, span ast.Span) *ast.TypeName {
	n := len(parts) - 1
	t := &ast.TypeName{Span: span, Name: parts[n].Name}
	if n > 0 {
		t.Qualifier = parts[:n:n]
	}
	return t
}

// simpleType reads SimpleTypename, except SETOF and array bounds.
func (p *parser) simpleType() *ast.TypeName {
	start := p.tok().pos
	if t := p.builtinType(p.kw()); t != nil {
		t.Span = p.span(start)
		return t
	}
	if !p.tok().isTypeFuncName() {
		p.wanted("a type")
	}
	parts := []ast.Ident{p.takeIdent()}
	for p.kind() == tkDot {
		p.i++
		parts = append(parts, p.colLabel())
	}
	t := p.typeFromParts(parts, p.span(start))
	if p.kind() == tkPercent && p.ahead(1).kw == kwType {
		p.unsupported(p.i, "%TYPE")
	}
	t.Mods = p.typeMods()
	return t
}

// typeMods reads an optional list of modifiers.
func (p *parser) typeMods() []ast.Expr {
	if !p.acceptKind(tkLParen) {
		return nil
	}
	mods := p.exprList()
	p.expectKind(tkRParen)
	return mods
}

// builtinType reads a type that SQL spells with keywords, and gives it its catalog name (invariant
// A5 of the tree); nil when k starts no such type.
func (p *parser) builtinType(k keywordID) *ast.TypeName {
	if simple := keywordType(k); simple != "" {
		p.i++
		return &ast.TypeName{Name: simple}
	}
	switch k {
	case kwFloat:
		p.i++
		return p.floatType()
	case kwDouble:
		if p.ahead(1).kw != kwPrecision {
			return nil
		}
		p.i += 2
		return &ast.TypeName{Name: "float8"}
	case kwDecimal, kwDec, kwNumeric:
		p.i++
		return &ast.TypeName{Name: "numeric", Mods: p.typeMods()}
	case kwBit:
		p.i++
		return p.lengthType("bit", "varbit", p.accept(kwVarying))
	case kwNational:
		p.i++
		p.expectOne(kwCharacter, kwChar)
		return p.lengthType("bpchar", "varchar", p.accept(kwVarying))
	case kwCharacter, kwChar, kwNchar:
		p.i++
		return p.lengthType("bpchar", "varchar", p.accept(kwVarying))
	case kwVarchar:
		p.i++
		return p.lengthType("bpchar", "varchar", true)
	case kwTime, kwTimestamp:
		p.i++
		return p.timeType(keywordTable[k].Word)
	case kwInterval:
		p.i++
		return p.intervalType()
	}
	return nil
}

// keywordType is the catalog name of a type that is one keyword without modifiers, or "".
func keywordType(k keywordID) string {
	switch k {
	case kwInt, kwInteger:
		return "int4"
	case kwSmallint:
		return "int2"
	case kwBigint:
		return "int8"
	case kwReal:
		return "float4"
	case kwBoolean:
		return "bool"
	}
	return ""
}

func (p *parser) floatType() *ast.TypeName {
	t := &ast.TypeName{Name: "float8"}
	if !p.acceptKind(tkLParen) {
		return t
	}
	at := *p.tok()
	n := p.smallInteger()
	switch {
	case n < 1:
		p.failAt(at, sqlerr.InvalidParameterValue, "precision for type float must be at least 1 bit")
	case n > 53:
		p.failAt(at, sqlerr.InvalidParameterValue, "precision for type float must be less than 54 bits")
	case n <= 24:
		t.Name = "float4"
	}
	p.expectKind(tkRParen)
	return t
}

// lengthType reads the length of a bit or character type. Fixed ones without a length have length 1.
func (p *parser) lengthType(fixed, varying string, isVarying bool) *ast.TypeName {
	t := &ast.TypeName{Name: fixed}
	if isVarying {
		t.Name = varying
	}
	t.Mods = p.typeMods()
	if t.Mods == nil && !isVarying {
		t.Mods = []ast.Expr{p.newLiteral(p.span(p.toks[p.i-1].pos), ast.IntegerLiteral, "1")}
	}
	return t
}

func (p *parser) timeType(name string) *ast.TypeName {
	t := &ast.TypeName{Name: name}
	if p.kind() == tkLParen {
		t.Mods = p.precision()
	}
	if k := p.kw(); (k == kwWith || k == kwWithout) && p.ahead(1).kw == kwTime {
		p.i += 2
		p.expect(kwZone)
		if k == kwWith {
			t.Name += "tz"
			if name == "time" {
				t.Name = "timetz"
			}
		}
	}
	return t
}

// precision reads (n).
func (p *parser) precision() []ast.Expr {
	p.expectKind(tkLParen)
	if !p.atKind(tkInteger) {
		p.syntaxError()
	}
	mods := []ast.Expr{p.number()}
	p.expectKind(tkRParen)
	return mods
}

func (p *parser) intervalType() *ast.TypeName {
	t := &ast.TypeName{Name: "interval"}
	if p.kind() == tkLParen {
		t.Mods = p.precision()
		return t
	}
	p.intervalFields(t)
	return t
}

// intervalFields reads YEAR, DAY TO SECOND(3) and the like.
func (p *parser) intervalFields(t *ast.TypeName) {
	first := p.acceptOne(kwYear, kwMonth, kwDay, kwHour, kwMinute, kwSecond)
	last := notKeyword
	if first != notKeyword && first != kwSecond && first != kwMonth && p.accept(kwTo) {
		last = p.expectOne(intervalEnds(first)...)
	}
	if first == notKeyword {
		return
	}
	t.Interval = intervalFieldsOf(first, last)
	if (first == kwSecond || last == kwSecond) && p.kind() == tkLParen {
		t.Mods = p.precision()
	}
}

func intervalEnds(first keywordID) []keywordID {
	switch first {
	case kwYear:
		return []keywordID{kwMonth}
	case kwDay:
		return []keywordID{kwHour, kwMinute, kwSecond}
	case kwHour:
		return []keywordID{kwMinute, kwSecond}
	}
	return []keywordID{kwSecond}
}

func intervalFieldsOf(first, last keywordID) ast.IntervalFields {
	return map[[2]keywordID]ast.IntervalFields{
		{kwYear}: ast.IntervalYear, {kwMonth}: ast.IntervalMonth, {kwDay}: ast.IntervalDay, {kwHour}: ast.IntervalHour,
		{kwMinute}: ast.IntervalMinute, {kwSecond}: ast.IntervalSecond, {kwYear, kwMonth}: ast.IntervalYearToMonth,
		{kwDay, kwHour}: ast.IntervalDayToHour, {kwDay, kwMinute}: ast.IntervalDayToMinute,
		{kwDay, kwSecond}: ast.IntervalDayToSecond, {kwHour, kwMinute}: ast.IntervalHourToMinute,
		{kwHour, kwSecond}: ast.IntervalHourToSecond, {kwMinute, kwSecond}: ast.IntervalMinuteToSecond,
	}[[2]keywordID{first, last}]
}

// keywordTyped reads a literal whose type is spelled with keywords: INTERVAL '1' DAY, TIMESTAMP '...',
// DOUBLE PRECISION '1'. nil when the keyword is used as a name here.
func (p *parser) keywordTyped(k keywordID) ast.Expr {
	mark, start := p.i, p.tok().pos
	if !p.startsTypedLiteral(k) {
		return nil
	}
	if k == kwInterval && p.ahead(1).kind == tkString {
		p.i++
		text := p.stringValue()
		t := &ast.TypeName{Span: ast.Span{Pos: start, End: p.toks[mark].end}, Name: "interval"}
		p.intervalFields(t)
		return &ast.TypedLiteral{Span: p.span(start), Type: t, Text: text}
	}
	t := p.builtinType(k)
	if t == nil {
		return nil
	}
	t.Span = p.span(start)
	if p.kind() != tkString {
		p.wanted("a string")
	}
	if k == kwBit || k == kwChar || k == kwCharacter || k == kwNchar || k == kwNational {
		if p.toks[p.i-1].kind != tkRParen {
			t.Mods = nil // a literal without a length has the length of its text
		}
	}
	return p.typedLiteral(t, start)
}

func (p *parser) startsTypedLiteral(k keywordID) bool {
	switch k {
	case kwInt, kwInteger, kwSmallint, kwBigint, kwReal, kwBoolean, kwFloat, kwDecimal, kwDec, kwNumeric, kwBit, kwCharacter,
		kwChar, kwNchar, kwVarchar, kwTime, kwTimestamp, kwInterval:
	case kwDouble, kwNational:
		next := p.ahead(1).kw
		return next == kwPrecision && p.ahead(2).kind == tkString || next == kwCharacter || next == kwChar
	default:
		return false
	}
	switch next := p.ahead(1); {
	case next.kind == tkString || next.kind == tkLParen:
		return true
	case next.kw == kwVarying:
		return true
	case next.kw == kwWith || next.kw == kwWithout:
		return (k == kwTime || k == kwTimestamp) && p.ahead(2).kw == kwTime
	}
	return false
}
