package flight

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/oxidb/oxidb/sqlerr"
)

// router takes Flight's calls. Actions and uploads go through arrow-go's decoding of Flight SQL; plans
// and downloads are decoded here, since plain SQL text and table paths are welcome beside commands.
type router struct {
	flight.FlightServer
	service *service
}

func newRouter(s *service) *router {
	return &router{FlightServer: flightsql.NewFlightServer(s), service: s}
}

// commandPrefix begins the type of every Flight SQL command.
const commandPrefix = "type.googleapis.com/"

// decode tells a Flight SQL command from plain SQL text.
func decode(b []byte) (cmd proto.Message, sql string, err error) {
	var wrapped anypb.Any
	if proto.Unmarshal(b, &wrapped) == nil && strings.HasPrefix(wrapped.GetTypeUrl(), commandPrefix) {
		cmd, err := wrapped.UnmarshalNew()
		if err != nil {
			return nil, "", sqlerr.New(stateProtocol, "the command cannot be decoded: %v", err)
		}
		return cmd, "", nil
	}
	if len(b) == 0 || !utf8.Valid(b) {
		return nil, "", sqlerr.New(stateProtocol, "expected a Flight SQL command or the text of a SQL statement, got %d bytes that are neither", len(b))
	}
	return nil, string(b), nil
}

// request reads a descriptor: a command, SQL text, or the path of a table.
func request(d *flight.FlightDescriptor) (cmd proto.Message, sql string, err error) {
	if len(d.GetPath()) > 0 {
		t, err := tableOf(d.GetPath())
		return nil, "SELECT * FROM " + qualified(t.schema, t.table), err
	}
	return decode(d.GetCmd())
}

// tableOf reads the path ["table"], ["schema", "table"] or ["oxidb", "schema", "table"].
func tableOf(path []string) (t target, err error) {
	switch len(path) {
	case 1:
		return target{table: path[0]}, nil
	case 2:
		return target{schema: path[0], table: path[1]}, nil
	case 3:
		return target{schema: path[1], table: path[2]}, checkCatalog(&path[0])
	}
	return t, sqlerr.New(stateProtocol, "a path names a table, as table, schema/table or catalog/schema/table; this one has %d parts", len(path))
}

// GetFlightInfo plans a statement or a metadata command. Queries do not run yet.
func (r *router) GetFlightInfo(ctx context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	ticket, schema, err := r.plan(ctx, d, true)
	if err != nil {
		return nil, err
	}
	return &flight.FlightInfo{
		Schema: schema.inInfo(), FlightDescriptor: d, TotalRecords: -1, TotalBytes: -1,
		Endpoint: []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: ticket}}},
	}, nil
}

// GetSchema gives the schema alone.
func (r *router) GetSchema(ctx context.Context, d *flight.FlightDescriptor) (*flight.SchemaResult, error) {
	_, schema, err := r.plan(ctx, d, false)
	if err != nil {
		return nil, err
	}
	return &flight.SchemaResult{Schema: schema.inInfo()}, nil
}

// PollFlightInfo answers at once: planning does not take long enough to be polled for.
func (r *router) PollFlightInfo(ctx context.Context, d *flight.FlightDescriptor) (*flight.PollInfo, error) {
	info, err := r.GetFlightInfo(ctx, d)
	if err != nil {
		return nil, err
	}
	return &flight.PollInfo{Info: info}, nil
}

// plan gives the schema of what d asks for and, when wanted, a ticket for it.
func (r *router) plan(ctx context.Context, d *flight.FlightDescriptor, wanted bool) (ticket []byte, schema *wireSchema, err error) {
	cmd, sql, err := request(d)
	if err != nil {
		return nil, nil, err
	}
	var x *execution
	switch cmd := cmd.(type) {
	case nil:
		x, err = r.service.plan(ctx, sql, nil)
	case *pb.CommandStatementQuery:
		x, err = r.service.plan(ctx, cmd.GetQuery(), cmd.GetTransactionId())
	case *pb.CommandPreparedStatementQuery:
		x, err = r.service.planPrepared(ctx, cmd.GetPreparedStatementHandle())
	case *pb.CommandStatementSubstraitPlan:
		return nil, nil, sqlerr.Unsupported(-1, -1, "a Substrait plan")
	default:
		if schema := metadataSchema(cmd); schema != nil {
			return d.GetCmd(), newWireSchema(schema), nil
		}
		return nil, nil, sqlerr.New(stateProtocol, "the command %s cannot be planned", cmd.ProtoReflect().Descriptor().Name())
	}
	if err != nil {
		return nil, nil, err
	}
	if !wanted {
		x.cancel()
		return nil, x.schema, nil
	}
	ticket, err = r.service.keep(ctx, x)
	return ticket, x.schema, err
}

// DoGet runs what a ticket stands for and streams its rows.
func (r *router) DoGet(ticket *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	from := time.Now()
	a, err := r.answer(stream.Context(), ticket.GetTicket())
	if err != nil {
		return err
	}
	defer a.close()
	a.limit = r.service.limits.ResultBytes
	err = a.send(stream)
	if r.service.observe != nil && a.sql != "" && !a.ran {
		r.service.observed(stream.Context(), a.sql, from, a.rows, err)
	}
	return err
}

func (r *router) answer(ctx context.Context, ticket []byte) (*answer, error) {
	cmd, sql, err := decode(ticket)
	if err != nil {
		return nil, err
	}
	s := r.service
	switch cmd := cmd.(type) {
	case nil:
		return s.once(ctx, newExecution(originOf(ctx, nil), sql, noParameters(), nil))
	case *pb.CommandStatementQuery:
		return s.once(ctx, newExecution(originOf(ctx, cmd.GetTransactionId()), cmd.GetQuery(), noParameters(), nil))
	case *pb.TicketStatementQuery:
		return s.redeem(ctx, cmd.GetStatementHandle())
	case *pb.CommandPreparedStatementQuery:
		x, err := s.planPrepared(ctx, cmd.GetPreparedStatementHandle())
		if err != nil {
			return nil, err
		}
		return s.once(ctx, x)
	case *pb.CommandStatementSubstraitPlan:
		return nil, sqlerr.Unsupported(-1, -1, "a Substrait plan")
	}
	return s.metadata(ctx, cmd)
}

// DoPut takes uploads. A path uploads into that table, which it creates when it is missing.
func (r *router) DoPut(stream flight.FlightService_DoPutServer) error {
	limited := &bounded{FlightService_DoPutServer: stream, limit: r.service.limits.UncompressedBytes}
	if err := r.put(limited); err != nil && limited.refused == nil {
		return err
	}
	return limited.refused
}

func (r *router) put(stream flight.FlightService_DoPutServer) error {
	head, err := stream.Recv()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	d := head.GetFlightDescriptor()
	replay := &replayed{FlightService_DoPutServer: stream, head: head}
	switch {
	case head == nil:
		return sqlerr.New(stateProtocol, "the upload is empty: without a single batch it does not say where to go")
	case d == nil: // arrow-go's decoding takes the descriptor for granted
		return sqlerr.New(stateProtocol, "the first message of an upload must have a descriptor")
	case len(d.GetPath()) > 0:
		return r.putTable(d.GetPath(), replay)
	}
	if cmd, _, err := decode(d.GetCmd()); err != nil {
		return err
	} else if cmd == nil {
		return sqlerr.New(stateProtocol, "an upload needs a Flight SQL command or the path of a table")
	}
	return r.FlightServer.DoPut(replay)
}

// replayed is an upload whose first message was read ahead.
type replayed struct {
	flight.FlightService_DoPutServer
	head *flight.FlightData
}

func (r *replayed) Recv() (*flight.FlightData, error) {
	if head := r.head; head != nil {
		r.head = nil
		return head, nil
	}
	return r.FlightService_DoPutServer.Recv()
}

func (r *router) putTable(path []string, stream flight.FlightService_DoPutServer) error {
	t, err := tableOf(path)
	if err != nil {
		return err
	}
	t.ifMissing, t.ifExists = flightsql.TableDefinitionOptionsTableNotExistOptionCreate, flightsql.TableDefinitionOptionsTableExistsOptionAppend
	reader, err := flight.NewRecordReader(stream, ipc.WithDelayReadSchema(true))
	if err != nil {
		return sqlerr.New(stateProtocol, "reading the data: %w", err)
	}
	defer reader.Release()
	rows, err := r.service.ingest(stream.Context(), t, nil, reader)
	if err != nil {
		return err
	}
	counted, err := proto.Marshal(&pb.DoPutUpdateResult{RecordCount: rows})
	if err != nil {
		return err
	}
	return stream.Send(&flight.PutResult{AppMetadata: counted})
}

// DoExchange is not part of Flight SQL.
func (r *router) DoExchange(flight.FlightService_DoExchangeServer) error {
	return sqlerr.Unsupported(-1, -1, "DoExchange")
}

// ListFlights lists the tables as paths.
func (r *router) ListFlights(_ *flight.Criteria, stream flight.FlightService_ListFlightsServer) error {
	l, err := r.service.leaseMetadata(stream.Context())
	if err != nil {
		return err
	}
	defer l.done()
	found, err := texts(stream.Context(), l.Session, "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' ORDER BY 1, 2")
	if err != nil {
		return err
	}
	for _, t := range found {
		sql := "SELECT * FROM " + qualified(t[0], t[1])
		stmt, err := l.Prepare(stream.Context(), sql)
		if err != nil {
			return err
		}
		err = stream.Send(&flight.FlightInfo{
			Schema: flight.SerializeSchema(described(stmt.Schema(), stmt.Types()), memory.DefaultAllocator), TotalRecords: -1, TotalBytes: -1,
			FlightDescriptor: &flight.FlightDescriptor{Type: pb.FlightDescriptor_PATH, Path: t},
			Endpoint:         []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: []byte(sql)}}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ListActions lists the actions, arrow-go's list and those of sessions.
func (r *router) ListActions(request *flight.Empty, stream flight.FlightService_ListActionsServer) error {
	if err := r.FlightServer.ListActions(request, stream); err != nil {
		return err
	}
	for _, name := range []string{flight.SetSessionOptionsActionType, flight.GetSessionOptionsActionType, flight.CloseSessionActionType} {
		if err := stream.Send(&flight.ActionType{Type: name}); err != nil {
			return err
		}
	}
	return nil
}
