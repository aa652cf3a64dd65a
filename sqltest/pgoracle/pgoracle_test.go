package pgoracle

import (
	"context"
	"errors"
	"flag"
	"testing"

	"github.com/oxidb/oxidb/sqltest"
)

var rewrite = flag.Bool("rewrite", false, "write PostgreSQL's answers into the slt files")

// startServer runs a server for one test, and skips it where PostgreSQL 15 is absent.
func startServer(t *testing.T) *Server {
	t.Helper()
	server, err := Start(context.Background())
	if errors.Is(err, ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// target gives every file a database of its own.
func target(t *testing.T) sqltest.Target {
	server := startServer(t)
	return sqltest.Target{Name: "postgresql", Open: func(t testing.TB, _ string) sqltest.Engine {
		database, err := server.CreateDatabase(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := database.Drop(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return database
	}}
}

// An expected answer that PostgreSQL does not give would teach OxiDB a wrong meaning.
func TestSLT(t *testing.T) {
	pg := target(t)
	pg.Rewrite = *rewrite
	sqltest.RunDir(t, pg, "../slt/*/*.slt")
}

// The SQLite files were checked by many databases; a failure here is a fault of the runner.
func TestSQLiteCorpus(t *testing.T) {
	sqltest.RunSQLiteCorpus(t, target(t), sqltest.CorpusDir("../.."))
}
