package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// fromItem is a bound item of FROM: its plan, the relations that qualifiers can name, and the columns
// that * and unqualified names mean.
type fromItem struct {
	node plan.Node
	rels []*relation
	cols []scopeColumn
	ids  plan.ColumnSet // node's columns
}

// fromContext is what a FROM clause stands in.
type fromContext struct {
	outer *scope // the enclosing query
	ctes  *cteList
}

// lateral is the scope of a LATERAL item: the items to its left, then the enclosing query.
func (fc fromContext) lateral(left *fromItem) *scope { return newScope(fc.outer, fc.ctes, left) }

// closed is the scope of an item that is not lateral. The items to its left are kept for hints.
func (fc fromContext) closed(left *fromItem) *scope {
	if left == nil {
		return fc.outer
	}
	s := newScope(fc.outer, fc.ctes, nil)
	s.hidden = left.rels
	return s
}

// from binds a FROM clause; without one there is a single row without columns.
func (b *Binder) from(list []ast.TableExpr, fc fromContext) (*fromItem, error) {
	if len(list) == 0 {
		return &fromItem{node: &plan.Values{Rows: [][]plan.Expr{{}}}, ids: plan.ColumnSet{}}, nil
	}
	var acc *fromItem
	for _, t := range list {
		item, err := b.tableExpr(t, fc, acc)
		if err != nil {
			return nil, withPosition(err, t)
		}
		if acc == nil {
			acc = item
			continue
		}
		if acc, err = b.join(plan.CrossJoin, acc, item, nil, t); err != nil {
			return nil, err
		}
	}
	return acc, nil
}

// tableExpr binds one item; left is what stands to its left, for LATERAL.
func (b *Binder) tableExpr(t ast.TableExpr, fc fromContext, left *fromItem) (*fromItem, error) {
	if err := b.enter(t); err != nil {
		return nil, err
	}
	defer b.leave()
	switch t := t.(type) {
	case *ast.TableRef:
		if t.Sample != nil {
			return nil, unsupported(t.Sample, "TABLESAMPLE")
		}
		return b.tableRef(t, fc)
	case *ast.SubqueryRef:
		if t.Sample != nil {
			return nil, unsupported(t.Sample, "TABLESAMPLE")
		}
		return b.subqueryRef(t, fc, left)
	case *ast.Join:
		return b.joinExpr(t, fc, left)
	case *ast.FuncRef:
		if t.Sample != nil {
			return nil, unsupported(t.Sample, "TABLESAMPLE")
		}
		return b.funcRef(t, fc, left)
	case *ast.FileRef:
		if t.Sample != nil {
			return nil, unsupported(t.Sample, "TABLESAMPLE")
		}
		return b.fileRef(t)
	}
	return nil, unsupported(t, "this kind of FROM item")
}

func (b *Binder) tableRef(t *ast.TableRef, fc fromContext) (*fromItem, error) {
	name := t.Name.Base()
	if t.Name.Schema() == "" {
		if c := fc.ctes.find(name); c != nil {
			if t.AsOf != nil {
				return nil, unsupported(t.AsOf, "AS OF on a WITH query")
			}
			rel, err := b.cteRelation(c, t)
			if err != nil {
				return nil, err
			}
			return aliased(rel, name, t.Alias)
		}
	}
	if t.AsOf != nil {
		return b.pastRef(t)
	}
	return b.storedRef(t)
}

// storedRef binds a reference to a table or view of the catalog.
func (b *Binder) storedRef(t *ast.TableRef) (*fromItem, error) {
	table, view, err := b.lookupRelation(t.Name)
	if err != nil {
		s, none := b.lookupSequence(t.Name)
		if none != nil {
			return nil, err
		}
		table = s.Relation()
	}
	if view != nil {
		rel, err := b.viewRelation(view, t)
		if err != nil {
			return nil, err
		}
		return aliased(rel, view.Name, t.Alias)
	}
	b.readTables[table] = true
	scan := b.scan(table)
	item, err := aliased(&relational{node: scan, cols: scan.Cols, names: columnNames(scan.Cols)}, table.Name, t.Alias)
	if err != nil {
		return nil, err
	}
	r := item.rels[0]
	r.table, scan.Alias = table, r.alias
	if t.Alias == nil {
		r.schema = table.Schema
	}
	return item, nil
}

// scan reads all columns of a table; the optimizer drops those that nothing uses.
func (b *Binder) scan(table *catalog.Table) *plan.Scan {
	s := &plan.Scan{Table: table, Alias: table.Name, Cols: make([]plan.Column, len(table.Columns))}
	for i, c := range table.Columns {
		s.Cols[i] = b.newColumn(c.Name, c.Type, c.NotNull)
		s.Cols[i].Table, s.Cols[i].Ordinal = table, i
	}
	return s
}

// lookupRelation finds a table or a view by name.
func (b *Binder) lookupRelation(n *ast.Name) (*catalog.Table, *catalog.View, error) {
	name := n.Base()
	schemas := append(b.reader.SearchPath(), "pg_catalog")
	if s := n.Schema(); s != "" {
		schemas = []string{s}
	}
	for _, s := range schemas {
		if t, ok := b.reader.Table(s, name); ok {
			return t, nil, nil
		}
		if v, ok := b.reader.View(s, name); ok {
			return nil, v, nil
		}
	}
	if _, index := b.findIndex(n); index != nil {
		return nil, nil, errAt(sqlerr.WrongObjectType, n, "cannot open relation %q", name).
			WithDetail("This operation is not supported for indexes.")
	}
	err := errAt(sqlerr.UndefinedTable, n, "relation %q does not exist", n.String())
	if near, ok := nearest(name, b.relationNames()); ok {
		err = err.WithHint("Perhaps you meant the relation %q.", near)
	}
	return nil, nil, err
}

func (b *Binder) relationNames() []string {
	var names []string
	for _, t := range b.reader.Tables() {
		names = append(names, t.Name)
	}
	for _, v := range b.reader.Views() {
		names = append(names, v.Name)
	}
	return names
}

func columnNames(cols []plan.Column) []string {
	names := make([]string, len(cols))
	for i := range cols {
		names[i] = cols[i].Name
	}
	return names
}

// aliased makes a relation of columns under the name, or the alias with its column list.
func aliased(rel *relational, name string, alias *ast.Alias) (*fromItem, error) {
	r := &relation{alias: name, cols: make([]scopeColumn, len(rel.cols))}
	names := rel.names
	if alias != nil {
		if len(alias.ColumnTypes) > 0 {
			return nil, unsupported(alias, "a column definition list")
		}
		r.alias = alias.Name.Name
		if len(alias.Columns) > len(rel.cols) {
			return nil, errAt(sqlerr.InvalidColumnReference, alias, "table %q has %d columns available but %d columns specified",
				r.alias, len(rel.cols), len(alias.Columns))
		}
		names = renamed(names, alias.Columns)
	}
	ids := plan.ColumnSet{}
	for i, c := range rel.cols {
		c.Name = names[i]
		r.cols[i] = scopeColumn{names[i], plan.Ref(c)}
		ids.Add(c.ID)
	}
	return &fromItem{rel.node, []*relation{r}, r.cols, ids}, nil
}

// renamed puts new names over the first of names.
func renamed(names []string, idents []ast.Ident) []string {
	out := append([]string(nil), names...)
	for i, id := range idents {
		out[i] = id.Name
	}
	return out
}

func (b *Binder) subqueryRef(t *ast.SubqueryRef, fc fromContext, left *fromItem) (*fromItem, error) {
	outer := fc.closed(left)
	if t.Lateral {
		outer = fc.lateral(left)
	}
	rel, err := b.bindQuery(t.Query, queryContext{outer: outer, ctes: fc.ctes})
	if err != nil {
		return nil, err
	}
	item, err := aliased(rel, "", t.Alias)
	if err == nil && item.rels[0].alias == "" {
		item.rels = nil
	}
	return item, err
}

// viewRelation binds the stored query of a view. Its errors point at the reference.
func (b *Binder) viewRelation(v *catalog.View, at ast.Node) (*relational, error) {
	if b.opts.ParseView == nil {
		return nil, unsupported(at, "a view")
	}
	for _, open := range b.views {
		if open == v {
			return nil, errAt(sqlerr.InvalidRecursion, at, "infinite recursion detected in the view %q", v.Name)
		}
	}
	if len(b.views) >= MaxViewDepth {
		return nil, errAt(sqlerr.StatementTooComplex, at, "views are nested deeper than %d levels", MaxViewDepth)
	}
	b.readViews[v] = true
	b.views = append(b.views, v)
	defer func() { b.views = b.views[:len(b.views)-1] }()
	rel, err := b.storedQuery(v.Query)
	if err != nil {
		return nil, relocated(err, at, "view "+v.Name)
	}
	if len(v.Columns) > len(rel.cols) {
		return nil, errAt(sqlerr.InvalidTableDefinition, at, "view %q has more column names than columns", v.Name)
	}
	names := append([]string(nil), rel.names...)
	copy(names, v.Columns)
	return &relational{node: rel.node, cols: rel.cols, names: names}, nil
}

func (b *Binder) storedQuery(text string) (*relational, error) {
	stmt, err := b.opts.ParseView(text)
	if err != nil {
		return nil, err
	}
	q, ok := stmt.(*ast.Query)
	if !ok {
		return nil, sqlerr.New(sqlerr.InternalError, "the stored text is not a query")
	}
	return b.bindQuery(q, queryContext{})
}

// addJoin counts joins against the limit.
func (b *Binder) addJoin(at ast.Node) error {
	b.joins++
	if b.joins > MaxJoins {
		return errAt(sqlerr.StatementTooComplex, at, "a statement can have at most %d joins", MaxJoins)
	}
	return nil
}

// checkAliases refuses a relation name that stands twice at one level.
func checkAliases(left, right []*relation, at ast.Node) error {
	for _, r := range right {
		for _, l := range left {
			if l.alias == r.alias && l.schema == r.schema {
				return errAt(sqlerr.DuplicateAlias, at, "table name %q specified more than once", r.alias)
			}
		}
	}
	return nil
}

// castColumns brings the columns of rel to the types want: untyped literals of a projection are
// parsed, everything else is cast above.
func (b *Binder) castColumns(rel *relational, want []types.Type, mode castMode, at ast.Node) (plan.Node, error) {
	same := true
	for i, c := range rel.cols {
		same = same && c.Typ == want[i]
	}
	if same {
		return rel.node, nil
	}
	if p, ok := rel.node.(*plan.Project); ok {
		if n, ok, err := b.castProjection(p, want, mode, at); ok || err != nil {
			return n, err
		}
	}
	out := make([]plan.NamedExpr, len(rel.cols))
	for i, c := range rel.cols {
		e, err := b.coerce(plan.Ref(c), want[i], mode, at)
		if err != nil {
			return nil, err
		}
		out[i] = b.output(e, rel.names[i])
	}
	return &plan.Project{Input: rel.node, Exprs: out}, nil
}

// castProjection converts in the projection itself, so that literals are parsed and no second
// projection is needed.
func (b *Binder) castProjection(p *plan.Project, want []types.Type, mode castMode, at ast.Node) (plan.Node, bool, error) {
	out := make([]plan.NamedExpr, len(p.Exprs))
	for i, e := range p.Exprs {
		x, err := b.coerce(e.Expr, want[i], mode, at)
		if err != nil {
			return nil, false, err
		}
		if out[i] = e; x != e.Expr {
			out[i] = plan.NamedExpr{Out: b.newColumn(e.Out.Name, x.Type(), notNull(x)), Expr: x}
		}
	}
	return &plan.Project{Input: p.Input, Exprs: out}, true, nil
}

// output names an expression as a column; a bare column keeps its id (N2).
func (b *Binder) output(e plan.Expr, name string) plan.NamedExpr {
	if c, ok := e.(*plan.Column); ok {
		out := *c
		out.Name = name
		return plan.NamedExpr{Out: out, Expr: e}
	}
	return plan.NamedExpr{Out: b.newColumn(name, e.Type(), notNull(e)), Expr: e}
}

// notNull reports that e can never be NULL, as far as is plain.
func notNull(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Column:
		return e.NotNull
	case *plan.Const:
		return !e.Value.Null
	case *plan.IsNull:
		return true
	case *plan.Arith, *plan.Neg, *plan.Cast, *plan.Compare, *plan.And, *plan.Or, *plan.Not:
		for _, a := range e.Args() {
			if !notNull(a) {
				return false
			}
		}
		return true
	case *plan.Coalesce:
		return notNull(e.Arg[len(e.Arg)-1])
	case *plan.Case:
		for _, w := range e.Whens {
			if !notNull(w.Then) {
				return false
			}
		}
		return e.Else != nil && notNull(e.Else)
	}
	return false
}
