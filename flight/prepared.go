package flight

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// maxBoundRows bounds the parameter rows of one bind; more belongs into bulk ingest.
const maxBoundRows = 1 << 20

// prepared is a statement that the client refers to by a handle.
type prepared struct {
	origin
	sql    string
	params int
	// open tells that parameters take their types from the values, and the result from them.
	open bool
	// changes tells that the statement is no pure query.
	changes bool

	mu     sync.Mutex
	rows   [][]any // the values bound last; nil before the first bind
	schema *wireSchema
}

// CreatePreparedStatement plans a statement and describes its rows and parameters.
func (s *service) CreatePreparedStatement(ctx context.Context, req flightsql.ActionCreatePreparedStatementRequest) (result flightsql.ActionCreatePreparedStatementResult, err error) {
	o := originOf(ctx, req.GetTransactionId())
	l, err := s.leaseOf(o)
	if err != nil {
		return result, err
	}
	defer l.done()
	stmt, err := l.Prepare(ctx, req.GetQuery())
	if err != nil {
		return result, statusOf(err, req.GetQuery())
	}
	p := &prepared{origin: o, sql: req.GetQuery(), params: len(stmt.Params()), open: stmt.Open(), changes: !stmt.ReadOnly(), schema: describedWire(stmt.Schema(), stmt.Types())}
	if !s.prepared.add(p.holder()) {
		return result, sqlerr.New(sqlerr.TooManyConnections, "the session has %d prepared statements, which is the server's limit", s.limits.SessionStatements).WithHint("Close those that are not needed.")
	}
	id := newID()
	if !s.statements.add(id, p) {
		s.prepared.remove(p.holder())
		return result, sqlerr.New(sqlerr.TooManyConnections, "too many prepared statements are in use")
	}
	update, parameters := !stmt.IsQuery(), parameterSchema(stmt.Params())
	if fromJava(ctx) {
		parameters = inMilliseconds(parameters)
	}
	return flightsql.ActionCreatePreparedStatementResult{Handle: []byte(id), DatasetSchema: p.schema.Schema, ParameterSchema: parameters, IsUpdate: &update}, nil
}

// parameterSchema names the parameters $1, $2, ….
func parameterSchema(kinds []types.Type) *arrow.Schema {
	fields := make([]arrow.Field, len(kinds))
	for i, t := range kinds {
		fields[i] = types.Field("$"+strconv.Itoa(i+1), t, true)
		fields[i].Metadata = withMetadata(fields[i].Metadata, typeMetadata(t))
	}
	return arrow.NewSchema(fields, nil)
}

// ClosePreparedStatement forgets a statement; one that is unknown is closed already.
func (s *service) ClosePreparedStatement(_ context.Context, req flightsql.ActionClosePreparedStatementRequest) error {
	s.statements.remove(string(req.GetPreparedStatementHandle()))
	return nil
}

// statement gives the prepared statement of a handle, with the transaction that it runs in now.
func (s *service) statement(ctx context.Context, handle []byte) (p *prepared, o origin, done func(), err error) {
	p, done, ok := s.statements.use(string(handle))
	if ok && p.user != callerOf(ctx).user {
		done()
		ok = false
	}
	if !ok {
		return nil, o, nil, sqlerr.New(sqlerr.InvalidStatementName, "this prepared statement is unknown to the server: it was closed, or not used for too long")
	}
	from := p.origin
	if from.client == "" { // prepared in the client's first call, before it had the cookie that it now brings
		from.client = originOf(ctx, nil).client
	}
	if o, err = s.successor(from); err != nil {
		done()
		return nil, o, nil, err
	}
	return p, o, done, nil
}

// planPrepared keeps an execution of a prepared statement with the values bound last.
func (s *service) planPrepared(ctx context.Context, handle []byte) (x *execution, err error) {
	p, o, done, err := s.statement(ctx, handle)
	if err != nil {
		return nil, err
	}
	defer done()
	p.mu.Lock()
	defer p.mu.Unlock()
	rows := p.rows
	if rows == nil {
		if p.params > 0 {
			return nil, statusOf(sqlerr.New("07002", "the statement has %d parameters, but no values were bound", p.params), p.sql)
		}
		rows = noParameters()
	}
	x = newExecution(o, p.sql, rows, p.schema)
	x.changes = p.changes
	return x, nil
}

// DoPutPreparedStatementQuery binds values; the handle stays.
func (s *service) DoPutPreparedStatementQuery(ctx context.Context, cmd flightsql.PreparedStatementQuery, r flight.MessageReader, _ flight.MetadataWriter) ([]byte, error) {
	p, o, done, err := s.statement(ctx, cmd.GetPreparedStatementHandle())
	if err != nil {
		return nil, err
	}
	defer done()
	rows, kinds, err := p.parameters(r)
	if err != nil {
		return nil, statusOf(err, p.sql)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		l, err := s.leaseOf(o)
		if err != nil {
			return nil, err
		}
		defer l.done()
		stmt, err := l.Prepare(ctx, p.sql, kinds...)
		if err != nil {
			return nil, statusOf(err, p.sql)
		}
		p.schema = describedWire(stmt.Schema(), stmt.Types())
	}
	p.rows = rows
	return cmd.GetPreparedStatementHandle(), nil
}

// parameters reads the rows of values that a client sends; nil when it sends no parameters.
func (p *prepared) parameters(r flight.MessageReader) (rows [][]any, kinds []types.Type, err error) {
	for r.Next() {
		rec := r.RecordBatch()
		if rec.NumCols() == 0 && p.params == 0 { // how some clients say that there is nothing to bind
			continue
		}
		if int(rec.NumCols()) != p.params {
			return nil, nil, sqlerr.New("07001", "the statement has %d parameters, but %d values were given", p.params, rec.NumCols())
		}
		if len(rows)+int(rec.NumRows()) > maxBoundRows {
			return nil, nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "more than %d rows of parameters", maxBoundRows).WithHint("Use bulk ingest.")
		}
		if kinds, err = kindsOf(rec.Schema()); err != nil {
			return nil, nil, err
		}
		err = arrowio.Batches(rec, func(b *columnar.Batch) error {
			rows = appendRows(rows, b)
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if err := r.Err(); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, sqlerr.New(stateProtocol, "reading the parameters: %w", err)
	}
	if schema := r.Schema(); rows == nil && schema != nil && schema.NumFields() > 0 {
		rows = [][]any{} // parameters without a single row: nothing is to run
	}
	return rows, kinds, nil
}

func appendRows(rows [][]any, b *columnar.Batch) [][]any {
	for i := range b.Len {
		row := make([]any, len(b.Cols))
		for c, v := range b.Cols {
			row[c] = v.Value(i)
		}
		rows = append(rows, row)
	}
	return rows
}

func kindsOf(schema *arrow.Schema) ([]types.Type, error) {
	kinds := make([]types.Type, schema.NumFields())
	for i, f := range schema.Fields() {
		t, err := types.FromArrow(f.Type)
		if err != nil {
			return nil, err
		}
		kinds[i] = t
	}
	return kinds, nil
}

// DoPutPreparedStatementUpdate runs the statement once for each row of values: all runs take effect, or
// none.
func (s *service) DoPutPreparedStatementUpdate(ctx context.Context, cmd flightsql.PreparedStatementUpdate, r flight.MessageReader) (int64, error) {
	p, o, done, err := s.statement(ctx, cmd.GetPreparedStatementHandle())
	if err != nil {
		return 0, err
	}
	defer done()
	rows, _, err := p.parameters(r)
	if err != nil {
		return 0, statusOf(err, p.sql)
	}
	if rows == nil {
		p.mu.Lock()
		rows = p.rows
		p.mu.Unlock()
	}
	if rows == nil {
		rows = noParameters()
	}
	l, err := s.leaseOf(o)
	if err != nil {
		return 0, err
	}
	defer l.done()
	from := time.Now()
	_, n, err := runRows(ctx, l, p.sql, rows)
	if s.observe != nil {
		s.observed(ctx, p.sql, from, n, err)
	}
	return n, statusOf(err, p.sql)
}
