package bind

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// maxParams is the largest parameter number (the limit of PostgreSQL's protocol).
const maxParams = 65535

// bindParam gives parameter $n the type it has so far.
func (b *Binder) bindParam(p *ast.Param) (plan.Expr, error) {
	n := int(p.Number)
	if n < 1 || n > maxParams {
		return nil, errAt(sqlerr.UndefinedParameter, p, "there is no parameter $%d", n)
	}
	for len(b.params) < n {
		b.params = append(b.params, types.TUnknown)
	}
	for len(b.paramPos) < n {
		b.paramPos = append(b.paramPos, ast.Span{Pos: -1, End: -1})
	}
	if b.paramPos[n-1].Pos < 0 {
		b.paramPos[n-1] = p.Span
	}
	e := &plan.Param{Index: n, Typ: b.params[n-1]}
	if e.Typ.Kind == types.Unknown {
		b.untyped = append(b.untyped, e)
	}
	return e, nil
}

// typeParam lets the context decide an untyped parameter's type, without modifiers: a value is cut to
// varchar(n) or numeric(p,s) by the cast that follows, not by the wire.
func (b *Binder) typeParam(p *plan.Param, to types.Type) *plan.Param {
	known := b.params[p.Index-1]
	if known.Kind == types.Unknown {
		known = withoutModifiers(to)
		b.params[p.Index-1] = known
	}
	return &plan.Param{Index: p.Index, Typ: known}
}

func withoutModifiers(t types.Type) types.Type {
	switch {
	case t.IsText():
		return types.TText
	case t.Kind == types.Numeric:
		return wideNumeric
	}
	return t
}

// checkParams refuses a statement with a parameter whose type nothing decided, and types those places
// that did not care ($1 IS NULL).
func (b *Binder) checkParams() error {
	for i, t := range b.params {
		if t.Kind != types.Unknown {
			continue
		}
		pos, end := -1, -1
		if i < len(b.paramPos) {
			pos, end = b.paramPos[i].Range()
		}
		return sqlerr.At(sqlerr.IndeterminateDatatype, pos, end, "could not determine data type of parameter $%d", i+1)
	}
	for _, p := range b.untyped {
		p.Typ = b.params[p.Index-1]
	}
	return nil
}
