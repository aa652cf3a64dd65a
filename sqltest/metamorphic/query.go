package metamorphic

import "fmt"

// predicate is a condition on a table's columns, of which few hold for many rows.
func (g *generator) predicate(alias string) string {
	one := func() string {
		switch g.rng.IntN(10) {
		case 0, 1:
			return fmt.Sprintf("%sid = %d", alias, g.rng.IntN(g.keys+2))
		case 2:
			from := g.rng.IntN(g.keys + 2)
			return fmt.Sprintf("%sid BETWEEN %d AND %d", alias, from, from+g.rng.IntN(50))
		case 3:
			return fmt.Sprintf("%sg = %d", alias, g.rng.IntN(10))
		case 4:
			return fmt.Sprintf("%ss LIKE '%c%%'", alias, 'a'+rune(g.rng.IntN(26)))
		case 5:
			return fmt.Sprintf("%ss IS NULL", alias)
		case 6:
			return fmt.Sprintf("%sd < date '2021-06-01' + %d", alias, g.rng.IntN(400))
		case 7:
			return fmt.Sprintf("%sn > %d", alias, g.rng.IntN(1000))
		case 8:
			return fmt.Sprintf("%sid IN (%d, %d, %d)", alias, g.rng.IntN(g.keys+2), g.rng.IntN(g.keys+2), g.rng.IntN(g.keys+2))
		}
		return fmt.Sprintf("%sid %% %d = 1", alias, 2+g.rng.IntN(20))
	}
	switch g.rng.IntN(6) {
	case 0:
		return "(" + one() + " OR " + one() + ")"
	case 1:
		return "NOT (" + one() + ")"
	case 2, 3:
		return one() + " AND " + one()
	}
	return one()
}

// query adds a SELECT. Sums are of whole numbers and decimals, so that their order does not show.
func (g *generator) query(s int) {
	t, u := g.table().name, g.table().name
	p, q := g.predicate("a."), g.predicate("b.")
	for _, form := range []string{queryForms[g.rng.IntN(len(queryForms))]} {
		g.add(s, form, t, u, p, q)
	}
}

// queryForms have two tables and a condition on each. A LIMIT stands behind an order of all columns.
var queryForms = []string{
	"SELECT count(*), sum(a.id), min(a.s), max(a.n), count(a.g), count(DISTINCT a.s) FROM %[1]s a WHERE %[3]s",
	"SELECT * FROM %[1]s a WHERE %[3]s",
	"SELECT a.g, count(*), sum(a.n), max(a.d) FROM %[1]s a WHERE %[3]s GROUP BY a.g HAVING count(*) > 1",
	"SELECT a.s, a.g, sum(a.id) FROM %[1]s a GROUP BY a.s, a.g ORDER BY 1, 2, 3 LIMIT 20",
	"SELECT a.id, b.id FROM %[1]s a JOIN %[2]s b ON a.id = b.id WHERE %[3]s AND %[4]s",
	"SELECT count(*), sum(a.id), sum(b.id) FROM %[1]s a JOIN %[2]s b ON a.g = b.g AND a.s = b.s WHERE %[3]s AND %[4]s",
	"SELECT a.id, b.g FROM %[1]s a LEFT JOIN %[2]s b ON a.id = b.id AND %[4]s WHERE %[3]s",
	"SELECT count(*), sum(a.id), sum(b.id) FROM %[1]s a FULL JOIN %[2]s b ON a.id = b.id WHERE %[3]s OR %[4]s",
	"SELECT a.id FROM %[1]s a WHERE %[3]s AND EXISTS (SELECT 1 FROM %[2]s b WHERE b.g = a.g AND %[4]s)",
	"SELECT a.id FROM %[1]s a WHERE %[3]s AND NOT EXISTS (SELECT 1 FROM %[2]s b WHERE b.id = a.id AND %[4]s)",
	"SELECT a.id FROM %[1]s a WHERE a.g IN (SELECT b.g FROM %[2]s b WHERE %[4]s) AND %[3]s",
	"SELECT a.id FROM %[1]s a WHERE a.g NOT IN (SELECT b.g FROM %[2]s b WHERE %[4]s AND b.g IS NOT NULL) AND %[3]s",
	"SELECT DISTINCT a.g, a.d FROM %[1]s a WHERE %[3]s",
	"SELECT a.g, a.s FROM %[1]s a WHERE %[3]s UNION SELECT b.g, b.s FROM %[2]s b WHERE %[4]s",
	"SELECT a.id, a.g FROM %[1]s a WHERE %[3]s EXCEPT SELECT b.id, b.g FROM %[2]s b WHERE %[4]s",
	"SELECT a.id FROM %[1]s a WHERE %[3]s INTERSECT SELECT b.id FROM %[2]s b WHERE %[4]s",
	"SELECT a.id, a.g, a.n, a.s, a.d FROM %[1]s a WHERE %[3]s ORDER BY a.d DESC NULLS LAST, a.id, a.g, a.n, a.s LIMIT 7 OFFSET 2",
	"SELECT a.id, (SELECT max(b.n) FROM %[2]s b WHERE b.g = a.g AND %[4]s) FROM %[1]s a WHERE %[3]s",
	"WITH x AS (SELECT a.g, sum(a.n) AS total FROM %[1]s a WHERE %[3]s GROUP BY a.g) SELECT b.id, x.total FROM x JOIN %[2]s b ON b.g = x.g WHERE %[4]s",
	"SELECT count(*) FROM %[1]s a, %[2]s b WHERE a.id < b.id AND a.g = 3 AND b.g = 4 AND %[3]s AND %[4]s",
	"SELECT CASE WHEN a.g > 4 THEN 'high' WHEN a.g IS NULL THEN 'none' ELSE 'low' END, count(*), min(a.id) FROM %[1]s a WHERE %[3]s GROUP BY 1",
}
