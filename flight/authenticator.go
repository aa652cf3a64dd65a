package flight

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/oxidb/oxidb/sqlerr"
)

// Credentials are what a call brings to say who calls.
type Credentials struct {
	// Authorization is the call's header, "" without one.
	Authorization string
	// Certificate is the client's, which TLS has verified; nil without one.
	Certificate *x509.Certificate
	// Peer is the client's end of the connection.
	Peer net.Addr
	// Handshake tells that the call is Flight's Handshake, whose answer is a token.
	Handshake bool
}

// Identity is who calls.
type Identity struct {
	// User is the caller's name, "" for an anonymous one. The sessions of the caller have it.
	User string
	// Token is a bearer token to use from now on, handed to the client; "" for none.
	Token string
}

// Authenticator decides who calls. It is called for every call and may be called concurrently. An error
// that is no *sqlerr.Error is answered with UNAUTHENTICATED.
type Authenticator interface {
	Authenticate(ctx context.Context, c Credentials) (Identity, error)
}

// authenticate asks the authenticator who calls.
func (s *service) authenticate(ctx context.Context, method string, headers metadata.MD) (Identity, error) {
	c := Credentials{Authorization: first(headers.Get(authorizationHeader)), Handshake: method == handshakeMethod}
	if p, ok := peer.FromContext(ctx); ok {
		c.Peer = p.Addr
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok && len(info.State.VerifiedChains) > 0 {
			c.Certificate = info.State.PeerCertificates[0]
		}
	}
	i, err := s.auth.Authenticate(ctx, c)
	var known *sqlerr.Error
	switch {
	case errors.As(err, &known):
		return i, err
	case ctx.Err() != nil:
		return i, ctx.Err()
	case err != nil:
		return i, status.Error(codes.Unauthenticated, shorten(err.Error()))
	}
	if i.Token != "" && !c.Handshake {
		_ = grpc.SetHeader(ctx, bearerHeader(i.Token)) // fails only after the answer has begun
	}
	return i, nil
}

const (
	authorizationHeader = "authorization"
	handshakeMethod     = "/arrow.flight.protocol.FlightService/Handshake"
)

func bearerHeader(token string) metadata.MD {
	return metadata.Pairs(authorizationHeader, "Bearer "+token)
}

// Handshake hands the client a token for its later calls, in header, trailer and payload, since clients
// look in different places: the authenticator's, or the authorization that the client came with.
// Anonymous servers take any credentials.
func (r *router) Handshake(stream flight.FlightService_HandshakeServer) error {
	headers, _ := metadata.FromIncomingContext(stream.Context())
	pair := bearerHeader("anonymous")
	if token := callerOf(stream.Context()).token; token != "" {
		pair = bearerHeader(token)
	} else if came := first(headers.Get(authorizationHeader)); came != "" && r.service.auth != nil {
		pair = metadata.Pairs(authorizationHeader, came)
	}
	stream.SetTrailer(pair)
	if err := stream.SetHeader(pair); err != nil {
		return err
	}
	_, token, _ := strings.Cut(pair[authorizationHeader][0], " ")
	return stream.Send(&flight.HandshakeResponse{Payload: []byte(token)})
}
