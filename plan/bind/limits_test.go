package bind_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func repeat(n int, item func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = item(i)
	}
	return strings.Join(parts, ", ")
}

// TestLimits would catch a limit that is gone, or one that refuses what is just inside it.
func TestLimits(t *testing.T) {
	m := newMemory(t)
	column := func(i int) string { return fmt.Sprintf("c%d int", i) }
	table := func(i int) string { return fmt.Sprintf("region r%d", i) }
	one := func(int) string { return "1" }
	cases := []struct {
		sql  string
		want sqlerr.State
	}{
		{"create table w (" + repeat(bind.MaxTableColumns, column) + ")", sqlerr.Successful},
		{"create table w (" + repeat(bind.MaxTableColumns+1, column) + ")", sqlerr.TooManyColumns},
		{"select " + repeat(bind.MaxOutputColumns, one), sqlerr.Successful},
		{"select " + repeat(bind.MaxOutputColumns+1, one), sqlerr.TooManyColumns},
		{"values (" + repeat(bind.MaxOutputColumns+1, one) + ")", sqlerr.TooManyColumns},
		{"select count(*) from " + repeat(bind.MaxJoins+1, table), sqlerr.Successful},
		{"select count(*) from " + repeat(bind.MaxJoins+2, table), sqlerr.StatementTooComplex},
	}
	for _, c := range cases {
		_, err := m.bind(c.sql, nil)
		if got := sqlerr.StateOf(err); got != c.want {
			t.Errorf("%.60s…: %v, not %s", c.sql, err, c.want)
		}
	}
}

// TestDepth would catch a stack overflow on a tree that no parser limits.
func TestDepth(t *testing.T) {
	nested := func(depth int) ast.Statement {
		stmt, err := parser.ParseOne("select 1")
		if err != nil {
			t.Fatal(err)
		}
		target := stmt.(*ast.Query).Body.(*ast.Select).Targets[0]
		for range depth {
			target.X = &ast.Unary{Op: ast.Operator{Name: "-"}, X: target.X}
		}
		return stmt
	}
	m := newMemory(t)
	if _, err := m.binder("", nil).Bind(nested(bind.MaxDepth - 10)); err != nil {
		t.Errorf("inside the limit: %v", err)
	}
	if _, err := m.binder("", nil).Bind(nested(1_000_000)); sqlerr.StateOf(err) != sqlerr.StatementTooComplex {
		t.Errorf("beyond the limit: %v", err)
	}
}

// TestDeclaredParameters would catch declared types that inference overrides, and types lost between
// two uses of one parameter.
func TestDeclaredParameters(t *testing.T) {
	m := newMemory(t)
	s, err := m.bind("select $1, $2 + 1, $3 from nation where n_name = $3", []types.Type{types.TDate, types.TUnknown})
	if err != nil {
		t.Fatal(err)
	}
	want := []types.Type{types.TDate, types.TInteger, types.TText}
	for i, p := range s.(*plan.Query).Params {
		if p != want[i] {
			t.Errorf("$%d is %s, not %s", i+1, p, want[i])
		}
	}
	if _, err := m.bind("select * from nation where n_nationkey = $1", []types.Type{types.TBoolean}); sqlerr.StateOf(err) != sqlerr.UndefinedFunction {
		t.Errorf("integer = $1 with $1 boolean: %v", err)
	}
}

// TestViewsThatReadThemselves would catch an endless loop over a corrupt catalog.
func TestViewsThatReadThemselves(t *testing.T) {
	m := newMemory(t)
	m.run(t, "create view v1 as select 1 as a; create view v2 as select a from v1")
	m.views[0].Query = "SELECT a FROM v2"
	if _, err := m.bind("select * from v1", nil); sqlerr.StateOf(err) != sqlerr.InvalidRecursion {
		t.Errorf("got %v", err)
	}
}
