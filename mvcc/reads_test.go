package mvcc_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// between reads the rows whose a lies in [lo, hi].
func between(lo, hi int64) mvcc.Read {
	return mvcc.Read{Fields: []int32{1}, Match: func(cols []*columnar.Vector, n int) (bool, error) {
		for i := range n {
			if x := cols[0].Value(i); !x.Null && lo <= x.I && x.I <= hi {
				return true, nil
			}
		}
		return false, nil
	}}
}

// keyed reads the rows whose a is x.
func keyed(x int64) mvcc.Read {
	return mvcc.Read{Fields: []int32{1}, Key: []types.Value{types.Int(types.TBigInt, x)}}
}

func present(x int64) mvcc.Read {
	r := keyed(x)
	r.Presence, r.Always = true, true
	return r
}

// appendRows commits rows.
func appendRows(t testing.TB, s *mvcc.Store, id mvcc.TableID, values ...int64) {
	t.Helper()
	txn := begin(t, s)
	insert(t, txn, id, values...)
	commit(t, txn)
}

func insert(t testing.TB, txn *mvcc.Txn, id mvcc.TableID, values ...int64) {
	t.Helper()
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	must(t, txn.Append(id, pairBatch(values, texts)))
}

// remove deletes the rows with a value of a.
func removeRow(t testing.TB, txn *mvcc.Txn, id mvcc.TableID, a int64) {
	t.Helper()
	table, err := txn.Table(id)
	must(t, err)
	for _, r := range scan(t, table) {
		if r.a == a {
			must(t, txn.Delete(id, []columnar.RowID{r.id}))
		}
	}
}

// A commit must fail exactly when another one changed what the transaction read: write skew gets
// through otherwise, or work is thrown away for nothing.
func TestReadsAreValidated(t *testing.T) {
	type env struct {
		t     *testing.T
		store *mvcc.Store
		id    mvcc.TableID
		other *mvcc.Txn
	}
	for _, c := range []struct {
		name    string
		reads   []mvcc.Read
		plain   bool // snapshot isolation
		other   func(e *env)
		aborted bool
	}{
		{"insert into the range", []mvcc.Read{between(10, 20)}, false, func(e *env) { insert(e.t, e.other, e.id, 15) }, true},
		{"insert beside the range", []mvcc.Read{between(10, 20)}, false, func(e *env) { insert(e.t, e.other, e.id, 21) }, false},
		{"delete from the range", []mvcc.Read{between(0, 1)}, false, func(e *env) { removeRow(e.t, e.other, e.id, 1) }, true},
		{"delete beside the range", []mvcc.Read{between(0, 1)}, false, func(e *env) { removeRow(e.t, e.other, e.id, 2) }, false},
		{"update into the range", []mvcc.Read{between(10, 20)}, false, func(e *env) { removeRow(e.t, e.other, e.id, 1); insert(e.t, e.other, e.id, 10) }, true},
		{"second of two ranges", []mvcc.Read{between(10, 20), between(30, 40)}, false, func(e *env) { insert(e.t, e.other, e.id, 33) }, true},
		{"in the transaction and gone", []mvcc.Read{between(10, 20)}, false, func(e *env) { insert(e.t, e.other, e.id, 15); removeRow(e.t, e.other, e.id, 15) }, false},
		{"whole table", []mvcc.Read{{}}, false, func(e *env) { insert(e.t, e.other, e.id, 99) }, true},
		{"another key", []mvcc.Read{keyed(1)}, false, func(e *env) { removeRow(e.t, e.other, e.id, 2); insert(e.t, e.other, e.id, 7) }, false},
		{"the key", []mvcc.Read{keyed(1), keyed(2)}, false, func(e *env) { removeRow(e.t, e.other, e.id, 2) }, true},
		{"a key that was not there", []mvcc.Read{keyed(5)}, false, func(e *env) { insert(e.t, e.other, e.id, 5) }, true},
		{"a new version of the key", []mvcc.Read{keyed(1)}, false, func(e *env) { removeRow(e.t, e.other, e.id, 1); insert(e.t, e.other, e.id, 1) }, true},
		{"a new version where presence counts", []mvcc.Read{present(1)}, true, func(e *env) { removeRow(e.t, e.other, e.id, 1); insert(e.t, e.other, e.id, 1) }, false},
		{"presence ends", []mvcc.Read{present(1)}, true, func(e *env) { removeRow(e.t, e.other, e.id, 1) }, true},
		{"presence begins", []mvcc.Read{present(5)}, true, func(e *env) { insert(e.t, e.other, e.id, 5) }, true},
		{"presence and content", []mvcc.Read{present(1), keyed(1)}, false, func(e *env) { removeRow(e.t, e.other, e.id, 1); insert(e.t, e.other, e.id, 1) }, true},
		{"snapshot isolation", []mvcc.Read{between(10, 20), keyed(1), {}}, true, func(e *env) { insert(e.t, e.other, e.id, 15) }, false},
		{"table dropped", []mvcc.Read{keyed(1)}, false, func(e *env) { must(e.t, e.other.DropTable(e.id)) }, true},
		{"table altered", []mvcc.Read{keyed(1)}, false, func(e *env) {
			schema := pairs()
			schema.Columns = append(schema.Columns, mvcc.ColumnDef{FieldID: 3, Name: "c", Type: types.TBigInt})
			must(e.t, e.other.AlterTable(e.id, "pairs", schema))
		}, true},
		{"NULL keys equal nothing", []mvcc.Read{{Fields: []int32{1}, Key: []types.Value{types.Null(types.TBigInt)}}}, false, func(e *env) { insert(e.t, e.other, e.id, 5) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t)
			defer s.Close()
			id, own := makePairs(t, s), makePairs(t, s)
			appendRows(t, s, id, 1, 2, 3)
			reader := s.Begin(mvcc.TxnOptions{Serializable: !c.plain})
			defer reader.Rollback()
			silent := s.Begin(mvcc.TxnOptions{Serializable: true}) // reads the same, writes nothing
			defer silent.Rollback()
			for _, r := range c.reads {
				reader.NoteRead(id, r)
				silent.NoteRead(id, r)
			}
			other := begin(t, s)
			c.other(&env{t, s, id, other})
			commit(t, other)
			insert(t, reader, own, 1)
			_, err := reader.Commit(context.Background())
			if aborted := sqlerr.StateOf(err) == sqlerr.SerializationFailure; aborted != c.aborted || err != nil && !aborted {
				t.Errorf("commit: %v, want it to fail: %t", err, c.aborted)
			}
			if _, err := silent.Commit(context.Background()); err != nil {
				t.Errorf("a transaction that wrote nothing: %v", err)
			}
		})
	}
}

// What a transaction writes itself, to tables and to their shape, must not count against it.
func TestOwnWritesAreNoConflict(t *testing.T) {
	s := mustOpen(t)
	defer s.Close()
	id := makePairs(t, s)
	appendRows(t, s, id, 1, 2)
	txn := s.Begin(mvcc.TxnOptions{Serializable: true})
	defer txn.Rollback()
	txn.NoteRead(id, between(0, 100))
	removeRow(t, txn, id, 1)
	insert(t, txn, id, 1, 50)
	schema := pairs()
	schema.Columns = append(schema.Columns, mvcc.ColumnDef{FieldID: 3, Name: "c", Type: types.TBigInt})
	must(t, txn.AlterTable(id, "pairs", schema))
	read := between(0, 100)
	read.Fields = []int32{3}
	txn.NoteRead(id, read)
	made := s.NewID()
	must(t, txn.CreateTable(made, "made", pairs()))
	txn.NoteRead(made, mvcc.Read{})
	appendRows(t, s, id, 500) // so that there is something to look at
	commit(t, txn)
}

// A transaction that reads very much must not take memory without end: beyond the cap it has read the
// whole table.
func TestManyReadsBecomeTheTable(t *testing.T) {
	s := mustOpen(t)
	defer s.Close()
	id, own := makePairs(t, s), makePairs(t, s)
	txn := s.Begin(mvcc.TxnOptions{Serializable: true})
	defer txn.Rollback()
	for range 2000 {
		txn.NoteRead(id, between(1, 2))
	}
	insert(t, txn, own, 1)
	appendRows(t, s, id, 77)
	if _, err := txn.Commit(context.Background()); sqlerr.StateOf(err) != sqlerr.SerializationFailure {
		t.Errorf("commit: %v", err)
	}
}

// A key that is taken by a commit since the snapshot is a conflict for who read that it was free.
func TestTakenKeyAfterReadingIsAConflict(t *testing.T) {
	s := mustOpen(t)
	defer s.Close()
	id := s.NewID()
	first := begin(t, s)
	schema := pairs()
	schema.Keys = []mvcc.Key{{Name: "pairs_key", Fields: []int32{1}}}
	must(t, first.CreateTable(id, "pairs", schema))
	commit(t, first)
	for _, read := range []bool{false, true} {
		txn := s.Begin(mvcc.TxnOptions{Serializable: true})
		want := sqlerr.UniqueViolation
		key := int64(1)
		if read {
			key, want = 2, sqlerr.SerializationFailure
			txn.NoteRead(id, keyed(key))
		}
		appendRows(t, s, id, key)
		if err := txn.Append(id, pairBatch([]int64{key}, []string{"x"})); sqlerr.StateOf(err) != want {
			t.Errorf("read %t: %v, want %s", read, err, want)
		}
		txn.Rollback()
	}
}

// Random transactions: a commit must fail exactly when the rows that belong to one of its reads are
// others than in its snapshot, wherever they lie: open chunk, closed one, segment on disk; and not
// because a compaction moved them.
func TestValidationAgainstModel(t *testing.T) {
	aborted, committed := 0, 0
	for seed := range uint64(60) {
		a, c := checkValidation(t, seed)
		aborted, committed = aborted+a, committed+c
	}
	if aborted < 100 || committed < 100 {
		t.Errorf("%d transactions aborted, %d committed", aborted, committed)
	}
}

// watcher is an open transaction and the ranges that it read.
type watcher struct {
	txn    *mvcc.Txn
	lo, hi []int64
}

// rows names the rows in the ranges: each version of a row has a text of its own.
func (w *watcher) rows(t *testing.T, txn *mvcc.Txn, id mvcc.TableID) map[string]bool {
	table, err := txn.Table(id)
	must(t, err)
	names := map[string]bool{}
	for _, r := range scan(t, table) {
		for i := range w.lo {
			if w.lo[i] <= r.a && r.a <= w.hi[i] {
				names[r.b] = true
			}
		}
	}
	return names
}

func checkValidation(t *testing.T, seed uint64) (aborted, committed int) {
	random := rand.New(rand.NewPCG(seed, 1))
	s, err := mvcc.Open(vfs.NewMem(), "db", mvcc.Options{})
	must(t, err)
	defer s.Close()
	id, own := makePairs(t, s), makePairs(t, s)
	appendRows(t, s, id, 1, 2, 3, 4, 5, 6, 7, 8)
	var open []*watcher
	for range 150 {
		switch random.IntN(5) {
		case 0:
			open = append(open, watch(s, id, random))
		case 1, 2:
			scramble(t, s, id, random)
		case 3:
			switch random.IntN(10) {
			case 0:
				must(t, s.Checkpoint(context.Background()))
			case 1:
				must(t, s.Vacuum(context.Background(), id, true))
			}
		case 4:
			if len(open) == 0 {
				continue
			}
			i := random.IntN(len(open))
			w := open[i]
			open = append(open[:i], open[i+1:]...)
			now := begin(t, s)
			changed := !maps.Equal(w.rows(t, w.txn, id), w.rows(t, now, id))
			insert(t, w.txn, own, 1)
			_, err := w.txn.Commit(context.Background())
			if failed := sqlerr.StateOf(err) == sqlerr.SerializationFailure; failed != changed || err != nil && !failed {
				t.Fatalf("seed %d: reads changed: %t, commit: %v", seed, changed, err)
			}
			if now.Rollback(); err == nil {
				committed++
			} else {
				aborted++
			}
		}
	}
	for _, w := range open {
		w.txn.Rollback()
	}
	return aborted, committed
}

func watch(s *mvcc.Store, id mvcc.TableID, random *rand.Rand) *watcher {
	w := &watcher{txn: s.Begin(mvcc.TxnOptions{Serializable: true})}
	for range 1 + random.IntN(3) {
		lo := random.Int64N(40)
		hi := lo + random.Int64N(3)
		if w.lo, w.hi = append(w.lo, lo), append(w.hi, hi); lo == hi {
			w.txn.NoteRead(id, keyed(lo))
		} else {
			w.txn.NoteRead(id, between(lo, hi))
		}
	}
	return w
}

// scramble commits a few inserts and deletes.
func scramble(t *testing.T, s *mvcc.Store, id mvcc.TableID, random *rand.Rand) {
	txn := begin(t, s)
	for range 1 + random.IntN(3) {
		if x := random.Int64N(40); random.IntN(2) == 0 {
			removeRow(t, txn, id, x)
		} else {
			must(t, txn.Append(id, pairBatch([]int64{x}, []string{fmt.Sprint(random.Int64())})))
		}
	}
	commit(t, txn)
}
