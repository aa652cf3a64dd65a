package builtin

import (
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/types"
)

// aggregates lists the aggregate functions; exec/aggregate has their states by the same names.
func aggregates() []*function.Aggregate {
	any1 := func(t types.Type) (types.Type, bool) { return t, true }
	list := []*function.Aggregate{
		{Name: "count", Resolve: func(a []types.Type) ([]types.Type, types.Type, bool) { return a, types.TBigInt, len(a) <= 1 }},
		unary("sum", sumType), unary("avg", avgType), unary("min", orderedType), unary("max", orderedType), unary("any_value", any1),
		unary("bool_and", booleanType), unary("bool_or", booleanType), unary("every", booleanType),
		{Name: "string_agg", Resolve: func(a []types.Type) ([]types.Type, types.Type, bool) {
			return []types.Type{types.TText, types.TText}, types.TText, len(a) == 2 && textual(a[0]) && textual(a[1])
		}},
	}
	for _, name := range []string{"bit_and", "bit_or", "bit_xor"} {
		list = append(list, unary(name, func(t types.Type) (types.Type, bool) { return t, t.IsInteger() }))
	}
	for _, name := range []string{"corr", "covar_pop", "covar_samp", "regr_avgx", "regr_avgy", "regr_intercept", "regr_r2",
		"regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "regr_count"} {
		result := types.TDouble
		if name == "regr_count" {
			result = types.TBigInt
		}
		list = append(list, &function.Aggregate{Name: name, Resolve: func(a []types.Type) ([]types.Type, types.Type, bool) {
			return []types.Type{types.TDouble, types.TDouble}, result, len(a) == 2 && countable(a[0]) && countable(a[1])
		}})
	}
	for _, name := range []string{"stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop"} {
		list = append(list, &function.Aggregate{Name: name, Resolve: func(a []types.Type) ([]types.Type, types.Type, bool) {
			return []types.Type{types.TDouble}, types.TDouble, len(a) == 1 && countable(a[0])
		}})
	}
	return list
}

func unary(name string, result func(types.Type) (types.Type, bool)) *function.Aggregate {
	return &function.Aggregate{Name: name, Resolve: func(a []types.Type) ([]types.Type, types.Type, bool) {
		if len(a) != 1 {
			return nil, types.Type{}, false
		}
		arg := a[0]
		if arg.Kind == types.Unknown {
			arg = types.TText
		}
		r, ok := result(arg)
		return []types.Type{arg}, r, ok
	}}
}

func sumType(t types.Type) (types.Type, bool) {
	switch t.Kind {
	case types.SmallInt, types.Integer:
		return types.TBigInt, true
	case types.BigInt:
		return types.TNumeric(types.MaxPrecision, 0), true
	case types.Numeric:
		return types.TNumeric(types.MaxPrecision, int(t.Scale)), true
	case types.Real, types.Double, types.Interval:
		return t, true
	}
	return t, false
}

func avgType(t types.Type) (types.Type, bool) {
	switch {
	case t.IsInteger():
		return types.TNumeric(types.MaxPrecision, types.DefaultScale), true
	case t.Kind == types.Numeric:
		return types.TNumeric(types.MaxPrecision, max(types.DefaultScale, int(t.Scale))), true
	case t.IsFloat():
		return types.TDouble, true
	case t.Kind == types.Interval:
		return t, true
	}
	return t, false
}

func orderedType(t types.Type) (types.Type, bool) {
	switch t.Kind {
	case types.Boolean, types.JSON, types.JSONB, types.UUID:
		return t, false
	case types.Varchar:
		return types.TText, true
	}
	return t, true
}

func booleanType(t types.Type) (types.Type, bool) { return t, t.Kind == types.Boolean }

func countable(t types.Type) bool { return t.IsNumber() || t.Kind == types.Unknown }

func textual(t types.Type) bool { return t.IsText() || t.Kind == types.Unknown }
