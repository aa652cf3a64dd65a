package bind

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// bindBuiltin binds COALESCE, NULLIF, GREATEST and LEAST, which evaluate arguments lazily or take any
// type.
func (b *Binder) bindBuiltin(sc *scope, f *ast.FuncCall, name string) (plan.Expr, error) {
	if name == "grouping" {
		return nil, unsupported(f, "GROUPING")
	}
	args, err := b.exprs(sc, f.Args)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return nil, errAt(sqlerr.SyntaxError, f, "%s needs an argument", name)
	}
	nodes := nodesOf(f.Args)
	switch name {
	case "coalesce":
		args, t, err := b.unify(args, nodes, "COALESCE")
		if err != nil {
			return nil, err
		}
		return &plan.Coalesce{Arg: args, Typ: t}, nil
	case "nullif":
		return b.nullIf(args, nodes, f)
	case "greatest":
		return b.extreme(plan.Ge, "GREATEST", args, nodes, f)
	case "least":
		return b.extreme(plan.Le, "LEAST", args, nodes, f)
	}
	return b.call(name, args, nodes, f)
}

// nullIf is NULL where both arguments are equal, else the first.
func (b *Binder) nullIf(args []plan.Expr, nodes []ast.Node, f *ast.FuncCall) (plan.Expr, error) {
	if len(args) != 2 {
		return nil, errAt(sqlerr.SyntaxError, f, "nullif needs two arguments")
	}
	equal, err := b.compare(plan.Eq, args[0], args[1], nodes[0], nodes[1], f)
	if err != nil {
		return nil, err
	}
	first, err := b.resolveUnknown(args[0], nodes[0])
	if err != nil {
		return nil, err
	}
	null := &plan.Const{Value: types.Null(first.Type())}
	return &plan.Case{Whens: []plan.When{{Cond: equal, Then: null}}, Else: first, Typ: first.Type()}, nil
}

// extreme is GREATEST (op >=) and LEAST (op <=), which ignore NULLs: the first argument that is not
// NULL and that no other one beats.
func (b *Binder) extreme(op plan.CompareOp, what string, args []plan.Expr, nodes []ast.Node, f *ast.FuncCall) (plan.Expr, error) {
	args, t, err := b.unify(args, nodes, what)
	if err != nil {
		return nil, err
	}
	for i, a := range args {
		if isVolatile(a) {
			return nil, unsupported(nodes[i], "a volatile argument of "+what)
		}
	}
	c := &plan.Case{Typ: t}
	for i, a := range args {
		terms := []plan.Expr{&plan.IsNull{X: a, Negate: true}}
		for j, other := range args {
			if i == j {
				continue
			}
			beats, err := b.compare(op, a, other, nodes[i], nodes[j], f)
			if err != nil {
				return nil, err
			}
			terms = append(terms, orOf([]plan.Expr{&plan.IsNull{X: other}, beats}))
		}
		c.Whens = append(c.Whens, plan.When{Cond: plan.AndOf(terms), Then: a})
	}
	return c, nil
}

func isVolatile(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		if c, ok := e.(*plan.Call); ok && c.Fn.Volatile {
			found = true
		}
		return !found
	})
	return found
}

// bindCase binds both forms of CASE.
func (b *Binder) bindCase(sc *scope, c *ast.Case) (plan.Expr, error) {
	var operand plan.Expr
	var err error
	if c.Operand != nil {
		if operand, err = b.expr(sc, c.Operand); err != nil {
			return nil, err
		}
	}
	out := &plan.Case{Whens: make([]plan.When, len(c.Whens))}
	// PostgreSQL unifies ELSE first.
	results := []plan.Expr{&plan.Const{Value: types.Null(types.TUnknown)}}
	nodes := []ast.Node{c}
	if c.Else != nil {
		if results[0], err = b.expr(sc, c.Else); err != nil {
			return nil, err
		}
		nodes[0] = c.Else
	}
	for i := range c.Whens {
		w := &c.Whens[i]
		cond, err := b.caseCondition(sc, operand, c, w)
		if err != nil {
			return nil, err
		}
		then, err := b.expr(sc, w.Result)
		if err != nil {
			return nil, err
		}
		out.Whens[i].Cond = cond
		results, nodes = append(results, then), append(nodes, w.Result)
	}
	results, t, err := b.unify(results, nodes, "CASE")
	if err != nil {
		return nil, err
	}
	for i := range out.Whens {
		out.Whens[i].Then = results[i+1]
	}
	if c.Else != nil {
		out.Else = results[0]
	}
	out.Typ = t
	return out, nil
}

func (b *Binder) caseCondition(sc *scope, operand plan.Expr, c *ast.Case, w *ast.When) (plan.Expr, error) {
	cond, err := b.expr(sc, w.Cond)
	if err != nil {
		return nil, err
	}
	if operand == nil {
		return b.boolean(cond, w.Cond, "CASE/WHEN")
	}
	return b.compare(plan.Eq, operand, cond, c.Operand, w.Cond, w.Cond)
}
