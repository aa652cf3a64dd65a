package oxidb_test

import (
	"strings"
	"testing"

	"github.com/oxidb/oxidb/sqlerr"
)

// An index on an expression that a restart or a checkpoint forgets lets duplicates in, and searches read
// the whole table.
func TestDerivedIndexesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	exec(t, db, `CREATE TABLE people (id int, mail text, gone boolean NOT NULL DEFAULT false);
		INSERT INTO people SELECT i, 'Mail' || i, i % 100 = 0 FROM generate_series(1, 300000) AS g(i);
		CREATE UNIQUE INDEX people_mail ON people (lower(mail)) WHERE NOT gone;
		CREATE INDEX people_gone ON people (id) WHERE gone`)
	check := func(when string) {
		t.Helper()
		_, err := db.Exec(t.Context(), "INSERT INTO people VALUES (0, 'MAIL7')")
		if sqlerr.StateOf(err) != sqlerr.UniqueViolation {
			t.Errorf("%s: a duplicate gives %v", when, err)
		}
		exec(t, db, "INSERT INTO people VALUES (0, 'MAIL7', true); DELETE FROM people WHERE id = 0")
		for sql, index := range map[string]string{
			"SELECT id FROM people WHERE lower(mail) = 'mail99' AND NOT gone":                       "people_mail",
			"SELECT count(*) FROM people WHERE gone AND id BETWEEN 1000 AND 1300":                   "people_gone",
			"SELECT id FROM people WHERE lower(mail) IN ('mail1', 'mail2') AND NOT gone AND id > 0": "people_mail",
		} {
			if plan := explained(t, db, "EXPLAIN "+sql); !strings.Contains(plan, "seek "+index) {
				t.Errorf("%s: %s does not use %s:\n%s", when, sql, index, plan)
			}
		}
		if plan := explained(t, db, "EXPLAIN SELECT id FROM people WHERE lower(mail) = 'mail99'"); strings.Contains(plan, "seek") {
			t.Errorf("%s: a partial index is used for rows that are not in it:\n%s", when, plan)
		}
	}
	check("at first")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir)
	check("after a restart")
	exec(t, db, "CHECKPOINT; CREATE TABLE twins CLONE people; DELETE FROM people WHERE id % 2 = 0; VACUUM FULL people; CHECKPOINT")
	check("after a compaction")
	_, err := db.Exec(t.Context(), "INSERT INTO twins VALUES (0, 'MAIL8')")
	if sqlerr.StateOf(err) != sqlerr.UniqueViolation {
		t.Errorf("a duplicate in a clone gives %v", err)
	}
}
