package flight

import (
	"context"
	"runtime/debug"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/oxidb/oxidb/sqlerr"
)

// caller is what the server knows about the client of a call.
type caller struct {
	user string
	// token is what a login was given.
	token string
	// peer is the client's end of the connection.
	peer string
	// session is the id of the cookie session; returning tells that the client sent it, and not that
	// it was only offered with this answer.
	session   string
	returning bool
}

type callerKey struct{}

// callerOf gives the call's client.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// unary runs every unary call: it knows the caller, survives panics and shapes errors.
func (s *service) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (reply any, err error) {
	defer func() { err = s.outcome(info.FullMethod, recover(), err) }()
	ctx, err = s.identify(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

// stream does the same for streaming calls.
func (s *service) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	defer func() { err = s.outcome(info.FullMethod, recover(), err) }()
	ctx, err := s.identify(stream.Context(), info.FullMethod)
	if err != nil {
		if info.IsClientStream { // a client that cannot send its first message reports EOF instead of the error
			_ = stream.RecvMsg(&flight.FlightData{})
		}
		return err
	}
	return handler(srv, &identified{stream, ctx})
}

// identified is a stream whose context knows the caller.
type identified struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *identified) Context() context.Context { return s.ctx }

// outcome turns a handler's panic or error into a status (F1, F6).
func (s *service) outcome(method string, panicked any, err error) error {
	if panicked != nil {
		s.log.Error("panic in a call", "method", method, "panic", panicked, "stack", string(debug.Stack()))
		return statusOf(sqlerr.New(sqlerr.InternalError, "internal error: %v", panicked), "")
	}
	err = statusOf(err, "")
	if status.Code(err) == codes.Internal {
		s.log.Error("internal error", "method", method, "error", err)
	}
	return err
}

func (s *service) identify(ctx context.Context, method string) (context.Context, error) {
	if method == grpc_health_v1.Health_Check_FullMethodName || method == grpc_health_v1.Health_Watch_FullMethodName {
		return ctx, nil
	}
	var c caller
	if p, ok := peer.FromContext(ctx); ok {
		c.peer = p.Addr.String()
	}
	headers, _ := metadata.FromIncomingContext(ctx)
	if s.auth != nil {
		i, err := s.authenticate(ctx, method, headers)
		if err != nil {
			return nil, err
		}
		c.user, c.token = i.User, i.Token
	}
	var err error
	if c.session, c.returning, err = s.cookieSession(ctx, headers.Get("cookie")); err != nil {
		return nil, err
	}
	return context.WithValue(ctx, callerKey{}, c), nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
