package oxidb_test

import (
	"strings"
	"testing"
)

// A join of one row that reads a large table takes as long as the table is large.
func TestShortJoinsDoNotScan(t *testing.T) {
	db := open(t, t.TempDir())
	s := must(db.Session())
	for _, sql := range []string{
		"CREATE TABLE head (id int PRIMARY KEY, customer int)", "CREATE TABLE line (head int, no int, PRIMARY KEY (head, no))",
		"INSERT INTO head SELECT i, i % 5000 FROM generate_series(1, 200000) AS g(i)",
		"INSERT INTO line SELECT i * 7 % 200000 + 1, i FROM generate_series(1, 300000) AS g(i)",
		"CREATE INDEX head_customer ON head (customer)",
	} {
		must(s.Exec(t.Context(), sql))
	}
	for _, sql := range []string{
		"SELECT * FROM head JOIN line ON id = head WHERE id = 77",
		"SELECT * FROM head a JOIN head b ON a.customer = b.customer JOIN line ON b.id = head WHERE a.id = 99",
		"SELECT * FROM head LEFT JOIN line ON id = head WHERE id IN (5, 6, 7)",
		"SELECT id, (SELECT max(no) FROM line WHERE head = id) FROM head WHERE id = 5",
		"SELECT * FROM line WHERE head IN (SELECT id FROM head WHERE customer = 3)",
	} {
		plan := explained(t, db, "EXPLAIN "+sql)
		for _, line := range strings.Split(plan, "\n") {
			if strings.Contains(line, "Scan ") && !strings.Contains(line, " seek ") {
				t.Errorf("%s reads a whole table:\n%s", sql, plan)
			}
		}
	}
}
