package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// constant is a literal or a runtime constant.
type constant struct{ single }

func newConstant(v types.Value) *constant {
	c := &constant{}
	c.set(v)
	return c
}

func (c *constant) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	c.out.Len = b.Len
	return &c.out, nil
}

// parameter is $1, $2, …: its value changes from one execution of the query to the next.
type parameter struct {
	single
	query *exec.Query
	index int
	run   uint64 // the execution whose value out has
}

func (c *compiler) parameter(e *plan.Param) (Evaluator, error) {
	return &parameter{query: c.worker.Query, index: e.Index}, nil
}

func (p *parameter) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	if run := p.query.Execution(); p.run != run || p.out.Enc != columnar.Const {
		v, err := p.query.Param(p.index)
		if err != nil {
			return nil, err
		}
		p.set(v)
		p.run = run
	}
	p.out.Len = b.Len
	return &p.out, nil
}

// nullWord is the Valid of NULL constants: bit 0 unset. It is never written.
var nullWord = []uint64{0}

// single is one value as a Const vector.
type single struct {
	out    columnar.Vector
	memory oneValue
}

// set makes out the vector of v, of length 0.
func (s *single) set(v types.Value) { s.memory.set(&s.out, v) }

// setConst makes out the Const vector of v, of length 0.
func setConst(out *columnar.Vector, v types.Value) { new(oneValue).set(out, v) }

// oneValue is the memory of a Const vector.
type oneValue struct {
	number  [1]int64
	wide    [1]types.Int128
	float   [1]float64
	span    [1]types.Span
	uuid    [1][16]byte
	offsets [2]uint32
	bytes   []byte
}

func (m *oneValue) set(out *columnar.Vector, v types.Value) {
	*out = columnar.Vector{Type: v.Type, Enc: columnar.Const}
	if v.Null {
		out.Valid = nullWord
	}
	switch v.Type.Class() {
	case types.ClassInt, types.ClassDecimal:
		if v.Wide {
			m.wide[0] = v.D
			out.Layout, out.I128 = columnar.I128, m.wide[:]
			return
		}
		m.number[0] = v.I
		out.Layout, out.I64 = columnar.I64, m.number[:]
		out.Bounded, out.Lo, out.Hi = true, v.I, v.I
	case types.ClassFloat:
		m.float[0] = v.F
		out.Layout, out.F64 = columnar.F64, m.float[:]
	case types.ClassInterval:
		m.span[0] = v.Span
		out.Layout, out.Spans = columnar.Spans, m.span[:]
	case types.ClassUUID:
		m.uuid[0] = [16]byte{}
		copy(m.uuid[0][:], v.S)
		out.Layout, out.UUID = columnar.Bytes16, m.uuid[:]
	default:
		m.bytes = append(m.bytes[:0], unpadded(v)...)
		m.offsets[1] = uint32(len(m.bytes))
		out.Layout, out.Bytes, out.Offsets = columnar.Str, m.bytes, m.offsets[:]
	}
}

// constOf gives the value of a constant expression.
func constOf(e plan.Expr) (types.Value, bool) {
	if c, ok := e.(*plan.Const); ok {
		return c.Value, true
	}
	return types.Value{}, false
}
