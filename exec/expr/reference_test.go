package expr

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// reference is the meaning of expressions on one row: values one at a time, exact numbers as rationals,
// LIKE as a regular expression. It shares no code with the evaluators.
type reference struct {
	in  Input
	row []types.Value
}

var (
	errRange = errors.New("out of range")
	errZero  = errors.New("division by zero")
)

func (r reference) eval(e plan.Expr) (types.Value, error) {
	switch e := e.(type) {
	case *plan.Column:
		for i := range r.in {
			if r.in[i].ID == e.ID {
				return r.row[i], nil
			}
		}
	case *plan.Const:
		return e.Value, nil
	case *plan.Arith:
		return r.arith(e)
	case *plan.Neg:
		return r.arith(&plan.Arith{Op: plan.Sub, L: &plan.Const{Value: types.Int(e.Type(), 0)}, R: e.X, Typ: e.Type()})
	case *plan.Cast: // of a number, to a wider type
		return r.arith(&plan.Arith{Op: plan.Add, L: e.X, R: &plan.Const{Value: types.Int(e.X.Type(), 0)}, Typ: e.Typ})
	case *plan.Compare:
		l, r, err := r.two(e.L, e.R)
		if err != nil {
			return l, err
		}
		return refCompare(e.Op, l, r), nil
	case *plan.And:
		return r.junction(e.Terms, false)
	case *plan.Or:
		return r.junction(e.Terms, true)
	case *plan.Not:
		v, err := r.eval(e.X)
		v.I = 1 - v.I
		return v, err
	case *plan.IsNull:
		v, err := r.eval(e.X)
		return types.Bool(v.Null != e.Negate), err
	case *plan.InList:
		return r.inList(e)
	case *plan.Like:
		return r.like(e)
	case *plan.Case:
		for _, w := range e.Whens {
			c, err := r.eval(w.Cond)
			if err != nil {
				return c, err
			}
			if !c.Null && c.I == 1 {
				return r.eval(w.Then)
			}
		}
		if e.Else == nil {
			return types.Null(e.Typ), nil
		}
		return r.eval(e.Else)
	case *plan.Coalesce:
		for _, a := range e.Arg {
			v, err := r.eval(a)
			if err != nil || !v.Null {
				return v, err
			}
		}
		return types.Null(e.Typ), nil
	}
	panic("no meaning for " + e.String())
}

func (r reference) two(a, b plan.Expr) (x, y types.Value, err error) {
	if x, err = r.eval(a); err != nil {
		return x, y, err
	}
	y, err = r.eval(b)
	return x, y, err
}

func (r reference) junction(terms []plan.Expr, decides bool) (types.Value, error) {
	out := types.Bool(!decides)
	for _, t := range terms {
		v, err := r.eval(t)
		if err != nil {
			return v, err
		}
		if v.Null {
			out = types.Null(types.TBoolean)
		} else if (v.I == 1) == decides {
			return types.Bool(decides), nil
		}
	}
	return out, nil
}

func rational(v types.Value) *big.Rat {
	u := v.Unscaled()
	n := new(big.Int).Lsh(big.NewInt(u.Hi), 64)
	n.Add(n, new(big.Int).SetUint64(u.Lo))
	return new(big.Rat).SetFrac(n, tenTo(v.Type))
}

func tenTo(t types.Type) *big.Int {
	scale := 0
	if t.Kind == types.Numeric {
		scale = int(t.Scale)
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
}

// fromRational rounds half away from zero to t's scale; integers have none to lose.
func fromRational(x *big.Rat, t types.Type) (types.Value, error) {
	n := new(big.Int).Mul(x.Num(), tenTo(t))
	twice := new(big.Int).Lsh(new(big.Int).Abs(n), 1)
	twice.Add(twice, x.Denom())
	q := twice.Quo(twice, new(big.Int).Lsh(x.Denom(), 1))
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
	if q.Cmp(limit) >= 0 {
		return types.Value{}, errRange
	}
	if n.Sign() < 0 {
		q.Neg(q)
	}
	if t.Kind != types.Numeric {
		lo, hi := t.Bounds()
		if q.Cmp(big.NewInt(lo)) < 0 || q.Cmp(big.NewInt(hi)) > 0 {
			return types.Value{}, errRange
		}
		return types.Int(t, q.Int64()), nil
	}
	high := new(big.Int).Rsh(q, 64)
	low := new(big.Int).And(q, new(big.Int).SetUint64(math.MaxUint64))
	return types.Decimal(t, types.Int128{Lo: low.Uint64(), Hi: high.Int64()}), nil
}

func (r reference) arith(e *plan.Arith) (types.Value, error) {
	l, x, err := r.two(e.L, e.R)
	if err != nil {
		return l, err
	}
	if l.Null || x.Null {
		return types.Null(e.Typ), nil
	}
	if e.Typ.IsFloat() {
		return refFloat(e, l.F, x.F)
	}
	a, b, out := rational(l), rational(x), new(big.Rat)
	switch e.Op {
	case plan.Add:
		out.Add(a, b)
	case plan.Sub:
		out.Sub(a, b)
	case plan.Mul:
		out.Mul(a, b)
	default:
		if b.Sign() == 0 {
			return l, errZero
		}
		out.Quo(a, b)
		whole := new(big.Rat).SetInt(new(big.Int).Quo(out.Num(), out.Denom()))
		if e.Op == plan.Mod {
			out.Sub(a, new(big.Rat).Mul(whole, b))
		} else if e.Typ.IsInteger() {
			out = whole
		}
	}
	return fromRational(out, e.Typ)
}

func refFloat(e *plan.Arith, a, b float64) (types.Value, error) {
	var x float64
	switch e.Op {
	case plan.Add:
		x = a + b
	case plan.Sub:
		x = a - b
	case plan.Mul:
		x = a * b
	default:
		if b == 0 && !math.IsNaN(a) {
			return types.Value{}, errZero
		}
		x = a / b
	}
	if e.Typ.Kind == types.Real {
		x = float64(float32(x))
	}
	overflow := math.IsInf(x, 0) && !math.IsInf(a, 0) && !math.IsInf(b, 0)
	underflow := x == 0 && a != 0 && (e.Op == plan.Mul && b != 0 || e.Op == plan.Div && !math.IsInf(b, 0))
	if overflow || underflow {
		return types.Value{}, errRange
	}
	return types.Float(e.Typ, x), nil
}

// refOrder is -1, 0 or 1 for two values of one class, none NULL.
func refOrder(l, r types.Value) int {
	switch l.Type.Class() {
	case types.ClassInt, types.ClassDecimal:
		return rational(l).Cmp(rational(r))
	case types.ClassFloat:
		switch {
		case math.IsNaN(l.F) && math.IsNaN(r.F):
			return 0
		case math.IsNaN(l.F):
			return 1
		case math.IsNaN(r.F) || l.F < r.F:
			return -1
		case l.F > r.F:
			return 1
		}
		return 0
	case types.ClassInterval:
		total := func(s types.Span) *big.Int {
			days := big.NewInt(int64(s.Months)*30 + int64(s.Days))
			return days.Mul(days, big.NewInt(86_400_000_000)).Add(days, big.NewInt(s.Micros))
		}
		return total(l.Span).Cmp(total(r.Span))
	}
	return strings.Compare(l.S, r.S)
}

func refCompare(op plan.CompareOp, l, r types.Value) types.Value {
	if op >= plan.IsDistinct {
		same := l.Null && r.Null || !l.Null && !r.Null && refOrder(l, r) == 0
		return types.Bool(same == (op == plan.IsNotDistinct))
	}
	if l.Null || r.Null {
		return types.Null(types.TBoolean)
	}
	o := refOrder(l, r)
	return types.Bool([...]bool{o == 0, o != 0, o < 0, o <= 0, o > 0, o >= 0}[op])
}

func (r reference) inList(e *plan.InList) (types.Value, error) {
	x, err := r.eval(e.X)
	if err != nil {
		return x, err
	}
	out := types.Bool(e.Negate)
	hit := false
	for _, item := range e.List {
		y, err := r.eval(item)
		if err != nil {
			return y, err
		}
		c := refCompare(plan.Eq, x, y)
		if c.Null {
			out = types.Null(types.TBoolean)
		}
		hit = hit || !c.Null && c.I == 1
	}
	if hit {
		return types.Bool(!e.Negate), nil
	}
	return out, nil
}

func (r reference) like(e *plan.Like) (types.Value, error) {
	x, p, err := r.two(e.X, e.Pattern)
	if err != nil {
		return x, err
	}
	if x.Null || p.Null {
		return types.Null(types.TBoolean), nil
	}
	var b strings.Builder
	b.WriteString("(?s)")
	if e.Fold {
		b.WriteString("(?i)")
	}
	b.WriteString("^")
	escaped := false
	for _, c := range p.S {
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(string(c)))
			escaped = false
		case e.Escape != 0 && c == e.Escape:
			escaped = true
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	if escaped {
		return x, errors.New("pattern ends with escape")
	}
	b.WriteString("$")
	return types.Bool(regexp.MustCompile(b.String()).MatchString(x.S) != e.Negate), nil
}
