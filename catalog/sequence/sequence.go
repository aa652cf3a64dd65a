// Package sequence hands out the numbers of sequences. Where a sequence stands is a row of a system
// table; numbers are taken outside of the transaction that asks, and never twice, not even after a crash.
//
// Q1: the row of a sequence lies ahead of every number that was handed out: it is committed, durably,
// before the first number of a range is. A crash loses the rest of a range, as PostgreSQL does.
// Q2: a transaction that made a state (CREATE SEQUENCE, RESTART) takes numbers from its own row, which
// nobody else sees: they come and go with it.
// Q3: RESTART begins a new state and leaves the old one to those who do not see the change yet. Rows of
// states that nothing refers to are swept when the database is opened.
package sequence

import (
	"context"
	"math"
	"sync"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// Limits of the ranges that are logged ahead.
const (
	aheadAtLeast = 32 // as PostgreSQL's SEQ_LOG_VALS
	aheadAtMost  = 1 << 16
	maxRetries   = 1000
)

// limitExceeded is PostgreSQL's sequence_generator_limit_exceeded.
const limitExceeded sqlerr.State = "2200H"

// State is where a sequence stands: Last was handed out when Called, else it is the next number.
type State struct {
	Last   int64
	Called bool
}

// Counters are the sequences of a store. They may be used by many goroutines at once.
type Counters struct {
	store *mvcc.Store
	mu    sync.Mutex
	live  map[catalog.ID]*counter
}

// counter is a state in use. logged is its row as it was written last, at is where it stands, and ahead
// is how many numbers lie between them for a sequence that counts like rule.
type counter struct {
	mu         sync.Mutex
	known      bool
	logged, at State
	ahead      int
	rule       rule
}

// rule is what decides the number after another.
type rule struct {
	increment, min, max int64
	cycle               bool
}

func ruleOf(s *catalog.Sequence) rule { return rule{s.Increment, s.Min, s.Max, s.Cycle} }

// Open makes the system table where the store has none. A store that is open for reading only keeps
// what it has: without the table it has no sequences either.
func Open(ctx context.Context, store *mvcc.Store) (*Counters, error) {
	c := &Counters{store: store, live: map[catalog.ID]*counter{}}
	txn := store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	if _, err := txn.Table(tableID); err == nil {
		return c, nil
	}
	err := txn.CreateTable(tableID, "oxidb_sequences", tableSchema())
	if sqlerr.StateOf(err) == sqlerr.ReadOnlyTransaction {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = txn.Commit(ctx)
	return c, err
}

func (c *Counters) counter(id catalog.ID) *counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.live[id]
	if x == nil {
		x = &counter{}
		c.live[id] = x
	}
	return x
}

// Next fills dst with the sequence's next numbers. It fails with 2200H at the end of one that does not
// cycle.
func (c *Counters) Next(ctx context.Context, txn *mvcc.Txn, s *catalog.Sequence, dst []int64) error {
	own, err := findOwn(ctx, txn, s.State)
	if err != nil {
		return err
	}
	if own != nil {
		return own.next(txn, s, dst)
	}
	x := c.counter(s.State)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.rule != ruleOf(s) { // altered, or an older snapshot's
		x.ahead, x.rule = 0, ruleOf(s)
	}
	for i := range dst {
		if x.ahead == 0 {
			if err := c.reserve(ctx, x, s, len(dst)-i); err != nil {
				return err
			}
		}
		if dst[i], err = x.at.step(s); err != nil {
			return err
		}
		x.ahead--
	}
	return nil
}

// next takes numbers from a transaction's own row.
func (r *row) next(txn *mvcc.Txn, s *catalog.Sequence, dst []int64) (err error) {
	at := r.state
	for i := range dst {
		if dst[i], err = at.step(s); err != nil {
			return err
		}
	}
	return r.replace(txn, at)
}

// reserve logs a range of n numbers and some more. x is locked.
func (c *Counters) reserve(ctx context.Context, x *counter, s *catalog.Sequence, n int) error {
	for range maxRetries {
		err := c.tryReserve(ctx, x, s, n)
		if sqlerr.StateOf(err) != sqlerr.SerializationFailure {
			return err
		}
	}
	return sqlerr.New(sqlerr.SerializationFailure, "could not advance the sequence %q: it changes all the time", s.Name)
}

func (c *Counters) tryReserve(ctx context.Context, x *counter, s *catalog.Sequence, n int) error {
	txn := c.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	r, err := find(ctx, txn, s.State)
	if err != nil {
		return err
	}
	if r == nil {
		return dropped(s)
	}
	at := r.state
	if x.known {
		at = x.at
	}
	end, ahead := at, 0
	for want := n + min(max(aheadAtLeast, 4*n), aheadAtMost); ahead < want; ahead++ {
		if _, err := end.step(s); err != nil {
			if ahead == 0 {
				return err
			}
			break
		}
	}
	if err := r.replace(txn, end); err != nil {
		return err
	}
	if _, err := txn.Commit(ctx); err != nil {
		return err
	}
	x.known, x.logged, x.at, x.ahead = true, end, at, ahead
	return nil
}

func dropped(s *catalog.Sequence) error {
	return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", s.Name)
}

// step moves to the next number and gives it.
func (at *State) step(s *catalog.Sequence) (int64, error) {
	if !at.Called {
		at.Called = true
		return at.Last, nil
	}
	next := at.Last + s.Increment
	switch {
	case s.Increment > 0 && (at.Last > math.MaxInt64-s.Increment || next > s.Max):
		if !s.Cycle {
			return 0, sqlerr.New(limitExceeded, "nextval: reached maximum value of sequence %q (%d)", s.Name, s.Max)
		}
		next = s.Min
	case s.Increment < 0 && (at.Last < math.MinInt64-s.Increment || next < s.Min):
		if !s.Cycle {
			return 0, sqlerr.New(limitExceeded, "nextval: reached minimum value of sequence %q (%d)", s.Name, s.Min)
		}
		next = s.Max
	}
	at.Last = next
	return next, nil
}

// Set is setval: it moves the sequence at once and for everybody.
func (c *Counters) Set(ctx context.Context, txn *mvcc.Txn, s *catalog.Sequence, to State) error {
	own, err := findOwn(ctx, txn, s.State)
	if err != nil {
		return err
	}
	if own != nil {
		return own.replace(txn, to)
	}
	x := c.counter(s.State)
	x.mu.Lock()
	defer x.mu.Unlock()
	for range maxRetries {
		if err = c.trySet(ctx, s, to); err == nil {
			x.known, x.logged, x.at, x.ahead = true, to, to, 0
		}
		if sqlerr.StateOf(err) != sqlerr.SerializationFailure {
			break
		}
	}
	return err
}

func (c *Counters) trySet(ctx context.Context, s *catalog.Sequence, to State) error {
	txn := c.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	r, err := find(ctx, txn, s.State)
	if err != nil {
		return err
	}
	if r == nil {
		return dropped(s)
	}
	if err := r.replace(txn, to); err != nil {
		return err
	}
	_, err = txn.Commit(ctx)
	return err
}

// State tells where the sequence stands.
func (c *Counters) State(ctx context.Context, txn *mvcc.Txn, s *catalog.Sequence) (State, error) {
	own, err := findOwn(ctx, txn, s.State)
	if err != nil {
		return State{}, err
	}
	if own != nil {
		return own.state, nil
	}
	x := c.counter(s.State)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.known {
		return x.at, nil
	}
	now := c.store.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer now.Rollback()
	r, err := find(ctx, now, s.State)
	if err == nil && r == nil {
		err = dropped(s)
	}
	if err != nil {
		return State{}, err
	}
	return r.state, nil
}

// Create adds the row of a sequence's State within txn.
func (c *Counters) Create(txn *mvcc.Txn, s *catalog.Sequence, at State) error {
	return insert(txn, s.State, at)
}

// Sweep removes the rows of states that no sequence has any more.
func (c *Counters) Sweep(ctx context.Context, used []*catalog.Sequence) error {
	keep := make(map[catalog.ID]bool, len(used))
	for _, s := range used {
		keep[s.State] = true
	}
	txn := c.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	rows, err := all(ctx, txn)
	if sqlerr.StateOf(err) == sqlerr.UndefinedTable {
		return nil
	}
	if err != nil {
		return err
	}
	for _, r := range rows {
		if keep[r.id] {
			continue
		}
		err := r.remove(txn)
		if sqlerr.StateOf(err) == sqlerr.ReadOnlyTransaction {
			return nil
		}
		if err != nil {
			return err
		}
	}
	if !txn.Written() {
		return nil
	}
	_, err = txn.Commit(ctx)
	return err
}

// Flush gives back what is left of the ranges, so that an orderly restart leaves no gaps.
func (c *Counters) Flush(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	txn := c.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	for id, x := range c.live {
		if err := x.flush(ctx, txn, id); err != nil {
			return err
		}
	}
	if !txn.Written() {
		return nil
	}
	_, err := txn.Commit(ctx)
	return err
}

func (x *counter) flush(ctx context.Context, txn *mvcc.Txn, id catalog.ID) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.known || x.at == x.logged {
		return nil
	}
	r, err := find(ctx, txn, id)
	if err != nil || r == nil {
		return err
	}
	x.known, x.ahead = false, 0
	return r.replace(txn, x.at)
}
