package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// simplifier rewrites expressions of one node by rules that hold in three-valued logic.
type simplifier struct {
	o        *optimizer
	children []plan.Node
	notNull  plan.ColumnSet // lazily: the columns of children without NULLs
}

// step simplifies e, whose arguments are simplified already.
func (s *simplifier) step(e plan.Expr) plan.Expr {
	switch e := e.(type) {
	case *plan.And:
		return s.nary(e.Terms, true)
	case *plan.Or:
		return s.nary(e.Terms, false)
	case *plan.Not:
		return s.not(e.X)
	case *plan.Compare:
		return s.compare(e)
	case *plan.IsNull:
		return s.isNull(e)
	case *plan.InList:
		return s.inList(e)
	case *plan.Like:
		return s.like(e)
	case *plan.Case:
		return s.caseExpr(e)
	case *plan.Coalesce:
		return s.coalesce(e)
	case *plan.Subquery:
		return s.subquery(e)
	case *plan.Cast:
		if e.X.Type() == e.Typ {
			return e.X
		}
	}
	if strictOnNull(e) {
		return constNull(e.Type())
	}
	return s.o.foldConst(e)
}

// strictOnNull reports an operator or function of a NULL constant that gives NULL.
func strictOnNull(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Arith, *plan.Neg, *plan.Cast:
	case *plan.Call:
		if e.Fn.CallsOnNull || e.Fn.Volatile {
			return false
		}
	default:
		return false
	}
	for _, a := range e.Args() {
		if isNullConst(a) {
			return true
		}
	}
	return false
}

// nary flattens and simplifies a conjunction (and) or disjunction.
func (s *simplifier) nary(terms []plan.Expr, and bool) plan.Expr {
	var flat []plan.Expr
	null := false
	for _, t := range flatten(terms, and) {
		value, isNull, ok := boolConst(t)
		switch {
		case !ok:
			flat = append(flat, t)
		case isNull:
			null = true
		case value != and:
			return constBool(!and)
		}
	}
	flat = dedupe(flat)
	if null {
		flat = append(flat, constNull(types.TBoolean))
	}
	switch {
	case len(flat) == 0:
		return constBool(and)
	case len(flat) == 1:
		return flat[0]
	case and:
		return &plan.And{Terms: flat}
	}
	return factor(s, flat)
}

func flatten(terms []plan.Expr, and bool) []plan.Expr {
	var out []plan.Expr
	for _, t := range terms {
		switch e := t.(type) {
		case *plan.And:
			if and {
				out = append(out, flatten(e.Terms, and)...)
				continue
			}
		case *plan.Or:
			if !and {
				out = append(out, flatten(e.Terms, and)...)
				continue
			}
		}
		out = append(out, t)
	}
	return out
}

// not pushes a negation into x.
func (s *simplifier) not(x plan.Expr) plan.Expr {
	switch x := x.(type) {
	case *plan.Const:
		if x.Value.Null {
			return x
		}
		return constBool(x.Value.I == 0)
	case *plan.Not:
		return x.X
	case *plan.Compare:
		return s.step(&plan.Compare{Op: x.Op.Negate(), L: x.L, R: x.R})
	case *plan.And:
		return s.nary(s.notAll(x.Terms), false)
	case *plan.Or:
		return s.nary(s.notAll(x.Terms), true)
	case *plan.IsNull:
		return &plan.IsNull{X: x.X, Negate: !x.Negate}
	case *plan.InList:
		return &plan.InList{X: x.X, List: x.List, Negate: !x.Negate}
	case *plan.Like:
		c := *x
		c.Negate = !x.Negate
		return &c
	case *plan.Subquery:
		if x.Kind != plan.ScalarSubquery {
			c := *x
			c.Negate = !x.Negate
			return s.subquery(&c)
		}
	}
	return &plan.Not{X: x}
}

func (s *simplifier) notAll(terms []plan.Expr) []plan.Expr {
	out := make([]plan.Expr, len(terms))
	for i, t := range terms {
		out[i] = s.not(t)
	}
	return out
}

// subquery writes ALL as the negation of ANY: x < ALL q ⇔ NOT (x >= ANY q). Rows of several columns
// have no such opposite and stay.
func (s *simplifier) subquery(e *plan.Subquery) plan.Expr {
	if e.Kind != plan.AllSubquery || len(e.Left) != 1 {
		return e
	}
	c := *e
	c.Kind, c.Op, c.Negate = plan.AnySubquery, e.Op.Negate(), !e.Negate
	return &c
}

func (s *simplifier) compare(e *plan.Compare) plan.Expr {
	_, constLeft := e.L.(*plan.Const)
	_, constRight := e.R.(*plan.Const)
	if constLeft && !constRight {
		e = &plan.Compare{Op: e.Op.Flip(), L: e.R, R: e.L}
		constLeft, constRight = false, true
	}
	if e.Op == plan.IsDistinct || e.Op == plan.IsNotDistinct {
		return s.distinctFrom(e)
	}
	if isNullConst(e.L) || isNullConst(e.R) {
		return constNull(types.TBoolean)
	}
	if constRight && !constLeft {
		return s.boolCompare(s.narrow(e))
	}
	return s.o.foldConst(e)
}

// distinctFrom turns a null-safe comparison into a plain one where NULL cannot occur.
func (s *simplifier) distinctFrom(e *plan.Compare) plan.Expr {
	switch {
	case isNullConst(e.R):
		return s.isNull(&plan.IsNull{X: e.L, Negate: e.Op == plan.IsDistinct})
	case s.nonNull(e.L) && s.nonNull(e.R):
		op := plan.Eq
		if e.Op == plan.IsDistinct {
			op = plan.Ne
		}
		return s.compare(&plan.Compare{Op: op, L: e.L, R: e.R})
	}
	return s.o.foldConst(e)
}

// boolCompare simplifies p = true and its kin.
func (s *simplifier) boolCompare(e *plan.Compare) plan.Expr {
	value, null, ok := boolConst(e.R)
	if !ok || null || e.L.Type().Kind != types.Boolean {
		return e
	}
	switch {
	case e.Op == plan.Eq && value || e.Op == plan.Ne && !value:
		return e.L
	case e.Op == plan.Eq || e.Op == plan.Ne:
		return s.not(e.L)
	}
	return e
}

// narrow compares in the type of a widened column: CAST(smallint AS bigint) < 5 ⇒ smallint < 5. The
// constant must survive the way to the narrow type and back unchanged.
func (s *simplifier) narrow(e *plan.Compare) *plan.Compare {
	c, ok := e.L.(*plan.Cast)
	if !ok || s.o.env.Fold == nil || !widening(c.X.Type(), c.Typ) {
		return e
	}
	if down, ok := s.narrowConst(c, e.R.(*plan.Const)); ok {
		return &plan.Compare{Op: e.Op, L: c.X, R: down}
	}
	return e
}

// narrowConst brings a constant to the type that c widens, if it stays the same value.
func (s *simplifier) narrowConst(c *plan.Cast, k *plan.Const) (*plan.Const, bool) {
	down, err := s.o.env.Fold(&plan.Cast{X: k, Typ: c.X.Type(), Span: plan.NoSpan})
	if err != nil || down.Null {
		return nil, false
	}
	down.Type = c.X.Type()
	back, err := s.o.env.Fold(&plan.Cast{X: &plan.Const{Value: down}, Typ: c.Typ, Span: plan.NoSpan})
	back.Type = k.Value.Type
	return &plan.Const{Value: down}, err == nil && back == k.Value
}

// narrowList is narrow for IN: all items must be constants that the narrow type holds, or NULL.
func (s *simplifier) narrowList(e *plan.InList) *plan.InList {
	c, ok := e.X.(*plan.Cast)
	if !ok || s.o.env.Fold == nil || !widening(c.X.Type(), c.Typ) {
		return e
	}
	list := make([]plan.Expr, len(e.List))
	for i, item := range e.List {
		k, ok := item.(*plan.Const)
		if !ok {
			return e
		}
		if k.Value.Null {
			list[i] = constNull(c.X.Type())
			continue
		}
		if list[i], ok = s.narrowConst(c, k); !ok {
			return e
		}
	}
	return &plan.InList{X: c.X, List: list, Negate: e.Negate}
}

// widening reports a cast that keeps every value and the order.
func widening(from, to types.Type) bool {
	switch {
	case from.IsInteger() && to.IsInteger():
		return to.Kind >= from.Kind
	case from.IsInteger() && to.Kind == types.Numeric:
		return to.Precision-to.Scale >= 19
	case from.Kind == types.Numeric && to.Kind == types.Numeric:
		return to.Scale >= from.Scale && to.Precision-to.Scale >= from.Precision-from.Scale
	case from.Kind == types.Varchar && to.Kind == types.Text, from.Kind == types.Date && to.Kind == types.Timestamp:
		return true
	}
	return false
}

func (s *simplifier) isNull(e *plan.IsNull) plan.Expr {
	if c, ok := e.X.(*plan.Const); ok {
		return constBool(c.Value.Null != e.Negate)
	}
	if s.nonNull(e.X) {
		return constBool(e.Negate)
	}
	return e
}

// nonNull reports that e is never NULL.
func (s *simplifier) nonNull(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Const:
		return !e.Value.Null
	case *plan.Column:
		return s.notNullColumns().Has(e.ID)
	case *plan.Cast:
		return e.X.Type().IsNumber() && e.Typ.IsNumber() && s.nonNull(e.X)
	case *plan.IsNull:
		return true
	case *plan.Coalesce:
		for _, a := range e.Arg {
			if s.nonNull(a) {
				return true
			}
		}
	case *plan.Arith, *plan.Neg, *plan.Compare, *plan.And, *plan.Or, *plan.Not:
		for _, a := range e.Args() {
			if !s.nonNull(a) {
				return false
			}
		}
		return true
	}
	return false
}

func (s *simplifier) notNullColumns() plan.ColumnSet {
	if s.notNull == nil {
		s.notNull = plan.ColumnSet{}
		for _, n := range s.children {
			for _, c := range n.Columns() {
				if c.NotNull {
					s.notNull.Add(c.ID)
				}
			}
		}
	}
	return s.notNull
}

// inList turns a list of one into a comparison and drops repeated constants.
func (s *simplifier) inList(e *plan.InList) plan.Expr {
	list := dedupe(e.List)
	if len(list) == 1 {
		op := plan.Eq
		if e.Negate {
			op = plan.Ne
		}
		return s.compare(&plan.Compare{Op: op, L: e.X, R: list[0]})
	}
	if isNullConst(e.X) {
		return constNull(types.TBoolean)
	}
	if len(list) < len(e.List) {
		e = &plan.InList{X: e.X, List: list, Negate: e.Negate}
	}
	return s.o.foldConst(s.narrowList(e))
}

// like turns a pattern without wildcards into an equality.
func (s *simplifier) like(e *plan.Like) plan.Expr {
	c, ok := e.Pattern.(*plan.Const)
	if isNullConst(e.X) || isNullConst(e.Pattern) {
		return constNull(types.TBoolean)
	}
	if !ok || e.Fold || e.X.Type().Kind == types.Char || e.X.Type().Class() != types.ClassBytes {
		return s.o.foldConst(e)
	}
	prefix, rest := likePrefix(c.Value.S, e.Escape)
	if rest != "" {
		return s.o.foldConst(e)
	}
	op := plan.Eq
	if e.Negate {
		op = plan.Ne
	}
	return s.compare(&plan.Compare{Op: op, L: e.X, R: &plan.Const{Value: types.Str(e.X.Type(), prefix)}})
}

// caseExpr drops arms that are never taken and what follows one that always is.
func (s *simplifier) caseExpr(e *plan.Case) plan.Expr {
	out := &plan.Case{Typ: e.Typ, Else: e.Else}
	for _, w := range e.Whens {
		value, null, ok := boolConst(w.Cond)
		if !ok {
			out.Whens = append(out.Whens, w)
			continue
		}
		if value && !null {
			out.Else = w.Then
			break
		}
	}
	if len(out.Whens) > 0 {
		return out
	}
	if out.Else == nil {
		return constNull(e.Typ)
	}
	return out.Else
}

func (s *simplifier) coalesce(e *plan.Coalesce) plan.Expr {
	var args []plan.Expr
	for _, a := range e.Arg {
		if isNullConst(a) {
			continue
		}
		args = append(args, a)
		if s.nonNull(a) {
			break
		}
	}
	switch len(args) {
	case 0:
		return constNull(e.Typ)
	case 1:
		if args[0].Type() == e.Typ {
			return args[0]
		}
	case len(e.Arg):
		return e
	}
	return &plan.Coalesce{Arg: args, Typ: e.Typ}
}

// likePrefix is the literal text before the first wildcard of a LIKE pattern, and what remains from
// that wildcard on.
func likePrefix(pattern string, escape rune) (prefix, rest string) {
	var b []rune
	runes := []rune(pattern)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case escape != 0 && r == escape:
			if i+1 == len(runes) {
				return string(b), string(runes[i:])
			}
			i++
			b = append(b, runes[i])
		case r == '%' || r == '_':
			return string(b), string(runes[i:])
		default:
			b = append(b, r)
		}
	}
	return string(b), ""
}
