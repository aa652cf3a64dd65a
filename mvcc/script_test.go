package mvcc_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// script runs the lines of a test file against one store. Each line is a transaction's name and what
// it does; lines without a name are the store's.
type script struct {
	t     *testing.T
	fs    *vfs.MemFS
	store *mvcc.Store
	id    mvcc.TableID
	txns  map[string]*mvcc.Txn
	marks map[string]mvcc.Mark
}

// What two transactions see of each other, line by line.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		s := &script{t: t, fs: vfs.NewMem(), txns: map[string]*mvcc.Txn{}, marks: map[string]mvcc.Mark{}}
		s.store = openDir(t, s.fs)
		s.id = makeKeyed(t, s.store, 1)
		datadriven.RunTest(t, path, func(_ *testing.T, d *datadriven.TestData) string {
			var out strings.Builder
			for line := range strings.Lines(d.Input) {
				line = strings.TrimSpace(line)
				fmt.Fprintf(&out, "%s: %s\n", line, s.run(strings.Fields(line)))
			}
			return out.String()
		})
		for _, txn := range s.txns {
			txn.Rollback()
		}
		must(t, s.store.Close())
	})
}

func (s *script) run(words []string) string {
	switch words[0] {
	case "checkpoint":
		return outcome(s.store.Checkpoint(context.Background()))
	case "restart":
		err := s.store.Close()
		s.store = openDir(s.t, s.fs)
		return outcome(err)
	}
	name, txn := words[0], s.txns[words[0]]
	switch words[1] {
	case "begin":
		s.txns[name] = s.store.Begin(mvcc.TxnOptions{ReadOnly: len(words) > 2})
		return "ok"
	case "commit":
		_, err := txn.Commit(context.Background())
		return outcome(err)
	case "rollback":
		txn.Rollback()
		return "ok"
	case "savepoint":
		s.marks[name] = txn.Savepoint()
		return "ok"
	case "back":
		txn.RollbackTo(s.marks[name])
		return "ok"
	case "insert":
		return outcome(s.insert(txn, words[2:]))
	case "delete":
		return outcome(txn.Delete(s.id, s.find(txn, words[2])))
	case "update":
		if err := txn.Delete(s.id, s.find(txn, words[2])); err != nil {
			return outcome(err)
		}
		return outcome(s.insert(txn, words[2:]))
	case "scan":
		return s.scan(txn)
	case "drop":
		return outcome(txn.DropTable(s.id))
	}
	return "unknown command"
}

func (s *script) insert(txn *mvcc.Txn, words []string) error {
	var a int64
	if _, err := fmt.Sscan(words[0], &a); err != nil {
		return err
	}
	return txn.Append(s.id, pairBatch([]int64{a}, []string{words[1]}))
}

func (s *script) find(txn *mvcc.Txn, a string) []columnar.RowID {
	table, err := txn.Table(s.id)
	must(s.t, err)
	for _, r := range scan(s.t, table) {
		if fmt.Sprint(r.a) == a {
			return []columnar.RowID{r.id}
		}
	}
	return nil
}

func (s *script) scan(txn *mvcc.Txn) string {
	table, err := txn.Table(s.id)
	if err != nil {
		return outcome(err)
	}
	var rows []string
	for _, r := range scan(s.t, table) {
		rows = append(rows, fmt.Sprintf("%d=%s", r.a, r.b))
	}
	slices.Sort(rows)
	return "{" + strings.Join(rows, " ") + "}"
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return string(sqlerr.StateOf(err)) + " " + strings.TrimSuffix(err.Error(), " (SQLSTATE "+string(sqlerr.StateOf(err))+")")
}
