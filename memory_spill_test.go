package oxidb_test

import (
	"fmt"
	"testing"

	"github.com/oxidb/oxidb"
)

// spilling are queries whose state does not fit a small memory, in the kinds of operator that use files.
// Each gives few rows in a fixed order.
var spilling = map[string]string{
	"sort":               "SELECT count(*), sum(k), min(t) FROM (SELECT k, t FROM facts ORDER BY t, k LIMIT 200000 OFFSET 10) AS s",
	"group by":           "SELECT count(*), sum(n), max(m) FROM (SELECT k, count(*) AS n, max(t) AS m FROM facts GROUP BY k) AS g",
	"group by text":      "SELECT count(*), max(n) FROM (SELECT t, count(*) AS n FROM facts GROUP BY t) AS g",
	"a hot group":        "SELECT count(*), max(n), max(m) FROM (SELECT hot, count(*) AS n, max(t) AS m FROM facts GROUP BY hot) AS g",
	"distinct":           "SELECT count(*) FROM (SELECT DISTINCT k, t FROM facts) AS d",
	"distinct on":        "SELECT count(*), sum(x) FROM (SELECT DISTINCT ON (k) k, x FROM facts ORDER BY k, x) AS d",
	"join":               "SELECT count(*), sum(a.x - b.x), max(b.t) FROM facts AS a JOIN facts AS b ON a.x = b.x",
	"left join":          "SELECT count(*), count(b.t) FROM facts AS a LEFT JOIN facts AS b ON a.x = b.x + 100000 AND b.t <> 'x'",
	"full join":          "SELECT count(*), count(a.t), count(b.t) FROM facts AS a FULL JOIN facts AS b ON a.x = b.x + 100000",
	"a hot join key":     "SELECT count(*), sum(b.x) FROM facts AS a JOIN few AS b ON a.hot = b.hot",
	"a hot built key":    "SELECT count(*), sum(a.x), max(a.t) FROM few AS b JOIN facts AS a ON a.hot = b.hot WHERE a.t > b.t OR b.x >= 0",
	"in":                 "SELECT count(*), sum(x) FROM facts WHERE x IN (SELECT k FROM facts WHERE t > 'text 5')",
	"not in":             "SELECT count(*), sum(x) FROM facts WHERE x NOT IN (SELECT k FROM facts WHERE t > 'text 5')",
	"not in with nulls":  "SELECT count(*) FROM facts WHERE x NOT IN (SELECT nullif(k, 5) FROM facts)",
	"not exists":         "SELECT count(*), sum(x) FROM facts AS a WHERE NOT EXISTS (SELECT 1 FROM facts AS b WHERE b.k = a.x AND b.t <> a.t)",
	"union":              "SELECT count(*) FROM (SELECT k, t FROM facts UNION SELECT x, t FROM facts) AS u",
	"intersect":          "SELECT count(*) FROM (SELECT k FROM facts INTERSECT SELECT x FROM facts) AS u",
	"intersect all":      "SELECT count(*), sum(few) FROM (SELECT few, k FROM facts INTERSECT ALL SELECT few, k FROM facts) AS u",
	"except":             "SELECT count(*), sum(x) FROM (SELECT x FROM facts EXCEPT SELECT k FROM facts) AS u",
	"window by key":      "SELECT count(*), sum(n), max(r) FROM (SELECT sum(x) OVER (PARTITION BY k) AS n, rank() OVER (PARTITION BY k ORDER BY t) AS r FROM facts) AS w",
	"joins above joins":  "SELECT count(*), max(c.t) FROM facts AS a JOIN facts AS b ON a.x = b.k JOIN facts AS c ON c.x = b.x",
	"strings aggregated": "SELECT few, length(string_agg(t, ',' ORDER BY x)) FROM facts WHERE x < 20000 GROUP BY few ORDER BY few",
}

// A query that has too little memory must give what it gives with much; it may not fail, and must leave
// nothing behind.
func TestLittleMemoryGivesTheSameAnswers(t *testing.T) {
	db, err := oxidb.Open(t.Context(), t.TempDir(), oxidb.Threads(2))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	create(t, db, `CREATE TABLE facts AS SELECT x, x::bigint * 7919 % 150000 AS k, 'text ' || x::bigint * 31 % 90000 AS t, x % 7 AS few,
		CASE WHEN x % 10 = 0 THEN x ELSE -1 END AS hot FROM generate_series(1, 300000) AS g(x)`)
	create(t, db, "CREATE TABLE few AS SELECT x, t, hot FROM facts WHERE x <= 20")
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, query := range spilling {
		t.Run(name, func(t *testing.T) {
			want := fmt.Sprint(cells(t, db, query))
			s, err := db.Session()
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Set("memory_limit", "32MiB"); err != nil {
				t.Fatal(err)
			}
			r, err := s.Query(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			var got [][]any
			for row, err := range r.Rows() {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, append([]any(nil), row...))
			}
			if fmt.Sprint(got) != want {
				t.Errorf("got %v, not %s", got, want)
			}
		})
	}
	if left := cells(t, db, "SELECT * FROM oxidb_memory WHERE holder = 'query'"); len(left) != 0 {
		t.Errorf("still there: %v", left)
	}
}

func create(t *testing.T, db *oxidb.DB, sql string) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
