package oxidb_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// A row and the row that it refers to must never pass each other, whichever of two transactions
// commits first.
func TestForeignKeyConcurrent(t *testing.T) {
	db, s := openSession(t, oxidb.InMemory)
	defer db.Close()
	execAll(t, s, "CREATE TABLE p (id integer PRIMARY KEY, v integer)", "CREATE TABLE c (id integer, p integer REFERENCES p)")
	other, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	type step struct {
		a, b  string
		fails bool
	}
	for i, x := range []step{
		{"INSERT INTO c VALUES (1, %d)", "DELETE FROM p WHERE id = %d", true},
		{"DELETE FROM p WHERE id = %d", "INSERT INTO c VALUES (1, %d)", true},
		{"UPDATE p SET id = -id WHERE id = %d", "INSERT INTO c VALUES (1, %d)", true},
		{"INSERT INTO c VALUES (1, %d)", "UPDATE p SET id = -id WHERE id = %d", true},
		{"INSERT INTO c VALUES (1, %d)", "UPDATE p SET v = 2 WHERE id = %d", false},
		{"UPDATE p SET v = 2 WHERE id = %d", "INSERT INTO c VALUES (1, %d)", false},
		{"INSERT INTO c VALUES (1, %d)", "INSERT INTO c VALUES (2, %d)", false},
	} {
		id := i + 1
		execAll(t, s, fmt.Sprintf("INSERT INTO p VALUES (%d, 1)", id), "BEGIN", "SELECT 1 FROM p")
		execAll(t, other, "BEGIN", "SELECT 1 FROM p")
		execAll(t, s, fmt.Sprintf(x.a, id))
		execAll(t, other, fmt.Sprintf(x.b, id), "COMMIT")
		_, err := s.Exec(t.Context(), "COMMIT")
		if failed := sqlerr.StateOf(err) == sqlerr.SerializationFailure; failed != x.fails || err != nil && !failed {
			t.Errorf("%s against %s: %v", x.a, x.b, err)
		}
		if n := number(t, s, "SELECT count(*) FROM c LEFT JOIN p ON c.p = p.id WHERE p.id IS NULL"); n != 0 {
			t.Fatalf("%s against %s: %d rows refer to nothing", x.a, x.b, n)
		}
	}
}

// What a constraint promises must hold after any mix of statements of many sessions, and a statement
// that fails must leave nothing behind.
func TestForeignKeysHold(t *testing.T) {
	actions := []string{"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"}
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 7))
		db, s := openSession(t, oxidb.InMemory)
		pick := func() string { return actions[rng.IntN(len(actions))] }
		execAll(t, s, "CREATE TABLE p (id integer PRIMARY KEY)",
			fmt.Sprintf("CREATE TABLE c (id integer PRIMARY KEY, p integer DEFAULT 1 REFERENCES p ON DELETE %s ON UPDATE %s, up integer REFERENCES c ON DELETE %s ON UPDATE %s)", pick(), pick(), pick(), pick()),
			fmt.Sprintf("CREATE TABLE d (id integer, c integer DEFAULT 1 REFERENCES c ON DELETE %s ON UPDATE %s)", pick(), pick()))
		var wait sync.WaitGroup
		end := time.Now().Add(400 * time.Millisecond)
		for client := range uint64(4) {
			rng := rand.New(rand.NewPCG(seed, client))
			wait.Go(func() { foreignClient(t, db, rng, end) })
		}
		wait.Wait()
		for _, sql := range []string{
			"SELECT count(*) FROM c LEFT JOIN p ON c.p = p.id WHERE p.id IS NULL AND c.p IS NOT NULL",
			"SELECT count(*) FROM c LEFT JOIN c AS u ON c.up = u.id WHERE u.id IS NULL AND c.up IS NOT NULL",
			"SELECT count(*) FROM d LEFT JOIN c ON d.c = c.id WHERE c.id IS NULL AND d.c IS NOT NULL",
		} {
			if n := number(t, s, sql); n != 0 {
				t.Errorf("seed %d: %d rows: %s", seed, n, sql)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func foreignClient(t *testing.T, db *oxidb.DB, rng *rand.Rand, end time.Time) {
	s, err := db.Session()
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	for time.Now().Before(end) {
		block := rng.IntN(3) == 0
		list := []string{foreignStatement(rng)}
		if block {
			list = []string{"BEGIN", foreignStatement(rng), foreignStatement(rng), "COMMIT"}
		}
		for _, sql := range list {
			_, err := s.Exec(t.Context(), sql)
			switch sqlerr.StateOf(err) {
			case sqlerr.Successful, sqlerr.ForeignKeyViolation, sqlerr.UniqueViolation, sqlerr.SerializationFailure, sqlerr.InFailedTransaction:
			default:
				t.Errorf("%s: %v", sql, err)
			}
		}
	}
}

func foreignStatement(rng *rand.Rand) string {
	n := func() int { return 1 + rng.IntN(12) }
	switch rng.IntN(9) {
	case 0:
		return fmt.Sprintf("INSERT INTO p SELECT x FROM generate_series(%d, %d) AS x WHERE x NOT IN (SELECT id FROM p)", n(), n())
	case 1:
		return fmt.Sprintf("INSERT INTO c VALUES (%d, %d, NULL)", n(), n())
	case 2:
		return fmt.Sprintf("INSERT INTO c VALUES (%d, %d, %d)", n(), n(), n())
	case 3:
		return fmt.Sprintf("INSERT INTO d SELECT %d, id FROM c WHERE id < %d", n(), n())
	case 4:
		return fmt.Sprintf("DELETE FROM p WHERE id IN (%d, %d)", n(), n())
	case 5:
		return fmt.Sprintf("DELETE FROM c WHERE id = %d", n())
	case 6:
		return fmt.Sprintf("UPDATE p SET id = id + 20 WHERE id = %d", n())
	case 7:
		return fmt.Sprintf("UPDATE c SET id = id + 20, up = %d WHERE id = %d", n(), n())
	}
	return fmt.Sprintf("DELETE FROM p WHERE id > %d", 12+n())
}
