package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// quantified is x op ANY (uncorrelated subquery) for <, <=, > and >=, which the subquery's least or
// greatest value decides.
//
//	x < ANY (q)  ⇒  x < (SELECT max(c) FROM q)
type quantified struct {
	// test is x op bound: true exactly when ANY is true.
	test plan.Expr
	// rows and values count all rows and those that are not NULL.
	rows, values plan.Expr
}

// boundOf recognises the case and makes the runtime constants, which share one run of the subquery.
func (x *extractor) boundOf(s *plan.Subquery, in plan.Node) (*quantified, bool) {
	bounds, ok := extremes[s.Op]
	if !ok || s.Op == plan.Ne || s.Kind != plan.AnySubquery || len(s.Left) != 1 || len(plan.FreeColumns(in)) > 0 {
		return nil, false
	}
	col := in.Columns()[0]
	if col.Typ.IsFloat() {
		return nil, false // NaN
	}
	bound, ok1 := x.o.aggCall(bounds[0], []plan.Expr{plan.Ref(col)})
	count, ok2 := x.o.aggCall("count", nil)
	if !ok1 || !ok2 || !comparable(bound.Typ, col.Typ) {
		return nil, false
	}
	shared := &plan.SharedPlan{Name: "quantified", Input: keep(x.o.dropApplies(in), []plan.Column{col})}
	once := func(call plan.AggCall, withArg bool) plan.Expr {
		own := x.o.fresh(col)
		if withArg {
			call.Arg = []plan.Expr{plan.Ref(own)}
		}
		agg := &plan.Aggregate{
			Input: &plan.Shared{Plan: shared, Cols: []plan.Column{own}},
			Aggs:  []plan.NamedAgg{{Out: x.o.column(call.Fn.Name, call.Typ, false), Agg: call}},
		}
		return &plan.RuntimeValue{Input: agg, Typ: call.Typ}
	}
	return &quantified{
		test:   &plan.Compare{Op: s.Op, L: s.Left[0], R: once(bound, true)},
		rows:   once(count, false),
		values: once(count, true),
	}, true
}

// value is the three-valued result: false over no rows, NULL when no comparison is true and some
// value is NULL.
func (q *quantified) value() plan.Expr {
	zero := &plan.Const{Value: types.Int(q.rows.Type(), 0)}
	return &plan.Case{
		Whens: []plan.When{
			{Cond: &plan.Compare{Op: plan.Eq, L: q.rows, R: zero}, Then: constBool(false)},
			{Cond: q.test, Then: constBool(true)},
			{Cond: &plan.Compare{Op: plan.Ne, L: q.rows, R: q.values}, Then: constNull(types.TBoolean)},
		},
		Else: q.test, Typ: types.TBoolean,
	}
}
