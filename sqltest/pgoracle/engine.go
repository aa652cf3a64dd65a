package pgoracle

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/sqltest"
)

// Database is one database of a server, as an engine for sqltest.
type Database struct {
	server *Server
	name   string
}

// CreateDatabase makes a fresh, empty database.
func (s *Server) CreateDatabase(ctx context.Context) (*Database, error) {
	d := &Database{server: s, name: fmt.Sprintf("test%d", s.databases.Add(1))}
	return d, s.administer(ctx, "CREATE DATABASE "+d.name)
}

// Drop removes the database, ending its sessions.
func (d *Database) Drop(ctx context.Context) error {
	return d.server.administer(ctx, "DROP DATABASE "+d.name+" WITH (FORCE)")
}

func (s *Server) administer(ctx context.Context, sql string) error {
	conn, err := s.connect(ctx, "postgres")
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql).ReadAll()
	return err
}

// Connect opens a session; the name is not used.
func (d *Database) Connect(string) (sqltest.Conn, error) {
	conn, err := d.server.connect(context.Background(), d.name)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, types: d.server.types}, nil
}

type session struct {
	conn  *pgconn.PgConn
	types map[uint32]string
}

func (s *session) Close() error { return s.conn.Close(context.Background()) }

func (s *session) Exec(ctx context.Context, sql string) (int64, error) {
	results, err := s.conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return 0, convertError(err)
	}
	if len(results) == 0 {
		return 0, nil
	}
	return results[len(results)-1].CommandTag.RowsAffected(), nil
}

func (s *session) Query(ctx context.Context, sql string) (columns []sqltest.Column, rows [][]*string, err error) {
	results := s.conn.Exec(ctx, sql)
	for results.NextResult() {
		result := results.ResultReader()
		columns, rows = s.columns(result.FieldDescriptions()), nil
		for result.NextRow() {
			rows = append(rows, texts(result.Values()))
		}
	}
	return columns, rows, convertError(results.Close())
}

func (s *session) columns(fields []pgconn.FieldDescription) []sqltest.Column {
	columns := make([]sqltest.Column, len(fields))
	for i, field := range fields {
		columns[i] = sqltest.Column{Name: field.Name, Type: s.types[field.DataTypeOID]}
	}
	return columns
}

// texts copies a row, which is borrowed until the next one.
func texts(row [][]byte) []*string {
	out := make([]*string, len(row))
	for i, value := range row {
		if value != nil {
			text := string(value)
			out[i] = &text
		}
	}
	return out
}

// convertError keeps the server's SQLSTATE and message.
func convertError(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	return &sqlerr.Error{State: sqlerr.State(e.Code), Message: e.Message, Detail: e.Detail, Hint: e.Hint, Pos: -1}
}
