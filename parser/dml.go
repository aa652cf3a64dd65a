package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// preparable reads a statement that PREPARE, EXPLAIN and a CTE may hold: a query or a change of rows.
func (p *parser) preparable() ast.Statement {
	p.enter()
	defer p.leave()
	start := p.tok().pos
	with := p.optWith()
	switch {
	case p.at(kwInsert):
		return p.insert(with, start)
	case p.at(kwUpdate):
		return p.update(with, start)
	case p.at(kwDelete):
		return p.deleteFrom(with, start)
	case p.at(kwMerge):
		p.i++
		p.unsupported(p.i-1, "MERGE")
	}
	return p.queryWith(with, start)
}

func (p *parser) insert(with *ast.With, start int32) ast.Statement {
	p.i++
	p.expect(kwInto)
	n := &ast.Insert{With: with, Table: p.qualifiedName()}
	if p.accept(kwAs) {
		n.Alias = p.colID()
	}
	if p.kind() == tkLParen && !p.leadsToQuery() {
		n.Columns = p.insertColumns()
	}
	p.overriding(n)
	if p.at(kwDefault) && n.Overriding == ast.OverridingNone && n.Columns == nil {
		p.i++
		p.expect(kwValues)
	} else {
		n.Source = p.query()
	}
	if p.accept(kwOn) {
		n.OnConflict = p.onConflict()
	}
	n.Returning = p.returning()
	n.Span = p.span(start)
	return n
}

// insertColumns reads (column, ...). Fields and subscripts of columns are refused by name.
func (p *parser) insertColumns() []ast.Ident {
	p.expectKind(tkLParen)
	list := []ast.Ident{p.targetColumn()}
	for p.acceptKind(tkComma) {
		list = append(list, p.targetColumn())
	}
	p.expectKind(tkRParen)
	return list
}

func (p *parser) targetColumn() ast.Ident {
	name := p.colID()
	if k := p.kind(); k == tkDot || k == tkLBracket {
		p.unsupported(p.i-1, "assignment to a field or an element of a column")
	}
	return name
}

func (p *parser) overriding(n *ast.Insert) {
	if !p.accept(kwOverriding) {
		return
	}
	n.Overriding = ast.OverridingSystem
	if p.expectOne(kwSystem, kwUser) == kwUser {
		n.Overriding = ast.OverridingUser
	}
	p.expect(kwValue)
}

func (p *parser) onConflict() *ast.OnConflict {
	start := p.toks[p.i-1].pos
	p.expect(kwConflict)
	c := &ast.OnConflict{}
	if p.kind() == tkLParen {
		c.Columns = p.indexElems()
		if p.accept(kwWhere) {
			c.TargetWhere = p.expr()
		}
	} else if p.accept(kwOn) {
		p.expect(kwConstraint)
		c.Constraint = p.colID()
	}
	p.expect(kwDo)
	if p.expectOne(kwNothing, kwUpdate) == kwNothing {
		c.DoNothing = true
	} else {
		p.expect(kwSet)
		c.Set = p.assignments()
		if p.accept(kwWhere) {
			c.Where = p.expr()
		}
	}
	c.Span = p.span(start)
	return c
}

func (p *parser) assignments() []*ast.Assignment {
	list := []*ast.Assignment{p.assignment()}
	for p.acceptKind(tkComma) {
		list = append(list, p.assignment())
	}
	return list
}

func (p *parser) assignment() *ast.Assignment {
	start := p.tok().pos
	a := &ast.Assignment{}
	if p.kind() == tkLParen {
		a.Multi = true
		a.Columns = p.insertColumns()
	} else {
		a.Columns = []ast.Ident{p.targetColumn()}
	}
	p.expectKind(tkEqual)
	outer := p.defaultOK
	p.defaultOK = true
	a.Value = p.expr()
	p.defaultOK = outer
	a.Span = p.span(start)
	return a
}

func (p *parser) returning() []*ast.Target {
	if !p.accept(kwReturning) {
		return nil
	}
	return p.targets()
}

// changedTable reads the table of UPDATE and DELETE. SET is no alias unless AS stands before it.
func (p *parser) changedTable() *ast.TableRef {
	t := p.relation()
	if p.kw() != kwSet {
		start := p.tok().pos
		if p.accept(kwAs) || p.tok().isColID() {
			t.Alias = &ast.Alias{Name: p.colID()}
			t.Alias.Span = p.span(start)
		}
	}
	t.Span = p.span(t.Pos)
	return t
}

func (p *parser) update(with *ast.With, start int32) ast.Statement {
	p.i++
	n := &ast.Update{With: with, Table: p.changedTable()}
	p.expect(kwSet)
	n.Set = p.assignments()
	if p.accept(kwFrom) {
		n.From = p.fromList()
	}
	n.Where = p.whereOrCursor()
	n.Returning = p.returning()
	n.Span = p.span(start)
	return n
}

func (p *parser) deleteFrom(with *ast.With, start int32) ast.Statement {
	p.i++
	p.expect(kwFrom)
	n := &ast.Delete{With: with, Table: p.changedTable()}
	if p.accept(kwUsing) {
		n.Using = p.fromList()
	}
	n.Where = p.whereOrCursor()
	n.Returning = p.returning()
	n.Span = p.span(start)
	return n
}

func (p *parser) whereOrCursor() ast.Expr {
	if !p.accept(kwWhere) {
		return nil
	}
	if p.kw() == kwCurrent && p.ahead(1).kw == kwOf {
		p.unsupported(p.i-1, "WHERE CURRENT OF")
	}
	return p.expr()
}

// copyStatement reads COPY with the options in parentheses or in the syntax of PostgreSQL 8.
func (p *parser) copyStatement() ast.Statement {
	start := p.tok().pos
	p.i++
	c := &ast.Copy{}
	if p.accept(kwBinary) {
		c.Options = append(c.Options, p.wordOption("format", "binary"))
	}
	if p.kind() == tkLParen {
		p.i++
		c.Query = p.preparable()
		p.expectKind(tkRParen)
		p.expect(kwTo)
		c.To = true
	} else {
		c.Table = p.qualifiedName()
		c.Columns = p.optColumnList()
		c.To = p.expectOne(kwFrom, kwTo) == kwTo
	}
	p.copyPlace(c)
	if p.at(kwUsing) || p.at(kwDelimiters) {
		p.accept(kwUsing)
		p.expect(kwDelimiters)
		c.Options = append(c.Options, p.stringOption("delimiter"))
	}
	p.accept(kwWith)
	if p.kind() == tkLParen {
		c.Options = append(c.Options, p.copyOptions()...)
	} else {
		p.oldCopyOptions(c)
	}
	if !c.To && p.accept(kwWhere) {
		c.Where = p.expr()
	}
	c.Span = p.span(start)
	return c
}

func (p *parser) copyPlace(c *ast.Copy) {
	at := *p.tok()
	switch {
	case p.accept(kwStdin), p.accept(kwStdout):
		c.Stdio = true
		return
	case p.accept(kwProgram):
		c.Program = true
	}
	c.File = p.stringValue()
	if c.File == "" {
		p.failAt(at, sqlerr.InvalidName, "COPY needs the name of a file")
	}
}

func (p *parser) wordOption(name, value string) *ast.Option {
	span := p.span(p.toks[p.i-1].pos)
	return &ast.Option{Span: span, Name: name, Value: &ast.Word{Span: span, Text: value}}
}

// stringOption reads [AS] 'text' as the value of an option whose name was read.
func (p *parser) stringOption(name string) *ast.Option {
	start := p.toks[p.i-1].pos
	p.accept(kwAs)
	at := p.tok().pos
	text := p.stringValue()
	return &ast.Option{Span: p.span(start), Name: name, Value: p.newLiteral(p.span(at), ast.StringLiteral, text)}
}

// oldCopyOptions reads the options without parentheses (copy_opt_list).
func (p *parser) oldCopyOptions(c *ast.Copy) {
	for {
		var o *ast.Option
		switch p.acceptOne(kwBinary, kwFreeze, kwDelimiter, kwNull, kwCsv, kwHeader, kwQuote, kwEscape, kwForce, kwEncoding) {
		case kwBinary:
			o = p.wordOption("format", "binary")
		case kwFreeze:
			o = &ast.Option{Span: p.span(p.toks[p.i-1].pos), Name: "freeze"}
		case kwDelimiter:
			o = p.stringOption("delimiter")
		case kwNull:
			o = p.stringOption("null")
		case kwCsv:
			o = p.wordOption("format", "csv")
		case kwHeader:
			o = &ast.Option{Span: p.span(p.toks[p.i-1].pos), Name: "header"}
		case kwQuote:
			o = p.stringOption("quote")
		case kwEscape:
			o = p.stringOption("escape")
		case kwForce:
			o = p.forceOption()
		case kwEncoding:
			o = p.stringOption("encoding")
		default:
			return
		}
		c.Options = append(c.Options, o)
	}
}

// forceOption reads QUOTE|NOT NULL|NULL columns after FORCE. A star is the value *Star, a column
// list the value *Row of *Word.
func (p *parser) forceOption() *ast.Option {
	start := p.toks[p.i-1].pos
	o := &ast.Option{Name: "force_quote"}
	switch p.expectOne(kwQuote, kwNot, kwNull) {
	case kwNot:
		p.expect(kwNull)
		o.Name = "force_not_null"
	case kwNull:
		o.Name = "force_null"
	}
	at := p.tok().pos
	if o.Name == "force_quote" && p.acceptKind(tkStar) {
		o.Value = &ast.Star{Span: p.span(at)}
	} else {
		row := &ast.Row{}
		for {
			name := p.colID()
			row.Items = append(row.Items, &ast.Word{Span: name.Span, Text: name.Name})
			if !p.acceptKind(tkComma) {
				break
			}
		}
		row.Span = p.span(at)
		o.Value = row
	}
	o.Span = p.span(start)
	return o
}
