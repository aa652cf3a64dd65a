package pgoracle

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/oxidb/oxidb/sqltest"
)

// server is shared by the tests of this package; nil where PostgreSQL 15 is absent.
var server *Server

var rewrite = flag.Bool("rewrite", false, "write PostgreSQL's answers into the slt files")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runWithServer(m))
}

func runWithServer(m *testing.M) int {
	var err error
	server, err = Start(context.Background())
	if err != nil && !errors.Is(err, ErrAbsent) {
		fmt.Fprintln(os.Stderr, "starting PostgreSQL:", err)
		return 1
	}
	code := m.Run()
	if server == nil {
		return code
	}
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping PostgreSQL:", err)
		return 1
	}
	return code
}

// target gives every file a database of its own.
func target(t *testing.T) sqltest.Target {
	if server == nil {
		t.Skip(ErrAbsent)
	}
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
