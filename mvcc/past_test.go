package mvcc_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

// timeline does random work on some tables and remembers what every version held.
type timeline struct {
	t     testing.TB
	rng   *rand.Rand
	fs    vfs.FS
	store *mvcc.Store
	now   time.Time
	next  int64
	live  map[mvcc.TableID]map[int64]string
	width map[mvcc.TableID]int // columns
	past  map[mvcc.Timestamp]map[mvcc.TableID]map[int64]string
}

func newTimeline(t testing.TB, seed uint64) *timeline {
	l := &timeline{t: t, rng: rand.New(rand.NewPCG(seed, 3)), fs: vfs.NewMem(), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		live: map[mvcc.TableID]map[int64]string{}, width: map[mvcc.TableID]int{}, past: map[mvcc.Timestamp]map[mvcc.TableID]map[int64]string{}}
	l.open()
	return l
}

func (l *timeline) open() {
	var err error
	l.store, err = mvcc.Open(l.fs, dbDir, mvcc.Options{CheckpointBytes: -1, Retention: time.Hour, Now: func() time.Time { return l.now }})
	must(l.t, err)
}

func (l *timeline) restart() {
	must(l.t, l.store.Close())
	l.open()
}

// write commits one random change.
func (l *timeline) write() {
	l.now = l.now.Add(time.Duration(l.rng.IntN(120)) * time.Second)
	txn := l.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	switch n := l.rng.IntN(20); {
	case n == 0 || len(l.live) == 0:
		id := l.store.NewID()
		must(l.t, txn.CreateTable(id, fmt.Sprint("t", id), pairs()))
		l.live[id], l.width[id] = map[int64]string{}, 2
	case n == 1 && len(l.live) > 2:
		id := l.table()
		must(l.t, txn.DropTable(id))
		delete(l.live, id)
	case n < 4:
		l.widen(txn, l.table())
	case n < 9:
		l.delete(txn, l.table())
	default:
		l.insert(txn, l.table())
	}
	at, err := txn.Commit(context.Background())
	must(l.t, err)
	now := map[mvcc.TableID]map[int64]string{}
	for id, rows := range l.live {
		now[id] = maps.Clone(rows)
	}
	l.past[at] = now
}

func (l *timeline) table() mvcc.TableID {
	ids := make([]mvcc.TableID, 0, len(l.live))
	for id := range l.live {
		ids = append(ids, id)
	}
	lowest := ids[0]
	for _, id := range ids { // the map's order is not the seed's
		lowest = min(lowest, id)
	}
	if l.rng.IntN(2) == 0 {
		return lowest
	}
	for _, id := range ids {
		if lowest = max(lowest, id); l.rng.IntN(2) == 0 {
			break
		}
	}
	return lowest
}

// widen adds a column, which ends the open chunk.
func (l *timeline) widen(txn *mvcc.Txn, id mvcc.TableID) {
	l.width[id]++
	schema := pairs()
	for n := 3; n <= l.width[id]; n++ {
		schema.Columns = append(schema.Columns, mvcc.ColumnDef{FieldID: int32(n), Name: fmt.Sprint("c", n), Type: types.TInteger, Missing: types.Int(types.TInteger, 7)})
	}
	must(l.t, txn.AlterTable(id, fmt.Sprint("t", id), schema))
}

func (l *timeline) insert(txn *mvcc.Txn, id mvcc.TableID) {
	var a []int64
	var b []string
	for range 1 + l.rng.IntN(30) {
		l.next++
		a, b = append(a, l.next), append(b, fmt.Sprint("v", l.next%5))
		l.live[id][l.next] = b[len(b)-1]
	}
	batch := pairBatch(a, b)
	for n := 3; n <= l.width[id]; n++ {
		v := mvcc.ConstVector(types.TInteger, types.Int(types.TInteger, int64(n)))
		v.Len = len(a)
		batch.Cols = append(batch.Cols, v)
	}
	must(l.t, txn.Append(id, batch))
}

func (l *timeline) delete(txn *mvcc.Txn, id mvcc.TableID) {
	table, err := txn.Table(id)
	must(l.t, err)
	var gone []columnar.RowID
	for _, r := range scan(l.t, table) {
		if l.rng.IntN(3) == 0 {
			gone = append(gone, r.id)
			delete(l.live[id], r.a)
		}
	}
	must(l.t, txn.Delete(id, gone))
}

// check reads every version that can be read.
func (l *timeline) check(when string) {
	l.t.Helper()
	oldest, read := l.store.Oldest(), 0
	for at := oldest; at <= l.store.Version(); at++ {
		want, known := l.past[at]
		if !known {
			continue
		}
		txn, err := l.store.BeginAt(at)
		must(l.t, err)
		for id := range l.width {
			table, err := txn.Table(id)
			if exists := want[id] != nil; exists != (err == nil) {
				l.t.Fatalf("%s: table %d at version %d: %v, must exist: %v", when, id, at, err, exists)
			}
			if err != nil {
				continue
			}
			got := map[int64]string{}
			for _, r := range scan(l.t, table) {
				got[r.a] = r.b
			}
			if !maps.Equal(got, want[id]) {
				l.t.Fatalf("%s: table %d at version %d (%d to %d can be read) has %d rows, want %d", when, id, at, oldest, l.store.Version(), len(got), len(want[id]))
			}
			read++
		}
		txn.Rollback()
	}
	if len(l.past) > 20 && read < 20 {
		l.t.Fatalf("%s: only %d tables of the past could be read, from version %d to %d", when, read, oldest, l.store.Version())
	}
}

// What a version within the retention held must not change by checkpoints, compactions or
// restarts.
func TestThePastSurvivesRestarts(t *testing.T) {
	for seed := range uint64(6) {
		l := newTimeline(t, seed)
		for range 25 {
			for range l.rng.IntN(8) {
				l.write()
			}
			if l.rng.IntN(2) == 0 {
				must(t, l.store.Checkpoint(context.Background()))
				l.check(fmt.Sprintf("seed %d, after a checkpoint", seed))
			}
			if l.rng.IntN(2) == 0 {
				must(t, l.store.VacuumAll(context.Background(), l.rng.IntN(2) == 0))
				l.check(fmt.Sprintf("seed %d, after a vacuum", seed))
			}
			before := l.store.Oldest()
			if l.rng.IntN(2) == 0 {
				l.restart()
			}
			if after := l.store.Oldest(); after > before {
				t.Fatalf("seed %d: the restart moved the oldest version from %d to %d", seed, before, after)
			}
			l.check(fmt.Sprintf("seed %d, after a restart", seed))
		}
		must(t, l.store.Close())
	}
}
