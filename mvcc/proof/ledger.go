package proof

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/oxidb/oxidb/mvcc"
)

// effect is one thing that a committed transaction did.
type effect struct {
	kind   effectKind
	id     mvcc.TableID
	key    int64
	row    string
	name   string
	schema mvcc.Schema
}

type effectKind uint8

const (
	inserts effectKind = iota // a row whose key is new
	replaces
	deletes
	creates
	alters
	drops
)

// ledger is what goroutines that commit at the same time know of their commits. What a version holds
// follows from the effects of the commits up to it, in their order.
type ledger struct {
	mu      sync.Mutex
	commits map[mvcc.Timestamp][]effect
	acked   mvcc.Timestamp // the newest commit that must survive, and with it all before
	tables  []mvcc.TableID
	seen    []observation
}

// observation is what a snapshot saw.
type observation struct {
	at    mvcc.Timestamp
	state State
}

// note takes an acknowledged commit in.
func (l *ledger) note(at mvcc.Timestamp, effects []effect, durable bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.commits[at] != nil {
		return violated("two commits have version %d", at)
	}
	l.commits[at] = effects
	if durable {
		l.acked = max(l.acked, at)
	}
	for i := range effects {
		if effects[i].kind == creates {
			l.tables = append(l.tables, effects[i].id)
		}
	}
	return nil
}

func (l *ledger) observe(at mvcc.Timestamp, s State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, observation{at, s})
}

func (l *ledger) durable() mvcc.Timestamp {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked
}

// keep says that everything up to a version is on disk.
func (l *ledger) keep(at mvcc.Timestamp) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = max(l.acked, at)
}

// known lists the tables that were ever committed.
func (l *ledger) known() []mvcc.TableID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.tables)
}

// versions gives the state at each version up to the newest. It fails when the commits contradict
// each other: what one replaces or deletes must be there, what one inserts must not.
func (l *ledger) versions(newest mvcc.Timestamp) ([]State, error) {
	states := make([]State, newest+1)
	states[0] = State{}
	for at := mvcc.Timestamp(1); at <= newest; at++ {
		states[at] = states[at-1]
		if l.commits[at] == nil {
			continue
		}
		next := maps.Clone(states[at-1])
		own := map[mvcc.TableID]bool{}
		for i := range l.commits[at] {
			if err := next.apply(&l.commits[at][i], own); err != nil {
				return nil, violated("commit %d: %v", at, err)
			}
		}
		states[at] = next
	}
	return states, nil
}

// apply does an effect; own are the tables that no other state shares.
func (s State) apply(e *effect, own map[mvcc.TableID]bool) error {
	t := s[e.id]
	if (t == nil) != (e.kind == creates) {
		return violated("table %d is there: %v", e.id, t != nil)
	}
	if t != nil && !own[e.id] {
		t = t.clone()
		s[e.id] = t
	}
	own[e.id] = true
	switch e.kind {
	case creates:
		s[e.id] = &Table{Name: e.name, Schema: e.schema, Rows: map[int64]string{}}
	case drops:
		delete(s, e.id)
	case alters:
		t.alter(e.name, e.schema)
	default:
		if _, there := t.Rows[e.key]; there == (e.kind == inserts) {
			return violated("row %d of table %d was there: %v", e.key, e.id, there)
		}
		if e.kind == deletes {
			delete(t.Rows, e.key)
		} else {
			t.Rows[e.key] = e.row
		}
	}
	return nil
}

// alter gives the table a schema with one column more or less at the end, or the same.
func (t *Table) alter(name string, s mvcc.Schema) {
	for a, row := range t.Rows {
		switch before := len(t.Schema.Columns); {
		case len(s.Columns) > before:
			t.Rows[a] = row + separator + text(s.Columns[before].Missing)
		case len(s.Columns) < before:
			t.Rows[a] = row[:strings.LastIndex(row, separator)]
		}
	}
	t.Name, t.Schema = name, s
}
