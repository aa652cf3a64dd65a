package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// createTable reads CREATE TABLE after the word TABLE, and CREATE TABLE AS.
func (p *parser) createTable(start int32, life ast.Persistence) ast.Statement {
	t := &ast.CreateTable{Persistence: life, IfNotExists: p.ifNotExists()}
	t.Name = p.qualifiedName()
	switch {
	case p.kw() == kwOf:
		p.unsupported(p.i, "CREATE TABLE OF a type")
	case p.kw() == kwPartition:
		p.unsupported(p.i, "CREATE TABLE PARTITION OF")
	case p.kind() == tkIdent && p.nameValue(*p.tok()) == "clone":
		return p.cloneTable(t, start)
	case p.kind() != tkLParen || p.namesOnly():
		return p.createTableAs(t, start)
	}
	p.i++
	if p.kind() != tkRParen {
		p.tableElement(t)
		for p.acceptKind(tkComma) {
			p.tableElement(t)
		}
	}
	p.expectKind(tkRParen)
	if k := p.kw(); k == kwInherits {
		p.unsupported(p.i, "table inheritance")
	} else if k == kwPartition {
		p.unsupported(p.i, "PARTITION BY")
	}
	p.refuseAccessMethod()
	t.Options = p.tableOptions()
	t.OnCommit = p.onCommit()
	p.refuseTablespace()
	if p.accept(kwCluster) {
		t.Cluster = p.clusterKey()
	}
	t.Span = p.span(start)
	return t
}

// clusterKey reads BY (columns) after the word CLUSTER.
func (p *parser) clusterKey() []ast.Ident {
	p.expect(kwBy)
	return p.columnList()
}

func (p *parser) tableOptions() []*ast.Option {
	if p.acceptPair(kwWithout, kwOids) {
		return nil
	}
	return p.optWithOptions()
}

// namesOnly tells that the parenthesis here holds bare names, as in CREATE TABLE t (a, b) AS.
func (p *parser) namesOnly() bool {
	next := p.ahead(2).kind
	return p.ahead(1).isColID() && (next == tkComma || next == tkRParen)
}

func (p *parser) createTableAs(t *ast.CreateTable, start int32) ast.Statement {
	a := &ast.CreateTableAs{Name: t.Name, Persistence: t.Persistence, IfNotExists: t.IfNotExists}
	if p.kind() != tkLParen && !p.at(kwAs) && !p.at(kwWith) && !p.at(kwWithout) && !p.at(kwOn) && !p.at(kwUsing) && !p.at(kwTablespace) {
		p.expectKind(tkLParen)
	}
	a.Columns = p.optColumnList()
	p.refuseAccessMethod()
	a.Options = p.tableOptions()
	a.OnCommit = p.onCommit()
	p.refuseTablespace()
	p.expect(kwAs)
	if p.kw() == kwExecute {
		a.Query = p.executePrefix()
	} else {
		a.Query = p.query()
	}
	a.WithNoData = p.withNoData()
	a.Span = p.span(start)
	return a
}

// cloneTable reads CLONE source [AS OF ...].
func (p *parser) cloneTable(t *ast.CreateTable, start int32) ast.Statement {
	p.i++
	c := &ast.CloneTable{Name: t.Name, Persistence: t.Persistence, IfNotExists: t.IfNotExists}
	c.Source = p.qualifiedName()
	c.AsOf = p.optAsOf()
	c.Span = p.span(start)
	return c
}

// executePrefix reads EXECUTE name [(args)] inside a longer statement.
func (p *parser) executePrefix() ast.Statement {
	start := p.tok().pos
	p.i++
	e := &ast.Execute{Name: p.colID()}
	if p.acceptKind(tkLParen) {
		e.Args = p.exprList()
		p.expectKind(tkRParen)
	}
	e.Span = p.span(start)
	return e
}

func (p *parser) onCommit() ast.OnCommit {
	if !p.accept(kwOn) {
		return ast.OnCommitDefault
	}
	p.expect(kwCommit)
	switch p.expectOne(kwPreserve, kwDelete, kwDrop) {
	case kwPreserve:
		p.expect(kwRows)
		return ast.OnCommitPreserve
	case kwDelete:
		p.expect(kwRows)
		return ast.OnCommitDelete
	}
	return ast.OnCommitDrop
}

func (p *parser) tableElement(t *ast.CreateTable) {
	switch p.kw() {
	case kwLike:
		t.Like = append(t.Like, p.likeTable())
	case kwConstraint, kwCheck, kwUnique, kwPrimary, kwForeign, kwExclude:
		if p.kw() != kwExclude || p.ahead(1).kw == kwUsing || p.ahead(1).kind == tkLParen {
			t.Constraints = append(t.Constraints, p.tableConstraint())
			return
		}
		fallthrough
	default:
		t.Columns = append(t.Columns, p.columnDef())
	}
}

func (p *parser) likeTable() *ast.LikeTable {
	start := p.tok().pos
	p.i++
	l := &ast.LikeTable{Table: p.qualifiedName()}
	for {
		k := p.acceptOne(kwIncluding, kwExcluding)
		if k == notKeyword {
			break
		}
		what := p.expectOne(kwComments, kwCompression, kwConstraints, kwDefaults, kwIdentity, kwGenerated, kwIndexes, kwStatistics, kwStorage, kwAll)
		word := upperWords[what]
		if k == kwIncluding {
			l.Including = append(l.Including, word)
		} else {
			l.Excluding = append(l.Excluding, word)
		}
	}
	l.Span = p.span(start)
	return l
}

// columnDef reads name type with its constraints.
func (p *parser) columnDef() *ast.ColumnDef {
	start := p.tok().pos
	c := &ast.ColumnDef{Name: p.colID()}
	c.Type = p.typeName()
	if k := p.kw(); k == kwStorage || k == kwCompression {
		p.unsupported(p.i, "column "+upperWords[k])
	} else if k == kwOptions {
		p.unsupported(p.i, "column OPTIONS")
	}
	for {
		if p.accept(kwCollate) {
			c.Collation = p.qualifiedName()
			continue
		}
		k := p.columnConstraint()
		if k == nil {
			break
		}
		c.Constraints = append(c.Constraints, k)
	}
	c.Span = p.span(start)
	return c
}

// columnConstraint reads one constraint of a column; nil when none starts here.
func (p *parser) columnConstraint() *ast.Constraint {
	start := p.tok().pos
	c := &ast.Constraint{}
	named := p.accept(kwConstraint)
	if named {
		c.Name = p.colID()
	}
	switch p.acceptOne(kwNot, kwNull, kwDefault, kwCheck, kwPrimary, kwUnique, kwReferences, kwGenerated) {
	case kwNot:
		p.expect(kwNull)
	case kwNull:
		c.Kind = ast.NullConstraint
	case kwDefault:
		c.Kind, c.Expr = ast.DefaultConstraint, p.restrictedExpr()
	case kwCheck:
		p.check(c)
	case kwPrimary:
		p.expect(kwKey)
		c.Kind = ast.PrimaryConstraint
		c.Options = p.optWithOptions()
	case kwUnique:
		c.Kind = ast.UniqueConstraint
		c.NullsNotDistinct = p.nullsNotDistinct()
		c.Options = p.optWithOptions()
	case kwReferences:
		p.references(c)
	case kwGenerated:
		p.generated(c)
	default:
		if named {
			p.syntaxError()
		}
		return nil
	}
	p.constraintAttributes(c)
	c.Span = p.span(start)
	return c
}

func (p *parser) check(c *ast.Constraint) {
	c.Kind = ast.CheckConstraint
	p.expectKind(tkLParen)
	c.Expr = p.expr()
	p.expectKind(tkRParen)
}

func (p *parser) nullsNotDistinct() bool {
	if !p.accept(kwNulls) {
		return false
	}
	not := p.accept(kwNot)
	p.expect(kwDistinct)
	return not
}

// generated reads GENERATED ALWAYS AS (expr) STORED and the IDENTITY forms.
func (p *parser) generated(c *ast.Constraint) {
	at := p.i
	c.Kind = ast.IdentityConstraint
	if p.expectOne(kwAlways, kwBy) == kwAlways {
		c.Always = true
	} else {
		p.expect(kwDefault)
	}
	p.expect(kwAs)
	if p.accept(kwIdentity) {
		if p.acceptKind(tkLParen) {
			c.Sequence = p.sequenceOptions()
			if len(c.Sequence) == 0 {
				p.syntaxError()
			}
			p.expectKind(tkRParen)
		}
		return
	}
	if !c.Always {
		p.failAt(p.toks[at], sqlerr.SyntaxError, "for a generated column, GENERATED ALWAYS must be specified")
	}
	c.Kind, c.Always = ast.GeneratedConstraint, false
	p.expectKind(tkLParen)
	c.Expr = p.expr()
	p.expectKind(tkRParen)
	p.expect(kwStored)
}

func (p *parser) references(c *ast.Constraint) {
	c.Kind = ast.ForeignConstraint
	c.RefTable = p.qualifiedName()
	c.RefColumns = p.optColumnList()
	if p.accept(kwMatch) {
		switch p.expectOne(kwFull, kwPartial, kwSimple) {
		case kwFull:
			c.Match = ast.MatchFull
		case kwPartial:
			c.Match = ast.MatchPartial
		case kwSimple:
			c.Match = ast.MatchSimple
		}
	}
	for p.at(kwOn) {
		p.i++
		if p.expectOne(kwDelete, kwUpdate) == kwDelete {
			c.OnDelete = p.foreignAction()
			if p.kind() == tkLParen && c.OnDelete >= ast.ActionSetNull {
				c.OnDeleteColumns = p.columnList()
			}
			continue
		}
		c.OnUpdate = p.foreignAction()
		if p.kind() == tkLParen && c.OnUpdate >= ast.ActionSetNull {
			p.unsupported(p.i-2, "a column list of ON UPDATE SET")
		}
	}
}

func (p *parser) foreignAction() ast.ForeignAction {
	switch p.expectOne(kwNo, kwRestrict, kwCascade, kwSet) {
	case kwNo:
		p.expect(kwAction)
		return ast.ActionNoAction
	case kwRestrict:
		return ast.ActionRestrict
	case kwCascade:
		return ast.ActionCascade
	}
	action := ast.ActionSetNull
	if p.expectOne(kwNull, kwDefault) == kwDefault {
		action = ast.ActionSetDefault
	}
	return action
}

// constraintAttributes reads DEFERRABLE, INITIALLY ..., NOT VALID, NO INHERIT in any order.
func (p *parser) constraintAttributes(c *ast.Constraint) {
	for {
		switch {
		case p.accept(kwDeferrable):
			c.Deferrable = true
		case p.acceptPair(kwNot, kwDeferrable):
			c.NotDeferrable = true
		case p.acceptPair(kwInitially, kwDeferred):
			c.InitiallyDeferred = true
		case p.acceptPair(kwInitially, kwImmediate):
			c.InitiallyNow = true
		case p.acceptPair(kwNot, kwValid):
			c.NotValid = true
		case p.acceptPair(kwNo, kwInherit):
			c.NoInherit = true
		default:
			p.checkAttributes(c)
			return
		}
	}
}

func (p *parser) checkAttributes(c *ast.Constraint) {
	at := p.toks[p.i-1]
	switch {
	case c.Deferrable && c.NotDeferrable, c.InitiallyDeferred && c.InitiallyNow:
		p.failAt(at, sqlerr.SyntaxError, "conflicting constraint properties")
	case c.NotDeferrable && c.InitiallyDeferred:
		p.failAt(at, sqlerr.SyntaxError, "constraint declared INITIALLY DEFERRED must be DEFERRABLE")
	}
}

// tableConstraint reads [CONSTRAINT name] CHECK | UNIQUE | PRIMARY KEY | FOREIGN KEY.
func (p *parser) tableConstraint() *ast.Constraint {
	start := p.tok().pos
	c := &ast.Constraint{}
	if p.accept(kwConstraint) {
		c.Name = p.colID()
	}
	switch p.expectOne(kwCheck, kwUnique, kwPrimary, kwForeign, kwExclude) {
	case kwCheck:
		p.check(c)
	case kwUnique:
		c.Kind = ast.UniqueConstraint
		c.NullsNotDistinct = p.nullsNotDistinct()
		p.keyColumns(c)
	case kwPrimary:
		p.expect(kwKey)
		c.Kind = ast.PrimaryConstraint
		p.keyColumns(c)
	case kwForeign:
		p.expect(kwKey)
		c.Columns = p.columnList()
		p.expect(kwReferences)
		p.references(c)
	case kwExclude:
		p.unsupported(p.i-1, "an EXCLUDE constraint")
	}
	p.constraintAttributes(c)
	c.Span = p.span(start)
	return c
}

func (p *parser) keyColumns(c *ast.Constraint) {
	if p.accept(kwUsing) {
		p.expect(kwIndex)
		c.UsingIndex = p.colID()
		return
	}
	c.Columns = p.columnList()
	if p.accept(kwInclude) {
		c.Include = p.columnList()
	}
	c.Options = p.optWithOptions()
	if p.kw() == kwUsing {
		p.unsupported(p.i, "USING INDEX TABLESPACE")
	}
}
