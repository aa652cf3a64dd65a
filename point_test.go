package oxidb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oxidb/oxidb"
)

// BenchmarkPointSelect is a prepared point query through the primary key of a million rows, in memory
// and sealed on disk.
func BenchmarkPointSelect(b *testing.B) {
	for _, place := range []string{"memory", "disk"} {
		b.Run(place, func(b *testing.B) { benchmarkPoint(b, place) })
	}
}

func benchmarkPoint(b *testing.B, place string) {
	const rows = 1_000_000
	dir := ""
	if place == "disk" {
		dir = b.TempDir()
	}
	ctx := context.Background()
	db := must(oxidb.Open(ctx, dir))
	defer db.Close()
	s := must(db.Session())
	defer s.Close()
	for _, sql := range []string{
		"CREATE TABLE t (id bigint PRIMARY KEY, name text, price numeric(12,2), at date)",
		"INSERT INTO t SELECT i, 'name ' || i, i * 1.25, DATE '2020-01-01' + (i % 1000)::int FROM generate_series(1, 1000000) AS g(i)",
		"CHECKPOINT",
	} {
		if _, err := s.Exec(ctx, sql); err != nil {
			b.Fatal(err)
		}
	}
	p := must(s.Prepare(ctx, "SELECT * FROM t WHERE id = $1"))
	point := func(id int64) {
		n, err := must(p.Query(ctx, id)).Drain()
		if err != nil || n != 1 {
			b.Fatal(n, err)
		}
	}
	for id := int64(1); id <= rows; id += 10_000 {
		point(id)
	}
	var times []time.Duration
	b.ReportAllocs()
	id := int64(12345)
	for b.Loop() {
		id = (id*7919 + 1) % rows
		start := time.Now()
		point(id + 1)
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds()), "p99-ns")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A seek that misses a row, or finds one that the transaction does not see, answers wrongly without a
// sign: each table with a key must answer as its twin without one, in every state of its rows.
func TestSeekAnswersAsAScan(t *testing.T) {
	keys := map[string]struct{ columns, key, make, where string }{
		"smallint":  {"a smallint", "a", "i::smallint", "a = 7 | a = 3000 | a = 40000 | a = NULL | a = -1 | a = 7 AND n > 100 | a = 7 AND a = 8"},
		"integer":   {"a int", "a", "i::int", "a = 7 | 3000 = a | a = 3000000000 | a = NULL | a = 7.0 | a = 7.5"},
		"bigint":    {"a bigint", "a", "i::bigint * 1000000007", "a = 7000000049 | a = 7 | a = 9223372036854775807"},
		"numeric":   {"a numeric(12,2)", "a", "i * 0.25", "a = 1.75 | a = 1.750 | a = 1.751 | a = 750 | a = 99999999999999999"},
		"wide":      {"a numeric(38,2)", "a", "i::numeric(38,2) * 10000000000000000000000", "a = 70000000000000000000000 | a = 7"},
		"double":    {"a double precision", "a", "(i - 10) / 2.0::double precision", "a = -1.5 | a = 0 | a = '-0' | a = 1.5 | a = 'NaN'"},
		"real":      {"a real", "a", "(i / 2.0)::real", "a = 3.5 | a = 3.5::real | a = 0.1"},
		"text":      {"a text", "a", "'k' || i", "a = 'k7' | a = 'k3000' | a = 'k7 ' | a = '' | a = 'zz'"},
		"varchar":   {"a varchar(9)", "a", "'k' || i", "a = 'k7' | a = 'k3000' | a = 'a string longer than the column'"},
		"char":      {"a char(9)", "a", "'k' || i", "a = 'k7' | a = 'k7  ' | a = 'k3000    '"},
		"bytea":     {"a bytea", "a", "('k' || i)::bytea", "a = 'k7'::bytea | a = ''::bytea"},
		"date":      {"a date", "a", "DATE '2000-01-01' + i::int", "a = '2000-01-08' | a = DATE '1999-01-01' | a = 'infinity'"},
		"timestamp": {"a timestamp", "a", "TIMESTAMP '2000-01-01' + i * INTERVAL '1 day'", "a = '2000-01-08' | a = DATE '2000-01-08' | a = '2000-01-08 00:00:01'"},
		"uuid":      {"a uuid", "a", "('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid", "a = '00000000-0000-0000-0000-000000000007' | a = '10000000-0000-0000-0000-000000000007'"},
		"interval":  {"a interval", "a", "i * INTERVAL '1 day'", "a = '7 days' | a = '1 mon' | a = '720 hours'"},
		"boolean":   {"a boolean", "", "i % 2 = 0", "a | NOT a | a = true"},
		"composite": {"a int, b text", "b, a", "i::int % 50, 'g' || (i / 50)", "a = 7 AND b = 'g0' | b = 'g2' AND a = 7 AND n < 5 | a = 7 | a = 60 AND b = 'g0' | a = 7 AND b IS NULL | b = 'g3' AND a IN (1, 2)"},
	}
	for name, k := range keys {
		t.Run(name, func(t *testing.T) { seekLike(t, k.columns, k.key, k.make, strings.Split(k.where, " | ")) })
	}
}

// seekLike takes both tables through the life of their rows and compares them at every stage.
func seekLike(t *testing.T, columns, key, rows string, where []string) {
	dir := t.TempDir()
	db := open(t, dir)
	s := must(db.Session())
	unique := ""
	if key != "" {
		unique = ", UNIQUE (" + key + ")"
	}
	both := func(sql string) {
		t.Helper()
		for _, table := range []string{"keyed", "plain"} {
			if _, err := s.Exec(t.Context(), strings.ReplaceAll(sql, "TABLE_", table)); err != nil {
				t.Fatal(sql, err)
			}
		}
	}
	compare := func(stage string) {
		t.Helper()
		for _, w := range where {
			sql := "SELECT * FROM TABLE_ WHERE " + w + " ORDER BY n"
			got, want := answer(t, s, strings.ReplaceAll(sql, "TABLE_", "keyed")), answer(t, s, strings.ReplaceAll(sql, "TABLE_", "plain"))
			if got != want {
				t.Errorf("%s, %s: the key finds %s, a scan %s", stage, w, got, want)
			}
		}
	}
	fill := func(from, to int) {
		both(fmt.Sprintf("INSERT INTO TABLE_ SELECT %s, i FROM generate_series(%d, %d) AS g(i)", rows, from, to))
	}
	if _, err := s.Exec(t.Context(), "CREATE TABLE keyed ("+columns+", n bigint"+unique+")"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "CREATE TABLE plain ("+columns+", n bigint)"); err != nil {
		t.Fatal(err)
	}
	compare("empty")
	fill(1, 200)
	both("INSERT INTO TABLE_ (n) VALUES (-1), (-2)") // NULL keys
	compare("open")
	both("BEGIN")
	fill(2900, 3100)
	both("UPDATE TABLE_ SET n = n + 1000000 WHERE n = 7")
	compare("own rows")
	both("ROLLBACK")
	compare("rolled back")
	both("UPDATE TABLE_ SET n = n + 1000 WHERE " + where[0])
	compare("updated")
	both("CHECKPOINT")
	fill(2900, 3100)
	compare("sealed and open")
	both("DELETE FROM TABLE_ WHERE " + where[0])
	compare("deleted")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir)
	s = must(db.Session())
	compare("reopened")
	fill(7, 7)
	compare("inserted again")
}

// A scan of a million rows for one is what a key is there to avoid; the plan must say which it is.
func TestExplainShowsSeek(t *testing.T) {
	s := must(open(t, oxidb.InMemory).Session())
	if _, err := s.Exec(t.Context(), "CREATE TABLE t (id int PRIMARY KEY, name text)"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"SELECT name FROM t WHERE id = 5", "UPDATE t SET name = 'x' WHERE id = 5", "DELETE FROM t WHERE id = 5"} {
		if plan := answer(t, s, "EXPLAIN "+sql); !strings.Contains(plan, "seek t_pkey") {
			t.Errorf("%s does not seek:\n%s", sql, plan)
		}
	}
}

// answer prints the rows of a query.
func answer(t *testing.T, s *oxidb.Session, sql string) string {
	t.Helper()
	r, err := s.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(sql, err)
	}
	var out strings.Builder
	for row, err := range r.Rows() {
		if err != nil {
			t.Fatal(sql, err)
		}
		fmt.Fprintln(&out, row...)
	}
	return out.String()
}
