package arrowio

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"
)

// Slices of arrays begin at any bit of their bitmap: a NULL must stay where it is.
func TestNullsOfSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		valid := rapid.SliceOfN(rapid.Bool(), 1, 300).Draw(t, "valid")
		b := array.NewInt32Builder(memory.DefaultAllocator)
		for i, ok := range valid {
			b.AppendValues([]int32{int32(i)}, []bool{ok})
		}
		from := rapid.IntRange(0, len(valid)-1).Draw(t, "from")
		to := rapid.IntRange(from, len(valid)).Draw(t, "to")
		v, err := Vector(array.NewSlice(b.NewArray(), int64(from), int64(to)))
		if err != nil {
			t.Fatal(err)
		}
		for i := range v.Len {
			if v.IsNull(i) == valid[from+i] || valid[from+i] && v.Int(i) != int64(from+i) {
				t.Fatalf("row %d is %+v", i, v.Value(i))
			}
		}
		if rest := v.Len & 63; v.Valid != nil && rest != 0 && v.Valid[len(v.Valid)-1]>>rest != 0 {
			t.Fatal("bits beyond the last row are set")
		}
	})
}

// Units of time must become microseconds, whatever way of scaling they take.
func TestTimesBecomeMicroseconds(t *testing.T) {
	for unit, want := range map[arrow.TimeUnit]int64{arrow.Second: 7_000_000, arrow.Millisecond: 7000, arrow.Microsecond: 7, arrow.Nanosecond: 0} {
		b := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: unit})
		b.Append(7)
		v, err := Vector(b.NewArray())
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Int(0); got != want {
			t.Errorf("7 of unit %v are %d microseconds, want %d", unit, got, want)
		}
	}
}
