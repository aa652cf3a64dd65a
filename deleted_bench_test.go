package oxidb_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/oxidb/oxidb"
)

// deletedQueries are asked of a table as it was loaded and of its copy without one row in a hundred: what
// a scan meets of layouts, filters that keep all, half and hardly any rows, groupings, joins and orders.
var deletedQueries = []struct{ name, sql string }{
	{"count", "SELECT count(*) FROM %s"},
	{"sum", "SELECT sum(price) FROM %s"},
	{"product", "SELECT sum(price * (1 - discount)) FROM %s"},
	{"filter few", "SELECT sum(price * discount) FROM %s WHERE day >= DATE '2021-01-01' AND day < DATE '2022-01-01' AND discount BETWEEN 0.05 AND 0.07 AND quantity < 24"},
	{"filter half", "SELECT sum(price) FROM %s WHERE quantity <= 25"},
	{"filter most", "SELECT sum(price) FROM %s WHERE day <= DATE '2025-09-01'"},
	{"equal columns", "SELECT count(*) FROM %s WHERE quantity = line"},
	{"group by codes", "SELECT flag, status, sum(quantity), sum(price), sum(price * (1 - discount)), avg(discount), count(*) FROM %s WHERE day <= DATE '2025-09-01' GROUP BY flag, status"},
	{"group by key", "SELECT max(n) FROM (SELECT id / 4 AS k, sum(quantity) AS n FROM %s GROUP BY id / 4) AS g"},
	{"group by scattered", "SELECT max(n) FROM (SELECT scattered, count(*) AS n FROM %s GROUP BY scattered) AS g"},
	{"in codes", "SELECT count(*) FROM %s WHERE mode IN ('RAIL', 'SHIP')"},
	{"like", "SELECT count(*) FROM %s WHERE note LIKE '%%7%%3%%'"},
	{"min text", "SELECT min(note) FROM %s"},
	{"nulls", "SELECT count(maybe), sum(maybe) FROM %s"},
	{"floats", "SELECT sum(weight), min(weight) FROM %s WHERE weight < 0.75"},
	{"join", "SELECT sum(price) FROM %s, small WHERE scattered = small.id"},
	{"top", "SELECT id, price FROM %s ORDER BY price DESC, id LIMIT 10"},
	{"top texts", "SELECT id, note FROM %s WHERE quantity = 7 ORDER BY price DESC, id LIMIT 10"},
}

// holedTables makes the two tables, "whole" and "holed", of two million rows in the same order: where workers
// insert at once, each chunk has the rows of one of them, and groupings by id meet other keys first.
func holedTables(b *testing.B) *oxidb.Session {
	ctx := context.Background()
	db := must(oxidb.Open(ctx, b.TempDir(), oxidb.AsyncCommit()))
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	s := must(db.Session())
	columns := "(id bigint NOT NULL, scattered int NOT NULL, line int NOT NULL, quantity numeric(12,2) NOT NULL, price numeric(12,2) NOT NULL, discount numeric(12,2) NOT NULL, " +
		"day date NOT NULL, flag text NOT NULL, status text NOT NULL, mode text NOT NULL, note text NOT NULL, maybe int, weight double precision NOT NULL)"
	for _, sql := range []string{
		"CREATE TABLE whole " + columns, "CREATE TABLE holed " + columns, "CREATE TABLE small (id int PRIMARY KEY)",
		`INSERT INTO whole SELECT i, (i::bigint * 7919 % 200003)::int, i % 7, 1 + i::bigint * 31 % 50, 900 + i::bigint * 7919 % 10000003 / 100.0, i::bigint * 13 % 11 / 100.0,
			DATE '2019-01-01' + (i::bigint * 104729 % 2500)::int, substr('ANR', 1 + i % 3, 1), substr('FO', 1 + i / 7 % 2, 1),
			CASE i % 5 WHEN 0 THEN 'RAIL' WHEN 1 THEN 'SHIP' WHEN 2 THEN 'AIR' WHEN 3 THEN 'MAIL' ELSE 'TRUCK' END,
			'note ' || i::bigint * 7919 % 1000003, CASE WHEN i % 10 <> 0 THEN i % 1000 END, (i::bigint * 7919 % 1000003) / 1000003.0
			FROM generate_series(1, 2000000) AS g(i) ORDER BY i`,
		"INSERT INTO holed SELECT * FROM whole ORDER BY id", "INSERT INTO small SELECT i * 3 FROM generate_series(1, 20000) AS g(i)", "CHECKPOINT",
		"DELETE FROM holed WHERE id * 2654435761 % 4294967296 < 42949673",
	} {
		if _, err := s.Exec(ctx, sql); err != nil {
			b.Fatal(sql, err)
		}
	}
	return s
}

// BenchmarkDeleted compares scans of a table that lost one row in a hundred with scans of one that did not,
// taking turns. "ratio" is the speed with deletes as a part of the speed without.
func BenchmarkDeleted(b *testing.B) {
	s := holedTables(b)
	for _, q := range deletedQueries {
		b.Run(q.name, func(b *testing.B) {
			var nanos [2][]float64
			for b.Loop() {
				for i, table := range []string{"whole", "holed"} {
					nanos[i] = append(nanos[i], nanosOf(b, s, fmt.Sprintf(q.sql, table)))
				}
			}
			whole, holed := median(nanos[0]), median(nanos[1])
			b.ReportMetric(whole/1e6, "whole-ms")
			b.ReportMetric(holed/1e6, "holed-ms")
			b.ReportMetric(whole/holed, "ratio")
		})
	}
}

func nanosOf(b *testing.B, s *oxidb.Session, sql string) float64 {
	start := time.Now()
	if _, err := s.Exec(b.Context(), sql); err != nil {
		b.Fatal(sql, err)
	}
	return float64(time.Since(start).Nanoseconds())
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
