package optimize

import (
	"math"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// estimator guesses row counts. Results are remembered by node; trees are immutable.
type estimator struct {
	stats  func(*catalog.Table) *catalog.TableStats
	rowsOf map[plan.Node]float64
	tables map[*catalog.Table]*catalog.TableStats
	files  map[plan.ExternalSource]*catalog.TableStats
}

// domainStats is what is known of a column's values regardless of filters on other columns: joins
// compare domains, since filters of the two sides are taken as independent.
type domainStats struct {
	distinct float64 // 0: unknown
	nulls    float64
	base     *catalog.ColumnStats // nil: not a base column
	typ      types.Type
}

func (o *optimizer) estimator() *estimator {
	if o.est == nil {
		o.est = &estimator{stats: o.env.Stats, rowsOf: map[plan.Node]float64{}, tables: map[*catalog.Table]*catalog.TableStats{},
			files: map[plan.ExternalSource]*catalog.TableStats{}}
	}
	return o.est
}

func (e *estimator) table(t *catalog.Table) *catalog.TableStats {
	if s, ok := e.tables[t]; ok {
		return s
	}
	var s *catalog.TableStats
	if e.stats != nil {
		s = e.stats(t)
	}
	if s == nil {
		s = &catalog.TableStats{Rows: guessRows}
	}
	e.tables[t] = s
	return s
}

// file gives the statistics of files.
func (e *estimator) file(s plan.ExternalSource) *catalog.TableStats {
	known, ok := e.files[s]
	if !ok {
		if known = s.Stats(); known == nil || known.Rows == 0 {
			known = &catalog.TableStats{Rows: guessFileRows}
		}
		e.files[s] = known
	}
	return known
}

// leaf is a node that reads rows from storage.
type leaf struct {
	cols    []plan.Column
	filters []plan.Expr
	stats   *catalog.TableStats
	scan    *plan.Scan // nil for files
}

func (e *estimator) leaf(n plan.Node) (leaf, bool) {
	switch n := n.(type) {
	case *plan.Scan:
		return leaf{n.Cols, n.Filters, e.table(n.Table), n}, true
	case *plan.External:
		return leaf{n.Cols, n.Filters, e.file(n.Source), nil}, true
	}
	return leaf{}, false
}

// rows is the estimated number of rows that n delivers, at least a fraction above zero unless n is
// known to be empty.
func (e *estimator) rows(n plan.Node) float64 {
	if r, ok := e.rowsOf[n]; ok {
		return r
	}
	r := e.compute(n)
	if math.IsNaN(r) || r < 0 {
		r = 0
	}
	e.rowsOf[n] = r
	return r
}

func (e *estimator) compute(n plan.Node) float64 {
	switch n := n.(type) {
	case *plan.Scan:
		if n.Seek != nil {
			return n.Seek.Rows
		}
		return e.table(n.Table).Rows * e.selectivity(n.Filters, n)
	case *plan.External:
		return e.file(n.Source).Rows * e.selectivity(n.Filters, n)
	case *plan.Generate:
		rows := guessRows
		if n.Input != nil {
			return e.rows(n.Input) * 10
		}
		return rows
	case *plan.Values:
		return float64(len(n.Rows))
	case *plan.Empty:
		return 0
	case *plan.Filter:
		return e.rows(n.Input) * e.filterSelectivity(n)
	case *plan.Join:
		return e.joinRows(n)
	case *plan.Apply:
		return e.rows(n.Left)
	case *plan.Aggregate:
		exprs := make([]plan.Expr, len(n.Groups))
		for i, g := range n.Groups {
			exprs[i] = g.Expr
		}
		return e.groupCount(n.Input, exprs)
	case *plan.Distinct:
		if len(n.On) > 0 {
			return e.groupCount(n.Input, n.On)
		}
		return e.groupCount(n.Input, refList(n.Columns()))
	case *plan.Sort:
		if n.Limit >= 0 {
			return min(e.rows(n.Input), float64(n.Limit))
		}
	case *plan.Limit:
		return e.limitRows(n)
	case *plan.SetOp:
		l, r := e.rows(n.Left), e.rows(n.Right)
		switch {
		case n.Kind == plan.Union:
			return l + r
		case n.Kind == plan.Intersect:
			return min(l, r) / 2
		}
		return max(l-r/2, l/10)
	case *plan.Shared:
		return e.rows(n.Plan.Input)
	case *plan.Recursive:
		return e.rows(n.Init) * guessRecursion
	case *plan.WorkingScan:
		return guessRows
	}
	if c := n.Children(); len(c) > 0 {
		return e.rows(c[0])
	}
	return guessRows
}

// filterSelectivity takes conditions on aggregates as rare.
func (e *estimator) filterSelectivity(n *plan.Filter) float64 {
	a, ok := n.Input.(*plan.Aggregate)
	if !ok {
		return e.selectivity(n.Preds, n.Input)
	}
	made := plan.ColumnSet{}
	for _, g := range a.Aggs {
		made.Add(g.Out.ID)
	}
	f := 1.0
	var rest []plan.Expr
	for _, p := range n.Preds {
		if touches(p, made) {
			f *= guessHaving
		} else {
			rest = append(rest, p)
		}
	}
	return f * e.selectivity(rest, n.Input)
}

func (e *estimator) limitRows(n *plan.Limit) float64 {
	in := e.rows(n.Input)
	c, ok := n.Count.(*plan.Const)
	if !ok || c.Value.Null {
		return in
	}
	count := float64(c.Value.I)
	if len(n.By) > 0 {
		count *= e.groupCount(n.Input, n.By)
	}
	return min(in, count)
}

// groupCount is the number of distinct combinations of exprs in n's rows. Columns of one table
// together have no more than that table's rows.
func (e *estimator) groupCount(n plan.Node, exprs []plan.Expr) float64 {
	rows := e.rows(n)
	if len(exprs) == 0 {
		return 1
	}
	keys := plan.ColumnSet{}
	perTable := map[*catalog.Table]float64{}
	total := 1.0
	for _, x := range exprs {
		c, ok := x.(*plan.Column)
		if !ok {
			total *= e.exprDistinct(n, x, rows)
			continue
		}
		if keys.Has(c.ID) {
			continue
		}
		keys.Add(c.ID)
		d := e.domain(n, c.ID)
		distinct := d.distinct
		if distinct == 0 {
			distinct = max(1, rows*guessDistinct)
		}
		if d.nulls > 0 {
			distinct++
		}
		distinct = drawn(distinct, rows)
		if c.Table == nil {
			total *= distinct
			continue
		}
		if perTable[c.Table] == 0 {
			perTable[c.Table] = 1
		}
		perTable[c.Table] = min(perTable[c.Table]*distinct, max(1, e.table(c.Table).Rows))
	}
	for _, d := range perTable {
		total *= d
	}
	return max(min(total, rows), min(1, rows))
}

// exprDistinct bounds an expression's distinct values by those of its columns.
func (e *estimator) exprDistinct(n plan.Node, x plan.Expr, rows float64) float64 {
	if _, ok := x.(*plan.Const); ok {
		return 1
	}
	total := 1.0
	for id := range refs(x) {
		d := e.domain(n, id).distinct
		if d == 0 {
			return max(1, rows*guessDistinct)
		}
		total *= d
	}
	if c, ok := x.(*plan.Call); ok && (c.Fn.Name == "extract" || c.Fn.Name == "date_part") {
		total = min(total, 50)
	}
	return drawn(total, rows)
}

// drawn is how many of d equally likely values appear in rows draws.
func drawn(d, rows float64) float64 {
	if d <= 0 {
		return 1
	}
	return max(1, d*(1-math.Exp(-rows/d)))
}

// baseRows are n's rows before its filters: how many rows its keys were distinct over.
func (e *estimator) baseRows(n plan.Node) float64 {
	switch n := n.(type) {
	case *plan.Scan:
		return e.table(n.Table).Rows
	case *plan.External:
		return e.file(n.Source).Rows
	case *plan.Filter:
		return e.baseRows(n.Input)
	case *plan.Project:
		return e.baseRows(n.Input)
	case *plan.Join:
		if n.Kind == plan.SemiJoin || n.Kind == plan.AntiJoin || n.Kind == plan.MarkJoin {
			return e.baseRows(n.Left)
		}
	}
	return e.rows(n)
}

// domain finds what is known of column id, which n delivers.
func (e *estimator) domain(n plan.Node, id plan.ColumnID) domainStats {
	switch n := n.(type) {
	case *plan.Scan, *plan.External:
		return e.leafDomain(n, id)
	case *plan.Project:
		for _, x := range n.Exprs {
			if x.Out.ID == id {
				return e.exprDomain(n.Input, x.Expr)
			}
		}
	case *plan.Aggregate:
		for _, g := range n.Groups {
			if g.Out.ID == id {
				d := e.exprDomain(n.Input, g.Expr)
				if d.distinct == 0 || len(n.Groups) == 1 {
					d.distinct = e.rows(n)
				}
				return d
			}
		}
	case *plan.SetOp:
		for i, c := range n.Cols {
			if c.ID == id {
				return e.domain(n.Left, n.Left.Columns()[i].ID)
			}
		}
	case *plan.Shared:
		for i, c := range n.Cols {
			if c.ID == id {
				return e.domain(n.Plan.Input, n.Plan.Input.Columns()[i].ID)
			}
		}
	case *plan.Join:
		return e.joinDomain(n, id)
	default:
		for _, c := range n.Children() {
			if delivers(c, id) {
				return e.domain(c, id)
			}
		}
	}
	return domainStats{}
}

func delivers(n plan.Node, id plan.ColumnID) bool {
	switch n := n.(type) {
	case *plan.Join: // without building the column list
		return delivers(n.Left, id) || delivers(n.Right, id)
	case *plan.Filter:
		return delivers(n.Input, id)
	case *plan.Scan:
		for i := range n.Cols {
			if n.Cols[i].ID == id {
				return true
			}
		}
		return false
	}
	for _, c := range n.Columns() {
		if c.ID == id {
			return true
		}
	}
	return false
}

func (e *estimator) exprDomain(n plan.Node, x plan.Expr) domainStats {
	switch x := x.(type) {
	case *plan.Column:
		return e.domain(n, x.ID)
	case *plan.Cast:
		d := e.exprDomain(n, x.X)
		d.base = nil
		return d
	case *plan.Const:
		return domainStats{distinct: 1, typ: x.Value.Type}
	}
	return domainStats{typ: x.Type()}
}

// leafDomain narrows the base column's domain by the filters on that column alone.
func (e *estimator) leafDomain(n plan.Node, id plan.ColumnID) domainStats {
	l, _ := e.leaf(n)
	d := e.baseLookup(l)(id)
	if d.base != nil {
		if own := onlyOn(l.filters, id); len(own) > 0 && d.distinct > 0 {
			d.distinct = max(1, d.distinct*e.conjunction(own, e.baseLookup(l)))
			d.nulls = 0
		}
		return d
	}
	if l.scan != nil && l.scan.RowID != nil && l.scan.RowID.ID == id {
		return domainStats{distinct: l.stats.Rows, typ: l.scan.RowID.Typ}
	}
	return domainStats{}
}

// unknownDistinct: a key has as many values as rows; of other columns nothing is known.
func (e *estimator) unknownDistinct(n *plan.Scan, c plan.Column, rows float64) float64 {
	if scanUnique(&plan.Scan{Table: n.Table, Cols: n.Cols}, plan.ColumnSet{c.ID: {}}) {
		return rows
	}
	return 0
}

func onlyOn(preds []plan.Expr, id plan.ColumnID) []plan.Expr {
	var out []plan.Expr
	only := plan.ColumnSet{id: {}}
	for _, p := range preds {
		if touches(p, only) && within(p, only) {
			out = append(out, p)
		}
	}
	return out
}

// lookup gives the statistics of a column.
type lookup func(plan.ColumnID) domainStats

func (e *estimator) baseLookup(l leaf) lookup {
	return func(id plan.ColumnID) domainStats {
		for _, c := range l.cols {
			if c.ID == id && c.Ordinal < len(l.stats.Columns) {
				base := &l.stats.Columns[c.Ordinal]
				d := domainStats{distinct: base.Distinct, nulls: base.NullFraction, base: base, typ: c.Typ}
				if d.distinct == 0 && l.scan != nil {
					d.distinct = e.unknownDistinct(l.scan, c, l.stats.Rows)
				}
				return d
			}
		}
		return domainStats{}
	}
}

func (e *estimator) selectivity(preds []plan.Expr, n plan.Node) float64 {
	if len(preds) == 0 {
		return 1
	}
	if l, ok := e.leaf(n); ok {
		return e.conjunction(preds, e.baseLookup(l))
	}
	return e.conjunction(preds, func(id plan.ColumnID) domainStats { return e.domain(n, id) })
}
