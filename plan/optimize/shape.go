package optimize

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oxidb/oxidb/plan"
)

// shape describes which rows a tree delivers without column ids: two trees of one text deliver the
// same rows, whose columns of one name are equal. Projections only add names; the aggregates of a
// grouping are names, too, since they do not change which groups there are.
type shape struct {
	text  string
	names map[plan.ColumnID]string
}

// shaper names columns by the scan, in preorder, and the ordinal that they come from.
type shaper struct {
	b         strings.Builder
	names     map[plan.ColumnID]string
	scans     int
	published map[int]bool
	ok        bool
}

// shapeOf describes n; ok is false when n has something that must not be shared: volatile
// expressions, operators whose rows depend on order, scans that a join above n prunes.
func shapeOf(n plan.Node) (shape, bool) {
	s := shaper{names: map[plan.ColumnID]string{}, published: map[int]bool{}, ok: true}
	visitNodes(n, func(n plan.Node) {
		if j, is := n.(*plan.Join); is {
			for _, p := range j.Publish {
				s.published[p.ID] = true
			}
		}
	})
	s.node(n)
	return shape{s.b.String(), s.names}, s.ok
}

func (s *shaper) key(e plan.Expr) string {
	if e == nil {
		return ""
	}
	if volatile(e) {
		s.ok = false
	}
	return keyWith(e, func(c *plan.Column) string { return s.names[c.ID] })
}

func (s *shaper) keys(es []plan.Expr) string {
	out := make([]string, len(es))
	for i, e := range es {
		out[i] = s.key(e)
	}
	slices.Sort(out)
	return strings.Join(out, "&")
}

func (s *shaper) node(n plan.Node) {
	switch n := n.(type) {
	case *plan.Scan:
		for _, r := range n.Runtime {
			s.ok = s.ok && s.published[r.ID]
		}
		s.ok = s.ok && n.RowID == nil
		for _, c := range n.Cols {
			s.names[c.ID] = fmt.Sprintf("s%d.%d", s.scans, c.Ordinal)
		}
		s.scans++
		fmt.Fprintf(&s.b, "scan %d %p where %s;", n.Table.ID, n.Table, s.keys(n.Filters))
	case *plan.Shared:
		for i, c := range n.Cols {
			s.names[c.ID] = fmt.Sprintf("r%p.%d", n.Plan, i)
		}
		fmt.Fprintf(&s.b, "shared %p;", n.Plan)
	case *plan.Filter:
		s.node(n.Input)
		fmt.Fprintf(&s.b, "filter %s;", s.keys(n.Preds))
	case *plan.Project:
		s.node(n.Input)
		named := map[plan.ColumnID]string{}
		for _, e := range n.Exprs {
			named[e.Out.ID] = s.key(e.Expr)
		}
		for id, name := range named {
			s.names[id] = name
		}
	case *plan.Join:
		s.node(n.Left)
		s.node(n.Right)
		fmt.Fprintf(&s.b, "join %d %v %s;", n.Kind, n.NullAware, s.keys(joinConds(n)))
		s.names[n.Mark.ID] = "mark of " + s.b.String()
	case *plan.Aggregate:
		s.aggregate(n)
	default:
		s.ok = false
	}
}

func (s *shaper) aggregate(n *plan.Aggregate) {
	s.node(n.Input)
	groups := make([]plan.Expr, len(n.Groups))
	named := map[plan.ColumnID]string{}
	for i, g := range n.Groups {
		groups[i] = g.Expr
		named[g.Out.ID] = s.key(g.Expr)
	}
	for _, a := range n.Aggs {
		args := make([]string, len(a.Agg.Arg))
		for i, e := range a.Agg.Arg {
			args[i] = s.key(e)
		}
		s.ok = s.ok && len(a.Agg.OrderBy) == 0
		named[a.Out.ID] = fmt.Sprintf("%s %v (%s) %s", a.Agg.Fn.Name, a.Agg.Distinct, strings.Join(args, ","), s.key(a.Agg.Filter))
	}
	fmt.Fprintf(&s.b, "group %s;", s.keys(groups))
	for id, name := range named {
		s.names[id] = name
	}
}
