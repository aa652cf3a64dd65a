package shell

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Schemes of addresses that OpenRemote understands.
const (
	schemePlain = "grpc://"
	schemeTLS   = "grpc+tls://"
	schemeUnix  = "grpc+unix:"
)

// connectTimeout bounds the first call to a server.
const connectTimeout = 10 * time.Second

// IsRemote reports whether target is a server's address and not a directory.
func IsRemote(target string) bool {
	return strings.HasPrefix(target, schemePlain) || strings.HasPrefix(target, schemeTLS) || strings.HasPrefix(target, schemeUnix)
}

// remote is a session on a Flight SQL server, which a cookie stands for.
type remote struct {
	client *flightsql.Client
	target string
	zone   string
	state  string // of the transaction, followed from the statements that succeed and fail
}

// OpenRemote connects to the Flight SQL server at grpc://[user@]host:port, grpc+tls://[user@]host:port or
// grpc+unix:path. The password comes from the environment's OXIDB_PASSWORD or from the terminal.
func OpenRemote(ctx context.Context, target string) (Backend, error) {
	d, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	client, err := flightsql.NewClientCtx(ctx, d.address, nil, []flight.ClientMiddleware{flight.NewClientCookieMiddleware()},
		append(d.options, grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)))...)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", target, err)
	}
	r := &remote{client: client, target: target}
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if r.zone, err = r.showTimeZone(limited); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to %s: %w", target, err), client.Close())
	}
	return r, nil
}

// Query sends what delivers rows as a query and everything else as an update, which answers with the
// number of rows changed.
func (r *remote) Query(ctx context.Context, sql string) (Answer, error) {
	tag, rows := describeStatement(sql)
	a, err := r.query(ctx, sql, tag, rows)
	r.follow(tag, err)
	if err != nil {
		return nil, err
	}
	switch tag {
	case "SET", "RESET", "DISCARD":
		if zone, err := r.showTimeZone(ctx); err == nil {
			r.zone = zone
		}
	}
	return a, nil
}

func (r *remote) query(ctx context.Context, sql, tag string, rows bool) (*remoteAnswer, error) {
	if !rows {
		n, err := r.client.ExecuteUpdate(ctx, sql)
		if err != nil {
			return nil, fromStatus(err)
		}
		return &remoteAnswer{schema: arrow.NewSchema(nil, nil), tag: tag, affected: max(n, 0)}, nil
	}
	info, err := r.client.Execute(ctx, sql)
	if err != nil {
		return nil, fromStatus(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	a := &remoteAnswer{tag: tag, ctx: ctx, cancel: cancel, client: r.client, rest: info.GetEndpoint()}
	if err := a.open(); err != nil {
		cancel()
		return nil, err
	}
	for _, f := range a.schema.Fields() {
		a.types = append(a.types, fieldType(f))
	}
	return a, nil
}

// showTimeZone asks for the session's time zone.
func (r *remote) showTimeZone(ctx context.Context) (string, error) {
	a, err := r.query(ctx, "SHOW timezone", "SHOW", true)
	if err != nil {
		return "", err
	}
	zone := "UTC"
	for rec, err := range a.Batches() {
		if err != nil {
			return "", err
		}
		if names, ok := rec.Column(0).(*array.String); ok && names.Len() > 0 {
			zone = strings.Clone(names.Value(0))
		}
		rec.Release()
	}
	return zone, nil
}

// follow keeps the state of the transaction: the server tells it in no message.
func (r *remote) follow(tag string, err error) {
	switch {
	case err != nil && r.state == "*" && tag != "COMMIT":
		r.state = "!"
	case err != nil:
	case tag == "BEGIN", tag == "ROLLBACK TO":
		r.state = "*"
	case tag == "COMMIT", tag == "ROLLBACK":
		r.state = ""
	}
}

func (r *remote) Target() string      { return r.target }
func (r *remote) Transaction() string { return r.state }
func (r *remote) TimeZone() string    { return r.zone }
func (r *remote) RowsScanned() int64  { return 0 }
func (r *remote) Close() error        { return r.client.Close() }

// describeStatement gives a statement's tag from its first words, and whether it delivers rows.
func describeStatement(sql string) (tag string, rows bool) {
	var words []string
	for x := range parser.Scan(sql) {
		word := strings.ToUpper(sql[x.Pos:x.End])
		switch {
		case x.Class == parser.CommentLexeme, word == "(" && len(words) == 0:
			continue
		case word == "RETURNING":
			rows = true
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return "EMPTY", false
	}
	switch first := words[0]; first {
	case "WITH", "VALUES", "TABLE", "FROM":
		return "SELECT", true
	case "SELECT", "SHOW", "EXPLAIN", "CALL", "EXECUTE", "FETCH", "BACKUP":
		return first, true
	case "START":
		return "BEGIN", false
	case "END":
		return "COMMIT", false
	case "ABORT":
		return "ROLLBACK", false
	case "ROLLBACK":
		for _, w := range words[1:] {
			if w == "TO" {
				return "ROLLBACK TO", false
			}
		}
		return first, false
	case "CREATE", "DROP", "ALTER":
		return objectTag(words), rows
	default:
		return first, rows
	}
}

// objectTag is CREATE TABLE of CREATE OR REPLACE TEMP TABLE.
func objectTag(words []string) string {
	for _, w := range words[1:] {
		switch w {
		case "TABLE", "VIEW", "INDEX", "SCHEMA", "SEQUENCE", "FUNCTION", "TYPE":
			return words[0] + " " + w
		}
	}
	return words[0]
}

// fieldType is the SQL type of an Arrow field: the one that its metadata names, or Arrow's own.
func fieldType(f arrow.Field) types.Type {
	if name, ok := f.Metadata.GetValue(types.MetadataKey); ok {
		base, length, _ := strings.Cut(strings.TrimSuffix(name, ")"), "(")
		if kind, ok := types.Lookup(base); ok {
			n, _ := strconv.ParseInt(length, 10, 32) // no length is 0
			return types.Type{Kind: kind, Length: int32(n)}
		}
	}
	t, err := types.FromArrow(f.Type)
	if err != nil { // reading the column will say so
		return types.TUnknown
	}
	return t
}

// fromStatus brings a server's failure back into the form that statements' errors have here.
func fromStatus(err error) error {
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	for _, d := range st.Details() {
		info, ok := d.(*errdetails.ErrorInfo)
		if !ok {
			continue
		}
		m := info.GetMetadata()
		e := sqlerr.New(sqlerr.State(m["sqlstate"]), "%s", m["message"])
		if e.State == "" || e.Message == "" {
			continue
		}
		e.Detail, e.Hint = m["detail"], m["hint"]
		if pos, err := strconv.Atoi(m["position"]); err == nil {
			e.Pos, e.End = pos, pos
			if end, err := strconv.Atoi(m["end"]); err == nil {
				e.End = end
			}
		}
		return e
	}
	if c := st.Code(); c == codes.Canceled || c == codes.DeadlineExceeded { // ended on this side
		return sqlerr.New(sqlerr.QueryCanceled, "%s", st.Message())
	}
	return errors.New(st.Message())
}

// remoteAnswer reads the endpoints of a FlightInfo one after the other.
type remoteAnswer struct {
	schema   *arrow.Schema
	types    []types.Type
	tag      string
	affected int64

	ctx    context.Context
	cancel context.CancelFunc
	client *flightsql.Client
	rest   []*flight.FlightEndpoint
	reader *flight.Reader
}

// open starts reading the next endpoint.
func (a *remoteAnswer) open() error {
	if len(a.rest) == 0 {
		return errors.New("the server's answer has no endpoint to read from")
	}
	reader, err := a.client.DoGet(a.ctx, a.rest[0].GetTicket())
	if err != nil {
		return fromStatus(err)
	}
	a.rest, a.reader = a.rest[1:], reader
	if a.schema == nil {
		a.schema = reader.Schema()
	}
	return nil
}

func (a *remoteAnswer) Schema() *arrow.Schema { return a.schema }
func (a *remoteAnswer) Types() []types.Type   { return a.types }
func (a *remoteAnswer) HasRows() bool         { return a.schema.NumFields() > 0 }
func (a *remoteAnswer) Tag() string           { return a.tag }
func (a *remoteAnswer) RowsAffected() int64   { return a.affected }

func (a *remoteAnswer) Batches() iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		defer a.Close()
		for a.reader != nil {
			for a.reader.Next() {
				rec := a.reader.RecordBatch()
				rec.Retain()
				if !yield(rec, nil) {
					return
				}
			}
			if err := a.reader.Err(); err != nil {
				yield(nil, fromStatus(err))
				return
			}
			a.reader.Release()
			a.reader = nil
			if len(a.rest) == 0 {
				return
			}
			if err := a.open(); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

func (a *remoteAnswer) Close() {
	if a.reader != nil {
		a.reader.Release()
		a.reader = nil
	}
	if a.cancel != nil {
		a.cancel()
	}
}
