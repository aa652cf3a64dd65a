package aggregate

import (
	"fmt"
	"math"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// A group's states lie side by side in words of 64 bits (A1). Word 0 counts the group's rows.

// wordKind says how two groups' words become one.
type wordKind uint8

const (
	addInt wordKind = iota
	addFloat
	minInt // floats in their sortable form included
	maxInt
)

func (k wordKind) initial() int64 {
	switch k {
	case minInt:
		return math.MaxInt64
	case maxInt:
		return math.MinInt64
	}
	return 0
}

// input is one argument, with its filter, that several aggregates may share.
type input struct {
	arg      plan.Expr // nil for count(*) with a filter
	filter   plan.Expr
	distinct bool
	// counter is a word. Without filter and distinct it counts NULLs, otherwise rows that count;
	// 0 when there can be neither.
	counter int
	ops     []wordOp
	sums    []int // exact sums of this argument, by number
	accs    []int // general accumulators of this argument, by number
}

// counted reports whether the input's counter counts rows rather than NULLs.
func (in *input) counted() bool { return in.filter != nil || in.distinct }

// wordOp folds a value into one word.
type wordOp struct {
	kind wordKind
	word int
}

// exactSum is the sum of integers or decimals: an int64 word, with 128 bits beside it when that
// could overflow.
type exactSum struct{ word int }

// call is one aggregate's result.
type call struct {
	name  string
	typ   types.Type
	arg   types.Type
	input int // -1 for count(*)
	word  int
	sum   int
	acc   int
}

// spec is the static part of an aggregation, shared by all workers.
type spec struct {
	node       *plan.Aggregate
	groups     []plan.Expr
	groupTypes []types.Type
	nullable   []bool
	inputs     []input
	keys       map[string]int
	calls      []call
	kinds      []wordKind
	template   []int64
	plainZero  bool // the template is all zero
	sums       []exactSum
	accs       []accSpec
}

// accSpec makes one general accumulator.
type accSpec struct {
	name   string
	key    string
	arg    types.Type
	expr   *plan.AggCall
	others []plan.Expr // further arguments and order keys, as columns after the first
}

func newSpec(n *plan.Aggregate) (*spec, error) {
	s := &spec{node: n, keys: map[string]int{}, kinds: []wordKind{addInt}}
	for _, g := range n.Groups {
		s.groups = append(s.groups, g.Expr)
		s.groupTypes = append(s.groupTypes, g.Expr.Type())
		c, isColumn := g.Expr.(*plan.Column)
		s.nullable = append(s.nullable, !(isColumn && c.NotNull))
	}
	for i := range n.Aggs {
		c, err := s.call(&n.Aggs[i].Agg)
		if err != nil {
			return nil, err
		}
		s.calls = append(s.calls, c)
	}
	s.plainZero = true
	for _, k := range s.kinds {
		s.template = append(s.template, k.initial())
		s.plainZero = s.plainZero && k.initial() == 0
	}
	return s, nil
}

// exprKey names an expression so that equal ones share their work.
func exprKey(e plan.Expr) string {
	if e == nil {
		return "-"
	}
	var ids []plan.ColumnID
	plan.Walk(e, func(e plan.Expr) bool {
		if c, ok := e.(*plan.Column); ok {
			ids = append(ids, c.ID)
		}
		return true
	})
	return fmt.Sprint(e.String(), ids, e.Type())
}

func (s *spec) newWord(k wordKind) int {
	s.kinds = append(s.kinds, k)
	return len(s.kinds) - 1
}

func (s *spec) input(a *plan.AggCall) int {
	var arg plan.Expr
	if len(a.Arg) > 0 {
		arg = a.Arg[0]
	}
	distinct := a.Distinct && arg != nil
	key := fmt.Sprint(exprKey(arg), exprKey(a.Filter), distinct)
	if at, ok := s.keys[key]; ok {
		return at
	}
	in := input{arg: arg, filter: a.Filter, distinct: distinct}
	c, isColumn := arg.(*plan.Column)
	if !(isColumn && c.NotNull) || in.counted() {
		in.counter = s.newWord(addInt)
	}
	s.inputs = append(s.inputs, in)
	s.keys[key] = len(s.inputs) - 1
	return len(s.inputs) - 1
}

// word finds or makes the word of an input that is folded by k.
func (s *spec) word(input int, k wordKind) int {
	in := &s.inputs[input]
	for _, op := range in.ops {
		if op.kind == k {
			return op.word
		}
	}
	w := s.newWord(k)
	in.ops = append(in.ops, wordOp{k, w})
	return w
}

func (s *spec) exactSum(input int) int {
	in := &s.inputs[input]
	if len(in.sums) == 0 {
		s.sums = append(s.sums, exactSum{s.newWord(addInt)})
		in.sums = append(in.sums, len(s.sums)-1)
	}
	return in.sums[0]
}

func (s *spec) accumulator(input int, a *plan.AggCall, name string) int {
	key := name
	if a.Distinct && name == "string_agg" {
		key += " distinct"
	}
	for _, e := range a.Arg[1:] {
		key += exprKey(e)
	}
	for _, k := range a.OrderBy {
		key += k.String() + exprKey(k.Expr)
	}
	for _, at := range s.inputs[input].accs {
		if s.accs[at].key == key {
			return at
		}
	}
	acc := accSpec{name: name, key: key, arg: a.Arg[0].Type(), expr: a}
	acc.others = append(acc.others, a.Arg[1:]...)
	for _, k := range a.OrderBy {
		acc.others = append(acc.others, k.Expr)
	}
	s.accs = append(s.accs, acc)
	s.inputs[input].accs = append(s.inputs[input].accs, len(s.accs)-1)
	return len(s.accs) - 1
}

// canonical maps aggregates to those that are computed alike.
var canonical = map[string]string{
	"every": "min", "bool_and": "min", "bool_or": "max",
	"stddev": "stddev_samp", "variance": "var_samp", "mean": "avg",
}

func (s *spec) call(a *plan.AggCall) (call, error) {
	name := a.Fn.Name
	if to, ok := canonical[name]; ok {
		name = to
	}
	c := call{name: name, typ: a.Typ, input: -1, sum: -1, acc: -1}
	if len(a.Arg) == 0 && a.Filter == nil {
		if name != "count" {
			return c, sqlerr.Unsupported(-1, -1, "the aggregate "+name+" without an argument")
		}
		return c, nil
	}
	if name == "min" || name == "max" || name == "any_value" {
		plain := *a
		plain.Distinct = false
		a = &plain
	}
	shared := *a
	if name == "string_agg" { // drops its duplicates itself: they are pairs, and it puts them in order
		shared.Distinct = false
	}
	c.input = s.input(&shared)
	if len(a.Arg) > 0 {
		c.arg = a.Arg[0].Type()
	}
	switch name {
	case "count":
	case "any_value":
		// Any value will do: the greatest where a word holds it, else the first.
		if inWord(c.arg) {
			c.name, c.word = "max", s.word(c.input, maxInt)
		} else {
			c.acc = s.accumulator(c.input, a, name)
		}
	case "sum", "avg":
		switch c.arg.Class() {
		case types.ClassFloat:
			c.word = s.word(c.input, addFloat)
		case types.ClassInt, types.ClassDecimal:
			c.sum = s.exactSum(c.input)
		default:
			c.acc = s.accumulator(c.input, a, name)
		}
	case "min", "max":
		kind := minInt
		if name == "max" {
			kind = maxInt
		}
		if inWord(c.arg) {
			c.word = s.word(c.input, kind)
		} else {
			c.acc = s.accumulator(c.input, a, name)
		}
	case "stddev_samp", "stddev_pop", "var_samp", "var_pop":
		c.acc = s.accumulator(c.input, a, "moments")
	case "corr", "covar_pop", "covar_samp", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2",
		"regr_slope", "regr_sxx", "regr_sxy", "regr_syy":
		if a.Distinct {
			return c, sqlerr.Unsupported(-1, -1, name+" with DISTINCT")
		}
		c.acc = s.accumulator(c.input, a, "pairs")
	case "bit_and", "bit_or", "bit_xor":
		c.acc = s.accumulator(c.input, a, name)
	case "string_agg":
		c.acc = s.accumulator(c.input, a, name)
	default:
		return c, sqlerr.Unsupported(-1, -1, "the aggregate "+name)
	}
	return c, nil
}

// inWord reports whether a type's values always fit a word.
func inWord(t types.Type) bool {
	switch t.Class() {
	case types.ClassInt, types.ClassFloat:
		return true
	case types.ClassDecimal:
		return t.Precision <= types.MaxInt64Precision
	}
	return false
}
