package expr

import (
	"errors"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// call runs a scalar function or a cast. Over one Dict argument and constants it computes once per
// dictionary value, over constants alone once.
type call struct {
	worker *exec.Worker
	eval   function.Eval
	args   []Evaluator
	typ    types.Type
	span   plan.Span
	// onNull functions see NULL arguments, volatile ones are computed for every row.
	onNull, volatile bool

	vectors []*columnar.Vector
	valid   []uint64
	rows    []uint32
	buffers buffers
	out     columnar.Vector
	mapped  mapping
}

func (c *compiler) call(e *plan.Call) (Evaluator, error) {
	args, err := c.values(e.Arg)
	if err != nil {
		return nil, err
	}
	return newCall(c.worker, e.Fn.Eval, args, e.Typ, e.Span, e.Fn.CallsOnNull, e.Fn.Volatile), nil
}

func newCall(w *exec.Worker, eval function.Eval, args []Evaluator, t types.Type, span plan.Span, onNull, volatile bool) *call {
	return &call{worker: w, eval: eval, args: args, typ: t, span: span, onNull: onNull, volatile: volatile,
		vectors: make([]*columnar.Vector, len(args))}
}

func (f *call) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	constants, dict := 0, -1
	for i, arg := range f.args {
		v, err := arg.Eval(b)
		if err != nil {
			return nil, err
		}
		f.vectors[i] = v
		switch {
		case isNullConst(v) && !f.onNull:
			return f.null(b.Len), nil
		case v.Enc == columnar.Const:
			constants++
		case v.Enc == columnar.Dict:
			dict = i
		}
	}
	if b.Rows() == 0 {
		return f.null(b.Len), nil
	}
	if !f.volatile && constants == len(f.args) {
		return f.once(b.Len)
	}
	if !f.volatile && dict >= 0 && constants == len(f.args)-1 && !(f.onNull && f.vectors[dict].Valid != nil) {
		if v := f.overDictionary(b, dict); v != nil {
			return v, nil
		}
	}
	return f.perRow(b)
}

func (f *call) null(n int) *columnar.Vector {
	setConst(&f.out, types.Null(f.typ))
	f.out.Len = n
	return &f.out
}

// once computes a call whose arguments are constants.
func (f *call) once(n int) (*columnar.Vector, error) {
	f.prepare(1)
	if err := f.run(f.vectors, 1, nil); err != nil {
		return nil, err
	}
	if f.out.IsNull(0) {
		return f.null(n), nil
	}
	f.out.Enc, f.out.Len, f.out.Valid = columnar.Const, n, nil
	return &f.out, nil
}

// perRow computes the rows of b, less those with a NULL argument.
func (f *call) perRow(b *columnar.Batch) (*columnar.Vector, error) {
	valid := f.argumentsValid(b.Len)
	rows := rowsIn(f.worker, b, valid, &f.rows)
	if none(b.Len, rows) {
		return f.null(b.Len), nil
	}
	f.prepare(b.Len)
	if err := f.run(f.vectors, b.Len, rows); err != nil {
		return nil, err
	}
	f.out.Valid = both(f.out.Valid, valid)
	return &f.out, nil
}

// both joins the NULLs that a function has found, in memory of its own, with those of its arguments.
func both(own, arguments []uint64) []uint64 {
	switch {
	case own == nil:
		return arguments
	case arguments != nil:
		kernel.AndBits(own, own, arguments[:len(own)])
	}
	return own
}

// argumentsValid is the bitmap of rows without a NULL argument, nil when there is none or the
// function wants to see them.
func (f *call) argumentsValid(n int) []uint64 {
	if f.onNull {
		return nil
	}
	var valid []uint64
	for _, v := range f.vectors {
		w := validOf(v)
		switch {
		case w == nil:
		case valid == nil:
			valid = w
		default:
			words := room(f.worker, &f.valid, kernel.Words(n))
			kernel.AndBits(words, valid, w)
			valid = words
		}
	}
	return valid
}

// run calls the function and gives its error the call's position.
func (f *call) run(args []*columnar.Vector, n int, rows []uint32) error {
	err := f.eval(f.worker.Query.Function, args, n, rows, &f.out)
	f.buffers.keep(&f.out)
	if err == nil {
		if f.typ.Kind == types.Boolean {
			f.packBooleans(n, rows)
		}
		return nil
	}
	var user *sqlerr.Error
	if errors.As(err, &user) {
		user.WithPos(int(f.span.Pos), int(f.span.End))
	}
	return err
}

// packBooleans gives a boolean result the layout that booleans have.
func (f *call) packBooleans(n int, rows []uint32) {
	vals, valid := room(f.worker, &f.buffers.bools, n), f.out.Valid
	if rows != nil {
		clear(vals)
	}
	for i := range function.Rows(n, rows) {
		vals[i] = uint8(f.out.I64[i] & 1)
	}
	f.out = boolVector(vals)
	f.out.Valid = valid
}

func (f *call) prepare(n int) { f.buffers.prepare(f.worker, f.typ, n, &f.out) }

// buffers are the value slices of a function's result.
type buffers struct {
	bools   []uint8
	ints    []int64
	wide    []types.Int128
	floats  []float64
	spans   []types.Span
	uuids   [][16]byte
	offsets []uint32
	bytes   []byte
}

// prepare makes out an empty Flat vector for n results of type t, as function.Eval wants it. Functions
// write booleans as int64 like every ClassInt; run packs them.
func (s *buffers) prepare(w *exec.Worker, t types.Type, n int, out *columnar.Vector) {
	*out = columnar.Vector{Type: t, Len: n}
	switch t.Class() {
	case types.ClassInt:
		out.Layout, out.I64 = columnar.I64, room(w, &s.ints, n)
	case types.ClassDecimal:
		out.Layout, out.I64 = columnar.I64, room(w, &s.ints, n)
		out.I128 = room(w, &s.wide, n)
	case types.ClassFloat:
		out.Layout, out.F64 = columnar.F64, room(w, &s.floats, n)
	case types.ClassInterval:
		out.Layout, out.Spans = columnar.Spans, room(w, &s.spans, n)
	case types.ClassUUID:
		out.Layout, out.UUID = columnar.Bytes16, room(w, &s.uuids, n)
	default:
		out.Layout, out.Offsets, out.Bytes = columnar.Str, s.offsets[:0], s.bytes[:0]
	}
}

// keep takes back the buffers that a text result has grown.
func (s *buffers) keep(out *columnar.Vector) {
	if out.Layout == columnar.Str {
		s.offsets, s.bytes = out.Offsets, out.Bytes
	}
}
