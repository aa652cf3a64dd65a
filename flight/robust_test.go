package flight

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// put sends one upload message and gives the error that ends the call.
func (f *fixture) put(data ...*flight.FlightData) error {
	f.t.Helper()
	stream, err := f.Client.Client.DoPut(f.ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, d := range data {
		if err := stream.Send(d); err != nil {
			break // the server has ended the call: Recv tells why
		}
	}
	_ = stream.CloseSend()
	for {
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
}

// Uploads that arrow-go's decoding does not expect have ended whole servers.
func TestStrangeUploads(t *testing.T) {
	f := start(t, Options{})
	wrapped := func(m proto.Message) []byte {
		any, err := anypb.New(m)
		if err != nil {
			t.Fatal(err)
		}
		b, err := proto.Marshal(any)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	command := func(b []byte) *flight.FlightData {
		return &flight.FlightData{FlightDescriptor: &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: b}}
	}
	ingest := command(wrapped(&pb.CommandStatementIngest{Table: "t", TableDefinitionOptions: &pb.CommandStatementIngest_TableDefinitionOptions{IfNotExist: create, IfExists: appendTo}}))
	for name, data := range map[string][]*flight.FlightData{
		"nothing":             nil,
		"no descriptor":       {{DataHeader: []byte("x")}},
		"empty descriptor":    {{FlightDescriptor: &flight.FlightDescriptor{}}},
		"SQL text":            {command([]byte("INSERT INTO t VALUES (1)"))},
		"garbage":             {command([]byte{0xff, 0xfe})},
		"a query":             {command(wrapped(&pb.CommandStatementQuery{Query: "SELECT 1"}))},
		"an unknown handle":   {command(wrapped(&pb.CommandPreparedStatementUpdate{PreparedStatementHandle: []byte("x")}))},
		"ingest without data": {ingest},
		"ingest of garbage":   {{FlightDescriptor: ingest.FlightDescriptor, DataHeader: []byte("garbage that is no flatbuffer at all"), DataBody: []byte("x")}},
		"a path of four":      {{FlightDescriptor: &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{"a", "b", "c", "d"}}}},
	} {
		switch code := status.Code(f.put(data...)); code {
		case codes.InvalidArgument, codes.NotFound:
		default:
			t.Errorf("%s: %s", name, code)
		}
	}
	if got := f.query("SELECT 1"); got[0][0] != "1" {
		t.Error("the server does not work any more")
	}
}

func TestStrangeTickets(t *testing.T) {
	f := start(t, Options{})
	unknown, err := flightsql.CreateStatementQueryTicket([]byte("from another server"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ticket []byte
		code   codes.Code
	}{
		"unknown": {unknown, codes.NotFound},
		"empty":   {nil, codes.InvalidArgument},
		"garbage": {[]byte{0xff, 0x00, 0x01}, codes.InvalidArgument},
		"no SQL":  {[]byte("this is no statement"), codes.InvalidArgument},
	} {
		if _, _, err := fetch(f.ctx, f.Client, &flight.Ticket{Ticket: c.ticket}); status.Code(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// A panic is the call's error, not the process's end.
func TestPanicEndsTheCallOnly(t *testing.T) {
	f := start(t, Options{})
	s := f.server.service
	_, err := s.unary(f.ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/x"}, func(context.Context, any) (any, error) { panic("boom") })
	if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "XX000") {
		t.Errorf("unary: %v", err)
	}
	err = s.stream(nil, &identified{ctx: f.ctx}, &grpc.StreamServerInfo{FullMethod: "/x"}, func(any, grpc.ServerStream) error { panic("boom") })
	if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "XX000") {
		t.Errorf("stream: %v", err)
	}
}

type onlyAlice struct{}

func (onlyAlice) Authenticate(_ context.Context, c Credentials) (Identity, error) {
	if c.Authorization != "Bearer alice" {
		return Identity{}, errors.New("who are you?")
	}
	return Identity{User: "alice"}, nil
}

func TestAuthenticator(t *testing.T) {
	f := start(t, Options{Authenticator: onlyAlice{}})
	if _, err := f.Execute(f.ctx, "SELECT 1"); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
	f.ctx = metadata.AppendToOutgoingContext(f.ctx, "authorization", "Bearer alice")
	if got := f.query("SELECT 1"); got[0][0] != "1" {
		t.Errorf("with the token: %v", got)
	}
	if got := f.query("SELECT user_name FROM oxidb_transactions"); got[0][0] != "alice" {
		t.Errorf("the statement's user: %v", got)
	}
}

func TestAnonymousServerStaysLocal(t *testing.T) {
	f := start(t, Options{})
	if s, err := NewServer(f.db, Options{Addr: "0.0.0.0:0"}); err == nil {
		s.Shutdown(f.ctx)
		t.Error("an anonymous server listens on all addresses")
	}
}

func TestHealth(t *testing.T) {
	f := start(t, Options{})
	conn, err := grpc.NewClient(f.server.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got, err := grpc_health_v1.NewHealthClient(conn).Check(f.ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil || got.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Error(got, err)
	}
}

// ended is nil for the end of a stream.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
