package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// conn is a session. database/sql uses it from one goroutine at a time.
type conn struct {
	db      *oxidb.DB
	session *oxidb.Session
	closed  bool
	closer  io.Closer // the database, where the connection owns it
}

var (
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
)

// QueryContext runs one or several statements and gives the last one's rows.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	values, err := positional(args)
	if err != nil {
		return nil, err
	}
	return started(ctx, func(ctx context.Context) (*oxidb.Result, error) { return c.session.Query(ctx, query, values...) })
}

// ExecContext runs one or several statements to their end.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	values, err := positional(args)
	if err != nil {
		return nil, err
	}
	return executed(c.session.Query(ctx, query, values...))
}

// executed reads a result to its end. Only rows that were changed count, not those of a query.
func executed(r *oxidb.Result, err error) (driver.Result, error) {
	if err != nil {
		return nil, err
	}
	if _, err := r.Drain(); err != nil {
		return nil, err
	}
	return driver.RowsAffected(r.RowsAffected()), nil
}

// PrepareContext checks the statement and finds its parameters.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	p, err := c.session.Prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return &stmt{conn: c, inner: p}, nil
}

// Prepare implements driver.Conn.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// BeginTx opens a transaction. Snapshot isolation serves all levels up to repeatable read;
// linearizable is refused with 0A000.
func (c *conn) BeginTx(_ context.Context, opts driver.TxOptions) (driver.Tx, error) {
	o := oxidb.TransactionOptions{ReadOnly: opts.ReadOnly}
	switch level := sql.IsolationLevel(opts.Isolation); level {
	case sql.LevelDefault:
	case sql.LevelReadUncommitted, sql.LevelReadCommitted, sql.LevelWriteCommitted, sql.LevelRepeatableRead, sql.LevelSnapshot:
		o.Isolation = oxidb.SnapshotIsolation
	case sql.LevelSerializable:
		o.Isolation = oxidb.Serializable
	default:
		return nil, sqlerr.Unsupported(-1, -1, "isolation level "+level.String()).WithHint("The levels are repeatable read (snapshot isolation) and serializable.")
	}
	if err := c.session.BeginTransaction(o); err != nil {
		return nil, err
	}
	return tx{c}, nil
}

// Begin implements driver.Conn.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// CheckNamedValue lets every value through that oxidb takes as an argument, and calls driver.Valuer's.
// A time.Duration stays one, and becomes an interval; database/sql on its own would make it a number.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if v.Name != "" {
		return sqlerr.Unsupported(-1, -1, "the named argument "+v.Name).WithHint("Arguments stand for $1, $2, … in order.")
	}
	if _, ok := v.Value.(time.Duration); ok {
		return nil
	}
	value, err := driver.DefaultParameterConverter.ConvertValue(v.Value)
	if err == nil {
		v.Value = value
		return nil
	}
	if _, ok := v.Value.(driver.Valuer); ok {
		return err
	}
	return nil // such as [16]byte and large unsigned numbers: oxidb takes them, or says why not
}

// Ping reports whether the session is alive.
func (c *conn) Ping(ctx context.Context) error {
	if _, err := c.session.Exec(ctx, "SELECT 1"); err != nil {
		return errors.Join(driver.ErrBadConn, err)
	}
	return nil
}

// ResetSession makes the connection like new for its next user: no open transaction, no settings.
func (c *conn) ResetSession(ctx context.Context) error {
	if c.closed {
		return driver.ErrBadConn
	}
	if _, err := c.session.Exec(ctx, "DISCARD ALL"); err != nil {
		return driver.ErrBadConn
	}
	return nil
}

// IsValid implements driver.Validator.
func (c *conn) IsValid() bool { return !c.closed }

// Close ends the session; an open transaction is rolled back.
func (c *conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	c.session.Close()
	if c.closer != nil {
		return c.closer.Close()
	}
	return nil
}

// tx is the session's transaction block.
type tx struct{ conn *conn }

// Commit implements driver.Tx.
func (t tx) Commit() error { return t.conn.session.Commit(context.Background()) }

// Rollback implements driver.Tx.
func (t tx) Rollback() error { return t.conn.session.Rollback() }

// positional turns arguments into a list.
func positional(args []driver.NamedValue) ([]any, error) {
	values := make([]any, len(args))
	for _, a := range args {
		if a.Ordinal < 1 || a.Ordinal > len(args) {
			return nil, sqlerr.New(sqlerr.UndefinedParameter, "argument number %d of %d", a.Ordinal, len(args))
		}
		values[a.Ordinal-1] = a.Value
	}
	return values, nil
}

// stmt is a prepared statement.
type stmt struct {
	conn  *conn
	inner *oxidb.Stmt
}

var (
	_ driver.StmtQueryContext = (*stmt)(nil)
	_ driver.StmtExecContext  = (*stmt)(nil)
)

// QueryContext runs the statement for its rows.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	values, err := positional(args)
	if err != nil {
		return nil, err
	}
	return started(ctx, func(ctx context.Context) (*oxidb.Result, error) { return s.inner.Query(ctx, values...) })
}

// ExecContext runs the statement to its end.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	values, err := positional(args)
	if err != nil {
		return nil, err
	}
	return executed(s.inner.Query(ctx, values...))
}

// NumInput is the number of parameters.
func (s *stmt) NumInput() int { return len(s.inner.Params()) }

// Query implements driver.Stmt.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), numbered(args))
}

// Exec implements driver.Stmt.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), numbered(args))
}

// Close implements driver.Stmt.
func (s *stmt) Close() error { return nil }

func numbered(args []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return named
}
