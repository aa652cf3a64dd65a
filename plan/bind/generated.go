package bind

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// invalidObjectDefinition is PostgreSQL's invalid_object_definition.
const invalidObjectDefinition sqlerr.State = "42P17"

// generatedClause is what messages call the expression of a generated column.
const generatedClause = "column generation expressions"

// generated makes a column GENERATED ALWAYS AS (…) STORED.
func (d *definition) generated(col *catalog.Column, k *ast.Constraint) error {
	switch {
	case col.Generated != "":
		return errAt(sqlerr.SyntaxError, k, "multiple generation clauses specified for column %q of table %q", col.Name, d.table.Name)
	case col.Default != "":
		return errAt(sqlerr.SyntaxError, k, "both default and generation expression specified for column %q of table %q", col.Name, d.table.Name)
	case col.Identity != catalog.NotIdentity:
		return errAt(sqlerr.SyntaxError, k, "both identity and generation expression specified for column %q of table %q", col.Name, d.table.Name)
	}
	col.Generated = ast.Format(k.Expr)
	d.generations = append(d.generations, generation{col.Name, k})
	return nil
}

// generation is a generated column of the statement, to be checked when all columns are known.
type generation struct {
	column string
	k      *ast.Constraint
}

// checkGenerated binds the generation expressions of the statement.
func (d *definition) checkGenerated() error {
	for _, g := range d.generations {
		o := d.table.Ordinal(g.column)
		if o < 0 {
			continue
		}
		if _, err := d.generatedExpr(d.table, d.scan(d.table).Cols, d.table.Columns[o], g.k.Expr); err != nil {
			return err
		}
	}
	return nil
}

// generatedExpr binds the expression of a generated column over a row.
func (b *Binder) generatedExpr(table *catalog.Table, row []plan.Column, c catalog.Column, x ast.Expr) (plan.Expr, error) {
	sc := tableScope(table.Name, table, row, generatedClause)
	e, err := b.storable(sc, x, "column generation expression")
	if err != nil {
		return nil, err
	}
	if from := e.Type(); from.Kind != types.Unknown && !types.Assignable(from, c.Type) {
		return nil, errAt(sqlerr.DatatypeMismatch, x, "column %q is of type %s but generation expression is of type %s", c.Name, c.Type.Kind, from.Kind).
			WithHint("You will need to rewrite or cast the expression.")
	}
	for i := range table.Columns {
		if table.Columns[i].IsGenerated() && usesColumn(e, row[i].ID) {
			err := errAt(invalidObjectDefinition, x, "cannot use generated column %q in column generation expression", table.Columns[i].Name)
			if table.Columns[i].Name != c.Name {
				return nil, err.WithDetail("A generated column cannot reference another generated column.")
			}
			return nil, err.WithDetail("This would cause the generated column to depend on its own value.")
		}
	}
	if !immutable(e) { // the assignment to the column's type need not be, as in PostgreSQL
		return nil, errAt(invalidObjectDefinition, x, "generation expression is not immutable")
	}
	return b.assign(e, c.Name, c.Type, x)
}

func usesColumn(e plan.Expr, id plan.ColumnID) bool {
	_, ok := plan.UsedColumns(e)[id]
	return ok
}

// immutable reports that an expression gives the same for the same row at any time and in any session.
func immutable(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Call:
		if e.Fn.Volatile || e.Fn.Stable {
			return false
		}
	case *plan.Arith:
		if hasZone(e.L.Type()) && e.R.Type().Kind == types.Interval || hasZone(e.R.Type()) && e.L.Type().Kind == types.Interval {
			return false // days are as long as TimeZone says
		}
	case *plan.Cast:
		if hasZone(e.X.Type()) != hasZone(e.Typ) && !isConst(e.X) {
			return false // depends on TimeZone
		}
		if e.X.Type().IsText() && e.Typ.IsDatetime() && !isConst(e.X) || e.X.Type().IsDatetime() && e.Typ.IsText() {
			return false // depends on DateStyle, in PostgreSQL
		}
	}
	return !slices.ContainsFunc(e.Args(), func(a plan.Expr) bool { return !immutable(a) })
}

func hasZone(t types.Type) bool { return t.Kind == types.TimestampTZ }

func isConst(e plan.Expr) bool { _, ok := e.(*plan.Const); return ok }

// hasGenerated reports that the table computes some of its columns.
func hasGenerated(t *catalog.Table) bool {
	return slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.IsGenerated() })
}

// withGenerated computes the generated columns of the row that input delivers in its first columns;
// what comes after them passes through.
func (b *Binder) withGenerated(table *catalog.Table, input plan.Node, row []plan.Column) (plan.Node, error) {
	c, err := b.computed(table, row)
	if err != nil {
		return nil, err
	}
	return c.over(input), nil
}

// computation is the row of a table with its generated columns computed, which have new ids.
type computation struct {
	row   []plan.Column
	exprs map[int]plan.NamedExpr // by ordinal; nil when the table has no generated columns
}

func (b *Binder) computed(table *catalog.Table, row []plan.Column) (*computation, error) {
	if !hasGenerated(table) {
		return &computation{row: row}, nil
	}
	c := &computation{row: slices.Clone(row), exprs: map[int]plan.NamedExpr{}}
	for i, col := range table.Columns {
		if !col.IsGenerated() {
			continue
		}
		e, err := b.Generation(table, row, col)
		if err != nil {
			return nil, err
		}
		c.row[i] = b.newColumn(col.Name, col.Type, notNull(e))
		c.exprs[i] = plan.NamedExpr{Out: c.row[i], Expr: e}
	}
	return c, nil
}

// over computes above input, whose first columns are the row before.
func (c *computation) over(input plan.Node) plan.Node {
	if c.exprs == nil {
		return input
	}
	exprs := passThrough(input, input.Columns()).(*plan.Project).Exprs
	for i, e := range c.exprs {
		exprs[i] = e
	}
	return &plan.Project{Input: input, Exprs: exprs}
}

// Generation binds the stored expression of a generated column over the columns of a row of its table,
// in the table's order.
func (b *Binder) Generation(table *catalog.Table, row []plan.Column, c catalog.Column) (plan.Expr, error) {
	x, err := b.storedExpr(c.Generated)
	if err != nil {
		return nil, err
	}
	e, err := b.generatedExpr(table, row, c, x)
	if err != nil {
		return nil, relocated(err, ast.Span{Pos: -1, End: -1}, "the generated column "+c.Name)
	}
	return e, nil
}

// brokenGenerations names the generated columns that mean nothing over the columns that are left.
func (d *definition) brokenGenerations() []string {
	var broken []string
	for _, c := range d.table.Columns {
		if c.IsGenerated() {
			if _, err := d.Generation(d.table, d.scan(d.table).Cols, c); err != nil {
				broken = append(broken, c.Name)
			}
		}
	}
	return broken
}
