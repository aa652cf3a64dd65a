package oxidb_test

import (
	"fmt"
	"maps"
	"math/rand"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb"
)

// pastColumn is a column of the model; rows that are older than it have missing.
type pastColumn struct {
	id      int
	name    string
	missing string
}

// pastTable is a table of the model as of one version. Rows are by the value of column id.
type pastTable struct {
	identity int
	columns  []pastColumn
	rows     map[int]map[int]string
}

func (p *pastTable) clone() *pastTable {
	c := &pastTable{identity: p.identity, columns: slices.Clone(p.columns), rows: make(map[int]map[int]string, len(p.rows))}
	for id, row := range p.rows {
		c.rows[id] = maps.Clone(row)
	}
	return c
}

// view is the table's rows under a list of columns, as sorted text.
func (p *pastTable) view(columns []pastColumn) []string {
	var all []string
	for id, row := range p.rows {
		all = append(all, p.line(id, row, columns))
	}
	sort.Strings(all)
	return all
}

func (p *pastTable) line(id int, row map[int]string, columns []pastColumn) string {
	parts := []string{strconv.Itoa(id)}
	for _, c := range columns {
		v, ok := row[c.id]
		if !ok {
			v = c.missing
		}
		parts = append(parts, v)
	}
	return strings.Join(parts, "|")
}

// pastWorld is the model: tables by name, and what they were at every version.
type pastWorld struct {
	t        *testing.T
	r        *rand.Rand
	fs       vfs.FS
	db       *oxidb.DB
	s        *oxidb.Session
	tables   map[string]*pastTable
	versions map[int]map[string]*pastTable
	times    map[int]time.Time
	version  int
	next     int // of rows, columns and tables
	log      []string
}

func (w *pastWorld) fatal(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nafter\n%s", fmt.Sprintf(format, args...), strings.Join(w.log, ";\n"))
}

func (w *pastWorld) exec(sql string) {
	w.t.Helper()
	w.log = append(w.log, sql)
	if _, err := w.s.Exec(w.t.Context(), sql); err != nil {
		w.fatal("%s: %v", sql, err)
	}
}

// rows runs a query and gives its rows as sorted text.
func (w *pastWorld) rows(sql string, args ...any) ([]string, error) {
	r, err := w.s.Query(w.t.Context(), sql, args...)
	if err != nil {
		return nil, err
	}
	var all []string
	for row, err := range r.Rows() {
		if err != nil {
			return nil, err
		}
		parts := make([]string, len(row))
		for i, v := range row {
			if parts[i] = fmt.Sprint(v); v == nil {
				parts[i] = "NULL"
			}
		}
		all = append(all, strings.Join(parts, "|"))
	}
	sort.Strings(all)
	return all, nil
}

func (w *pastWorld) number(sql string) int {
	w.t.Helper()
	rows, err := w.rows(sql)
	if err != nil {
		w.fatal("%s: %v", sql, err)
	}
	n, err := strconv.Atoi(rows[0])
	if err != nil {
		w.fatal("%s: %v", sql, err)
	}
	return n
}

// commit notes the state after a committed statement or transaction.
func (w *pastWorld) commit() {
	w.version = w.number("SELECT oxidb_version()")
	state := map[string]*pastTable{}
	for name, table := range w.tables {
		state[name] = table.clone()
	}
	w.versions[w.version] = state
	w.times[w.version] = time.Now()
}

func (w *pastWorld) open() {
	db, err := oxidb.Open(w.t.Context(), "db", func(o *oxidb.Options) { o.FS = w.fs })
	if err != nil {
		w.fatal("opening: %v", err)
	}
	w.db = db
	if w.s, err = db.Session(); err != nil {
		w.fatal("opening: %v", err)
	}
}

func (w *pastWorld) pick() (string, *pastTable) {
	names := slices.Sorted(maps.Keys(w.tables))
	if len(names) == 0 {
		return "", nil
	}
	name := names[w.r.Intn(len(names))]
	return name, w.tables[name]
}

func (w *pastWorld) fresh() int { w.next++; return w.next }

func (w *pastWorld) create() {
	if len(w.tables) > 3 {
		return
	}
	id := w.fresh()
	name := fmt.Sprintf("t%d", w.r.Intn(4))
	if w.tables[name] != nil {
		return
	}
	w.tables[name] = &pastTable{identity: id, columns: []pastColumn{{w.fresh(), "a", "NULL"}, {w.fresh(), "b", "NULL"}}, rows: map[int]map[int]string{}}
	w.exec("CREATE TABLE " + name + " (id int PRIMARY KEY, a int, b text)")
}

func (w *pastWorld) insert(name string, table *pastTable) {
	n, first := 1+w.r.Intn(20), 0
	if w.r.Intn(25) == 0 {
		n = 3000
	}
	var values []string
	for i := range n {
		id := w.fresh()
		if i == 0 {
			first = id
		}
		row := map[int]string{}
		for _, c := range table.columns {
			row[c.id] = strconv.Itoa(id % 10)
		}
		table.rows[id] = row
	}
	for range table.columns {
		values = append(values, "g % 10")
	}
	w.exec(fmt.Sprintf("INSERT INTO %s SELECT %s FROM generate_series(%d, %d) s(g)", name, strings.Join(append([]string{"g"}, values...), ", "), first, first+n-1))
}

func (w *pastWorld) update(name string, table *pastTable) {
	if len(table.columns) == 0 {
		return
	}
	c := table.columns[w.r.Intn(len(table.columns))]
	mod, rest, value := 2+w.r.Intn(20), w.r.Intn(3), strconv.Itoa(w.r.Intn(1000))
	w.exec(fmt.Sprintf("UPDATE %s SET %s = %s WHERE id %% %d = %d", name, c.name, value, mod, rest))
	for id, row := range table.rows {
		if id%mod != rest {
			continue
		}
		now := map[int]string{}
		for _, k := range table.columns {
			if now[k.id] = k.missing; row[k.id] != "" {
				now[k.id] = row[k.id]
			}
		}
		now[c.id] = value
		table.rows[id] = now
	}
}

func (w *pastWorld) remove(name string, table *pastTable) {
	mod, rest := 1+w.r.Intn(20), w.r.Intn(2)
	w.exec(fmt.Sprintf("DELETE FROM %s WHERE id %% %d = %d", name, mod, rest))
	for id := range table.rows {
		if id%mod == rest {
			delete(table.rows, id)
		}
	}
}

func (w *pastWorld) alter(name string, table *pastTable) {
	switch w.r.Intn(4) {
	case 0:
		c := pastColumn{w.fresh(), "", "NULL"}
		c.name = fmt.Sprintf("c%d", c.id)
		kind := ""
		if w.r.Intn(2) == 0 {
			c.missing, kind = strconv.Itoa(c.id), fmt.Sprintf(" DEFAULT %d", c.id)
		}
		table.columns = append(table.columns, c)
		w.exec("ALTER TABLE " + name + " ADD COLUMN " + c.name + " int" + kind)
	case 1:
		if len(table.columns) < 2 {
			return
		}
		at := w.r.Intn(len(table.columns))
		w.exec("ALTER TABLE " + name + " DROP COLUMN " + table.columns[at].name)
		table.columns = slices.Delete(table.columns, at, at+1)
	case 2:
		if len(table.columns) == 0 {
			return
		}
		c := &table.columns[w.r.Intn(len(table.columns))]
		to := fmt.Sprintf("r%d", w.fresh())
		w.exec("ALTER TABLE " + name + " RENAME COLUMN " + c.name + " TO " + to)
		c.name = to
	case 3:
		to := fmt.Sprintf("t%d", w.r.Intn(4))
		if w.tables[to] != nil {
			return
		}
		w.exec("ALTER TABLE " + name + " RENAME TO " + to)
		delete(w.tables, name)
		w.tables[to] = table
	}
}

// cloneTable makes a table of another, or of what one was at an earlier version.
func (w *pastWorld) cloneTable(name string, table *pastTable) {
	to := fmt.Sprintf("t%d", w.r.Intn(4))
	if w.tables[to] != nil {
		return
	}
	sql := "CREATE TABLE " + to + " CLONE " + name
	if at := w.anyVersion(); w.r.Intn(2) == 0 && w.versions[at][name] != nil {
		sql += fmt.Sprintf(" AS OF VERSION %d", at)
		table = w.versions[at][name]
	}
	w.tables[to] = table.clone()
	w.tables[to].identity = w.fresh()
	w.exec(sql)
}

// anyVersion picks one that can be read.
func (w *pastWorld) anyVersion() int {
	oldest := w.number("SELECT min(version) FROM oxidb_versions")
	all := slices.DeleteFunc(slices.Sorted(maps.Keys(w.versions)), func(v int) bool { return v < oldest })
	if len(all) == 0 {
		return w.version
	}
	return all[w.r.Intn(len(all))]
}

func (w *pastWorld) change() {
	name, table := w.pick()
	if table == nil {
		w.create()
		return
	}
	switch w.r.Intn(12) {
	case 0:
		w.create()
	case 1, 2, 3, 4:
		w.insert(name, table)
	case 5, 6:
		w.update(name, table)
	case 7:
		w.remove(name, table)
	case 8:
		w.alter(name, table)
	case 9:
		w.cloneTable(name, table)
	case 10:
		if w.r.Intn(3) > 0 {
			return
		}
		w.exec("DROP TABLE " + name)
		delete(w.tables, name)
	case 11:
		w.exec("TRUNCATE " + name)
		table.rows = map[int]map[int]string{}
	}
}

func (w *pastWorld) step() {
	switch w.r.Intn(12) {
	case 0:
		w.exec("CHECKPOINT")
	case 1:
		w.exec([]string{"VACUUM", "VACUUM FULL"}[w.r.Intn(2)])
	case 2:
		w.log = append(w.log, "-- reopened")
		if err := w.db.Close(); err != nil {
			w.fatal("closing: %v", err)
		}
		w.open()
	case 3, 4:
		w.exec("BEGIN")
		for range 1 + w.r.Intn(4) {
			w.change()
		}
		w.exec("COMMIT")
	default:
		w.change()
	}
	w.commit()
}

// TestPastEqualsModel makes random histories and reads every version that is kept.
func TestPastEqualsModel(t *testing.T) {
	runs := 4
	if n, err := strconv.Atoi(os.Getenv("OXIDB_TRAVEL_RUNS")); err == nil {
		runs = n
	}
	first, _ := strconv.Atoi(os.Getenv("OXIDB_TRAVEL_SEED"))
	for seed := first; seed < first+runs; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { pastHistory(t, int64(seed)) })
	}
}

func pastHistory(t *testing.T, seed int64) {
	w := &pastWorld{t: t, r: rand.New(rand.NewSource(seed)), fs: vfs.NewMem(), tables: map[string]*pastTable{}, versions: map[int]map[string]*pastTable{}, times: map[int]time.Time{}}
	w.open()
	defer func() { _ = w.db.Close() }()
	w.commit()
	first := w.version
	for i := range 60 {
		w.step()
		if i%10 == 9 {
			from, to := w.anyVersion(), w.anyVersion()
			w.checkHistory(min(from, to), max(from, to))
			w.checkVersion(w.anyVersion())
		}
	}
	if oldest := w.number("SELECT min(version) FROM oxidb_versions"); oldest > first {
		w.fatal("the oldest version is %d, of %d on all should be kept", oldest, first)
	}
	for _, at := range slices.Sorted(maps.Keys(w.versions)) {
		w.checkVersion(at)
	}
	w.checkHistory(first, w.version)
}
