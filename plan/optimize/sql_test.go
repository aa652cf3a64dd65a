package optimize

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/function/builtin"
	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// sqlCatalog is a catalog in the test's memory with statistics of its own.
type sqlCatalog struct {
	tables []*catalog.Table
	views  []*catalog.View
	stats  map[string]*catalog.TableStats
}

func (m *sqlCatalog) Version() uint64                                   { return 0 }
func (m *sqlCatalog) SearchPath() []string                              { return []string{catalog.DefaultSchema} }
func (m *sqlCatalog) HasSchema(s string) bool                           { return s == catalog.DefaultSchema }
func (m *sqlCatalog) Tables() []*catalog.Table                          { return m.tables }
func (m *sqlCatalog) Views() []*catalog.View                            { return m.views }
func (m *sqlCatalog) Schemas() []string                                 { return []string{catalog.DefaultSchema} }
func (m *sqlCatalog) Sequences() []*catalog.Sequence                    { return nil }
func (m *sqlCatalog) Sequence(string, string) (*catalog.Sequence, bool) { return nil, false }
func (m *sqlCatalog) ByID(catalog.ID) (*catalog.Table, bool)            { return nil, false }
func (m *sqlCatalog) References(catalog.ID) []catalog.Reference         { return nil }
func (m *sqlCatalog) Stats(t *catalog.Table) *catalog.TableStats {
	if s := m.stats[t.Name]; s != nil {
		return s
	}
	return &catalog.TableStats{Rows: 1000, Columns: make([]catalog.ColumnStats, len(t.Columns))}
}

func (m *sqlCatalog) Table(schema, name string) (*catalog.Table, bool) {
	for _, t := range m.tables {
		if t.Name == name {
			return t, true
		}
	}
	return nil, false
}

func (m *sqlCatalog) View(schema, name string) (*catalog.View, bool) {
	for _, v := range m.views {
		if v.Name == name {
			return v, true
		}
	}
	return nil, false
}

func (m *sqlCatalog) bind(sql string) (plan.Statement, error) {
	stmt, err := parser.ParseOne(sql)
	if err != nil {
		return nil, err
	}
	return bind.New(m, builtin.New(), bind.Options{SQL: sql, ParseView: parser.ParseOne}).Bind(stmt)
}

// define carries CREATE TABLE, CREATE VIEW and CREATE INDEX out.
func (m *sqlCatalog) define(t testing.TB, sql string) {
	t.Helper()
	for _, text := range strings.Split(sql, ";") {
		if strings.TrimSpace(text) == "" {
			continue
		}
		s, err := m.bind(text)
		if err != nil {
			t.Fatal(sqlerr.Render(err, text))
		}
		c := s.(*plan.Command)
		if c.Table != nil && c.Table.ID != 0 { // CREATE INDEX
			m.tables[c.Table.ID-1] = c.Table
		} else if c.Table != nil {
			c.Table.ID = catalog.ID(len(m.tables) + 1)
			m.tables = append(m.tables, c.Table)
		}
		if c.View != nil {
			m.views = append(m.views, c.View)
		}
	}
}

// root binds a query.
func (m *sqlCatalog) root(t testing.TB, sql string) plan.Node {
	t.Helper()
	s, err := m.bind(strings.TrimSuffix(strings.TrimSpace(sql), ";"))
	if err != nil {
		t.Fatal(sqlerr.Render(err, sql))
	}
	return s.(*plan.Query).Root
}

func (m *sqlCatalog) env() Env {
	return Env{Stats: m.Stats, Fold: foldByEngine, Aggregate: builtin.New().Aggregate}
}

// foldByEngine evaluates a constant expression with exec/expr.
func foldByEngine(e plan.Expr) (types.Value, error) {
	q := exec.NewQuery(context.Background(), exec.Options{Workers: 1, Function: &function.Context{Location: time.UTC}})
	defer q.Close()
	var value types.Value
	err := q.RunOn(1, func(w *exec.Worker) error {
		ev, err := expr.Compile(e, nil, w)
		if err != nil {
			return err
		}
		v, err := ev.Eval(&columnar.Batch{Len: 1})
		if err != nil {
			return err
		}
		value = v.Value(0)
		return nil
	})
	return value, err
}

// tpch is the TPC-H schema with the statistics of scale factor 1.
func tpch(t testing.TB) *sqlCatalog {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "bench", "tpch", "schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	m := &sqlCatalog{stats: map[string]*catalog.TableStats{}}
	m.define(t, string(text))
	for _, tab := range m.tables {
		m.stats[tab.Name] = scaleOne(tab)
	}
	return m
}

var scaleOneRows = map[string]float64{
	"region": 5, "nation": 25, "supplier": 10000, "customer": 150000, "part": 200000, "partsupp": 800000, "orders": 1500000, "lineitem": 6001215,
}

// scaleOneColumns: distinct values and, where it matters, the range in the column's carrier.
var scaleOneColumns = map[string][3]float64{
	"r_regionkey": {5, 0, 4}, "r_name": {5}, "n_nationkey": {25, 0, 24}, "n_name": {25}, "n_regionkey": {5, 0, 4},
	"s_suppkey": {10000, 1, 10000}, "s_name": {10000}, "s_nationkey": {25, 0, 24}, "s_acctbal": {9955, -99822, 999972}, "s_address": {10000}, "s_phone": {10000}, "s_comment": {10000},
	"c_custkey": {150000, 1, 150000}, "c_nationkey": {25, 0, 24}, "c_mktsegment": {5}, "c_acctbal": {140187, -99999, 999999}, "c_phone": {150000}, "c_name": {150000}, "c_address": {150000}, "c_comment": {149968},
	"p_partkey": {200000, 1, 200000}, "p_brand": {25}, "p_type": {150}, "p_size": {50, 1, 50}, "p_container": {40}, "p_mfgr": {5}, "p_name": {199997}, "p_retailprice": {20899, 90100, 209899},
	"ps_partkey": {200000, 1, 200000}, "ps_suppkey": {10000, 1, 10000}, "ps_availqty": {9999, 1, 9999}, "ps_supplycost": {99901, 100, 100000},
	"o_orderkey": {1500000, 1, 6000000}, "o_custkey": {99996, 1, 149999}, "o_orderstatus": {3}, "o_orderdate": {2406, 8035, 10440}, "o_orderpriority": {5}, "o_shippriority": {1, 0, 0}, "o_totalprice": {1464556, 85771, 55528516},
	"l_orderkey": {1500000, 1, 6000000}, "l_partkey": {200000, 1, 200000}, "l_suppkey": {10000, 1, 10000}, "l_linenumber": {7, 1, 7}, "l_quantity": {50, 100, 5000},
	"l_discount": {11, 0, 10}, "l_tax": {9, 0, 8}, "l_shipdate": {2526, 8036, 10561}, "l_commitdate": {2466, 8065, 10530}, "l_receiptdate": {2554, 8037, 10591},
	"l_returnflag": {3}, "l_linestatus": {2}, "l_shipinstruct": {4}, "l_shipmode": {7}, "l_extendedprice": {933900, 90100, 10494950},
}

func scaleOne(tab *catalog.Table) *catalog.TableStats {
	s := &catalog.TableStats{Rows: scaleOneRows[tab.Name], Columns: make([]catalog.ColumnStats, len(tab.Columns))}
	for i, c := range tab.Columns {
		known := scaleOneColumns[c.Name]
		col := &s.Columns[i]
		col.Distinct = known[0]
		col.Min, col.Max = types.Null(c.Type), types.Null(c.Type)
		if known[1] != 0 || known[2] != 0 {
			col.Min, col.Max = types.Int(c.Type, int64(known[1])), types.Int(c.Type, int64(known[2]))
		}
		col.Sorted = c.Name == "l_orderkey" || c.Name == "o_orderkey"
	}
	return s
}

// tpchQuery reads one of the 22.
func tpchQuery(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "bench", "tpch", "queries", name+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
