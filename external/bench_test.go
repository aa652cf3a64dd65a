package external

import (
	"os"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/types"
)

// lineitem are TPC-H's columns, for COPY FROM.
var lineitem = []catalog.Column{
	{Name: "l_orderkey", Type: types.TBigInt}, {Name: "l_partkey", Type: types.TBigInt}, {Name: "l_suppkey", Type: types.TBigInt},
	{Name: "l_linenumber", Type: types.TInteger}, {Name: "l_quantity", Type: types.TNumeric(15, 2)}, {Name: "l_extendedprice", Type: types.TNumeric(15, 2)},
	{Name: "l_discount", Type: types.TNumeric(15, 2)}, {Name: "l_tax", Type: types.TNumeric(15, 2)},
	{Name: "l_returnflag", Type: types.Type{Kind: types.Char, Length: 1}}, {Name: "l_linestatus", Type: types.Type{Kind: types.Char, Length: 1}},
	{Name: "l_shipdate", Type: types.TDate}, {Name: "l_commitdate", Type: types.TDate}, {Name: "l_receiptdate", Type: types.TDate},
	{Name: "l_shipinstruct", Type: types.Type{Kind: types.Char, Length: 25}}, {Name: "l_shipmode", Type: types.Type{Kind: types.Char, Length: 10}},
	{Name: "l_comment", Type: types.Type{Kind: types.Varchar, Length: 44}},
}

// BenchmarkLineitem reads TPC-H's lineitem from the folder that OXIDB_TPCH_FILES names, with two
// workers: as text into the table's types, and as Parquet, whole and the four columns of query 6.
func BenchmarkLineitem(b *testing.B) {
	dir := os.Getenv("OXIDB_TPCH_FILES")
	if dir == "" {
		b.Skip("OXIDB_TPCH_FILES names no folder")
	}
	for _, c := range []struct {
		name, file string
		ordinals   []int
	}{{"csv", "lineitem.csv", nil}, {"parquet", "lineitem.parquet", nil}, {"parquet4", "lineitem.parquet", []int{4, 5, 6, 10}}} {
		b.Run(c.name, func(b *testing.B) {
			req := request(dir + "/" + c.file)
			if c.name == "csv" {
				req.Columns = lineitem
			}
			info, err := os.Stat(dir + "/" + c.file)
			if err != nil {
				b.Skip(err)
			}
			b.SetBytes(info.Size())
			for b.Loop() {
				if rows := countRows(b, req, c.ordinals); rows != 6_001_215 {
					b.Fatalf("%d rows", rows)
				}
			}
		})
	}
}

func countRows(b *testing.B, req bind.FileRequest, ordinals []int) int {
	src, err := Opener{FS: vfs.Default}.Open(req)
	if err != nil {
		b.Fatal(err)
	}
	n := &plan.External{Source: src}
	for i, c := range src.Schema() {
		n.Cols = append(n.Cols, plan.Column{ID: plan.ColumnID(i + 1), Name: c.Name, Typ: c.Type, Ordinal: i})
	}
	if ordinals != nil {
		all := n.Cols
		n.Cols = nil
		for _, o := range ordinals {
			n.Cols = append(n.Cols, all[o])
		}
	}
	q := exectest.Query(b, 2)
	defer q.Close()
	op, err := Operator(n)
	if err != nil {
		b.Fatal(err)
	}
	if err := op.Prepare(q); err != nil {
		b.Fatal(err)
	}
	var rows [2]int
	err = q.Run(func(w *exec.Worker) error {
		for batch, err := range op.Stream(w) {
			if err != nil {
				return err
			}
			rows[w.ID] += batch.Rows()
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return rows[0] + rows[1]
}
