package flight

import (
	"context"
	"iter"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// execution is what a ticket stands for: a planned statement that runs when the ticket is redeemed.
type execution struct {
	origin
	sql string
	// rows are the parameter values, one run each; a statement without parameters has one empty row.
	rows   [][]any
	schema *arrow.Schema // as declared; nil when nothing was declared

	life   context.Context // ends with the ticket, or when the client cancels
	cancel context.CancelFunc

	mu    sync.Mutex
	spent bool // it changed something and must not run again
}

func newExecution(o origin, sql string, rows [][]any, schema *arrow.Schema) *execution {
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
	return newExecution(o, sql, noParameters(), described(stmt.Schema(), stmt.Types())), nil
}

// keep gives an execution its ticket.
func (s *service) keep(x *execution) ([]byte, error) {
	id := newID()
	if !s.results.add(id, x) {
		x.cancel()
		return nil, sqlerr.New(sqlerr.TooManyConnections, "too many results are waiting to be fetched")
	}
	return flightsql.CreateStatementQueryTicket([]byte(id))
}

// redeem runs the execution that a ticket stands for.
func (s *service) redeem(ctx context.Context, handle []byte) (*answer, error) {
	x, done, ok := s.results.use(string(handle))
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
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.spent {
		return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisite, "the statement has run already, and its ticket can be redeemed once")
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

// start runs the first row's statement and fills the answer in.
func (x *execution) start(ctx context.Context, l *lease, a *answer) error {
	if len(x.rows) == 0 {
		a.schema, a.batches = x.schema, func(func(arrow.RecordBatch, error) bool) {}
		return nil
	}
	first, err := l.Query(ctx, x.sql, x.rows[0]...)
	if err != nil {
		return err
	}
	x.spent = !repeatable[first.Tag()]
	if err := l.settle(first.Tag()); err != nil {
		first.Close()
		return err
	}
	a.schema = described(first.Schema(), first.Types())
	if x.schema != nil {
		if !x.schema.Equal(a.schema) {
			first.Close()
			return sqlerr.New(sqlerr.FeatureNotSupported, "the tables have changed since the statement was planned: its result has other columns now").WithHint("Run it again.")
		}
		a.schema = x.schema
	}
	a.onClose(first.Close)
	a.batches = x.batches(ctx, l, first)
	return nil
}

// repeatable are the statements whose ticket may be redeemed again.
var repeatable = map[string]bool{"SELECT": true, "SHOW": true}

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

// DoPutCommandStatementUpdate runs one statement or several to the end.
func (s *service) DoPutCommandStatementUpdate(ctx context.Context, cmd flightsql.StatementUpdate) (int64, error) {
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
