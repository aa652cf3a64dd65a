package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// scopeColumn is a name and what it stands for: a column, or the COALESCE that a FULL JOIN USING
// merges two columns into.
type scopeColumn struct {
	name string
	expr plan.Expr
}

// relation is an item of FROM that a qualifier can name.
type relation struct {
	alias  string
	schema string         // set for a table without an alias: schema.table.column
	table  *catalog.Table // nil unless a base table
	cols   []scopeColumn
}

// scope is what names mean at one place of a query. The parent is the enclosing query, whose columns
// a correlated subquery may use.
type scope struct {
	parent *scope
	depth  int
	rels   []*relation
	cols   []scopeColumn // what * means, and where unqualified names are found
	ctes   *cteList
	// query collects the aggregates of the SELECT that owns the scope; nil where none may stand.
	query *grouping
	// clause names the place while it is bound where aggregates may not stand ("WHERE").
	clause string
	// hidden are relations beside the scope that may not be used in it: named in hints only.
	hidden []*relation
}

func newScope(parent *scope, ctes *cteList, item *fromItem) *scope {
	s := &scope{parent: parent, ctes: ctes}
	if parent != nil {
		s.depth = parent.depth + 1
	}
	if item != nil {
		s.rels, s.cols = item.rels, item.cols
	}
	return s
}

// track remembers the innermost scope, from its own outward, in which a column was found: the level
// that an aggregate over these columns belongs to.
type track struct {
	scope *scope
	found *scope
}

func (b *Binder) used(s *scope) {
	for _, t := range b.tracks {
		if s.depth <= t.scope.depth && (t.found == nil || s.depth > t.found.depth) {
			t.found = s
		}
	}
}

// ids are the columns of a scope of one table.
func (s *scope) ids() plan.ColumnSet {
	set := plan.ColumnSet{}
	for _, c := range s.cols {
		plan.AddRefs(set, c.expr)
	}
	return set
}

// find looks one unqualified name up in s alone.
func (s *scope) find(name string) (found plan.Expr, count int) {
	for i := range s.cols {
		if s.cols[i].name == name {
			if found == nil {
				found = s.cols[i].expr
			}
			count++
		}
	}
	return found, count
}

// relation finds the relation that a qualifier names in s alone.
func (s *scope) relation(schema, name string) (*relation, bool) {
	for _, r := range s.rels {
		if r.alias == name && (schema == "" || schema == r.schema) {
			return r, true
		}
	}
	return nil, false
}

// resolveColumn binds a column reference.
func (b *Binder) resolveColumn(sc *scope, ref *ast.ColumnRef) (plan.Expr, error) {
	if sc.clause == defaultClause {
		return nil, errAt(sqlerr.FeatureNotSupported, ref, "cannot use column reference in DEFAULT expression")
	}
	if len(ref.Parts) == 1 {
		return b.resolveBare(sc, ref)
	}
	qualifier, name := ref.Parts[:len(ref.Parts)-1], ref.Parts[len(ref.Parts)-1].Name
	r, s, err := b.resolveRelation(sc, qualifier, ref)
	if err != nil {
		return nil, err
	}
	found, count := (&scope{cols: r.cols}).find(name)
	switch {
	case count == 0:
		err := errAt(sqlerr.UndefinedColumn, ref, "column %s.%s does not exist", r.alias, name)
		if hint, ok := suggestColumn(name, []*relation{r}); ok {
			err = err.WithHint("%s", hint)
		}
		return nil, err
	case count > 1:
		return nil, errAt(sqlerr.AmbiguousColumn, ref, "column reference %q is ambiguous", name)
	}
	b.used(s)
	return b.reference(found, ref), nil
}

func (b *Binder) resolveBare(sc *scope, ref *ast.ColumnRef) (plan.Expr, error) {
	name := ref.Parts[0].Name
	for s := sc; s != nil; s = s.parent {
		found, count := s.find(name)
		if count > 1 {
			return nil, errAt(sqlerr.AmbiguousColumn, ref, "column reference %q is ambiguous", name)
		}
		if count == 1 {
			b.used(s)
			return b.reference(found, ref), nil
		}
	}
	for s := sc; s != nil; s = s.parent {
		if _, ok := s.relation("", name); ok {
			return nil, unsupported(ref, "a whole row as a value")
		}
	}
	err := errAt(sqlerr.UndefinedColumn, ref, "column %q does not exist", name)
	if hint, ok := suggestColumn(name, append(allRelations(sc), hiddenRelations(sc)...)); ok {
		err = err.WithHint("%s", hint)
	}
	return nil, err
}

// resolveRelation finds what a qualifier (table, schema.table, catalog.schema.table) names.
func (b *Binder) resolveRelation(sc *scope, qualifier []ast.Ident, at ast.Node) (*relation, *scope, error) {
	name := qualifier[len(qualifier)-1].Name
	schema := ""
	if len(qualifier) > 1 {
		schema = qualifier[len(qualifier)-2].Name
	}
	for s := sc; s != nil; s = s.parent {
		if r, ok := s.relation(schema, name); ok {
			return r, s, nil
		}
	}
	for _, r := range hiddenRelations(sc) {
		if r.alias == name {
			return nil, nil, errAt(sqlerr.UndefinedTable, at, "invalid reference to FROM-clause entry for table %q", name).
				WithHint("There is an entry for table %q, but it cannot be referenced from this part of the query.", name)
		}
	}
	for s := sc; s != nil; s = s.parent {
		for _, r := range s.rels {
			if r.table != nil && r.table.Name == name && r.alias != name {
				return nil, nil, errAt(sqlerr.UndefinedTable, at, "invalid reference to FROM-clause entry for table %q", name).
					WithHint("Perhaps you meant to reference the table alias %q.", r.alias)
			}
		}
	}
	err := errAt(sqlerr.UndefinedTable, at, "missing FROM-clause entry for table %q", name)
	if near, ok := nearest(name, relationNames(allRelations(sc))); ok {
		err = err.WithHint("Perhaps you meant to reference the table %q.", near)
	}
	return nil, nil, err
}

// reference gives an expression of its own for one use of a scope column and notes its place.
func (b *Binder) reference(e plan.Expr, at ast.Node) plan.Expr {
	c, ok := e.(*plan.Column)
	if !ok {
		return e
	}
	ref := plan.Ref(*c)
	pos, end := at.Range()
	b.spans[ref] = ast.Span{Pos: int32(pos), End: int32(end)}
	return ref
}

func allRelations(sc *scope) []*relation {
	var out []*relation
	for s := sc; s != nil; s = s.parent {
		out = append(out, s.rels...)
	}
	return out
}

func hiddenRelations(sc *scope) []*relation {
	var out []*relation
	for s := sc; s != nil; s = s.parent {
		out = append(out, s.hidden...)
	}
	return out
}

func relationNames(rels []*relation) []string {
	names := make([]string, len(rels))
	for i, r := range rels {
		names[i] = r.alias
	}
	return names
}
