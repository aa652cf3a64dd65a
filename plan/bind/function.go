package bind

import (
	"slices"
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// bindCall binds a function call: an aggregate, one of the lazily evaluated forms, a scalar function
// or a cast in function syntax.
func (b *Binder) bindCall(sc *scope, f *ast.FuncCall) (plan.Expr, error) {
	switch {
	case f.Over != nil:
		return b.bindWindow(sc, f)
	case f.WithinGroup:
		return nil, unsupported(f, "WITHIN GROUP")
	case f.IgnoreNulls:
		return nil, unsupported(f, "IGNORE NULLS")
	case f.Variadic:
		return nil, unsupported(f, "VARIADIC")
	}
	name, err := functionName(f)
	if err != nil {
		return nil, err
	}
	if agg, ok := b.registry.Aggregate(name); ok {
		return b.bindAggregate(sc, f, agg)
	}
	if f.Star || f.Distinct || f.Filter != nil || f.OrderBy != nil {
		if len(b.registry.Scalars(name)) == 0 {
			return nil, b.unknownFunction(f, name, nil)
		}
		return nil, errAt(sqlerr.WrongObjectType, f, "%s is specified like an aggregate, but %s is not an aggregate function", aggregateSyntax(f), name)
	}
	if list := b.registry.Scalars(name); len(list) == 1 && list[0].Params != nil {
		return b.bindNamed(sc, f, list[0])
	}
	for _, a := range f.Args {
		if n, ok := a.(*ast.NamedArg); ok {
			return nil, unsupported(n, "a named argument of the function "+name)
		}
	}
	switch {
	case f.Form == ast.BuiltinCall:
		return b.bindBuiltin(sc, f, name)
	case f.Form == ast.ExtractCall:
		return b.bindExtract(sc, f)
	}
	list := f.Args
	_, sequence := sequenceFunctions[name]
	if sequence = sequence && len(list) > 0; sequence {
		list = withoutRegclass(list)
	}
	args, err := b.exprs(sc, list)
	if err != nil {
		return nil, err
	}
	if sequence {
		if err := b.sequenceCall(args, f); err != nil {
			return nil, err
		}
	}
	if name == "generate_series" || name == "unnest" {
		return nil, unsupported(f, "a set-returning function outside FROM")
	}
	if _, window := b.registry.Window(name); window {
		return nil, errAt(sqlerr.WrongObjectType, f, "window function %s requires an OVER clause", name)
	}
	return b.call(name, args, nodesOf(f.Args), f)
}

// bindNamed binds a call of a function whose parameters have names and defaults.
func (b *Binder) bindNamed(sc *scope, f *ast.FuncCall, fn *function.Scalar) (plan.Expr, error) {
	args, nodes, given := make([]plan.Expr, len(fn.Params)), make([]ast.Node, len(fn.Params)), make([]plan.Expr, 0, len(f.Args))
	fits := true
	for i, x := range f.Args {
		at := i
		if n, ok := x.(*ast.NamedArg); ok {
			x, at = n.Value, slices.Index(fn.Params, n.Name.Name)
		}
		e, err := b.expr(sc, x)
		if err != nil {
			return nil, err
		}
		given = append(given, e)
		if fits = fits && at >= 0 && at < len(args) && args[at] == nil; fits {
			args[at], nodes[at] = e, x
		}
	}
	for i := range args {
		if args[i] == nil {
			args[i], nodes[i] = &plan.Const{Value: fn.Defaults[i]}, f
		}
	}
	if !fits || !accepts(fn, args) {
		return nil, b.unknownFunction(f, fn.Name, given)
	}
	return b.callOverload(fn, args, nodes, f)
}

func aggregateSyntax(f *ast.FuncCall) string {
	switch {
	case f.Star:
		return "*"
	case f.Distinct:
		return "DISTINCT"
	case f.Filter != nil:
		return "FILTER"
	}
	return "ORDER BY"
}

// functionName is the name without the schemas that functions live in.
func functionName(f *ast.FuncCall) (string, error) {
	switch s := f.Name.Schema(); {
	case f.Name.Catalog() != "":
		return "", errAt(sqlerr.FeatureNotSupported, f.Name, "cross-database references are not implemented: %s", f.Name)
	case s != "" && s != "pg_catalog" && s != catalog.DefaultSchema:
		return "", errAt(sqlerr.InvalidSchemaName, f.Name, "schema %q does not exist", s)
	}
	return f.Name.Base(), nil
}

func nodesOf(exprs []ast.Expr) []ast.Node {
	nodes := make([]ast.Node, len(exprs))
	for i, e := range exprs {
		nodes[i] = e
	}
	return nodes
}

// bindExtract is extract(field FROM x), a function of its own for each field.
func (b *Binder) bindExtract(sc *scope, f *ast.FuncCall) (plan.Expr, error) {
	field, ok := f.Args[0].(*ast.Literal)
	if !ok || len(f.Args) != 2 {
		return nil, errAt(sqlerr.SyntaxError, f, "extract needs a field and a source")
	}
	x, err := b.expr(sc, f.Args[1])
	if err != nil {
		return nil, err
	}
	unit := strings.ToLower(field.Text)
	overloads := b.registry.Scalars("extract_" + unit)
	if len(overloads) == 0 {
		return nil, errAt(sqlerr.InvalidParameterValue, field, "unit %q not recognized for type %s", field.Text, x.Type().Kind)
	}
	fn, err := choose(overloads, []plan.Expr{x})
	if err != nil || fn == nil || x.Type().Kind == types.Date && fn.Args[0].Kind != types.Date {
		if x.Type().IsDatetime() || x.Type().Kind == types.Interval {
			return nil, errAt(sqlerr.FeatureNotSupported, f, "unit %q not supported for type %s", field.Text, x.Type().Kind)
		}
		return nil, errAt(sqlerr.UndefinedFunction, f, "function pg_catalog.extract(unknown, %s) does not exist", x.Type().Kind).
			WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
	}
	return b.callOverload(fn, []plan.Expr{x}, []ast.Node{f.Args[1]}, f)
}

// call resolves a scalar function over bound arguments.
func (b *Binder) call(name string, args []plan.Expr, nodes []ast.Node, at ast.Node) (plan.Expr, error) {
	overloads := b.registry.Scalars(name)
	if len(overloads) == 0 {
		if e, ok, err := b.castCall(name, args, nodes, at); ok || err != nil {
			return e, err
		}
		return nil, b.unknownFunction(at, name, args)
	}
	if _, any := anyArguments[name]; any {
		return b.callAny(overloads[0], args, nodes, at)
	}
	fn, err := choose(overloads, args)
	switch {
	case err != nil:
		return nil, errAt(sqlerr.AmbiguousFunction, at, "function %s is not unique", signature(name, args)).
			WithHint("Could not choose a best candidate function. You might need to add explicit type casts.")
	case fn == nil:
		return nil, b.unknownFunction(at, name, args)
	}
	return b.callOverload(fn, args, nodes, at)
}

// anyArguments are functions that take values of every type, as their text.
var anyArguments = set("concat", "concat_ws", "format")

func (b *Binder) callAny(fn *function.Scalar, args []plan.Expr, nodes []ast.Node, at ast.Node) (plan.Expr, error) {
	if len(args) < len(fn.Args) {
		return nil, b.unknownFunction(at, fn.Name, args)
	}
	coerced := make([]plan.Expr, len(args))
	for i, a := range args {
		if a.Type().IsText() {
			coerced[i] = a
			continue
		}
		if a.Type().Kind == types.Boolean {
			if isVolatile(a) { // booleanLetter evaluates it twice
				return nil, unsupported(nodes[i], "a volatile boolean argument of "+fn.Name)
			}
			coerced[i] = booleanLetter(a)
			continue
		}
		var err error
		if coerced[i], err = b.coerce(a, types.TText, assignmentCast, nodes[i]); err != nil {
			return nil, err
		}
	}
	return &plan.Call{Fn: fn, Arg: coerced, Typ: types.TText, Span: spanOf(at)}, nil
}

// booleanLetter is a boolean's output form, t or f; the cast to text gives true or false.
func booleanLetter(e plan.Expr) plan.Expr {
	letter := func(s string) plan.Expr { return &plan.Const{Value: types.Str(types.TText, s)} }
	return &plan.Case{Typ: types.TText, Whens: []plan.When{{Cond: e, Then: letter("t")}, {Cond: &plan.Not{X: e}, Then: letter("f")}}}
}

// castCall reads type(x) as a cast, as PostgreSQL does when no function has the name.
func (b *Binder) castCall(name string, args []plan.Expr, nodes []ast.Node, at ast.Node) (plan.Expr, bool, error) {
	kind, ok := types.Lookup(name)
	if !ok || len(args) != 1 {
		return nil, false, nil
	}
	t := types.Type{Kind: kind}
	if from := args[0].Type(); !types.Castable(from, t) {
		return nil, false, nil
	}
	e, err := b.coerce(args[0], t, explicitCast, nodes[0])
	return e, true, err
}

func (b *Binder) callOverload(fn *function.Scalar, args []plan.Expr, nodes []ast.Node, at ast.Node) (plan.Expr, error) {
	coerced := make([]plan.Expr, len(args))
	actual := make([]types.Type, len(args))
	for i, a := range args {
		want := argumentType(fn, i)
		switch {
		case want.Kind == types.Numeric:
			want = anyNumeric
		case want.IsText() && a.Type().IsText():
			want = a.Type()
		}
		var err error
		if coerced[i], err = b.coerce(a, want, implicitCast, nodes[i]); err != nil {
			return nil, err
		}
		actual[i] = coerced[i].Type()
	}
	return &plan.Call{Fn: fn, Arg: coerced, Typ: resultType(fn, coerced, actual), Span: spanOf(at)}, nil
}

func argumentType(fn *function.Scalar, i int) types.Type {
	return fn.Args[min(i, len(fn.Args)-1)]
}

func (b *Binder) unknownFunction(at ast.Node, name string, args []plan.Expr) error {
	err := errAt(sqlerr.UndefinedFunction, at, "function %s does not exist", signature(name, args))
	_, aggregate := b.registry.Aggregate(name)
	if len(b.registry.Scalars(name)) == 0 && !aggregate {
		if near, ok := nearest(name, b.registry.Names()); ok {
			return err.WithHint("Perhaps you meant to call the function %q.", near)
		}
	}
	return err.WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

func signature(name string, args []plan.Expr) string {
	kinds := make([]string, len(args))
	for i, a := range args {
		kinds[i] = a.Type().Kind.String()
	}
	return name + "(" + strings.Join(kinds, ", ") + ")"
}

// resultType is the type of a call; constant arguments may decide numeric's scale.
func resultType(fn *function.Scalar, args []plan.Expr, actual []types.Type) types.Type {
	t := fn.Return(actual)
	if fn.Refine == nil {
		return t
	}
	consts := make([]*types.Value, len(args))
	for i, a := range args {
		if c, ok := a.(*plan.Const); ok && !c.Value.Null {
			consts[i] = &c.Value
		}
	}
	return fn.Refine(t, consts)
}
