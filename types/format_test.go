package types

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/sqlerr"
)

// A text form that differs from PostgreSQL's breaks every client that reads it. The pairs are what
// PostgreSQL 15 answers to SELECT '<in>'::<type>.
func TestParseThenFormatAsPostgreSQL(t *testing.T) {
	for _, c := range []struct {
		typ      Type
		in, want string
	}{
		{TBoolean, "yes", "t"}, {TBoolean, "of", "f"}, {TInteger, " 42 ", "42"},
		{TDouble, "1e15", "1e+15"}, {TDouble, "123456789012345", "123456789012345"}, {TDouble, "0.0001", "0.0001"}, {TDouble, "0.00001", "1e-05"},
		{TReal, "123456789.123", "1.2345679e+08"}, {TDouble, "-inf", "-Infinity"},
		{TNumeric(10, 2), "1.005", "1.01"}, {TNumeric(10, 2), "-1.005", "-1.01"}, {TNumeric(5, 0), "2.5", "3"}, {TNumeric(38, 3), "1e3", "1000.000"},
		{TNumeric(38, 0), "12345678901234567890123456789012345678", "12345678901234567890123456789012345678"}, {TNumeric(4, 3), "-0.001", "-0.001"},
		{TDate, "2024-02-29", "2024-02-29"}, {TDate, "Jan 8, 1999", "1999-01-08"}, {TDate, "1/8/1999", "1999-01-08"}, {TDate, "19990108", "1999-01-08"},
		{TDate, "8-Jan-1999", "1999-01-08"}, {TDate, "0044-03-15 BC", "0044-03-15 BC"}, {TDate, "infinity", "infinity"},
		{TTime, "04:05:06.789", "04:05:06.789"}, {TTime, "04:05 PM", "16:05:00"},
		{TTimestamp, "2024-03-05 10:00", "2024-03-05 10:00:00"}, {TTimestamp, "1999-01-08T04:05:06.5", "1999-01-08 04:05:06.5"},
		{TTimestampTZ, "2024-03-05 10:00+02", "2024-03-05 08:00:00+00"}, {TTimestampTZ, "2024-07-05 10:00 Europe/Berlin", "2024-07-05 08:00:00+00"},
		{TInterval, "1 year 2 months 3 days 04:05:06", "1 year 2 mons 3 days 04:05:06"}, {TInterval, "1-2", "1 year 2 mons"},
		{TInterval, "-1 day 2 hours", "-1 days +02:00:00"}, {TInterval, "1.5 days", "1 day 12:00:00"}, {TInterval, "P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"},
		{TInterval, "3 days ago", "-3 days"}, {TInterval, "90 minutes", "01:30:00"}, {TInterval, "1 04:05:06", "1 day 04:05:06"}, {TInterval, "0", "00:00:00"},
		{TInterval, "2 weeks", "14 days"}, {TInterval, "1.5 months", "1 mon 15 days"}, {TInterval, "0.5 years", "6 mons"},
		{TUUID, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}, {TBytea, `\xDEADbeef`, `\xdeadbeef`}, {TBytea, `a\\b\001`, `\x615c6201`},
		{Type{Kind: Char, Length: 5}, "ab  ", "ab   "}, {Type{Kind: Varchar, Length: 3}, "abc  ", "abc"},
	} {
		v, err := Parse(c.typ, c.in)
		if err != nil {
			t.Errorf("%s %q: %v", c.typ, c.in, err)
		} else if got := Format(v); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.typ, c.in, got, c.want)
		}
	}
}

// The SQLSTATE is what programs test for.
func TestParseErrorsAsPostgreSQL(t *testing.T) {
	for _, c := range []struct {
		typ  Type
		in   string
		want sqlerr.State
	}{
		{TBoolean, "o", "22P02"}, {TInteger, "", "22P02"}, {TInteger, "1.5", "22P02"}, {TInteger, "2147483648", "22003"}, {TSmallInt, "40000", "22003"},
		{TBigInt, "9223372036854775808", "22003"}, {TDouble, "x", "22P02"}, {TDouble, "1e400", "22003"}, {TReal, "1e39", "22003"},
		{TNumeric(4, 2), "100", "22003"}, {TNumeric(4, 2), "1.2.3", "22P02"}, {TDate, "2023-02-29", "22008"}, {TDate, "hello", "22007"}, {TDate, "2024-13-01", "22008"},
		{TTimestamp, "2024-01-01 25:00", "22008"}, {TInterval, "1 fortnight", "22007"}, {TUUID, "12", "22P02"}, {TBytea, `\xa`, "22023"},
		{Type{Kind: Varchar, Length: 3}, "abcd", "22001"},
	} {
		if _, err := Parse(c.typ, c.in); sqlerr.StateOf(err) != c.want {
			t.Errorf("%s %q: got %v, want %s", c.typ, c.in, err, c.want)
		}
	}
}

func toBig(x Int128) *big.Int {
	b := new(big.Int).Lsh(big.NewInt(x.Hi), 64)
	return b.Add(b, new(big.Int).SetUint64(x.Lo))
}

func random128(r *rand.Rand) Int128 {
	x := Int128{r.Uint64() >> r.UintN(64), int64(r.Uint64()) >> r.UintN(64)}
	if r.UintN(3) == 0 {
		return FromInt64(int64(x.Lo))
	}
	return x
}

// 128-bit arithmetic is checked against math/big: a wrong carry is a wrong sum in someone's report.
func TestInt128AgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	limit := new(big.Int).Lsh(big.NewInt(1), 127)
	fits := func(b *big.Int) bool { return b.Cmp(limit) < 0 && new(big.Int).Neg(b).Cmp(limit) <= 0 }
	for range 200_000 {
		x, y := random128(r), random128(r)
		bx, by := toBig(x), toBig(y)
		if x.Cmp(y) != bx.Cmp(by) {
			t.Fatalf("cmp %v %v", bx, by)
		}
		sum, ok := x.Add(y)
		if want := new(big.Int).Add(bx, by); ok != fits(want) || ok && toBig(sum).Cmp(want) != 0 {
			t.Fatalf("%v + %v = %v %v", bx, by, toBig(sum), ok)
		}
		m := r.Uint64() >> r.UintN(64)
		product, ok := x.MulUint64(m)
		if want := new(big.Int).Mul(bx, new(big.Int).SetUint64(m)); ok && toBig(product).Cmp(want) != 0 || ok != fits(want) && want.CmpAbs(limit) != 0 {
			t.Fatalf("%v * %d = %v %v", bx, m, toBig(product), ok)
		}
		if y.Sign() != 0 {
			if want := new(big.Int).Rem(bx, by); toBig(x.Rem(y)).Cmp(want) != 0 {
				t.Fatalf("%v rem %v = %v want %v", bx, by, toBig(x.Rem(y)), want)
			}
		}
		if y.Sign() != 0 {
			if want := new(big.Int).Quo(bx, by); fits(want) && toBig(x.Quo(y)).Cmp(want) != 0 {
				t.Fatalf("%v quo %v = %v want %v", bx, by, toBig(x.Quo(y)), want)
			}
		}
		drop := r.IntN(40)
		got, _ := x.Rescale(drop, 0)
		if want := roundedQuotient(bx, drop); toBig(got).Cmp(want) != 0 {
			t.Fatalf("%v / 10^%d = %v want %v", bx, drop, toBig(got), want)
		}
		if got := string(AppendDecimal(nil, x, 0)); got != bx.String() {
			t.Fatalf("%v prints %s", bx, got)
		}
	}
}

func roundedQuotient(x *big.Int, digits int) *big.Int {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	half := new(big.Int).Quo(unit, big.NewInt(2))
	if x.Sign() < 0 {
		half.Neg(half)
	}
	return half.Add(half, x).Quo(half, unit)
}

func TestCivilDaysRoundTrip(t *testing.T) {
	for days := int64(-2_500_000); days < 3_000_000; days += 17 {
		if y, m, d := CivilFromDays(days); DaysFromCivil(y, m, d) != days || d > DaysInMonth(y, m) {
			t.Fatalf("%d -> %d-%d-%d", days, y, m, d)
		}
	}
}
