package optimize

import "github.com/oxidb/oxidb/plan"

// factor takes the conjuncts that all terms of a disjunction have in common out of it; distribution
// holds in three-valued logic.
//
//	(a AND b) OR (a AND c)  ⇒  a AND (b OR c)
//	(a AND b) OR a          ⇒  a
func factor(s *simplifier, terms []plan.Expr) plan.Expr {
	lists := make([][]plan.Expr, len(terms))
	count := map[string]int{}
	for i, t := range terms {
		lists[i] = dedupe(plan.Conjuncts(t))
		for _, c := range lists[i] {
			if !volatile(c) && !hasSubquery(c) {
				count[key(c)]++
			}
		}
	}
	var common []plan.Expr
	for _, c := range lists[0] {
		if count[key(c)] == len(terms) {
			common = append(common, c)
		}
	}
	if len(common) == 0 {
		return sameColumnOr(terms)
	}
	rest := make([]plan.Expr, 0, len(terms))
	for _, conjuncts := range lists {
		var own []plan.Expr
		for _, c := range conjuncts {
			if count[key(c)] != len(terms) {
				own = append(own, c)
			}
		}
		if len(own) == 0 {
			return s.nary(common, true)
		}
		rest = append(rest, plan.AndOf(own))
	}
	return s.nary(append(common, s.nary(rest, false)), true)
}

// sameColumnOr joins equalities of one expression with constants.
//
//	x = 1 OR x = 2 OR y = 3  ⇒  x IN (1, 2) OR y = 3
func sameColumnOr(terms []plan.Expr) plan.Expr {
	type member struct {
		x    plan.Expr
		list []plan.Expr
	}
	groups := map[string]*member{}
	var out []plan.Expr
	slot := map[string]int{}
	for _, t := range terms {
		x, list, ok := equalsConstants(t)
		if !ok {
			out = append(out, t)
			continue
		}
		k := key(x)
		if g := groups[k]; g != nil {
			g.list = append(g.list, list...)
			out[slot[k]] = &plan.InList{X: x, List: dedupe(g.list)}
			continue
		}
		groups[k] = &member{x: x, list: list}
		slot[k] = len(out)
		out = append(out, t)
	}
	if len(out) == 1 {
		return out[0]
	}
	return &plan.Or{Terms: out}
}

// equalsConstants recognises x = constant and x IN (constants).
func equalsConstants(e plan.Expr) (x plan.Expr, list []plan.Expr, ok bool) {
	switch e := e.(type) {
	case *plan.Compare:
		if _, isConst := e.R.(*plan.Const); e.Op == plan.Eq && isConst && !volatile(e.L) {
			return e.L, []plan.Expr{e.R}, true
		}
	case *plan.InList:
		if e.Negate || volatile(e.X) {
			return nil, nil, false
		}
		for _, a := range e.List {
			if _, isConst := a.(*plan.Const); !isConst {
				return nil, nil, false
			}
		}
		return e.X, e.List, true
	}
	return nil, nil, false
}

// implied derives from a disjunction what it says of the columns in side alone; nil when some term
// says nothing of them.
//
//	(n1 = 'A' AND n2 = 'B') OR (n1 = 'B' AND n2 = 'A'), side {n1}  ⇒  n1 IN ('A', 'B')
func implied(s *simplifier, e plan.Expr, side plan.ColumnSet) plan.Expr {
	or, ok := e.(*plan.Or)
	if !ok || within(e, side) || volatile(e) || hasSubquery(e) {
		return nil
	}
	terms := make([]plan.Expr, 0, len(or.Terms))
	for _, t := range or.Terms {
		var own []plan.Expr
		for _, c := range plan.Conjuncts(t) {
			if inner := implied(s, c, side); inner != nil {
				own = append(own, inner)
			} else if touches(c, side) && within(c, side) {
				own = append(own, c)
			}
		}
		if len(own) == 0 {
			return nil
		}
		terms = append(terms, s.nary(own, true))
	}
	return s.nary(terms, false)
}
