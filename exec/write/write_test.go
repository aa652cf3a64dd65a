package write

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// accountTypes are those of accounts: (id bigint primary key, owner text, amount bigint check >= 0).
var accountTypes = []types.Type{types.TBigInt, types.TText, types.TBigInt}

func account(id int64, owner string, amount int64) exectest.Row {
	return exectest.Row{types.Int(types.TBigInt, id), types.Str(types.TText, owner), types.Int(types.TBigInt, amount)}
}

// accounts is a table in memory and a transaction on it, which ends with the test.
type accounts struct {
	t     *testing.T
	store *mvcc.Store
	table *catalog.Table
	cols  []plan.Column
	txn   *mvcc.Txn
}

func newAccounts(t *testing.T, rows ...exectest.Row) *accounts {
	t.Helper()
	s, err := mvcc.Open(nil, "", mvcc.Options{})
	must(t, err)
	f := &accounts{t: t, store: s, table: &catalog.Table{ID: s.NewID(), Name: "accounts", Columns: []catalog.Column{
		{FieldID: 1, Name: "id", Type: accountTypes[0], NotNull: true}, {FieldID: 2, Name: "owner", Type: accountTypes[1]},
		{FieldID: 3, Name: "amount", Type: accountTypes[2]}}}}
	schema := mvcc.Schema{Keys: []mvcc.Key{{Name: "accounts_pkey", Fields: []int32{1}}}}
	for i, c := range f.table.Columns {
		schema.Columns = append(schema.Columns, mvcc.ColumnDef{FieldID: c.FieldID, Name: c.Name, Type: c.Type, NotNull: c.NotNull})
		f.cols = append(f.cols, plan.Column{ID: plan.ColumnID(i), Name: c.Name, Typ: c.Type})
	}
	f.txn = s.Begin(mvcc.TxnOptions{})
	t.Cleanup(func() { f.txn.Rollback(); must(t, s.Close()) })
	must(t, f.txn.CreateTable(f.table.ID, f.table.Name, schema))
	if len(rows) > 0 {
		must(t, f.txn.Append(f.table.ID, exectest.NewSource(nil, accountTypes, rows, len(rows)).Batches[0]))
	}
	_, err = f.txn.Commit(context.Background())
	must(t, err)
	f.txn = s.Begin(mvcc.TxnOptions{})
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// target is the table with its CHECK.
func (f *accounts) target() *Target {
	return &Target{Txn: f.txn, Table: f.table, RowCols: f.cols, CheckName: []string{"accounts_amount_check"},
		Checks: []plan.Expr{&plan.Compare{Op: plan.Ge, L: plan.Ref(f.cols[2]), R: &plan.Const{Value: types.Int(types.TBigInt, 0)}}}}
}

// returning makes target deliver exprs, whose rows it collects.
func returning(target *Target, exprs ...plan.Expr) *[]exectest.Row {
	var rows []exectest.Row
	for i, e := range exprs {
		target.Returning = append(target.Returning, plan.NamedExpr{Out: plan.Column{ID: plan.ColumnID(50 + i), Typ: e.Type()}, Expr: e})
	}
	target.Emit = func(b *columnar.Batch) error {
		rows = append(rows, exectest.Rows(b)...)
		return nil
	}
	return &rows
}

// rows reads the table as the transaction sees it, with each row's id behind its columns.
func (f *accounts) rows() (rows []exectest.Row) {
	f.t.Helper()
	table, err := f.txn.Table(f.table.ID)
	must(f.t, err)
	for _, view := range table.Chunks() {
		var cols []*columnar.Vector
		for _, c := range f.table.Columns {
			v, err := view.Column(context.Background(), c.FieldID)
			must(f.t, err)
			cols = append(cols, v)
		}
		for i := range view.Rows() {
			if view.Deleted().Contains(uint32(i)) {
				continue
			}
			row := exectest.Row{}
			for _, v := range cols {
				row = append(row, v.Value(i))
			}
			rows = append(rows, append(row, types.Int(types.TBigInt, int64(columnar.MakeRowID(view.ID(), uint32(i))))))
		}
	}
	return rows
}

// want compares the table's rows, in their order unless sorted, with rows.
func (f *accounts) want(sorted bool, rows ...exectest.Row) {
	f.t.Helper()
	var got []exectest.Row
	for _, r := range f.rows() {
		got = append(got, r[:len(r)-1])
	}
	same(f.t, got, rows, sorted)
}

func same(t *testing.T, got, want []exectest.Row, sorted bool) {
	t.Helper()
	if g, w := exectest.Text(got, sorted), exectest.Text(want, sorted); g != w {
		t.Errorf("%d rows, want %d\ngot:\n%.400s\nwant:\n%.400s", len(got), len(want), g, w)
	}
}

func wantError(t *testing.T, err error, state sqlerr.State, message, detail string) {
	t.Helper()
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		t.Errorf("got %v, want %s %s", err, state, message)
		return
	}
	if e.State != state || e.Message != message || e.Detail != detail {
		t.Errorf("got %v, detail %q\nwant %s %s, detail %q", err, e.Detail, state, message, detail)
	}
}

func many(n int) (rows []exectest.Row) {
	for i := range n {
		rows = append(rows, account(int64(i), "o", int64(i%97)))
	}
	return rows
}

// source delivers rows in drawn layouts, hidden ones among them.
func source(rows []exectest.Row, size int, inOrder bool) *exectest.Source {
	s := exectest.NewSource(rand.New(rand.NewPCG(7, uint64(len(rows)))), accountTypes, rows, size)
	s.InOrder = inOrder
	return s
}
