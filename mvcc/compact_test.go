package mvcc_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// schedule is random work of several transactions at once on a table with a key. What comes of each
// step is noted.
type schedule struct {
	t        testing.TB
	rng      *rand.Rand
	store    *mvcc.Store
	id       mvcc.TableID
	txns     [4]*mvcc.Txn
	marks    [4]*mvcc.Mark
	outcomes []string
}

func (s *schedule) step() {
	i := s.rng.IntN(len(s.txns))
	n, a := s.rng.IntN(12), int64(s.rng.IntN(12))
	if s.txns[i] == nil {
		s.txns[i], s.marks[i] = s.store.Begin(mvcc.TxnOptions{Serializable: n%3 == 0}), nil
		return
	}
	txn, out := s.txns[i], "ok"
	switch {
	case n < 4:
		out = outcome(txn.Append(s.id, pairBatch([]int64{a}, []string{"x"})))
	case n < 6:
		out = outcome(s.remove(txn, a))
	case n < 8:
		if out = outcome(s.remove(txn, a)); out == "ok" {
			out = outcome(txn.Append(s.id, pairBatch([]int64{a}, []string{"y"})))
		}
	case n == 8 && s.marks[i] != nil:
		txn.RollbackTo(*s.marks[i])
	case n == 8:
		mark := txn.Savepoint()
		s.marks[i] = &mark
	case n == 9:
		out = s.read(txn)
	case n == 10:
		txn.Rollback()
		s.txns[i] = nil
	default:
		_, err := txn.Commit(context.Background())
		out = outcome(err)
		s.txns[i] = nil
	}
	if strings.HasPrefix(out, "40001") {
		out = "40001" // for one reason or another
	}
	s.outcomes = append(s.outcomes, fmt.Sprintf("transaction %d, step %d of row %d: %s", i, n, a, out))
}

// remove deletes the rows with a key, as a statement does that found them in the transaction's view.
func (s *schedule) remove(txn *mvcc.Txn, a int64) error {
	table, err := txn.Table(s.id)
	must(s.t, err)
	txn.NoteRead(s.id, mvcc.Read{Fields: []int32{1}, Key: []types.Value{types.Int(types.TBigInt, a)}, Presence: a%2 == 0})
	var gone []columnar.RowID
	for _, r := range scan(s.t, table) {
		if r.a == a {
			gone = append(gone, r.id)
		}
	}
	return txn.Delete(s.id, gone)
}

func (s *schedule) read(txn *mvcc.Txn) string {
	table, err := txn.Table(s.id)
	must(s.t, err)
	txn.NoteRead(s.id, mvcc.Read{Fields: []int32{1}, Match: func(cols []*columnar.Vector, n int) (bool, error) {
		for i := range n {
			if cols[0].Int(i) > 5 {
				return true, nil
			}
		}
		return false, nil
	}})
	var rows []string
	for _, r := range scan(s.t, table) {
		rows = append(rows, fmt.Sprint(r.a, r.b))
	}
	slices.Sort(rows)
	return strings.Join(rows, " ")
}

// run gives what comes of a schedule of the seed, with compactions thrown in or without.
func runSchedule(t testing.TB, seed uint64, dir bool, compactions func(i int) bool) []string {
	s := &schedule{t: t, rng: rand.New(rand.NewPCG(seed, 9))}
	if dir {
		var err error
		s.store, err = mvcc.Open(vfs.NewMem(), dbDir, mvcc.Options{CheckpointBytes: -1})
		must(t, err)
	} else {
		s.store = mustOpen(t)
	}
	s.id = makeKeyed(t, s.store, 1)
	for i := range 250 {
		s.step()
		if compactions(i) {
			must(t, s.store.Vacuum(context.Background(), s.id, true))
			if i%3 == 0 {
				must(t, s.store.Checkpoint(context.Background()))
			}
		}
	}
	for _, txn := range s.txns {
		if txn != nil {
			txn.Rollback()
		}
	}
	txn := begin(t, s.store)
	s.outcomes = append(s.outcomes, s.read(txn))
	txn.Rollback()
	must(t, s.store.Close())
	return s.outcomes
}

// A compaction, whenever it happens, must change nothing that a transaction can notice: no error, no
// row, no conflict, not one less of them either.
func TestCompactionIsInvisible(t *testing.T) {
	seeds := uint64(150)
	if testing.Short() {
		seeds = 30
	}
	for seed := range seeds {
		want := runSchedule(t, seed, false, func(int) bool { return false })
		for run := range uint64(3) {
			rng := rand.New(rand.NewPCG(seed, run))
			often := 1 + rng.IntN(6)
			got := runSchedule(t, seed, run == 2, func(int) bool { return rng.IntN(often) == 0 })
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("seed %d, run %d, outcome %d: with compactions %q, without %q", seed, run, i, got[i], want[i])
				}
			}
		}
	}
}

// Writers that never meet each other must never fail, however often their rows are moved; those that
// meet lose no update.
func TestStormOfCompactions(t *testing.T) {
	fs := vfs.NewMem()
	s, err := mvcc.Open(fs, dbDir, mvcc.Options{CheckpointBytes: -1})
	must(t, err)
	id := makeKeyed(t, s, 1)
	const writers, keys = 4, 40 // each writer has its own keys, and all share the last
	txn := s.Begin(mvcc.TxnOptions{})
	for a := range int64(keys*writers + 1) {
		must(t, txn.Append(id, pairBatch([]int64{a}, []string{"0"})))
	}
	commit(t, txn)
	stop, stopped := make(chan struct{}), make(chan struct{})
	var compactions atomic.Int64
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.Vacuum(context.Background(), id, true); err != nil {
				t.Error(err)
				return
			}
			if compactions.Add(1)%5 == 0 {
				if err := s.Checkpoint(context.Background()); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	var shared, own atomic.Int64
	goOn := func(round int) bool { // a machine that runs one goroutine at a time may be done before the first compaction
		select {
		case <-stopped:
			return false
		default:
			return round < 60 || compactions.Load() < 5
		}
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 1))
			for round := 0; goOn(round); round++ {
				if err := increment(t, s, id, int64(w*keys+rng.IntN(keys))); err != nil {
					t.Errorf("writer %d, round %d: %v", w, round, err)
				}
				own.Add(1)
				switch err := increment(t, s, id, keys*writers); sqlerr.StateOf(err) {
				case sqlerr.Successful:
					shared.Add(1)
				case sqlerr.SerializationFailure:
				default:
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	<-stopped
	must(t, s.Close())
	s = openDir(t, fs)
	total := int64(0)
	for a, b := range state(t, s, id) {
		var n int64
		_, err := fmt.Sscan(b, &n)
		must(t, err)
		if a == keys*writers {
			if n != shared.Load() {
				t.Errorf("the shared row counts %d increments of %d", n, shared.Load())
			}
			continue
		}
		total += n
	}
	if total != own.Load() {
		t.Errorf("%d increments of %d are there", total, own.Load())
	}
	must(t, s.Close())
}

// increment replaces a row by one that counts one more.
func increment(t testing.TB, s *mvcc.Store, id mvcc.TableID, a int64) error {
	txn := s.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	table, err := txn.Table(id)
	if err != nil {
		return err
	}
	for _, r := range scan(t, table) {
		if r.a != a {
			continue
		}
		var n int64
		if _, err := fmt.Sscan(r.b, &n); err != nil {
			return err
		}
		if err := txn.Delete(id, []columnar.RowID{r.id}); err != nil {
			return err
		}
		if err := txn.Append(id, pairBatch([]int64{a}, []string{fmt.Sprint(n + 1)})); err != nil {
			return err
		}
		_, err = txn.Commit(context.Background())
		return err
	}
	return fmt.Errorf("row %d is gone", a)
}
