package bind

import (
	"fmt"
	"strings"

	"github.com/oxidb/oxidb/plan"
)

// exprKey is a text that two expressions share exactly when they are structurally equal. Subqueries
// are equal only to themselves.
func exprKey(e plan.Expr) string {
	if c, ok := e.(*plan.Column); ok {
		return fmt.Sprintf("#%d", c.ID)
	}
	var b strings.Builder
	writeKey(&b, e)
	return b.String()
}

func writeKey(b *strings.Builder, e plan.Expr) {
	switch e := e.(type) {
	case *plan.Column:
		fmt.Fprintf(b, "#%d", e.ID)
		return
	case *plan.Const:
		fmt.Fprintf(b, "%v", e.Value)
		return
	case *plan.Param:
		fmt.Fprintf(b, "$%d:%v", e.Index, e.Typ)
		return
	case *plan.Subquery:
		fmt.Fprintf(b, "sub%p", e)
		return
	case *plan.RuntimeValue:
		fmt.Fprintf(b, "run%p", e)
		return
	case *plan.Call:
		fmt.Fprintf(b, "call%p", e.Fn)
	case *plan.Arith:
		fmt.Fprintf(b, "arith%d", e.Op)
	case *plan.Compare:
		fmt.Fprintf(b, "cmp%d", e.Op)
	case *plan.IsNull:
		fmt.Fprintf(b, "null%t", e.Negate)
	case *plan.InList:
		fmt.Fprintf(b, "in%t", e.Negate)
	case *plan.Like:
		fmt.Fprintf(b, "like%d %t %t", e.Escape, e.Fold, e.Negate)
	case *plan.Case:
		fmt.Fprintf(b, "case%d %t", len(e.Whens), e.Else != nil)
	case *plan.Cast:
		fmt.Fprintf(b, "cast%v %t", e.Typ, e.Explicit)
	default:
		fmt.Fprintf(b, "%T", e)
	}
	b.WriteByte('(')
	for _, a := range e.Args() {
		writeKey(b, a)
		b.WriteByte(',')
	}
	b.WriteByte(')')
}

// aggKey is exprKey for aggregate calls.
func aggKey(a *plan.AggCall) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %t(", a.Fn.Name, a.Distinct)
	for _, x := range a.Arg {
		writeKey(&b, x)
		b.WriteByte(',')
	}
	if a.Filter != nil {
		b.WriteString(" filter ")
		writeKey(&b, a.Filter)
	}
	for _, k := range a.OrderBy {
		fmt.Fprintf(&b, " order %t %t ", k.Desc, k.NullsFirst)
		writeKey(&b, k.Expr)
	}
	return b.String()
}
