package backup_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

const (
	dbDir      = "/db"
	backupsDir = "/backups"
	archiveDir = "/archive"
	otherDir   = "/other"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// history is a database and what it held after every commit.
type history struct {
	t     testing.TB
	rng   *rand.Rand
	fs    vfs.FS
	opts  mvcc.Options
	store *mvcc.Store
	id    mvcc.TableID
	next  int64

	mu     sync.Mutex
	states map[mvcc.Timestamp]map[int64]bool
	times  map[mvcc.Timestamp]time.Time
	acked  mvcc.Timestamp
}

func newHistory(t testing.TB, fs vfs.FS, seed uint64, o mvcc.Options) *history {
	h := &history{t: t, rng: rand.New(rand.NewPCG(seed, 1)), fs: fs, opts: o, states: map[mvcc.Timestamp]map[int64]bool{0: {}}, times: map[mvcc.Timestamp]time.Time{}}
	h.opts.CheckpointBytes = -1
	h.open()
	txn := h.store.Begin(mvcc.TxnOptions{})
	h.id = h.store.NewID()
	must(t, txn.CreateTable(h.id, "numbers", mvcc.Schema{
		Columns: []mvcc.ColumnDef{{FieldID: 1, Name: "a", Type: types.TBigInt, NotNull: true}, {FieldID: 2, Name: "b", Type: types.TText}},
		Keys:    []mvcc.Key{{Name: "numbers_pkey", Fields: []int32{1}}},
	}))
	h.commit(txn, map[int64]bool{})
	return h
}

func (h *history) open() {
	s, err := mvcc.Open(h.fs, dbDir, h.opts)
	must(h.t, err)
	h.store = s
}

func (h *history) commit(txn *mvcc.Txn, after map[int64]bool) {
	h.mu.Lock()
	h.states[h.acked+1] = after
	h.mu.Unlock()
	at, err := txn.Commit(ctx)
	must(h.t, err)
	h.mu.Lock()
	defer h.mu.Unlock()
	if at != h.acked+1 {
		h.t.Fatalf("commit %d follows %d", at, h.acked)
	}
	h.acked = at
	h.times[at], _ = h.store.TimeOf(at)
}

func (h *history) version() mvcc.Timestamp {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.acked
}

func numbers(from, to int64) *columnar.Batch {
	a := columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: int(to - from)}
	b := columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: int(to - from), Offsets: []uint32{0}}
	for i := from; i < to; i++ {
		a.I64 = append(a.I64, i)
		b.Bytes = append(b.Bytes, fmt.Sprint("number ", i%13)...)
		b.Offsets = append(b.Offsets, uint32(len(b.Bytes)))
	}
	return &columnar.Batch{Len: int(to - from), Cols: []*columnar.Vector{&a, &b}}
}

// step commits something, checkpoints, or opens the database again.
func (h *history) step() {
	switch n := h.rng.IntN(20); {
	case n < 16:
		h.write()
	case n < 19:
		must(h.t, h.store.Checkpoint(ctx))
	default:
		must(h.t, h.store.Close())
		h.open()
	}
}

func (h *history) write() {
	after := maps.Clone(h.states[h.acked])
	txn := h.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	if h.rng.IntN(3) == 0 && len(after) > 0 {
		h.delete(txn, after)
	} else {
		to := h.next + 1 + h.rng.Int64N(30)
		must(h.t, txn.Append(h.id, numbers(h.next, to)))
		for ; h.next < to; h.next++ {
			after[h.next] = true
		}
	}
	if txn.Written() {
		h.commit(txn, after)
	}
}

func (h *history) delete(txn *mvcc.Txn, after map[int64]bool) {
	table, err := txn.Table(h.id)
	must(h.t, err)
	var gone []columnar.RowID
	for _, r := range rows(h.t, table) {
		if h.rng.IntN(4) == 0 {
			gone = append(gone, r.id)
			delete(after, r.a)
		}
	}
	must(h.t, txn.Delete(h.id, gone))
}

// load brings whole chunks, whose rows do not pass through the log.
func (h *history) load(chunks int) {
	after := maps.Clone(h.states[h.acked])
	txn := h.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	to := h.next + int64(chunks*segment.MaxRows)
	must(h.t, txn.Append(h.id, numbers(h.next, to)))
	for ; h.next < to; h.next++ {
		after[h.next] = true
	}
	h.commit(txn, after)
}

type row struct {
	id columnar.RowID
	a  int64
}

func rows(t testing.TB, table *mvcc.Table) (all []row) {
	t.Helper()
	for _, v := range table.Chunks() {
		col, err := v.Column(ctx, 1)
		must(t, err)
		for i := range v.Rows() {
			if !v.Deleted().Contains(uint32(i)) {
				all = append(all, row{columnar.MakeRowID(v.ID(), uint32(i)), col.Value(i).I})
			}
		}
	}
	return all
}

// content reads the table of a store.
func (h *history) content(s *mvcc.Store) map[int64]bool {
	h.t.Helper()
	txn := s.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	m := map[int64]bool{}
	table, err := txn.Table(h.id)
	if sqlerr.StateOf(err) == sqlerr.UndefinedTable {
		return m
	}
	must(h.t, err)
	for _, r := range rows(h.t, table) {
		m[r.a] = true
	}
	return m
}

// expect opens a restored database and compares it with a version.
func (h *history) expect(fs vfs.FS, dir string, at mvcc.Timestamp) {
	h.t.Helper()
	r, err := mvcc.Check(ctx, fs, dir, mvcc.CheckOptions{})
	must(h.t, err)
	must(h.t, r.Err())
	s, err := mvcc.Open(fs, dir, mvcc.Options{CheckpointBytes: -1})
	must(h.t, err)
	if got, want := h.content(s), h.states[at]; s.Version() != at || !maps.Equal(got, want) {
		h.t.Fatalf("version %d has %d rows, want version %d with %d", s.Version(), len(got), at, len(want))
	}
	txn := s.Begin(mvcc.TxnOptions{})
	if at > 0 { // it can be written to
		must(h.t, txn.Append(h.id, numbers(1<<40, 1<<40+1)))
	}
	_, err = txn.Commit(ctx)
	must(h.t, errors.Join(err, s.Close()))
}

func backupOf(t testing.TB, s *mvcc.Store) *backup.Result {
	t.Helper()
	r, err := backup.Run(ctx, s, backupsDir, backup.Options{Version: "test"})
	must(t, err)
	return r
}

func restore(t testing.TB, fs vfs.FS, to string, o backup.RestoreOptions) *backup.Restored {
	t.Helper()
	d, err := backup.Open(fs, backupsDir)
	must(t, err)
	r, err := d.Restore(ctx, to, o)
	must(t, err)
	return r
}
