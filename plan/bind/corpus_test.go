package bind_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/sqltest"
)

// TestCorpus would catch a malformed plan, an internal error, and a binder that drifts away from
// PostgreSQL: the statements of the sqllogictest files bind where PostgreSQL took them, and fail with
// its SQLSTATE where it did not. What OxiDB does not have yet may be refused (0A000, and 42883 for
// functions); everything else may differ in a few statements only, which mostly depend on rows or on
// transactions that a binder does not see.
func TestCorpus(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("..", "..", "sqltest", "slt", "*", "*.slt"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	agree, differ := 0, 0
	for _, name := range names {
		records, err := sqltest.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m := &memory{}
		for _, r := range records {
			list, err := parser.Parse(r.SQL)
			if r.SQL == "" || err != nil {
				continue
			}
			for _, stmt := range list {
				s, err := m.binder(r.SQL, nil).Bind(stmt)
				if err == nil {
					if err := checkStatement(s); err != nil {
						t.Errorf("%s:%d: %v\n%s", name, r.Line, err, r.SQL)
					}
					m.apply(s)
				}
				if agrees(r, err) {
					agree++
				} else {
					differ++
					t.Logf("%s:%d: wants %q: %s", name, r.Line, r.State, outcome(err, r.SQL))
				}
			}
		}
	}
	t.Logf("%d statements agree, %d differ", agree, differ)
	if differ*100 > agree*3 {
		t.Errorf("%d of %d statements differ from PostgreSQL", differ, agree+differ)
	}
}

func outcome(err error, sql string) string {
	if err == nil {
		return "accepted " + sql
	}
	return sqlerr.Render(err, sql)
}

// agrees compares the outcome of binding with the record; an error that only running finds is no
// concern of the binder.
func agrees(r sqltest.Record, err error) bool {
	if err == nil {
		return r.Kind != sqltest.StatementError || len(r.State) < 2 || r.State[:2] != "42"
	}
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.State == sqlerr.InternalError {
		return false
	}
	if e.State == sqlerr.FeatureNotSupported || e.State == sqlerr.UndefinedFunction {
		return true
	}
	return r.Kind == sqltest.StatementError && (r.State == "" || r.State == string(e.State))
}
