package expr

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel/kerneltest"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// counted functions count the rows they were asked for.
type counted struct{ rows int }

// first gives the first n bytes of a text, NULL for an empty one, an error for one that begins with "!".
func (c *counted) first() *function.Scalar {
	return &function.Scalar{Name: "first", Eval: func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		w := function.TextWriter{Out: out}
		for i := range function.Rows(n, sel) {
			c.rows++
			s := function.TextAt(a[0], i)
			switch {
			case bytes.HasPrefix(s, []byte("!")):
				return sqlerr.New(sqlerr.InvalidParameterValue, "bad text")
			case len(s) == 0:
				function.SetNull(out, n, i)
			default:
				w.Write(i, s[:min(len(s), int(a[1].Int(i)))])
			}
		}
		w.Finish(n)
		return nil
	}}
}

// starts is a boolean function: does the text begin with the argument?
func (c *counted) starts() *function.Scalar {
	return &function.Scalar{Name: "starts", Eval: func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		for i := range function.Rows(n, sel) {
			c.rows++
			out.I64[i] = int64(b2i(bytes.HasPrefix(function.TextAt(a[0], i), function.TextAt(a[1], i))))
		}
		return nil
	}}
}

// orZero sees NULLs: the length of the text, 0 for NULL.
func orZero() *function.Scalar {
	return &function.Scalar{Name: "orzero", CallsOnNull: true, Eval: func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		for i := range function.Rows(n, sel) {
			out.I64[i] = 0
			if !a[0].IsNull(i) {
				out.I64[i] = int64(len(function.TextAt(a[0], i)))
			}
		}
		return nil
	}}
}

func text(s string) plan.Expr { return &plan.Const{Value: types.Str(types.TText, s)} }

// Calls over any encoding give what the function gives row by row: NULLs, mapped dictionaries with
// equal results for different values, selections.
func TestCallsAgreeWithTheFunction(t *testing.T) {
	in := Input{{ID: 1, Name: "s", Typ: types.TText}}
	two := &plan.Const{Value: types.Int(types.TInteger, 2)}
	var c counted
	first := &plan.Call{Fn: c.first(), Arg: []plan.Expr{&in[0], two}, Typ: types.TText}
	starts := &plan.Call{Fn: c.starts(), Arg: []plan.Expr{&in[0], text("sp")}, Typ: types.TBoolean}
	nested := &plan.Compare{Op: plan.Eq, L: first, R: text("sp")}
	zero := &plan.Call{Fn: orZero(), Arg: []plan.Expr{&in[0]}, Typ: types.TInteger}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		w := testWorker(t)
		var evaluators []Evaluator
		for _, e := range []plan.Expr{first, starts, nested, zero} {
			ev, err := Compile(e, in, w)
			if err != nil {
				t.Fatal(err)
			}
			evaluators = append(evaluators, ev)
		}
		for range 5 {
			b, rows := randomBatch(r, in)
			for k, ev := range evaluators {
				v, err := ev.Eval(b)
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range kerneltest.Rows(b.Len, b.Sel) {
					if got, want := v.Value(int(i)), callMeaning(rows[i][0], k); !sameValue(got, want) {
						t.Fatalf("seed %d, expression %d on %s: got %s, want %s", seed, k, rows[i][0].SQL(), got.SQL(), want.SQL())
					}
				}
			}
		}
	}
}

func callMeaning(s types.Value, k int) types.Value {
	null := s.Null || s.S == ""
	start := s.S[:min(len(s.S), 2)]
	switch {
	case k == 3 && s.Null:
		return types.Int(types.TInteger, 0)
	case k == 3:
		return types.Int(types.TInteger, int64(len(s.S)))
	case s.Null, null && k != 1:
		return types.Null(types.TText)
	case k == 0:
		return types.Str(types.TText, start)
	}
	return types.Bool(start == "sp")
}

// A function must run once per dictionary value, and values that no row has must raise no error.
func TestCallsRunOncePerDictionaryValue(t *testing.T) {
	in := Input{{ID: 1, Name: "s", Typ: types.TText}}
	var c counted
	e := &plan.Call{Fn: c.first(), Arg: []plan.Expr{&in[0], &plan.Const{Value: types.Int(types.TInteger, 1)}}, Typ: types.TText, Span: plan.Span{Pos: 7, End: 9}}
	ev, err := Compile(e, in, testWorker(t))
	if err != nil {
		t.Fatal(err)
	}
	v := &columnar.Vector{Type: types.TText, Enc: columnar.Dict, Layout: columnar.U8, Len: 1000, U8: make([]uint8, 1000),
		Dict: kerneltest.Dictionary(types.TText, []string{"a1", "a2", "b"})}
	for i := range v.U8 {
		v.U8[i] = uint8(i % 3)
	}
	for range 4 {
		out, err := ev.Eval(&columnar.Batch{Len: 1000, Cols: []*columnar.Vector{v}})
		if err != nil || out.Enc != columnar.Dict || out.Dict.Values.Len != 2 {
			t.Fatalf("%v %v", out, err)
		}
	}
	if c.rows != 3 {
		t.Errorf("ran for %d values, want 3", c.rows)
	}
	v.Dict = kerneltest.Dictionary(types.TText, []string{"!", "a", "b"})
	b := &columnar.Batch{Len: 1000, Sel: []uint32{1, 2}, Cols: []*columnar.Vector{v}}
	if out, err := ev.Eval(b); err != nil || string(function.TextAt(out, 2)) != "b" {
		t.Errorf("%v", err)
	}
	b.Sel = []uint32{0}
	_, err = ev.Eval(b)
	var user *sqlerr.Error
	if !errors.As(err, &user) || user.Pos != 7 || user.End != 9 {
		t.Errorf("error %+v has no position", err)
	}
}

// Casts without work must not copy, gains of scale must multiply, others go to function/cast.
func TestCasts(t *testing.T) {
	for _, c := range []struct {
		from types.Type
		l    string
		to   types.Type
		want string
	}{
		{types.TInteger, "-5", types.TBigInt, "-5"}, {types.TSmallInt, "7", types.TNumeric(10, 2), "7.00"},
		{types.TBigInt, "9223372036854775807", types.TNumeric(38, 10), "9223372036854775807.0000000000"},
		{types.TNumeric(5, 2), "1.25", types.TNumeric(12, 4), "1.2500"}, {types.TNumeric(5, 2), "1.25", types.TNumeric(5, 1), "1.3"},
		{types.TInteger, "100000", types.TNumeric(5, 2), "22003"}, {types.TInteger, "40000", types.TSmallInt, "22003"},
		{types.TInteger, "2", types.TBoolean, "t"}, {types.TText, "yes", types.TBoolean, "t"}, {types.TText, "x", types.TInteger, "22P02"},
		{types.TReal, "0.5", types.TDouble, "0.5"}, {types.TDate, "2024-01-02", types.TTimestamp, "2024-01-02 00:00:00"},
		{types.TInteger, "NULL", types.TText, "NULL"}, {types.TNumeric(3, 1), "2.5", types.TInteger, "3"}, {types.TInteger, "12", types.TText, "12"},
	} {
		in := Input{{ID: 1, Name: "x", Typ: c.from}}
		value := parse(t, c.from, c.l)
		col := kerneltest.Vector(rand.New(rand.NewPCG(1, uint64(len(c.l)))), c.from, []types.Value{value, types.Null(c.from), value})
		ev, err := Compile(&plan.Cast{X: &in[0], Typ: c.to, Explicit: true}, in, testWorker(t))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		v, err := ev.Eval(&columnar.Batch{Len: 3, Sel: []uint32{1, 2}, Cols: []*columnar.Vector{col}})
		if err != nil {
			got = string(sqlerr.StateOf(err))
		} else if got = types.Format(v.Value(2)); v.IsNull(2) {
			got = "NULL"
		}
		if got != c.want || (err == nil && (v.Type != c.to || !v.IsNull(1))) {
			t.Errorf("%s %s as %s: got %s (%v), want %s", c.from, c.l, c.to, got, err, c.want)
		}
	}
}

// The order of conjuncts must follow their cost and selectivity, whatever order the query wrote.
func TestConjunctsAreReordered(t *testing.T) {
	in := Input{{ID: 1, Name: "s", Typ: types.TText}, {ID: 2, Name: "x", Typ: types.TInteger}}
	like := &plan.Like{X: &in[0], Pattern: text("%a_c%")}
	less := &plan.Compare{Op: plan.Lt, L: &in[1], R: &plan.Const{Value: types.Int(types.TInteger, 1)}}
	p, err := CompilePredicate([]plan.Expr{like, less}, in, testWorker(t))
	if err != nil {
		t.Fatal(err)
	}
	b := batchOfTexts(columnar.BatchSize)
	for range 4 * measureEvery {
		if _, err := p.Select(b); err != nil {
			t.Fatal(err)
		}
	}
	if u, ok := p.terms[0].condition.(*leaf).t.(*unary); !ok || u.x.(*column).at != 1 {
		t.Error("the cheap and selective comparison does not run first")
	}
}

// batchOfTexts has comments in column 0 and 0..99 in column 1.
func batchOfTexts(n int) *columnar.Batch {
	s := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: n, Offsets: []uint32{0}}
	x := &columnar.Vector{Type: types.TInteger, Layout: columnar.U8, Len: n, Bounded: true, Hi: 99}
	r := rand.New(rand.NewPCG(1, 1))
	sample := []string{"furiously", "regular", "deposits", "sleep", "carefully", "quickly", "final", "accounts", "ironic", "packages", "pending", "express", "theodolites", "blithely"}
	for i := range n {
		for range 6 {
			s.Bytes = append(append(s.Bytes, sample[r.IntN(len(sample))]...), ' ')
		}
		if i%50 == 0 {
			s.Bytes = append(s.Bytes, "special packages requests"+strconv.Itoa(i)...)
		}
		s.Offsets = append(s.Offsets, uint32(len(s.Bytes)))
		x.U8 = append(x.U8, uint8(i%100))
	}
	return &columnar.Batch{Len: n, Cols: []*columnar.Vector{s, x}}
}
