package flight

import (
	"context"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/oxidb/oxidb/sqlerr"
)

// CancelFlightInfo cancels the running and the waiting executions of a FlightInfo's tickets.
func (s *service) CancelFlightInfo(ctx context.Context, req *flight.CancelFlightInfoRequest) (flight.CancelFlightInfoResult, error) {
	found := false
	for _, e := range req.GetInfo().GetEndpoint() {
		x, id, done, ok := s.ticket(ctx, e.GetTicket().GetTicket())
		if !ok {
			continue
		}
		found = true
		x.cancel()
		s.results.remove(id)
		done()
	}
	if !found {
		return flight.CancelFlightInfoResult{}, sqlerr.New(sqlerr.InvalidStatementName, "nothing to cancel: the query is unknown to the server, has expired or was cancelled")
	}
	return flight.CancelFlightInfoResult{Status: flight.CancelStatusCancelled}, nil
}

// ticket finds the execution that a ticket of the caller stands for.
func (s *service) ticket(ctx context.Context, ticket []byte) (x *execution, id string, done func(), ok bool) {
	cmd, _, err := decode(ticket)
	t, isStatement := cmd.(*pb.TicketStatementQuery)
	if err != nil || !isStatement {
		return nil, "", nil, false
	}
	id = string(t.GetStatementHandle())
	x, done, ok = s.result(ctx, id)
	return x, id, done, ok
}

// RenewFlightEndpoint keeps a ticket for another while.
func (s *service) RenewFlightEndpoint(ctx context.Context, req *flight.RenewFlightEndpointRequest) (*flight.FlightEndpoint, error) {
	_, _, done, ok := s.ticket(ctx, req.GetEndpoint().GetTicket().GetTicket())
	if !ok {
		return nil, sqlerr.New(sqlerr.InvalidStatementName, "this ticket is unknown to the server, has expired or was cancelled")
	}
	done()
	return &flight.FlightEndpoint{Ticket: req.GetEndpoint().GetTicket(), ExpirationTime: timestamppb.New(time.Now().Add(s.results.ttl))}, nil
}
