package build

import (
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/aggregate"
	"github.com/oxidb/oxidb/exec/setop"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// setOp builds UNION as a grouping of all rows, INTERSECT and EXCEPT as a grouping that counts each
// row on either side.
func (b *builder) setOp(n *plan.SetOp, left, right exec.Operator) (exec.Operator, error) {
	if n.Kind == plan.Union {
		if n.All {
			return setop.NewUnionAll(left, right), nil
		}
		return grouped(n, nil, setop.NewUnionAll(left, right))
	}
	counts := []plan.Column{countColumn(n, "left"), countColumn(n, "right")}
	op, err := grouped(n, counts, setop.NewTagged(left, right))
	if err != nil {
		return nil, err
	}
	return setop.NewMultiset(n.Kind, n.All, op), nil
}

// countColumn is a column that no other has: below every id of the query.
func countColumn(n *plan.SetOp, side string) plan.Column {
	id := plan.ColumnID(-1)
	if side == "right" {
		id--
	}
	return plan.Column{ID: id, Name: side, Typ: types.TBigInt, NotNull: true}
}

// grouped groups the rows by all of n's columns and sums the counts.
func grouped(n *plan.SetOp, counts []plan.Column, input exec.Operator) (exec.Operator, error) {
	cols := append(n.Cols[:len(n.Cols):len(n.Cols)], counts...)
	node := &plan.Aggregate{Input: &plan.Empty{Cols: cols}}
	node.Est().Rows = n.Est().Rows
	for _, c := range n.Cols {
		node.Groups = append(node.Groups, plan.NamedExpr{Out: c, Expr: plan.Ref(c)})
	}
	for _, c := range counts {
		sum := plan.AggCall{Fn: &function.Aggregate{Name: "sum"}, Arg: []plan.Expr{plan.Ref(c)}, Typ: types.TNumeric(types.MaxPrecision, 0)}
		node.Aggs = append(node.Aggs, plan.NamedAgg{Out: c, Agg: sum})
	}
	return aggregate.New(node, input)
}
