package flight

import (
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// FuzzBytes sends arbitrary bytes as ticket, command, action and upload: every call must end with an
// answer or an error that is the client's fault, and the server must go on.
func FuzzBytes(f *testing.F) {
	for _, m := range []proto.Message{
		&pb.CommandStatementQuery{Query: "SELECT 1"}, &pb.CommandStatementUpdate{Query: "SELECT 1"}, &pb.CommandGetTables{IncludeSchema: true}, &pb.CommandGetSqlInfo{Info: []uint32{8}},
		&pb.CommandGetXdbcTypeInfo{}, &pb.CommandGetPrimaryKeys{Table: "t"}, &pb.CommandPreparedStatementQuery{PreparedStatementHandle: []byte("x")}, &pb.TicketStatementQuery{StatementHandle: []byte("x")},
		&pb.CommandStatementIngest{Table: "t"}, &pb.CommandStatementSubstraitPlan{}, &pb.ActionEndSavepointRequest{SavepointId: []byte("0123456789abcdefs")}, &pb.ActionCreatePreparedStatementRequest{Query: "SELECT $1"},
	} {
		any, err := anypb.New(m)
		if err != nil {
			f.Fatal(err)
		}
		b, err := proto.Marshal(any)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint8(1))
	}
	f.Add([]byte("SELECT 1"), uint8(0))
	actions := []string{"CreatePreparedStatement", "ClosePreparedStatement", "BeginTransaction", "EndTransaction", "BeginSavepoint", "EndSavepoint", "CancelQuery", "CancelFlightInfo",
		"RenewFlightEndpoint", "SetSessionOptions", "GetSessionOptions", "CloseSession", "CreatePreparedSubstraitPlan", "Unknown"}
	f.Fuzz(func(t *testing.T, b []byte, action uint8) {
		x := start(t, Options{})
		check := func(what string, err error) {
			if code := status.Code(err); code == codes.Internal || code == codes.Unavailable || code == codes.Unknown && err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		d := &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: b}
		raw := x.Client.Client
		_, err := raw.GetFlightInfo(x.ctx, d)
		check("GetFlightInfo", err)
		_, err = raw.GetSchema(x.ctx, d)
		check("GetSchema", err)
		_, err = raw.PollFlightInfo(x.ctx, d)
		check("PollFlightInfo", err)
		check("DoPut", ended(x.put(&flight.FlightData{FlightDescriptor: d, DataHeader: b, DataBody: b})))
		if stream, err := raw.DoGet(x.ctx, &flight.Ticket{Ticket: b}); err == nil {
			for err == nil {
				_, err = stream.Recv()
			}
			check("DoGet", ended(err))
		}
		if stream, err := raw.DoAction(x.ctx, &flight.Action{Type: actions[int(action)%len(actions)], Body: b}); err == nil {
			for err == nil {
				_, err = stream.Recv()
			}
			check("DoAction", ended(err))
		}
		if stream, err := raw.Handshake(x.ctx); err == nil {
			_ = stream.Send(&flight.HandshakeRequest{Payload: b})
			_ = stream.CloseSend()
			for err == nil {
				_, err = stream.Recv()
			}
			check("Handshake", ended(err))
		}
		if stream, err := raw.DoExchange(x.ctx); err == nil {
			_ = stream.Send(&flight.FlightData{FlightDescriptor: d, DataHeader: b, DataBody: b})
			_ = stream.CloseSend()
			for err == nil {
				_, err = stream.Recv()
			}
			check("DoExchange", ended(err))
		}
		if stream, err := raw.ListFlights(x.ctx, &flight.Criteria{Expression: b}); err == nil {
			for err == nil {
				_, err = stream.Recv()
			}
			check("ListFlights", ended(err))
		}
		headers := metadata.Pairs("authorization", base64.StdEncoding.EncodeToString(b), "cookie", base64.StdEncoding.EncodeToString(b), "cookie", cookieName+"="+hex.EncodeToString(b))
		_, err = raw.GetFlightInfo(metadata.NewOutgoingContext(x.ctx, headers), d)
		check("headers", err)
		if got := x.query("SELECT 1"); got[0][0] != "1" {
			t.Error("the server does not work any more")
		}
	})
}
