package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/oxidb/oxidb/sqltest/pgserver"
)

// postgres is a PostgreSQL 15 server of our own, with its default settings, on a unix socket.
type postgres struct {
	server *pgserver.Server
	ids    atomic.Int64
}

func (p *postgres) name() string { return "postgres" }

func (p *postgres) start(ctx context.Context, dir string) error {
	var err error
	if p.server, err = pgserver.Start(ctx, dir, nil); err != nil {
		return err
	}
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE TABLE t (id bigint PRIMARY KEY, a text, b integer)")
	return errors.Join(err, conn.Close(ctx))
}

func (p *postgres) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, p.server.DSN("postgres"))
}

func (p *postgres) run(ctx context.Context, clients int, length time.Duration) (outcome, error) {
	return drive(clients, length, &p.ids, func() (clientLoop, error) {
		conn, err := p.connect(ctx)
		if err != nil {
			return clientLoop{}, err
		}
		_, err = conn.Prepare(ctx, "insert", "INSERT INTO t VALUES ($1, $2, $3)")
		return clientLoop{
			insert: func(id int64) error { _, err := conn.Exec(ctx, "insert", id, textValue, 42); return err },
			close:  func() error { return conn.Close(ctx) },
		}, err
	})
}

func (p *postgres) stop() error { return p.server.Stop() }
