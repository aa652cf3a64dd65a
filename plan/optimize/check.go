package optimize

import (
	"fmt"

	"github.com/oxidb/oxidb/plan"
)

// Check verifies that every column that a node of root refers to is produced by its inputs (O3),
// that no column is produced twice in one tree, and that the columns which readers of shared plans
// name exist. It is for tests and the invariants build.
func Check(root plan.Node) error {
	for _, s := range subplans(root) {
		if err := checkTree(s.get()); err != nil {
			return err
		}
	}
	return checkTree(root)
}

func checkTree(root plan.Node) error {
	var err error
	makers := map[plan.ColumnID]plan.Node{}
	visitNodes(root, func(n plan.Node) {
		if err != nil {
			return
		}
		if err = checkNode(n); err == nil {
			err = checkMakers(n, makers)
		}
	})
	return err
}

// checkMakers: ids are made once; a projection or group may pass a column on under its own id, or
// restore an id whose column a grouping below has carried along under another.
func checkMakers(n plan.Node, makers map[plan.ColumnID]plan.Node) error {
	for _, c := range plan.Produced(n) {
		if passes(n, c.ID) {
			continue
		}
		if other := makers[c.ID]; other != nil {
			return fmt.Errorf("column %s#%d is produced by both %s and %s", c.Name, c.ID, other.Label(), n.Label())
		}
		makers[c.ID] = n
	}
	return nil
}

func passes(n plan.Node, id plan.ColumnID) bool {
	var exprs []plan.NamedExpr
	switch n := n.(type) {
	case *plan.Project:
		exprs = n.Exprs
	case *plan.Aggregate:
		exprs = n.Groups
	}
	for _, e := range exprs {
		if _, ok := e.Expr.(*plan.Column); ok && e.Out.ID == id {
			return true
		}
	}
	return false
}

func checkNode(n plan.Node) error {
	in := plan.ColumnSet{}
	for _, c := range n.Children() {
		for _, col := range c.Columns() {
			in.Add(col.ID)
		}
	}
	switch n := n.(type) {
	case *plan.Scan:
		in = plan.Outputs(n)
	case *plan.External:
		in = plan.Outputs(n)
	case *plan.Shared:
		if len(n.Cols) != len(n.Plan.Input.Columns()) {
			return fmt.Errorf("%s has %d columns, its plan %d", n.Label(), len(n.Cols), len(n.Plan.Input.Columns()))
		}
	case *plan.SetOp:
		if l, r := len(n.Left.Columns()), len(n.Right.Columns()); l != len(n.Cols) || r != len(n.Cols) {
			return fmt.Errorf("%s has %d columns of %d and %d", n.Label(), len(n.Cols), l, r)
		}
	case *plan.Join:
		l, r := plan.Outputs(n.Left), plan.Outputs(n.Right)
		for _, p := range n.Equi {
			if !within(p.Left, l) || !within(p.Right, r) {
				return fmt.Errorf("%s: a side of an equality refers to the other input", n.Label())
			}
		}
		if n.NullAware && (len(n.Equi) != 1 || len(n.Residual) > 0) {
			return fmt.Errorf("%s: null aware joins have one equality", n.Label())
		}
	}
	for _, e := range plan.Exprs(n) {
		if hasSubquery(e) {
			return fmt.Errorf("%s: a subquery is left", n.Label())
		}
		for id := range refs(e) {
			if !in.Has(id) {
				return fmt.Errorf("%s refers to column #%d, which its inputs do not produce", n.Label(), id)
			}
		}
	}
	if _, ok := n.(*plan.Apply); ok {
		return fmt.Errorf("%s is left", n.Label())
	}
	return nil
}
