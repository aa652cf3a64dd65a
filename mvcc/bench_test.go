package mvcc_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/bench/tpch/dbgen"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

// fieldTypes maps the generator's kinds.
var fieldTypes = map[dbgen.Kind]types.Type{
	dbgen.BigInt: types.TBigInt, dbgen.Integer: types.TInteger, dbgen.Decimal: types.TNumeric(15, 2),
	dbgen.Date: types.TDate, dbgen.Text: types.TText, dbgen.Dict: types.TText,
}

// primaryKeys are the columns of each table's key, as numbers.
var primaryKeys = map[dbgen.Table][]int32{
	dbgen.Region: {1}, dbgen.Nation: {1}, dbgen.Supplier: {1}, dbgen.Customer: {1}, dbgen.Part: {1},
	dbgen.PartSupp: {1, 2}, dbgen.Orders: {1}, dbgen.Lineitem: {1, 4},
}

// tpchBatches turns generated columns into batches.
type tpchBatches struct {
	dicts []*columnar.Dictionary
	ints  [][]int64
}

func newTPCHBatches(t dbgen.Table) *tpchBatches {
	b := &tpchBatches{dicts: make([]*columnar.Dictionary, len(t.Fields())), ints: make([][]int64, len(t.Fields()))}
	for i, f := range t.Fields() {
		if f.Kind != dbgen.Dict {
			continue
		}
		values := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Offsets: []uint32{0}, Shared: true}
		for _, s := range f.Dict.Values {
			values.Bytes = append(values.Bytes, s...)
			values.Offsets = append(values.Offsets, uint32(len(values.Bytes)))
			values.Len++
		}
		b.dicts[i] = &columnar.Dictionary{Values: values}
	}
	return b
}

func (b *tpchBatches) batch(c *dbgen.Columns, ints [][]int64) *columnar.Batch {
	out := &columnar.Batch{Len: c.Rows}
	for i, col := range c.Cols {
		v := &columnar.Vector{Type: fieldTypes[col.Kind], Len: c.Rows}
		switch col.Kind {
		case dbgen.BigInt, dbgen.Decimal:
			v.Layout, v.I64 = columnar.I64, col.I64
		case dbgen.Integer, dbgen.Date:
			ints[i] = ints[i][:0]
			for _, x := range col.I32 {
				ints[i] = append(ints[i], int64(x))
			}
			v.Layout, v.I64 = columnar.I64, ints[i]
		case dbgen.Dict:
			v.Enc, v.Layout, v.U8, v.Dict = columnar.Dict, columnar.U8, col.Codes, b.dicts[i]
		case dbgen.Text:
			v.Layout, v.Offsets, v.Bytes = columnar.Str, col.Offsets, col.Bytes
		}
		out.Cols = append(out.Cols, v)
	}
	return out
}

// loadTPCH generates and loads all tables, with keys, and gives the time spent apart from generation.
func loadTPCH(t testing.TB, s *mvcc.Store, sf float64) map[dbgen.Table]mvcc.TableID {
	g, err := dbgen.New(dbgen.Options{Scale: sf})
	must(t, err)
	ids := map[dbgen.Table]mvcc.TableID{}
	for _, table := range dbgen.Tables() {
		var schema mvcc.Schema
		for i, f := range table.Fields() {
			schema.Columns = append(schema.Columns, mvcc.ColumnDef{FieldID: int32(i) + 1, Name: f.Name, Type: fieldTypes[f.Kind], NotNull: true})
		}
		schema.Keys = []mvcc.Key{{Name: table.String() + "_pkey", Fields: primaryKeys[table]}}
		txn := s.Begin(mvcc.TxnOptions{})
		ids[table] = s.NewID()
		must(t, txn.CreateTable(ids[table], table.String(), schema))
		w, err := txn.Writer(ids[table])
		must(t, err)
		loadTable(t, g, table, w)
		must(t, w.Finish(context.Background()))
		commit(t, txn)
	}
	return ids
}

// loadTable fills one table on all processors, each with a run of neighbouring chunks of the generator.
func loadTable(t testing.TB, g *dbgen.Generator, table dbgen.Table, w *mvcc.BulkWriter) {
	chunks := g.Chunks(table)
	batches := newTPCHBatches(table)
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			a := w.Appender(worker)
			var c dbgen.Columns
			ints := make([][]int64, len(table.Fields()))
			for _, chunk := range chunks[worker*len(chunks)/workers : (worker+1)*len(chunks)/workers] {
				g.Fill(chunk, &c)
				if err := a.Append(batches.batch(&c, ints)); err != nil {
					t.Error(err)
					return
				}
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// BenchmarkTPCH generates and loads TPC-H with its primary keys onto the disk, opens it again and reads
// every column from the files.
func BenchmarkTPCH(b *testing.B) {
	for _, sf := range []float64{0.1, 1} {
		b.Run(fmt.Sprint("sf=", sf), func(b *testing.B) {
			for range b.N {
				dir, err := os.MkdirTemp("", "oxidb-bench")
				must(b, err)
				defer os.RemoveAll(dir)
				benchTPCH(b, filepath.Join(dir, "db"), sf)
			}
		})
	}
}

func benchTPCH(b *testing.B, dir string, sf float64) {
	s, err := mvcc.Open(vfs.Default, dir, mvcc.Options{})
	must(b, err)
	start := time.Now()
	ids := loadTPCH(b, s, sf)
	b.ReportMetric(time.Since(start).Seconds(), "load-s")
	start = time.Now()
	must(b, s.Close())
	b.ReportMetric(time.Since(start).Seconds(), "close-s")
	start = time.Now()
	s, err = mvcc.Open(vfs.Default, dir, mvcc.Options{})
	must(b, err)
	txn := s.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	lineitem, err := txn.Table(ids[dbgen.Lineitem])
	must(b, err)
	if lineitem.Rows() == 0 {
		b.Fatal("no rows")
	}
	b.ReportMetric(time.Since(start).Seconds(), "open-s")
	start = time.Now()
	for _, id := range ids {
		table, err := txn.Table(id)
		must(b, err)
		for _, view := range table.Chunks() {
			for _, c := range table.Schema().Columns {
				_, err := view.Column(context.Background(), c.FieldID)
				must(b, err)
			}
		}
	}
	b.ReportMetric(time.Since(start).Seconds(), "read-s")
	must(b, s.Close())
}

// BenchmarkCommit is durable commits of one row by one and by many clients.
func BenchmarkCommit(b *testing.B) {
	for _, clients := range []int{1, 32} {
		b.Run(fmt.Sprint("clients=", clients), func(b *testing.B) {
			s, err := mvcc.Open(vfs.Default, filepath.Join(b.TempDir(), "db"), mvcc.Options{})
			must(b, err)
			id := makeKeyed(b, s, 1)
			b.ResetTimer()
			var wg sync.WaitGroup
			for client := range clients {
				wg.Go(func() {
					for i := client; i < b.N; i += clients {
						txn := s.Begin(mvcc.TxnOptions{})
						must(b, txn.Append(id, pairBatch([]int64{int64(i)}, []string{"row"})))
						commit(b, txn)
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			must(b, s.Close())
		})
	}
}
