package optimize

import (
	"fmt"

	"github.com/oxidb/oxidb/plan"
)

// worthMaterialising: a sub-plan is shared when getting its rows costs this many times their number,
// and leastShared in all: the materialised run and its readers have a price of their own.
const (
	worthMaterialising = 4
	leastShared        = 10000
)

// shareSubplans is the rule "share_subplans": joins and groupings that stand at several places with
// the same rows run once. Sub-plans that a join above prunes by a runtime filter stay apart, since
// each reads only what its place needs.
//
//	Filter sum > (scalar: sum over A) (Aggregate (A))  ⇒  both read Shared A
func shareSubplans(o *optimizer, root plan.Node) plan.Node {
	for range maxRuntimeFilters {
		group := o.repeatedPlan(root)
		if group == nil {
			return root
		}
		next, ok := o.shareGroup(root, group)
		if !ok {
			return root
		}
		root = next
	}
	return root
}

// repeatedPlan is the costliest set of equal sub-trees.
func (o *optimizer) repeatedPlan(root plan.Node) []plan.Node {
	groups := map[string][]plan.Node{}
	var order []string
	look := func(n plan.Node) {
		switch n.(type) {
		case *plan.Join, *plan.Aggregate:
		default:
			return
		}
		s, ok := shapeOf(n)
		if !ok || o.costOf(n) < max(leastShared, worthMaterialising*o.estimator().rows(n)) {
			return
		}
		if len(groups[s.text]) == 0 {
			order = append(order, s.text)
		}
		groups[s.text] = append(groups[s.text], n)
	}
	for _, s := range subplans(root) {
		visitNodes(s.get(), look)
	}
	visitNodes(root, look)
	var best []plan.Node
	cost := 0.0
	for _, k := range order {
		g := groups[k]
		if c := o.costOf(g[0]); len(g) > 1 && c > cost && o.shareable(g) {
			best, cost = g, c
		}
	}
	return best
}

// shareable reports that a body exists that delivers the columns of every member.
func (o *optimizer) shareable(group []plan.Node) bool {
	_, _, ok := o.sharedBody(group)
	return ok
}

// sharedBody copies the first member and adds, in its scans, the columns that only others read. It
// gives the position of each column name.
func (o *optimizer) sharedBody(group []plan.Node) (plan.Node, map[string]int, bool) {
	need := map[string]plan.Column{}
	for _, n := range group {
		s, _ := shapeOf(n)
		for _, c := range n.Columns() {
			need[s.names[c.ID]] = c
		}
	}
	body, _ := o.copyTree(group[0])
	body = addScanColumns(o, body, need)
	s, _ := shapeOf(body)
	at := map[string]int{}
	for i, c := range body.Columns() {
		if _, ok := at[s.names[c.ID]]; !ok {
			at[s.names[c.ID]] = i
		}
	}
	for name := range need {
		if _, ok := at[name]; !ok {
			return nil, nil, false
		}
	}
	return body, at, true
}

// addScanColumns reads the needed base columns in the scans, counted in preorder as shapes do.
func addScanColumns(o *optimizer, n plan.Node, need map[string]plan.Column) plan.Node {
	i := -1
	var walk func(plan.Node) plan.Node
	walk = func(n plan.Node) plan.Node {
		if s, ok := n.(*plan.Scan); ok {
			i++
			m := *s
			m.Cols = s.Cols[:len(s.Cols):len(s.Cols)]
			for ordinal := range s.Table.Columns {
				c, ok := need[fmt.Sprintf("s%d.%d", i, ordinal)]
				if !ok || reads(s, ordinal) {
					continue
				}
				c.Table, c.Ordinal, c.Name = s.Table, ordinal, s.Table.Columns[ordinal].Name
				c.NotNull = s.Table.Columns[ordinal].NotNull
				m.Cols = append(m.Cols, o.fresh(c))
			}
			return &m
		}
		children := n.Children()
		if len(children) == 0 {
			return n
		}
		for k, c := range children {
			children[k] = walk(c)
		}
		return n.With(children)
	}
	return walk(n)
}

func reads(s *plan.Scan, ordinal int) bool {
	for _, c := range s.Cols {
		if c.Ordinal == ordinal {
			return true
		}
	}
	return false
}

// shareGroup replaces every member by a reader of one shared plan.
func (o *optimizer) shareGroup(root plan.Node, group []plan.Node) (plan.Node, bool) {
	body, at, ok := o.sharedBody(group)
	if !ok {
		return root, false
	}
	shared := &plan.SharedPlan{Name: "common", Input: body}
	member := map[plan.Node]bool{}
	for _, n := range group {
		member[n] = true
	}
	var replace func(plan.Node) plan.Node
	replace = func(n plan.Node) plan.Node {
		if member[n] {
			return o.reader(shared, n, at)
		}
		children := n.Children()
		changed := false
		for i, c := range children {
			children[i] = replace(c)
			changed = changed || children[i] != c
		}
		if !changed {
			return n
		}
		return n.With(children)
	}
	for _, s := range subplans(root) {
		s.set(replace(s.get()))
	}
	return replace(root), true
}

func (o *optimizer) reader(shared *plan.SharedPlan, n plan.Node, at map[string]int) plan.Node {
	r := &plan.Shared{Plan: shared}
	for _, c := range shared.Input.Columns() {
		r.Cols = append(r.Cols, o.fresh(c))
	}
	s, _ := shapeOf(n)
	p := &plan.Project{Input: r}
	for _, c := range n.Columns() {
		p.Exprs = append(p.Exprs, plan.NamedExpr{Out: c, Expr: plan.Ref(r.Cols[at[s.names[c.ID]]])})
	}
	return p
}
