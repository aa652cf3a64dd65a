package metamorphic

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Op is one statement of one of a few sessions.
type Op struct {
	Session int
	SQL     string
}

// sessions is how many transactions a history has open at once, at most.
const sessions = 3

// History makes a history of n statements. All that it reads has one answer but for the order of rows.
func History(seed uint64, n int) []Op {
	g := &generator{rng: rand.New(rand.NewPCG(seed, 0))}
	for len(g.ops) < n {
		g.step()
	}
	for session := range sessions {
		if g.open[session] {
			g.add(session, "COMMIT")
		}
	}
	return g.ops
}

// generator knows the tables that there would be if every statement succeeded.
type generator struct {
	rng    *rand.Rand
	ops    []Op
	tables []*table
	names  int // handed out
	keys   int // handed out
	large  bool
	open   [sessions]bool
	mark   [sessions]bool // there is a savepoint
}

type table struct {
	name  string
	added []string // columns of type int behind the first five
}

func (g *generator) add(session int, format string, args ...any) {
	g.ops = append(g.ops, Op{session, fmt.Sprintf(format, args...)})
}

func (g *generator) table() *table { return g.tables[g.rng.IntN(len(g.tables))] }

// step adds a statement or a few.
func (g *generator) step() {
	s := g.rng.IntN(sessions)
	if len(g.tables) == 0 || len(g.tables) < 4 && g.rng.IntN(25) == 0 {
		g.create()
		return
	}
	switch n := g.rng.IntN(100); {
	case n < 12:
		g.transaction(s)
	case n < 32:
		g.insert(s, g.table())
	case n < 44:
		g.update(s, g.table())
	case n < 53:
		g.add(s, "DELETE FROM %s WHERE %s", g.table().name, g.predicate(""))
	case n < 57:
		g.schema()
	default:
		g.query(s)
	}
}

// transaction begins, ends or marks a session's transaction.
func (g *generator) transaction(s int) {
	n := g.rng.IntN(10)
	switch {
	case !g.open[s]:
		g.add(s, "BEGIN")
		g.open[s], g.mark[s] = true, false
	case n < 5:
		g.add(s, "COMMIT")
		g.open[s] = false
	case n < 7:
		g.add(s, "ROLLBACK")
		g.open[s] = false
	case n < 9 && g.mark[s]:
		g.add(s, "ROLLBACK TO SAVEPOINT p")
	default:
		g.add(s, "SAVEPOINT p")
		g.mark[s] = true
	}
}

func (g *generator) create() {
	g.names++
	t := &table{name: fmt.Sprint("t", g.names)}
	key := []string{"", " PRIMARY KEY"}[g.rng.IntN(2)]
	g.ddl("CREATE TABLE %s (id bigint%s, g int, n numeric(12,2), s text, d date)", t.name, key)
	g.tables = append(g.tables, t)
}

// ddl adds a statement outside of transactions: one that fails would take later ones with it.
func (g *generator) ddl(format string, args ...any) {
	if g.open[0] {
		g.add(0, "COMMIT")
		g.open[0] = false
	}
	g.add(0, format, args...)
}

// schema changes a table.
func (g *generator) schema() {
	t := g.table()
	g.names++
	switch n := g.rng.IntN(8); {
	case n < 3:
		name := fmt.Sprint("c", g.names)
		g.ddl("ALTER TABLE %s ADD COLUMN %s int%s", t.name, name, []string{"", " DEFAULT 7", " NOT NULL DEFAULT 3"}[g.rng.IntN(3)])
		t.added = append(t.added, name)
	case n < 4 && len(t.added) > 0:
		g.ddl("ALTER TABLE %s DROP COLUMN %s", t.name, t.added[len(t.added)-1])
		t.added = t.added[:len(t.added)-1]
	case n < 5:
		g.ddl("CREATE INDEX i%d ON %s USING %s (%s)", g.names, t.name, []string{"btree", "hash", "ordered", "bitmap"}[g.rng.IntN(4)], []string{"g", "s", "d, g", "id"}[g.rng.IntN(4)])
	case n < 6:
		name := fmt.Sprint("t", g.names)
		g.ddl("ALTER TABLE %s RENAME TO %s", t.name, name)
		t.name = name
	case n < 7 && len(g.tables) > 2:
		g.ddl("DROP TABLE %s", g.tables[0].name)
		g.tables = g.tables[1:]
	default:
		g.ddl("CREATE TABLE t%d AS SELECT id, g, n, s, d FROM %s WHERE %s", g.names, t.name, g.predicate(""))
		if len(g.tables) < 5 {
			g.tables = append(g.tables, &table{name: fmt.Sprint("t", g.names)})
		}
	}
}

// insert adds rows; once in some histories enough for whole chunks, most of which go again.
func (g *generator) insert(s int, t *table) {
	columns := "id, g, n, s, d"
	switch n := g.rng.IntN(400); {
	case n == 0 && !g.large:
		g.large = true
		g.add(s, "INSERT INTO %s (%s) SELECT i, i %% 50, i / 4.0, 'v' || i %% 100, date '2020-01-01' + (i %% 1000)::int FROM generate_series(%d, %d) AS x(i)", t.name, columns, g.keys, g.keys+70_000)
		g.add(s, "DELETE FROM %s WHERE id > %d AND id %% 100 <> 0", t.name, g.keys)
		g.keys += 70_001
	case n < 40:
		rows := 1 + g.rng.IntN(300)
		g.add(s, "INSERT INTO %s (%s) SELECT i, i %% 7, i * 0.25, 'w' || i %% 13, date '2021-05-05' + (i %% 90)::int FROM generate_series(%d, %d) AS x(i)", t.name, columns, g.keys, g.keys+rows)
		g.keys += rows + 1
	case n < 60:
		g.add(s, "INSERT INTO %s (%s) SELECT id + %d, g, n, s, d FROM %s WHERE %s", t.name, columns, 1_000_000+g.rng.IntN(100)*1000, g.table().name, g.predicate(""))
	default:
		rows := make([]string, 1+g.rng.IntN(5))
		for i := range rows {
			g.keys++
			id := g.keys
			if g.rng.IntN(30) == 0 {
				id = g.rng.IntN(g.keys + 1) // taken, perhaps
			}
			rows[i] = fmt.Sprintf("(%d, %s, %s, %s, %s)", id, g.maybe("%d", g.rng.IntN(9)), g.maybe("%d.%02d", g.rng.IntN(900), g.rng.IntN(100)),
				g.maybe("'%s'", strings.Repeat(string(rune('a'+g.rng.IntN(26))), g.rng.IntN(12))), g.maybe("date '2022-01-01' + %d", g.rng.IntN(500)))
		}
		g.add(s, "INSERT INTO %s (%s) VALUES %s", t.name, columns, strings.Join(rows, ", "))
	}
}

// maybe is a literal or NULL.
func (g *generator) maybe(format string, args ...any) string {
	if g.rng.IntN(8) == 0 {
		return "NULL"
	}
	return fmt.Sprintf(format, args...)
}

func (g *generator) update(s int, t *table) {
	set := []string{"n = n + 1.5", "g = (g + 1) % 9", "s = s || 'y'", "d = d + 1", "s = NULL", "g = id % 5", "id = id + 1"}[g.rng.IntN(7)]
	if len(t.added) > 0 && g.rng.IntN(3) == 0 {
		set = fmt.Sprintf("%s = %d", t.added[g.rng.IntN(len(t.added))], g.rng.IntN(100))
	}
	where := g.predicate("")
	if strings.HasPrefix(set, "s = s") {
		where += " AND length(s) < 20"
	}
	g.add(s, "UPDATE %s SET %s WHERE %s", t.name, set, where)
}
