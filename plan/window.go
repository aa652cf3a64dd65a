package plan

import (
	"strings"

	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/types"
)

// Window adds to every row the results of window functions (SQL:2016 4.15.14): each looks at rows of
// the row's partition, those with equal Partition values, in the order of Order. It orders its input
// itself; its output has no order.
type Window struct {
	Base
	Input     Node
	Partition []Expr
	Order     []SortKey
	Calls     []NamedWindow
}

// NamedWindow is a window function's call that becomes column Out.
type NamedWindow struct {
	Out  Column
	Call WindowCall
}

// WindowCall is the call of a window function, or of an aggregate over the rows of a frame.
type WindowCall struct {
	Fn     *function.Window    // nil for an aggregate
	Agg    *function.Aggregate // nil for a window function
	Arg    []Expr
	Filter Expr // of an aggregate; nil for none
	Frame  Frame
	Typ    types.Type
}

// FrameMode says in what a frame's offsets are counted.
type FrameMode uint8

const (
	FrameRange  FrameMode = iota // in values of the only order key; a bound CURRENT ROW takes in all peers
	FrameRows                    // in rows
	FrameGroups                  // in groups of peers, rows that are equal in all order keys
)

// BoundKind is the kind of a frame bound.
type BoundKind uint8

const (
	UnboundedPreceding BoundKind = iota
	OffsetPreceding
	CurrentRow
	OffsetFollowing
	UnboundedFollowing
)

// Exclusion says which rows a frame leaves out.
type Exclusion uint8

const (
	ExcludeNothing Exclusion = iota
	ExcludeCurrentRow
	ExcludeGroup // the row and its peers
	ExcludeTies  // its peers
)

// Bound is one end of a frame. Offset, of the Offset kinds, is constant per execution. With FrameRange
// Value is, for each row, the order key's value that the frame reaches to, of Frame.Key's type.
type Bound struct {
	Kind   BoundKind
	Offset Expr
	Value  Expr
}

// Frame is the part of the partition that a call looks at.
type Frame struct {
	Mode        FrameMode
	Start, Stop Bound
	Exclude     Exclusion
	// Key is the order key in the type of the bounds' Value; nil without one.
	Key Expr
}

// Children implements Node.
func (n *Window) Children() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Window) With(c []Node) Node { m := *n; m.Input = c[0]; return &m }

// Columns of a Window are its input's, then the calls' results.
func (n *Window) Columns() []Column {
	in := n.Input.Columns()
	cols := make([]Column, 0, len(in)+len(n.Calls))
	cols = append(cols, in...)
	for i := range n.Calls {
		cols = append(cols, n.Calls[i].Out)
	}
	return cols
}

// Label implements Node.
func (n *Window) Label() string {
	var b strings.Builder
	b.WriteString("Window")
	if len(n.Partition) > 0 {
		b.WriteString(" partition by " + list(n.Partition, ", "))
	}
	for i, k := range n.Order {
		if i == 0 {
			b.WriteString(" order by ")
		} else {
			b.WriteString(", ")
		}
		b.WriteString(k.String())
	}
	for i := range n.Calls {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString(", ")
		}
		b.WriteString(n.Calls[i].Call.String())
	}
	return b.String()
}

// String prints the call for EXPLAIN, with its frame unless that is the default.
func (c *WindowCall) String() string {
	var s string
	if c.Fn != nil {
		s = c.Fn.Name + "(" + list(c.Arg, ", ") + ")"
	} else {
		s = (&AggCall{Fn: c.Agg, Arg: c.Arg, Filter: c.Filter}).String()
	}
	if c.Frame.Mode == FrameRange && c.Frame.Start.Kind == UnboundedPreceding && c.Frame.Stop.Kind == CurrentRow && c.Frame.Exclude == ExcludeNothing {
		return s
	}
	return s + " " + c.Frame.String()
}

// String prints the frame clause.
func (f *Frame) String() string {
	mode := [...]string{"range", "rows", "groups"}[f.Mode]
	exclude := [...]string{"", " exclude current row", " exclude group", " exclude ties"}[f.Exclude]
	return mode + " between " + f.Start.String() + " and " + f.Stop.String() + exclude
}

// String prints one end of a frame clause.
func (b Bound) String() string {
	switch b.Kind {
	case UnboundedPreceding:
		return "unbounded preceding"
	case OffsetPreceding:
		return b.Offset.String() + " preceding"
	case OffsetFollowing:
		return b.Offset.String() + " following"
	case UnboundedFollowing:
		return "unbounded following"
	}
	return "current row"
}

func visitWindow(n *Window, visit func(Expr)) {
	visitList(n.Partition, visit)
	visitKeys(n.Order, visit)
	for i := range n.Calls {
		c := &n.Calls[i].Call
		visitList(c.Arg, visit)
		f := &c.Frame
		visitList([]Expr{c.Filter, f.Key, f.Start.Offset, f.Start.Value, f.Stop.Offset, f.Stop.Value}, visit)
	}
}

// MapColumns gives a copy with f's results for all expressions but the frames' offsets: for those that
// rows have values of.
func (n *Window) MapColumns(f func(Expr) Expr) *Window {
	m := n.mapped(f)
	for i := range m.Calls {
		from, to := &n.Calls[i].Call.Frame, &m.Calls[i].Call.Frame
		to.Start.Offset, to.Stop.Offset = from.Start.Offset, from.Stop.Offset
	}
	return m
}

// mapped gives a copy whose expressions are f's results.
func (n *Window) mapped(f func(Expr) Expr) *Window {
	m := *n
	m.Partition = mapList(n.Partition, f)
	m.Order = mapKeys(n.Order, f)
	m.Calls = append([]NamedWindow(nil), n.Calls...)
	for i := range m.Calls {
		c := &m.Calls[i].Call
		c.Arg = mapList(c.Arg, f)
		for _, e := range []*Expr{&c.Filter, &c.Frame.Key, &c.Frame.Start.Offset, &c.Frame.Start.Value, &c.Frame.Stop.Offset, &c.Frame.Stop.Value} {
			if *e != nil {
				*e = f(*e)
			}
		}
	}
	return &m
}
