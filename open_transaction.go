package oxidb

import (
	"context"
	"sync"
	"time"

	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// openTransaction is a transaction with a snapshot, of a block or of one statement, as other sessions
// see it in oxidb_transactions and may end it. What the session does with it is guarded by the
// session's lock; mu guards what others look at.
type openTransaction struct {
	inner   *mvcc.Txn
	session *Session
	block   bool
	started time.Time
	ctx     exec.Context // ends when others end the transaction, and its statements with it

	mu          sync.Mutex
	modes       modes
	user        string
	application string
	query       string
	running     int  // statements, results that are still being read among them
	reading     bool // of a single statement's transaction only a result is left, which is being read
	failed      bool
	since       time.Time // when the state changed
	ended       error     // why others ended it
	idle        *time.Timer
	limit       *time.Timer
}

// beginTransaction takes a snapshot and enters its transaction in the list. ctx is the context of the
// statement whose transaction it is; a block's has none but the background.
func (s *Session) beginTransaction(ctx context.Context, m modes, block bool, now time.Time) *openTransaction {
	return s.enterTransaction(ctx, s.db.store.Begin(m.options(s.id)), m, block, now)
}

// enterTransaction enters a transaction in the list.
func (s *Session) enterTransaction(ctx context.Context, inner *mvcc.Txn, m modes, block bool, now time.Time) *openTransaction {
	o := &openTransaction{inner: inner, session: s, block: block, started: now, since: now, modes: m}
	o.ctx.Start(ctx, nil)
	if d := s.settings.values().transactionTimeout; d > 0 {
		o.limit = time.AfterFunc(d, func() {
			o.endBy(sqlerr.New(sqlerr.TransactionTimeout, "the transaction was ended: it took longer than transaction_timeout, %s", d))
		})
	}
	s.db.open.add(o)
	return o
}

// release rolls back what was not committed and takes the transaction off the list.
func (o *openTransaction) release() {
	o.inner.Rollback()
	o.session.db.open.remove(o)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopIdling()
	if o.limit != nil {
		o.limit.Stop()
	}
	if !o.block {
		o.ctx.End(context.Canceled)
	}
}

// enter starts a statement, which left ends: its context ends with the transaction.
func (o *openTransaction) enter(ctx context.Context, sql string, now time.Time) context.Context {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopIdling()
	o.query, o.since = sql, now
	o.user, o.application = o.session.user, o.session.settings.values().application
	o.running++
	if !o.block {
		return &o.ctx
	}
	return exec.NewContext(ctx, &o.ctx)
}

func (o *openTransaction) left(idle time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.running--; o.running > 0 || !o.block || o.inner.Ended() {
		return
	}
	o.since = time.Now()
	if idle > 0 {
		o.idle = time.AfterFunc(idle, func() { o.endIdle(idle) })
	}
}

func (o *openTransaction) endIdle(after time.Duration) {
	o.mu.Lock()
	busy := o.running > 0
	o.mu.Unlock()
	if !busy {
		o.endBy(sqlerr.New(sqlerr.IdleInTransactionTimeout, "the transaction was ended: it was idle for longer than idle_in_transaction_session_timeout, %s", after))
	}
}

// onlyReads says that of a single statement's transaction nothing is left but a result to read.
func (o *openTransaction) onlyReads() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reading = true
}

// stopIdling stops the clock of an idle transaction; mu is held.
func (o *openTransaction) stopIdling() {
	if o.idle != nil {
		o.idle.Stop()
		o.idle = nil
	}
}

// endPatience is how long who ends a transaction waits for the statement that it cancelled.
const endPatience = 5 * time.Second

// endBy ends the transaction from outside: its statements are cancelled, its snapshot is released, and
// what its session does next fails with reason. A commit that has begun goes on.
func (o *openTransaction) endBy(reason error) {
	o.mu.Lock()
	if o.ended == nil && !o.inner.Ended() {
		o.ended = reason
	}
	reading := o.reading
	o.mu.Unlock()
	o.ctx.End(reason)
	if !o.block {
		if reading {
			o.release()
		}
		return // else the statement, cancelled, ends its transaction
	}
	for until := time.Now().Add(endPatience); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if o.session.mu.TryLock() {
			o.release()
			o.session.mu.Unlock()
			return
		}
		if o.inner.Ended() {
			return
		}
	}
}

// endedBy is why others ended the transaction, nil while it goes on.
func (o *openTransaction) endedBy() error {
	if o.ctx.Err() == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ended
}

// EndTransaction ends the transaction with that number in oxidb_transactions, whoever's it is: it is
// rolled back and its snapshot released, its running statement is cancelled, and the next one of its
// session fails with 57P01. It fails with 42704 when there is no such transaction.
func (db *DB) EndTransaction(id uint64) error {
	o := db.open.find(id)
	if o == nil {
		return sqlerr.New(sqlerr.UndefinedObject, "there is no open transaction %d", id).WithHint("SELECT * FROM oxidb_transactions lists them.")
	}
	o.endBy(sqlerr.New(sqlerr.AdminShutdown, "the transaction was ended by another session"))
	return nil
}
