// Package builtin is the explicit list of OxiDB's functions, PostgreSQL's names and behaviour. To add
// one, write its Eval beside its kin and add a line to that file's list.
package builtin

import (
	"sort"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/types"
)

// Registry is the function.Registry of all builtin functions. It is immutable.
type Registry struct {
	scalars    map[string][]*function.Scalar
	aggregates map[string]*function.Aggregate
	windows    map[string]*function.Window
	names      []string
}

// New builds the registry.
func New() *Registry {
	r := &Registry{scalars: map[string][]*function.Scalar{}, aggregates: map[string]*function.Aggregate{}, windows: map[string]*function.Window{}}
	for _, list := range [][]function.Scalar{stringFunctions(), searchFunctions(), patternFunctions(), mathFunctions(), numericFunctions(), dateFunctions(), extractFunctions(), templateFunctions(), systemFunctions(), sequenceFunctions()} {
		for i := range list {
			r.scalars[list[i].Name] = append(r.scalars[list[i].Name], &list[i])
		}
	}
	for _, a := range aggregates() {
		r.aggregates[a.Name] = a
	}
	for _, w := range windows() {
		r.windows[w.Name] = w
		r.names = append(r.names, w.Name)
	}
	for name := range r.scalars {
		r.names = append(r.names, name)
	}
	for name := range r.aggregates {
		r.names = append(r.names, name)
	}
	sort.Strings(r.names)
	return r
}

// Scalars implements function.Registry.
func (r *Registry) Scalars(name string) []*function.Scalar { return r.scalars[name] }

// Aggregate implements function.Registry.
func (r *Registry) Aggregate(name string) (*function.Aggregate, bool) {
	a, ok := r.aggregates[name]
	return a, ok
}

// Window implements function.Registry.
func (r *Registry) Window(name string) (*function.Window, bool) {
	w, ok := r.windows[name]
	return w, ok
}

// Names implements function.Registry.
func (r *Registry) Names() []string { return r.names }

// returns is the Return of a function with one result type.
func returns(t types.Type) func([]types.Type) types.Type {
	return func([]types.Type) types.Type { return t }
}

// sameAs returns the type of argument i.
func sameAs(i int) func([]types.Type) types.Type {
	return func(args []types.Type) types.Type { return args[i] }
}

func args(t ...types.Type) []types.Type { return t }

// textFn makes an Eval of a function that appends each row's text to b.
func textFn(f func(b []byte, a []*columnar.Vector, i int) ([]byte, error)) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		w := function.TextWriter{Out: out}
		for i := range function.Rows(n, sel) {
			b, err := f(w.Put(i), a, i)
			if err != nil {
				return err
			}
			w.Set(b)
		}
		w.Finish(n)
		return nil
	}
}

// intFn makes an Eval of a function with a ClassInt result.
func intFn(f func(a []*columnar.Vector, i int) (int64, error)) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) (err error) {
		for i := range function.Rows(n, sel) {
			if out.I64[i], err = f(a, i); err != nil {
				return err
			}
		}
		return nil
	}
}

// floatFn makes an Eval of a function with a ClassFloat result.
func floatFn(f func(a []*columnar.Vector, i int) (float64, error)) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) (err error) {
		for i := range function.Rows(n, sel) {
			if out.F64[i], err = f(a, i); err != nil {
				return err
			}
		}
		return nil
	}
}

// decimalFn makes an Eval of a function with a numeric result.
func decimalFn(f func(a []*columnar.Vector, i int) (types.Int128, error)) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		w := function.DecimalWriter{Out: out, N: n}
		for i := range function.Rows(n, sel) {
			d, err := f(a, i)
			if err != nil {
				return err
			}
			w.Write(i, d)
		}
		return nil
	}
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func text(v *columnar.Vector, i int) []byte { return function.TextAt(v, i) }
