package bind_test

import (
	"fmt"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// checker proves a bound plan well-formed: every column used is made below or by an enclosing query,
// nothing is of type unknown, comparisons have one type, and no node delivers an id twice.
type checker struct {
	shared map[*plan.SharedPlan]bool
}

func checkStatement(s plan.Statement) error {
	c := &checker{map[*plan.SharedPlan]bool{}}
	switch s := s.(type) {
	case *plan.Query:
		if len(s.Names) != len(s.Root.Columns()) {
			return fmt.Errorf("%d names for %d columns", len(s.Names), len(s.Root.Columns()))
		}
		return c.node(s.Root, nil)
	case *plan.Insert:
		return c.write(s.Input, s.RowCols, s.Checks, s.Returning)
	case *plan.Update:
		return c.write(s.Input, s.RowCols, s.Checks, s.Returning)
	case *plan.Delete:
		return c.write(s.Input, s.RowCols, nil, s.Returning)
	case *plan.CopyTo:
		return checkStatement(s.Query)
	case *plan.CopyFrom:
		return checkStatement(s.Insert)
	case *plan.Explain:
		return checkStatement(s.Target)
	}
	return nil
}

func (c *checker) write(input plan.Node, row []plan.Column, checks []plan.Expr, returning []plan.NamedExpr) error {
	visible := plan.ColumnSet{}
	for _, col := range row {
		visible.Add(col.ID)
	}
	for _, e := range checks {
		if err := c.expr(e, visible); err != nil {
			return err
		}
	}
	for _, e := range returning {
		if err := c.expr(e.Expr, visible); err != nil {
			return err
		}
	}
	if input == nil {
		return nil
	}
	out := plan.Outputs(input)
	if !out.ContainsAll(visible) {
		return fmt.Errorf("the row's columns are not the input's")
	}
	return c.node(input, nil)
}

func (c *checker) node(n plan.Node, outer plan.ColumnSet) error {
	seen := plan.ColumnSet{}
	for _, col := range n.Columns() {
		if seen.Has(col.ID) {
			return fmt.Errorf("%s delivers column %s#%d twice", n.Label(), col.Name, col.ID)
		}
		seen.Add(col.ID)
		if col.Typ.Kind == types.Unknown {
			return fmt.Errorf("%s delivers %s of type unknown", n.Label(), col.Name)
		}
	}
	visible := plan.ColumnSet{}
	for id := range outer {
		visible.Add(id)
	}
	for i, child := range n.Children() {
		below := outer
		if _, apply := n.(*plan.Apply); apply && i == 1 {
			below = visible
		}
		if err := c.node(child, below); err != nil {
			return err
		}
		for id := range plan.Outputs(child) {
			visible.Add(id)
		}
	}
	if s, ok := n.(*plan.Scan); ok {
		for _, col := range s.Cols {
			if col.Table != s.Table || s.Table.Columns[col.Ordinal].Type != col.Typ {
				return fmt.Errorf("scan column %s does not name its base column", col.Name)
			}
			visible.Add(col.ID)
		}
	}
	if s, ok := n.(*plan.Shared); ok && !c.shared[s.Plan] {
		c.shared[s.Plan] = true
		if err := c.node(s.Plan.Input, nil); err != nil {
			return err
		}
	}
	if err := c.shape(n); err != nil {
		return err
	}
	for _, e := range plan.Exprs(n) {
		if err := c.expr(e, visible); err != nil {
			return fmt.Errorf("%s: %w", n.Label(), err)
		}
	}
	return nil
}

// shape checks that inputs fit the outputs of nodes that have both.
func (c *checker) shape(n plan.Node) error {
	match := func(cols, input []plan.Column) error {
		if len(cols) != len(input) {
			return fmt.Errorf("%s: %d columns over %d", n.Label(), len(cols), len(input))
		}
		for i := range cols {
			if cols[i].Typ != input[i].Typ {
				return fmt.Errorf("%s: column %d is %s over %s", n.Label(), i, cols[i].Typ, input[i].Typ)
			}
		}
		return nil
	}
	switch n := n.(type) {
	case *plan.SetOp:
		if err := match(n.Cols, n.Left.Columns()); err != nil {
			return err
		}
		return match(n.Cols, n.Right.Columns())
	case *plan.Recursive:
		if err := match(n.Cols, n.Init.Columns()); err != nil {
			return err
		}
		return match(n.Cols, n.Step.Columns())
	case *plan.Shared:
		return match(n.Cols, n.Plan.Input.Columns())
	case *plan.Project:
		for _, e := range n.Exprs {
			if e.Out.Typ != e.Expr.Type() {
				return fmt.Errorf("%s: %s is declared %s", n.Label(), e.Expr, e.Out.Typ)
			}
		}
	case *plan.Values:
		for _, row := range n.Rows {
			for i, e := range row {
				if e.Type() != n.Cols[i].Typ {
					return fmt.Errorf("values: %s is declared %s", e, n.Cols[i].Typ)
				}
			}
		}
	}
	return nil
}

func (c *checker) expr(e plan.Expr, visible plan.ColumnSet) (err error) {
	plan.Walk(e, func(e plan.Expr) bool {
		if err != nil {
			return false
		}
		if e.Type().Kind == types.Unknown {
			err = fmt.Errorf("%s has type unknown", e)
			return false
		}
		switch e := e.(type) {
		case *plan.Column:
			if !visible.Has(e.ID) {
				err = fmt.Errorf("column %s#%d comes from nowhere", e.Name, e.ID)
			}
		case *plan.Compare:
			err = sameType(e.L, e.R)
		case *plan.InList:
			for _, x := range e.List {
				if err == nil {
					err = sameType(e.X, x)
				}
			}
		case *plan.Case:
			for _, w := range e.Whens {
				if w.Then.Type() != e.Typ {
					err = fmt.Errorf("%s: arm of type %s in CASE of type %s", e, w.Then.Type(), e.Typ)
				}
			}
		case *plan.Arith:
			err = arithOperands(e)
		case *plan.Subquery:
			if err = c.node(e.Input, visible); err == nil {
				for i, l := range e.Left {
					if err == nil {
						err = sameType(l, plan.Ref(e.Input.Columns()[i]))
					}
				}
			}
		}
		return err == nil
	})
	return err
}

func sameType(l, r plan.Expr) error {
	if l.Type() == r.Type() || l.Type().IsText() && r.Type().IsText() {
		return nil
	}
	return fmt.Errorf("%s of type %s is compared with %s of type %s", l, l.Type(), r, r.Type())
}

// arithOperands is invariant N4.
func arithOperands(e *plan.Arith) error {
	l, r := e.L.Type(), e.R.Type()
	if l.IsNumber() && (l == r || l.Kind == types.Numeric && r.Kind == types.Numeric) {
		return nil
	}
	for _, ok := range [][2]types.Kind{
		{types.Date, types.Integer}, {types.Integer, types.Date}, {types.Date, types.Date}, {types.Date, types.Time},
		{types.Timestamp, types.Interval}, {types.Interval, types.Timestamp}, {types.Timestamp, types.Timestamp},
		{types.TimestampTZ, types.Interval}, {types.Interval, types.TimestampTZ}, {types.TimestampTZ, types.TimestampTZ},
		{types.Time, types.Interval}, {types.Interval, types.Time}, {types.Time, types.Time}, {types.Interval, types.Interval},
		{types.Interval, types.Double}, {types.Double, types.Interval},
	} {
		if l.Kind == ok[0] && r.Kind == ok[1] {
			return nil
		}
	}
	return fmt.Errorf("%s combines %s with %s", e, l, r)
}
