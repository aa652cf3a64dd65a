package flight

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// target is where a bulk ingest goes and what it may do to the table.
type target struct {
	schema, table string
	// ifMissing and ifExists are Flight SQL's options.
	ifMissing flightsql.TableDefinitionOptionsTableNotExistOption
	ifExists  flightsql.TableDefinitionOptionsTableExistsOption
}

// DoPutCommandStatementIngest loads Arrow batches into a table: all of them, or none.
func (s *service) DoPutCommandStatementIngest(ctx context.Context, cmd flightsql.StatementIngest, r flight.MessageReader) (int64, error) {
	t := target{schema: cmd.GetSchema(), table: cmd.GetTable(), ifMissing: cmd.GetTableDefinitionOptions().GetIfNotExist(), ifExists: cmd.GetTableDefinitionOptions().GetIfExists()}
	catalog := cmd.GetCatalog()
	switch {
	case cmd.GetTemporary():
		return 0, statusOf(sqlerr.Unsupported(-1, -1, "ingesting into a temporary table"), "")
	case t.table == "":
		return 0, statusOf(sqlerr.New(stateProtocol, "ingest needs the name of a table"), "")
	case t.ifMissing == flightsql.TableDefinitionOptionsTableNotExistOptionUnspecified || t.ifExists == flightsql.TableDefinitionOptionsTableExistsOptionUnspecified:
		return 0, statusOf(sqlerr.New(stateProtocol, "ingest needs to know what to do if the table exists and if it does not"), "")
	}
	if catalog != "" {
		if err := checkCatalog(&catalog); err != nil {
			return 0, statusOf(err, "")
		}
	}
	rows, err := s.ingest(ctx, t, cmd.GetTransactionId(), r)
	if err != nil {
		readOut(r)
	}
	return rows, err
}

// maxReadOut bounds what a refused ingest still reads.
const maxReadOut = 64 << 20

// readOut takes what the client is about to send, as far as it is not much: a stream that ends under
// a client's hands shows it a broken connection instead of the error.
func readOut(r flight.MessageReader) {
	defer func() { _ = recover() }() // Arrow's decoding panics on damaged data; the error is known already
	for size := int64(0); size < maxReadOut && r.Next(); {
		for _, col := range r.RecordBatch().Columns() {
			size += int64(col.Data().SizeInBytes())
		}
	}
}

// ingest runs in the named transaction, or in one of its own.
func (s *service) ingest(ctx context.Context, t target, txn []byte, r flight.MessageReader) (rows int64, err error) {
	l, err := s.leaseConnection(ctx, txn)
	if err != nil {
		return 0, err
	}
	defer l.done()
	schema, err := incoming(r)
	if err != nil {
		return 0, err
	}
	err = l.atomically(ctx, func(session *oxidb.Session) error {
		if err := t.define(ctx, session, schema); err != nil {
			return err
		}
		rows, err = session.Ingest(ctx, t.schema, t.table, records(r))
		return err
	})
	if err != nil {
		return 0, statusOf(err, "")
	}
	return rows, nil
}

// incoming reads the schema message. Arrow's decoding panics on some that are damaged.
func incoming(r flight.MessageReader) (schema *arrow.Schema, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = sqlerr.New(stateProtocol, "reading the schema of the data: %v", p)
		}
	}()
	if schema = r.Schema(); schema == nil {
		return nil, sqlerr.New(stateProtocol, "reading the schema of the data: %v", r.Err())
	}
	return schema, nil
}

// records are the batches of a stream, each lent until the next.
func records(r flight.MessageReader) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for r.Next() {
			if !yield(r.RecordBatch(), nil) {
				return
			}
		}
		if err := r.Err(); err != nil && !errors.Is(err, io.EOF) {
			yield(nil, sqlerr.New(stateProtocol, "reading the data: %w", err))
		}
	}
}

// define creates or replaces the table as the options say.
func (t *target) define(ctx context.Context, session *oxidb.Session, schema *arrow.Schema) error {
	exists, err := t.exists(ctx, session)
	if err != nil {
		return err
	}
	name := qualified(t.schema, t.table)
	switch {
	case exists && t.ifExists == flightsql.TableDefinitionOptionsTableExistsOptionFail:
		return sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists", t.table)
	case exists && t.ifExists == flightsql.TableDefinitionOptionsTableExistsOptionAppend:
		return nil
	case exists:
		if _, err := session.Exec(ctx, "DROP TABLE "+name); err != nil {
			return err
		}
	case t.ifMissing != flightsql.TableDefinitionOptionsTableNotExistOptionCreate:
		return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", t.table)
	}
	columns := make([]string, schema.NumFields())
	for i, f := range schema.Fields() {
		kind, err := types.FromArrow(f.Type)
		if err != nil {
			return err
		}
		columns[i] = quote(f.Name) + " " + kind.String()
	}
	_, err = session.Exec(ctx, "CREATE TABLE "+name+" ("+strings.Join(columns, ", ")+")")
	return err
}

// exists looks the table up in its schema, or in the search path.
func (t *target) exists(ctx context.Context, session *oxidb.Session) (bool, error) {
	found, err := texts(ctx, session, "SELECT table_schema FROM information_schema.tables WHERE table_name = $1", t.table)
	if err != nil {
		return false, err
	}
	path := []string{t.schema}
	if t.schema == "" {
		setting, err := session.Setting(settingOf(optionSchema))
		if err != nil {
			return false, err
		}
		path = strings.Split(setting, ",")
	}
	for _, schema := range path {
		for _, row := range found {
			if row[0] == strings.Trim(strings.TrimSpace(schema), `"`) {
				return true, nil
			}
		}
	}
	return false, nil
}
