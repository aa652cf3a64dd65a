package plan

// FreeColumns are the columns that root, with the subqueries in its expressions, uses but does not
// produce: its correlation.
func FreeColumns(root Node) ColumnSet {
	used, made := ColumnSet{}, ColumnSet{}
	usage(root, used, made)
	for id := range made {
		delete(used, id)
	}
	return used
}

// UsedColumns are the columns that e uses, also those that its subqueries take from outside.
func UsedColumns(e Expr) ColumnSet {
	used, made := ColumnSet{}, ColumnSet{}
	usageExpr(e, used, made)
	for id := range made {
		delete(used, id)
	}
	return used
}

func usage(n Node, used, made ColumnSet) {
	for _, e := range Exprs(n) {
		usageExpr(e, used, made)
	}
	for _, c := range Produced(n) {
		made.Add(c.ID)
	}
	if s, ok := n.(*Shared); ok {
		usage(s.Plan.Input, used, made)
	}
	for _, c := range n.Children() {
		usage(c, used, made)
	}
}

func usageExpr(e Expr, used, made ColumnSet) {
	Walk(e, func(e Expr) bool {
		switch e := e.(type) {
		case *Column:
			used.Add(e.ID)
		case *Subquery:
			usage(e.Input, used, made)
		}
		return true
	})
}

// Produced are the columns that n itself brings into being.
func Produced(n Node) []Column {
	switch n := n.(type) {
	case *Filter, *Distinct, *Sort, *Limit:
		return nil
	case *Join:
		if n.Kind == MarkJoin {
			return []Column{n.Mark}
		}
		return nil
	case *Apply:
		if n.Kind == MarkJoin {
			return []Column{n.Mark}
		}
		return nil
	case *Generate:
		return n.Cols
	case *Window:
		made := make([]Column, len(n.Calls))
		for i := range n.Calls {
			made[i] = n.Calls[i].Out
		}
		return made
	}
	return n.Columns()
}
