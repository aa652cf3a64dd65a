package optimize

import "github.com/oxidb/oxidb/plan"

// domain is the set D of distinct values of the outer columns that a dependent right side refers
// to (Neumann and Kemper 2015, section 3). push computes, set-wise for all d in D at once, what the
// right side delivers for d; the columns that stand for the outer ones are its representation.
type domain struct {
	o     *optimizer
	outer []plan.Column // sorted by position in the left side
	set   plan.ColumnSet
	input plan.Node // the left side
	// shared and distinct are made when the first copy of D is needed.
	shared, distinct *plan.SharedPlan
}

// repr says which column stands for each outer column.
type repr map[plan.ColumnID]plan.Column

func (r repr) binding() binding {
	b := binding{}
	for id, c := range r {
		b[id] = plan.Ref(c)
	}
	return b
}

// equality is a predicate outer = inner that some filter above asks for.
type equality struct {
	outer plan.ColumnID
	inner plan.Expr
}

// domainApply is the general fall-back: the right side is computed for every d in D and joined with
// the left side on the outer columns.
//
//	Left Apply (a, R[a.x])  ⇒  Left Join on a.x IS NOT DISTINCT FROM d.x (a, R[d.x] for d in Distinct a.x (a))
func (o *optimizer) domainApply(a *plan.Apply, outer plan.ColumnSet) plan.Node {
	d := o.newDomain(a.Left, outer)
	right, r := d.push(a.Right, nil)
	if o.err != nil {
		return a
	}
	j := newJoin(a.Kind, d.left(), right, append(d.conditions(r), a.On...))
	j.Mark = a.Mark
	return keep(j, a.Columns())
}

func (o *optimizer) newDomain(left plan.Node, outer plan.ColumnSet) *domain {
	d := &domain{o: o, set: outer, input: left}
	for _, c := range left.Columns() {
		if outer.Has(c.ID) {
			d.outer = append(d.outer, c)
		}
	}
	return d
}

// left is the left side; it is read through a shared plan when D is made of it.
func (d *domain) left() plan.Node {
	if d.shared == nil {
		return d.input
	}
	return &plan.Shared{Plan: d.shared, Cols: d.input.Columns()}
}

// conditions equate the outer columns with what stands for them.
func (d *domain) conditions(r repr) []plan.Expr {
	out := make([]plan.Expr, len(d.outer))
	for i, c := range d.outer {
		in := r[c.ID]
		op := plan.IsNotDistinct
		if c.NotNull || in.NotNull {
			op = plan.Eq
		}
		out[i] = &plan.Compare{Op: op, L: plan.Ref(c), R: plan.Ref(in)}
	}
	return out
}

// same equates two representations of the same outer columns.
func (d *domain) same(a, b repr) []plan.Expr {
	out := make([]plan.Expr, 0, len(d.outer))
	for _, c := range d.outer {
		l, r := a[c.ID], b[c.ID]
		op := plan.IsNotDistinct
		if l.NotNull || r.NotNull {
			op = plan.Eq
		}
		out = append(out, &plan.Compare{Op: op, L: &l, R: &r})
	}
	return out
}

// columns are the representation's columns in the order of the outer ones, each once.
func (d *domain) columns(r repr) []plan.Column {
	out := make([]plan.Column, 0, len(d.outer))
	seen := plan.ColumnSet{}
	for _, c := range d.outer {
		if in := r[c.ID]; !seen.Has(in.ID) {
			seen.Add(in.ID)
			out = append(out, in)
		}
	}
	return out
}

// read gives a copy of D over the given outer columns.
func (d *domain) read(outer []plan.Column) (plan.Node, repr) {
	if d.shared == nil {
		body, _ := d.o.copyTree(d.input)
		d.shared = &plan.SharedPlan{Name: "outer", Input: body}
		cols := make([]plan.Column, 0, len(d.input.Columns()))
		at := map[plan.ColumnID]plan.Column{}
		for _, c := range d.input.Columns() {
			n := d.o.fresh(c)
			at[c.ID] = n
			cols = append(cols, n)
		}
		keys := make([]plan.Column, len(d.outer))
		for i, c := range d.outer {
			keys[i] = at[c.ID]
		}
		d.distinct = &plan.SharedPlan{Name: "domain", Input: &plan.Distinct{
			Input: keep(&plan.Shared{Plan: d.shared, Cols: cols}, keys),
		}}
	}
	all := make([]plan.Column, len(d.outer))
	r := repr{}
	for i, c := range d.outer {
		all[i] = d.o.fresh(c)
		r[c.ID] = all[i]
	}
	n := plan.Node(&plan.Shared{Plan: d.distinct, Cols: all})
	if len(outer) == len(d.outer) {
		return n, r
	}
	some := repr{}
	cols := make([]plan.Column, len(outer))
	for i, c := range outer {
		some[c.ID] = r[c.ID]
		cols[i] = r[c.ID]
	}
	return &plan.Distinct{Input: keep(n, cols)}, some
}

// supply adds to n, which does not depend on the outer columns, columns that stand for them: those
// that an equality above equates with something of n need no D at all, the others come from a
// cross product with D.
func (d *domain) supply(n plan.Node, eqs []equality) (plan.Node, repr) {
	r := repr{}
	outputs := plan.Outputs(n)
	cols := n.Columns()
	exprs := identity(cols)
	var missing []plan.Column
	for _, c := range d.outer {
		inner := findEquality(eqs, c.ID, outputs)
		switch e := inner.(type) {
		case nil:
			missing = append(missing, c)
		case *plan.Column:
			for _, in := range cols {
				if in.ID == e.ID {
					r[c.ID] = in
				}
			}
		default:
			out := d.o.column(c.Name, c.Typ, false)
			exprs = append(exprs, plan.NamedExpr{Out: out, Expr: inner})
			r[c.ID] = out
		}
	}
	if len(exprs) > len(cols) {
		n = &plan.Project{Input: n, Exprs: exprs}
	}
	if len(missing) == 0 {
		return n, r
	}
	rows, more := d.read(missing)
	for id, c := range more {
		r[id] = c
	}
	return &plan.Join{Kind: plan.CrossJoin, Left: n, Right: rows}, r
}

func findEquality(eqs []equality, id plan.ColumnID, outputs plan.ColumnSet) plan.Expr {
	for _, q := range eqs {
		if q.outer == id && within(q.inner, outputs) {
			return q.inner
		}
	}
	return nil
}

// equalities adds those among conds to eqs.
func (d *domain) equalities(eqs []equality, conds []plan.Expr) []equality {
	out := eqs[:len(eqs):len(eqs)]
	for _, c := range conds {
		eq, ok := c.(*plan.Compare)
		if !ok || eq.Op != plan.Eq || volatile(c) {
			continue
		}
		for _, side := range [][2]plan.Expr{{eq.L, eq.R}, {eq.R, eq.L}} {
			col, ok := side[0].(*plan.Column)
			if ok && d.set.Has(col.ID) && !touches(side[1], d.set) && len(refs(side[1])) > 0 {
				out = append(out, equality{col.ID, side[1]})
			}
		}
	}
	return out
}
