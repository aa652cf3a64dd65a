package builtin

import (
	"math"
	"math/rand/v2"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

var numericArgument = types.TNumeric(types.MaxPrecision, types.DefaultScale)

func mathFunctions() []function.Scalar {
	d := types.TDouble
	list := []function.Scalar{
		{Name: "pi", Return: returns(d), Eval: floatFn(func([]*columnar.Vector, int) (float64, error) { return math.Pi, nil })},
		{Name: "random", Return: returns(d), Volatile: true, Eval: floatFn(func([]*columnar.Vector, int) (float64, error) { return rand.Float64(), nil })},
		{Name: "round", Args: args(numericArgument, types.TInteger), Return: sameAs(0), Refine: digitsKept, Eval: roundTo(roundHalfUp)},
		{Name: "trunc", Args: args(numericArgument, types.TInteger), Return: sameAs(0), Refine: digitsKept, Eval: roundTo(roundDown)},
		{Name: "round", Args: args(numericArgument), Return: wholeNumber, Eval: decimalFn(toWhole(roundHalfUp))},
		{Name: "trunc", Args: args(numericArgument), Return: wholeNumber, Eval: decimalFn(toWhole(roundDown))},
		{Name: "ceil", Args: args(numericArgument), Return: wholeNumber, Eval: decimalFn(toWhole(roundCeil))},
		{Name: "ceiling", Args: args(numericArgument), Return: wholeNumber, Eval: decimalFn(toWhole(roundCeil))},
		{Name: "floor", Args: args(numericArgument), Return: wholeNumber, Eval: decimalFn(toWhole(roundFloor))},
		{Name: "abs", Args: args(numericArgument), Return: sameAs(0), Eval: decimalFn(func(a []*columnar.Vector, i int) (types.Int128, error) {
			if x := function.DecimalAt(a[0], i); x.Sign() < 0 {
				return x.Neg(), nil
			}
			return function.DecimalAt(a[0], i), nil
		})},
		{Name: "sign", Args: args(numericArgument), Return: returns(types.TNumeric(1, 0)), Eval: decimalFn(func(a []*columnar.Vector, i int) (types.Int128, error) {
			return types.FromInt64(int64(function.DecimalAt(a[0], i).Sign())), nil
		})},
	}
	for _, t := range []types.Type{types.TSmallInt, types.TInteger, types.TBigInt} {
		list = append(list,
			function.Scalar{Name: "abs", Args: args(t), Return: returns(t), Eval: intFn(absOf(t))},
			function.Scalar{Name: "mod", Args: args(t, t), Return: returns(t), Eval: intFn(modulo)})
	}
	for _, t := range []types.Type{types.TInteger, types.TBigInt} {
		list = append(list,
			function.Scalar{Name: "gcd", Args: args(t, t), Return: returns(t), Eval: intFn(func(a []*columnar.Vector, i int) (int64, error) {
				return gcd(a[0].Int(i), a[1].Int(i)), nil
			})},
			function.Scalar{Name: "lcm", Args: args(t, t), Return: returns(t), Eval: intFn(lcm(t))})
	}
	list = append(list, function.Scalar{Name: "mod", Args: args(numericArgument, numericArgument), Return: func(a []types.Type) types.Type {
		c, _ := types.Common(a[0], a[1])
		return c
	}, Eval: decimalModulo})
	for _, f := range floatFunctions {
		list = append(list, function.Scalar{Name: f.name, Args: args(d), Return: returns(d), Eval: floatFn(func(a []*columnar.Vector, i int) (float64, error) {
			return f.eval(function.FloatAt(a[0], i))
		})})
	}
	for _, name := range []string{"power", "pow"} {
		list = append(list, function.Scalar{Name: name, Args: args(d, d), Return: returns(d), Eval: floatFn(power)})
	}
	list = append(list, bitFunctions()...)
	return append(list,
		function.Scalar{Name: "scale", Args: args(numericArgument), Return: returns(types.TInteger), Eval: intFn(func(a []*columnar.Vector, _ int) (int64, error) {
			return int64(a[0].Type.Scale), nil
		})},
		function.Scalar{Name: "atan2", Args: args(d, d), Return: returns(d), Eval: floatFn(func(a []*columnar.Vector, i int) (float64, error) {
			return math.Atan2(function.FloatAt(a[0], i), function.FloatAt(a[1], i)), nil
		})},
		function.Scalar{Name: "log", Args: args(d, d), Return: returns(d), Eval: floatFn(func(a []*columnar.Vector, i int) (float64, error) {
			base, err := logarithm(math.Log)(function.FloatAt(a[0], i))
			if err != nil {
				return 0, err
			}
			x, err := logarithm(math.Log)(function.FloatAt(a[1], i))
			if base == 0 && err == nil {
				return 0, divisionByZero()
			}
			return x / base, err
		})})
}

// bitFunctions are the operators on bits; shifts take the count modulo the width, as PostgreSQL's do.
func bitFunctions() []function.Scalar {
	var list []function.Scalar
	for _, t := range []types.Type{types.TSmallInt, types.TInteger, types.TBigInt} {
		width := map[types.Kind]int64{types.SmallInt: 32, types.Integer: 32, types.BigInt: 64}[t.Kind]
		cut := func(v int64) int64 {
			switch t.Kind {
			case types.SmallInt:
				return int64(int16(v))
			case types.Integer:
				return int64(int32(v))
			}
			return v
		}
		two := func(name string, second types.Type, f func(x, y int64) int64) function.Scalar {
			return function.Scalar{Name: name, Args: args(t, second), Return: returns(t), Eval: intFn(func(a []*columnar.Vector, i int) (int64, error) {
				return cut(f(a[0].Int(i), a[1].Int(i))), nil
			})}
		}
		list = append(list,
			two("bitand_op", t, func(x, y int64) int64 { return x & y }), two("bitor_op", t, func(x, y int64) int64 { return x | y }),
			two("bitxor_op", t, func(x, y int64) int64 { return x ^ y }),
			two("shift_left_op", types.TInteger, func(x, y int64) int64 { return x << (y & (width - 1)) }),
			two("shift_right_op", types.TInteger, func(x, y int64) int64 { return x >> (y & (width - 1)) }),
			function.Scalar{Name: "bitnot_op", Args: args(t), Return: returns(t), Eval: intFn(func(a []*columnar.Vector, i int) (int64, error) { return ^a[0].Int(i), nil })})
	}
	return list
}

// floatFunctions are the double precision functions of one argument.
var floatFunctions = []struct {
	name string
	eval func(float64) (float64, error)
}{
	{"abs", plain(math.Abs)}, {"round", plain(math.RoundToEven)}, {"ceil", plain(math.Ceil)}, {"ceiling", plain(math.Ceil)},
	{"floor", plain(math.Floor)}, {"trunc", plain(math.Trunc)}, {"sign", plain(signOf)}, {"cbrt", plain(math.Cbrt)},
	{"sqrt", func(x float64) (float64, error) {
		if x < 0 {
			return 0, sqlerr.New(sqlerr.InvalidArgumentForPower, "cannot take square root of a negative number")
		}
		return math.Sqrt(x), nil
	}},
	{"exp", func(x float64) (float64, error) { return finite(math.Exp(x), x) }},
	{"ln", logarithm(math.Log)}, {"log", logarithm(math.Log10)}, {"log10", logarithm(math.Log10)},
	{"degrees", plain(func(x float64) float64 { return x * 180 / math.Pi })}, {"radians", plain(func(x float64) float64 { return x * math.Pi / 180 })},
	{"sin", plain(math.Sin)}, {"cos", plain(math.Cos)}, {"tan", plain(math.Tan)}, {"cot", plain(func(x float64) float64 { return 1 / math.Tan(x) })},
	{"asin", domain(math.Asin)}, {"acos", domain(math.Acos)}, {"atan", plain(math.Atan)},
	{"sinh", plain(math.Sinh)}, {"cosh", plain(math.Cosh)}, {"tanh", plain(math.Tanh)},
}

func plain(f func(float64) float64) func(float64) (float64, error) {
	return func(x float64) (float64, error) { return f(x), nil }
}

func domain(f func(float64) float64) func(float64) (float64, error) {
	return func(x float64) (float64, error) {
		if x < -1 || x > 1 {
			return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "input is out of range")
		}
		return f(x), nil
	}
}

func logarithm(f func(float64) float64) func(float64) (float64, error) {
	return func(x float64) (float64, error) {
		switch {
		case x == 0:
			return 0, sqlerr.New(sqlerr.InvalidArgumentForLog, "cannot take logarithm of zero")
		case x < 0:
			return 0, sqlerr.New(sqlerr.InvalidArgumentForLog, "cannot take logarithm of a negative number")
		}
		return f(x), nil
	}
}

func signOf(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// finite reports an overflow or underflow that the argument itself does not explain.
func finite(result, argument float64) (float64, error) {
	switch {
	case math.IsInf(result, 0) && !math.IsInf(argument, 0):
		return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow")
	case result == 0 && argument != 0 && !math.IsInf(argument, 0):
		return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: underflow")
	}
	return result, nil
}

func power(a []*columnar.Vector, i int) (float64, error) {
	return powerOf(function.FloatAt(a[0], i), function.FloatAt(a[1], i))
}

func powerOf(x, y float64) (float64, error) {
	switch {
	case x == 0 && y < 0:
		return 0, sqlerr.New(sqlerr.InvalidArgumentForPower, "zero raised to a negative power is undefined")
	case x < 0 && y != math.Trunc(y):
		return 0, sqlerr.New(sqlerr.InvalidArgumentForPower, "a negative number raised to a non-integer power yields a complex result")
	}
	r := math.Pow(x, y)
	if math.IsInf(r, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow")
	}
	return r, nil
}

func divisionByZero() error { return sqlerr.New(sqlerr.DivisionByZero, "division by zero") }

func absOf(t types.Type) func([]*columnar.Vector, int) (int64, error) {
	lo, _ := t.Bounds()
	return func(a []*columnar.Vector, i int) (int64, error) {
		switch v := a[0].Int(i); {
		case v == lo:
			return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "%s out of range", t.Kind)
		case v < 0:
			return -v, nil
		default:
			return v, nil
		}
	}
}

func modulo(a []*columnar.Vector, i int) (int64, error) {
	x, y := a[0].Int(i), a[1].Int(i)
	switch y {
	case 0:
		return 0, divisionByZero()
	case -1:
		return 0, nil
	}
	return x % y, nil
}

func gcd(a, b int64) int64 {
	for b != 0 && b != -1 {
		a, b = b, a%b
	}
	if b == -1 {
		return 1
	}
	return max(a, -a)
}

func lcm(t types.Type) func([]*columnar.Vector, int) (int64, error) {
	lo, hi := t.Bounds()
	return func(a []*columnar.Vector, i int) (int64, error) {
		x, y := a[0].Int(i), a[1].Int(i)
		if x == 0 || y == 0 {
			return 0, nil
		}
		product, ok := types.FromInt64(x / gcd(x, y)).MulUint64(uint64(max(y, -y)))
		v, fits := product.Int64()
		if v = max(v, -v); !ok || !fits || v > hi || v < lo {
			return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "%s out of range", t.Kind)
		}
		return v, nil
	}
}

// decimalModulo works at the common scale of both arguments; the sign is the dividend's.
func decimalModulo(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	w := function.DecimalWriter{Out: out, N: n}
	scale := int(max(a[0].Type.Scale, a[1].Type.Scale))
	for i := range function.Rows(n, sel) {
		x, ok1 := function.DecimalAt(a[0], i).Rescale(int(a[0].Type.Scale), scale)
		y, ok2 := function.DecimalAt(a[1], i).Rescale(int(a[1].Type.Scale), scale)
		if y.Sign() == 0 {
			return divisionByZero()
		}
		if !ok1 || !ok2 {
			return types.NumericOverflow(out.Type)
		}
		w.Write(i, x.Rem(y))
	}
	return nil
}

// wholeNumber is the type of round, ceil, floor and trunc to no decimals: one digit more for the carry.
func wholeNumber(a []types.Type) types.Type {
	return types.TNumeric(int(a[0].Precision)-int(a[0].Scale)+1, 0)
}

// rounding decides, from the sign and the digits cut off, whether the quotient's magnitude goes up.
type rounding func(negative bool, rem, unit types.Int128) bool

func roundHalfUp(_ bool, rem, unit types.Int128) bool {
	twice, _ := rem.Add(rem)
	return twice.Cmp(unit) >= 0
}
func roundDown(bool, types.Int128, types.Int128) bool { return false }
func roundCeil(negative bool, rem, _ types.Int128) bool {
	return !negative && rem.Sign() != 0
}
func roundFloor(negative bool, rem, _ types.Int128) bool {
	return negative && rem.Sign() != 0
}

// cutDigits drops the last n decimal digits of x under a rounding.
func cutDigits(x types.Int128, n int, round rounding) types.Int128 {
	if n <= 0 {
		return x
	}
	if n > types.MaxPrecision {
		return types.Int128{}
	}
	unit, _ := types.FromInt64(1).Rescale(0, n)
	negative := x.Sign() < 0
	if negative {
		x = x.Neg()
	}
	rem := x.Rem(unit)
	rest, _ := x.Add(rem.Neg())
	q, _ := rest.Rescale(n, 0) // exact: the rest is a multiple of 10^n
	if round(negative, rem, unit) {
		q, _ = q.Add(types.FromInt64(1))
	}
	if negative {
		q = q.Neg()
	}
	return q
}

func toWhole(round rounding) func([]*columnar.Vector, int) (types.Int128, error) {
	return func(a []*columnar.Vector, i int) (types.Int128, error) {
		return cutDigits(function.DecimalAt(a[0], i), int(a[0].Type.Scale), round), nil
	}
}

// digitsKept is the type of round and trunc to a constant number of digits: that scale.
func digitsKept(t types.Type, consts []*types.Value) types.Type {
	if digits := consts[1]; digits != nil && digits.I <= types.MaxPrecision {
		scale := int(max(digits.I, 0))
		return types.TNumeric(int(t.Precision)-int(t.Scale)+scale+1, scale)
	}
	return t
}

// roundTo keeps the wanted digits at the result's scale; where the number of digits is no constant
// that is the argument's scale, and digits behind the wanted ones become zeros.
func roundTo(round rounding) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		w := function.DecimalWriter{Out: out, N: n}
		scale, to := int64(a[0].Type.Scale), int(out.Type.Scale)
		for i := range function.Rows(n, sel) {
			digits := min(max(a[1].Int(i), -types.MaxPrecision), scale)
			x := cutDigits(function.DecimalAt(a[0], i), int(scale-digits), round)
			r, ok := x.Rescale(int(max(digits, 0)), to)
			if digits < 0 {
				r, ok = x.Rescale(0, to-int(digits))
			}
			if !ok {
				return types.NumericOverflow(out.Type)
			}
			w.Write(i, r)
		}
		return nil
	}
}
