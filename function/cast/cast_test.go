package cast

import (
	"testing"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// column makes n rows of one value.
func column(v types.Value, n int) *columnar.Vector {
	c := &columnar.Vector{Type: v.Type, Len: n, Offsets: []uint32{0}}
	for range n {
		switch v.Type.Class() {
		case types.ClassFloat:
			c.Layout, c.F64 = columnar.F64, append(c.F64, v.F)
		case types.ClassBytes:
			c.Layout, c.Bytes = columnar.Str, append(c.Bytes, v.S...)
			c.Offsets = append(c.Offsets, uint32(len(c.Bytes)))
		case types.ClassInterval:
			c.Layout, c.Spans = columnar.Spans, append(c.Spans, v.Span)
		case types.ClassUUID:
			c.Layout, c.UUID = columnar.Bytes16, append(c.UUID, [16]byte([]byte(v.S)))
		default:
			c.Layout, c.I64 = columnar.I64, append(c.I64, v.I)
		}
	}
	return c
}

// result is an output vector as the contract of function.Eval promises it.
func result(t types.Type, n int) *columnar.Vector {
	out := column(types.Value{Type: t, S: string(make([]byte, 16))}, n)
	out.Bytes, out.Offsets = nil, nil
	return out
}

// convert casts one value and gives its text, or the SQLSTATE after "!".
func convert(t *testing.T, from, to types.Type, text string, explicit bool) string {
	t.Helper()
	v, err := types.Parse(from, text)
	if err != nil {
		t.Fatalf("%s as %s: %v", text, from, err)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("no time zones: %v", err)
	}
	f, err := Lookup(from, to, explicit)
	const n = 3
	out := result(to, n)
	if err == nil {
		err = f(&function.Context{Location: zone}, column(v, n), n, []uint32{2}, out)
	}
	if err != nil {
		return "!" + string(sqlerr.StateOf(err))
	}
	return string(types.Append(nil, out.Value(2), zone))
}

// PostgreSQL 15's casts: how they round, what they cut, and what does not fit. The zone is Berlin's.
func TestPostgreSQLCasts(t *testing.T) {
	varchar, char := types.Type{Kind: types.Varchar, Length: 3}, types.Type{Kind: types.Char, Length: 3}
	num := types.TNumeric(5, 2)
	for _, c := range []struct {
		from, to   types.Type
		text, want string
		explicit   bool
	}{
		{types.TDouble, types.TInteger, "2.5", "2", true},
		{types.TDouble, types.TInteger, "-3.5", "-4", true},
		{types.TDouble, types.TInteger, "2147483647.5", "!22003", true},
		{types.TDouble, types.TInteger, "NaN", "!22003", true},
		{types.TDouble, types.TReal, "1e39", "!22003", true},
		{types.TDouble, types.TReal, "0.1", "0.1", true},
		{types.TDouble, num, "1.005", "1.01", true}, // through the shortest text
		{types.TDouble, num, "999.999", "!22003", true},
		{num, types.TInteger, "2.50", "3", true},
		{num, types.TInteger, "-2.50", "-3", true},
		{types.TNumeric(20, 0), types.TBigInt, "9223372036854775807", "9223372036854775807", true},
		{types.TNumeric(10, 0), types.TSmallInt, "32768", "!22003", true},
		{num, types.TNumeric(3, 1), "12.35", "12.4", true},
		{num, types.TNumeric(3, 1), "123.45", "!22003", true},
		{num, types.TDouble, "1.10", "1.1", true},
		{types.TBigInt, types.TInteger, "2147483648", "!22003", true},
		{types.TInteger, types.TBoolean, "-7", "t", true},
		{types.TBoolean, types.TInteger, "true", "1", true},
		{types.TBoolean, types.TText, "true", "true", true},
		{types.TText, types.TInteger, " 42 ", "42", true},
		{types.TText, types.TInteger, "4 2", "!22P02", true},
		{types.TText, types.TBoolean, "YeS", "t", true},
		{types.TText, types.TDate, "2024-02-30", "!22008", true},
		{types.TText, types.TUUID, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", true},
		{types.TText, varchar, "abcd", "abc", true},
		{types.TText, varchar, "abcd", "!22001", false},
		{types.TText, varchar, "abc  ", "abc", false},
		{types.TText, varchar, "日本語文", "日本語", true},
		{types.TText, char, "a", "a  ", true},
		{types.TInteger, varchar, "1234", "123", true},
		{types.TInteger, varchar, "1234", "!22001", false},
		{types.TDate, types.TTimestamp, "2024-02-29", "2024-02-29 00:00:00", true},
		{types.TDate, types.TTimestampTZ, "2024-07-01", "2024-07-01 00:00:00+02", true},
		{types.TTimestamp, types.TDate, "1969-12-31 23:59:59.999999", "1969-12-31", true},
		{types.TTimestamp, types.TTime, "1969-12-31 23:59:59", "23:59:59", true},
		{types.TTimestamp, types.TTimestampTZ, "2024-01-01 12:00:00", "2024-01-01 12:00:00+01", true},
		{types.TTimestampTZ, types.TDate, "2024-06-30 22:30:00+00", "2024-07-01", true},
		{types.TTimestampTZ, types.TTimestamp, "2024-06-30 22:30:00+00", "2024-07-01 00:30:00", true},
		{types.TTime, types.TInterval, "01:02:03", "01:02:03", true},
		{types.TInterval, types.TTime, "1 day -01:00:00", "23:00:00", true},
		{types.TInterval, types.TText, "1 year -2 days", "1 year -2 days", true},
		{types.TDate, types.TInteger, "2024-01-01", "!42846", true},
		{types.TBoolean, types.TBigInt, "true", "!42846", true},
	} {
		if got := convert(t, c.from, c.to, c.text, c.explicit); got != c.want {
			t.Errorf("%q from %s to %s (explicit %t): %q, want %q", c.text, c.from, c.to, c.explicit, got, c.want)
		}
	}
}
