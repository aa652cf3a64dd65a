package aggregate

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// accumulator is the state of an aggregate that words cannot hold. Rows are never NULL in their
// first column.
type accumulator interface {
	resize(n int)
	// update folds n rows (those of sel, or the first n) of cols into the groups ids (nil: group 0).
	update(ids []uint32, cols []*columnar.Vector, sel []uint32, n int)
	merge(from accumulator, groups, to []uint32)
	// finish readies the results, which several goroutines may then ask for.
	finish()
	// result gives the groups' values for the aggregate name of type t, in arena memory.
	result(arena *mem.Arena, groups []uint32, name string, t types.Type) *columnar.Vector
}

func newAccumulator(s *accSpec, arena *mem.Arena) accumulator {
	switch s.name {
	case "moments":
		return &moments{}
	case "pairs":
		return &pairs{}
	case "bit_and", "bit_or", "bit_xor":
		return newBitFold(s.name)
	case "string_agg":
		return newConcat(s, arena)
	case "any_value":
		return newFirst(s, arena)
	case "sum", "avg":
		return &spanSum{}
	}
	return &extreme{greatest: s.name == "max"}
}

// extreme keeps the least or greatest value of types that fill more than a word.
type extreme struct {
	greatest bool
	best     []types.Value
	set      []bool
}

func (x *extreme) resize(n int) {
	x.best = append(x.best, make([]types.Value, n-len(x.best))...)
	x.set = append(x.set, make([]bool, n-len(x.set))...)
}

func (x *extreme) update(ids []uint32, cols []*columnar.Vector, sel []uint32, n int) {
	v := cols[0]
	text := v.Type.Class() == types.ClassBytes
	for j := range n {
		at, g := j, uint32(0)
		if sel != nil {
			at = int(sel[j])
		}
		if ids != nil {
			g = ids[j]
		}
		if text && x.set[g] {
			// Most values lose: they are compared without a copy.
			row := textAt(v, at)
			if c := cmp.Compare(string(row), x.best[g].S); c == 0 || (c > 0) != x.greatest {
				continue
			}
		}
		x.offer(g, v.Value(at))
	}
}

func textAt(v *columnar.Vector, i int) []byte {
	switch v.Enc {
	case columnar.Const:
		i = 0
	case columnar.Dict:
		return v.Dict.Values.Row(int(v.Code(i)))
	}
	return v.Row(i)
}

func (x *extreme) offer(g uint32, value types.Value) {
	if c := 0; x.set[g] {
		if c = compare(value, x.best[g]); c == 0 || (c > 0) != x.greatest {
			return
		}
	}
	x.best[g], x.set[g] = value, true
}

func (x *extreme) merge(from accumulator, groups, to []uint32) {
	f := from.(*extreme)
	for j, g := range groups {
		if f.set[g] {
			x.offer(to[j], f.best[g])
		}
	}
}

func (x *extreme) value(g uint32, _ string, t types.Type) (types.Value, bool) {
	v := x.best[g]
	v.Type = t
	return v, x.set[g]
}

// compare orders two values of one class that are not NULL.
func compare(a, b types.Value) int {
	switch a.Type.Class() {
	case types.ClassBytes, types.ClassUUID:
		return cmp.Compare(a.S, b.S)
	case types.ClassInterval:
		return cmp.Compare(spanMicros(a.Span), spanMicros(b.Span))
	case types.ClassFloat:
		return cmp.Compare(sortable(a.F), sortable(b.F))
	}
	x, y := a.Unscaled(), b.Unscaled()
	return cmp.Or(cmp.Compare(x.Hi, y.Hi), cmp.Compare(x.Lo, y.Lo))
}

// spanMicros orders intervals as PostgreSQL does, months being 30 days; float64 suffices but for
// intervals of more than 285,000 years that differ by microseconds.
func spanMicros(s types.Span) float64 {
	return (float64(s.Months)*30+float64(s.Days))*86_400_000_000 + float64(s.Micros)
}

// moments keeps count, mean and squared deviations (Welford 1962; merged after Chan et al. 1979).
type moments struct {
	n, mean, m2 []float64
}

func (m *moments) resize(n int) {
	more := make([]float64, n-len(m.n))
	m.n, m.mean, m.m2 = append(m.n, more...), append(m.mean, more...), append(m.m2, more...)
}

func (m *moments) update(ids []uint32, cols []*columnar.Vector, sel []uint32, n int) {
	v := cols[0]
	for j := range n {
		at, g := j, uint32(0)
		if sel != nil {
			at = int(sel[j])
		}
		if ids != nil {
			g = ids[j]
		}
		x := floatAt(v, at)
		m.n[g]++
		d := x - m.mean[g]
		m.mean[g] += d / m.n[g]
		m.m2[g] += d * (x - m.mean[g])
	}
}

func floatAt(v *columnar.Vector, i int) float64 {
	if v.Enc == columnar.Const {
		i = 0
	}
	switch v.Layout {
	case columnar.F32:
		return float64(v.F32[i])
	case columnar.F64:
		return v.F64[i]
	}
	d := decimalAt(v, nil, i)
	x := float64(d.Hi)*(1<<64) + float64(d.Lo)
	return x / math.Pow10(int(v.Type.Scale))
}

func (m *moments) merge(from accumulator, groups, to []uint32) {
	f := from.(*moments)
	for j, g := range groups {
		t := to[j]
		if f.n[g] == 0 {
			continue
		}
		n := m.n[t] + f.n[g]
		d := f.mean[g] - m.mean[t]
		m.m2[t] += f.m2[g] + d*d*m.n[t]*f.n[g]/n
		m.mean[t] += d * f.n[g] / n
		m.n[t] = n
	}
}

func (m *moments) value(g uint32, name string, t types.Type) (types.Value, bool) {
	n := m.n[g]
	var x float64
	switch name {
	case "var_pop", "stddev_pop":
		if n == 0 {
			return types.Value{}, false
		}
		x = m.m2[g] / n
	default:
		if n < 2 {
			return types.Value{}, false
		}
		x = m.m2[g] / (n - 1)
	}
	if name == "stddev_pop" || name == "stddev_samp" {
		x = math.Sqrt(x)
	}
	if t.Class() == types.ClassDecimal {
		return types.Int(t, int64(math.Round(x*math.Pow10(int(t.Scale))))), true
	}
	return types.Float(t, x), true
}

// spanSum adds intervals part by part.
type spanSum struct {
	sum []types.Span
	n   []int64
}

func (s *spanSum) resize(n int) {
	s.sum = append(s.sum, make([]types.Span, n-len(s.sum))...)
	s.n = append(s.n, make([]int64, n-len(s.n))...)
}

func (s *spanSum) add(g uint32, x types.Span, n int64) {
	a := &s.sum[g]
	a.Months, a.Days, a.Micros = a.Months+x.Months, a.Days+x.Days, a.Micros+x.Micros
	s.n[g] += n
}

func (s *spanSum) update(ids []uint32, cols []*columnar.Vector, sel []uint32, n int) {
	for j := range n {
		at, g := j, uint32(0)
		if sel != nil {
			at = int(sel[j])
		}
		if ids != nil {
			g = ids[j]
		}
		s.add(g, cols[0].Value(at).Span, 1)
	}
}

func (s *spanSum) merge(from accumulator, groups, to []uint32) {
	f := from.(*spanSum)
	for j, g := range groups {
		s.add(to[j], f.sum[g], f.n[g])
	}
}

func (s *spanSum) value(g uint32, name string, t types.Type) (types.Value, bool) {
	v := types.Value{Type: t, Span: s.sum[g]}
	if s.n[g] > 0 && name == "avg" {
		v.Span = divideSpan(v.Span, s.n[g])
	}
	return v, s.n[g] > 0
}

// divideSpan hands the remainder of each part down to the next, a month being 30 days.
func divideSpan(x types.Span, n int64) types.Span {
	const day = 86_400_000_000
	months := int64(x.Months)
	days := int64(x.Days) + months%n*30/n
	rest := (float64(months%n*30)/float64(n) - float64(months%n*30/n)) * day
	micros := float64(x.Micros)/float64(n) + float64(days%n)/float64(n)*day + rest
	return types.Span{Months: int32(months / n), Days: int32(days / n), Micros: int64(math.Round(micros))}
}

// concat is string_agg: it keeps the strings and puts them in order at the end.
type concat struct {
	spec   *accSpec
	rows   *buffer.Table
	groups []uint32
	starts []uint32 // first row of each group, once sorted
}

func newConcat(s *accSpec, arena *mem.Arena) *concat {
	ts := []types.Type{s.arg}
	for _, o := range s.others {
		ts = append(ts, o.Type())
	}
	return &concat{spec: s, rows: buffer.New(arena, ts)}
}

func (c *concat) resize(n int) {
	if n >= len(c.starts) {
		c.starts = append(c.starts, make([]uint32, n+1-len(c.starts))...)
	}
}

func (c *concat) update(ids []uint32, cols []*columnar.Vector, sel []uint32, n int) {
	c.rows.Append(cols, sel, n)
	if ids == nil {
		c.groups = append(c.groups, make([]uint32, n)...)
		return
	}
	c.groups = append(c.groups, ids[:n]...)
}

func (c *concat) merge(from accumulator, groups, to []uint32) {
	f := from.(*concat)
	target := map[uint32]uint32{}
	for j, g := range groups {
		target[g] = to[j]
	}
	var sel []uint32
	for row, g := range f.groups {
		if t, ok := target[g]; ok {
			sel = append(sel, uint32(row))
			c.groups = append(c.groups, t)
		}
	}
	cols := make([]*columnar.Vector, f.rows.Width())
	for i := range cols {
		cols[i] = f.rows.Column(i)
	}
	if len(sel) > 0 {
		c.rows.Append(cols, sel, f.rows.Rows)
	}
}

// finish brings the rows into order by group and, inside, by the aggregate's ORDER BY.
func (c *concat) finish() {
	keys := c.spec.expr.OrderBy
	first := c.rows.Width() - len(keys)
	cols := make([]*columnar.Vector, c.rows.Width())
	for i := range cols {
		cols[i] = c.rows.Column(i)
	}
	order := make([]uint32, c.rows.Rows)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int {
		if d := cmp.Compare(c.groups[a], c.groups[b]); d != 0 {
			return d
		}
		for i, k := range keys {
			if d := compareBy(k, cols[first+i].Value(int(a)), cols[first+i].Value(int(b))); d != 0 {
				return d
			}
		}
		if c.spec.expr.Distinct {
			return c.compareArgs(a, b)
		}
		return 0
	})
	if c.spec.expr.Distinct {
		// Equal rows are neighbours: the keys of ORDER BY are arguments.
		order = slices.CompactFunc(order, func(a, b uint32) bool { return c.groups[a] == c.groups[b] && c.compareArgs(a, b) == 0 })
		kept := make([]uint32, len(order))
		for i, row := range order {
			kept[i] = c.groups[row]
		}
		c.groups = kept
	}
	for _, g := range c.groups {
		c.starts[g+1]++
	}
	for i := 1; i < len(c.starts); i++ {
		c.starts[i] += c.starts[i-1]
	}
	c.groups = order
}

// compareArgs orders two rows by the arguments, NULLs first.
func (c *concat) compareArgs(a, b uint32) int {
	for i := range c.spec.expr.Arg {
		v := c.rows.Column(i)
		if d := compareBy(plan.SortKey{NullsFirst: true}, v.Value(int(a)), v.Value(int(b))); d != 0 {
			return d
		}
	}
	return 0
}

func compareBy(k plan.SortKey, a, b types.Value) int {
	switch {
	case a.Null && b.Null:
		return 0
	case a.Null || b.Null:
		if a.Null == k.NullsFirst {
			return -1
		}
		return 1
	case k.Desc:
		return compare(b, a)
	}
	return compare(a, b)
}

func (c *concat) value(g uint32, _ string, t types.Type) (types.Value, bool) {
	from, to := c.starts[g], c.starts[g+1]
	var b bytes.Buffer
	for i, row := range c.groups[from:to] {
		if i > 0 && len(c.spec.expr.Arg) > 1 {
			if sep := c.rows.Column(1); !sep.IsNull(int(row)) {
				b.Write(textAt(sep, int(row)))
			}
		}
		b.Write(textAt(c.rows.Column(0), int(row)))
	}
	return types.Str(t, b.String()), to > from
}

func (x *extreme) result(arena *mem.Arena, groups []uint32, name string, t types.Type) *columnar.Vector {
	return collect(x, arena, groups, name, t)
}

func (m *moments) result(arena *mem.Arena, groups []uint32, name string, t types.Type) *columnar.Vector {
	return collect(m, arena, groups, name, t)
}

func (s *spanSum) result(arena *mem.Arena, groups []uint32, name string, t types.Type) *columnar.Vector {
	return collect(s, arena, groups, name, t)
}

func (c *concat) result(arena *mem.Arena, groups []uint32, name string, t types.Type) *columnar.Vector {
	return collect(c, arena, groups, name, t)
}

// valued accumulators give their results one by one.
type valued interface {
	// value is a group's result; ok is false when it is NULL.
	value(group uint32, name string, t types.Type) (v types.Value, ok bool)
}

func collect(a valued, arena *mem.Arena, groups []uint32, name string, t types.Type) *columnar.Vector {
	b := buffer.NewBuilder(arena, t)
	for _, g := range groups {
		v, ok := a.value(g, name, t)
		if !ok {
			v = types.Null(t)
		}
		b.Add(v)
	}
	return b.Vector()
}

func (x *extreme) finish() {}
func (m *moments) finish() {}
func (s *spanSum) finish() {}
