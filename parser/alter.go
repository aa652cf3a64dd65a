package parser

import (
	"strings"

	"github.com/oxidb/oxidb/parser/ast"
)

// alter reads ALTER TABLE, VIEW, INDEX, SEQUENCE and MATERIALIZED VIEW; other kinds are refused by
// name.
func (p *parser) alter() ast.Statement {
	from, start := p.i, p.tok().pos
	p.i++
	a := &ast.AlterTable{}
	switch {
	case p.accept(kwTable):
	case p.accept(kwView):
		a.Kind = ast.ViewObject
	case p.acceptPair(kwMaterialized, kwView):
		a.Kind = ast.MaterializedViewObject
	case p.accept(kwIndex):
		a.Kind = ast.IndexObject
	case p.accept(kwSchema):
		return p.alterSchema(from, start)
	case p.accept(kwSequence):
		return p.alterSequence(start)
	case p.accept(kwSystem):
		return p.alterSystem(start)
	default:
		p.refuseKind("ALTER", from)
	}
	if p.kw() == kwAll && p.ahead(1).kw == kwIn {
		p.unsupported(from, "ALTER "+a.Kind.String()+" ALL IN TABLESPACE")
	}
	a.IfExists = p.ifExists()
	t := p.relation()
	a.Name, a.Only = t.Name, t.Only
	if a.Kind == ast.IndexObject && p.at(kwRename) && p.ahead(1).kw != kwTo {
		p.syntaxErrorAt(p.i + 1)
	}
	a.Actions = []*ast.AlterAction{p.alterAction()}
	for p.acceptKind(tkComma) {
		a.Actions = append(a.Actions, p.alterAction())
	}
	a.Span = p.span(start)
	return a
}

// alterSchema reads ALTER SCHEMA name RENAME TO|OWNER TO.
func (p *parser) alterSchema(from int, start int32) ast.Statement {
	name := p.colID()
	a := &ast.AlterTable{Kind: ast.SchemaObject, Name: &ast.Name{Span: name.Span, Parts: []ast.Ident{name}}}
	at := p.tok().pos
	action := &ast.AlterAction{Kind: ast.RenameTable}
	if p.expectOne(kwRename, kwOwner) == kwOwner {
		action.Kind = ast.OwnerTo
	}
	p.expect(kwTo)
	action.NewName = p.roleSpec()
	action.Span = p.span(at)
	a.Actions = []*ast.AlterAction{action}
	a.Span = p.span(start)
	return a
}

// alterSystem reads SET name = value, RESET name and RESET ALL after ALTER SYSTEM.
func (p *parser) alterSystem(start int32) ast.Statement {
	a := &ast.AlterSystem{}
	switch {
	case p.expectOne(kwSet, kwReset) == kwSet:
		a.Name = p.qualifiedName().String()
		if !p.acceptKind(tkEqual) {
			p.expect(kwTo)
		}
		a.Values = p.settingValues()
	case !p.accept(kwAll):
		a.Name = p.qualifiedName().String()
	}
	a.Span = p.span(start)
	return a
}

func (p *parser) alterAction() *ast.AlterAction {
	from, start := p.i, p.tok().pos
	a := &ast.AlterAction{}
	switch p.acceptOne(kwAdd, kwDrop, kwRename, kwAlter, kwSet, kwReset, kwOwner, kwValidate) {
	case kwAdd:
		p.alterAdd(a)
	case kwDrop:
		p.alterDrop(a)
	case kwRename:
		p.alterRename(a)
	case kwAlter:
		p.alterColumn(a, from)
	case kwSet:
		p.alterSet(a, from)
	case kwReset:
		a.Kind, a.Options = ast.ResetOptions, p.storageOptions()
	case kwOwner:
		p.expect(kwTo)
		a.Kind, a.NewName = ast.OwnerTo, p.roleSpec()
	case kwValidate:
		p.expect(kwConstraint)
		a.Kind, a.Constraint = ast.ValidateConstraint, p.colID()
	default:
		if !p.alterCluster(a) {
			p.refuseAction(from)
		}
	}
	a.Span = p.span(start)
	return a
}

// alterCluster reads CLUSTER BY (columns) and NO CLUSTER; CLUSTER ON and NO INHERIT are others.
func (p *parser) alterCluster(a *ast.AlterAction) bool {
	next := p.ahead(1)
	switch {
	case p.kw() == kwCluster && next.kind == tkKeyword && next.kw == kwBy:
		p.i++
		a.Cluster = p.clusterKey()
	case p.kw() == kwNo && next.kind == tkKeyword && next.kw == kwCluster:
		p.i += 2
	default:
		return false
	}
	a.Kind = ast.SetCluster
	return true
}

// refuseAction names the ALTER TABLE actions that OxiDB does not have.
func (p *parser) refuseAction(from int) {
	switch k := p.kw(); k {
	case kwInherit, kwNo, kwAttach, kwDetach, kwCluster, kwEnable, kwDisable, kwReplica, kwForce, kwOf, kwNot, kwOptions, kwDepends:
		word := upperWords[k]
		p.i++
		if next := p.tok(); next.kind == tkKeyword {
			word += " " + upperWords[next.kw]
		}
		p.unsupported(from, "ALTER TABLE "+word)
	}
	p.syntaxError()
}

func (p *parser) alterAdd(a *ast.AlterAction) {
	switch p.kw() {
	case kwConstraint, kwCheck, kwUnique, kwPrimary, kwForeign, kwExclude:
		a.Kind, a.AddedConstraint = ast.AddConstraint, p.tableConstraint()
		return
	}
	p.accept(kwColumn)
	a.IfNotExists = p.ifNotExists()
	a.Kind, a.Def = ast.AddColumn, p.columnDef()
}

func (p *parser) alterDrop(a *ast.AlterAction) {
	if p.accept(kwConstraint) {
		a.Kind, a.IfExists = ast.DropConstraint, p.ifExists()
		a.Constraint = p.colID()
	} else {
		p.accept(kwColumn)
		a.Kind, a.IfExists = ast.DropColumn, p.ifExists()
		a.Column = p.colID()
	}
	a.Behavior = p.behavior()
}

func (p *parser) behavior() ast.Behavior {
	switch p.acceptOne(kwCascade, kwRestrict) {
	case kwCascade:
		return ast.Cascade
	case kwRestrict:
		return ast.Restrict
	}
	return ast.BehaviorDefault
}

func (p *parser) alterRename(a *ast.AlterAction) {
	switch {
	case p.accept(kwTo):
		a.Kind, a.NewName = ast.RenameTable, p.colID()
		return
	case p.accept(kwConstraint):
		a.Kind, a.Constraint = ast.RenameConstraint, p.colID()
	default:
		p.accept(kwColumn)
		a.Kind, a.Column = ast.RenameColumn, p.colID()
	}
	p.expect(kwTo)
	a.NewName = p.colID()
}

func (p *parser) alterSet(a *ast.AlterAction, from int) {
	switch {
	case p.kind() == tkLParen:
		a.Kind, a.Options = ast.SetOptions, p.storageOptions()
	case p.accept(kwSchema):
		a.Kind, a.NewName = ast.SetSchema, p.colID()
	case p.accept(kwLogged):
		a.Kind = ast.SetLogged
	case p.accept(kwUnlogged):
		a.Kind = ast.SetUnlogged
	case p.kw() == kwWithout || p.kw() == kwTablespace || p.kw() == kwAccess:
		word := upperWords[p.kw()]
		p.i++
		p.unsupported(from, "ALTER TABLE SET "+word)
	default:
		p.syntaxError()
	}
}

func (p *parser) alterColumn(a *ast.AlterAction, from int) {
	if p.accept(kwConstraint) {
		at := p.tok().pos
		c := &ast.Constraint{Kind: ast.ForeignConstraint, Name: p.colID()}
		p.constraintAttributes(c)
		c.Span = p.span(at)
		a.Kind, a.AddedConstraint = ast.AlterConstraint, c
		return
	}
	p.accept(kwColumn)
	if p.kind() == tkInteger {
		p.unsupported(from, "ALTER COLUMN by number")
	}
	a.Column = p.colID()
	if p.atIdentityOption() {
		a.Kind, a.Sequence = ast.SetIdentity, p.identityOptions()
		return
	}
	switch p.expectOne(kwSet, kwDrop, kwType, kwAdd, kwReset, kwRestart) {
	case kwAdd:
		at := p.tok().pos
		p.expect(kwGenerated)
		c := &ast.Constraint{}
		p.generated(c)
		if c.Span = p.span(at); c.Kind != ast.IdentityConstraint {
			p.unsupported(from, "ALTER COLUMN ADD GENERATED of an expression")
		}
		a.Kind, a.AddedConstraint = ast.AddIdentity, c
	case kwSet:
		p.alterColumnSet(a, from)
	case kwDrop:
		p.alterColumnDrop(a)
	case kwType:
		p.alterType(a)
	default:
		p.unsupported(from, "ALTER COLUMN "+strings.ToUpper(p.text(p.toks[p.i-1])))
	}
}

func (p *parser) alterColumnSet(a *ast.AlterAction, from int) {
	switch {
	case p.accept(kwNot):
		p.expect(kwNull)
		a.Kind = ast.SetNotNull
	case p.accept(kwDefault):
		a.Kind, a.Expr = ast.SetDefault, p.expr()
	case p.accept(kwData):
		p.expect(kwType)
		p.alterType(a)
	case p.accept(kwStatistics):
		a.Kind, a.Expr = ast.SetStatistics, p.signedNumber()
	case p.kind() == tkLParen:
		p.unsupported(from, "ALTER COLUMN SET (options)")
	default:
		// The options of identity columns have been read: here they only name what may follow SET.
		k := p.expectOne(kwStorage, kwCompression, kwGenerated, kwIncrement, kwMinvalue, kwMaxvalue, kwStart, kwCache, kwCycle, kwNo)
		p.unsupported(from, "ALTER COLUMN SET "+upperWords[k])
	}
}

func (p *parser) alterColumnDrop(a *ast.AlterAction) {
	switch p.expectOne(kwNot, kwDefault, kwExpression, kwIdentity) {
	case kwNot:
		p.expect(kwNull)
		a.Kind = ast.DropNotNull
	case kwDefault:
		a.Kind = ast.DropDefault
	case kwIdentity:
		a.Kind, a.IfExists = ast.DropIdentity, p.ifExists()
	default:
		a.Kind, a.IfExists = ast.DropExpression, p.ifExists()
	}
}

func (p *parser) alterType(a *ast.AlterAction) {
	a.Kind, a.Type = ast.AlterType, p.typeName()
	if p.accept(kwCollate) {
		a.Collation = p.qualifiedName()
	}
	if p.accept(kwUsing) {
		a.Expr = p.expr()
	}
}
