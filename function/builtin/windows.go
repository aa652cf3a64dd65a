package builtin

import (
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/types"
)

// windows lists the window functions; exec/window computes them by the same names.
func windows() []*function.Window {
	var list []*function.Window
	for _, name := range []string{"row_number", "rank", "dense_rank"} {
		list = append(list, &function.Window{Name: name, Resolve: numbered(types.TBigInt)})
	}
	for _, name := range []string{"percent_rank", "cume_dist"} {
		list = append(list, &function.Window{Name: name, Resolve: numbered(types.TDouble)})
	}
	list = append(list, &function.Window{Name: "ntile", Resolve: func(a []types.Type) ([]types.Type, types.Type, bool) {
		return args(types.TInteger), types.TInteger, len(a) == 1 && countable(a[0])
	}})
	for _, name := range []string{"lag", "lead"} {
		list = append(list, &function.Window{Name: name, Polymorphic: []int{0, 2}, Resolve: func(a []types.Type) ([]types.Type, types.Type, bool) {
			if len(a) == 0 || len(a) > 3 || len(a) > 1 && !countable(a[1]) {
				return nil, types.Type{}, false
			}
			return args(a[0], types.TInteger, a[0])[:len(a)], a[0], true
		}})
	}
	for _, name := range []string{"first_value", "last_value"} {
		list = append(list, &function.Window{Name: name, Polymorphic: []int{0}, Resolve: func(a []types.Type) ([]types.Type, types.Type, bool) {
			return a, firstOf(a), len(a) == 1
		}})
	}
	return append(list, &function.Window{Name: "nth_value", Polymorphic: []int{0}, Resolve: func(a []types.Type) ([]types.Type, types.Type, bool) {
		if len(a) != 2 || !countable(a[1]) {
			return nil, types.Type{}, false
		}
		return args(a[0], types.TInteger), a[0], true
	}})
}

// numbered is the Resolve of a function without arguments.
func numbered(result types.Type) func([]types.Type) ([]types.Type, types.Type, bool) {
	return func(a []types.Type) ([]types.Type, types.Type, bool) { return nil, result, len(a) == 0 }
}

func firstOf(a []types.Type) types.Type {
	if len(a) == 0 {
		return types.Type{}
	}
	return a[0]
}
