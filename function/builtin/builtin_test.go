package builtin

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// vector makes a vector of n rows that hold the values in turn, under an encoding.
func vector(t types.Type, values []types.Value, n int, enc columnar.Encoding) *columnar.Vector {
	v := &columnar.Vector{Type: t, Enc: enc, Len: n}
	rows := n
	if enc == columnar.Const {
		rows = 1
	}
	switch t.Class() {
	case types.ClassFloat:
		v.Layout = columnar.F64
	case types.ClassBytes:
		v.Layout, v.Offsets = columnar.Str, []uint32{0}
	case types.ClassInterval:
		v.Layout = columnar.Spans
	case types.ClassUUID:
		v.Layout = columnar.Bytes16
	default:
		v.Layout = columnar.I64
	}
	for i := range rows {
		x := values[i%len(values)]
		switch v.Layout {
		case columnar.F64:
			v.F64 = append(v.F64, x.F)
		case columnar.Str:
			v.Bytes = append(v.Bytes, x.S...)
			v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
		case columnar.Spans:
			v.Spans = append(v.Spans, x.Span)
		case columnar.Bytes16:
			v.UUID = append(v.UUID, [16]byte([]byte(x.S)))
		default:
			v.I64 = append(v.I64, x.I)
		}
	}
	return v
}

// output is what Eval's contract promises for out.
func output(t types.Type, n int) *columnar.Vector {
	v := vector(t, []types.Value{{S: string(make([]byte, 16))}}, n, columnar.Flat)
	v.Bytes, v.Offsets = nil, nil
	return v
}

var testContext = &function.Context{Now: time.Unix(1_700_000_000, 0), Location: time.UTC}

// call evaluates the overload of name for the argument types over one row.
func call(t *testing.T, name string, args []types.Value) (types.Value, error) {
	t.Helper()
	for _, fn := range New().Scalars(name) {
		if !takes(fn, args) {
			continue
		}
		vectors, kinds := make([]*columnar.Vector, len(args)), make([]types.Type, len(args))
		for i, a := range args {
			vectors[i], kinds[i] = vector(a.Type, []types.Value{a}, 1, columnar.Flat), a.Type
		}
		out := output(fn.Return(kinds), 1)
		err := fn.Eval(testContext, vectors, 1, nil, out)
		if err != nil {
			return types.Value{}, err
		}
		return out.Value(0), nil
	}
	t.Fatalf("%s has no overload for %v", name, args)
	return types.Value{}, nil
}

func takes(fn *function.Scalar, args []types.Value) bool {
	if len(args) != len(fn.Args) && !(fn.Variadic && len(args) >= len(fn.Args)) {
		return false
	}
	for i, a := range args {
		if fn.Args[min(i, len(fn.Args)-1)].Kind != a.Type.Kind {
			return false
		}
	}
	return true
}

func parse(t *testing.T, kind types.Type, text string) types.Value {
	t.Helper()
	v, err := types.Parse(kind, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// PostgreSQL 15's answers where an edge is easily missed: signs, carries, the ends of texts and calendars.
func TestPostgreSQLAnswers(t *testing.T) {
	text, integer, bigint, double, span := types.TText, types.TInteger, types.TBigInt, types.TDouble, types.TInterval
	num := types.TNumeric(10, 2)
	type arg struct {
		t types.Type
		s string
	}
	for _, c := range []struct {
		name string
		args []arg
		want string // a text, or the SQLSTATE after "!"
	}{
		{"substring", []arg{{text, "hello"}, {integer, "-1"}, {integer, "4"}}, "he"},
		{"substring", []arg{{text, "hello"}, {integer, "2"}, {integer, "-1"}}, "!22011"},
		{"left", []arg{{text, "héllo"}, {integer, "-2"}}, "hél"},
		{"right", []arg{{text, "héllo"}, {integer, "-4"}}, "o"},
		{"lpad", []arg{{text, "hi"}, {integer, "5"}, {text, "xy"}}, "xyxhi"},
		{"rpad", []arg{{text, "hi"}, {integer, "1"}}, "h"},
		{"lpad", []arg{{text, "hi"}, {integer, "5"}, {text, ""}}, "hi"},
		{"initcap", []arg{{text, "hi THOMAS o'neil"}}, "Hi Thomas O'Neil"},
		{"split_part", []arg{{text, "a,b,c"}, {text, ","}, {integer, "-1"}}, "c"},
		{"split_part", []arg{{text, "a"}, {text, ","}, {integer, "0"}}, "!22023"},
		{"overlay", []arg{{text, "Txxxxas"}, {text, "hom"}, {integer, "2"}, {integer, "4"}}, "Thomas"},
		{"translate", []arg{{text, "12345"}, {text, "143"}, {text, "ax"}}, "a2x5"},
		{"regexp_replace", []arg{{text, "foobarbaz"}, {text, "b(..)"}, {text, `X\1Y`}, {text, "g"}}, "fooXarYXazY"},
		{"chr", []arg{{integer, "0"}}, "!54000"},
		{"to_hex", []arg{{integer, "-1"}}, "ffffffff"},
		{"mod", []arg{{integer, "-7"}, {integer, "3"}}, "-1"},
		{"mod", []arg{{integer, "1"}, {integer, "0"}}, "!22012"},
		{"abs", []arg{{integer, "-2147483648"}}, "!22003"},
		{"gcd", []arg{{bigint, "1071"}, {bigint, "-462"}}, "21"},
		{"round", []arg{{double, "2.5"}}, "2"},
		{"round", []arg{{num, "-2.50"}}, "-3"},
		{"ceil", []arg{{num, "-0.50"}}, "0"},
		{"floor", []arg{{num, "-0.50"}}, "-1"},
		{"width_bucket", []arg{{double, "5.35"}, {double, "0.024"}, {double, "10.06"}, {integer, "5"}}, "3"},
		{"sqrt", []arg{{double, "-1"}}, "!2201F"},
		{"ln", []arg{{double, "0"}}, "!2201E"},
		{"factorial", []arg{{bigint, "20"}}, "2432902008176640000"},
		{"make_date", []arg{{integer, "2023"}, {integer, "2"}, {integer, "29"}}, "!22008"},
		{"date_trunc", []arg{{text, "week"}, {types.TTimestamp, "2024-01-07 10:00"}}, "2024-01-01 00:00:00"},
		{"age", []arg{{types.TTimestamp, "2024-03-31"}, {types.TTimestamp, "2024-02-29"}}, "1 mon 2 days"},
		{"justify_interval", []arg{{span, "1 mon -1 hour"}}, "29 days 23:00:00"},
		{"to_char", []arg{{types.TTimestamp, "2024-02-03 04:05:06"}, {text, "Dy DD Mon YYYY HH24:MI:SS"}}, "Sat 03 Feb 2024 04:05:06"},
		{"to_char", []arg{{integer, "1485"}, {text, "9,999"}}, " 1,485"},
		{"to_char", []arg{{num, "-0.10"}, {text, "FM90.99"}}, "-0.1"},
	} {
		args := make([]types.Value, len(c.args))
		for i, a := range c.args {
			args[i] = parse(t, a.t, a.s)
		}
		v, err := call(t, c.name, args)
		got := types.Format(v)
		if err != nil {
			got = "!" + string(sqlerr.StateOf(err))
		}
		if got != c.want {
			t.Errorf("%s(%v) = %q, want %q (%v)", c.name, c.args, got, c.want, err)
		}
	}
}

// samples are harmless values of every type.
func samples(t types.Type) []types.Value {
	switch t.Class() {
	case types.ClassFloat:
		return []types.Value{types.Float(t, 0.25), types.Float(t, 1)}
	case types.ClassBytes:
		return []types.Value{types.Str(t, "day"), types.Str(t, "month")}
	case types.ClassInterval:
		return []types.Value{{Type: t, Span: types.Span{Days: 1}}, {Type: t, Span: types.Span{Micros: 5_000_000}}}
	case types.ClassUUID:
		return []types.Value{types.Str(t, "0123456789abcdef")}
	}
	return []types.Value{types.Int(t, 1), types.Int(t, 0), types.Int(t, 3)}
}

// Every function must give a row the same result whatever the encoding of its arguments is and
// whichever rows are selected beside it.
func TestEncodingsAndSelections(t *testing.T) {
	r, ran := New(), 0
	for _, name := range r.Names() {
		for k, fn := range r.Scalars(name) {
			if fn.Volatile {
				continue
			}
			kinds := slices.Clone(fn.Args)
			for i := range kinds {
				if kinds[i].Kind == types.Numeric {
					kinds[i] = types.TNumeric(12, 2)
				}
			}
			for pick := range 3 {
				ran += checkForms(t, fmt.Sprintf("%s#%d", name, k), fn, kinds, pick)
			}
		}
	}
	if ran < 100 {
		t.Errorf("only %d calls succeeded", ran)
	}
}

// checkForms compares constant arguments, all rows, with a selection of flat ones; 0 when they are refused.
func checkForms(t *testing.T, name string, fn *function.Scalar, kinds []types.Type, pick int) int {
	const n = 5
	flat, constant := make([]*columnar.Vector, len(kinds)), make([]*columnar.Vector, len(kinds))
	for i, k := range kinds {
		values := samples(k)
		one := []types.Value{values[(pick+i)%len(values)]}
		flat[i], constant[i] = vector(k, one, n, columnar.Flat), vector(k, one, n, columnar.Const)
	}
	all, some := output(fn.Return(kinds), n), output(fn.Return(kinds), n)
	errAll := fn.Eval(testContext, constant, n, nil, all)
	errSome := fn.Eval(testContext, flat, n, []uint32{1, 4}, some)
	if sqlerr.StateOf(errAll) != sqlerr.StateOf(errSome) {
		t.Errorf("%s: %v with constants, %v with columns", name, errAll, errSome)
	}
	if errAll != nil {
		return 0
	}
	for _, i := range []int{1, 4} {
		if a, b := all.Value(i), some.Value(i); a != b && !(a.F != a.F && b.F != b.F) {
			t.Errorf("%s: row %d is %v with constants, %v with columns", name, i, a, b)
		}
	}
	return 1
}
