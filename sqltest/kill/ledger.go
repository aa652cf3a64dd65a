package kill

import (
	"fmt"
	"slices"
)

// fate is what a client knows of something it asked for.
type fate uint8

const (
	refused fate = iota // the server said that it did not happen
	acknowledged
	unknown // no answer came
)

// transfer moves an amount between accounts in one transaction, which also writes it down.
type transfer struct {
	from, to, amount int64
	fate             fate
}

// note is noteRows rows, inserted by one statement; another may delete them later.
type note struct {
	inserted, deleted fate
}

// ledger is what one client did.
type ledger struct {
	client    int
	next      int64 // number of the next thing to do
	transfers map[int64]*transfer
	notes     map[int64]*note
	counter   int64 // the newest acknowledged value
	maybe     int64 // a newer one without an answer; 0 for none
}

func newLedger(client int) *ledger {
	return &ledger{client: client, transfers: map[int64]*transfer{}, notes: map[int64]*note{}}
}

// allowed says whether something that is there, or is not, may be so.
func (f fate) allowed(there bool) bool {
	return f == unknown || there == (f == acknowledged)
}

// judge compares what the server has of a client's things with the ledger, and settles what was not
// known: from here on it stays as found (K1, K2, K3).
func (l *ledger) judge(found *content) error {
	for seq, t := range l.transfers {
		if err := t.judge(found.entries[key{l.client, seq}]); err != nil {
			return fmt.Errorf("client %d, transfer %d: %w", l.client, seq, err)
		}
		if t.fate == refused {
			delete(l.transfers, seq)
		}
	}
	for seq, n := range l.notes {
		rows := found.notes[key{l.client, seq}]
		if rows != 0 && rows != noteRows {
			return fmt.Errorf("client %d, note %d: %d of its %d rows are there", l.client, seq, rows, noteRows)
		}
		if err := n.judge(rows != 0); err != nil {
			return fmt.Errorf("client %d, note %d: %w", l.client, seq, err)
		}
		if rows == 0 {
			delete(l.notes, seq)
		}
	}
	got, there := found.counters[l.client]
	if !there || got != l.counter && (l.maybe == 0 || got != l.maybe) {
		return fmt.Errorf("client %d: the counter is %d (there: %v), acknowledged was %d, without an answer %d", l.client, got, there, l.counter, l.maybe)
	}
	l.counter, l.maybe = got, 0
	return nil
}

func (t *transfer) judge(entry []int64) error {
	if !t.fate.allowed(entry != nil) {
		return fmt.Errorf("%v is there: %v, and it was acknowledged: %v", *t, entry != nil, t.fate == acknowledged)
	}
	t.fate = refused
	if entry != nil {
		t.fate = acknowledged
		if !slices.Equal(entry, []int64{t.from, t.to, t.amount}) {
			return fmt.Errorf("%v is there as %v", *t, entry)
		}
	}
	return nil
}

func (n *note) judge(there bool) error {
	ok := n.inserted.allowed(there)
	switch n.deleted {
	case acknowledged:
		ok = !there
	case unknown: // its insert was acknowledged
		ok = true
	}
	if !ok {
		return fmt.Errorf("%+v is there: %v", *n, there)
	}
	n.inserted, n.deleted = acknowledged, refused
	return nil
}
