package expr

import (
	"strings"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel/kerneltest"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func stateOf(err error) sqlerr.State { return sqlerr.StateOf(err) }

func parse(t *testing.T, typ types.Type, s string) types.Value {
	t.Helper()
	if s == "NULL" {
		return types.Null(typ)
	}
	v, err := types.Parse(typ, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// golden is one operator on two literals; want is the result's text, or a SQLSTATE.
type golden struct {
	op   plan.ArithOp
	lt   types.Type
	l    string
	rt   types.Type
	r    string
	typ  types.Type
	want string
}

// What PostgreSQL 15.18 answers; numeric quotients at the scale that the binder types.
var goldens = []golden{
	{plan.Div, types.TInteger, "-7", types.TInteger, "2", types.TInteger, "-3"},
	{plan.Mod, types.TInteger, "-7", types.TInteger, "3", types.TInteger, "-1"},
	{plan.Mod, types.TInteger, "2147483647", types.TInteger, "-1", types.TInteger, "0"},
	{plan.Mod, types.TInteger, "-2147483648", types.TInteger, "-1", types.TInteger, "0"},
	{plan.Mod, types.TBigInt, "-9223372036854775808", types.TBigInt, "-1", types.TBigInt, "0"},
	{plan.Div, types.TBigInt, "-9223372036854775808", types.TBigInt, "-1", types.TBigInt, "22003"},
	{plan.Div, types.TInteger, "-2147483648", types.TInteger, "-1", types.TInteger, "22003"},
	{plan.Div, types.TSmallInt, "-32768", types.TSmallInt, "-1", types.TSmallInt, "22003"},
	{plan.Mul, types.TSmallInt, "300", types.TSmallInt, "300", types.TSmallInt, "22003"},
	{plan.Add, types.TInteger, "2147483647", types.TInteger, "1", types.TInteger, "22003"},
	{plan.Add, types.TBigInt, "9223372036854775807", types.TBigInt, "1", types.TBigInt, "22003"},
	{plan.Sub, types.TInteger, "0", types.TInteger, "-2147483648", types.TInteger, "22003"},
	{plan.Div, types.TInteger, "1", types.TInteger, "0", types.TInteger, "22012"},
	{plan.Mod, types.TInteger, "1", types.TInteger, "0", types.TInteger, "22012"},
	{plan.Div, types.TNumeric(2, 1), "1.0", types.TNumeric(1, 0), "0", types.TNumeric(38, 16), "22012"},
	{plan.Div, types.TDouble, "1", types.TDouble, "0", types.TDouble, "22012"},
	{plan.Div, types.TNumeric(2, 1), "7.0", types.TNumeric(1, 0), "2", types.TNumeric(38, 16), "3.5000000000000000"},
	{plan.Div, types.TNumeric(1, 0), "1", types.TNumeric(2, 1), "3.0", types.TNumeric(38, 20), "0.33333333333333333333"},
	{plan.Div, types.TNumeric(2, 0), "10", types.TNumeric(1, 0), "3", types.TNumeric(38, 16), "3.3333333333333333"},
	{plan.Div, types.TNumeric(2, 0), "-20", types.TNumeric(1, 0), "3", types.TNumeric(38, 16), "-6.6666666666666667"},
	{plan.Mul, types.TNumeric(3, 2), "2.00", types.TNumeric(4, 3), "3.000", types.TNumeric(7, 5), "6.00000"},
	{plan.Mul, types.TNumeric(10, 2), "1.01", types.TNumeric(10, 2), "1.01", types.TNumeric(20, 4), "1.0201"},
	{plan.Div, types.TNumeric(10, 2), "1.01", types.TNumeric(1, 0), "3", types.TNumeric(38, 20), "0.33666666666666666667"},
	{plan.Mul, types.TNumeric(38, 0), "99999999999999999999999999999999999999", types.TNumeric(1, 0), "2", types.TNumeric(38, 0), "22003"},
	{plan.Mul, types.TNumeric(38, 38), "0.99999999999999999999999999999999999999", types.TNumeric(38, 38), "0.5", types.TNumeric(38, 38), "0.50000000000000000000000000000000000000"},
	{plan.Mod, types.TNumeric(3, 1), "-7.5", types.TNumeric(2, 0), "2", types.TNumeric(38, 1), "-1.5"},
	{plan.Pow, types.TNumeric(2, 0), "2", types.TNumeric(2, 0), "10", types.TNumeric(38, 16), "1024.0000000000000000"},
	{plan.Pow, types.TDouble, "2", types.TDouble, "3", types.TDouble, "8"},
	{plan.Pow, types.TDouble, "0", types.TDouble, "-1", types.TDouble, "2201F"},
	{plan.Mul, types.TDouble, "1e308", types.TDouble, "10", types.TDouble, "22003"},
	{plan.Mul, types.TDouble, "1e-308", types.TDouble, "1e-308", types.TDouble, "22003"},
	{plan.Mul, types.TReal, "3e38", types.TReal, "10", types.TReal, "22003"},
	{plan.Add, types.TReal, "0.1", types.TReal, "0.2", types.TReal, "0.3"},
	{plan.Add, types.TDouble, "0.1", types.TDouble, "0.2", types.TDouble, "0.30000000000000004"},
	{plan.Sub, types.TDouble, "Infinity", types.TDouble, "Infinity", types.TDouble, "NaN"},
	{plan.Add, types.TInteger, "NULL", types.TInteger, "2", types.TInteger, "NULL"},

	{plan.Add, types.TDate, "2024-01-31", types.TInterval, "1 month", types.TTimestamp, "2024-02-29 00:00:00"},
	{plan.Sub, types.TDate, "1998-12-01", types.TInterval, "90 days", types.TTimestamp, "1998-09-02 00:00:00"},
	{plan.Add, types.TDate, "2024-02-29", types.TInterval, "1 year", types.TTimestamp, "2025-02-28 00:00:00"},
	{plan.Sub, types.TTimestamp, "2024-03-31 10:00", types.TInterval, "1 month 1 day", types.TTimestamp, "2024-02-28 10:00:00"},
	{plan.Sub, types.TTimestamp, "2024-03-05 10:00", types.TTimestamp, "2024-03-01 09:00", types.TInterval, "4 days 01:00:00"},
	{plan.Sub, types.TTimestamp, "2024-03-01 09:00", types.TTimestamp, "2024-03-05 10:00", types.TInterval, "-4 days -01:00:00"},
	{plan.Add, types.TInterval, "1 day", types.TDate, "2024-02-28", types.TTimestamp, "2024-02-29 00:00:00"},
	{plan.Add, types.TDate, "2024-02-28", types.TInteger, "2", types.TDate, "2024-03-01"},
	{plan.Add, types.TInteger, "2", types.TDate, "2024-02-28", types.TDate, "2024-03-01"},
	{plan.Sub, types.TDate, "2024-03-01", types.TDate, "2024-02-01", types.TInteger, "29"},
	{plan.Sub, types.TDate, "infinity", types.TDate, "2024-02-01", types.TInteger, "22008"},
	{plan.Add, types.TDate, "infinity", types.TInteger, "5", types.TDate, "infinity"},
	{plan.Add, types.TDate, "2024-02-01", types.TInteger, "2147483647", types.TDate, "22008"},
	{plan.Add, types.TDate, "2024-02-01", types.TTime, "10:30", types.TTimestamp, "2024-02-01 10:30:00"},
	{plan.Add, types.TTime, "23:00", types.TInterval, "2 hours", types.TTime, "01:00:00"},
	{plan.Sub, types.TTime, "01:00", types.TInterval, "2 hours", types.TTime, "23:00:00"},
	{plan.Sub, types.TTime, "23:00", types.TTime, "21:30", types.TInterval, "01:30:00"},
	{plan.Add, types.TInterval, "1 month", types.TInterval, "1 day 1 hour", types.TInterval, "1 mon 1 day 01:00:00"},
	{plan.Mul, types.TInterval, "1 month 15 days", types.TDouble, "1.5", types.TInterval, "1 mon 37 days 12:00:00"},
	{plan.Mul, types.TDouble, "2", types.TInterval, "1 month 2 days", types.TInterval, "2 mons 4 days"},
	{plan.Div, types.TInterval, "1 month", types.TDouble, "2", types.TInterval, "15 days"},
	{plan.Div, types.TInterval, "1 day", types.TDouble, "3", types.TInterval, "08:00:00"},
	{plan.Mul, types.TInterval, "1.5 months", types.TDouble, "0.3", types.TInterval, "13 days 12:00:00"},
	{plan.Mul, types.TInterval, "7 months", types.TDouble, "0.1", types.TInterval, "21 days"},
	{plan.Div, types.TInterval, "1 month 1 day 1 second", types.TDouble, "7", types.TInterval, "4 days 10:17:08.6896"},
	{plan.Div, types.TDouble, "NaN", types.TDouble, "0", types.TDouble, "NaN"},
	{plan.Div, types.TDouble, "Infinity", types.TDouble, "0", types.TDouble, "22012"},
	{plan.Pow, types.TDouble, "-1", types.TDouble, "0.5", types.TDouble, "2201F"},
	{plan.Pow, types.TDouble, "1e308", types.TDouble, "2", types.TDouble, "22003"},
	{plan.Div, types.TInterval, "1 day", types.TDouble, "0", types.TInterval, "22012"},
	{plan.Mul, types.TInterval, "1 year", types.TDouble, "1e12", types.TInterval, "22008"},
}

// A result, scale or SQLSTATE that differs from PostgreSQL's, over constants and over columns.
func TestGoldenArithmetic(t *testing.T) {
	for _, g := range goldens {
		l, r := parse(t, g.lt, g.l), parse(t, g.rt, g.r)
		in := Input{{ID: 1, Name: "l", Typ: g.lt}, {ID: 2, Name: "r", Typ: g.rt}}
		b := &columnar.Batch{Len: 2}
		for _, v := range []types.Value{l, r} {
			b.Cols = append(b.Cols, flat(v, 2))
		}
		constants := &plan.Arith{Op: g.op, L: &plan.Const{Value: l}, R: &plan.Const{Value: r}, Typ: g.typ}
		columns := &plan.Arith{Op: g.op, L: &in[0], R: &in[1], Typ: g.typ}
		for _, e := range []plan.Expr{constants, columns} {
			ev, err := Compile(e, in, testWorker(t))
			if err != nil {
				t.Errorf("%s: %v", e, err)
				continue
			}
			got := ""
			if v, err := ev.Eval(b); err != nil {
				got = string(sqlerr.StateOf(err))
			} else if got = types.Format(v.Value(1)); v.IsNull(1) {
				got = "NULL"
			}
			if got != g.want {
				t.Errorf("%s %s %s: got %s, want %s", g.l, g.op, g.r, got, g.want)
			}
		}
	}
}

// flat is n times the value, not as a Const.
func flat(v types.Value, n int) *columnar.Vector {
	c := columnar.Vector{}
	setConst(&c, v)
	out := columnar.Vector{Type: v.Type, Layout: c.Layout, Len: n}
	if v.Null {
		out.Valid = []uint64{0}
	}
	for range n {
		out.I64, out.I128, out.F64 = append(out.I64, c.I64...), append(out.I128, c.I128...), append(out.F64, c.F64...)
		out.Spans = append(out.Spans, c.Spans...)
	}
	return &out
}

// Comparisons whose constant lies between two values of the column, or beyond them all.
func TestConstantsOfOtherScale(t *testing.T) {
	in := Input{{ID: 1, Name: "x", Typ: types.TNumeric(5, 2)}}
	b := &columnar.Batch{Len: 4, Cols: []*columnar.Vector{{Type: in[0].Typ, Layout: columnar.U8, Len: 4, Base: -3, U8: []uint8{0, 2, 4, 103}}}}
	// the values are -0.03, -0.01, 0.01, 1.00
	for _, c := range []struct {
		op   plan.CompareOp
		c    string
		want string
	}{
		{plan.Lt, "0.0101", "1110"}, {plan.Le, "0.0099", "1100"}, {plan.Gt, "-0.0101", "0111"}, {plan.Ge, "-0.0099", "0011"},
		{plan.Eq, "0.0101", "0000"}, {plan.Ne, "0.0101", "1111"}, {plan.Eq, "0.0100", "0010"}, {plan.Lt, "1.0000", "1110"},
		{plan.Gt, "99999999999999999999999999999999.0000", "0000"}, {plan.Lt, "99999999999999999999999999999999.0000", "1111"},
		{plan.Ge, "-99999999999999999999999999999999.0000", "1111"}, {plan.Ne, "1", "1110"},
	} {
		e := &plan.Compare{Op: c.op, L: &in[0], R: &plan.Const{Value: parse(t, types.TNumeric(38, 4), c.c)}}
		ev, err := Compile(e, in, testWorker(t))
		if err != nil {
			t.Fatal(err)
		}
		v, err := ev.Eval(b)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for i := range 4 {
			got.WriteByte(byte('0' + v.Int(i)))
		}
		if got.String() != c.want {
			t.Errorf("%s: got %s, want %s", e, got.String(), c.want)
		}
	}
}

// An arm computed for rows that do not take it would raise an error there.
func TestArmsSeeOnlyTheirRows(t *testing.T) {
	in := Input{{ID: 1, Name: "x", Typ: types.TInteger}}
	x, zero := &in[0], &plan.Const{Value: types.Int(types.TInteger, 0)}
	quotient := &plan.Arith{Op: plan.Div, L: &plan.Const{Value: types.Int(types.TInteger, 10)}, R: x, Typ: types.TInteger}
	b := &columnar.Batch{Len: 3, Cols: []*columnar.Vector{{Type: types.TInteger, Layout: columnar.U8, Len: 3, U8: []uint8{0, 5, 0}, Bounded: true, Hi: 5}}}
	guarded := &plan.Case{Whens: []plan.When{{Cond: &plan.Compare{Op: plan.Ne, L: x, R: zero}, Then: quotient}}, Typ: types.TInteger}
	both := &plan.And{Terms: []plan.Expr{&plan.Compare{Op: plan.Ne, L: x, R: zero}, &plan.Compare{Op: plan.Eq, L: quotient, R: &plan.Const{Value: types.Int(types.TInteger, 2)}}}}
	for _, e := range []plan.Expr{guarded, both} {
		ev, err := Compile(e, in, testWorker(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ev.Eval(b); err != nil {
			t.Errorf("%s: %v", e, err)
		}
	}
	p, err := CompilePredicate([]plan.Expr{both.Terms[1], both.Terms[0]}, in, testWorker(t))
	if err != nil {
		t.Fatal(err)
	}
	sel, err := p.Select(b) // the division stands first, but runs last
	if err != nil || len(sel) != 1 || sel[0] != 1 {
		t.Errorf("got %v, %v", sel, err)
	}
}

// TPC-H Q1's sum expression must stay in 64 bits although its type has 38 digits.
func TestBoundsKeepProductsNarrow(t *testing.T) {
	money := types.TNumeric(15, 2)
	in := Input{{ID: 1, Name: "price", Typ: money}, {ID: 2, Name: "discount", Typ: money}, {ID: 3, Name: "tax", Typ: money}}
	one := &plan.Const{Value: types.Int(types.TNumeric(1, 0), 1)}
	less := &plan.Arith{Op: plan.Sub, L: one, R: &in[1], Typ: types.TNumeric(16, 2)}
	more := &plan.Arith{Op: plan.Add, L: one, R: &in[2], Typ: types.TNumeric(16, 2)}
	e := &plan.Arith{Op: plan.Mul, L: &plan.Arith{Op: plan.Mul, L: &in[0], R: less, Typ: types.TNumeric(31, 4)}, R: more, Typ: types.TNumeric(38, 6)}
	ev, err := Compile(e, in, testWorker(t))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ev.Eval(&columnar.Batch{Len: 2, Cols: []*columnar.Vector{
		{Type: money, Layout: columnar.U32, Len: 2, U32: []uint32{0, 10394950}, Base: 100, Bounded: true, Lo: 100, Hi: 10395050},
		{Type: money, Layout: columnar.U8, Len: 2, U8: []uint8{0, 10}, Bounded: true, Hi: 10},
		{Type: money, Layout: columnar.U8, Len: 2, U8: []uint8{8, 0}, Bounded: true, Hi: 8}}})
	if err != nil || v.Layout != columnar.I64 || !v.Bounded {
		t.Fatalf("layout %v, bounded %v, %v", v.Layout, v.Bounded, err)
	}
	if a, b := types.Format(v.Value(0)), types.Format(v.Value(1)); a != "1.080000" || b != "93555.450000" {
		t.Errorf("got %s and %s", a, b)
	}
}

// A test over a dictionary must be asked once per value, and again for another dictionary.
func TestTablesFollowTheDictionary(t *testing.T) {
	in := Input{{ID: 1, Name: "s", Typ: types.TText}}
	e := &plan.InList{X: &in[0], List: []plan.Expr{&plan.Const{Value: types.Str(types.TText, "MAIL")}, &plan.Const{Value: types.Str(types.TText, "SHIP")}}}
	p, err := CompilePredicate([]plan.Expr{e}, in, testWorker(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		texts []string
		want  int
	}{{[]string{"AIR", "MAIL", "RAIL"}, 1}, {[]string{"MAIL", "SHIP", "TRUCK"}, 2}, {[]string{"AIR"}, 0}, {[]string{"SHIP"}, 3}} {
		d := kerneltest.Dictionary(types.TText, c.texts)
		n := len(c.texts)
		v := &columnar.Vector{Type: types.TText, Enc: columnar.Dict, Layout: columnar.U8, Len: 3, Dict: d, U8: []uint8{0, uint8(1 % n), uint8(2 % n)}}
		for range 2 {
			sel, err := p.Select(&columnar.Batch{Len: 3, Cols: []*columnar.Vector{v}})
			if got := len(kerneltest.Rows(3, sel)); err != nil || got != c.want {
				t.Errorf("%v: %d rows, %v", c.texts, got, err)
			}
		}
	}
}

// The blanks of char(n) count in LIKE and do not in comparisons.
func TestBlanksOfChar(t *testing.T) {
	char := types.Type{Kind: types.Char, Length: 5}
	in := Input{{ID: 1, Name: "c", Typ: char}}
	b := &columnar.Batch{Len: 1, Cols: []*columnar.Vector{{Type: char, Layout: columnar.Str, Len: 1, Offsets: []uint32{0, 2}, Bytes: []byte("ab")}}}
	c := func(s string) plan.Expr { return &plan.Const{Value: types.Str(char, s)} }
	for _, x := range []struct {
		e    plan.Expr
		want int
	}{
		{&plan.Like{X: &in[0], Pattern: text("ab")}, 0}, {&plan.Like{X: &in[0], Pattern: text("ab   ")}, 1},
		{&plan.Like{X: &in[0], Pattern: text("ab %")}, 1}, {&plan.Like{X: &in[0], Pattern: text("ab%")}, 1},
		{&plan.Like{X: &in[0], Pattern: text("a____")}, 1}, {&plan.Compare{Op: plan.Eq, L: &in[0], R: c("ab ")}, 1},
		{&plan.Compare{Op: plan.Lt, L: &in[0], R: c("ab   ")}, 0}, {&plan.InList{X: &in[0], List: []plan.Expr{c("ab  ")}}, 1},
	} {
		p, err := CompilePredicate([]plan.Expr{x.e}, in, testWorker(t))
		if err != nil {
			t.Fatal(err)
		}
		sel, err := p.Select(b)
		if got := len(kerneltest.Rows(1, sel)); err != nil || got != x.want {
			t.Errorf("%s: %d rows, %v", x.e, got, err)
		}
	}
}
