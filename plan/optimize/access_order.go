package optimize

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/plan"
)

// firstRows lets a bounded sort read only the rows that an ordered index has first: all conditions of
// the scan below are the index's to check. The sort stays, it orders what the chunks have first.
func (o *optimizer) firstRows(n *plan.Sort) plan.Node {
	if n.Limit < 0 || n.Limit > maxFirst || len(n.Keys) == 0 {
		return n
	}
	columns := make([]plan.ColumnID, len(n.Keys))
	for i, k := range n.Keys {
		c, ok := k.Expr.(*plan.Column)
		if !ok || k.Desc != n.Keys[0].Desc {
			return n
		}
		if k.NullsFirst != k.Desc && !c.NotNull {
			return n
		}
		columns[i] = c.ID
	}
	scan, columns, replace := scanBelow(n.Input, columns)
	if scan == nil {
		return n
	}
	first := &plan.SeekFirst{Rows: n.Limit, Last: n.Keys[0].Desc}
	seek := o.firstSeek(scan, columns, first, false)
	if seek == nil {
		return n
	}
	m := *scan
	m.Seek = seek
	return n.With([]plan.Node{replace(&m)})
}

// extremes lets min and max of whole tables, or of what an index finds, read the ends of an ordered
// index only.
func (o *optimizer) extremes(n *plan.Aggregate) plan.Node {
	if len(n.Groups) > 0 || len(n.Aggs) == 0 {
		return n
	}
	var seeks []*plan.Seek
	var scan *plan.Scan
	var replace func(plan.Node) plan.Node
	for i := range n.Aggs {
		a := &n.Aggs[i].Agg
		if a.Fn.Name != "min" && a.Fn.Name != "max" || len(a.Arg) != 1 || a.Filter != nil {
			return n
		}
		c, ok := a.Arg[0].(*plan.Column)
		if !ok {
			return n
		}
		var columns []plan.ColumnID
		if scan, columns, replace = scanBelow(n.Input, []plan.ColumnID{c.ID}); scan == nil {
			return n
		}
		seek := o.firstSeek(scan, columns, &plan.SeekFirst{Rows: 1, Last: a.Fn.Name == "max"}, true)
		if seek == nil {
			return n
		}
		seeks = append(seeks, seek)
	}
	m := *scan
	m.Seek = seeks[0]
	if len(seeks) > 1 {
		m.Seek = &plan.Seek{Parts: seeks, Any: true, Exact: true, Rows: float64(len(seeks))}
	}
	return n.With([]plan.Node{replace(&m)})
}

// scanBelow finds the scan below projections, what the columns are there, and how to put another scan
// in its place; nil when the columns are computed or something else lies between.
func scanBelow(n plan.Node, columns []plan.ColumnID) (*plan.Scan, []plan.ColumnID, func(plan.Node) plan.Node) {
	switch n := n.(type) {
	case *plan.Scan:
		return n, columns, func(s plan.Node) plan.Node { return s }
	case *plan.Project:
		below := make([]plan.ColumnID, len(columns))
		for i, id := range columns {
			at := -1
			for j := range n.Exprs {
				if n.Exprs[j].Out.ID == id {
					at = j
				}
			}
			if at < 0 {
				return nil, nil, nil
			}
			c, ok := n.Exprs[at].Expr.(*plan.Column)
			if !ok {
				return nil, nil, nil
			}
			below[i] = c.ID
		}
		scan, ids, replace := scanBelow(n.Input, below)
		if scan == nil {
			return nil, nil, nil
		}
		return scan, ids, func(s plan.Node) plan.Node { return n.With([]plan.Node{replace(s)}) }
	}
	return nil, nil, nil
}

// firstSeek is the seek for the first rows by columns through an ordered index, nil when there is none
// or reading all is better.
func (o *optimizer) firstSeek(n *plan.Scan, columns []plan.ColumnID, first *plan.SeekFirst, notNull bool) *plan.Seek {
	if len(n.Table.Indexes) == 0 || len(n.Runtime) > 0 || n.Seek != nil && n.Seek.Unique {
		return nil
	}
	fields := fieldsOf(n, columns)
	if fields == nil || slices.ContainsFunc(n.Filters, isLike) {
		return nil
	}
	conds := conditionsOf(n, n.Filters)
	for i := range n.Table.Indexes {
		ix := &n.Table.Indexes[i]
		seek, used := indexSeek(ix, conds)
		if seek == nil {
			seek = &plan.Seek{Index: ix.Name, Path: index.NewPath(ix.Kind(), ix.Fields)}
		}
		if ix.Kind() != index.Ordered || len(used) != len(n.Filters) || seek.Lookups() != 1 || !follow(ix, len(seek.Equal), fields) {
			continue
		}
		seek.First, seek.NotNull, seek.Exact, seek.Rows = first, notNull, true, float64(first.Rows)
		if o.firstPays(n, used, first) {
			return seek
		}
	}
	return nil
}

// isLike reports a condition of which an index checks a part only.
func isLike(e plan.Expr) bool { _, ok := e.(*plan.Like); return ok }

// firstPays compares the first rows of every chunk with the alternatives.
func (o *optimizer) firstPays(n *plan.Scan, used []plan.Expr, first *plan.SeekFirst) bool {
	if o.env.PreferIndexes {
		return true
	}
	p := pathFinder{scan: n, est: o.accessEstimator()}
	cost := p.chunksOf(used) * (lookupCost + float64(first.Rows)*foundRowCost)
	other := p.scanCost()
	if n.Seek != nil {
		other = p.chunksOf(used)*lookupCost + n.Seek.Rows*foundRowCost
	}
	return cost < other
}

// fieldsOf are the fields of a scan's columns.
func fieldsOf(n *plan.Scan, columns []plan.ColumnID) []int32 {
	var fields []int32
	for _, id := range columns {
		for i := range n.Cols {
			if n.Cols[i].ID == id {
				fields = append(fields, n.Table.Columns[n.Cols[i].Ordinal].FieldID)
			}
		}
	}
	if len(fields) != len(columns) {
		return nil
	}
	return fields
}

// follow reports that an index has the fields behind its first ones, in this order.
func follow(ix *catalog.Index, from int, fields []int32) bool {
	if from+len(fields) > len(ix.Fields) {
		return false
	}
	for i, f := range fields {
		if ix.Fields[from+i] != f {
			return false
		}
	}
	return true
}
