package flight

import (
	"context"
	"time"
)

// Execution is a statement that has run, for logs.
type Execution struct {
	SQL, User, Peer string
	// Elapsed is the time until the last row was sent.
	Elapsed time.Duration
	// Rows were sent, or changed.
	Rows int64
	// Err is what ended it, nil after success.
	Err error
}

// observed tells who wants to know of a statement that has run.
func (s *service) observed(ctx context.Context, sql string, from time.Time, rows int64, err error) {
	c := callerOf(ctx)
	s.observe(Execution{SQL: sql, User: c.user, Peer: c.peer, Elapsed: time.Since(from), Rows: rows, Err: err})
}
