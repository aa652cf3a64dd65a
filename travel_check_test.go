package oxidb_test

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/oxidb/oxidb/sqlerr"
)

// checkVersion compares every table as of a version with the model, by version and by time.
func (w *pastWorld) checkVersion(at int) {
	w.t.Helper()
	for i := range 4 {
		name := fmt.Sprintf("t%d", i)
		got, err := w.rows(fmt.Sprintf("SELECT * FROM %s AS OF VERSION $1", name), at)
		table := w.versions[at][name]
		switch {
		case table == nil:
			if sqlerr.StateOf(err) != sqlerr.UndefinedTable {
				w.fatal("%s as of version %d: %v %v", name, at, got, err)
			}
		case err != nil:
			w.fatal("%s as of version %d: %v", name, at, err)
		case !slices.Equal(got, table.view(table.columns)):
			w.fatal("%s as of version %d: %d rows\n%v\nwant %d\n%v", name, at, len(got), head(got), len(table.rows), head(table.view(table.columns)))
		default:
			w.checkTime(at, name, got)
			w.checkKeys(at, name, table)
		}
	}
}

func (w *pastWorld) checkTime(at int, name string, want []string) {
	got, err := w.rows(fmt.Sprintf("SELECT * FROM %s AS OF TIMESTAMP oxidb_version_time(%d)", name, at))
	if err != nil || !slices.Equal(got, want) {
		w.fatal("%s at the time of version %d: %v %v", name, at, err, head(got))
	}
}

// checkKeys finds rows by their key, one and a range.
func (w *pastWorld) checkKeys(at int, name string, table *pastTable) {
	from := 1 + w.r.Intn(w.next)
	for _, to := range []int{from, from + 5} {
		var want []string
		for id := from; id <= to; id++ {
			if row, ok := table.rows[id]; ok {
				want = append(want, table.line(id, row, table.columns))
			}
		}
		sort.Strings(want)
		where := fmt.Sprintf("id BETWEEN %d AND %d", from, to)
		if from == to {
			where = fmt.Sprintf("id = %d", from)
		}
		got, err := w.rows(fmt.Sprintf("SELECT * FROM %s AS OF VERSION %d WHERE %s", name, at, where))
		if err != nil || !slices.Equal(got, want) {
			w.fatal("%s as of version %d where %s: %v %v, want %v", name, at, where, err, got, want)
		}
	}
}

func head(rows []string) []string { return rows[:min(len(rows), 20)] }

// checkHistory applies a table's history to what it was at from, and compares at every version on the way.
func (w *pastWorld) checkHistory(from, to int) {
	w.t.Helper()
	for name, last := range w.versions[to] {
		rows, err := w.rows(fmt.Sprintf("SELECT lpad(_version::text, 9, '0'), _change, _time = oxidb_version_time(_version), h.* FROM oxidb_history('%s', %d, %d) h", name, from, to))
		if err != nil {
			w.fatal("the history of %s from %d to %d: %v", name, from, to, err)
		}
		at := func(version int) []string { // of the same table, under whatever name
			for _, table := range w.versions[version] {
				if table.identity == last.identity {
					return table.view(last.columns)
				}
			}
			return nil
		}
		state := map[string]int{}
		for _, line := range at(from) {
			state[line]++
		}
		for version := from + 1; version <= to; version++ {
			rows = w.apply(state, rows, version)
			if w.versions[version] == nil {
				continue // inside of a step
			}
			if got := lines(state); !slices.Equal(got, at(version)) {
				w.fatal("%s from version %d by its history at %d: %v\nwant %v", name, from, version, head(got), head(at(version)))
			}
		}
		if len(rows) > 0 {
			w.fatal("the history of %s from %d to %d has %v", name, from, to, head(rows))
		}
	}
}

// apply makes the changes of one version, which are the first of rows.
func (w *pastWorld) apply(state map[string]int, rows []string, version int) (rest []string) {
	prefix := fmt.Sprintf("%09d|", version)
	for len(rows) > 0 && strings.HasPrefix(rows[0], prefix) {
		parts := strings.SplitN(rows[0], "|", 4)
		line := parts[3]
		for range 3 { // _change, _version and _time, again
			line = line[:strings.LastIndexByte(line, '|')]
		}
		if parts[2] != "true" {
			w.fatal("%s is not of its version's time", rows[0])
		}
		if parts[1] == "insert" {
			state[line]++
		} else if state[line]--; state[line] < 0 {
			w.fatal("version %d deletes %s, which is not there", version, line)
		} else if state[line] == 0 {
			delete(state, line)
		}
		rows = rows[1:]
	}
	return rows
}

func lines(state map[string]int) []string {
	var all []string
	for line, n := range state {
		for range n {
			all = append(all, line)
		}
	}
	sort.Strings(all)
	return all
}
