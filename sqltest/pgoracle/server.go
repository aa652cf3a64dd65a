package pgoracle

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/oxidb/oxidb/sqltest/pgserver"
)

// ErrAbsent says that this machine has no PostgreSQL 15, or no account that may run it.
var ErrAbsent = pgserver.ErrAbsent

// Server is a private PostgreSQL server on a unix socket in a temporary folder: bytewise collation,
// UTC, ISO dates, nothing durable.
type Server struct {
	server    *pgserver.Server
	dir       string
	types     map[uint32]string // OID to SQL name
	databases atomic.Int64
}

// Start initialises and starts a server. It returns ErrAbsent where the machine cannot run one.
func Start(ctx context.Context) (_ *Server, err error) {
	s := &Server{}
	if s.dir, err = os.MkdirTemp("", "oxidb-pg"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(s.dir))
		}
	}()
	s.server, err = pgserver.Start(ctx, s.dir, []string{"--no-sync"}, "fsync=off", "full_page_writes=off", "synchronous_commit=off",
		"timezone=UTC", "datestyle=ISO,MDY", "intervalstyle=postgres", "jit=off")
	if err != nil {
		return nil, err
	}
	if s.types, err = s.readTypes(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends the server and removes all of its files.
func (s *Server) Stop() error { return errors.Join(s.server.Stop(), os.RemoveAll(s.dir)) }

func (s *Server) connect(ctx context.Context, database string) (*pgconn.PgConn, error) {
	return pgconn.Connect(ctx, s.server.DSN(database))
}

func (s *Server) readTypes(ctx context.Context) (map[uint32]string, error) {
	conn, err := s.connect(ctx, "postgres")
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, "SELECT oid, format_type(oid, NULL) FROM pg_type").ReadAll()
	if err != nil {
		return nil, err
	}
	types := map[uint32]string{}
	for _, row := range results[0].Rows {
		oid, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err != nil {
			return nil, err
		}
		types[uint32(oid)] = string(row[1])
	}
	return types, nil
}
