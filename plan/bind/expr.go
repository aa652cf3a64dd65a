package bind

import (
	"regexp"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// expr binds one scalar expression. String literals, NULL and parameters may come back with type
// Unknown; the caller gives them one.
func (b *Binder) expr(sc *scope, x ast.Expr) (plan.Expr, error) {
	if err := b.enter(x); err != nil {
		return nil, err
	}
	defer b.leave()
	e, err := b.dispatch(sc, x)
	if err != nil {
		return nil, withPosition(err, x)
	}
	return e, nil
}

func (b *Binder) exprs(sc *scope, list []ast.Expr) ([]plan.Expr, error) {
	out := make([]plan.Expr, len(list))
	for i, x := range list {
		e, err := b.expr(sc, x)
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

func (b *Binder) dispatch(sc *scope, x ast.Expr) (plan.Expr, error) {
	switch x := x.(type) {
	case *ast.Literal:
		return b.bindLiteral(x)
	case *ast.TypedLiteral:
		return b.bindTypedLiteral(x)
	case *ast.Param:
		return b.bindParam(x)
	case *ast.ColumnRef:
		return b.resolveColumn(sc, x)
	case *ast.Unary:
		return b.bindUnary(sc, x)
	case *ast.Binary:
		return b.bindBinary(sc, x)
	case *ast.Logical:
		return b.bindLogical(sc, x)
	case *ast.Not:
		e, err := b.condition(sc, x.X, "NOT")
		if err != nil {
			return nil, err
		}
		return &plan.Not{X: e}, nil
	case *ast.FuncCall:
		return b.bindCall(sc, x)
	case *ast.Cast:
		return b.bindCast(sc, x)
	case *ast.Case:
		return b.bindCase(sc, x)
	case *ast.Collate:
		return b.bindCollate(sc, x)
	case *ast.Subquery:
		return b.bindScalarSubquery(sc, x)
	case *ast.Exists:
		return b.bindExists(sc, x)
	}
	return b.dispatchPredicate(sc, x)
}

func (b *Binder) dispatchPredicate(sc *scope, x ast.Expr) (plan.Expr, error) {
	switch x := x.(type) {
	case *ast.Is:
		return b.bindIs(sc, x)
	case *ast.IsDistinct:
		return b.bindIsDistinct(sc, x)
	case *ast.Between:
		return b.bindBetween(sc, x)
	case *ast.In:
		return b.bindIn(sc, x)
	case *ast.Like:
		return b.bindLike(sc, x)
	case *ast.Quantified:
		return b.bindQuantified(sc, x)
	case *ast.Star:
		return nil, errAt(sqlerr.SyntaxError, x, "* cannot stand here")
	case *ast.Default:
		return nil, errAt(sqlerr.SyntaxError, x, "DEFAULT is not allowed in this context")
	case *ast.Row:
		return nil, unsupported(x, "a row as a value")
	case *ast.Array, *ast.ArrayQuery, *ast.Subscript:
		return nil, unsupported(x, "an array as a value")
	case *ast.Field:
		return nil, unsupported(x, "a composite value")
	case *ast.Grouping:
		return nil, unsupported(x, groupingName(x))
	}
	return nil, errAt(sqlerr.SyntaxError, x, "this cannot stand in an expression")
}

// condition binds a boolean expression.
func (b *Binder) condition(sc *scope, x ast.Expr, clause string) (plan.Expr, error) {
	e, err := b.expr(sc, x)
	if err != nil {
		return nil, err
	}
	return b.boolean(e, x, clause)
}

func (b *Binder) bindLogical(sc *scope, x *ast.Logical) (plan.Expr, error) {
	name := "AND"
	if x.Or {
		name = "OR"
	}
	terms := make([]plan.Expr, len(x.Args))
	for i, a := range x.Args {
		e, err := b.condition(sc, a, name)
		if err != nil {
			return nil, err
		}
		terms[i] = e
	}
	if x.Or {
		return orOf(terms), nil
	}
	return plan.AndOf(terms), nil
}

// prefixFunctions are the functions behind prefix operators.
var prefixFunctions = map[string]string{"@": "abs", "|/": "sqrt", "||/": "cbrt", "~": "bitnot_op"}

func (b *Binder) bindUnary(sc *scope, x *ast.Unary) (plan.Expr, error) {
	e, err := b.expr(sc, x.X)
	if err != nil {
		return nil, err
	}
	if name, ok := prefixFunctions[x.Op.Name]; ok {
		return b.operatorCall(name, x.Op.Name, []plan.Expr{e}, []ast.Node{x.X}, x)
	}
	t := e.Type()
	if t.Kind == types.Unknown && (x.Op.Name == "-" || x.Op.Name == "+") {
		if e, err = b.coerce(e, types.TDouble, implicitCast, x.X); err != nil {
			return nil, err
		}
		t = types.TDouble
	}
	switch {
	case x.Op.Name == "+" && t.IsNumber():
		return e, nil
	case x.Op.Name == "-" && (t.IsNumber() || t.Kind == types.Interval):
		return &plan.Neg{X: e, Span: spanOf(x)}, nil
	}
	return nil, errAt(sqlerr.UndefinedFunction, x, "operator does not exist: %s %s", x.Op.Name, t.Kind).
		WithHint("No operator matches the given name and argument type. You might need to add an explicit type cast.")
}

// infixFunctions are the functions behind operators that have no node of their own.
var infixFunctions = map[string]string{
	"~": "regexp_match_op", "!~": "regexp_not_match_op", "~*": "regexp_imatch_op", "!~*": "regexp_not_imatch_op",
	"^": "power", "&": "bitand_op", "|": "bitor_op", "#": "bitxor_op", "<<": "shift_left_op", ">>": "shift_right_op",
	"->": "json_get_op", "->>": "json_get_text_op", "#>": "json_path_op", "#>>": "json_path_text_op",
	"@>": "contains_op", "<@": "contained_op", "?": "has_key_op", "&&": "overlaps_op", "^@": "starts_with",
}

// likeOperators are the operator names of LIKE and ILIKE.
var likeOperators = map[string]struct{ fold, negate bool }{
	"~~": {false, false}, "!~~": {false, true}, "~~*": {true, false}, "!~~*": {true, true},
}

func (b *Binder) bindBinary(sc *scope, x *ast.Binary) (plan.Expr, error) {
	if op, ok := compareOps[x.Op.Name]; ok {
		return b.bindCompare(sc, op, x)
	}
	l, err := b.expr(sc, x.Left)
	if err != nil {
		return nil, err
	}
	r, err := b.expr(sc, x.Right)
	if err != nil {
		return nil, err
	}
	return b.binary(x.Op.Name, l, r, x)
}

// binary binds an operator other than a comparison over bound operands.
func (b *Binder) binary(op string, l, r plan.Expr, x *ast.Binary) (plan.Expr, error) {
	if a, ok := arithOps[op]; ok {
		return b.arith(a, l, r, x)
	}
	nodes := []ast.Node{x.Left, x.Right}
	if like, ok := likeOperators[op]; ok {
		return b.like(l, r, nodes, x, &plan.Like{Escape: '\\', Fold: like.fold, Negate: like.negate})
	}
	if op == "||" {
		return b.concat(l, r, x)
	}
	if name, ok := infixFunctions[op]; ok {
		return b.operatorCall(name, op, []plan.Expr{l, r}, nodes, x)
	}
	return nil, noOperator(x, op, l.Type(), r.Type())
}

// operatorCall binds an operator that is a function of the registry; its errors speak of the operator.
func (b *Binder) operatorCall(name, op string, args []plan.Expr, nodes []ast.Node, at ast.Node) (plan.Expr, error) {
	overloads := b.registry.Scalars(name)
	fn, err := choose(overloads, args)
	switch {
	case fn != nil:
		return b.callOverload(fn, args, nodes, at)
	case len(args) == 1:
		return nil, errAt(sqlerr.UndefinedFunction, at, "operator does not exist: %s %s", op, args[0].Type().Kind).
			WithHint("No operator matches the given name and argument type. You might need to add an explicit type cast.")
	case err != nil:
		return nil, notUnique(at, op, args[0].Type(), args[1].Type())
	}
	return nil, noOperator(at, op, args[0].Type(), args[1].Type())
}

// concat is ||: one side must be text (or a literal), the other side's value becomes its text.
func (b *Binder) concat(l, r plan.Expr, x *ast.Binary) (plan.Expr, error) {
	lt, rt := l.Type(), r.Type()
	textual := func(t types.Type) bool { return t.IsText() || t.Kind == types.Unknown }
	if lt.Kind != types.Bytea && rt.Kind != types.Bytea {
		if !textual(lt) && !textual(rt) {
			return nil, noOperator(x, "||", lt, rt)
		}
		var err error
		if !lt.IsText() {
			if l, err = b.coerce(l, types.TText, assignmentCast, x.Left); err != nil {
				return nil, err
			}
		}
		if !rt.IsText() {
			if r, err = b.coerce(r, types.TText, assignmentCast, x.Right); err != nil {
				return nil, err
			}
		}
	}
	return b.operatorCall("concat_op", "||", []plan.Expr{l, r}, []ast.Node{x.Left, x.Right}, x)
}

// localeName is how the collations of locales are called: de_DE, en_US.utf8, und-x-icu, sr-Latn-x-icu.
var localeName = regexp.MustCompile(`^([a-z]{2,3}_[A-Z]{2}([.@].*)?|.*-x-icu|unicode)$`)

func (b *Binder) bindCollate(sc *scope, x *ast.Collate) (plan.Expr, error) {
	switch x.Collation.Base() {
	case "C", "POSIX", "default", "C.utf8", "C.UTF-8", "ucs_basic":
	default:
		name := x.Collation.String()
		if !localeName.MatchString(x.Collation.Base()) {
			return nil, errAt(sqlerr.UndefinedObject, x.Collation, "collation %q for encoding \"UTF8\" does not exist", name)
		}
		return nil, unsupported(x.Collation, "the collation "+name)
	}
	e, err := b.expr(sc, x.X)
	if err != nil {
		return nil, err
	}
	if t := e.Type(); !t.IsText() && t.Kind != types.Unknown {
		return nil, errAt(sqlerr.DatatypeMismatch, x, "collations are not supported by type %s", t.Kind)
	}
	return b.resolveUnknown(e, x.X)
}
