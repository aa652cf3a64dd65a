package flight

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/oxidb/oxidb"
)

// DefaultAddr is where a server listens unless told otherwise.
const DefaultAddr = "127.0.0.1:8815"

// Buffers of a connection.
const (
	bufferBytes = 128 << 10
	windowBytes = 4 << 20
)

// Options configure a server. The zero value serves this machine anonymously.
type Options struct {
	// Addr is host:port to listen on, DefaultAddr when empty; port 0 takes a free one. unix:PATH is a
	// socket that only this user reaches.
	Addr string
	// Listener replaces Addr.
	Listener net.Listener
	// TLS encrypts connections; nil serves plain text.
	TLS *tls.Config
	// Authenticator checks every call; nil lets everybody in, which only a loopback address, a Unix
	// socket or AllowAnonymous permits.
	Authenticator  Authenticator
	AllowAnonymous bool
	// Log gets panics and internal errors; nil is the default logger.
	Log *slog.Logger
	// Observe is called after every statement, from many goroutines; nil asks for nothing.
	Observe func(Execution)

	// What a client holds ends after this long without use; zero values take defaults.
	SessionIdle, TransactionIdle, StatementIdle, ResultIdle time.Duration
	// Bounds of what all clients hold; zero values take defaults.
	MaxSessions, MaxTransactions, MaxStatements, MaxResults int
	Limits
	// Drain bounds the wait for running calls at shutdown.
	Drain time.Duration
}

func (o *Options) fill() {
	durations := []struct {
		p       *time.Duration
		initial time.Duration
	}{{&o.SessionIdle, 4 * time.Hour}, {&o.TransactionIdle, time.Hour}, {&o.StatementIdle, time.Hour}, {&o.ResultIdle, 10 * time.Minute}, {&o.Drain, 10 * time.Second}}
	for _, d := range durations {
		if *d.p <= 0 {
			*d.p = d.initial
		}
	}
	for _, n := range []*int{&o.MaxSessions, &o.MaxTransactions, &o.MaxStatements, &o.MaxResults} {
		if *n <= 0 {
			*n = 10_000
		}
	}
	o.Limits.fill()
	if o.Addr == "" {
		o.Addr = DefaultAddr
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

// Server serves one database. Its methods may be called from any goroutine.
type Server struct {
	options  Options
	listener net.Listener
	grpc     *grpc.Server
	health   *health.Server
	service  *service
	shutdown sync.Once
}

// NewServer listens at once and serves with Serve. The database stays the caller's.
func NewServer(db *oxidb.DB, o Options) (*Server, error) {
	o.fill()
	if o.Listener == nil {
		l, err := listen(o.Addr)
		if err != nil {
			return nil, fmt.Errorf("listening on %s: %w", o.Addr, err)
		}
		o.Listener = l
	}
	if o.Authenticator == nil && !o.AllowAnonymous && !loopback(o.Listener.Addr()) {
		return nil, errors.Join(fmt.Errorf("%s is reachable from other machines, and there is no authentication: listen on a loopback address or allow anonymous access", o.Listener.Addr()), o.Listener.Close())
	}
	s := &Server{options: o, listener: o.Listener, service: newService(db, o), health: health.NewServer()}
	s.grpc = grpc.NewServer(s.grpcOptions()...)
	flight.RegisterFlightServiceServer(s.grpc, newRouter(s.service))
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	return s, nil
}

// loopback reports whether only this machine reaches the address.
func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

func (s *Server) grpcOptions() []grpc.ServerOption {
	opts := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(s.options.MessageBytes), grpc.MaxHeaderListSize(uint32(s.options.HeaderBytes)), grpc.ConnectionTimeout(s.options.Handshake),
		grpc.WriteBufferSize(bufferBytes), grpc.ReadBufferSize(bufferBytes),
		grpc.InitialWindowSize(windowBytes), grpc.InitialConnWindowSize(windowBytes),
		grpc.NumStreamWorkers(uint32(2 * runtime.GOMAXPROCS(0))), // their stacks have grown already
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.ChainUnaryInterceptor(s.service.unary), grpc.ChainStreamInterceptor(s.service.stream),
	}
	if s.options.TLS != nil {
		opts = append(opts, grpc.Creds(credentials.NewTLS(s.options.TLS)))
	}
	return opts
}

// Addr is the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Serve serves until ctx is done, then drains: running calls may end within Options.Drain, new ones
// are refused. It returns nil after a drain.
func (s *Server) Serve(ctx context.Context) error {
	drained := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(drained)
		select {
		case <-ctx.Done():
			limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.Drain)
			defer cancel()
			s.Shutdown(limited)
		case <-ended:
		}
	}()
	sweeping := make(chan struct{})
	go func() {
		defer close(sweeping)
		s.service.sweep(ended)
	}()
	err := s.grpc.Serve(s.listener)
	close(ended)
	<-drained
	<-sweeping
	s.Shutdown(ctx)
	return err
}

// Shutdown refuses new calls, waits for the running ones until ctx is done, cancels the rest, and
// rolls back what clients had open.
func (s *Server) Shutdown(ctx context.Context) {
	s.shutdown.Do(func() {
		s.health.Shutdown()
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			s.grpc.GracefulStop()
		}()
		select {
		case <-stopped:
		case <-ctx.Done():
			s.grpc.Stop()
			<-stopped
		}
		s.service.close()
	})
}
