package plan

import (
	"github.com/oxidb/oxidb/types"
)

// Derivations are what the indexes of a table are on besides columns: expressions by field, and the
// conditions of partial indexes by name, as conjuncts. A column's id is its ordinal in the table.
type Derivations struct {
	Exprs      map[int32]Expr
	Predicates map[string][]Expr
}

// Implies reports that all conditions of wanted hold where all facts do. It knows equal conditions, those
// that NULL fails, ranges, lists, and the terms of AND and OR; key is a text that equal expressions share.
func Implies(facts, wanted []Expr, key func(Expr) string) bool {
	for _, w := range wanted {
		if !impliedBy(facts, w, key) {
			return false
		}
	}
	return true
}

func impliedBy(facts []Expr, w Expr, key func(Expr) string) bool {
	switch w := w.(type) {
	case *And:
		return Implies(facts, w.Terms, key)
	case *Or:
		for _, t := range w.Terms {
			if impliedBy(facts, t, key) {
				return true
			}
		}
	}
	for _, f := range facts {
		if implies(f, w, key) {
			return true
		}
	}
	return false
}

// implies reports that w holds where f does.
func implies(f, w Expr, key func(Expr) string) bool {
	if key(f) == key(w) {
		return true
	}
	if or, ok := f.(*Or); ok {
		for _, t := range or.Terms {
			if !impliedBy(Conjuncts(t), w, key) {
				return false
			}
		}
		return len(or.Terms) > 0
	}
	if n, ok := w.(*IsNull); ok {
		return n.Negate && strictOn(f, key(n.X), key)
	}
	if in, ok := w.(*InList); ok {
		return !in.Negate && amongList(f, in, key)
	}
	x, low, high := rangeOf(f, key)
	y, least, most := rangeOf(w, key)
	return x != "" && x == y && low.atLeast(least) && high.atMost(most)
}

// strictOn reports a condition that is not true where x is NULL.
func strictOn(f Expr, x string, key func(Expr) string) bool {
	switch f := f.(type) {
	case *Compare:
		return f.Op != IsDistinct && f.Op != IsNotDistinct && (key(f.L) == x || key(f.R) == x)
	case *InList:
		return key(f.X) == x
	case *Like:
		return key(f.X) == x
	case *Not:
		return key(f.X) == x
	}
	return key(f) == x
}

// end is one end of a range of values; without a value there is none.
type end struct {
	value     types.Value
	set       bool
	inclusive bool
}

// rangeOf reads a condition as a range of an expression, given by its key; "" for other conditions.
func rangeOf(e Expr, key func(Expr) string) (x string, low, high end) {
	if in, ok := e.(*InList); ok && !in.Negate {
		return listRange(in, key)
	}
	c, ok := e.(*Compare)
	if !ok {
		return "", low, high
	}
	op, left, right := c.Op, c.L, c.R
	if _, ok := left.(*Const); ok {
		op, left, right = op.Flip(), right, left
	}
	k, ok := right.(*Const)
	if !ok || k.Value.Null {
		return "", low, high
	}
	at := end{value: k.Value, set: true, inclusive: op == Eq || op == Le || op == Ge}
	switch op {
	case Eq:
		return key(left), at, at
	case Lt, Le:
		return key(left), low, at
	case Gt, Ge:
		return key(left), at, high
	}
	return "", low, high
}

// listRange is the range from the least to the greatest value of a list.
func listRange(in *InList, key func(Expr) string) (x string, low, high end) {
	for _, e := range in.List {
		k, ok := e.(*Const)
		if !ok {
			return "", end{}, end{}
		}
		if k.Value.Null {
			continue
		}
		at := end{value: k.Value, set: true, inclusive: true}
		if !low.set {
			low, high = at, at
		}
		below, ok1 := orderConsts(at.value, low.value)
		above, ok2 := orderConsts(at.value, high.value)
		if !ok1 || !ok2 {
			return "", end{}, end{}
		}
		if below < 0 {
			low = at
		}
		if above > 0 {
			high = at
		}
	}
	if !low.set {
		return "", end{}, end{}
	}
	return key(in.X), low, high
}

// amongList reports that a condition allows values of a list only: it is an equality with one of them, or
// a list of some of them.
func amongList(f Expr, w *InList, key func(Expr) string) bool {
	values := []Expr{}
	switch f := f.(type) {
	case *Compare:
		x, low, _ := rangeOf(f, key)
		if f.Op != Eq || x != key(w.X) {
			return false
		}
		values = append(values, &Const{Value: low.value})
	case *InList:
		if f.Negate || key(f.X) != key(w.X) {
			return false
		}
		values = f.List
	default:
		return false
	}
	for _, v := range values {
		k, ok := v.(*Const)
		if !ok || !k.Value.Null && !listed(k.Value, w.List) {
			return false
		}
	}
	return true
}

func listed(v types.Value, list []Expr) bool {
	for _, e := range list {
		if k, ok := e.(*Const); ok {
			if d, ok := orderConsts(v, k.Value); ok && d == 0 {
				return true
			}
		}
	}
	return false
}

// atLeast reports that a lower end keeps at least what a wanted lower end does.
func (e end) atLeast(wanted end) bool {
	if !wanted.set || !e.set {
		return !wanted.set
	}
	d, ok := orderConsts(e.value, wanted.value)
	return ok && (d > 0 || d == 0 && (wanted.inclusive || !e.inclusive))
}

// atMost is atLeast for upper ends.
func (e end) atMost(wanted end) bool {
	if !wanted.set || !e.set {
		return !wanted.set
	}
	d, ok := orderConsts(e.value, wanted.value)
	return ok && (d < 0 || d == 0 && (wanted.inclusive || !e.inclusive))
}

// orderConsts orders two constants; ok is false where that says nothing about comparisons in SQL, such as
// those of padded strings.
func orderConsts(a, b types.Value) (order int, ok bool) {
	if a.Type.Kind == types.Char || b.Type.Kind == types.Char {
		return 0, false
	}
	return types.Order(a, b)
}
