package tpch

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/oxidb/oxidb/bench/tpch/dbgen"
)

// TestSchemaMatchesGenerator would fail if a table's DDL and its data disagreed in name, order or type.
func TestSchemaMatchesGenerator(t *testing.T) {
	kinds := map[dbgen.Kind]string{dbgen.BigInt: "bigint", dbgen.Integer: "integer", dbgen.Decimal: "decimal(15,2)",
		dbgen.Date: "date", dbgen.Text: "text", dbgen.Dict: "text"}
	statements := Schema()
	if len(statements) != len(Tables()) {
		t.Fatalf("%d statements", len(statements))
	}
	for i, table := range dbgen.Tables() {
		var want strings.Builder
		want.WriteString("create table " + Tables()[i] + " (\n")
		for _, f := range table.Fields() {
			want.WriteString("    " + f.Name + " " + kinds[f.Kind] + " not null,\n")
		}
		if !strings.HasPrefix(statements[i], want.String()+"    primary key (") {
			t.Errorf("got %s\nwant %s", statements[i], want.String())
		}
	}
}

// TestQueries would fail if a query were missing, out of place or without a semicolon.
func TestQueries(t *testing.T) {
	queries := Queries()
	begins := regexp.MustCompile(`(?s)^-- [A-Z].*?\n(select|with)\n?.*;\n$`)
	seen := map[string]bool{}
	for i, q := range queries {
		if !begins.MatchString(q) || seen[q] {
			t.Errorf("Q%d: %s", i+1, q)
		}
		seen[q] = true
	}
	if len(queries) != QueryCount || !strings.Contains(queries[16], "0.2 * avg(l_quantity)") {
		t.Errorf("%d queries, Q17 is %s", len(queries), queries[16])
	}
}

// TestParquet would fail if a file lost rows or values, or its row groups, codec or decimals were others
// than promised.
func TestParquet(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	const scale = 0.05
	if err := WriteParquet(dir, scale); err != nil {
		t.Fatal(err)
	}
	g, err := dbgen.New(dbgen.Options{Scale: scale})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range dbgen.Tables() {
		reader, err := file.OpenParquetFile(filepath.Join(dir, table.String()+".parquet"), false)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		checkLayout(t, reader, table)
		arrowReader, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		group := 0
		for want, err := range g.Records(ctx, table) {
			if err != nil {
				t.Fatal(err)
			}
			got, err := arrowReader.RowGroup(group).ReadTable(ctx, allColumns(table))
			if err != nil {
				t.Fatal(err)
			}
			for i, column := range want.Columns() {
				if !array.ChunkedEqual(got.Column(i).Data(), arrow.NewChunked(column.DataType(), []arrow.Array{column})) {
					t.Errorf("%s: column %d of row group %d differs", table, i, group)
				}
			}
			group++
		}
		if group != reader.NumRowGroups() {
			t.Errorf("%s has %d row groups, want %d", table, reader.NumRowGroups(), group)
		}
	}
}

func checkLayout(t *testing.T, reader *file.Reader, table dbgen.Table) {
	t.Helper()
	for i, f := range table.Fields() {
		column := reader.MetaData().Schema.Column(i)
		chunk, err := reader.MetaData().RowGroup(0).ColumnChunk(i)
		if err != nil {
			t.Fatal(err)
		}
		if chunk.Compression().String() != "SNAPPY" {
			t.Errorf("%s is compressed by %s", f.Name, chunk.Compression())
		}
		if f.Kind == dbgen.Decimal && column.PhysicalType() != parquet.Types.Int64 {
			t.Errorf("%s is stored as %s", f.Name, column.PhysicalType())
		}
	}
}

func allColumns(table dbgen.Table) (positions []int) {
	for i := range table.Fields() {
		positions = append(positions, i)
	}
	return positions
}

// TestFormats would fail if WriteFiles ignored its format or list of tables, or accepted nonsense.
func TestFormats(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	for _, format := range []Format{CSV, TBL} {
		if err := WriteFiles(ctx, dir, 0.01, format, dbgen.Nation); err != nil {
			t.Fatal(err)
		}
	}
	for name, first := range map[string]string{"nation.csv": "n_nationkey,n_name,n_regionkey,n_comment", "nation.tbl": "0|ALGERIA|0|"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.HasPrefix(string(data), first) {
			t.Errorf("%s: %v, begins %.40q", name, err, data)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	if WriteFiles(ctx, dir, 0.01, "xls", dbgen.Nation) == nil || WriteFiles(ctx, dir, 0, TBL, dbgen.Nation) == nil {
		t.Error("nonsense is accepted")
	}
	if slices.Contains(Tables(), "") {
		t.Error("a table has no name")
	}
}
