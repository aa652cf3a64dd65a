package optimize

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

func (v *naive) expr(e plan.Expr, t tuple) types.Value {
	switch e := e.(type) {
	case *plan.Column:
		x, ok := t[e.ID]
		if !ok {
			panic(fmt.Sprintf("naive: column %s#%d is not in scope", e.Name, e.ID))
		}
		return x
	case *plan.Const:
		return e.Value
	case *plan.RuntimeValue:
		return v.scalar(e.Input, nil, e.Typ)
	case *plan.And:
		return v.conj(e.Terms, t)
	case *plan.Or:
		terms := make([]plan.Expr, len(e.Terms))
		for i := range terms {
			terms[i] = &plan.Not{X: e.Terms[i]}
		}
		return not(v.conj(terms, t))
	case *plan.Not:
		return not(v.expr(e.X, t))
	case *plan.IsNull:
		return types.Bool(v.expr(e.X, t).Null != e.Negate)
	case *plan.Compare:
		return compareOp(e.Op, v.expr(e.L, t), v.expr(e.R, t))
	case *plan.InList:
		r := types.Bool(false)
		x := v.expr(e.X, t)
		for _, a := range e.List {
			r = or3(r, compareOp(plan.Eq, x, v.expr(a, t)))
		}
		if e.Negate {
			return not(r)
		}
		return r
	case *plan.Case:
		for _, w := range e.Whens {
			if c := v.expr(w.Cond, t); !c.Null && c.I != 0 {
				return v.expr(w.Then, t)
			}
		}
		if e.Else == nil {
			return types.Null(e.Typ)
		}
		return v.expr(e.Else, t)
	case *plan.Coalesce:
		for _, a := range e.Arg {
			if x := v.expr(a, t); !x.Null {
				return x
			}
		}
		return types.Null(e.Typ)
	case *plan.Cast:
		x := v.expr(e.X, t)
		if x.Null {
			return types.Null(e.Typ)
		}
		if x.Type.Class() == types.ClassBytes {
			x.Type = e.Typ
			return x
		}
		return fromRat(e.Typ, rat(x))
	case *plan.Arith:
		return v.arith(e, t)
	case *plan.Like:
		return v.like(e, t)
	case *plan.Subquery:
		return v.subquery(e, t)
	case *plan.Call:
		return v.expr(e.Arg[0], t)
	}
	panic(fmt.Sprintf("naive: %T", e))
}

func (v *naive) like(e *plan.Like, t tuple) types.Value {
	x, p := v.expr(e.X, t), v.expr(e.Pattern, t)
	if x.Null || p.Null {
		return types.Null(types.TBoolean)
	}
	return types.Bool(likeMatch(x.S, p.S) != e.Negate)
}

func likeMatch(s, p string) bool {
	if p == "" {
		return s == ""
	}
	if p[0] == '%' {
		return likeMatch(s, p[1:]) || s != "" && likeMatch(s[1:], p)
	}
	return s != "" && (p[0] == '_' || p[0] == s[0]) && likeMatch(s[1:], p[1:])
}

func (v *naive) arith(e *plan.Arith, t tuple) types.Value {
	a, b := v.expr(e.L, t), v.expr(e.R, t)
	if a.Null || b.Null {
		return types.Null(e.Typ)
	}
	x, y, r := rat(a), rat(b), new(big.Rat)
	switch e.Op {
	case plan.Add:
		r.Add(x, y)
	case plan.Sub:
		r.Sub(x, y)
	case plan.Mul:
		r.Mul(x, y)
	case plan.Div:
		if y.Sign() == 0 {
			panic(naiveError{errDivide})
		}
		r.Quo(x, y)
		if e.Typ.IsInteger() {
			return types.Int(e.Typ, a.I/b.I)
		}
	}
	return fromRat(e.Typ, r)
}

func not(v types.Value) types.Value {
	if !v.Null {
		v = types.Bool(v.I == 0)
	}
	return v
}

func or3(a, b types.Value) types.Value {
	switch {
	case !a.Null && a.I != 0 || !b.Null && b.I != 0:
		return types.Bool(true)
	case a.Null || b.Null:
		return types.Null(types.TBoolean)
	}
	return types.Bool(false)
}

func compareOp(op plan.CompareOp, a, b types.Value) types.Value {
	switch op {
	case plan.IsDistinct, plan.IsNotDistinct:
		same := a.Null == b.Null && (a.Null || compareValues(a, b) == 0)
		return types.Bool(same == (op == plan.IsNotDistinct))
	}
	if a.Null || b.Null {
		return types.Null(types.TBoolean)
	}
	c := compareValues(a, b)
	return types.Bool(map[plan.CompareOp]bool{
		plan.Eq: c == 0, plan.Ne: c != 0, plan.Lt: c < 0, plan.Le: c <= 0, plan.Gt: c > 0, plan.Ge: c >= 0,
	}[op])
}

func (v *naive) scalar(n plan.Node, t tuple, typ types.Type) types.Value {
	rows := v.node(n, t)
	if len(rows) > 1 {
		panic(naiveError{errMany})
	}
	if len(rows) == 0 {
		return types.Null(typ)
	}
	return rows[0][n.Columns()[0].ID]
}

func (v *naive) subquery(e *plan.Subquery, t tuple) types.Value {
	if e.Kind == plan.ScalarSubquery {
		return v.scalar(e.Input, t, e.Typ)
	}
	rows := v.node(e.Input, t)
	if e.Kind == plan.ExistsSubquery {
		return types.Bool(len(rows) > 0 != e.Negate)
	}
	all := e.Kind == plan.AllSubquery
	r := types.Bool(false)
	cols := e.Input.Columns()
	for _, row := range rows {
		right := make([]plan.Expr, len(e.Left))
		left := make([]plan.Expr, len(e.Left))
		for i := range right {
			left[i] = &plan.Const{Value: v.expr(e.Left[i], t)}
			right[i] = &plan.Const{Value: row[cols[i].ID]}
		}
		c := v.expr(rowCompare(e.Op, left, right), nil)
		if all {
			c = not(c)
		}
		r = or3(r, c)
	}
	if all != e.Negate {
		return not(r)
	}
	return r
}

// fold is the Env.Fold of the tests.
func fold(e plan.Expr) (v types.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return (&naive{}).expr(e, nil), nil
}

func joinLines(rows []string) string { return strings.Join(rows, "\n") }
