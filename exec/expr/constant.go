package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// constant is a literal, a parameter's value or a runtime constant.
type constant struct {
	value types.Value
	out   columnar.Vector
}

func newConstant(v types.Value) *constant {
	c := &constant{value: v}
	setConst(&c.out, v)
	return c
}

func (c *constant) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	c.out.Len = b.Len
	return &c.out, nil
}

// nullWord is the Valid of NULL constants: bit 0 unset. It is never written.
var nullWord = []uint64{0}

// setConst makes out the Const vector of v, of length 0.
func setConst(out *columnar.Vector, v types.Value) {
	*out = columnar.Vector{Type: v.Type, Enc: columnar.Const}
	if v.Null {
		out.Valid = nullWord
	}
	switch v.Type.Class() {
	case types.ClassInt, types.ClassDecimal:
		if v.Wide {
			out.Layout, out.I128 = columnar.I128, []types.Int128{v.D}
			return
		}
		out.Layout, out.I64 = columnar.I64, []int64{v.I}
		out.Bounded, out.Lo, out.Hi = true, v.I, v.I
	case types.ClassFloat:
		out.Layout, out.F64 = columnar.F64, []float64{v.F}
	case types.ClassInterval:
		out.Layout, out.Spans = columnar.Spans, []types.Span{v.Span}
	case types.ClassUUID:
		var id [16]byte
		copy(id[:], v.S)
		out.Layout, out.UUID = columnar.Bytes16, [][16]byte{id}
	default:
		out.Layout, out.Bytes = columnar.Str, []byte(unpadded(v))
		out.Offsets = []uint32{0, uint32(len(out.Bytes))}
	}
}

// constOf gives the value of a constant expression.
func constOf(e plan.Expr) (types.Value, bool) {
	if c, ok := e.(*plan.Const); ok {
		return c.Value, true
	}
	return types.Value{}, false
}
