package parser

import (
	"fmt"
	"strings"
	"testing"
)

const pricingSummary = `select l_returnflag, l_linestatus, sum(l_quantity) as sum_qty, sum(l_extendedprice) as sum_base_price,
 sum(l_extendedprice * (1 - l_discount)) as sum_disc_price, sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as sum_charge,
 avg(l_quantity) as avg_qty, avg(l_extendedprice) as avg_price, avg(l_discount) as avg_disc, count(*) as count_order
 from lineitem where l_shipdate <= date '1998-12-01' - interval '90' day
 group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus`

const minimumCostSupplier = `select s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
 from part, supplier, partsupp, nation, region
 where p_partkey = ps_partkey and s_suppkey = ps_suppkey and p_size = 15 and p_type like '%BRASS' and s_nationkey = n_nationkey
 and n_regionkey = r_regionkey and r_name = 'EUROPE' and ps_supplycost = (select min(ps_supplycost)
 from partsupp, supplier, nation, region where p_partkey = ps_partkey and s_suppkey = ps_suppkey and s_nationkey = n_nationkey
 and n_regionkey = r_regionkey and r_name = 'EUROPE')
 order by s_acctbal desc, n_name, s_name, p_partkey limit 100`

const waitingSuppliers = `select s_name, count(*) as numwait from supplier, lineitem l1, orders, nation
 where s_suppkey = l1.l_suppkey and o_orderkey = l1.l_orderkey and o_orderstatus = 'F' and l1.l_receiptdate > l1.l_commitdate
 and exists (select * from lineitem l2 where l2.l_orderkey = l1.l_orderkey and l2.l_suppkey <> l1.l_suppkey)
 and not exists (select * from lineitem l3 where l3.l_orderkey = l1.l_orderkey and l3.l_suppkey <> l1.l_suppkey
 and l3.l_receiptdate > l3.l_commitdate) and s_nationkey = n_nationkey and n_name = 'SAUDI ARABIA'
 group by s_name order by numwait desc, s_name limit 100`

func benchmarkText(b *testing.B, text string) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPricingSummary(b *testing.B)      { benchmarkText(b, pricingSummary) }
func BenchmarkMinimumCostSupplier(b *testing.B) { benchmarkText(b, minimumCostSupplier) }
func BenchmarkWaitingSuppliers(b *testing.B)    { benchmarkText(b, waitingSuppliers) }
func BenchmarkFlatBegin(b *testing.B)           { benchmarkText(b, "BEGIN ISOLATION LEVEL REPEATABLE READ") }
func BenchmarkFlatSet(b *testing.B)             { benchmarkText(b, "SET search_path TO a, b") }

// valuesText is an INSERT of about size bytes with the usual mix of literals.
func valuesText(size int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO t (a, b, c, d, e) VALUES ")
	for i := 0; b.Len() < size; i++ {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%d, -%d.25, 'a text of row %d', NULL, true)", i, i%1000, i)
	}
	return b.String()
}

func BenchmarkValues1MB(b *testing.B) { benchmarkText(b, valuesText(1<<20)) }

func BenchmarkLexOnly(b *testing.B) {
	text := valuesText(1 << 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		lex(text, defaultDepth)
	}
}
