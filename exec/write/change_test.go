package write

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// withID is a new row followed by the id of the row it replaces.
func withID(row, old exectest.Row) exectest.Row {
	return append(append(exectest.Row{}, row...), old[len(old)-1])
}

func changes(rows []exectest.Row, size int, ordered bool) *exectest.Source {
	ts := append(append([]types.Type{}, accountTypes...), types.TBigInt)
	s := exectest.NewSource(rand.New(rand.NewPCG(8, uint64(len(rows)))), ts, rows, size)
	s.InOrder = ordered
	return s
}

// UPDATE … FROM may meet a row twice: it must be changed once, count once and be returned once.
func TestUpdateChangesARowOnce(t *testing.T) {
	for _, workers := range []int{1, 3} {
		f := newAccounts(t, account(1, "a", 10), account(2, "b", 20), account(3, "c", 30))
		old := f.rows()
		target := f.target()
		out := returning(target, plan.Ref(f.cols[0]), plan.Ref(f.cols[2]))
		n, err := target.Update(exectest.Query(t, workers), changes([]exectest.Row{
			withID(account(1, "a", 11), old[0]), withID(account(2, "b", 21), old[1]), withID(account(1, "a", 99), old[0]),
			withID(account(2, "b", 98), old[1]), withID(account(1, "a", 97), old[0])}, 2, true))
		if must(t, err); n != 2 {
			t.Errorf("%d rows updated", n)
		}
		f.want(true, account(1, "a", 11), account(2, "b", 21), account(3, "c", 30))
		same(t, *out, []exectest.Row{{old[0][0], types.Int(types.TBigInt, 11)}, {old[1][0], types.Int(types.TBigInt, 21)}}, false)
	}
}

// Many rows, each delivered by several workers, must come out changed once all the same.
func TestUpdateOfManyRows(t *testing.T) {
	const n = 10_000
	f := newAccounts(t, many(n)...)
	var in, want []exectest.Row
	for _, old := range f.rows() {
		row := account(old[0].I, "new", old[2].I+1)
		want = append(want, row)
		in = append(in, withID(row, old), withID(row, old))
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
	target := f.target()
	out := returning(target, plan.Ref(f.cols[0]), plan.Ref(f.cols[1]), plan.Ref(f.cols[2]))
	count, err := target.Update(exectest.Query(t, 3), changes(in, 700, false))
	if must(t, err); count != n {
		t.Errorf("%d rows updated", count)
	}
	same(t, *out, want, true)
	_, err = f.txn.Commit(context.Background())
	must(t, err)
	f.txn = f.store.Begin(mvcc.TxnOptions{})
	f.want(true, want...)
}

// Keys are checked against the table as the whole statement leaves it: rows may swap them, or move
// along by one.
func TestUpdateSwapsKeys(t *testing.T) {
	for name, to := range map[string][]int64{"swap": {2, 1, 3}, "shift up": {2, 3, 4}, "cycle": {3, 1, 2}} {
		f := newAccounts(t, account(1, "a", 10), account(2, "b", 20), account(3, "c", 30))
		var in, want []exectest.Row
		for i, old := range f.rows() {
			want = append(want, account(to[i], old[1].S, old[2].I))
			in = append(in, withID(want[i], old))
		}
		n, err := f.target().Update(exectest.Query(t, 1), changes(in, 1, true)) // a row a batch
		if err != nil || n != 3 {
			t.Errorf("%s: %d rows, %v", name, n, err)
		}
		f.want(false, want...)
	}
}

// A new row must meet the constraints that an inserted one meets.
func TestUpdateViolations(t *testing.T) {
	null := account(1, "a", 10)
	null[0] = types.Null(types.TBigInt)
	for _, c := range []struct {
		row             exectest.Row
		state           sqlerr.State
		message, detail string
	}{
		{account(1, "a", -7), sqlerr.CheckViolation, `new row for relation "accounts" violates check constraint "accounts_amount_check"`, "Failing row contains (1, a, -7)."},
		{null, sqlerr.NotNullViolation, `null value in column "id" of relation "accounts" violates not-null constraint`, ""},
		{account(2, "a", 10), sqlerr.UniqueViolation, `duplicate key value violates unique constraint "accounts_pkey"`, "Key (id)=(2) already exists."},
	} {
		f := newAccounts(t, account(1, "a", 10), account(2, "b", 20))
		_, err := f.target().Update(exectest.Query(t, 2), changes([]exectest.Row{withID(c.row, f.rows()[0])}, 1, false))
		wantError(t, err, c.state, c.message, c.detail)
	}
}

// DELETE must remove each row delivered, however often, and nothing else; RETURNING shows old rows.
func TestDelete(t *testing.T) {
	for _, workers := range []int{1, 3} {
		f := newAccounts(t, many(9000)...)
		var in, gone, kept []exectest.Row
		for i, old := range f.rows() {
			row := old[:len(accountTypes)]
			if i%3 == 0 {
				in, gone = append(in, old, old), append(gone, row)
				continue
			}
			kept = append(kept, row)
		}
		target := f.target()
		out := returning(target, plan.Ref(f.cols[0]), plan.Ref(f.cols[1]), plan.Ref(f.cols[2]))
		n, err := target.Delete(exectest.Query(t, workers), changes(in, 333, false))
		if must(t, err); n != 3000 {
			t.Errorf("%d rows deleted", n)
		}
		same(t, *out, gone, true)
		f.want(false, kept...)
	}
}

// Without RETURNING only ids come.
func TestDeleteByID(t *testing.T) {
	f := newAccounts(t, account(1, "a", 10), account(2, "b", 20), account(3, "c", 30))
	var in []exectest.Row
	for _, old := range f.rows()[1:] {
		in = append(in, old[len(old)-1:])
	}
	target := &Target{Txn: f.txn, Table: f.table}
	n, err := target.Delete(exectest.Query(t, 2), exectest.NewSource(nil, []types.Type{types.TBigInt}, in, 1))
	if must(t, err); n != 2 {
		t.Errorf("%d rows deleted", n)
	}
	f.want(false, account(1, "a", 10))
	n, err = target.Delete(exectest.Query(t, 2), exectest.NewSource(nil, []types.Type{types.TBigInt}, nil, 1))
	if err != nil || n != 0 {
		t.Errorf("no rows: %d deleted, %v", n, err)
	}
}

// Replace must change the table's descriptor once, after the old rows have gone and before a new one
// comes, and also when there are no rows.
func TestReplaceAltersOnce(t *testing.T) {
	for _, rows := range [][]exectest.Row{nil, many(9000)} {
		f := newAccounts(t, rows...)
		var in []exectest.Row
		for _, old := range f.rows() {
			in = append(in, withID(account(old[0].I, "new", 0), old))
		}
		calls, left := 0, -1
		err := f.target().Replace(exectest.Query(t, 2), changes(in, 100, true), func() error {
			calls++
			left = len(f.rows())
			return nil
		})
		if err != nil || calls != 1 || left != 0 {
			t.Errorf("%d rows: alter called %d times with %d rows left, %v", len(rows), calls, left, err)
		}
		got := f.rows()
		if len(got) != len(rows) || slices.ContainsFunc(got, func(r exectest.Row) bool { return r[1].S != "new" }) {
			t.Errorf("%d rows became %d", len(rows), len(got))
		}
	}
}
