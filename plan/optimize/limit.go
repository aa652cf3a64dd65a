package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// topN is the rule "top_n": a limit above a sort bounds the sort, through projections; a limit goes
// below projections and into the branches of UNION ALL.
//
//	Limit 10 offset 5 (Project (Sort))  ⇒  Limit 10 offset 5 (Project (Top 15))
func topN(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		l, ok := n.(*plan.Limit)
		if !ok || len(l.By)+len(l.Ties) > 0 {
			return n
		}
		rows, ok := limitedRows(l)
		if !ok {
			return n
		}
		if rows == 0 {
			return &plan.Empty{Cols: n.Columns()}
		}
		in, exact := bound(l.Input, rows)
		if exact && l.Offset == nil {
			return in
		}
		return l.With([]plan.Node{in})
	})
}

// limitedRows is count + offset when both are constants.
func limitedRows(l *plan.Limit) (int64, bool) {
	rows := int64(0)
	for _, e := range []plan.Expr{l.Count, l.Offset} {
		if e == nil {
			continue
		}
		c, ok := e.(*plan.Const)
		if !ok || c.Value.Null || c.Value.I < 0 {
			return 0, false
		}
		rows += c.Value.I
	}
	c, ok := l.Count.(*plan.Const)
	if ok && c.Value.I == 0 {
		return 0, true
	}
	return rows, l.Count != nil && rows >= 0
}

// bound lets n deliver no more than its first rows; exact reports that it then needs no limit above.
func bound(n plan.Node, rows int64) (_ plan.Node, exact bool) {
	switch n := n.(type) {
	case *plan.Sort:
		m := *n
		if m.Limit < 0 || m.Limit > rows {
			m.Limit = rows
		}
		return &m, true
	case *plan.Project:
		for _, e := range n.Exprs {
			if volatile(e.Expr) {
				return n, false
			}
		}
		in, exact := bound(n.Input, rows)
		return n.With([]plan.Node{in}), exact
	case *plan.SetOp:
		if n.Kind != plan.Union || !n.All {
			return n, false
		}
		l, _ := boundWith(n.Left, rows)
		r, _ := boundWith(n.Right, rows)
		return n.With([]plan.Node{l, r}), false
	}
	return n, false
}

// boundWith bounds n, by a limit of its own where nothing in it can be bounded.
func boundWith(n plan.Node, rows int64) (plan.Node, bool) {
	in, exact := bound(n, rows)
	if exact {
		return in, true
	}
	switch in.(type) {
	case *plan.SetOp, *plan.Limit, *plan.Values, *plan.Empty:
		return in, false
	}
	return &plan.Limit{Input: in, Count: rowCount(rows)}, false
}

func rowCount(rows int64) plan.Expr { return &plan.Const{Value: types.Int(types.TBigInt, rows)} }

// sorts is the rule "sorts": a sort goes where its order is lost anyway, or where at most one row
// comes; keys that repeat or are constant go, and those behind a unique key.
//
//	Aggregate by x (Sort by y (a))       ⇒  Aggregate by x (a)
//	Sort by id, name (a), id unique      ⇒  Sort by id (a)
func sorts(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Sort:
			return shortSort(n)
		case *plan.Aggregate:
			if orderFree(n) {
				return n.With([]plan.Node{unsorted(n.Input)})
			}
		case *plan.Join:
			return n.With([]plan.Node{unsorted(n.Left), unsorted(n.Right)})
		case *plan.SetOp:
			if n.Kind != plan.Union || !n.All {
				return n.With([]plan.Node{unsorted(n.Left), unsorted(n.Right)})
			}
		}
		return n
	})
}

// orderFree: no aggregate depends on the order of the input.
func orderFree(n *plan.Aggregate) bool {
	for _, a := range n.Aggs {
		switch a.Agg.Fn.Name {
		case "count", "sum", "avg", "min", "max", "bool_and", "bool_or", "every", "any_value":
		default:
			return false
		}
	}
	return true
}

// unsorted drops an unlimited sort at the top of n, below projections and filters too.
func unsorted(n plan.Node) plan.Node {
	switch n := n.(type) {
	case *plan.Sort:
		if n.Limit < 0 {
			return unsorted(n.Input)
		}
	case *plan.Project, *plan.Filter:
		in := n.Children()[0]
		if out := unsorted(in); out != in {
			return n.With([]plan.Node{out})
		}
	}
	return n
}

func shortSort(n *plan.Sort) plan.Node {
	if n.Limit < 0 && atMostOneRow(n.Input) {
		return n.Input
	}
	var keys []plan.SortKey
	seen := map[string]bool{}
	have := plan.ColumnSet{}
	for _, k := range n.Keys {
		_, constant := k.Expr.(*plan.Const)
		id := key(k.Expr)
		if constant || seen[id] {
			continue
		}
		seen[id] = true
		keys = append(keys, k)
		if c, ok := k.Expr.(*plan.Column); ok {
			have.Add(c.ID)
			if c.NotNull && isUnique(n.Input, have) && allNotNull(keys) {
				break
			}
		}
	}
	if len(keys) == len(n.Keys) {
		return n
	}
	if len(keys) == 0 && n.Limit < 0 {
		return n.Input
	}
	m := *n
	m.Keys = keys
	return &m
}

func allNotNull(keys []plan.SortKey) bool {
	for _, k := range keys {
		if c, ok := k.Expr.(*plan.Column); ok && !c.NotNull {
			return false
		}
	}
	return true
}
