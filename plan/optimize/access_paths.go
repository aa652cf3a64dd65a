package optimize

import (
	"slices"
	"unicode/utf8"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// accessPaths is the rule "access_paths": a scan whose filters name few rows finds them through
// indexes, where that costs less than to read the columns (access_cost.go).
//
//	Scan t where id = 5 AND x > 2           ⇒  Scan t where id = 5 AND x > 2 seek t_pkey
//	Scan t where a IN (1, 2) AND b < 3      ⇒  Scan t where … seek t_a_b 2 keys range
//	Scan t where a = 1 AND b = 2            ⇒  Scan t where … seek (t_a bitmap and t_b bitmap)
//	Scan t where a = 1 OR b = 2             ⇒  Scan t where … seek (t_a or t_b)
//	Top 5 by b (Scan t where a = 1)         ⇒  Top 5 by b (Scan t where a = 1 seek t_a_b prefix first 5)
//	Aggregate: max(a) (Scan t)              ⇒  Aggregate: max(a) (Scan t seek t_a last 1)
func accessPaths(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Sort:
			return o.firstRows(n)
		case *plan.Aggregate:
			return o.extremes(n)
		}
		s, ok := n.(*plan.Scan)
		if !ok || len(s.Filters) == 0 || len(s.Table.Indexes)+len(s.Table.Derived) == 0 {
			return n
		}
		seek := o.accessPath(s)
		if seek == nil {
			return n
		}
		m := *s
		m.Seek = seek
		return &m
	})
}

// accessPath is the best way into a scan's rows through indexes, nil when reading all is better.
func (o *optimizer) accessPath(n *plan.Scan) *plan.Seek {
	if seek := o.keySeek(n); seek != nil {
		return seek
	}
	p := pathFinder{scan: n, est: o.accessEstimator(), derived: o.derived(n)}
	candidates := p.conjunction(n.Filters)
	if len(candidates) == 0 {
		return nil
	}
	best := p.cheapest(p.combined(candidates))
	if best.cost >= p.scanCost() && !o.env.PreferIndexes {
		return nil
	}
	best.seek.Rows = best.rows
	best.seek.Exact = len(best.seek.Parts) == 0 && !best.seek.Loose && len(best.used) == len(n.Filters) && !slices.ContainsFunc(n.Filters, isLike)
	return best.seek
}

// keySeek is the seek for the one row that filters give a key's values: it needs no statistics, which
// every commit outdates.
func (o *optimizer) keySeek(n *plan.Scan) *plan.Seek {
	if len(n.Filters) == 0 || !hasKey(n.Table) {
		return nil
	}
	derived := o.derived(n)
	conds := derived.conditionsOf(n, n.Filters)
	for i, ix := range derived.indexes(n.Table) {
		if seek, used := indexSeek(ix, conds); seek != nil && seek.Unique && seek.Lookups() == 1 {
			derived.mark(seek, i)
			seek.Rows, seek.Exact = 1, !seek.Loose && len(used) == len(n.Filters)
			return seek
		}
	}
	return nil
}

func hasKey(t *catalog.Table) bool {
	for i := range t.Indexes {
		if t.Indexes[i].Unique || t.Indexes[i].Primary {
			return true
		}
	}
	return slices.ContainsFunc(t.Derived, func(x catalog.DerivedIndex) bool { return x.Unique })
}

// pathFinder looks for ways into the rows of one scan.
type pathFinder struct {
	scan    *plan.Scan
	est     *estimator
	derived *derivedPaths
}

// candidate is a seek with what it is expected to find and to cost.
type candidate struct {
	seek *plan.Seek
	used []plan.Expr // the filters that it stands for
	rows float64
	cost float64
}

// conjunction lists the seeks that each serve some of the conditions, which all hold.
func (p *pathFinder) conjunction(preds []plan.Expr) []candidate {
	var all []candidate
	conds := p.derived.conditionsOf(p.scan, preds)
	for i, ix := range p.derived.indexes(p.scan.Table) {
		if seek, used := indexSeek(ix, conds); seek != nil {
			p.derived.mark(seek, i)
			all = append(all, p.priced(seek, used))
		}
	}
	for _, e := range preds {
		if or, ok := e.(*plan.Or); ok {
			if c, ok := p.disjunction(or); ok {
				all = append(all, c)
			}
		}
	}
	return all
}

// disjunction unites the best seek of every term; a term without one needs all rows.
func (p *pathFinder) disjunction(or *plan.Or) (candidate, bool) {
	union := candidate{seek: &plan.Seek{Any: true}, used: []plan.Expr{or}}
	for _, t := range or.Terms {
		found := p.conjunction(plan.Conjuncts(t))
		if len(found) == 0 {
			return union, false
		}
		best := p.cheapest(found)
		union.seek.Parts = append(union.seek.Parts, best.seek)
		union.rows += best.rows
		union.cost += best.cost
	}
	return union, true
}

func (p *pathFinder) cheapest(all []candidate) candidate {
	best := all[0]
	for _, c := range all[1:] {
		if c.cost < best.cost {
			best = c
		}
	}
	return best
}

// combined adds to the candidates the intersection of the cheapest with those that make it cheaper.
func (p *pathFinder) combined(all []candidate) []candidate {
	both := p.cheapest(all)
	for _, c := range all {
		if both.seek == c.seek || disjoint(both.used, c.used) == nil {
			continue
		}
		if next := p.intersection(both, c); next.cost < both.cost {
			both = next
		}
	}
	return append(all, both)
}

// disjoint gives both lists together, nil when they share a condition.
func disjoint(a, b []plan.Expr) []plan.Expr {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return nil
			}
		}
	}
	return append(append([]plan.Expr(nil), a...), b...)
}

// conditions is what filters say of one field.
type conditions struct {
	equal     []plan.Expr // the values that it may have; nil when nothing says so
	low, high plan.SeekBound
	// from are the filters that say it: of equal, then of low and high.
	equalFrom         plan.Expr
	lowFrom, highFrom plan.Expr
	// from are the filters that imply the condition of a partial index.
	from []plan.Expr
}

// conditionsOf sorts filters by field.
func conditionsOf(n *plan.Scan, preds []plan.Expr) map[int32]*conditions {
	return (&conditionReader{scan: n, of: map[int32]*conditions{}}).read(preds)
}

func (r *conditionReader) read(preds []plan.Expr) map[int32]*conditions {
	for _, p := range preds {
		switch e := p.(type) {
		case *plan.Compare:
			r.compare(e)
		case *plan.InList:
			r.list(e)
		case *plan.Like:
			r.like(e)
		case *plan.Column:
			if e.Typ.Kind == types.Boolean {
				r.equal(p, e, []plan.Expr{constBool(true)})
			}
		case *plan.Not:
			if c, ok := e.X.(*plan.Column); ok {
				r.equal(p, c, []plan.Expr{constBool(false)})
			}
		}
	}
	return r.of
}

type conditionReader struct {
	scan  *plan.Scan
	of    map[int32]*conditions
	exprs map[string]catalog.Computed // of the table's indexes, by key
}

// column finds the scan's column that an expression is, and what is said of it so far.
func (r *conditionReader) column(e plan.Expr) (*catalog.Column, *conditions) {
	if len(r.exprs) > 0 {
		if x, ok := r.exprs[key(e)]; ok {
			if r.of[x.Field] == nil {
				r.of[x.Field] = &conditions{}
			}
			return &catalog.Column{FieldID: x.Field, Type: x.Type}, r.of[x.Field]
		}
	}
	c := columnOf(e)
	if c == nil {
		return nil, nil
	}
	for i := range r.scan.Cols {
		if r.scan.Cols[i].ID != c.ID {
			continue
		}
		def := &r.scan.Table.Columns[r.scan.Cols[i].Ordinal]
		if r.of[def.FieldID] == nil {
			r.of[def.FieldID] = &conditions{}
		}
		return def, r.of[def.FieldID]
	}
	return nil, nil
}

// isValue reports the side of a comparison that is no column and no expression of an index.
func (r *conditionReader) isValue(e plan.Expr) bool {
	if columnOf(e) != nil {
		return false
	}
	_, known := r.exprs[key(e)]
	return !known || len(r.exprs) == 0
}

func (r *conditionReader) compare(e *plan.Compare) {
	op, x, value := e.Op, e.L, e.R
	if r.isValue(x) {
		op, x, value = op.Flip(), e.R, e.L
	}
	if op == plan.Eq {
		r.equal(e, x, []plan.Expr{value})
		return
	}
	if op < plan.Lt || op > plan.Ge {
		return
	}
	def, c := r.column(x)
	if def == nil {
		return
	}
	v, ok := soughtValue(def.Type, value)
	if !ok {
		return
	}
	bound := plan.SeekBound{Value: v, Inclusive: op == plan.Le || op == plan.Ge}
	if up := op == plan.Gt || op == plan.Ge; up && c.lowFrom == nil {
		c.low, c.lowFrom = bound, e
	} else if !up && c.highFrom == nil {
		c.high, c.highFrom = bound, e
	}
}

func (r *conditionReader) list(e *plan.InList) {
	if !e.Negate {
		r.equal(e, e.X, e.List)
	}
}

// equal notes that x is one of values; the shortest list counts.
func (r *conditionReader) equal(from, x plan.Expr, values []plan.Expr) {
	def, c := r.column(x)
	if def == nil || c.equal != nil && len(c.equal) <= len(values) {
		return
	}
	list := make([]plan.Expr, 0, len(values))
	for _, value := range values {
		if isNullConst(value) {
			continue // equals nothing
		}
		v, ok := soughtValue(def.Type, value)
		if !ok {
			return
		}
		list = append(list, v)
	}
	c.equal, c.equalFrom = list, from
}

// like turns the letters before a pattern's first wildcard into a range.
func (r *conditionReader) like(e *plan.Like) {
	k, ok := e.Pattern.(*plan.Const)
	if !ok || k.Value.Null || e.Negate || e.Fold {
		return
	}
	prefix := literalPrefix(k.Value.S, e.Escape)
	def, c := r.column(e.X)
	if prefix == "" || def == nil || !def.Type.IsText() || !seekable(def.Type, types.TText) || c.lowFrom != nil || c.highFrom != nil {
		return
	}
	c.low, c.lowFrom = plan.SeekBound{Value: &plan.Const{Value: types.Str(def.Type, prefix)}, Inclusive: true}, e
	if next := after(prefix); next != "" {
		c.high, c.highFrom = plan.SeekBound{Value: &plan.Const{Value: types.Str(def.Type, next)}}, e
	}
}

// literalPrefix is the part of a LIKE pattern that matches itself only.
func literalPrefix(pattern string, escape rune) string {
	for i, c := range pattern {
		if c == '%' || c == '_' || c == escape || c == '\\' || c == utf8.RuneError {
			return pattern[:i]
		}
	}
	return pattern
}

// after is the least string above all that begin with prefix, "" when there is none.
func after(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}

// indexSeek is what an index can do for conditions, and the filters that it then stands for; nil when
// that is nothing.
func indexSeek(ix *catalog.Index, conds map[int32]*conditions) (*plan.Seek, []plan.Expr) {
	seek := &plan.Seek{Index: ix.Name}
	var used []plan.Expr
	lookups := 1
	for _, f := range ix.Fields {
		c := conds[f]
		if c == nil || c.equal == nil || lookups*len(c.equal) > maxLookups {
			break
		}
		seek.Equal = append(seek.Equal, c.equal)
		if c.equalFrom != nil {
			used = append(used, c.equalFrom)
		}
		used = append(used, c.from...)
		lookups *= len(c.equal)
	}
	full := len(seek.Equal) == len(ix.Fields)
	if ix.Kind() == index.Hash && !full {
		return nil, nil
	}
	seek.Unique = full && (ix.Unique || ix.Primary)
	if !full {
		if c := conds[ix.Fields[len(seek.Equal)]]; c != nil {
			seek.Low, seek.High = c.low, c.high
			if c.lowFrom != nil {
				used = append(used, c.lowFrom)
			}
			if c.highFrom != nil && c.highFrom != c.lowFrom {
				used = append(used, c.highFrom)
			}
		}
	}
	if len(used) == 0 {
		return nil, nil
	}
	seek.Path = index.NewPath(ix.Kind(), ix.Fields)
	return seek, distinctExprs(used)
}

// soughtValue is a value, known before the scan runs, as an index of a column of type t has it.
func soughtValue(t types.Type, e plan.Expr) (plan.Expr, bool) {
	switch e := e.(type) {
	case *plan.Const:
		if e.Value.Null {
			return nil, false
		}
		if t.Kind == types.Numeric {
			return scaled(t, e.Value)
		}
		if !seekable(t, e.Value.Type) {
			return nil, false
		}
		v := e.Value
		v.Type = t
		return &plan.Const{Value: v}, true
	case *plan.Param, *plan.RuntimeValue:
		return e, seekable(t, e.Type())
	}
	return nil, false
}

// scaled gives a numeric constant the column's scale, where that keeps it exactly.
func scaled(t types.Type, v types.Value) (plan.Expr, bool) {
	switch {
	case v.Type.Kind == types.Numeric && v.Type.Scale == t.Scale:
		v.Type = t
		return &plan.Const{Value: v}, true
	case v.Wide || !v.Type.IsInteger() && (v.Type.Kind != types.Numeric || v.Type.Scale > t.Scale):
		return nil, false
	}
	x := v.I
	for range int(t.Scale) - int(v.Type.Scale) {
		if x > 1<<59 || x < -1<<59 {
			return nil, false
		}
		x *= 10
	}
	return &plan.Const{Value: types.Int(t, x)}, true
}

// columnOf is the column that e is, seen through the widening of an integer, which keeps every value.
func columnOf(e plan.Expr) *plan.Column {
	if c, ok := e.(*plan.Cast); ok && c.Typ.IsInteger() && c.X.Type().IsInteger() && c.Typ.Kind > c.X.Type().Kind {
		e = c.X
	}
	c, _ := e.(*plan.Column)
	return c
}

// seekable reports that values of type b compare with a column of type a exactly as the index orders
// them: that leaves out types with several forms of equal values, which the index tells apart.
func seekable(a, b types.Type) bool {
	switch {
	case a.IsInteger():
		return b.IsInteger()
	case a.Kind == types.Numeric:
		return b.Kind == types.Numeric && a.Scale == b.Scale
	case a.Kind == types.Text || a.Kind == types.Varchar:
		return b.Kind == types.Text || b.Kind == types.Varchar
	case a.Kind == types.Char || a.Kind == types.Interval || a.Kind == types.JSON || a.Kind == types.JSONB:
		return false
	}
	return a.Kind == b.Kind
}
