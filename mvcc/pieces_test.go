package mvcc

import (
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// Statistics made of pieces must be those of one look at all rows, for views of any length.
func TestZonePiecesAgainstOneScan(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	s, err := Open(nil, "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	id := s.NewID()
	def := ColumnDef{FieldID: 1, Name: "a", Type: types.TInteger}
	var txns []*Txn
	for i := range 120 {
		txn := s.Begin(TxnOptions{})
		if i == 0 {
			if err := txn.CreateTable(id, "t", Schema{Columns: []ColumnDef{def}}); err != nil {
				t.Fatal(err)
			}
		}
		b := segment.NewColumnBuilder(def.Type)
		for range 1 + rng.IntN(40)*rng.IntN(2) {
			v := types.Int(def.Type, int64(rng.IntN(1000))-300)
			v.Null = rng.IntN(10) == 0
			b.Append(ConstVector(def.Type, v), nil)
		}
		if err := txn.Append(id, &columnar.Batch{Len: b.Rows(), Cols: []*columnar.Vector{b.View(b.Rows())}}); err != nil {
			t.Fatal(err)
		}
		if _, err := txn.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		txns = append(txns, s.Begin(TxnOptions{}))
		compareStats(t, txns[rng.IntN(len(txns))], id)
		compareStats(t, txns[i], id)
	}
	for _, txn := range txns {
		txn.Rollback()
	}
}

func compareStats(t *testing.T, txn *Txn, id TableID) {
	t.Helper()
	table, err := txn.Table(id)
	if err != nil {
		t.Fatal(err)
	}
	view := table.Chunks()[0]
	pieces := view.openZones()
	for i := 1; i < len(pieces)-1; i++ {
		from := 0
		if i > 1 {
			from = pieces[i-2].to
		}
		if long, short := pieces[i-1].to-from, pieces[i].to-pieces[i-1].to; long < short {
			t.Fatalf("a piece of %d rows before one of %d", long, short)
		}
	}
	whole := newZoneMerge(types.TInteger)
	whole.add(view.describeColumn(0, 0, view.rows), view.rows, false)
	want := whole.finish()
	stats, _ := table.stats(nil)
	got := stats.Columns[0]
	if got.Min != want.Min || got.Max != want.Max || got.NullFraction != want.NullFraction || !got.Exact {
		t.Fatalf("%d rows in %d pieces: %+v, want %+v", view.rows, len(pieces), got, want)
	}
	if got.Distinct < want.Distinct*0.9 || got.Distinct > want.Distinct*1.1+1 {
		t.Fatalf("%d rows: %.0f different values, want %.0f", view.rows, got.Distinct, want.Distinct)
	}
}
