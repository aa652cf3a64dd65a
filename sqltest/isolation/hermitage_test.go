package isolation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// The schedules are those of Martin Kleppmann's Hermitage for PostgreSQL's REPEATABLE READ, but that
// no statement waits: a transaction that is too late fails in its statement or in COMMIT. A line is
// the session, its statement and, behind =>, the rows (values joined by commas) or the SQLSTATE; where
// SERIALIZABLE answers something else, that stands behind ||. The table test has the rows (1, 10) and
// (2, 20). Snapshot isolation prevents all but the two that are marked as possible: write skew between
// rows, and between predicates. SERIALIZABLE prevents all ten.
var schedules = []struct{ name, steps string }{
	{"G0: write cycles", `
T1 UPDATE test SET value = 11 WHERE id = 1
T2 UPDATE test SET value = 12 WHERE id = 1
T1 UPDATE test SET value = 21 WHERE id = 2
T1 COMMIT
T3 SELECT id, value FROM test ORDER BY id => 1,11 2,21
T2 UPDATE test SET value = 22 WHERE id = 2 => 40001
T2 ROLLBACK
T3 SELECT id, value FROM test ORDER BY id => 1,11 2,21`},
	{"G0: write cycles, late commit", `
T1 UPDATE test SET value = 11 WHERE id = 1
T2 UPDATE test SET value = 12 WHERE id = 1
T2 UPDATE test SET value = 22 WHERE id = 2
T1 UPDATE test SET value = 21 WHERE id = 2
T1 COMMIT
T2 COMMIT => 40001
T3 SELECT id, value FROM test ORDER BY id => 1,11 2,21`},
	{"G1a: aborted reads", `
T1 UPDATE test SET value = 101 WHERE id = 1
T2 SELECT id, value FROM test ORDER BY id => 1,10 2,20
T1 ROLLBACK
T2 SELECT id, value FROM test ORDER BY id => 1,10 2,20
T2 COMMIT`},
	{"G1b: intermediate reads", `
T1 UPDATE test SET value = 101 WHERE id = 1
T2 SELECT id, value FROM test ORDER BY id => 1,10 2,20
T1 UPDATE test SET value = 11 WHERE id = 1
T1 COMMIT
T2 SELECT id, value FROM test ORDER BY id => 1,10 2,20
T2 COMMIT`},
	{"G1c: circular information flow", `
T1 UPDATE test SET value = 11 WHERE id = 1
T2 UPDATE test SET value = 22 WHERE id = 2
T1 SELECT value FROM test WHERE id = 2 => 20
T2 SELECT value FROM test WHERE id = 1 => 10
T1 COMMIT
T2 COMMIT => || 40001`},
	{"OTV: observed transaction vanishes", `
T1 UPDATE test SET value = 11 WHERE id = 1
T1 UPDATE test SET value = 19 WHERE id = 2
T2 UPDATE test SET value = 12 WHERE id = 1
T1 COMMIT
R3 SELECT value FROM test WHERE id = 1 => 11
T2 UPDATE test SET value = 18 WHERE id = 2 => 40001
R3 SELECT value FROM test WHERE id = 2 => 19
T2 COMMIT
R3 SELECT value FROM test WHERE id = 2 => 19
R3 SELECT value FROM test WHERE id = 1 => 11
R3 COMMIT`},
	{"PMP: predicate-many-preceders", `
T1 SELECT id, value FROM test WHERE value = 30 =>
T2 INSERT INTO test VALUES (3, 30)
T2 COMMIT
T1 SELECT id, value FROM test WHERE value % 3 = 0 =>
T1 COMMIT`},
	{"PMP: predicate-many-preceders, write predicate", `
T1 UPDATE test SET value = value + 10
T2 SELECT id, value FROM test WHERE value = 20 => 2,20
T2 DELETE FROM test WHERE value = 20
T1 COMMIT
T2 COMMIT => 40001
T3 SELECT id, value FROM test ORDER BY id => 1,20 2,30`},
	{"P4: lost update", `
T1 SELECT value FROM test WHERE id = 1 => 10
T2 SELECT value FROM test WHERE id = 1 => 10
T1 UPDATE test SET value = 11 WHERE id = 1
T2 UPDATE test SET value = 11 WHERE id = 1
T1 COMMIT
T2 COMMIT => 40001`},
	{"P4: lost update, second after the first's commit", `
T1 SELECT value FROM test WHERE id = 1 => 10
T2 SELECT value FROM test WHERE id = 1 => 10
T1 UPDATE test SET value = 11 WHERE id = 1
T1 COMMIT
T2 UPDATE test SET value = 12 WHERE id = 1 => 40001
T2 COMMIT
T3 SELECT value FROM test WHERE id = 1 => 11`},
	{"G-single: read skew", `
T1 SELECT value FROM test WHERE id = 1 => 10
T2 SELECT id, value FROM test ORDER BY id => 1,10 2,20
T2 UPDATE test SET value = 12 WHERE id = 1
T2 UPDATE test SET value = 18 WHERE id = 2
T2 COMMIT
T1 SELECT value FROM test WHERE id = 2 => 20
T1 COMMIT`},
	{"G-single: read skew by predicates", `
T1 SELECT id, value FROM test WHERE value % 5 = 0 ORDER BY id => 1,10 2,20
T2 UPDATE test SET value = 12 WHERE value = 10
T2 COMMIT
T1 SELECT id, value FROM test WHERE value % 3 = 0 =>
T1 COMMIT`},
	{"G-single: read skew with a write predicate", `
T1 SELECT value FROM test WHERE id = 1 => 10
T2 UPDATE test SET value = 12 WHERE id = 1
T2 UPDATE test SET value = 18 WHERE id = 2
T2 COMMIT
T1 DELETE FROM test WHERE value = 20 => 40001
T1 ROLLBACK
T3 SELECT id, value FROM test ORDER BY id => 1,12 2,18`},
	{"G2-item: write skew (possible in snapshot isolation)", `
T1 SELECT id, value FROM test WHERE id IN (1, 2) ORDER BY id => 1,10 2,20
T2 SELECT id, value FROM test WHERE id IN (1, 2) ORDER BY id => 1,10 2,20
T1 UPDATE test SET value = 11 WHERE id = 1
T2 UPDATE test SET value = 21 WHERE id = 2
T1 COMMIT
T2 COMMIT => || 40001
T3 SELECT id, value FROM test ORDER BY id => 1,11 2,21 || 1,11 2,20`},
	{"G2: anti-dependency cycles (possible in snapshot isolation)", `
T1 SELECT id, value FROM test WHERE value % 3 = 0 =>
T2 SELECT id, value FROM test WHERE value % 3 = 0 =>
T1 INSERT INTO test VALUES (3, 30)
T2 INSERT INTO test VALUES (4, 42)
T1 COMMIT
T2 COMMIT => || 40001
T3 SELECT id, value FROM test WHERE value % 3 = 0 ORDER BY id => 3,30 4,42 || 3,30`},
	{"G2: two edges and a reader (possible in snapshot isolation)", `
T1 SELECT id, value FROM test ORDER BY id => 1,10 2,20
T2 UPDATE test SET value = value + 5 WHERE id = 2
T2 COMMIT
T3 SELECT id, value FROM test ORDER BY id => 1,10 2,25
T1 UPDATE test SET value = 0 WHERE id = 1
T1 COMMIT => || 40001
T3 SELECT id, value FROM test ORDER BY id => 1,0 2,25 || 1,10 2,25`},
}

// An anomaly that gets through makes money vanish in every application that trusts its reads.
func TestHermitage(t *testing.T) {
	for level := range Level(Levels) {
		for _, place := range []string{"memory", "disk"} {
			for _, s := range schedules {
				t.Run(level.String()+"/"+place+"/"+s.name, func(t *testing.T) {
					path := oxidb.InMemory
					if place == "disk" {
						path = t.TempDir()
					}
					play(t, path, level, s.steps)
				})
			}
		}
	}
}

// play runs a schedule. T1, T2 and R3 are in a transaction from their first statement on; T3 is not.
func play(t *testing.T, path string, level Level, steps string) {
	db, err := oxidb.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(t.Context(), "CREATE TABLE test (id int PRIMARY KEY, value int); INSERT INTO test VALUES (1, 10), (2, 20)"); err != nil {
		t.Fatal(err)
	}
	sessions := map[string]*oxidb.Session{}
	for line := range strings.Lines(strings.TrimSpace(steps)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		sql, want, _ := strings.Cut(rest, "=>")
		want, serializable, differs := strings.Cut(want, "||")
		if differs && level == Serializable {
			want = serializable
		}
		if sessions[name] == nil {
			sessions[name] = open(t, db, name != "T3", options(level))
			defer sessions[name].Close()
		}
		if got := answer(t.Context(), sessions[name], sql); got != strings.TrimSpace(want) {
			t.Errorf("%s\ngot %q", line, got)
		}
	}
}

func open(t *testing.T, db *oxidb.DB, block bool, o oxidb.TransactionOptions) *oxidb.Session {
	t.Helper()
	s, err := db.Session()
	if err == nil && block {
		err = s.BeginTransaction(o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answer is a statement's rows, or its SQLSTATE.
func answer(ctx context.Context, s *oxidb.Session, sql string) string {
	result, err := s.Query(ctx, sql)
	if err != nil {
		return state(err)
	}
	defer result.Close()
	if !result.HasRows() {
		return ""
	}
	var rows []string
	for row, err := range result.Rows() {
		if err != nil {
			return state(err)
		}
		rows = append(rows, strings.ReplaceAll(strings.Trim(fmt.Sprint(row), "[]"), " ", ","))
	}
	return strings.Join(rows, " ")
}

func state(err error) string {
	var known *sqlerr.Error
	if errors.As(err, &known) {
		return string(known.State)
	}
	return err.Error()
}
