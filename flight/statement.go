package flight

import (
	"context"
	"iter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// execution is what a ticket stands for. A query runs when its ticket is redeemed. A statement that
// changes something has run before the ticket was given out: clients that are not interested in rows do
// not redeem it, and others redeem it twice (F2).
type execution struct {
	origin
	sql string
	// rows are the parameter values, one run each; a statement without parameters has one empty row.
	rows   [][]any
	schema *wireSchema // as declared; nil when nothing was declared
	// changes tells that the statement is no pure query, ran that it has run and left records.
	changes, ran bool
	records      []arrow.RecordBatch

	life   context.Context // ends with the ticket, or when the client cancels
	cancel context.CancelFunc
}

func newExecution(o origin, sql string, rows [][]any, schema *wireSchema) *execution {
	x := &execution{origin: o, sql: sql, rows: rows, schema: schema}
	x.life, x.cancel = context.WithCancel(context.Background())
	return x
}

// noParameters is one run without values.
func noParameters() [][]any { return [][]any{nil} }

// plan checks a statement without executing it.
func (s *service) plan(ctx context.Context, sql string, txn []byte) (*execution, error) {
	o := originOf(ctx, txn)
	l, err := s.leaseOf(o)
	if err != nil {
		return nil, err
	}
	defer l.done()
	stmt, err := l.Prepare(ctx, sql)
	if err != nil {
		return nil, statusOf(err, sql)
	}
	x := newExecution(o, sql, noParameters(), describedWire(stmt.Schema(), stmt.Types()))
	x.changes = !stmt.ReadOnly()
	return x, nil
}

// keep gives an execution its ticket, after running what changes something.
func (s *service) keep(ctx context.Context, x *execution) ([]byte, error) {
	if x.changes {
		if err := s.runNow(ctx, x); err != nil {
			x.cancel()
			return nil, statusOf(err, x.sql)
		}
	}
	id := newID()
	if !s.results.add(id, x) {
		x.cancel()
		return nil, sqlerr.New(sqlerr.TooManyConnections, "too many results are waiting to be fetched")
	}
	return flightsql.CreateStatementQueryTicket([]byte(id))
}

// runNow runs the statement with each row of values and keeps what it returns.
func (s *service) runNow(ctx context.Context, x *execution) error {
	l, err := s.leaseOf(x.origin)
	if err != nil {
		return err
	}
	defer l.done()
	from, n := time.Now(), int64(0)
	x.records, n, err = runRows(ctx, l, x.sql, x.rows)
	if s.observe != nil {
		s.observed(ctx, x.sql, from, n, err)
	}
	x.ran = err == nil
	return err
}

// result finds an execution of the caller: those of others are unknown.
func (s *service) result(ctx context.Context, id string) (x *execution, done func(), ok bool) {
	x, done, ok = s.results.use(id)
	if ok && x.user != callerOf(ctx).user {
		done()
		return nil, nil, false
	}
	return x, done, ok
}

// redeem runs the execution that a ticket stands for.
func (s *service) redeem(ctx context.Context, handle []byte) (*answer, error) {
	x, done, ok := s.result(ctx, string(handle))
	if !ok {
		return nil, sqlerr.New(sqlerr.InvalidStatementName, "this ticket is unknown to the server, has expired or was cancelled")
	}
	a, err := s.execute(ctx, x)
	if err != nil {
		done()
		return nil, statusOf(err, x.sql)
	}
	a.onClose(done)
	return a, nil
}

// once runs an execution that has no ticket.
func (s *service) once(ctx context.Context, x *execution) (*answer, error) {
	a, err := s.execute(ctx, x)
	if err != nil {
		x.cancel()
		return nil, statusOf(err, x.sql)
	}
	a.onClose(x.cancel)
	return a, nil
}

// execute starts an execution. Its rows are computed while the answer is read.
func (s *service) execute(ctx context.Context, x *execution) (*answer, error) {
	if x.ran || len(x.rows) == 0 {
		return &answer{schema: x.schema, batches: kept(x.records), sql: x.sql, ran: true}, nil
	}
	l, err := s.leaseOf(x.origin)
	if err != nil {
		return nil, err
	}
	a := &answer{sql: x.sql}
	a.onClose(l.done)
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(x.life, cancel)
	a.onClose(func() { unlink(); cancel() })
	if err := x.start(ctx, l, a); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// kept delivers records that stay with their owner.
func kept(records []arrow.RecordBatch) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for _, rec := range records {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// start runs the first row's statement and fills the answer in.
func (x *execution) start(ctx context.Context, l *lease, a *answer) error {
	first, err := l.Query(ctx, x.sql, x.rows[0]...)
	if err != nil {
		return err
	}
	if err := l.settle(first.Tag()); err != nil {
		first.Close()
		return err
	}
	if a.schema = x.schema; a.schema == nil {
		a.schema = describedWire(first.Schema(), first.Types())
	} else if !a.schema.describes(first.Schema(), first.Types()) {
		first.Close()
		return sqlerr.New(sqlerr.FeatureNotSupported, "the tables have changed since the statement was planned: its result has other columns now").WithHint("Run it again.")
	}
	a.onClose(first.Close)
	a.batches = x.batches(ctx, l, first)
	return nil
}

// batches are the rows of all runs.
func (x *execution) batches(ctx context.Context, l *lease, result *oxidb.Result) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for i := range x.rows {
			if i > 0 {
				var err error
				if result, err = l.Query(ctx, x.sql, x.rows[i]...); err != nil {
					yield(nil, err)
					return
				}
			}
			for rec, err := range result.Batches() {
				if !yield(rec, err) || err != nil {
					return
				}
			}
		}
	}
}

// runRows runs sql with each row of values and gives the rows that it returned, and the number that it
// changed. Several runs take effect together, or none does.
func runRows(ctx context.Context, l *lease, sql string, rows [][]any) (records []arrow.RecordBatch, n int64, err error) {
	if len(rows) == 1 {
		result, err := l.Query(ctx, sql, rows[0]...)
		if err != nil {
			return nil, 0, err
		}
		if records, err = collect(records, result); err != nil {
			return nil, 0, err
		}
		return records, changed(result, records), l.settle(result.Tag())
	}
	err = l.atomically(ctx, func(session *oxidb.Session) error {
		for _, row := range rows {
			result, err := session.Query(ctx, sql, row...)
			if err != nil {
				return err
			}
			before := len(records)
			if records, err = collect(records, result); err != nil {
				return err
			}
			n += changed(result, records[before:])
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return records, n, nil
}

func collect(records []arrow.RecordBatch, result *oxidb.Result) ([]arrow.RecordBatch, error) {
	for rec, err := range result.Batches() {
		if err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
	return records, nil
}

// changed is the number of rows that a statement changed, or delivered when it is a query.
func changed(result *oxidb.Result, records []arrow.RecordBatch) int64 {
	n := result.RowsAffected()
	if n == 0 {
		for _, rec := range records {
			n += rec.NumRows()
		}
	}
	return n
}

// DoPutCommandStatementUpdate runs one statement or several to the end.
func (s *service) DoPutCommandStatementUpdate(ctx context.Context, cmd flightsql.StatementUpdate) (n int64, err error) {
	if s.observe != nil {
		defer func(from time.Time) { s.observed(ctx, cmd.GetQuery(), from, n, err) }(time.Now())
	}
	l, err := s.lease(ctx, cmd.GetTransactionId())
	if err != nil {
		return 0, err
	}
	defer l.done()
	result, err := l.Query(ctx, cmd.GetQuery())
	if err != nil {
		return 0, statusOf(err, cmd.GetQuery())
	}
	rows, err := result.Drain()
	if err == nil {
		err = l.settle(result.Tag())
	}
	return rows, statusOf(err, cmd.GetQuery())
}
