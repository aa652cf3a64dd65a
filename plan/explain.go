package plan

import (
	"fmt"
	"strings"
)

// Format draws the tree for EXPLAIN, two spaces a level, with the estimated rows behind each node
// that has an estimate. annotate, when not nil, adds to a node's line (EXPLAIN ANALYZE).
func Format(root Node, annotate func(Node) string) string {
	f := formatter{annotate: annotate, shared: map[*SharedPlan]bool{}}
	f.node(root, 0)
	return strings.TrimSuffix(f.b.String(), "\n")
}

type formatter struct {
	b        strings.Builder
	annotate func(Node) string
	shared   map[*SharedPlan]bool
}

func (f *formatter) node(n Node, depth int) {
	indent := strings.Repeat("  ", depth)
	f.b.WriteString(indent + n.Label())
	if rows := n.Est().Rows; rows > 0 {
		fmt.Fprintf(&f.b, " (rows≈%.0f)", rows)
	}
	if f.annotate != nil {
		f.b.WriteString(f.annotate(n))
	}
	f.b.WriteByte('\n')
	if s, ok := n.(*Shared); ok && !f.shared[s.Plan] {
		f.shared[s.Plan] = true
		f.node(s.Plan.Input, depth+1)
	}
	for _, value := range RuntimeValues(n) {
		f.b.WriteString(indent + "  Scalar subquery\n")
		f.node(value.Input, depth+2)
	}
	for _, c := range n.Children() {
		f.node(c, depth+1)
	}
}
