package bind

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func (b *Binder) bindLiteral(l *ast.Literal) (plan.Expr, error) {
	switch l.Kind {
	case ast.IntegerLiteral:
		return integerLiteral(l)
	case ast.NumericLiteral:
		return numericLiteral(l, l.Text)
	case ast.StringLiteral:
		return &plan.Const{Value: types.Str(types.TUnknown, l.Text)}, nil
	case ast.BoolLiteral:
		return &plan.Const{Value: types.Bool(l.Text == "true")}, nil
	case ast.NullLiteral:
		return &plan.Const{Value: types.Null(types.TUnknown)}, nil
	}
	return nil, unsupported(l, "a bit string")
}

// integerLiteral is integer, bigint or numeric, whichever is the first that holds the number.
func integerLiteral(l *ast.Literal) (plan.Expr, error) {
	text := strings.ReplaceAll(l.Text, "_", "")
	if digits := strings.TrimPrefix(text, "-"); len(digits) > 1 && digits[0] == '0' && strings.ContainsAny(digits[1:2], "xXoObB") {
		n, ok := new(big.Int).SetString(text, 0)
		if !ok {
			return nil, errAt(sqlerr.SyntaxError, l, "invalid integer %s", l.Text)
		}
		text = n.String()
	}
	v, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return numericLiteral(l, text)
	case int64(int32(v)) == v:
		return &plan.Const{Value: types.Int(types.TInteger, v)}, nil
	}
	return &plan.Const{Value: types.Int(types.TBigInt, v)}, nil
}

// numericLiteral is numeric with as many digits as were written. One with an exponent that 38 digits
// do not hold is double precision.
func numericLiteral(l *ast.Literal, text string) (plan.Expr, error) {
	text = strings.ReplaceAll(text, "_", "")
	d, scale, err := types.ParseDecimal(text)
	if strings.ContainsAny(text, "eE") && (err != nil || scale == types.MaxPrecision) {
		v, err := types.Parse(types.TDouble, text)
		return &plan.Const{Value: v}, withPosition(err, l)
	}
	if err != nil {
		return nil, errAt(sqlerr.NumericValueOutOfRange, l, "the number %s has more than %d digits", l.Text, types.MaxPrecision).
			WithHint("Write it as double precision: float8 '%s'.", l.Text)
	}
	t := types.TNumeric(max(d.Digits(), scale, 1), scale)
	return &plan.Const{Value: types.Decimal(t, d)}, nil
}

// bindTypedLiteral is type 'text'.
func (b *Binder) bindTypedLiteral(l *ast.TypedLiteral) (plan.Expr, error) {
	name, digits := secondsPrecision(l.Type)
	t, err := resolveType(name)
	if err != nil {
		return nil, err
	}
	var e plan.Expr = &plan.Const{Value: types.Str(types.TUnknown, l.Text)}
	if t.Kind == types.Interval {
		e, err = intervalLiteral(l.Text, l.Type.Interval, l)
	} else {
		e, err = b.coerce(e, t, explicitCast, l)
	}
	return b.roundSeconds(e, err, digits, l)
}

// secondsPrecision splits timestamp(n) and its kin into the type and n, -1 where all six digits stay.
func secondsPrecision(n *ast.TypeName) (*ast.TypeName, int) {
	kind, ok := types.Lookup(typeText(n))
	timed := types.Type{Kind: kind}
	if !ok || !(timed.IsDatetime() && kind != types.Date || kind == types.Interval) {
		return n, -1
	}
	mods, err := typeModifiers(n)
	if err != nil || len(mods) != 1 || mods[0] < 0 || mods[0] > 5 {
		return n, -1
	}
	whole := *n
	whole.Mods = nil
	return &whole, mods[0]
}

// roundSeconds keeps digits decimals of a value's seconds.
func (b *Binder) roundSeconds(e plan.Expr, err error, digits int, at ast.Node) (plan.Expr, error) {
	if err != nil || digits < 0 {
		return e, err
	}
	return b.call("round_seconds_op", []plan.Expr{e, &plan.Const{Value: types.Int(types.TInteger, int64(digits))}}, []ast.Node{at, at}, at)
}

// intervalLiteral is INTERVAL 'text' fields: a bare number counts the last field, and what is smaller
// than it is cut off.
func intervalLiteral(text string, fields ast.IntervalFields, at ast.Node) (plan.Expr, error) {
	last := ""
	if words := strings.Fields(strings.ToLower(fields.String())); len(words) > 0 {
		last = words[len(words)-1]
	}
	if fields == ast.IntervalMinuteToSecond && strings.Count(text, ":") == 1 {
		text = minuteSecond(text)
	}
	span, err := types.ParseInterval(text, last)
	if err != nil {
		return nil, withPosition(err, at)
	}
	return &plan.Const{Value: types.Value{Type: types.TInterval, Span: cutInterval(span, last)}}, nil
}

// minuteSecond turns m:s into 00:m:s, keeping a sign and what stands before.
func minuteSecond(text string) string {
	at := strings.LastIndexAny(text, " +-") + 1
	return text[:at] + "00:" + text[at:]
}

func cutInterval(s types.Span, last string) types.Span {
	const hour, minute = 3_600_000_000, 60_000_000
	switch last {
	case "year":
		return types.Span{Months: s.Months - s.Months%12}
	case "month":
		return types.Span{Months: s.Months}
	case "day":
		s.Micros = 0
	case "hour":
		s.Micros -= s.Micros % hour
	case "minute":
		s.Micros -= s.Micros % minute
	}
	return s
}

// bindCast is CAST(x AS type), x::type.
func (b *Binder) bindCast(sc *scope, c *ast.Cast) (plan.Expr, error) {
	name, digits := secondsPrecision(c.Type)
	if digits >= 0 {
		whole := *c
		whole.Type = name
		e, err := b.bindCast(sc, &whole)
		return b.roundSeconds(e, err, digits, c)
	}
	t, err := resolveType(c.Type)
	if err != nil {
		return nil, err
	}
	if lit, ok := c.X.(*ast.Literal); ok {
		switch {
		case lit.Kind == ast.StringLiteral && t.Kind == types.Interval:
			return intervalLiteral(lit.Text, c.Type.Interval, c)
		case lit.Kind == ast.NumericLiteral && t.IsFloat():
			v, err := types.Parse(t, lit.Text)
			if err != nil {
				return nil, withPosition(err, c)
			}
			return &plan.Const{Value: v}, nil
		}
	}
	x, err := b.expr(sc, c.X)
	if err != nil {
		return nil, err
	}
	return b.coerce(x, t, explicitCast, c)
}
