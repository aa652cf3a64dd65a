package expr

import (
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel/kerneltest"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

func benchEval(b *testing.B, e plan.Expr, in Input, batch *columnar.Batch) {
	ev, err := Compile(e, in, testWorker(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ev.Eval(batch); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, batch)
}

func perRow(b *testing.B, batch *columnar.Batch) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(batch.Rows()), "ns/row")
}

func benchSelect(b *testing.B, preds []plan.Expr, in Input, batch *columnar.Batch) {
	p, err := CompilePredicate(preds, in, testWorker(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Select(batch); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, batch)
}

// lineitem has ship date, discount, quantity, price and tax as a chunk holds them.
func lineitem() (Input, *columnar.Batch) {
	money := types.TNumeric(15, 2)
	in := Input{{ID: 1, Name: "shipdate", Typ: types.TDate}, {ID: 2, Name: "discount", Typ: money}, {ID: 3, Name: "quantity", Typ: money},
		{ID: 4, Name: "price", Typ: money}, {ID: 5, Name: "tax", Typ: money}}
	n := columnar.BatchSize
	b := &columnar.Batch{Len: n, Cols: []*columnar.Vector{
		{Type: types.TDate, Layout: columnar.U16, Len: n, Base: 8036, Bounded: true, Lo: 8036, Hi: 10561, U16: make([]uint16, n)},
		{Type: money, Layout: columnar.U8, Len: n, Bounded: true, Hi: 10, U8: make([]uint8, n)},
		{Type: money, Layout: columnar.U16, Len: n, Bounded: true, Lo: 100, Hi: 5000, U16: make([]uint16, n)},
		{Type: money, Layout: columnar.U32, Len: n, Bounded: true, Lo: 90000, Hi: 10494950, U32: make([]uint32, n)},
		{Type: money, Layout: columnar.U8, Len: n, Bounded: true, Hi: 8, U8: make([]uint8, n)}}}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		b.Cols[0].U16[i] = uint16(r.IntN(2526))
		b.Cols[1].U8[i], b.Cols[4].U8[i] = uint8(r.IntN(11)), uint8(r.IntN(9))
		b.Cols[2].U16[i] = uint16(100 + 100*r.IntN(50))
		b.Cols[3].U32[i] = uint32(90000 + r.IntN(10_000_000))
	}
	return in, b
}

func number(v int64, scale int) plan.Expr {
	return &plan.Const{Value: types.Int(types.TNumeric(18, scale), v)}
}

// BenchmarkQ1 is l_extendedprice * (1 - l_discount) * (1 + l_tax).
func BenchmarkQ1(b *testing.B) {
	in, batch := lineitem()
	less := &plan.Arith{Op: plan.Sub, L: number(1, 0), R: &in[1], Typ: types.TNumeric(16, 2)}
	more := &plan.Arith{Op: plan.Add, L: number(1, 0), R: &in[4], Typ: types.TNumeric(16, 2)}
	disc := &plan.Arith{Op: plan.Mul, L: &in[3], R: less, Typ: types.TNumeric(31, 4)}
	b.Run("disc_price", func(b *testing.B) { benchEval(b, disc, in, batch) })
	b.Run("charge", func(b *testing.B) {
		benchEval(b, &plan.Arith{Op: plan.Mul, L: disc, R: more, Typ: types.TNumeric(38, 6)}, in, batch)
	})
	b.Run("ratio", func(b *testing.B) {
		benchEval(b, &plan.Arith{Op: plan.Div, L: &in[3], R: &in[2], Typ: types.TNumeric(38, 16)}, in, batch)
	})
}

// BenchmarkQ6 is the filter of TPC-H Q6 on narrow columns.
func BenchmarkQ6(b *testing.B) {
	in, batch := lineitem()
	date := func(d int64) plan.Expr { return &plan.Const{Value: types.Int(types.TDate, d)} }
	compare := func(op plan.CompareOp, l, r plan.Expr) plan.Expr { return &plan.Compare{Op: op, L: l, R: r} }
	benchSelect(b, []plan.Expr{compare(plan.Ge, &in[0], date(8766)), compare(plan.Lt, &in[0], date(9131)),
		compare(plan.Ge, &in[1], number(5, 2)), compare(plan.Le, &in[1], number(7, 2)), compare(plan.Lt, &in[2], number(24, 0))}, in, batch)
}

func BenchmarkLike(b *testing.B) {
	in := Input{{ID: 1, Name: "s", Typ: types.TText}, {ID: 2, Name: "x", Typ: types.TInteger}}
	batch := batchOfTexts(columnar.BatchSize)
	for _, pattern := range []string{"%special%requests%", "%green%", "special%", "%a_c%"} {
		b.Run(pattern, func(b *testing.B) {
			b.SetBytes(int64(len(batch.Cols[0].Bytes)))
			benchSelect(b, []plan.Expr{&plan.Like{X: &in[0], Pattern: text(pattern)}}, in, batch)
		})
	}
	b.Run("not", func(b *testing.B) {
		benchSelect(b, []plan.Expr{&plan.Like{X: &in[0], Pattern: text("%special%requests%"), Negate: true}}, in, batch)
	})
}

// BenchmarkDictionaryIn is IN over codes, as TPC-H Q12 and Q19 ask.
func BenchmarkDictionaryIn(b *testing.B) {
	in := Input{{ID: 1, Name: "s", Typ: types.TText}}
	n := columnar.BatchSize
	v := &columnar.Vector{Type: types.TText, Enc: columnar.Dict, Layout: columnar.U8, Len: n, U8: make([]uint8, n),
		Dict: kerneltest.Dictionary(types.TText, []string{"AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"})}
	for i := range v.U8 {
		v.U8[i] = uint8(i * 2654435761 >> 10 % 7)
	}
	e := &plan.InList{X: &in[0], List: []plan.Expr{text("MAIL"), text("SHIP")}}
	benchSelect(b, []plan.Expr{e}, in, &columnar.Batch{Len: n, Cols: []*columnar.Vector{v}})
}
