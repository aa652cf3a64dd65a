package optimize

import (
	"fmt"
	"strings"

	"github.com/oxidb/oxidb/plan"
)

// key is a text that two expressions share exactly when they are the same computation on the same
// columns. Volatile expressions and subqueries are equal only to themselves.
func key(e plan.Expr) string { return keyWith(e, nil) }

// keyWith is key with columns named by name instead of by their ids.
func keyWith(e plan.Expr, name func(*plan.Column) string) string {
	w := keyWriter{name: name}
	w.expr(e)
	return w.b.String()
}

type keyWriter struct {
	b    strings.Builder
	name func(*plan.Column) string
}

func (w *keyWriter) expr(e plan.Expr) {
	switch e := e.(type) {
	case nil:
		w.b.WriteByte('_')
		return
	case *plan.Column:
		if w.name != nil {
			w.b.WriteString(w.name(e))
		} else {
			fmt.Fprintf(&w.b, "#%d", e.ID)
		}
		return
	case *plan.Const:
		v := e.Value
		fmt.Fprintf(&w.b, "{%v %v %d %v %v %d %v %q}", v.Type, v.Null, v.I, v.Span, v.F, v.D.Hi, v.D.Lo, v.S)
		return
	case *plan.Param:
		fmt.Fprintf(&w.b, "$%d", e.Index)
		return
	case *plan.RuntimeValue:
		fmt.Fprintf(&w.b, "rv%p", e)
		return
	case *plan.Subquery:
		fmt.Fprintf(&w.b, "sub%p", e)
		return
	}
	w.head(e)
	w.b.WriteByte('(')
	for _, a := range e.Args() {
		w.expr(a)
		w.b.WriteByte(',')
	}
	w.b.WriteByte(')')
}

// head writes what distinguishes e besides its arguments.
func (w *keyWriter) head(e plan.Expr) {
	switch e := e.(type) {
	case *plan.Call:
		fmt.Fprintf(&w.b, "call%p:%v", e.Fn, e.Typ)
		if e.Fn.Volatile {
			fmt.Fprintf(&w.b, "@%p", e)
		}
	case *plan.Arith:
		fmt.Fprintf(&w.b, "a%d:%v", e.Op, e.Typ)
	case *plan.Compare:
		fmt.Fprintf(&w.b, "c%d", e.Op)
	case *plan.IsNull:
		fmt.Fprintf(&w.b, "null%v", e.Negate)
	case *plan.InList:
		fmt.Fprintf(&w.b, "in%v", e.Negate)
	case *plan.Like:
		fmt.Fprintf(&w.b, "like%d%v%v", e.Escape, e.Fold, e.Negate)
	case *plan.Case:
		fmt.Fprintf(&w.b, "case%d:%v:%v", len(e.Whens), e.Else != nil, e.Typ)
	case *plan.Coalesce:
		fmt.Fprintf(&w.b, "co:%v", e.Typ)
	case *plan.Cast:
		fmt.Fprintf(&w.b, "cast:%v:%v", e.Typ, e.Explicit)
	default:
		fmt.Fprintf(&w.b, "%T", e)
	}
}

// aggKey is key for an aggregate call.
func aggKey(a *plan.AggCall) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%v:%v(", a.Fn.Name, a.Distinct, a.Typ)
	for _, e := range a.Arg {
		b.WriteString(key(e) + ",")
	}
	b.WriteString(")" + key(a.Filter))
	for _, k := range a.OrderBy {
		fmt.Fprintf(&b, " by %s %v %v", key(k.Expr), k.Desc, k.NullsFirst)
	}
	return b.String()
}

// dedupe drops predicates that are already in the list.
func dedupe(preds []plan.Expr) []plan.Expr {
	if len(preds) < 2 {
		return preds
	}
	seen := make(map[string]bool, len(preds))
	out := preds[:0:0]
	for _, p := range preds {
		if k := key(p); !seen[k] {
			seen[k] = true
			out = append(out, p)
		}
	}
	return out
}
