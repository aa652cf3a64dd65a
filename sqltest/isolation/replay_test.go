package isolation

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/oxidb/oxidb"
)

// Serializability by its definition: random transactions full of predicates run interleaved; then those
// that committed run one after the other in another database, writers in the order of their commits,
// readers where they took their snapshot. Every statement must answer as it did.
func TestSerializableReplays(t *testing.T) {
	committed, aborted := 0, 0
	for seed := range uint64(12) {
		c, a := replay(t, seed)
		committed, aborted = committed+c, aborted+a
	}
	if committed < 300 || aborted < 100 {
		t.Errorf("%d transactions committed, %d aborted", committed, aborted)
	}
}

// logged is a transaction: its statements with what they answered.
type logged struct {
	session *oxidb.Session
	steps   [][2]string
	begun   int // commits before its snapshot
	wrote   bool
	left    int
}

const replaySchema = `CREATE TABLE item (id int PRIMARY KEY, grp int, price int, name text);
INSERT INTO item SELECT i, i % 5, i * 3 % 17, 'n' || i % 7 FROM generate_series(1, 30) g(i);
CREATE TABLE total (grp int PRIMARY KEY, n int);
INSERT INTO total SELECT i, 0 FROM generate_series(0, 4) g(i)`

func replay(t *testing.T, seed uint64) (committed, aborted int) {
	random := rand.New(rand.NewPCG(seed, 7))
	db := fill(t)
	defer db.Close()
	var order []*logged // of the commits
	readers := map[int][]*logged{}
	var open []*logged
	for step := range 500 {
		if len(open) < 4 && step < 450 {
			open = append(open, &logged{session: blockOf(t, db), begun: len(order), left: 1 + random.IntN(5)})
			answer(t.Context(), open[len(open)-1].session, "SELECT 1") // takes the snapshot
		}
		if len(open) == 0 {
			break
		}
		i := random.IntN(len(open))
		txn := open[i]
		if txn.left--; txn.left >= 0 && txn.step(t, random) {
			continue
		}
		open = append(open[:i], open[i+1:]...)
		switch err := txn.session.Commit(t.Context()); {
		case err != nil:
			aborted++
		case txn.wrote:
			order, committed = append(order, txn), committed+1
		default:
			readers[txn.begun], committed = append(readers[txn.begun], txn), committed+1
		}
		txn.session.Close()
	}
	for _, txn := range open {
		txn.session.Close()
	}
	again(t, seed, order, readers)
	return committed, aborted
}

func fill(t *testing.T) *oxidb.DB {
	t.Helper()
	db, err := oxidb.Open(t.Context(), oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), replaySchema); err != nil {
		t.Fatal(err)
	}
	return db
}

func blockOf(t *testing.T, db *oxidb.DB) *oxidb.Session {
	t.Helper()
	return open(t, db, true, options(Serializable))
}

// step runs a random statement; false when it failed.
func (l *logged) step(t *testing.T, random *rand.Rand) bool {
	sql := randomStatement(random)
	got := count(t, l.session, sql)
	l.steps = append(l.steps, [2]string{sql, got})
	l.wrote = l.wrote || strings.HasSuffix(got, " rows") && got != "0 rows"
	return got != "40001" && got != "23505"
}

// count is a query's answer, or how many rows another statement changed.
func count(t *testing.T, s *oxidb.Session, sql string) string {
	if strings.HasPrefix(sql, "SELECT") || strings.HasPrefix(sql, "WITH") {
		return answer(t.Context(), s, sql)
	}
	n, err := s.Exec(t.Context(), sql)
	if err != nil {
		return state(err)
	}
	return fmt.Sprint(n, " rows")
}

func randomStatement(random *rand.Rand) string {
	id, grp, price := 1+random.IntN(60), random.IntN(5), random.IntN(17)
	all := []string{
		fmt.Sprintf("SELECT * FROM item WHERE id = %d", id),
		fmt.Sprintf("SELECT count(*), sum(price) FROM item WHERE grp = %d AND price > %d", grp, price),
		fmt.Sprintf("SELECT min(id) FROM item WHERE price BETWEEN %d AND %d", price, price+2),
		fmt.Sprintf("SELECT count(*) FROM item WHERE name LIKE 'n%d%%' OR id IN (%d, %d)", grp, id, id+1),
		fmt.Sprintf("SELECT n FROM total WHERE grp = %d", grp),
		fmt.Sprintf("SELECT sum(i.price) FROM item i JOIN total t ON t.grp = i.grp WHERE t.n = %d AND i.price < %d", price%3, price),
		fmt.Sprintf("SELECT count(*) FROM item WHERE price > (SELECT max(n) + %d FROM total)", price),
		fmt.Sprintf("SELECT count(*) FROM item i WHERE grp = %d AND EXISTS (SELECT 1 FROM total t WHERE t.n = i.price)", grp),
		fmt.Sprintf("WITH RECURSIVE up(id) AS (SELECT %d UNION SELECT i.id FROM item i, up u WHERE i.id > u.id AND i.id <= u.id + 3) SELECT count(*) FROM up", id),
		fmt.Sprintf("UPDATE total SET n = (SELECT count(*) FROM item WHERE grp = %d AND price > %d) WHERE grp = %d", grp, price, (grp+1)%5),
		fmt.Sprintf("UPDATE item SET price = price + 1 WHERE grp = %d AND price = %d", grp, price),
		fmt.Sprintf("UPDATE item SET grp = %d WHERE id = %d", grp, id),
		fmt.Sprintf("DELETE FROM item WHERE id = %d", id),
		fmt.Sprintf("INSERT INTO item SELECT max(id) + 1, %d, %d, 'n%d' FROM item WHERE grp = %d", grp, price, grp, grp),
		fmt.Sprintf("INSERT INTO item VALUES (%d, %d, %d, 'new')", id, grp, price),
	}
	return all[random.IntN(len(all))]
}

// again runs the committed transactions one after the other.
func again(t *testing.T, seed uint64, order []*logged, readers map[int][]*logged) {
	t.Helper()
	db := fill(t)
	defer db.Close()
	for at := 0; at <= len(order); at++ {
		serial := readers[at]
		if at < len(order) {
			serial = append(serial, order[at])
		}
		for _, txn := range serial {
			s := blockOf(t, db)
			for _, step := range txn.steps {
				if got := count(t, s, step[0]); got != step[1] {
					t.Errorf("seed %d, after %d commits: %s\n  interleaved %q\n  alone       %q", seed, at, step[0], step[1], got)
				}
			}
			if err := s.Commit(t.Context()); err != nil {
				t.Errorf("seed %d, alone: %v", seed, err)
			}
			s.Close()
		}
	}
}
