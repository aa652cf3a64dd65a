package segment

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/internal/varint"
)

// A zone that changes in a manifest would prune rows that exist; bytes cut short must be an error.
func TestGroupMetaRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := GroupMeta{Rows: rapid.IntRange(0, MaxRows).Draw(t, "rows")}
		var columns []ColumnSchema
		for i := range rapid.IntRange(1, 4).Draw(t, "columns") {
			typ := rapid.SampledFrom(storedTypes).Draw(t, "type")
			_, z := build(typ, drawValues(t, typ)).Close(nil)
			columns = append(columns, ColumnSchema{Field: int32(i), Type: typ})
			m.Columns = append(m.Columns, ColumnMeta{Offset: int64(i) << 33, Length: 9, CRC: rapid.Uint32().Draw(t, "crc"), Dict: i%2 == 0, Zone: z})
		}
		raw := AppendGroupMeta(nil, &m)
		r := varint.NewReader(raw)
		back, err := ReadGroupMeta(r, columns)
		if err != nil || r.Len() != 0 {
			t.Fatalf("%v, %d bytes left", err, r.Len())
		}
		for i := range m.Columns {
			a, b := *m.Columns[i].Zone, *back.Columns[i].Zone
			if a.sketchFollows() && a.AddTo(nil).Estimate() != b.AddTo(nil).Estimate() {
				t.Fatal("the sketch of all values changed")
			}
			if !sameBound(a.Min, b.Min) || !sameBound(a.Max, b.Max) || !reflect.DeepEqual(a.Common, b.Common) && len(a.Common)+len(b.Common) > 0 ||
				a.Exact != b.Exact || a.Nulls != b.Nulls || a.Sorted != b.Sorted || a.Distinct != b.Distinct || a.Bytes != b.Bytes {
				t.Fatalf("%+v became %+v", a, b)
			}
			x, y := m.Columns[i], back.Columns[i]
			if x.Zone, y.Zone = nil, nil; x != y {
				t.Fatalf("%+v became %+v", x, y)
			}
		}
		cut := rapid.IntRange(0, len(raw)-1).Draw(t, "cut")
		if _, err := ReadGroupMeta(varint.NewReader(raw[:cut]), columns); err == nil {
			t.Fatalf("%d of %d bytes were enough", cut, len(raw))
		}
	})
}
