// Package function is the contract of scalar and aggregate functions. function/builtin is the one
// explicit list of those that OxiDB has; the binder resolves names against it, exec runs them.
package function

import (
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Context is what a scalar function may ask of the statement that runs it.
type Context struct {
	// Now is the transaction's start, for now() and its kin.
	Now time.Time
	// Location is the session's TimeZone.
	Location *time.Location
	// Sequences are there for statements; nil where only constants are computed.
	Sequences Sequences
	// User is who asks, "" when nobody said.
	User string
	// Version is the number of commits that the transaction sees; VersionTime is when one was made; without it no time is known.
	Version     int64
	VersionTime func(version int64) (when time.Time, known bool)
}

// Eval computes out for the rows of sel (all of 0..n when sel is nil), writing each result at its
// row's own position. Arguments have the overload's types in any encoding; out is Flat, of the
// overload's return type, with every value slice that its class needs of length n (Str: Offsets and
// Bytes empty, to be appended). Unless the overload is CallsOnNull, rows with a NULL argument are
// taken out of sel beforehand and become NULL. Eval may set out.Valid for further NULLs.
type Eval func(ctx *Context, args []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error

// Scalar is one overload of a scalar function.
type Scalar struct {
	Name string
	Args []types.Type
	// Variadic repeats the last argument type any number of times, at least once.
	Variadic bool
	// Return gives the result's type for the actual argument types (numeric's scale depends on them).
	Return func(args []types.Type) types.Type
	// Refine, when set, narrows Return's type by the arguments that are constants; the others are nil.
	// round(x, 2) has scale 2.
	Refine func(t types.Type, consts []*types.Value) types.Type
	// Params, when set, are the parameters' names, so that calls may use name => value. Parameters that
	// a call leaves out have Defaults, one for each of Params.
	Params   []string
	Defaults []types.Value
	// CallsOnNull: the function sees NULL arguments (coalesce-like); otherwise NULL in, NULL out.
	CallsOnNull bool
	// Volatile functions (random) are never folded nor shared; Stable ones (now) are constant in a statement.
	Volatile, Stable bool
	Eval             Eval
}

// Aggregate is one aggregate function; exec/aggregate implements it under its Name.
type Aggregate struct {
	Name string
	// Resolve gives, for the actual argument types, the types to coerce the arguments to and the result's type.
	Resolve func(args []types.Type) (coerced []types.Type, result types.Type, ok bool)
}

// Window is one window function; exec/window implements it under its Name.
type Window struct {
	Name string
	// Resolve is as in Aggregate. Arguments of one polymorphic type have been given their common type before.
	Resolve func(args []types.Type) (coerced []types.Type, result types.Type, ok bool)
	// Polymorphic lists the arguments that must have one common type.
	Polymorphic []int
}

// Registry finds functions by lower-case name.
type Registry interface {
	// Scalars are all overloads of a name, best match to be chosen by the binder.
	Scalars(name string) []*Scalar
	Aggregate(name string) (*Aggregate, bool)
	Window(name string) (*Window, bool)
	// Names lists every function, for completion and suggestions.
	Names() []string
}
