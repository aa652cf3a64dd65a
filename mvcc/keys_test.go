package mvcc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// makeKeyed makes a pairs table whose a, or a and b, is unique.
func makeKeyed(t testing.TB, s *mvcc.Store, fields ...int32) mvcc.TableID {
	t.Helper()
	id := s.NewID()
	txn := s.Begin(mvcc.TxnOptions{})
	schema := pairs()
	schema.Keys = []mvcc.Key{{Name: "pairs_pkey", Fields: fields}}
	must(t, txn.CreateTable(id, "pairs", schema))
	commit(t, txn)
	return id
}

func wantViolation(t testing.TB, err error, detail string) {
	t.Helper()
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.State != sqlerr.UniqueViolation || e.Detail != detail {
		t.Errorf("got %v, detail %q", err, e)
	}
}

// A duplicate that gets in anywhere makes every later join and point query wrong.
func TestKeysAreEnforced(t *testing.T) {
	s := mustOpen(t)
	id := makeKeyed(t, s, 1)
	txn := begin(t, s)
	must(t, txn.Append(id, pairBatch([]int64{1, 2}, []string{"x", "y"})))
	wantViolation(t, txn.Append(id, pairBatch([]int64{2}, []string{"z"})), "Key (a)=(2) already exists.")
	wantViolation(t, txn.Append(id, pairBatch([]int64{7, 7}, []string{"x", "y"})), "Key (a)=(7) already exists.")
	commit(t, txn)
	txn = begin(t, s)
	wantViolation(t, txn.Append(id, pairBatch([]int64{1}, []string{"z"})), "Key (a)=(1) already exists.")
	table, err := txn.Table(id)
	must(t, err)
	must(t, txn.Delete(id, []columnar.RowID{scan(t, table)[0].id}))
	must(t, txn.Append(id, pairBatch([]int64{1}, []string{"again"})))
	commit(t, txn)
}

// Two transactions that both see a key free must not both commit it.
func TestKeysAreEnforcedBetweenTransactions(t *testing.T) {
	s := mustOpen(t)
	id := makeKeyed(t, s, 1, 2)
	first, second := begin(t, s), begin(t, s)
	must(t, first.Append(id, pairBatch([]int64{1}, []string{"x"})))
	must(t, second.Append(id, pairBatch([]int64{1}, []string{"x"})))
	must(t, second.Append(id, pairBatch([]int64{1}, []string{"y"})))
	commit(t, first)
	_, err := second.Commit(context.Background())
	wantViolation(t, err, "Key (a, b)=(1, x) already exists.")
}

// bulk loads a's, each part by one appender.
func bulk(t testing.TB, s *mvcc.Store, id mvcc.TableID, parts ...[]int64) error {
	t.Helper()
	txn := s.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	w, err := txn.Writer(id)
	must(t, err)
	for i, part := range parts {
		a := w.Appender(i)
		for from := 0; from < len(part); from += columnar.BatchSize {
			keys := part[from:min(from+columnar.BatchSize, len(part))]
			must(t, a.Append(pairBatch(keys, make([]string, len(keys)))))
		}
		must(t, a.Close())
	}
	if err := w.Finish(context.Background()); err != nil {
		return err
	}
	_, err = txn.Commit(context.Background())
	return err
}

// series is n numbers from `from` by step.
func series(from, n, step int64) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = from + int64(i)*step
	}
	return all
}

// Loads are checked in bulk: inside chunks, between chunks, and against what is there.
func TestBulkLoadsAreChecked(t *testing.T) {
	s := openDir(t, vfs.NewMem())
	id := makeKeyed(t, s, 1)
	must(t, bulk(t, s, id, series(0, 130_000, 2), series(260_000, 130_000, 2)))
	must(t, bulk(t, s, id, series(1, 130_000, 2))) // interleaves with the first
	err := bulk(t, s, id, append(series(1_000_000, 129_999, 1), 1_000_005))
	wantViolation(t, err, "Key (a)=(1000005) already exists.")
	wantViolation(t, bulk(t, s, id, series(1_000_000, 125_000, 1), series(1_124_999, 125_000, 1)), "Key (a)=(1124999) already exists.")
	wantViolation(t, bulk(t, s, id, append(series(2_000_000, 125_000, 1), 17)), "Key (a)=(17) already exists.")
	txn := begin(t, s)
	wantViolation(t, txn.Append(id, pairBatch([]int64{100_000}, []string{""})), "Key (a)=(100000) already exists.")
	must(t, txn.Append(id, pairBatch([]int64{-1}, []string{""})))
	commit(t, txn)
	must(t, s.Close())
}

// A key added to rows that break it must be refused, to others enforced from then on.
func TestAddKey(t *testing.T) {
	s := mustOpen(t)
	id := makePairs(t, s)
	txn := begin(t, s)
	must(t, txn.Append(id, pairBatch([]int64{1, 2, 2}, []string{"x", "y", "z"})))
	commit(t, txn)
	schema := pairs()
	schema.Keys = []mvcc.Key{{Name: "by_a", Fields: []int32{1}}}
	txn = begin(t, s)
	wantViolation(t, txn.AlterTable(id, "pairs", schema), "Key (a)=(2) is duplicated.")
	txn.Rollback()
	schema.Keys = []mvcc.Key{{Name: "by_b", Fields: []int32{2}}}
	txn = begin(t, s)
	must(t, txn.AlterTable(id, "pairs", schema))
	commit(t, txn)
	txn = begin(t, s)
	wantViolation(t, txn.Append(id, pairBatch([]int64{3}, []string{"z"})), "Key (b)=(z) already exists.")
}

// Any sequence of transactions must do what it does to a Go map per snapshot: first committer wins,
// keys hold, savepoints undo, restarts change nothing.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t, rt)
		rt.Repeat(map[string]func(*rapid.T){
			"begin": m.begin, "insert": m.insert, "delete": m.delete, "commit": m.commit, "rollback": m.rollback,
			"savepoint": m.savepoint, "restart": m.restart, "checkpoint": m.checkpoint, "": m.check,
		})
		for len(m.open) > 0 {
			m.end(0).txn.Rollback()
		}
		must(t, m.store.Close())
	})
}

// model is the store's contents as maps from a to b.
type model struct {
	t         testing.TB
	fs        vfs.FS
	store     *mvcc.Store
	id        mvcc.TableID
	committed map[int64]string
	deletedAt map[int64]int // commit number of an a's last delete
	commits   int
	open      []*modelTxn
	next      int
}

type modelTxn struct {
	txn     *mvcc.Txn
	rows    map[int64]string
	added   map[int64]bool
	deleted map[int64]bool
	began   int
}

func newModel(t testing.TB, _ *rapid.T) *model {
	m := &model{t: t, fs: vfs.NewMem(), committed: map[int64]string{}, deletedAt: map[int64]int{}}
	m.store = openDir(t, m.fs)
	m.id = makeKeyed(t, m.store, 1)
	return m
}

func (m *model) begin(rt *rapid.T) {
	if len(m.open) > 2 {
		rt.Skip()
	}
	x := &modelTxn{txn: m.store.Begin(mvcc.TxnOptions{}), rows: map[int64]string{}, added: map[int64]bool{}, deleted: map[int64]bool{}, began: m.commits}
	for a, b := range m.committed {
		x.rows[a] = b
	}
	m.open = append(m.open, x)
}

func (m *model) pick(rt *rapid.T) *modelTxn {
	if len(m.open) == 0 {
		rt.Skip()
	}
	return m.open[rapid.IntRange(0, len(m.open)-1).Draw(rt, "txn")]
}

func (m *model) insert(rt *rapid.T) {
	x := m.pick(rt)
	a := rapid.Int64Range(0, 12).Draw(rt, "a")
	m.next++
	b := fmt.Sprint("v", m.next)
	err := x.txn.Append(m.id, pairBatch([]int64{a}, []string{b}))
	_, live := m.committed[a]
	_, seen := x.rows[a]
	want := sqlerr.Successful
	switch {
	case x.added[a], live && !x.deleted[a] && !m.overtaken(x):
		want = sqlerr.UniqueViolation
	case live && !x.deleted[a], live && m.deletedAt[a] > x.began: // the transaction cannot commit in any case
		want = sqlerr.SerializationFailure
	case seen: // deleted by another since
		want = sqlerr.SerializationFailure
	}
	if sqlerr.StateOf(err) != want {
		rt.Fatalf("insert of %d: %v, want %s", a, err, want)
	}
	if err == nil {
		x.rows[a], x.added[a] = b, true
	}
}

// overtaken reports whether another transaction has deleted a row that x deleted, too.
func (m *model) overtaken(x *modelTxn) bool {
	for a := range x.deleted {
		if m.deletedAt[a] > x.began {
			return true
		}
	}
	return false
}

func (m *model) delete(rt *rapid.T) {
	x := m.pick(rt)
	a := rapid.Int64Range(0, 12).Draw(rt, "a")
	if _, ok := x.rows[a]; !ok {
		rt.Skip()
	}
	table, err := x.txn.Table(m.id)
	must(m.t, err)
	for _, r := range scan(m.t, table) {
		if r.a != a {
			continue
		}
		err := x.txn.Delete(m.id, []columnar.RowID{r.id})
		conflict := !x.added[a] && m.deletedAt[a] > x.began
		if (sqlerr.StateOf(err) == sqlerr.SerializationFailure) != conflict || err != nil && !conflict {
			rt.Fatalf("delete of %d: %v, conflict %v", a, err, conflict)
		}
		if err == nil {
			delete(x.rows, a)
			if x.added[a] {
				delete(x.added, a)
			} else {
				x.deleted[a] = true
			}
		}
	}
}

func (m *model) end(at int) *modelTxn {
	x := m.open[at]
	m.open = append(m.open[:at], m.open[at+1:]...)
	return x
}

func (m *model) commit(rt *rapid.T) {
	if len(m.open) == 0 {
		rt.Skip()
	}
	x := m.end(rapid.IntRange(0, len(m.open)-1).Draw(rt, "txn"))
	want := sqlerr.Successful
	for a := range x.added {
		if _, live := m.committed[a]; live && !x.deleted[a] {
			want = sqlerr.UniqueViolation
		}
	}
	for a := range x.deleted {
		if m.deletedAt[a] > x.began {
			want = sqlerr.SerializationFailure
		}
	}
	if _, err := x.txn.Commit(context.Background()); sqlerr.StateOf(err) != want {
		rt.Fatalf("commit: %v, want %s", err, want)
	}
	if want != sqlerr.Successful {
		return
	}
	m.commits++
	for a := range x.deleted {
		delete(m.committed, a)
		m.deletedAt[a] = m.commits
	}
	for a := range x.added {
		m.committed[a] = x.rows[a]
	}
}

func (m *model) rollback(rt *rapid.T) {
	if len(m.open) == 0 {
		rt.Skip()
	}
	m.end(rapid.IntRange(0, len(m.open)-1).Draw(rt, "txn")).txn.Rollback()
}

// savepoint writes something and takes it back.
func (m *model) savepoint(rt *rapid.T) {
	x := m.pick(rt)
	mark := x.txn.Savepoint()
	m.next++
	must(m.t, x.txn.Append(m.id, pairBatch([]int64{int64(1000 + m.next)}, []string{"undone"})))
	table, err := x.txn.Table(m.id)
	must(m.t, err)
	var all []columnar.RowID
	for _, r := range scan(m.t, table) {
		if r.a >= 1000 || x.added[r.a] {
			all = append(all, r.id)
		}
	}
	must(m.t, x.txn.Delete(m.id, all))
	x.txn.RollbackTo(mark)
}

func (m *model) checkpoint(*rapid.T) { must(m.t, m.store.Checkpoint(context.Background())) }

func (m *model) restart(rt *rapid.T) {
	if len(m.open) > 0 {
		rt.Skip()
	}
	must(m.t, m.store.Close())
	m.store = openDir(m.t, m.fs)
}

func (m *model) check(rt *rapid.T) {
	for _, x := range m.open {
		table, err := x.txn.Table(m.id)
		must(m.t, err)
		rows := scan(m.t, table)
		for _, r := range rows {
			if x.rows[r.a] != r.b {
				rt.Fatalf("row %d is %q, want %q", r.a, r.b, x.rows[r.a])
			}
		}
		if len(rows) != len(x.rows) || table.Rows() != int64(len(rows)) {
			rt.Fatalf("%d rows, want %d", len(rows), len(x.rows))
		}
	}
	if got := state(m.t, m.store, m.id); len(got) != len(m.committed) {
		rt.Fatalf("%d committed rows, want %d", len(got), len(m.committed))
	}
}

// A point look-up must find the visible rows with the key and no others, in every kind of chunk.
func TestSeek(t *testing.T) {
	s := openDir(t, vfs.NewMem())
	id := makePairs(t, s)
	must(t, bulk(t, s, id, append(series(0, 130_000, 3), 9, 9)))
	txn := begin(t, s)
	must(t, txn.Append(id, pairBatch([]int64{9, 10}, []string{"fresh", "fresh"})))
	commit(t, txn)
	txn = begin(t, s)
	table, err := txn.Table(id)
	must(t, err)
	first := seek(t, table, 9)
	if len(first) != 4 {
		t.Fatalf("found %v", first)
	}
	must(t, txn.Delete(id, []columnar.RowID{first[0], first[3]}))
	if again := seek(t, table, 9); len(again) != 4 {
		t.Errorf("the earlier view changed: %v", again)
	}
	table, err = txn.Table(id)
	must(t, err)
	if left := seek(t, table, 9); len(left) != 2 || left[0] != first[1] || left[1] != first[2] {
		t.Errorf("left %v of %v", left, first)
	}
	if none := seek(t, table, 4); len(none) != 0 {
		t.Errorf("found %v", none)
	}
	txn.Rollback()
	must(t, s.Close())
}

func seek(t testing.TB, table *mvcc.Table, a int64) (found []columnar.RowID) {
	t.Helper()
	for _, view := range table.Chunks() {
		rows, err := view.Find(context.Background(), index.NewPath(index.Ordered, []int32{1}), &index.Lookup{Equal: []types.Value{types.Int(types.TBigInt, a)}}, nil)
		must(t, err)
		for _, row := range rows {
			found = append(found, columnar.MakeRowID(view.ID(), row))
		}
	}
	return found
}

// Two transactions that replace one row under its key are in each other's way; that the key is taken
// is the first one's doing, and the second succeeds when it starts again.
func TestReplacedRowIsAConflictNotADuplicate(t *testing.T) {
	s := mustOpen(t)
	id := makeKeyed(t, s, 1)
	txn := begin(t, s)
	must(t, txn.Append(id, pairBatch([]int64{1}, []string{"old"})))
	commit(t, txn)
	first, second := begin(t, s), begin(t, s)
	for _, txn := range []*mvcc.Txn{second, first} {
		table, err := txn.Table(id)
		must(t, err)
		must(t, txn.Delete(id, []columnar.RowID{scan(t, table)[0].id}))
	}
	must(t, first.Append(id, pairBatch([]int64{1}, []string{"new"})))
	commit(t, first)
	err := second.Append(id, pairBatch([]int64{1}, []string{"late"}))
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.State != sqlerr.SerializationFailure {
		t.Errorf("got %v", err)
	}
}
