package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/flight"
)

// The statements, with the parameter's name left open.
const (
	shortPoint     = "SELECT id, a, b FROM t WHERE id = %s"
	shortAggregate = "SELECT count(*), sum(id), min(a) FROM t WHERE g = %s"
	shortInsert    = "INSERT INTO t VALUES (%s, 'a value of middling length', 42, 1000000)"
)

// shortTexts are the statements by their kinds.
func shortTexts(parameter string) map[string]string {
	return map[string]string{
		"point": fmt.Sprintf(shortPoint, parameter), "aggregate": fmt.Sprintf(shortAggregate, parameter), "insert": fmt.Sprintf(shortInsert, parameter),
	}
}

// shortArgument is statement n's argument.
func shortArgument(kind string, n int64) int64 {
	switch kind {
	case "point":
		return shortKey(n)
	case "aggregate":
		return shortKey(n) % 10_000
	}
	return n
}

// shortOxi is OxiDB in process, with prepared statements. Rows are read as Arrow records.
type shortOxi struct{ db *oxidb.DB }

func (o *shortOxi) name() string { return "oxidb" }

func (o *shortOxi) start(ctx context.Context) (err error) {
	if o.db, err = oxidb.Open(ctx, oxidb.InMemory); err != nil {
		return err
	}
	_, err = o.db.Exec(ctx, fmt.Sprintf("CREATE TABLE t (id bigint PRIMARY KEY, a text, b integer, g integer); CREATE INDEX t_g ON t (g); "+
		"INSERT INTO t SELECT i, 'value ' || i, i %% 100, i %% 10000 FROM generate_series(1, %d) AS s(i); CHECKPOINT", shortRows))
	return err
}

func (o *shortOxi) stop() error { return o.db.Close() }

type oxiClient struct {
	session *oxidb.Session
	stmts   map[string]*oxidb.Stmt
}

func (o *shortOxi) client(ctx context.Context) (shortClient, error) {
	session, err := o.db.Session()
	if err != nil {
		return nil, err
	}
	c := &oxiClient{session: session, stmts: map[string]*oxidb.Stmt{}}
	for kind, text := range shortTexts("$1") {
		if c.stmts[kind], err = session.Prepare(ctx, text); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *oxiClient) run(ctx context.Context, kind string, n int64) error {
	r, err := c.stmts[kind].Query(ctx, shortArgument(kind, n))
	if err != nil {
		return err
	}
	if kind == "insert" {
		r.Close()
		return nil
	}
	rows := int64(0)
	for rec, err := range r.Batches() {
		if err != nil {
			return err
		}
		rows += rec.NumRows()
		if rec.Column(0).(*array.Int64).Value(0) < 0 {
			return errors.New("a wrong value")
		}
		rec.Release()
	}
	return oneRow(rows)
}

func oneRow(rows int64) error {
	if rows != 1 {
		return fmt.Errorf("%d rows instead of one", rows)
	}
	return nil
}

func (c *oxiClient) close() error { c.session.Close(); return nil }

// shortFlight is OxiDB behind its Flight SQL server on a loopback address, with prepared statements of
// arrow-go's client.
type shortFlight struct {
	shortOxi
	server *flight.Server
	cancel context.CancelFunc
	served chan error
}

func (f *shortFlight) name() string { return "oxidb-flight" }

func (f *shortFlight) start(ctx context.Context) (err error) {
	if err := f.shortOxi.start(ctx); err != nil {
		return err
	}
	if f.server, err = flight.NewServer(f.db, flight.Options{Addr: "127.0.0.1:0"}); err != nil {
		return err
	}
	ctx, f.cancel = context.WithCancel(ctx)
	f.served = make(chan error, 1)
	go func() { f.served <- f.server.Serve(ctx) }()
	return nil
}

func (f *shortFlight) stop() error {
	f.cancel()
	return errors.Join(<-f.served, f.shortOxi.stop())
}

type flightClient struct {
	client *flightsql.Client
	stmts  map[string]*flightsql.PreparedStatement
}

func (f *shortFlight) client(ctx context.Context) (shortClient, error) {
	client, err := flightsql.NewClient(f.server.Addr().String(), nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	c := &flightClient{client: client, stmts: map[string]*flightsql.PreparedStatement{}}
	for kind, text := range shortTexts("$1") {
		if c.stmts[kind], err = client.Prepare(ctx, text); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *flightClient) run(ctx context.Context, kind string, n int64) error {
	stmt := c.stmts[kind]
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.Append(shortArgument(kind, n))
	values := b.NewArray()
	defer values.Release()
	args := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "1", Type: arrow.PrimitiveTypes.Int64}}, nil), []arrow.Array{values}, 1)
	defer args.Release()
	stmt.SetParameters(args)
	if kind == "insert" {
		_, err := stmt.ExecuteUpdate(ctx)
		return err
	}
	info, err := stmt.Execute(ctx)
	if err != nil {
		return err
	}
	rows := int64(0)
	for _, endpoint := range info.Endpoint {
		reader, err := c.client.DoGet(ctx, endpoint.Ticket)
		if err != nil {
			return err
		}
		for reader.Next() {
			rows += reader.RecordBatch().NumRows()
		}
		err = reader.Err()
		reader.Release()
		if err != nil {
			return err
		}
	}
	return oneRow(rows)
}

func (c *flightClient) close() error {
	var err error
	for _, s := range c.stmts {
		err = errors.Join(err, s.Close(context.Background()))
	}
	return errors.Join(err, c.client.Close())
}

// shortSQLite is SQLite in process, in memory, with prepared statements on one connection.
type shortSQLite struct{ db *sql.DB }

func (s *shortSQLite) name() string { return "sqlite" }

func (s *shortSQLite) start(ctx context.Context) (err error) {
	if s.db, err = sql.Open("sqlite", ":memory:"); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1) // a database in memory is its connection's
	for _, text := range []string{"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, g INTEGER)", "CREATE INDEX t_g ON t (g)",
		fmt.Sprintf("WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < %d) INSERT INTO t SELECT i, 'value ' || i, i %% 100, i %% 10000 FROM s", shortRows)} {
		if _, err := s.db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

func (s *shortSQLite) stop() error { return s.db.Close() }

type sqliteClient map[string]*sql.Stmt

func (s *shortSQLite) client(ctx context.Context) (shortClient, error) {
	c := sqliteClient{}
	for kind, text := range shortTexts("?") {
		stmt, err := s.db.PrepareContext(ctx, text)
		if err != nil {
			return nil, err
		}
		c[kind] = stmt
	}
	return c, nil
}

func (c sqliteClient) run(ctx context.Context, kind string, n int64) error {
	arg := shortArgument(kind, n)
	if kind == "insert" {
		_, err := c[kind].ExecContext(ctx, arg)
		return err
	}
	var first, second, third any
	return c[kind].QueryRowContext(ctx, arg).Scan(&first, &second, &third)
}

func (c sqliteClient) close() error {
	var err error
	for _, s := range c {
		err = errors.Join(err, s.Close())
	}
	return err
}
