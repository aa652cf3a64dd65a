package parser

import (
	"github.com/oxidb/oxidb/parser/ast"
)

// create reads CREATE ...; kinds that OxiDB does not have are refused by name.
func (p *parser) create() ast.Statement {
	from, start := p.i, p.tok().pos
	p.i++
	if p.acceptPair(kwOr, kwReplace) {
		return p.createOrReplace(from, start)
	}
	life := p.persistence()
	switch {
	case p.accept(kwTable):
		return p.createTable(start, life)
	case p.at(kwView) || p.at(kwRecursive):
		return p.createView(start, life, false)
	case p.accept(kwSequence):
		return p.createSequence(start, life)
	}
	if life != ast.Permanent {
		p.syntaxError()
	}
	switch {
	case p.at(kwUnique) || p.at(kwIndex):
		return p.createIndex(start)
	case p.accept(kwSchema):
		return p.createSchema(start)
	case p.at(kwMaterialized) && p.ahead(1).kw == kwView:
		p.i += 2
		return p.createMaterializedView(start, life)
	}
	p.refuseKind("CREATE", from)
	return nil
}

func (p *parser) createOrReplace(from int, start int32) ast.Statement {
	life := p.persistence()
	if p.at(kwView) || p.at(kwRecursive) {
		return p.createView(start, life, true)
	}
	p.refuseKind("CREATE", from)
	return nil
}

func (p *parser) persistence() ast.Persistence {
	switch k := p.kw(); {
	case (k == kwGlobal || k == kwLocal) && (p.ahead(1).kw == kwTemp || p.ahead(1).kw == kwTemporary):
		p.i += 2
		return ast.Temporary
	case p.accept(kwTemp) || p.accept(kwTemporary):
		return ast.Temporary
	case p.accept(kwUnlogged):
		return ast.Unlogged
	}
	return ast.Permanent
}

func (p *parser) createView(start int32, life ast.Persistence, replace bool) ast.Statement {
	v := &ast.CreateView{OrReplace: replace, Persistence: life}
	v.Recursive = p.accept(kwRecursive)
	p.expect(kwView)
	v.Name = p.qualifiedName()
	if v.Recursive && !p.atKind(tkLParen) {
		p.syntaxError()
	}
	v.Columns = p.optColumnList()
	v.Options = p.optWithOptions()
	p.expect(kwAs)
	v.Query = p.query()
	if p.accept(kwWith) {
		v.CheckOption = "CASCADED"
		if p.acceptOne(kwCascaded, kwLocal) == kwLocal {
			v.CheckOption = "LOCAL"
		}
		p.expect(kwCheck)
		p.expect(kwOption)
	}
	v.Span = p.span(start)
	return v
}

func (p *parser) createMaterializedView(start int32, life ast.Persistence) ast.Statement {
	t := &ast.CreateTableAs{Materialized: true, Persistence: life}
	t.IfNotExists = p.ifNotExists()
	t.Name = p.qualifiedName()
	t.Columns = p.optColumnList()
	p.refuseAccessMethod()
	t.Options = p.optWithOptions()
	p.refuseTablespace()
	p.expect(kwAs)
	t.Query = p.query()
	t.WithNoData = p.withNoData()
	t.Span = p.span(start)
	return t
}

func (p *parser) refuseTablespace() {
	if p.kw() == kwTablespace {
		p.i++
		p.unsupported(p.i-1, "TABLESPACE")
	}
}

func (p *parser) refuseAccessMethod() {
	if p.at(kwUsing) {
		p.i++
		name := p.colID()
		p.unsupported(p.i-2, "table access method "+name.Name)
	}
}

// withNoData reads WITH [NO] DATA and tells whether NO was there.
func (p *parser) withNoData() bool {
	if !p.accept(kwWith) {
		return false
	}
	no := p.accept(kwNo)
	p.expect(kwData)
	return no
}

func (p *parser) createIndex(start int32) ast.Statement {
	x := &ast.CreateIndex{Unique: p.accept(kwUnique)}
	p.expect(kwIndex)
	x.Concurrently = p.accept(kwConcurrently)
	if x.IfNotExists = p.ifNotExists(); x.IfNotExists || !p.at(kwOn) {
		x.Name = p.colID()
	}
	p.expect(kwOn)
	t := p.relation()
	x.Table, x.Only = t.Name, t.Only
	if p.accept(kwUsing) {
		x.Method = p.colID()
	}
	x.Elems = p.indexElems()
	if p.accept(kwInclude) {
		x.Include = p.indexElems()
	}
	if p.accept(kwNulls) {
		x.NullsNotDistinct = p.accept(kwNot)
		p.expect(kwDistinct)
	}
	x.Options = p.optWithOptions()
	p.refuseTablespace()
	if p.accept(kwWhere) {
		x.Where = p.expr()
	}
	x.Span = p.span(start)
	return x
}

// indexElems reads ( element, ... ).
func (p *parser) indexElems() []*ast.IndexElem {
	p.expectKind(tkLParen)
	list := []*ast.IndexElem{p.indexElem()}
	for p.acceptKind(tkComma) {
		list = append(list, p.indexElem())
	}
	p.expectKind(tkRParen)
	return list
}

func (p *parser) indexElem() *ast.IndexElem {
	start := p.tok().pos
	e := &ast.IndexElem{X: p.indexKey()}
	if p.accept(kwCollate) {
		e.Collation = p.qualifiedName()
	}
	if t := p.tok(); t.isColID() && t.kw != kwAsc && t.kw != kwDesc && !(t.kw == kwNulls && (p.ahead(1).kw == kwFirst || p.ahead(1).kw == kwLast)) {
		e.OpClass = p.qualifiedName()
		if p.kind() == tkLParen {
			e.ClassOptions = p.storageOptions()
		}
	}
	e.Direction = p.direction()
	e.Nulls = p.nullsOrder()
	e.Span = p.span(start)
	return e
}

// indexKey reads a column, a call, or an expression in parentheses.
func (p *parser) indexKey() ast.Expr {
	if p.kind() == tkLParen {
		p.i++
		x := p.expr()
		p.expectKind(tkRParen)
		return x
	}
	if p.startsTableFunc() {
		return p.tableCall()
	}
	name := p.colID()
	return &ast.ColumnRef{Span: name.Span, Parts: []ast.Ident{name}}
}

func (p *parser) createSchema(start int32) ast.Statement {
	s := &ast.CreateSchema{IfNotExists: p.ifNotExists()}
	if !p.at(kwAuthorization) {
		s.Name = p.colID()
	}
	if p.accept(kwAuthorization) {
		s.Authorization = p.roleSpec()
	}
	for p.at(kwCreate) && !s.IfNotExists {
		s.Elements = append(s.Elements, p.create())
	}
	if p.kw() == kwGrant {
		p.unsupported(p.i, "GRANT")
	}
	s.Span = p.span(start)
	return s
}

func (p *parser) createSequence(start int32, life ast.Persistence) ast.Statement {
	s := &ast.CreateSequence{Persistence: life, IfNotExists: p.ifNotExists()}
	s.Name = p.qualifiedName()
	s.Options = p.sequenceOptions()
	s.Span = p.span(start)
	return s
}

// sequenceOptions reads the options of a sequence until another word comes.
func (p *parser) sequenceOptions() []*ast.SequenceOption {
	var list []*ast.SequenceOption
	for {
		start := p.tok().pos
		o := p.sequenceOption()
		if o == nil {
			return list
		}
		o.Span = p.span(start)
		list = append(list, o)
	}
}

func (p *parser) sequenceOption() *ast.SequenceOption {
	switch p.acceptOne(kwAs, kwIncrement, kwMinvalue, kwMaxvalue, kwStart, kwRestart, kwCache, kwCycle, kwNo, kwOwned, kwSequence) {
	case kwSequence:
		p.expect(kwName)
		return &ast.SequenceOption{Name: "SEQUENCE NAME", Owner: p.qualifiedName()}
	case kwAs:
		return &ast.SequenceOption{Name: "AS", Type: p.typeName()}
	case kwIncrement:
		p.accept(kwBy)
		return &ast.SequenceOption{Name: "INCREMENT", Value: p.signedNumber()}
	case kwMinvalue:
		return &ast.SequenceOption{Name: "MINVALUE", Value: p.signedNumber()}
	case kwMaxvalue:
		return &ast.SequenceOption{Name: "MAXVALUE", Value: p.signedNumber()}
	case kwStart:
		p.accept(kwWith)
		return &ast.SequenceOption{Name: "START", Value: p.signedNumber()}
	case kwRestart:
		o := &ast.SequenceOption{Name: "RESTART"}
		if k := p.kind(); p.accept(kwWith) || k == tkInteger || k == tkMinus || k == tkPlus {
			o.Value = p.signedNumber()
		}
		return o
	case kwCache:
		return &ast.SequenceOption{Name: "CACHE", Value: p.signedNumber()}
	case kwCycle:
		return &ast.SequenceOption{Name: "CYCLE"}
	case kwNo:
		k := p.expectOne(kwMinvalue, kwMaxvalue, kwCycle)
		return &ast.SequenceOption{Name: map[keywordID]string{kwMinvalue: "NO MINVALUE", kwMaxvalue: "NO MAXVALUE", kwCycle: "NO CYCLE"}[k]}
	case kwOwned:
		p.expect(kwBy)
		if p.accept(kwNone) {
			return &ast.SequenceOption{Name: "OWNED BY"}
		}
		return &ast.SequenceOption{Name: "OWNED BY", Owner: p.qualifiedName()}
	}
	return nil
}
