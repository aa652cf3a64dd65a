package bind

import (
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// bindAggregate binds an aggregate call and registers it with the query level it belongs to: the
// innermost one whose columns its arguments use (SQL:2016 10.9). The call itself becomes a column.
func (b *Binder) bindAggregate(sc *scope, f *ast.FuncCall, fn *function.Aggregate) (plan.Expr, error) {
	tr := &track{scope: sc}
	b.tracks = append(b.tracks, tr)
	call, nodes, err := b.aggregateCall(sc, f, fn)
	b.tracks = b.tracks[:len(b.tracks)-1]
	if err != nil {
		return nil, err
	}
	owner := sc
	if tr.found != nil {
		owner = tr.found
	}
	b.used(owner)
	switch {
	case owner.clause != "":
		return nil, errAt(sqlerr.GroupingError, f, "aggregate functions are not allowed in %s", owner.clause)
	case owner.query == nil:
		return nil, errAt(sqlerr.GroupingError, f, "aggregate functions are not allowed in FROM clause of their own query level")
	}
	if err := owner.query.checkNesting(call, nodes, f); err != nil {
		return nil, err
	}
	return owner.query.aggregate(b, call), nil
}

// aggregateCall binds arguments, ORDER BY and FILTER and finds the types.
func (b *Binder) aggregateCall(sc *scope, f *ast.FuncCall, fn *function.Aggregate) (*plan.AggCall, []ast.Node, error) {
	for _, a := range f.Args {
		if n, ok := a.(*ast.NamedArg); ok {
			return nil, nil, unsupported(n, "a named argument of an aggregate")
		}
	}
	args, err := b.aggregateArgs(sc, f, fn)
	if err != nil {
		return nil, nil, err
	}
	call := &plan.AggCall{Fn: fn, Distinct: f.Distinct}
	if err := b.aggregateTypes(call, f, args); err != nil {
		return nil, nil, err
	}
	if f.Filter != nil {
		x, err := b.expr(sc, f.Filter)
		if err != nil {
			return nil, nil, err
		}
		if call.Filter, err = b.boolean(x, f.Filter, "FILTER"); err != nil {
			return nil, nil, err
		}
	}
	if err := b.aggregateOrder(sc, call, f); err != nil {
		return nil, nil, err
	}
	return call, nodesOf(f.Args), nil
}

// aggregateArgs binds the arguments. The row of count(DISTINCT (a, b)) becomes a text that differs
// where the rows differ.
func (b *Binder) aggregateArgs(sc *scope, f *ast.FuncCall, fn *function.Aggregate) ([]plan.Expr, error) {
	if len(f.Args) != 1 || fn.Name != "count" {
		return b.exprs(sc, f.Args)
	}
	row, ok := f.Args[0].(*ast.Row)
	if !ok {
		return b.exprs(sc, f.Args)
	}
	items, err := b.exprs(sc, row.Items)
	if err != nil {
		return nil, err
	}
	if !f.Distinct { // a row is never NULL, whatever it holds
		return []plan.Expr{&plan.Const{Value: types.Bool(true)}}, nil
	}
	e, err := b.rowText(items, row)
	return []plan.Expr{e}, err
}

// rowText joins the fields, each as N for NULL, else its text behind the length.
func (b *Binder) rowText(items []plan.Expr, row *ast.Row) (plan.Expr, error) {
	constant := func(s string) plan.Expr { return &plan.Const{Value: types.Str(types.TText, s)} }
	parts, nodes := []plan.Expr{constant("")}, []ast.Node{row}
	for i, e := range items {
		at := row.Items[i]
		if t := e.Type(); t.Kind == types.Interval || t.IsFloat() || isVolatile(e) { // equal values of several texts
			return nil, unsupported(at, "count(DISTINCT row) of a field of type "+t.Kind.String())
		}
		if err := hashable(e.Type(), at); err != nil {
			return nil, err
		}
		text, err := b.callAny(b.registry.Scalars("concat")[0], []plan.Expr{e}, []ast.Node{at}, at)
		if err != nil {
			return nil, err
		}
		length, err := b.call("length", []plan.Expr{text}, []ast.Node{at}, at)
		if err != nil {
			return nil, err
		}
		field, err := b.callAny(b.registry.Scalars("concat")[0], []plan.Expr{length, constant(":"), text}, []ast.Node{at, at, at}, at)
		if err != nil {
			return nil, err
		}
		parts = append(parts, &plan.Case{Typ: types.TText, Whens: []plan.When{{Cond: &plan.IsNull{X: e}, Then: constant("N")}}, Else: field})
		nodes = append(nodes, at)
	}
	return b.callAny(b.registry.Scalars("concat")[0], parts, nodes, row)
}

func (b *Binder) aggregateTypes(call *plan.AggCall, f *ast.FuncCall, args []plan.Expr) error {
	actual := make([]types.Type, len(args))
	for i, a := range args {
		actual[i] = a.Type()
	}
	if len(args) == 0 && !f.Star && call.Fn.Name == "count" {
		return errAt(sqlerr.WrongObjectType, f, "count(*) must be used to call a parameterless aggregate function")
	}
	coerced, result, ok := call.Fn.Resolve(actual)
	if !ok || f.Star && call.Fn.Name != "count" {
		return b.unknownFunction(f, call.Fn.Name, args)
	}
	call.Arg = make([]plan.Expr, len(args))
	for i, a := range args {
		want := coerced[i]
		switch {
		case want.Kind == types.Unknown:
			want = types.TText
		case want.IsText() && a.Type().IsText():
			want = a.Type()
		}
		var err error
		if call.Arg[i], err = b.coerce(a, want, implicitCast, f.Args[i]); err != nil {
			return err
		}
	}
	call.Typ = result
	if f.Distinct && len(args) > 0 {
		return hashable(args[0].Type(), f.Args[0])
	}
	return nil
}

func (b *Binder) aggregateOrder(sc *scope, call *plan.AggCall, f *ast.FuncCall) error {
	for _, item := range f.OrderBy {
		x, err := b.expr(sc, item.X)
		if err != nil {
			return err
		}
		key, err := b.sortKey(x, item)
		if err != nil {
			return err
		}
		if f.Distinct && !containsKey(call.Arg, key.Expr) {
			return errAt(sqlerr.InvalidColumnReference, item, "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
		}
		call.OrderBy = append(call.OrderBy, key)
	}
	return nil
}

func containsKey(list []plan.Expr, e plan.Expr) bool {
	k := exprKey(e)
	for _, x := range list {
		if exprKey(x) == k {
			return true
		}
	}
	return false
}

// hashable refuses types without an equality operator.
func hashable(t types.Type, at ast.Node) error {
	if t.Kind == types.JSON {
		return errAt(sqlerr.UndefinedFunction, at, "could not identify an equality operator for type %s", t.Kind)
	}
	if t.Kind == types.JSONB {
		return unsupported(at, "the comparison of jsonb values")
	}
	return nil
}
