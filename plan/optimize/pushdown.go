package optimize

import (
	"github.com/oxidb/oxidb/plan"
)

// pushdown is the rule "push_filters": predicates move to the lowest place that has their columns,
// scans included; outer joins whose NULL-extended rows a predicate rejects become inner joins;
// equalities hand constants to their other side; OR conditions over several inputs leave with each
// input what they imply for it.
//
//	Filter a.x = 5, b.y > 0 (Left Join on a.x = b.x (a, b))
//	  ⇒  Inner Join on a.x = b.x (Scan a where x = 5, Scan b where y > 0 AND x = 5)
func pushdown(o *optimizer, root plan.Node) plan.Node {
	return o.push(root, nil)
}

// push gives n with preds applied to its rows, as deep as they go.
func (o *optimizer) push(n plan.Node, preds []plan.Expr) plan.Node {
	var here []plan.Expr
	preds, here = splitVolatile(preds)
	return filter(o.pushPure(n, preds), here)
}

func splitVolatile(preds []plan.Expr) (pure, rest []plan.Expr) {
	for _, p := range preds {
		if volatile(p) {
			rest = append(rest, p)
		} else {
			pure = append(pure, p)
		}
	}
	return pure, rest
}

func (o *optimizer) pushPure(n plan.Node, preds []plan.Expr) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		s := simplifier{o: o, children: []plan.Node{n.Input}}
		all, never := s.conjuncts(append(preds, n.Preds...))
		if never {
			return &plan.Empty{Cols: n.Columns()}
		}
		return o.push(n.Input, all)
	case *plan.Scan:
		m := *n
		m.Filters = dedupe(withPrefixRanges(append(n.Filters[:len(n.Filters):len(n.Filters)], preds...)))
		return &m
	case *plan.External:
		m := *n
		m.Filters = dedupe(append(n.Filters[:len(n.Filters):len(n.Filters)], preds...))
		return &m
	case *plan.Project:
		return o.pushThroughProject(n, preds)
	case *plan.Join:
		return o.pushIntoJoin(n, preds)
	case *plan.Aggregate:
		return o.pushThroughAggregate(n, preds)
	case *plan.Distinct:
		return o.pushThroughDistinct(n, preds)
	case *plan.Window:
		return o.pushThroughWindow(n, preds)
	case *plan.Sort:
		if n.Limit < 0 {
			return n.With([]plan.Node{o.push(n.Input, preds)})
		}
	case *plan.SetOp:
		return o.pushIntoSetOp(n, preds)
	case *plan.Generate:
		return o.pushIntoGenerate(n, preds)
	case *plan.Empty:
		return n
	}
	return filter(o.pushBelow(n), preds)
}

// pushBelow starts anew below an operator that lets nothing through.
func (o *optimizer) pushBelow(n plan.Node) plan.Node {
	children := n.Children()
	if len(children) == 0 {
		return n
	}
	for i, c := range children {
		children[i] = keep(o.push(c, nil), c.Columns())
	}
	return n.With(children)
}

func (o *optimizer) pushThroughProject(n *plan.Project, preds []plan.Expr) plan.Node {
	b := binding{}
	outs := plan.ColumnSet{}
	for _, e := range n.Exprs {
		if !volatile(e.Expr) {
			b[e.Out.ID] = e.Expr
			outs.Add(e.Out.ID)
		}
	}
	var below, above []plan.Expr
	s := simplifier{o: o, children: []plan.Node{n.Input}}
	for _, p := range preds {
		if !within(p, outs) {
			above = append(above, p)
			continue
		}
		below = append(below, plan.Rewrite(b.substitute(p), s.step))
	}
	below, never := s.conjuncts(below)
	if never {
		return &plan.Empty{Cols: n.Columns()}
	}
	in := o.push(n.Input, below)
	if isEmpty(in) {
		return &plan.Empty{Cols: n.Columns()}
	}
	return filter(n.With([]plan.Node{in}), above)
}

func (o *optimizer) pushThroughAggregate(n *plan.Aggregate, preds []plan.Expr) plan.Node {
	b := binding{}
	outs := plan.ColumnSet{}
	for _, g := range n.Groups {
		if !volatile(g.Expr) {
			b[g.Out.ID] = g.Expr
			outs.Add(g.Out.ID)
		}
	}
	var below, above []plan.Expr
	for _, p := range preds {
		if len(n.Groups) > 0 && within(p, outs) {
			below = append(below, b.substitute(p))
		} else {
			above = append(above, p)
		}
	}
	in := o.push(n.Input, below)
	if isEmpty(in) && len(n.Groups) > 0 {
		return &plan.Empty{Cols: n.Columns()}
	}
	return filter(n.With([]plan.Node{in}), above)
}

// pushThroughWindow lets conditions on partition columns alone through: they drop whole partitions.
func (o *optimizer) pushThroughWindow(n *plan.Window, preds []plan.Expr) plan.Node {
	keys := plan.ColumnSet{}
	for _, e := range n.Partition {
		if c, ok := e.(*plan.Column); ok {
			keys.Add(c.ID)
		}
	}
	var below, above []plan.Expr
	for _, p := range preds {
		if len(refs(p)) > 0 && within(p, keys) {
			below = append(below, p)
		} else {
			above = append(above, p)
		}
	}
	return filter(n.With([]plan.Node{keep(o.push(n.Input, below), n.Input.Columns())}), above)
}

func (o *optimizer) pushThroughDistinct(n *plan.Distinct, preds []plan.Expr) plan.Node {
	if len(n.On) == 0 {
		return n.With([]plan.Node{keep(o.push(n.Input, preds), n.Columns())})
	}
	keys := plan.ColumnSet{}
	for _, e := range n.On {
		if c, ok := e.(*plan.Column); ok {
			keys.Add(c.ID)
		}
	}
	var below, above []plan.Expr
	for _, p := range preds {
		if within(p, keys) {
			below = append(below, p)
		} else {
			above = append(above, p)
		}
	}
	return filter(n.With([]plan.Node{o.push(n.Input, below)}), above)
}

func (o *optimizer) pushIntoSetOp(n *plan.SetOp, preds []plan.Expr) plan.Node {
	side := func(in plan.Node) plan.Node {
		b := binding{}
		cols := in.Columns()
		for i, c := range n.Cols {
			b[c.ID] = plan.Ref(cols[i])
		}
		return keep(o.push(in, b.list(preds)), cols)
	}
	l, r := side(n.Left), side(n.Right)
	switch {
	case isEmpty(l) && (n.Kind != plan.Union || isEmpty(r)):
		return &plan.Empty{Cols: n.Cols}
	case isEmpty(r) && n.Kind == plan.Intersect:
		return &plan.Empty{Cols: n.Cols}
	case n.All && isEmpty(r):
		return rename(l, n.Cols)
	case n.All && isEmpty(l):
		return rename(r, n.Cols)
	}
	return n.With([]plan.Node{l, r})
}

func (o *optimizer) pushIntoGenerate(n *plan.Generate, preds []plan.Expr) plan.Node {
	if n.Input == nil {
		return filter(n, preds)
	}
	in := plan.Outputs(n.Input)
	var below, above []plan.Expr
	for _, p := range preds {
		if within(p, in) {
			below = append(below, p)
		} else {
			above = append(above, p)
		}
	}
	return filter(n.With([]plan.Node{o.push(n.Input, below)}), above)
}

func isEmpty(n plan.Node) bool {
	if p, ok := n.(*plan.Project); ok {
		n = p.Input
	}
	_, ok := n.(*plan.Empty)
	return ok
}
