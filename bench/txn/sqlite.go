package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// sqlite is SQLite in process. It has one writer at a time: clients share a connection, which is faster
// than many that find the database locked.
type sqlite struct {
	db  *sql.DB
	ids atomic.Int64
}

func (s *sqlite) name() string { return "sqlite" }

func (s *sqlite) start(ctx context.Context, dir string) error {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "t.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	s.db = db
	_, err = db.ExecContext(ctx, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)")
	return err
}

func (s *sqlite) run(ctx context.Context, clients int, length time.Duration) (outcome, error) {
	return drive(clients, length, &s.ids, func() (clientLoop, error) {
		insert, err := s.db.PrepareContext(ctx, "INSERT INTO t VALUES (?, ?, ?)")
		if err != nil {
			return clientLoop{}, err
		}
		return clientLoop{
			insert: func(id int64) error { _, err := insert.ExecContext(ctx, id, textValue, 42); return err },
			close:  insert.Close,
		}, nil
	})
}

func (s *sqlite) stop() error { return s.db.Close() }
