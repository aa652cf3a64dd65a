package optimize

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
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
			w.b.WriteByte('#')
			w.number(int64(e.ID))
		}
		return
	case *plan.Const:
		w.constant(e.Value)
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

func (w *keyWriter) number(n int64) {
	var buf [20]byte
	w.b.Write(strconv.AppendInt(buf[:0], n, 10))
}

func (w *keyWriter) flag(b bool) {
	if b {
		w.b.WriteByte('!')
	}
}

func (w *keyWriter) typ(t types.Type) {
	w.b.WriteByte(':')
	w.number(int64(t.Kind)<<48 | int64(t.Precision)<<40 | int64(t.Scale)<<32 | int64(t.Length))
}

func (w *keyWriter) constant(v types.Value) {
	w.typ(v.Type)
	w.b.WriteByte('{')
	switch {
	case v.Null:
		w.b.WriteString("null")
	case v.Wide:
		fmt.Fprintf(&w.b, "%d,%d", v.D.Hi, v.D.Lo)
	case v.Type.Class() == types.ClassFloat:
		fmt.Fprint(&w.b, math.Float64bits(v.F))
	case v.Type.Class() == types.ClassInterval:
		fmt.Fprint(&w.b, v.Span)
	case v.S != "":
		w.b.WriteString(strconv.Quote(v.S))
	default:
		w.number(v.I)
	}
	w.b.WriteByte('}')
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
		w.b.WriteByte('a')
		w.number(int64(e.Op))
		w.typ(e.Typ)
	case *plan.Compare:
		w.b.WriteByte('c')
		w.number(int64(e.Op))
	case *plan.And:
		w.b.WriteByte('&')
	case *plan.Or:
		w.b.WriteByte('|')
	case *plan.IsNull:
		w.b.WriteString("null")
		w.flag(e.Negate)
	case *plan.InList:
		w.b.WriteString("in")
		w.flag(e.Negate)
	case *plan.Like:
		fmt.Fprintf(&w.b, "like%d%v%v", e.Escape, e.Fold, e.Negate)
	case *plan.Case:
		fmt.Fprintf(&w.b, "case%d:%v:%v", len(e.Whens), e.Else != nil, e.Typ)
	case *plan.Coalesce:
		fmt.Fprintf(&w.b, "co:%v", e.Typ)
	case *plan.Cast:
		w.b.WriteString("cast")
		w.flag(e.Explicit)
		w.typ(e.Typ)
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
