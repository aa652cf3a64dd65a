package isolation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// ErrAborted is wrapped by the errors of a session whose transaction the database rolled back.
var ErrAborted = errors.New("the transaction was rolled back")

// ErrUnknown is wrapped by the error of a commit that may have happened.
var ErrUnknown = errors.New("the commit's outcome is not known")

// Store is a database of lists, all empty at first.
type Store interface {
	Session() (Session, error)
}

// Session runs one transaction after another. After an error Rollback ends the transaction.
type Session interface {
	Begin(ctx context.Context) error
	Append(ctx context.Context, key, value int) error
	Read(ctx context.Context, key int) ([]int, error)
	Commit(ctx context.Context) error
	Rollback() error
	Close()
}

// Workload is random transactions on a window of lists that moves on, so that lists stay short.
type Workload struct {
	Seed     uint64
	Workers  int
	Txns     int // of all workers together
	Lists    int // in use at once
	TxnsEach int // transactions until the window moves on by one list
	Level    Level
}

// DefaultWorkload is txns transactions of 8 workers that often meet.
func DefaultWorkload(seed uint64, txns int) Workload {
	return Workload{Seed: seed, Workers: 8, Txns: txns, Lists: 5, TxnsEach: 24}
}

// Keys is the number of lists that the workload uses.
func (w *Workload) Keys() int { return w.Txns/w.TxnsEach + w.Lists + 1 }

// Run lets the workload's workers loose on a store, then reads every list in one more transaction,
// and gives the history. An error is none of the transactions' but the store's failure.
func (w *Workload) Run(ctx context.Context, store Store) (History, error) {
	r := newRunner(w)
	workers, err := r.open(store)
	if err != nil {
		return nil, err
	}
	var group sync.WaitGroup
	for _, k := range workers {
		group.Go(func() { k.run(ctx) })
	}
	group.Wait()
	return r.finish(ctx, store, workers)
}

// Interleave runs the workload in one goroutine; the seed decides which worker takes the next step, so
// that a store without goroutines of its own gives the same history every time.
func (w *Workload) Interleave(ctx context.Context, store Store) (History, error) {
	r := newRunner(w)
	workers, err := r.open(store)
	if err != nil {
		return nil, err
	}
	choice := rand.New(rand.NewPCG(w.Seed, 0))
	for busy := append([]*worker(nil), workers...); len(busy) > 0; {
		i := choice.IntN(len(busy))
		if !busy[i].step(ctx) {
			busy = append(busy[:i], busy[i+1:]...)
		}
	}
	return r.finish(ctx, store, workers)
}

// runner is what the workers of a run share.
type runner struct {
	load    *Workload
	clock   atomic.Int64 // of events
	started atomic.Int64 // transactions
	value   atomic.Int64 // the last one appended
}

func newRunner(w *Workload) *runner { return &runner{load: w} }

func (r *runner) open(store Store) ([]*worker, error) {
	workers := make([]*worker, r.load.Workers)
	for i := range workers {
		session, err := store.Session()
		if err != nil {
			return nil, err
		}
		workers[i] = &worker{runner: r, process: i, session: session, random: rand.New(rand.NewPCG(r.load.Seed, uint64(i)+1))}
	}
	return workers, nil
}

func (r *runner) finish(ctx context.Context, store Store, workers []*worker) (History, error) {
	var h History
	var err error
	for _, k := range workers {
		k.session.Close()
		h = append(h, k.done...)
		err = errors.Join(err, k.err)
	}
	if err != nil {
		return h, err
	}
	last, err := r.load.ReadAll(ctx, store, r.clock.Load())
	return append(h, last), err
}

// ReadAll reads all lists in one transaction, after everything up to the event at.
func (w *Workload) ReadAll(ctx context.Context, store Store, at int64) (Txn, error) {
	t := Txn{Process: w.Workers, Invoke: at + 1, Complete: at + 2, Outcome: Committed}
	session, err := store.Session()
	if err != nil {
		return t, err
	}
	defer session.Close()
	if err := session.Begin(ctx); err != nil {
		return t, err
	}
	for key := range w.Keys() {
		list, err := session.Read(ctx, key)
		if err != nil {
			return t, errors.Join(err, session.Rollback())
		}
		t.Ops = append(t.Ops, Op{Key: key, List: list})
	}
	return t, session.Commit(ctx)
}

// worker is one process: it takes one step after another.
type worker struct {
	*runner
	process int
	session Session
	random  *rand.Rand
	done    []Txn
	err     error

	txn  Txn  // the open one
	open bool // a transaction is open
	left int  // its steps before the end
	keys int  // the first list it may use
}

func (k *worker) run(ctx context.Context) {
	for k.step(ctx) {
	}
}

// step does one thing and reports whether there is more to do.
func (k *worker) step(ctx context.Context) bool {
	switch {
	case !k.open:
		return k.begin(ctx)
	case k.left > 0:
		k.left--
		k.settle(k.operate(ctx))
	case k.random.IntN(12) == 0:
		k.end(Aborted, k.session.Rollback())
	default:
		k.settle(k.commit(ctx))
	}
	return k.err == nil
}

func (k *worker) begin(ctx context.Context) bool {
	n := int(k.started.Add(1))
	if n > k.load.Txns {
		return false
	}
	k.txn = Txn{Process: k.process, Invoke: k.clock.Add(1)}
	k.open, k.left, k.keys = true, 1+k.random.IntN(5), n/k.load.TxnsEach
	k.err = k.session.Begin(ctx)
	return k.err == nil
}

// operate reads or appends; a third of all appends follow a read of the list.
func (k *worker) operate(ctx context.Context) error {
	key := k.keys + k.random.IntN(k.load.Lists)
	what := k.random.IntN(6)
	if what < 4 {
		list, err := k.session.Read(ctx, key)
		if err != nil {
			return err
		}
		k.txn.Ops = append(k.txn.Ops, Op{Key: key, List: list})
	}
	if what < 3 {
		return nil
	}
	value := int(k.value.Add(1))
	k.txn.Ops = append(k.txn.Ops, Op{Key: key, Append: true, Value: value})
	return k.session.Append(ctx, key, value)
}

func (k *worker) commit(ctx context.Context) error {
	err := k.session.Commit(ctx)
	switch {
	case err == nil:
		k.end(Committed, nil)
	case errors.Is(err, ErrUnknown):
		k.end(Unknown, k.session.Rollback())
		return nil
	}
	return err
}

// settle ends a transaction that the database aborted; other errors end the worker.
func (k *worker) settle(err error) {
	switch {
	case err == nil:
	case errors.Is(err, ErrAborted):
		k.end(Aborted, k.session.Rollback())
	default:
		k.err = fmt.Errorf("worker %d, %s: %w", k.process, k.txn.String(), err)
	}
}

func (k *worker) end(o Outcome, err error) {
	k.txn.Outcome, k.txn.Complete = o, k.clock.Add(1)
	k.done = append(k.done, k.txn)
	k.open, k.err = false, err
}
