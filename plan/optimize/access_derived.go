package optimize

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/plan"
)

// derivedPaths is what a scan's table has in indexes on expressions and of some rows, over the scan's
// columns. A nil *derivedPaths has none.
type derivedPaths struct {
	table *catalog.Table
	exprs map[string]catalog.Computed // by key
	// predicates are the conditions of partial indexes by name; those on columns that the scan does not
	// have are left out, and cannot be implied by its filters.
	predicates map[string][]plan.Expr
	// loose are the partial indexes whose condition the filters imply without having it.
	loose map[string]bool
}

func (o *optimizer) derived(n *plan.Scan) *derivedPaths {
	if len(n.Table.Derived) == 0 || o.env.Derivations == nil {
		return nil
	}
	known := o.env.Derivations(n.Table)
	if known == nil {
		return nil
	}
	d := &derivedPaths{table: n.Table, exprs: map[string]catalog.Computed{}, predicates: map[string][]plan.Expr{}, loose: map[string]bool{}}
	simple := simplifier{o: o}
	over := func(e plan.Expr) (plan.Expr, bool) {
		bound, ok := binding{}, true
		for id := range plan.UsedColumns(e) {
			at := slices.IndexFunc(n.Cols, func(c plan.Column) bool { return c.Ordinal == int(id) })
			if ok = ok && at >= 0; ok {
				bound[id] = plan.Ref(n.Cols[at])
			}
		}
		if !ok {
			return nil, false
		}
		return plan.Rewrite(bound.substitute(e), simple.step), true
	}
	for i := range n.Table.Derived {
		x := &n.Table.Derived[i]
		for _, c := range x.Computed {
			if e, ok := over(known.Exprs[c.Field]); known.Exprs[c.Field] != nil && ok {
				d.exprs[key(e)] = c
			}
		}
		var all []plan.Expr
		complete := x.Predicate != ""
		for _, p := range known.Predicates[x.Name] {
			e, ok := over(p)
			if complete = complete && ok; complete {
				all = append(all, plan.Conjuncts(e)...)
			}
		}
		if complete {
			d.predicates[x.Name] = all
		}
	}
	return d
}

// indexes lists a table's indexes, the plain ones first.
func (d *derivedPaths) indexes(t *catalog.Table) []*catalog.Index {
	all := make([]*catalog.Index, 0, len(t.Indexes)+len(t.Derived))
	for i := range t.Indexes {
		all = append(all, &t.Indexes[i])
	}
	if d != nil {
		for i := range t.Derived {
			all = append(all, &t.Derived[i].Index)
		}
	}
	return all
}

// conditionsOf is conditionsOf with what the filters say of expressions, and which conditions of indexes
// they imply.
func (d *derivedPaths) conditionsOf(n *plan.Scan, preds []plan.Expr) map[int32]*conditions {
	if d == nil {
		return conditionsOf(n, preds)
	}
	of := (&conditionReader{scan: n, of: map[int32]*conditions{}, exprs: d.exprs}).read(preds)
	for i := range d.table.Derived {
		x := &d.table.Derived[i]
		wanted, ok := d.predicates[x.Name]
		if !ok || !plan.Implies(preds, wanted, key) {
			continue
		}
		c := &conditions{equal: []plan.Expr{constBool(true)}}
		same := 0
		for _, w := range wanted {
			for _, f := range preds {
				if key(f) == key(w) {
					c.from, same = append(c.from, f), same+1
					break
				}
			}
		}
		d.loose[x.Name] = same < len(wanted)
		if d.loose[x.Name] { // what implies the condition stands for it in estimates
			for _, f := range preds {
				if !slices.Contains(c.from, f) && plan.Implies([]plan.Expr{f}, wanted, key) {
					c.from = append(c.from, f)
				}
			}
		}
		of[x.Fields[0]] = c
	}
	return of
}

// mark completes a seek through the index of a number of indexes.
func (d *derivedPaths) mark(seek *plan.Seek, number int) {
	if d == nil || number < len(d.table.Indexes) {
		return
	}
	x := &d.table.Derived[number-len(d.table.Indexes)]
	seek.Path, seek.Loose = x.Path(), d.loose[x.Name]
}

// distinctExprs leaves out what stands in a list twice.
func distinctExprs(list []plan.Expr) []plan.Expr {
	out := list[:0:0]
	for _, e := range list {
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}
