package oxidb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/plan/optimize"
	"github.com/oxidb/oxidb/sqltest"
	"github.com/oxidb/oxidb/types"
)

// configurations run the SQL files under settings that must not change any answer.
var configurations = map[string]map[string]string{
	"default":    {},
	"one-worker": {"threads": "1"},
	"no-rules":   {"disabled_rules": optionalRules()},
	"indexes":    {"enable_seqscan": "off"},
	"spill":      {"force_spill": "on"},
}

// optionalRules are the optimizer rules that only make plans faster.
func optionalRules() string {
	var names []string
	for _, r := range optimize.Rules() {
		if !r.Required {
			names = append(names, r.Name)
		}
	}
	return strings.Join(names, ",")
}

type engine struct {
	db       *oxidb.DB
	settings map[string]string
}

func (e *engine) Connect(string) (sqltest.Conn, error) {
	s, err := e.db.Session()
	if err != nil {
		return nil, err
	}
	for name, value := range e.settings {
		if err := s.Set(name, value); err != nil {
			return nil, err
		}
	}
	return &connection{s}, nil
}

type connection struct{ session *oxidb.Session }

func (c *connection) Close() error { c.session.Close(); return nil }

func (c *connection) Exec(ctx context.Context, sql string) (int64, error) {
	return c.session.Exec(ctx, sql)
}

func (c *connection) Query(ctx context.Context, sql string) ([]sqltest.Column, [][]*string, error) {
	result, err := c.session.Query(ctx, sql)
	if err != nil {
		return nil, nil, err
	}
	var cols []sqltest.Column
	for i, f := range result.Schema().Fields() {
		cols = append(cols, sqltest.Column{Name: f.Name, Type: typeName(result.Types()[i])})
	}
	var rows [][]*string
	for rec, err := range result.Batches() {
		if err != nil {
			return nil, nil, err
		}
		if rows, err = appendRows(rows, rec, result.Types(), c.location()); err != nil {
			return nil, nil, err
		}
	}
	return cols, rows, nil
}

// location is the session's time zone, in which timestamptz is shown.
func (c *connection) location() *time.Location {
	name, err := c.session.Setting("timezone")
	if err != nil {
		return time.UTC
	}
	loc, err := types.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}

// typeName is format_type without parameters, as the files write types.
func typeName(t types.Type) string { return t.Kind.String() }

// appendRows gives every value as PostgreSQL's text.
func appendRows(rows [][]*string, rec arrow.RecordBatch, kinds []types.Type, loc *time.Location) ([][]*string, error) {
	from := len(rows)
	for range rec.NumRows() {
		rows = append(rows, make([]*string, rec.NumCols()))
	}
	for c := range int(rec.NumCols()) {
		v, err := vectorOf(rec.Column(c), kinds[c])
		if err != nil {
			return nil, err
		}
		for i := range v.Len {
			if !v.IsNull(i) {
				text := string(types.Append(nil, v.Value(i), loc))
				rows[from+i][c] = &text
			}
		}
	}
	return rows, nil
}

func vectorOf(a arrow.Array, t types.Type) (*columnar.Vector, error) {
	if s, ok := a.(*array.String); ok && t.Kind == types.Char { // already padded
		t = types.TText
		a = s
	}
	v, err := arrowio.Vector(a)
	if err == nil {
		v.Type = t
	}
	return v, err
}

func target() sqltest.Target {
	return sqltest.Target{Name: "oxidb", Open: func(t testing.TB, config string) sqltest.Engine {
		db, err := oxidb.Open(t.Context(), oxidb.InMemory)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return &engine{db, configurations[config]}
	}}
}

// The files are the meaning of SQL; every answer in them is PostgreSQL 15's.
func TestSQL(t *testing.T) {
	sqltest.RunDir(t, target(), "sqltest/slt/*/*.slt", "default", "one-worker", "no-rules", "indexes", "spill")
}

// The public corpus of SQLite, filtered for PostgreSQL: expressions, joins and aggregates at random.
func TestSQLiteCorpus(t *testing.T) {
	sqltest.RunSQLiteCorpus(t, target(), sqltest.CorpusDir("."))
}
