package plan

import (
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/types"
)

func (e *Column) Type() types.Type       { return e.Typ }
func (e *Const) Type() types.Type        { return e.Value.Type }
func (e *Param) Type() types.Type        { return e.Typ }
func (e *Call) Type() types.Type         { return e.Typ }
func (e *Arith) Type() types.Type        { return e.Typ }
func (e *Neg) Type() types.Type          { return e.X.Type() }
func (e *Compare) Type() types.Type      { return types.TBoolean }
func (e *And) Type() types.Type          { return types.TBoolean }
func (e *Or) Type() types.Type           { return types.TBoolean }
func (e *Not) Type() types.Type          { return types.TBoolean }
func (e *IsNull) Type() types.Type       { return types.TBoolean }
func (e *InList) Type() types.Type       { return types.TBoolean }
func (e *Like) Type() types.Type         { return types.TBoolean }
func (e *Case) Type() types.Type         { return e.Typ }
func (e *Coalesce) Type() types.Type     { return e.Typ }
func (e *Cast) Type() types.Type         { return e.Typ }
func (e *Subquery) Type() types.Type     { return e.Typ }
func (e *RuntimeValue) Type() types.Type { return e.Typ }

func (e *Column) Args() []Expr       { return nil }
func (e *Const) Args() []Expr        { return nil }
func (e *Param) Args() []Expr        { return nil }
func (e *RuntimeValue) Args() []Expr { return nil }
func (e *Call) Args() []Expr         { return e.Arg }
func (e *Arith) Args() []Expr        { return []Expr{e.L, e.R} }
func (e *Neg) Args() []Expr          { return []Expr{e.X} }
func (e *Compare) Args() []Expr      { return []Expr{e.L, e.R} }
func (e *And) Args() []Expr          { return e.Terms }
func (e *Or) Args() []Expr           { return e.Terms }
func (e *Not) Args() []Expr          { return []Expr{e.X} }
func (e *IsNull) Args() []Expr       { return []Expr{e.X} }
func (e *InList) Args() []Expr       { return append([]Expr{e.X}, e.List...) }
func (e *Like) Args() []Expr         { return []Expr{e.X, e.Pattern} }
func (e *Coalesce) Args() []Expr     { return e.Arg }
func (e *Cast) Args() []Expr         { return []Expr{e.X} }

// Args of a Subquery are its left operands; its input is a Node and is walked by WalkSubqueries.
func (e *Subquery) Args() []Expr { return e.Left }

// Args of a Case are cond, then, cond, then, …, and else when there is one.
func (e *Case) Args() []Expr {
	args := make([]Expr, 0, 2*len(e.Whens)+1)
	for _, w := range e.Whens {
		args = append(args, w.Cond, w.Then)
	}
	if e.Else != nil {
		args = append(args, e.Else)
	}
	return args
}

func (e *Column) With([]Expr) Expr       { return e }
func (e *Const) With([]Expr) Expr        { return e }
func (e *Param) With([]Expr) Expr        { return e }
func (e *RuntimeValue) With([]Expr) Expr { return e }
func (e *Call) With(a []Expr) Expr       { c := *e; c.Arg = a; return &c }
func (e *Arith) With(a []Expr) Expr      { c := *e; c.L, c.R = a[0], a[1]; return &c }
func (e *Neg) With(a []Expr) Expr        { c := *e; c.X = a[0]; return &c }
func (e *Compare) With(a []Expr) Expr    { return &Compare{e.Op, a[0], a[1]} }
func (e *And) With(a []Expr) Expr        { return &And{a} }
func (e *Or) With(a []Expr) Expr         { return &Or{a} }
func (e *Not) With(a []Expr) Expr        { return &Not{a[0]} }
func (e *IsNull) With(a []Expr) Expr     { return &IsNull{a[0], e.Negate} }
func (e *InList) With(a []Expr) Expr     { return &InList{a[0], a[1:], e.Negate} }
func (e *Like) With(a []Expr) Expr       { c := *e; c.X, c.Pattern = a[0], a[1]; return &c }
func (e *Coalesce) With(a []Expr) Expr   { return &Coalesce{a, e.Typ} }
func (e *Cast) With(a []Expr) Expr       { c := *e; c.X = a[0]; return &c }
func (e *Subquery) With(a []Expr) Expr   { c := *e; c.Left = a; return &c }
func (e *Case) With(a []Expr) Expr {
	c := &Case{Whens: make([]When, len(e.Whens)), Typ: e.Typ}
	for i := range c.Whens {
		c.Whens[i] = When{a[2*i], a[2*i+1]}
	}
	if e.Else != nil {
		c.Else = a[len(a)-1]
	}
	return c
}

var arithNames = [...]string{"+", "-", "*", "/", "%", "^"}
var compareNames = [...]string{"=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"}

func (op ArithOp) String() string   { return arithNames[op] }
func (op CompareOp) String() string { return compareNames[op] }

// Flip is the operator with its operands exchanged.
func (op CompareOp) Flip() CompareOp {
	return [...]CompareOp{Eq, Ne, Gt, Ge, Lt, Le, IsDistinct, IsNotDistinct}[op]
}

// Negate is the operator that is true when op is false (both NULL together).
func (op CompareOp) Negate() CompareOp {
	return [...]CompareOp{Ne, Eq, Ge, Gt, Le, Lt, IsNotDistinct, IsDistinct}[op]
}

func (e *Column) String() string { return e.Name }
func (e *Const) String() string  { return e.Value.SQL() }
func (e *Param) String() string  { return "$" + strconv.Itoa(e.Index) }
func (e *Call) String() string   { return e.Fn.Name + "(" + list(e.Arg, ", ") + ")" }
func (e *Arith) String() string {
	return "(" + e.L.String() + " " + e.Op.String() + " " + e.R.String() + ")"
}
func (e *Neg) String() string { return "(- " + e.X.String() + ")" }
func (e *Compare) String() string {
	return "(" + e.L.String() + " " + e.Op.String() + " " + e.R.String() + ")"
}
func (e *And) String() string    { return "(" + list(e.Terms, " AND ") + ")" }
func (e *Or) String() string     { return "(" + list(e.Terms, " OR ") + ")" }
func (e *Not) String() string    { return "(NOT " + e.X.String() + ")" }
func (e *IsNull) String() string { return "(" + e.X.String() + " IS" + negate(e.Negate) + " NULL)" }
func (e *InList) String() string {
	return "(" + e.X.String() + negate(e.Negate) + " IN (" + list(e.List, ", ") + "))"
}
func (e *Coalesce) String() string     { return "coalesce(" + list(e.Arg, ", ") + ")" }
func (e *Cast) String() string         { return "CAST(" + e.X.String() + " AS " + e.Typ.String() + ")" }
func (e *RuntimeValue) String() string { return "(scalar subquery)" }
func (e *Like) String() string {
	op := " LIKE "
	if e.Fold {
		op = " ILIKE "
	}
	return "(" + e.X.String() + negate(e.Negate) + op + e.Pattern.String() + ")"
}
func (e *Case) String() string {
	var b strings.Builder
	b.WriteString("CASE")
	for _, w := range e.Whens {
		b.WriteString(" WHEN " + w.Cond.String() + " THEN " + w.Then.String())
	}
	if e.Else != nil {
		b.WriteString(" ELSE " + e.Else.String())
	}
	return b.String() + " END"
}
func (e *Subquery) String() string {
	switch e.Kind {
	case ExistsSubquery:
		return "(" + strings.TrimPrefix(negate(e.Negate)+" EXISTS (subquery))", " ")
	case AnySubquery, AllSubquery:
		word := " ANY"
		if e.Kind == AllSubquery {
			word = " ALL"
		}
		return "(" + strings.TrimPrefix(negate(e.Negate)+" ", " ") + list(e.Left, ", ") + " " + e.Op.String() + word + " (subquery))"
	}
	return "(subquery)"
}

// String prints an aggregate call for EXPLAIN.
func (a *AggCall) String() string {
	args := list(a.Arg, ", ")
	if len(a.Arg) == 0 {
		args = "*"
	}
	if a.Distinct {
		args = "DISTINCT " + args
	}
	s := a.Fn.Name + "(" + args + ")"
	if a.Filter != nil {
		s += " FILTER (WHERE " + a.Filter.String() + ")"
	}
	return s
}

func negate(on bool) string {
	if on {
		return " NOT"
	}
	return ""
}

func list(exprs []Expr, sep string) string {
	parts := make([]string, len(exprs))
	for i, e := range exprs {
		parts[i] = e.String()
	}
	return strings.Join(parts, sep)
}
