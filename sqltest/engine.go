package sqltest

import "context"

// Engine is one database under test.
type Engine interface {
	// Connect opens a session of its own; the name is the one the file gives it ("" for the default).
	Connect(name string) (Conn, error)
}

// Conn is one session. The runner uses it from one goroutine at a time.
type Conn interface {
	// Exec runs one statement of any kind, drops its rows and returns how many rows it affected.
	// A failure carries its SQLSTATE as a *sqlerr.Error in its chain.
	Exec(ctx context.Context, sql string) (rowsAffected int64, err error)
	// Query runs one statement and returns its rows: every value in PostgreSQL's text form (booleans
	// t and f, ISO dates), nil for NULL.
	Query(ctx context.Context, sql string) (columns []Column, rows [][]*string, err error)
	Close() error
}

// Column names a result column; Type is the type's SQL name without modifiers, as PostgreSQL's
// format_type prints it ("integer", "character varying").
type Column struct{ Name, Type string }
