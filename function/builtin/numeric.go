package builtin

import (
	"math"
	"strconv"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/function/cast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// numericFunctions have numeric results. The transcendental ones compute in double precision, so
// they are exact to 15 digits where PostgreSQL gives more.
func numericFunctions() []function.Scalar {
	num, i := numericArgument, types.TInteger
	wide := returns(types.TNumeric(types.MaxPrecision, types.DefaultScale))
	list := []function.Scalar{
		{Name: "div", Args: args(num, num), Return: returns(types.TNumeric(types.MaxPrecision, 0)), Eval: decimalQuotient},
		{Name: "factorial", Args: args(types.TBigInt), Return: returns(types.TNumeric(types.MaxPrecision, 0)), Eval: decimalFn(factorial)},
		{Name: "width_bucket", Args: args(types.TDouble, types.TDouble, types.TDouble, i), Return: returns(i), Eval: intFn(widthBucket)},
		{Name: "power", Args: args(num, num), Return: wide, Eval: throughFloat(power2)},
		{Name: "pow", Args: args(num, num), Return: wide, Eval: throughFloat(power2)},
		{Name: "log", Args: args(num, num), Return: wide, Eval: throughFloat(func(x []float64) (float64, error) {
			base, err := logarithm(math.Log)(x[0])
			if err != nil {
				return 0, err
			}
			if base == 0 {
				return 0, divisionByZero()
			}
			y, err := logarithm(math.Log)(x[1])
			return y / base, err
		})},
	}
	for _, f := range floatFunctions {
		switch f.name {
		case "sqrt", "exp", "ln", "log", "log10":
			list = append(list, function.Scalar{Name: f.name, Args: args(num), Return: wide, Eval: throughFloat(func(x []float64) (float64, error) { return f.eval(x[0]) })})
		}
	}
	return list
}

func power2(x []float64) (float64, error) { return powerOf(x[0], x[1]) }

// throughFloat computes a numeric result in double precision, kept to 15 significant digits.
func throughFloat(f func(x []float64) (float64, error)) function.Eval {
	return func(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		w := function.DecimalWriter{Out: out, N: n}
		x := make([]float64, len(a))
		for i := range function.Rows(n, sel) {
			for k, v := range a {
				x[k] = cast.DecimalToFloat(function.DecimalAt(v, i), int(v.Type.Scale))
			}
			r, err := f(x)
			if err != nil {
				return err
			}
			d, scale, err := types.ParseDecimal(strconv.FormatFloat(r, 'g', 15, 64))
			if err != nil {
				return types.NumericOverflow(out.Type)
			}
			v, err := types.FitDecimal(out.Type, d, scale)
			if err != nil {
				return err
			}
			w.Write(i, v.Unscaled())
		}
		return nil
	}
}

// decimalQuotient is the whole part of a quotient.
func decimalQuotient(_ *function.Context, a []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
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
		w.Write(i, x.Quo(y))
	}
	return nil
}

func factorial(a []*columnar.Vector, i int) (types.Int128, error) {
	n := a[0].Int(i)
	if n < 0 {
		return types.Int128{}, sqlerr.New(sqlerr.NumericValueOutOfRange, "factorial of a negative number is undefined")
	}
	product, ok := types.FromInt64(1), true
	for k := int64(2); k <= n && ok; k++ {
		product, ok = product.MulUint64(uint64(k))
	}
	if !ok || !product.FitsPrecision(types.MaxPrecision) {
		return product, sqlerr.New(sqlerr.NumericValueOutOfRange, "value overflows numeric format")
	}
	return product, nil
}

// widthBucket numbers equal buckets between two bounds from 1 (ISO/IEC 9075-2, 6.28).
func widthBucket(a []*columnar.Vector, i int) (int64, error) {
	x, lo, hi, count := function.FloatAt(a[0], i), function.FloatAt(a[1], i), function.FloatAt(a[2], i), a[3].Int(i)
	switch {
	case count <= 0:
		return 0, sqlerr.New("2201G", "count must be greater than zero")
	case lo == hi:
		return 0, sqlerr.New("2201G", "lower bound cannot equal upper bound")
	case lo < hi && x < lo, lo > hi && x > lo:
		return 0, nil
	case lo < hi && x >= hi, lo > hi && x <= hi:
		return count + 1, nil
	}
	return int64((x-lo)/(hi-lo)*float64(count)) + 1, nil
}
