package plan

// Rewrite replaces expressions bottom-up: f sees each expression after its arguments were rewritten
// and gives its replacement (or itself). Unchanged trees are shared.
func Rewrite(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	args := e.Args()
	var changed []Expr
	for i, a := range args {
		if r := Rewrite(a, f); r != a {
			if changed == nil {
				changed = append([]Expr(nil), args...)
			}
			changed[i] = r
		}
	}
	if changed != nil {
		e = e.With(changed)
	}
	return f(e)
}

// Walk visits e and its arguments, parents first; it does not descend where visit gives false.
func Walk(e Expr, visit func(Expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	for _, a := range e.Args() {
		Walk(a, visit)
	}
}

// RewriteNodes replaces nodes bottom-up, as Rewrite does expressions.
func RewriteNodes(n Node, f func(Node) Node) Node {
	children := n.Children()
	var changed []Node
	for i, c := range children {
		if r := RewriteNodes(c, f); r != c {
			if changed == nil {
				changed = append([]Node(nil), children...)
			}
			changed[i] = r
		}
	}
	if changed != nil {
		n = n.With(changed)
	}
	return f(n)
}

// ColumnSet is a set of column ids.
type ColumnSet map[ColumnID]struct{}

// Has reports membership.
func (s ColumnSet) Has(id ColumnID) bool { _, ok := s[id]; return ok }

// Add puts id in.
func (s ColumnSet) Add(id ColumnID) { s[id] = struct{}{} }

// ContainsAll reports whether every id of t is in s.
func (s ColumnSet) ContainsAll(t ColumnSet) bool {
	for id := range t {
		if !s.Has(id) {
			return false
		}
	}
	return true
}

// Outputs is the set of n's output columns.
func Outputs(n Node) ColumnSet {
	s := ColumnSet{}
	for _, c := range n.Columns() {
		s.Add(c.ID)
	}
	return s
}

// AddRefs adds every column that e refers to (not those inside subqueries' inputs).
func AddRefs(s ColumnSet, e Expr) {
	Walk(e, func(e Expr) bool {
		if c, ok := e.(*Column); ok {
			s.Add(c.ID)
		}
		return true
	})
}

// Conjuncts splits nested ANDs into a list.
func Conjuncts(e Expr) []Expr {
	if a, ok := e.(*And); ok {
		var out []Expr
		for _, t := range a.Terms {
			out = append(out, Conjuncts(t)...)
		}
		return out
	}
	return []Expr{e}
}

// AndOf joins conjuncts; nil for none.
func AndOf(terms []Expr) Expr {
	switch len(terms) {
	case 0:
		return nil
	case 1:
		return terms[0]
	}
	return &And{terms}
}

// Ref is a reference to a node's output column.
func Ref(c Column) *Column { return &c }

// Contains reports whether match holds for root, a node below it, or one inside a subquery or a
// shared plan.
func Contains(root Node, match func(Node) bool) bool {
	if match(root) {
		return true
	}
	for _, c := range root.Children() {
		if Contains(c, match) {
			return true
		}
	}
	if s, ok := root.(*Shared); ok && Contains(s.Plan.Input, match) {
		return true
	}
	found := false
	for _, e := range Exprs(root) {
		Walk(e, func(e Expr) bool {
			switch e := e.(type) {
			case *Subquery:
				found = found || Contains(e.Input, match)
			case *RuntimeValue:
				found = found || Contains(e.Input, match)
			}
			return !found
		})
	}
	return found
}
