package scan

import (
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Series is generate_series over integers, decimals and timestamps: once, or for every row of an
// input, whose columns come first.
type Series struct {
	node  *plan.Generate
	input exec.Operator // nil without one
	query *exec.Query
}

// NewSeries makes the operator of a generate_series node; input is nil or delivers node.Input's rows.
func NewSeries(node *plan.Generate, input exec.Operator) (*Series, error) {
	if node.Function != "generate_series" {
		return nil, sqlerr.Unsupported(-1, -1, "the table function "+node.Function)
	}
	return &Series{node: node, input: input}, nil
}

// Prepare implements exec.Operator. A series of its own is computed here as far as its arguments go,
// so that their errors come first.
func (s *Series) Prepare(q *exec.Query) error {
	s.query = q
	if s.input != nil {
		return s.input.Prepare(q)
	}
	return q.RunOn(1, func(w *exec.Worker) error {
		_, err := s.single(w)
		return err
	})
}

// Ordered implements exec.Operator.
func (s *Series) Ordered() bool { return s.input == nil || s.input.Ordered() }

// Stream implements exec.Operator.
func (s *Series) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if s.input == nil {
			if w.ID == 0 {
				s.one(w, yield)
			}
			return
		}
		g, err := s.generator(w, s.node.Input.Columns())
		if err != nil {
			yield(nil, err)
			return
		}
		for b, err := range s.input.Stream(w) {
			if err == nil {
				err = g.load(b)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !g.batches(b, yield) {
				return
			}
		}
	}
}

// single is the generator of a series without an input, its arguments loaded.
func (s *Series) single(w *exec.Worker) (*generator, error) {
	g, err := s.generator(w, nil)
	if err == nil {
		err = g.load(&columnar.Batch{Len: 1})
	}
	if err == nil {
		_, err = g.begin(0)
	}
	return g, err
}

func (s *Series) one(w *exec.Worker, yield func(*columnar.Batch, error) bool) {
	g, err := s.single(w)
	if err != nil {
		yield(nil, err)
		return
	}
	g.batches(&columnar.Batch{Len: 1}, yield)
}

// generator makes the rows of one worker.
type generator struct {
	query  *exec.Query
	args   []expr.Evaluator
	values []*columnar.Vector // the arguments for the batch at hand
	at     cursor
	rows   []uint32 // the input row of each value
	ints   []int64
	series columnar.Vector
	copies []columnar.Vector // the input's columns, repeated
}

func (s *Series) generator(w *exec.Worker, in expr.Input) (*generator, error) {
	g := &generator{query: s.query, values: make([]*columnar.Vector, len(s.node.Args)), copies: make([]columnar.Vector, len(in)),
		rows: make([]uint32, columnar.BatchSize), ints: make([]int64, columnar.BatchSize),
		series: columnar.Vector{Type: s.node.Cols[0].Typ, Layout: columnar.I64}}
	if s.node.Cols[0].Typ.Kind == types.TimestampTZ {
		g.at.loc = w.Query.Function.Location
	}
	for _, a := range s.node.Args {
		ev, err := expr.Compile(a, in, w)
		if err != nil {
			return nil, err
		}
		g.args = append(g.args, ev)
	}
	return g, nil
}

// load computes the arguments for the rows of b.
func (g *generator) load(b *columnar.Batch) (err error) {
	for i, a := range g.args {
		if g.values[i], err = a.Eval(b); err != nil {
			return err
		}
	}
	return nil
}

// begin sets the cursor to the series of row i; false when it is empty.
func (g *generator) begin(i int) (bool, error) {
	c := &g.at
	c.step, c.span, c.done = 1, types.Span{}, false
	if t := g.series.Type; t.Kind == types.Numeric {
		if int(t.Scale) >= len(types.PowersOfTen) {
			return false, sqlerr.Unsupported(-1, -1, "generate_series over numbers of more than 18 digits")
		}
		c.step = types.PowersOfTen[t.Scale]
	}
	into := []*int64{&c.next, &c.stop, &c.step}
	for k, v := range g.values {
		if v.IsNull(i) {
			return false, nil
		}
		if v.Type.Kind == types.Interval {
			c.span = function.SpanAt(v, i)
			c.step = int64(c.span.Estimate().Sign())
			continue
		}
		n, ok := function.DecimalAt(v, i).Int64()
		if !ok {
			return false, sqlerr.Unsupported(-1, -1, "generate_series over numbers of more than 18 digits")
		}
		*into[k] = n
	}
	if c.step == 0 {
		return false, sqlerr.New(sqlerr.InvalidParameterValue, "step size cannot equal zero")
	}
	return true, nil
}

// batches delivers the series of all rows of b; false when the receiver wants no more.
func (g *generator) batches(b *columnar.Batch, yield func(*columnar.Batch, error) bool) bool {
	n := 0
	for k := range b.Rows() {
		row := k
		if b.Sel != nil {
			row = int(b.Sel[k])
		}
		more, err := g.begin(row)
		for more && err == nil {
			made := 0
			made, err = g.at.fill(g.ints[n:])
			for i := range made {
				g.rows[n+i] = uint32(row)
			}
			n += made
			if more = !g.at.done; n == len(g.ints) {
				if !g.emit(b, n, yield) {
					return false
				}
				n = 0
			}
		}
		if err != nil {
			return yield(nil, err) && false
		}
	}
	return n == 0 || g.emit(b, n, yield)
}

// emit delivers n values with the input's columns beside them.
func (g *generator) emit(b *columnar.Batch, n int, yield func(*columnar.Batch, error) bool) bool {
	if err := g.query.Err(); err != nil {
		return yield(nil, err) && false
	}
	out := columnar.Batch{Len: n, Cols: make([]*columnar.Vector, 0, len(b.Cols)+1)}
	for i, v := range b.Cols {
		if v == nil { // a column that nobody needs
			out.Cols = append(out.Cols, nil)
			continue
		}
		kernel.Gather(&g.copies[i], v, g.rows[:n])
		out.Cols = append(out.Cols, &g.copies[i])
	}
	g.series.I64, g.series.Len = g.ints[:n], n
	out.Cols = append(out.Cols, &g.series)
	return yield(&out, nil)
}

// cursor is the place in one series.
type cursor struct {
	next, stop, step int64
	span             types.Span // of timestamps; step is then its sign
	loc              *time.Location
	done             bool
}

// fill writes the next values and says how many; done is set behind the last one, which may be the
// last of all integers.
func (c *cursor) fill(dst []int64) (int, error) {
	if c.span != (types.Span{}) {
		return c.fillStamps(dst)
	}
	for n := range dst {
		if c.passed() {
			return n, nil
		}
		dst[n] = c.next
		after := c.next + c.step
		c.done = (after > c.next) != (c.step > 0)
		if c.next = after; c.done {
			return n + 1, nil
		}
	}
	return len(dst), nil
}

func (c *cursor) passed() bool {
	c.done = c.done || c.step > 0 && c.next > c.stop || c.step < 0 && c.next < c.stop
	return c.done
}

func (c *cursor) fillStamps(dst []int64) (int, error) {
	for n := range dst {
		if c.passed() {
			return n, nil
		}
		dst[n] = c.next
		after, ok := expr.AddSpan(c.next, c.span, c.loc)
		if !ok {
			return n, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
		}
		c.next = after
	}
	return len(dst), nil
}
