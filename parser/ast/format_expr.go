package ast

import "strconv"

// Binding powers, as in the parser.
const (
	precOr = iota + 1
	precAnd
	precNot
	precIs
	precCompare
	precBetween
	precOperator
	precAdd
	precMultiply
	precPower
	precAtTimeZone
	precCollate
	precUnary
	precSubscript
	precTypecast
	precPrimary
)

func operatorPrec(op Operator) int {
	if op.Schema != "" {
		return precOperator
	}
	switch op.Name {
	case "<", ">", "=", "<=", ">=", "<>":
		return precCompare
	case "+", "-":
		return precAdd
	case "*", "/", "%":
		return precMultiply
	case "^":
		return precPower
	}
	return precOperator
}

// exprPrec is the binding power of an expression's outermost construct.
func exprPrec(x Expr) int {
	switch x := x.(type) {
	case *Logical:
		if x.Or {
			return precOr
		}
		return precAnd
	case *Not:
		return precNot
	case *Is, *IsDistinct:
		return precIs
	case *Binary:
		return operatorPrec(x.Op)
	case *Quantified:
		return operatorPrec(x.Op)
	case *Between, *In, *Like:
		return precBetween
	case *Collate:
		return precCollate
	case *Unary:
		if x.Op.Schema == "" && (x.Op.Name == "-" || x.Op.Name == "+") {
			return precUnary
		}
		return precOperator
	case *Literal:
		if x.Text != "" && x.Text[0] == '-' && x.Kind <= NumericLiteral {
			return precUnary
		}
	case *Cast:
		if x.Colons {
			return precTypecast
		}
	case *FuncCall:
		if x.Form == TimeZoneCall {
			return precAtTimeZone
		}
	}
	return precPrimary
}

func (p *printer) integer(n int64) { p.str(strconv.FormatInt(n, 10)) }

func (p *printer) exprs(list []Expr) {
	p.list(len(list), func(i int) { p.expr(list[i], 0) })
}

// expr prints x, in parentheses when it binds less tightly than least.
func (p *printer) expr(x Expr, least int) {
	if exprPrec(x) < least {
		p.str("(")
		p.bare(x)
		p.str(")")
		return
	}
	p.bare(x)
}

// restricted prints x where PostgreSQL takes a b_expr.
func (p *printer) restricted(x Expr) {
	if restrictedFits(x) {
		p.expr(x, precOperator)
		return
	}
	p.str("(")
	p.bare(x)
	p.str(")")
}

func restrictedFits(x Expr) bool {
	switch x := x.(type) {
	case *Binary:
		return restrictedFits(x.Left) && restrictedFits(x.Right)
	case *Unary:
		return restrictedFits(x.X)
	case *Cast:
		return !x.Colons || restrictedFits(x.X)
	}
	return exprPrec(x) == precPrimary || exprPrec(x) == precUnary
}

func (p *printer) bare(x Expr) {
	switch x := x.(type) {
	case *Literal:
		p.literal(x)
	case *TypedLiteral:
		p.typedLiteral(x)
	case *Param:
		p.param(x)
	case *ColumnRef:
		p.parts(x.Parts)
	case *Star:
		p.star(x)
	case *Default:
		p.str("DEFAULT")
	case *Word:
		p.word(x)
	case *Unary:
		p.unary(x)
	case *Binary:
		p.binary(x)
	case *Logical:
		p.logical(x)
	case *Not:
		p.str("NOT ")
		p.expr(x.X, precNot)
	case *Quantified:
		p.quantified(x)
	case *Subquery:
		p.subquery(x.Query)
	case *Exists:
		p.str("EXISTS ")
		p.subquery(x.Query)
	case *ArrayQuery:
		p.str("ARRAY")
		p.subquery(x.Query)
	case *Array:
		p.str("ARRAY")
		p.arrayItems(x)
	case *Row:
		p.flag(x.Explicit, "ROW")
		p.str("(")
		p.exprs(x.Items)
		p.str(")")
	case *Case:
		p.caseExpr(x)
	case *Cast:
		p.cast(x)
	case *Collate:
		p.expr(x.X, precCollate)
		p.str(" COLLATE ")
		p.name(x.Collation)
	case *Subscript:
		p.subscript(x)
	case *Field:
		p.indirectionBase(x.X, false)
		p.str(".")
		p.ident(x.Name)
	case *NamedArg:
		p.str(p.funcIdent(x.Name.Name), " => ")
		p.expr(x.Value, 0)
	case *FuncCall:
		p.call(x)
	case *Grouping:
		p.grouping(x)
	default:
		p.predicate(x)
	}
}

func (p *printer) predicate(x Expr) {
	switch x := x.(type) {
	case *Is:
		p.expr(x.X, precIs+1)
		p.str(" IS ")
		p.flag(x.Not, "NOT ")
		p.str([...]string{"NULL", "TRUE", "FALSE", "UNKNOWN"}[x.Kind])
	case *IsDistinct:
		p.expr(x.Left, precIs+1)
		p.str(" IS ")
		p.flag(x.Not, "NOT ")
		p.str("DISTINCT FROM ")
		p.expr(x.Right, precIs+1)
	case *Between:
		p.expr(x.X, precBetween+1)
		p.flag(x.Not, " NOT")
		p.str(" BETWEEN ")
		p.flag(x.Symmetric, "SYMMETRIC ")
		p.restricted(x.Low)
		p.str(" AND ")
		p.expr(x.High, precBetween+1)
	case *In:
		p.in(x)
	case *Like:
		p.like(x)
	}
}

func (p *printer) literal(x *Literal) {
	switch x.Kind {
	case StringLiteral:
		p.str(QuoteString(x.Text))
	case BitLiteral:
		p.str("B'", x.Text, "'")
	case HexLiteral:
		p.str("X'", x.Text, "'")
	case NullLiteral:
		p.str("NULL")
	case BoolLiteral:
		if x.Text == "true" {
			p.str("TRUE")
		} else {
			p.str("FALSE")
		}
	default:
		p.str(x.Text)
	}
}

func (p *printer) typedLiteral(x *TypedLiteral) {
	if t := x.Type; t.Name == "interval" && len(t.Qualifier) == 0 && t.Interval != IntervalAll {
		p.str("interval ", QuoteString(x.Text), " ", t.Interval.String())
		p.mods(t)
		return
	}
	p.typeName(x.Type)
	p.str(" ", QuoteString(x.Text))
}

func (p *printer) param(x *Param) {
	if !x.Numbered {
		p.str("?")
		return
	}
	p.str("$")
	p.integer(int64(x.Number))
}

func (p *printer) star(x *Star) {
	switch {
	case x.Of != nil:
		p.indirectionBase(x.Of, false)
		p.str(".")
	case len(x.Qualifier) > 0:
		p.parts(x.Qualifier)
		p.str(".")
	}
	p.str("*")
}

// word prints a bare word of an option; on is the one keyword that needs no quotes there.
func (p *printer) word(x *Word) {
	if x.Text == "on" {
		p.str("on")
		return
	}
	p.str(QuoteIdent(x.Text))
}

func (p *printer) operator(op Operator) {
	if op.Schema == "" {
		p.str(op.Name)
		return
	}
	p.str("OPERATOR(", QuoteIdent(op.Schema), ".", op.Name, ")")
}

func (p *printer) unary(x *Unary) {
	p.operator(x.Op)
	p.str(" ")
	p.expr(x.X, exprPrec(x))
}

func (p *printer) binary(x *Binary) {
	prec := operatorPrec(x.Op)
	left := prec
	if prec == precCompare {
		left++
	}
	p.expr(x.Left, left)
	p.str(" ")
	p.operator(x.Op)
	p.str(" ")
	p.expr(x.Right, prec+1)
}

func (p *printer) logical(x *Logical) {
	word, prec := " AND ", precAnd
	if x.Or {
		word, prec = " OR ", precOr
	}
	for i, a := range x.Args {
		p.flag(i > 0, word)
		p.expr(a, prec+1)
	}
}

func (p *printer) in(x *In) {
	p.expr(x.X, precBetween+1)
	p.flag(x.Not, " NOT")
	p.str(" IN ")
	if x.Query != nil {
		p.subquery(x.Query)
		return
	}
	p.str("(")
	p.exprs(x.List)
	p.str(")")
}

func (p *printer) like(x *Like) {
	p.expr(x.X, precBetween+1)
	p.flag(x.Not, " NOT")
	p.str([...]string{" LIKE ", " ILIKE ", " SIMILAR TO "}[x.Kind])
	p.expr(x.Pattern, precBetween+1)
	if x.Escape != nil {
		p.str(" ESCAPE ")
		p.expr(x.Escape, precBetween+1)
	}
}

func (p *printer) quantified(x *Quantified) {
	p.expr(x.Left, operatorPrec(x.Op)+1)
	p.str(" ")
	p.operator(x.Op)
	if x.All {
		p.str(" ALL ")
	} else {
		p.str(" ANY ")
	}
	if x.Query != nil {
		p.subquery(x.Query)
		return
	}
	p.str("(")
	p.expr(x.Array, 0)
	p.str(")")
}

func (p *printer) subquery(q *Query) {
	p.str("(")
	p.query(q)
	p.str(")")
}

func (p *printer) arrayItems(x *Array) {
	p.str("[")
	nested := len(x.Items) > 0
	for _, item := range x.Items {
		_, ok := item.(*Array)
		nested = nested && ok
	}
	p.list(len(x.Items), func(i int) {
		if nested {
			p.arrayItems(x.Items[i].(*Array))
		} else {
			p.expr(x.Items[i], 0)
		}
	})
	p.str("]")
}

func (p *printer) caseExpr(x *Case) {
	p.str("CASE")
	if x.Operand != nil {
		p.str(" ")
		p.expr(x.Operand, 0)
	}
	for _, w := range x.Whens {
		p.str(" WHEN ")
		p.expr(w.Cond, 0)
		p.str(" THEN ")
		p.expr(w.Result, 0)
	}
	if x.Else != nil {
		p.str(" ELSE ")
		p.expr(x.Else, 0)
	}
	p.str(" END")
}

func (p *printer) cast(x *Cast) {
	if x.Colons {
		p.expr(x.X, precTypecast)
		p.str("::")
		p.typeName(x.Type)
		return
	}
	p.str("CAST(")
	p.expr(x.X, 0)
	p.str(" AS ")
	p.typeName(x.Type)
	p.str(")")
}

func (p *printer) subscript(x *Subscript) {
	p.indirectionBase(x.X, true)
	p.str("[")
	if x.Slice {
		p.optExpr(x.Lower)
		p.str(":")
		p.optExpr(x.Upper)
	} else {
		p.expr(x.Index, 0)
	}
	p.str("]")
}

func (p *printer) optExpr(x Expr) {
	if x != nil {
		p.expr(x, 0)
	}
}

// indirectionBase prints what a subscript or a field is taken of.
func (p *printer) indirectionBase(x Expr, subscript bool) {
	switch x.(type) {
	case *Subscript, *Field, *Param, *Subquery:
		p.bare(x)
		return
	case *ColumnRef:
		if subscript {
			p.bare(x)
			return
		}
	}
	p.str("(")
	p.bare(x)
	p.str(")")
}

func (p *printer) grouping(x *Grouping) {
	p.str([...]string{"ROLLUP ", "CUBE ", "GROUPING SETS ", ""}[x.Kind], "(")
	p.exprs(x.Items)
	p.str(")")
}
