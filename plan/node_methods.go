package plan

import (
	"fmt"
	"strconv"
	"strings"
)

func (n *Scan) Children() []Node        { return nil }
func (n *External) Children() []Node    { return nil }
func (n *Values) Children() []Node      { return nil }
func (n *Empty) Children() []Node       { return nil }
func (n *WorkingScan) Children() []Node { return nil }
func (n *Filter) Children() []Node      { return []Node{n.Input} }
func (n *Project) Children() []Node     { return []Node{n.Input} }
func (n *Join) Children() []Node        { return []Node{n.Left, n.Right} }
func (n *Apply) Children() []Node       { return []Node{n.Left, n.Right} }
func (n *Aggregate) Children() []Node   { return []Node{n.Input} }
func (n *Distinct) Children() []Node    { return []Node{n.Input} }
func (n *Sort) Children() []Node        { return []Node{n.Input} }
func (n *Limit) Children() []Node       { return []Node{n.Input} }
func (n *SetOp) Children() []Node       { return []Node{n.Left, n.Right} }
func (n *Recursive) Children() []Node   { return []Node{n.Init, n.Step} }

// Children of a Shared node: none. Its plan is rewritten once, by whoever walks SharedPlans.
func (n *Shared) Children() []Node { return nil }

func (n *Scan) With([]Node) Node        { return n }
func (n *External) With([]Node) Node    { return n }
func (n *Values) With([]Node) Node      { return n }
func (n *Empty) With([]Node) Node       { return n }
func (n *WorkingScan) With([]Node) Node { return n }
func (n *Shared) With([]Node) Node      { return n }
func (n *Filter) With(c []Node) Node    { m := *n; m.Input = c[0]; return &m }
func (n *Project) With(c []Node) Node   { m := *n; m.Input = c[0]; return &m }
func (n *Join) With(c []Node) Node      { m := *n; m.Left, m.Right = c[0], c[1]; return &m }
func (n *Apply) With(c []Node) Node     { m := *n; m.Left, m.Right = c[0], c[1]; return &m }
func (n *Aggregate) With(c []Node) Node { m := *n; m.Input = c[0]; return &m }
func (n *Distinct) With(c []Node) Node  { m := *n; m.Input = c[0]; return &m }
func (n *Sort) With(c []Node) Node      { m := *n; m.Input = c[0]; return &m }
func (n *Limit) With(c []Node) Node     { m := *n; m.Input = c[0]; return &m }
func (n *SetOp) With(c []Node) Node     { m := *n; m.Left, m.Right = c[0], c[1]; return &m }
func (n *Recursive) With(c []Node) Node { m := *n; m.Init, m.Step = c[0], c[1]; return &m }

func (n *External) Columns() []Column    { return n.Cols }
func (n *Values) Columns() []Column      { return n.Cols }
func (n *Empty) Columns() []Column       { return n.Cols }
func (n *WorkingScan) Columns() []Column { return n.Cols }
func (n *Shared) Columns() []Column      { return n.Cols }
func (n *SetOp) Columns() []Column       { return n.Cols }
func (n *Recursive) Columns() []Column   { return n.Cols }
func (n *Filter) Columns() []Column      { return n.Input.Columns() }
func (n *Distinct) Columns() []Column    { return n.Input.Columns() }
func (n *Sort) Columns() []Column        { return n.Input.Columns() }
func (n *Limit) Columns() []Column       { return n.Input.Columns() }

// Children of a Generate: its lateral input, if it has one.
func (n *Generate) Children() []Node {
	if n.Input == nil {
		return nil
	}
	return []Node{n.Input}
}

// With gives a copy of n over another lateral input.
func (n *Generate) With(c []Node) Node {
	if len(c) == 0 {
		return n
	}
	m := *n
	m.Input = c[0]
	return &m
}

// Columns of a Generate are those of its lateral input, then its own.
func (n *Generate) Columns() []Column {
	if n.Input == nil {
		return n.Cols
	}
	in := n.Input.Columns()
	return append(in[:len(in):len(in)], n.Cols...)
}

// Columns of a Scan are Cols, then the row id when it is wanted.
func (n *Scan) Columns() []Column {
	if n.RowID == nil {
		return n.Cols
	}
	return append(n.Cols[:len(n.Cols):len(n.Cols)], *n.RowID)
}

// Columns of a Project are its expressions' outputs.
func (n *Project) Columns() []Column {
	cols := make([]Column, len(n.Exprs))
	for i := range n.Exprs {
		cols[i] = n.Exprs[i].Out
	}
	return cols
}

// Columns of an Aggregate are the groups, then the aggregates.
func (n *Aggregate) Columns() []Column {
	cols := make([]Column, 0, len(n.Groups)+len(n.Aggs))
	for i := range n.Groups {
		cols = append(cols, n.Groups[i].Out)
	}
	for i := range n.Aggs {
		cols = append(cols, n.Aggs[i].Out)
	}
	return cols
}

// Columns of a Join are Left's, then Right's (inner and outer joins) or Mark (mark join). The side
// that an outer join may fill with NULLs loses its NotNull promises. It walks the inputs each time
// (a kept result would be stale once a pass replaces an input): keep it where a loop needs it.
func (n *Join) Columns() []Column { return joinColumns(n.Kind, n.Left, n.Right, n.Mark) }

// Columns of an Apply follow Join's rules.
func (n *Apply) Columns() []Column { return joinColumns(n.Kind, n.Left, n.Right, n.Mark) }

func joinColumns(kind JoinKind, left, right Node, mark Column) []Column {
	l := left.Columns()
	switch kind {
	case SemiJoin, AntiJoin:
		return l
	case MarkJoin:
		return append(l[:len(l):len(l)], mark)
	}
	r := right.Columns()
	out := make([]Column, 0, len(l)+len(r))
	out = append(append(out, l...), r...)
	for i := range out {
		if i < len(l) && (kind == RightJoin || kind == FullJoin) ||
			i >= len(l) && (kind == LeftJoin || kind == FullJoin || kind == SingleJoin) {
			out[i].NotNull = false
		}
	}
	return out
}

var joinNames = [...]string{"Inner", "Left", "Right", "Full", "Cross", "Semi", "Anti", "Mark", "Single"}
var setOpNames = [...]string{"Union", "Intersect", "Except"}

func (k JoinKind) String() string { return joinNames[k] }

func (n *Scan) Label() string {
	s := "Scan " + n.Table.Name
	if p := n.Table.Past; p != nil && p.History {
		s += fmt.Sprintf(" changes of versions %d to %d", p.Since+1, p.Version)
	} else if p != nil {
		s += fmt.Sprintf(" as of version %d", p.Version)
	}
	if n.Alias != "" && n.Alias != n.Table.Name {
		s += " " + n.Alias
	}
	s += " [" + names(n.Cols) + "]"
	if len(n.Filters) > 0 {
		s += " where " + list(n.Filters, " AND ")
	}
	for _, r := range n.Runtime {
		s += fmt.Sprintf(" runtime#%d(%s)", r.ID, r.Expr)
	}
	if n.Seek != nil {
		s += " seek " + n.Seek.String()
	}
	if n.JoinSeek != nil {
		s += " seek " + n.JoinSeek.String()
	}
	return s
}
func (n *External) Label() string {
	s := "External " + n.Source.Describe() + " [" + names(n.Cols) + "]"
	if len(n.Filters) > 0 {
		s += " where " + list(n.Filters, " AND ")
	}
	for _, r := range n.Runtime {
		s += fmt.Sprintf(" runtime#%d(%s)", r.ID, r.Expr)
	}
	return s
}
func (n *Generate) Label() string { return "Generate " + n.Function + "(" + list(n.Args, ", ") + ")" }
func (n *Values) Label() string   { return fmt.Sprintf("Values %d rows", len(n.Rows)) }
func (n *Empty) Label() string    { return "Empty" }
func (n *Filter) Label() string   { return "Filter " + list(n.Preds, " AND ") }
func (n *Project) Label() string {
	parts := make([]string, len(n.Exprs))
	for i, e := range n.Exprs {
		parts[i] = e.Expr.String()
		if c, ok := e.Expr.(*Column); !ok || c.Name != e.Out.Name {
			parts[i] += " AS " + e.Out.Name
		}
	}
	return "Project " + strings.Join(parts, ", ")
}
func (n *Join) Label() string {
	s := n.Kind.String() + " Hash Join"
	if len(n.Equi) == 0 {
		s = n.Kind.String() + " Nested Loop Join"
	}
	if n.NullAware {
		s += " (null aware)"
	}
	if n.BuildUnique {
		s += " (unique build)"
	}
	var on []string
	for _, p := range n.Equi {
		op := " = "
		if p.NullSafe {
			op = " IS NOT DISTINCT FROM "
		}
		on = append(on, p.Left.String()+op+p.Right.String())
	}
	for _, r := range n.Residual {
		on = append(on, r.String())
	}
	if len(on) > 0 {
		s += " on " + strings.Join(on, " AND ")
	}
	for _, p := range n.Publish {
		s += fmt.Sprintf(" publish#%d", p.ID)
	}
	for _, k := range n.Keys {
		s += fmt.Sprintf(" keys#%d", k.ID)
	}
	return s
}
func (n *Apply) Label() string { return n.Kind.String() + " Apply on " + list(n.On, " AND ") }
func (n *Aggregate) Label() string {
	s := "Aggregate"
	if n.Streaming {
		s = "Streaming Aggregate"
	}
	if len(n.Groups) > 0 {
		parts := make([]string, len(n.Groups))
		for i, g := range n.Groups {
			parts[i] = g.Expr.String()
		}
		s += " by " + strings.Join(parts, ", ")
	}
	parts := make([]string, len(n.Aggs))
	for i := range n.Aggs {
		parts[i] = n.Aggs[i].Agg.String()
	}
	if len(parts) > 0 {
		s += ": " + strings.Join(parts, ", ")
	}
	return s
}
func (n *Distinct) Label() string {
	if len(n.On) > 0 {
		return "Distinct on " + list(n.On, ", ")
	}
	return "Distinct"
}
func (n *Sort) Label() string {
	parts := make([]string, len(n.Keys))
	for i, k := range n.Keys {
		parts[i] = k.String()
	}
	s := "Sort by " + strings.Join(parts, ", ")
	if n.Limit >= 0 {
		s = "Top " + strconv.FormatInt(n.Limit, 10) + " by " + strings.Join(parts, ", ")
	}
	return s
}
func (n *Limit) Label() string {
	s := "Limit"
	if n.Count != nil {
		s += " " + n.Count.String()
	}
	if n.Offset != nil {
		s += " offset " + n.Offset.String()
	}
	if len(n.By) > 0 {
		s += " per " + list(n.By, ", ")
	}
	if len(n.Ties) > 0 {
		s += " with ties of " + list(n.Ties, ", ")
	}
	return s
}
func (n *SetOp) Label() string {
	if n.All {
		return setOpNames[n.Kind] + " All"
	}
	return setOpNames[n.Kind]
}
func (n *Shared) Label() string      { return "Shared " + n.Plan.Name }
func (n *Recursive) Label() string   { return "Recursive Union " + n.Working.Name }
func (n *WorkingScan) Label() string { return "Working Table " + n.Working.Name }

// String prints the key for EXPLAIN; NULLS is shown only where it is not the default.
func (k SortKey) String() string {
	s := k.Expr.String()
	if k.Desc {
		s += " DESC"
	}
	if k.NullsFirst != k.Desc {
		s += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
	}
	return s
}

func names(cols []Column) string {
	parts := make([]string, len(cols))
	for i := range cols {
		parts[i] = cols[i].Name
	}
	return strings.Join(parts, ", ")
}
