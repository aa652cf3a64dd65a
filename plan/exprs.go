package plan

// Exprs are the expressions that stand directly in n, in a fixed order. WithExprs gives a copy of n
// with others in their places; the two are the one place that knows where nodes keep expressions.
func Exprs(n Node) []Expr {
	var out []Expr
	VisitExprs(n, func(e Expr) { out = append(out, e) })
	return out
}

// VisitExprs calls visit for every expression that stands directly in n, in the order of Exprs.
func VisitExprs(n Node, visit func(Expr)) {
	switch n := n.(type) {
	case *Scan:
		visitList(n.Filters, visit)
		for i := range n.Runtime {
			visit(n.Runtime[i].Expr)
		}
		if n.Seek != nil {
			n.Seek.visit(visit)
		}
	case *External:
		visitList(n.Filters, visit)
		for i := range n.Runtime {
			visit(n.Runtime[i].Expr)
		}
	case *Generate:
		visitList(n.Args, visit)
	case *Values:
		for i := range n.Rows {
			visitList(n.Rows[i], visit)
		}
	case *Filter:
		visitList(n.Preds, visit)
	case *Project:
		visitNamed(n.Exprs, visit)
	case *Join:
		for i := range n.Equi {
			visit(n.Equi[i].Left)
			visit(n.Equi[i].Right)
		}
		visitList(n.Residual, visit)
	case *Apply:
		visitList(n.On, visit)
	case *Aggregate:
		visitAggregate(n, visit)
	case *Window:
		visitWindow(n, visit)
	case *Distinct:
		visitList(n.On, visit)
	case *Sort:
		visitKeys(n.Keys, visit)
	case *Limit:
		visitList([]Expr{n.Count, n.Offset}, visit)
		visitList(n.By, visit)
		visitList(n.Ties, visit)
	}
}

func visitAggregate(n *Aggregate, visit func(Expr)) {
	visitNamed(n.Groups, visit)
	for i := range n.Aggs {
		a := &n.Aggs[i].Agg
		visitList(a.Arg, visit)
		if a.Filter != nil {
			visit(a.Filter)
		}
		visitKeys(a.OrderBy, visit)
	}
}

func visitList(exprs []Expr, visit func(Expr)) {
	for _, e := range exprs {
		if e != nil {
			visit(e)
		}
	}
}

func visitNamed(exprs []NamedExpr, visit func(Expr)) {
	for i := range exprs {
		visit(exprs[i].Expr)
	}
}

func visitKeys(keys []SortKey, visit func(Expr)) {
	for i := range keys {
		visit(keys[i].Expr)
	}
}

// MapExprs gives a copy of n whose expressions are f's results.
func MapExprs(n Node, f func(Expr) Expr) Node { return mapExprs(n, f) }

// RuntimeValues lists the runtime constants that n's expressions use, each once.
func RuntimeValues(n Node) []*RuntimeValue {
	var out []*RuntimeValue
	var seen map[*RuntimeValue]bool
	VisitExprs(n, func(e Expr) {
		Walk(e, func(e Expr) bool {
			if v, ok := e.(*RuntimeValue); ok && !seen[v] {
				if seen == nil {
					seen = map[*RuntimeValue]bool{}
				}
				seen[v] = true
				out = append(out, v)
			}
			return true
		})
	})
	return out
}

func mapExprs(n Node, f func(Expr) Expr) Node {
	switch n := n.(type) {
	case *Scan:
		m := *n
		m.Filters, m.Runtime = mapList(n.Filters, f), mapProbes(n.Runtime, f)
		if n.Seek != nil {
			m.Seek = n.Seek.mapped(f)
		}
		return &m
	case *External:
		m := *n
		m.Filters, m.Runtime = mapList(n.Filters, f), mapProbes(n.Runtime, f)
		return &m
	case *Generate:
		m := *n
		m.Args = mapList(n.Args, f)
		return &m
	case *Values:
		m := *n
		m.Rows = make([][]Expr, len(n.Rows))
		for i := range n.Rows {
			m.Rows[i] = mapList(n.Rows[i], f)
		}
		return &m
	case *Filter:
		m := *n
		m.Preds = mapList(n.Preds, f)
		return &m
	case *Project:
		m := *n
		m.Exprs = mapNamed(n.Exprs, f)
		return &m
	case *Join:
		m := *n
		m.Equi = append([]EquiPair(nil), n.Equi...)
		for i := range m.Equi {
			m.Equi[i].Left, m.Equi[i].Right = f(m.Equi[i].Left), f(m.Equi[i].Right)
		}
		m.Residual = mapList(n.Residual, f)
		return &m
	case *Apply:
		m := *n
		m.On = mapList(n.On, f)
		return &m
	case *Aggregate:
		m := *n
		m.Groups = mapNamed(n.Groups, f)
		m.Aggs = append([]NamedAgg(nil), n.Aggs...)
		for i := range m.Aggs {
			a := &m.Aggs[i].Agg
			a.Arg = mapList(a.Arg, f)
			if a.Filter != nil {
				a.Filter = f(a.Filter)
			}
			a.OrderBy = mapKeys(a.OrderBy, f)
		}
		return &m
	case *Window:
		return n.mapped(f)
	case *Distinct:
		m := *n
		m.On = mapList(n.On, f)
		return &m
	case *Sort:
		m := *n
		m.Keys = mapKeys(n.Keys, f)
		return &m
	case *Limit:
		m := *n
		if n.Count != nil {
			m.Count = f(n.Count)
		}
		if n.Offset != nil {
			m.Offset = f(n.Offset)
		}
		m.By = mapList(n.By, f)
		m.Ties = mapList(n.Ties, f)
		return &m
	}
	return n
}

func mapList(exprs []Expr, f func(Expr) Expr) []Expr {
	if exprs == nil {
		return nil
	}
	out := make([]Expr, len(exprs))
	for i, e := range exprs {
		out[i] = f(e)
	}
	return out
}

func mapProbes(probes []RuntimeProbe, f func(Expr) Expr) []RuntimeProbe {
	out := append([]RuntimeProbe(nil), probes...)
	for i := range out {
		out[i].Expr = f(out[i].Expr)
	}
	return out
}

func mapNamed(exprs []NamedExpr, f func(Expr) Expr) []NamedExpr {
	out := make([]NamedExpr, len(exprs))
	for i, e := range exprs {
		out[i] = NamedExpr{e.Out, f(e.Expr)}
	}
	return out
}

func mapKeys(keys []SortKey, f func(Expr) Expr) []SortKey {
	if keys == nil {
		return nil
	}
	out := make([]SortKey, len(keys))
	for i, k := range keys {
		out[i] = k
		out[i].Expr = f(k.Expr)
	}
	return out
}
