package optimize

import "github.com/oxidb/oxidb/plan"

// joinRows estimates a join by its kind.
func (e *estimator) joinRows(n *plan.Join) float64 {
	l, r := e.rows(n.Left), e.rows(n.Right)
	switch n.Kind {
	case plan.MarkJoin, plan.SingleJoin:
		return l
	case plan.SemiJoin:
		return l * e.semiFraction(n)
	case plan.AntiJoin:
		return l * max(0.05, 1-e.semiFraction(n))
	}
	inner := l * r * e.joinFraction(n)
	switch n.Kind {
	case plan.LeftJoin:
		return max(inner, l)
	case plan.RightJoin:
		return max(inner, r)
	case plan.FullJoin:
		return max(inner, l, r)
	}
	return inner
}

// joinFraction is the part of all pairs that match: one over the larger of the two key domains,
// composite keys having no more values than their table has rows.
func (e *estimator) joinFraction(n *plan.Join) float64 {
	f := 1.0
	if len(n.Equi) > 0 {
		f = 1 / max(e.keyDomain(n.Left, n.Equi, true), e.keyDomain(n.Right, n.Equi, false), 1)
	}
	if len(n.Residual) > 0 {
		f *= e.conjunction(n.Residual, func(id plan.ColumnID) domainStats { return e.domain(n, id) })
	}
	return f
}

func (e *estimator) keyDomain(n plan.Node, pairs []plan.EquiPair, left bool) float64 {
	total := 1.0
	for _, p := range pairs {
		x := p.Right
		if left {
			x = p.Left
		}
		d := e.exprDomain(n, x).distinct
		if d == 0 {
			d = max(1, e.rows(n)*guessDistinct)
		}
		total *= d
	}
	return max(1, min(total, e.baseRows(n)))
}

// semiFraction is the part of left rows that find a partner: the share of the key domain that is
// left on the right side.
func (e *estimator) semiFraction(n *plan.Join) float64 {
	f := 1.0
	if len(n.Equi) > 0 {
		l, r := e.keyDomain(n.Left, n.Equi, true), e.keyDomain(n.Right, n.Equi, false)
		f = min(1, drawn(r, e.rows(n.Right))/max(l, r))
	}
	for range n.Residual {
		f *= guessResidual
	}
	return f
}

// joinDomain is the column's domain in the side that delivers it; the rows that an outer join extends
// are NULLs.
func (e *estimator) joinDomain(n *plan.Join, id plan.ColumnID) domainStats {
	if delivers(n.Left, id) {
		d := e.domain(n.Left, id)
		if n.Kind == plan.RightJoin || n.Kind == plan.FullJoin {
			d.nulls = max(d.nulls, 1-e.semiFraction(flipped(n)), guessUnmatched)
		}
		return d
	}
	if !delivers(n.Right, id) {
		return domainStats{}
	}
	d := e.domain(n.Right, id)
	if n.Kind == plan.LeftJoin || n.Kind == plan.FullJoin || n.Kind == plan.SingleJoin {
		d.nulls = max(d.nulls, 1-e.semiFraction(n), guessUnmatched)
	}
	return d
}

// flipped is the join seen from its right side.
func flipped(n *plan.Join) *plan.Join {
	m := &plan.Join{Kind: n.Kind, Left: n.Right, Right: n.Left, Residual: n.Residual}
	for _, p := range n.Equi {
		m.Equi = append(m.Equi, plan.EquiPair{Left: p.Right, Right: p.Left, NullSafe: p.NullSafe})
	}
	return m
}
