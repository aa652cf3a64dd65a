package pgoracle

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// Foreign keys with random actions must lead PostgreSQL and OxiDB to the same rows and the same errors.
func TestForeignKeysRandom(t *testing.T) {
	server := startServer(t)
	ctx := context.Background()
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		database, err := server.CreateDatabase(ctx)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := database.Connect("")
		if err != nil {
			t.Fatal(err)
		}
		db, err := oxidb.Open(ctx, oxidb.InMemory)
		if err != nil {
			t.Fatal(err)
		}
		session, err := db.Session()
		if err != nil {
			t.Fatal(err)
		}
		script := foreignScript(rng)
		for i, sql := range script {
			_, want := conn.Exec(ctx, sql)
			_, got := session.Exec(ctx, sql)
			if sqlerr.StateOf(want) != sqlerr.StateOf(got) {
				t.Fatalf("seed %d: %s\nPostgreSQL: %v\nOxiDB: %v\n%s", seed, sql, want, got, strings.Join(script[:i], ";\n"))
			}
			for _, table := range []string{"p", "c", "d"} {
				if strings.HasPrefix(sql, "CREATE") {
					continue
				}
				dump := "SELECT coalesce(string_agg(x::text, ' ' ORDER BY x::text), '') FROM (SELECT " + columnsOf[table] + " AS x FROM " + table + ") AS r"
				_, rows, err := conn.Query(ctx, dump)
				if err != nil {
					t.Fatal(err)
				}
				if mine := oxiText(t, session, dump); mine != *rows[0][0] {
					t.Fatalf("seed %d: %s differs after %s\nPostgreSQL: %s\nOxiDB:      %s\n%s", seed, table, sql, *rows[0][0], mine, strings.Join(script[:i], ";\n"))
				}
			}
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := database.Drop(ctx); err != nil {
			t.Error(err)
		}
	}
}

// columnsOf writes a row of each table as one text.
var columnsOf = map[string]string{
	"p": "a::text || ',' || b::text",
	"c": "id::text || ',' || coalesce(a::text, '-') || ',' || coalesce(b::text, '-') || ',' || coalesce(up::text, '-')",
	"d": "id::text || ',' || coalesce(c::text, '-')",
}

func oxiText(t *testing.T, s *oxidb.Session, sql string) string {
	t.Helper()
	r, err := s.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for rec, err := range r.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		if rec.NumRows() > 0 {
			text = rec.Column(0).ValueStr(0)
		}
	}
	return text
}

func foreignScript(rng *rand.Rand) []string {
	actions := []string{"NO ACTION", "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT"}
	pick := func() string { return actions[rng.IntN(len(actions))] }
	match := []string{"", " MATCH FULL"}[rng.IntN(2)]
	script := []string{
		"CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b))",
		fmt.Sprintf("CREATE TABLE c (id integer PRIMARY KEY, a integer DEFAULT 1, b integer DEFAULT 1, up integer REFERENCES c ON DELETE %s ON UPDATE %s, FOREIGN KEY (a, b) REFERENCES p%s ON DELETE %s ON UPDATE %s)",
			actions[rng.IntN(3)], actions[rng.IntN(3)], match, pick(), pick()),
		fmt.Sprintf("CREATE TABLE d (id integer, c integer DEFAULT 2 REFERENCES c ON DELETE %s ON UPDATE %s)", pick(), pick()),
	}
	n := func() int { return 1 + rng.IntN(5) }
	maybe := func() string {
		if rng.IntN(4) == 0 {
			return "NULL"
		}
		return fmt.Sprint(n())
	}
	id := 0
	for range 250 {
		id++
		script = append(script, slices.Concat([]string{
			fmt.Sprintf("INSERT INTO p SELECT %d, x FROM generate_series(1, %d) AS x", n(), n()),
			fmt.Sprintf("INSERT INTO p VALUES (%d, %d)", n(), n()),
			fmt.Sprintf("INSERT INTO c VALUES (%d, %s, %s, %s)", n()*2, maybe(), maybe(), "NULL"),
			fmt.Sprintf("INSERT INTO c VALUES (%d, %s, %s, %s)", n()*2, maybe(), maybe(), maybe()),
			fmt.Sprintf("INSERT INTO d VALUES (%d, %s)", id, maybe()),
			fmt.Sprintf("DELETE FROM p WHERE a = %d AND b = %d", n(), n()),
			fmt.Sprintf("DELETE FROM p WHERE a = %d", n()),
			fmt.Sprintf("DELETE FROM c WHERE id = %d", n()*2),
			fmt.Sprintf("UPDATE p SET a = a + 5 WHERE a = %d", n()),
			fmt.Sprintf("UPDATE p SET b = b + 10 WHERE a > %d", n()+5),
			fmt.Sprintf("UPDATE c SET id = id + 20 WHERE id = %d", n()*2),
			fmt.Sprintf("UPDATE c SET a = %s, up = %s WHERE id = %d", maybe(), maybe(), n()*2),
			"DELETE FROM p WHERE a > 5",
			"DELETE FROM c WHERE id > 20",
			fmt.Sprintf("UPDATE d SET c = %s WHERE id %% 3 = %d", maybe(), rng.IntN(3)),
		})[rng.IntN(15)])
	}
	return script
}
