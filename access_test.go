package oxidb_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/oxidb/oxidb"
)

// twins are a table with indexes of every kind and one without, which hold the same rows.
type twins struct {
	t   *testing.T
	dir string
	db  *oxidb.DB
	s   *oxidb.Session
	rng *rand.Rand
	max int // ids handed out
}

var twinIndexes = []string{
	"CREATE INDEX ia ON indexed (a)", "CREATE INDEX iab ON indexed (a, b)", "CREATE INDEX ihash ON indexed USING hash (b)",
	"CREATE INDEX ic ON indexed USING bitmap (c)", "CREATE INDEX ib ON indexed USING bitmap (b)", "CREATE INDEX it ON indexed (t, a DESC)",
	"CREATE INDEX inum ON indexed (n)", "CREATE UNIQUE INDEX iu ON indexed (u)", "CREATE INDEX id_ ON indexed (d)",
	"CREATE INDEX if_ ON indexed (f)", "CREATE INDEX icb ON indexed USING bitmap (c, b)",
}

func newTwins(t *testing.T, seed uint64) *twins {
	w := &twins{t: t, dir: t.TempDir(), rng: rand.New(rand.NewPCG(seed, 7))}
	w.open()
	for _, table := range []string{"indexed", "plain"} {
		w.exec("CREATE TABLE " + table + " (id bigint PRIMARY KEY, a int, b smallint, c text, t varchar(20), n numeric(9,2), u bigint, d date, f double precision)")
	}
	return w
}

func (w *twins) open() {
	w.db = open(w.t, w.dir)
	w.s = must(w.db.Session())
	w.exec("SET enable_seqscan = off")
}

func (w *twins) exec(sql string) {
	w.t.Helper()
	if _, err := w.s.Exec(w.t.Context(), sql); err != nil {
		w.t.Fatal(sql, err)
	}
}

// both runs a statement on both tables.
func (w *twins) both(sql string) {
	w.t.Helper()
	for _, table := range []string{"indexed", "plain"} {
		w.exec(strings.ReplaceAll(sql, "TABLE_", table))
	}
}

func (w *twins) insert(rows int) {
	w.t.Helper()
	w.both(fmt.Sprintf(`INSERT INTO TABLE_ SELECT i, nullif(i * 7919 %% 101, 13), nullif(i %% 17, 3), 'c' || i %% 5, nullif('t' || i * 31 %% 211, 't7'), i %% 997 / 4.0,
		CASE WHEN i %% 9 > 0 THEN i * 3 END, DATE '2020-01-01' + (i %% 400)::int, (i %% 50) / 8.0 FROM generate_series(%d, %d) AS g(i)`, w.max+1, w.max+rows))
	w.max += rows
}

// predicate draws a condition that some index can serve, among others that none can.
func (w *twins) predicate(depth int) string {
	n := func(max int) int { return w.rng.IntN(max) }
	if depth > 0 && n(3) == 0 {
		return "(" + w.predicate(depth-1) + []string{" AND ", " OR "}[n(2)] + w.predicate(depth-1) + ")"
	}
	op := []string{"=", "<", "<=", ">", ">=", "="}[n(6)]
	switch n(13) {
	case 0:
		return fmt.Sprintf("id %s %d", op, n(w.max+3))
	case 1:
		return fmt.Sprintf("a %s %d", op, n(104))
	case 2:
		return fmt.Sprintf("a = %d AND b %s %d", n(101), op, n(18))
	case 3:
		return fmt.Sprintf("b IN (%d, %d, %d, NULL)", n(20), n(20), n(20))
	case 4:
		return fmt.Sprintf("c = 'c%d'", n(6))
	case 5:
		return fmt.Sprintf("t LIKE 't%d%%'", n(30))
	case 6:
		return fmt.Sprintf("t = 't%d' AND a %s %d", n(211), op, n(101))
	case 7:
		return fmt.Sprintf("n %s %d.%d", op, n(250), []int{0, 25, 5, 75, 333}[n(5)])
	case 8:
		return fmt.Sprintf("u %s %d", op, n(3*w.max+9))
	case 9:
		return fmt.Sprintf("d BETWEEN DATE '2020-01-01' + %d AND DATE '2020-01-01' + %d", n(400), n(400))
	case 10:
		return fmt.Sprintf("f %s %d", op, n(7))
	case 11:
		return fmt.Sprintf("a IN (SELECT max(a) - %d FROM plain)", n(5))
	}
	return fmt.Sprintf("b = %d AND c = 'c%d'", n(18), n(5))
}

// compare asks both tables the same.
func (w *twins) compare(stage string, queries int) {
	w.t.Helper()
	used := 0
	for range queries {
		where := w.predicate(2)
		sql := "SELECT id, a, b, c, t, n, u FROM TABLE_ WHERE " + where + " ORDER BY id"
		got, want := answer(w.t, w.s, strings.ReplaceAll(sql, "TABLE_", "indexed")), answer(w.t, w.s, "SELECT id, a, b, c, t, n, u FROM (SELECT * FROM plain OFFSET 0) p WHERE "+where+" ORDER BY id")
		if got != want {
			w.t.Fatalf("%s, %s: indexes find\n%s\na scan\n%s", stage, where, got, want)
		}
		w.compareOrder(stage, where)
		if strings.Contains(answer(w.t, w.s, "EXPLAIN "+strings.ReplaceAll(sql, "TABLE_", "indexed")), " seek ") {
			used++
		}
	}
	if used < queries/3 {
		w.t.Errorf("%s: only %d of %d queries went through an index", stage, used, queries)
	}
}

// compareOrder asks both tables for first rows and extremes. Ties may be cut anywhere: only the keys are
// compared.
func (w *twins) compareOrder(stage, where string) {
	w.t.Helper()
	switch w.rng.IntN(4) {
	case 0:
		where = "true"
	case 1:
		where = fmt.Sprintf("a = %d", w.rng.IntN(101))
	case 2:
		where = fmt.Sprintf("a > %d", w.rng.IntN(101))
	}
	key := []string{"a", "a DESC", "a DESC NULLS LAST", "id DESC", "id", "t", "t DESC, a DESC", "b", "a, b", "a DESC, b DESC", "n", "u", "u DESC", "d", "f DESC", "c"}[w.rng.IntN(16)]
	columns := strings.NewReplacer(" DESC", "", " NULLS LAST", "").Replace(key)
	for _, sql := range []string{
		fmt.Sprintf("SELECT %s FROM TABLE_ WHERE %s ORDER BY %s LIMIT %d", columns, where, key, 1+w.rng.IntN(9)),
		fmt.Sprintf("SELECT b FROM TABLE_ WHERE a = %d ORDER BY b LIMIT 3", w.rng.IntN(101)),
		"SELECT min(a), max(a), min(u), max(u) FROM TABLE_", "SELECT max(b) FROM TABLE_ WHERE " + where, "SELECT min(b), max(b) FROM TABLE_ WHERE a = 7", "SELECT min(t) FROM TABLE_",
	} {
		got, want := answer(w.t, w.s, strings.ReplaceAll(sql, "TABLE_", "indexed")), answer(w.t, w.s, strings.ReplaceAll(sql, "TABLE_", "(SELECT * FROM plain OFFSET 0) p"))
		if got != want {
			w.t.Fatalf("%s, %s: indexes find\n%s\na scan\n%s", stage, sql, got, want)
		}
	}
}

// An index that is not what its table is, after whatever happened to the rows, answers wrongly without a
// sign. Every answer must be the one of the table without indexes.
func TestIndexesChangeNoAnswer(t *testing.T) {
	for seed := range uint64(3) {
		w := newTwins(t, seed)
		w.insert(1500)
		for _, sql := range twinIndexes {
			w.exec(sql)
		}
		w.compare("built over rows", 40)
		w.insert(700)
		w.compare("open rows behind closed ones", 40)
		w.both("BEGIN")
		w.insert(300)
		w.both("DELETE FROM TABLE_ WHERE a = 5 OR b = 2 AND c = 'c1'")
		w.both("UPDATE TABLE_ SET a = a + 1, u = NULL WHERE t = 't11' OR id IN (3, 1600, 2300)")
		w.compare("own rows", 40)
		w.both("ROLLBACK")
		w.max -= 300
		w.compare("rolled back", 20)
		w.both("UPDATE TABLE_ SET b = b + 1, c = 'c9' WHERE a BETWEEN 20 AND 30")
		w.both("DELETE FROM TABLE_ WHERE n > 200 AND b < 9")
		w.compare("updated and deleted", 40)
		w.exec("CHECKPOINT")
		w.compare("sealed", 40)
		w.insert(200)
		w.both("ALTER TABLE TABLE_ ADD COLUMN later int DEFAULT 4")
		w.insertLater(100)
		w.compare("another shape", 40)
		if err := w.db.Close(); err != nil {
			t.Fatal(err)
		}
		w.open()
		w.compare("reopened", 60)
		w.both("DELETE FROM TABLE_ WHERE id % 3 = 0")
		w.exec("VACUUM")
		w.exec("DROP INDEX iab")
		w.compare("vacuumed", 40)
		if err := w.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *twins) insertLater(rows int) {
	w.both(fmt.Sprintf("INSERT INTO TABLE_ (id, a, b, c, later) SELECT i, i %% 101, i %% 17, 'c' || i %% 5, i FROM generate_series(%d, %d) AS g(i)", w.max+1, w.max+rows))
	w.max += rows
	w.exec("CREATE INDEX later_ ON indexed (later)")
	for _, where := range []string{"later = 4", "later < 5", "later = 4 AND a = 7", fmt.Sprint("later > ", w.max-20)} {
		sql := "SELECT id FROM TABLE_ WHERE " + where + " ORDER BY id"
		if got, want := answer(w.t, w.s, strings.ReplaceAll(sql, "TABLE_", "indexed")), answer(w.t, w.s, strings.ReplaceAll(sql, "TABLE_", "plain")); got != want {
			w.t.Errorf("%s: the index finds %s, a scan %s", where, got, want)
		}
	}
}
