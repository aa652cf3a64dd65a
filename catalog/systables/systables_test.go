package systables

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func openStore(t *testing.T, fs vfs.FS) (*mvcc.Store, *Catalog) {
	t.Helper()
	store, err := mvcc.Open(fs, "db", mvcc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return store, c
}

func view(t *testing.T, c *Catalog, txn *mvcc.Txn) *View {
	t.Helper()
	v, err := c.View(txn, []string{catalog.DefaultSchema})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func commit(t *testing.T, txn *mvcc.Txn) {
	t.Helper()
	if _, err := txn.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func product() *catalog.Table {
	return &catalog.Table{Schema: catalog.DefaultSchema, Name: "product", Columns: []catalog.Column{
		{Name: "id", Type: types.TInteger, NotNull: true}, {Name: "name", Type: types.TText},
	}}
}

// DDL must be invisible before its commit, gone after a rollback, and back after a restart.
func TestDescriptorsAreTransactional(t *testing.T) {
	fs := vfs.NewMem()
	store, c := openStore(t, fs)
	writer, reader := store.Begin(mvcc.TxnOptions{}), store.Begin(mvcc.TxnOptions{})
	table, err := c.Writer(writer).CreateTable(product())
	if err != nil {
		t.Fatal(err)
	}
	if table.ID == 0 || table.Columns[0].FieldID != 1 || table.Columns[1].FieldID != 2 || table.NextField != 3 {
		t.Errorf("ids were not assigned: %+v", table)
	}
	if _, ok := view(t, c, writer).Table("public", "product"); !ok {
		t.Error("the transaction does not see its own table")
	}
	if _, ok := view(t, c, reader).Table("public", "product"); ok {
		t.Error("an uncommitted table is visible to others")
	}
	commit(t, writer)
	if _, ok := view(t, c, reader).Table("public", "product"); ok {
		t.Error("a snapshot changed")
	}
	reader.Rollback()
	dropped := store.Begin(mvcc.TxnOptions{})
	if err := c.Writer(dropped).DropTable(table); err != nil {
		t.Fatal(err)
	}
	dropped.Rollback()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store, c = openStore(t, fs)
	defer store.Close()
	txn := store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	again, ok := view(t, c, txn).Table("public", "product")
	if !ok || again.ID != table.ID || len(again.Columns) != 2 || !again.Columns[0].NotNull {
		t.Errorf("after the restart: %+v", again)
	}
}

// The cache must follow every change of the catalog, and give one version for one state.
func TestVersionFollowsChanges(t *testing.T) {
	store, c := openStore(t, vfs.NewMem())
	defer store.Close()
	version := func() uint64 {
		txn := store.Begin(mvcc.TxnOptions{})
		defer txn.Rollback()
		return view(t, c, txn).Version()
	}
	before := version()
	if version() != before {
		t.Error("the version changed without a change")
	}
	txn := store.Begin(mvcc.TxnOptions{})
	if err := c.Writer(txn).CreateSchema("sales"); err != nil {
		t.Fatal(err)
	}
	commit(t, txn)
	if version() == before {
		t.Error("a new schema did not change the version")
	}
}

// Names that are taken, missing or in use are refused with PostgreSQL's SQLSTATE.
func TestNamesAreChecked(t *testing.T) {
	store, c := openStore(t, vfs.NewMem())
	defer store.Close()
	txn := store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	w := c.Writer(txn)
	table, err := w.CreateTable(product())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := product()
	elsewhere.Schema = "nowhere"
	_, twice := w.CreateTable(product())
	_, missing := w.CreateTable(elsewhere)
	renamed := *table
	renamed.Name = "item"
	for _, c := range []struct {
		what string
		err  error
		want sqlerr.State
	}{
		{"a second table of the name", twice, sqlerr.DuplicateTable},
		{"a table in a schema that does not exist", missing, sqlerr.InvalidSchemaName},
		{"a view of a table's name", w.CreateView(&catalog.View{Schema: "public", Name: "product", Query: "SELECT 1"}, false), sqlerr.DuplicateTable},
		{"replacing a table by a view", w.CreateView(&catalog.View{Schema: "public", Name: "product", Query: "SELECT 1"}, true), sqlerr.DuplicateTable},
		{"dropping a schema in use", w.DropSchema("public"), sqlerr.DependentObjectsStillExist},
		{"dropping no schema", w.DropSchema("nowhere"), sqlerr.InvalidSchemaName},
		{"a second schema of the name", w.CreateSchema("public"), sqlerr.DuplicateSchema},
		{"renaming", w.AlterTable(table, &renamed), sqlerr.Successful},
		{"dropping under the old name", w.DropTable(table), sqlerr.UndefinedTable},
		{"dropping", w.DropTable(&renamed), sqlerr.Successful},
	} {
		if sqlerr.StateOf(c.err) != c.want {
			t.Errorf("%s: got %v, want %s", c.what, c.err, c.want)
		}
	}
}

// Two transactions that create one name: only one may win.
func TestConcurrentCreationConflicts(t *testing.T) {
	store, c := openStore(t, vfs.NewMem())
	defer store.Close()
	first, second := store.Begin(mvcc.TxnOptions{}), store.Begin(mvcc.TxnOptions{})
	for _, txn := range []*mvcc.Txn{first, second} {
		if _, err := c.Writer(txn).CreateTable(product()); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, first)
	if _, err := second.Commit(t.Context()); err == nil {
		t.Error("both transactions created the table")
	}
}
