package oxidb_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/oxidb/oxidb"
)

// What CLUSTER BY is for: a range of its columns must cost little of the table, also when the rows came in
// no order, and after rows were added, deleted and the database was closed.
func TestClusteredTablesAreReadInPart(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	// 24 chunks, each with values from all over the range.
	const rows, query = 24 * 122_880, "SELECT count(*), sum(v) FROM %s WHERE k BETWEEN 500000 AND 520000"
	exec("CREATE TABLE scattered (k integer, v integer)")
	exec(fmt.Sprintf("INSERT INTO scattered SELECT ((i::bigint * 48271) %% 1000003)::integer, i FROM generate_series(1, %d) AS g(i)", rows))
	exec("ALTER TABLE scattered CLUSTER BY (k)")
	scannedOf := func(table string) (int64, string) {
		t.Helper()
		r, err := db.Query(ctx, fmt.Sprintf(query, table))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		answer := ""
		for batch, err := range r.Batches() {
			if err != nil {
				t.Fatal(err)
			}
			answer += batch.Column(0).String() + batch.Column(1).String()
		}
		return r.RowsScanned(), answer
	}
	scanned := func() (int64, string) { t.Helper(); return scannedOf("scattered") }
	before, want := scanned()
	if before != rows {
		t.Errorf("%d rows were read before, of %d", before, rows)
	}
	exec("CREATE TABLE loaded (k integer, v integer) CLUSTER BY (k)")
	exec("INSERT INTO loaded SELECT * FROM scattered")
	if once, got := scannedOf("loaded"); once > rows/10 || got != want {
		t.Errorf("of rows that came at once %d of %d were read, answer %s, want %s", once, rows, got, want)
	}
	exec("VACUUM scattered")
	after, got := scanned()
	if after > rows/3 || got != want {
		t.Errorf("after VACUUM %d rows of %d were read, answer %s, want %s", after, rows, got, want)
	}
	exec("VACUUM FULL scattered")
	if after, got = scanned(); after > rows/10 || got != want {
		t.Errorf("after VACUUM FULL %d rows of %d were read, answer %s, want %s", after, rows, got, want)
	}
	exec("DELETE FROM scattered WHERE k < 300000")
	exec("VACUUM FULL")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = oxidb.Open(ctx, dir); err != nil {
		t.Fatal(err)
	}
	if after, got = scanned(); after > rows/10 || got != want {
		t.Errorf("after a restart %d rows were read, answer %s, want %s", after, got, want)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
