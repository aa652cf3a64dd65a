package mvcc

import (
	"bytes"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// codecFields is a column of each way to store values.
var codecFields = []ColumnDef{
	{FieldID: 1, Type: types.TBigInt}, {FieldID: 2, Type: types.TText}, {FieldID: 3, Type: types.TNumeric(30, 2)},
	{FieldID: 4, Type: types.TDouble}, {FieldID: 5, Type: types.TInterval}, {FieldID: 6, Type: types.TUUID},
}

func codecRows() rowsOf {
	rows := rowsOf{n: 3}
	for _, f := range codecFields {
		b := segment.NewColumnBuilder(f.Type)
		for _, v := range []types.Value{
			{Type: f.Type, I: 70_000, S: "some text", F: 1.5, Span: types.Span{Days: 3}},
			types.Null(f.Type),
			{Type: f.Type, I: -1, S: "", F: -2, Wide: f.Type.Class() == types.ClassDecimal, D: types.Int128{Hi: 9}},
		} {
			b.Append(ConstVector(f.Type, v), nil)
		}
		rows.cols = append(rows.cols, b.View(3))
	}
	return rows
}

// A damaged record that passes its checksum by chance must end in an error, never in a panic, and what
// decodes must encode again to the same rows.
func FuzzDecodeRows(f *testing.F) {
	f.Add(encodeRows(codecFields, codecRows()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, payload []byte) {
		rows, err := new(rowReader).rows(codecFields, payload)
		if err != nil {
			return
		}
		once := encodeRows(codecFields, rows)
		again, err := new(rowReader).rows(codecFields, once)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, encodeRows(codecFields, again)) {
			t.Fatal("encoding is not stable")
		}
	})
}

// Rows that change in the log would change with every recovery.
func TestRowsRoundTrip(t *testing.T) {
	want := codecRows()
	got, err := new(rowReader).rows(codecFields, encodeRows(codecFields, want))
	if err != nil {
		t.Fatal(err)
	}
	for c := range codecFields {
		for i := range want.n {
			if a, b := got.cols[c].Value(i), want.cols[c].Value(i); a.Null != b.Null || !a.Null && segment.Compare(a, b) != 0 {
				t.Errorf("column %d, row %d: %+v, want %+v", c, i, a, b)
			}
		}
	}
	part := rowsOf{cols: want.cols, sel: []uint32{2}, n: 1}
	got, err = new(rowReader).rows(codecFields, encodeRows(codecFields, part))
	if err != nil || got.n != 1 || got.cols[0].Value(0).I != -1 {
		t.Errorf("%+v, %v", got, err)
	}
	if n := len(encodeRows(codecFields[:2], rowsOf{cols: []*columnar.Vector{want.cols[0], want.cols[1]}, sel: []uint32{0}, n: 1})); n > 60 {
		t.Errorf("one row of two columns takes %d bytes", n)
	}
}
