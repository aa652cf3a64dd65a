package auth_test

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	arrowflight "github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/flight"
	"github.com/oxidb/oxidb/flight/auth"
	"github.com/oxidb/oxidb/sqlerr"
)

const password = "correct horse"

// withAlice makes a file of accounts with one user.
func withAlice(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "users")
	edit(t, path, func(a *auth.Accounts) error { return a.SetPassword("alice", password, true) })
	return path
}

func edit(t *testing.T, path string, change func(*auth.Accounts) error) {
	t.Helper()
	if err := auth.Edit(path, change); err != nil {
		t.Fatal(err)
	}
}

func guard(t *testing.T, o auth.Options) *auth.Guard {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g, err := auth.NewGuard(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// serve serves a fresh database until the test's end and gives its address.
func serve(t *testing.T, o flight.Options) (addr string) {
	t.Helper()
	db, err := oxidb.Open(t.Context(), oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	o.Log = slog.New(slog.DiscardHandler)
	server, err := flight.NewServer(db, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error("serving:", err)
		}
		if err := db.Close(); err != nil {
			t.Error("closing:", err)
		}
	})
	return server.Addr().String()
}

func dial(t *testing.T, addr string, security credentials.TransportCredentials) *flightsql.Client {
	t.Helper()
	c, err := flightsql.NewClient(addr, nil, nil, grpc.WithTransportCredentials(security))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// whoami asks the server for the caller's name.
func whoami(ctx context.Context, c *flightsql.Client) (string, error) {
	info, err := c.Execute(ctx, "SELECT user_name FROM oxidb_transactions")
	if err != nil {
		return "", err
	}
	r, err := c.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		return "", err
	}
	defer r.Release()
	if !r.Next() {
		return "", r.Err()
	}
	return r.RecordBatch().Column(0).ValueStr(0), nil
}

func authorized(ctx context.Context, header string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", header)
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestLoginOfAGoClient(t *testing.T) {
	c := dial(t, serve(t, flight.Options{Authenticator: guard(t, auth.Options{Accounts: withAlice(t)})}), insecure.NewCredentials())
	if _, err := c.Execute(t.Context(), "SELECT 1"); status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "28000") {
		t.Errorf("without a name: %v", err)
	}
	ctx, err := c.Client.AuthenticateBasicToken(t.Context(), "alice", password)
	if err != nil {
		t.Fatal("handshake:", err)
	}
	header := metadataOf(ctx)
	if !strings.HasPrefix(header, "Bearer ") || strings.Contains(header, "alice") {
		t.Errorf("the handshake gave %q", header)
	}
	if user, err := whoami(ctx, c); err != nil || user != "alice" {
		t.Errorf("with the handshake's token: %q, %v", user, err)
	}
	var answer metadata.MD
	if _, err := c.Execute(authorized(t.Context(), basic("alice", password)), "SELECT 1", grpc.Header(&answer)); err != nil {
		t.Errorf("Basic on a call: %v", err)
	}
	if user, err := whoami(authorized(t.Context(), basic("alice", password)), c); err != nil || user != "alice" {
		t.Errorf("Basic on a call: %q, %v", user, err)
	}
}

func metadataOf(ctx context.Context) string {
	md, _ := metadata.FromOutgoingContext(ctx)
	return strings.Join(md.Get("authorization"), ",")
}

// The two failures must not be told apart, by text or by code.
func TestUnknownUserAndWrongPasswordAreTheSame(t *testing.T) {
	g := guard(t, auth.Options{Accounts: withAlice(t)})
	_, unknown := g.Authenticate(t.Context(), flight.Credentials{Authorization: basic("bob", password)})
	_, wrong := g.Authenticate(t.Context(), flight.Credentials{Authorization: basic("alice", "wrong horse")})
	if sqlerr.StateOf(unknown) != "28P01" || unknown.Error() != wrong.Error() {
		t.Errorf("unknown user: %v; wrong password: %v", unknown, wrong)
	}
	for name, header := range map[string]string{"no base64": "Basic !", "no colon": "Basic YWJj", "no scheme": "alice", "empty token": "Bearer ", "unknown": "Bearer x", "digest": "Digest x"} {
		if _, err := g.Authenticate(t.Context(), flight.Credentials{Authorization: header}); sqlerr.StateOf(err)[:2] != "28" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Guessing must become slow for the guesser, while who knows the password still gets in from elsewhere.
func TestGuessingIsSlowedDown(t *testing.T) {
	g := guard(t, auth.Options{Accounts: withAlice(t)})
	guess := func(ip, user, password string) sqlerr.State {
		_, err := g.Authenticate(t.Context(), flight.Credentials{Authorization: basic(user, password), Peer: &net.TCPAddr{IP: net.ParseIP(ip)}})
		return sqlerr.StateOf(err)
	}
	refused := false
	for range 100 {
		refused = refused || guess("192.0.2.1", "alice", "wrong horse") == "53400"
	}
	if !refused {
		t.Error("a hundred guesses from one address were all taken")
	}
	if got := guess("192.0.2.2", "alice", password); got != "00000" {
		t.Errorf("from another address: %s", got)
	}
	if guess("2001:db8::1", "x", "y") != "28P01" {
		t.Error("a first guess is refused")
	}
}

func TestPersonalAccessToken(t *testing.T) {
	path := withAlice(t)
	var forever, short string
	edit(t, path, func(a *auth.Accounts) (err error) {
		if forever, _, err = a.CreateToken("alice", "laptop", 0); err == nil {
			short, _, err = a.CreateToken("alice", "", time.Nanosecond)
		}
		return err
	})
	g := guard(t, auth.Options{Accounts: path})
	who := func(header string) string {
		i, err := g.Authenticate(t.Context(), flight.Credentials{Authorization: header})
		if err != nil {
			return string(sqlerr.StateOf(err))
		}
		return i.User
	}
	if !strings.HasPrefix(forever, "oxi_") {
		t.Errorf("the token is %q", forever)
	}
	for header, want := range map[string]string{
		"Bearer " + forever: "alice", "bearer " + forever: "alice", basic("alice", forever): "alice",
		"Bearer " + short: "28000", basic("bob", forever): "28P01", "Bearer oxi_x": "28000",
	} {
		if got := who(header); got != want {
			t.Errorf("%s: %s, want %s", header, got, want)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(data), forever[4:]) || strings.Contains(string(data), password) {
		t.Errorf("the file of accounts holds a secret, %v", err)
	}
}

// What is taken away must end on the running server.
func TestRevocationReachesARunningServer(t *testing.T) {
	path := withAlice(t)
	var token, id string
	edit(t, path, func(a *auth.Accounts) error {
		secret, made, err := a.CreateToken("alice", "", 0)
		token, id = secret, made.ID
		return err
	})
	g := guard(t, auth.Options{Accounts: path, Anonymous: auth.UntilAccounts})
	ok := func(header string) bool {
		_, err := g.Authenticate(t.Context(), flight.Credentials{Authorization: header})
		return err == nil
	}
	login, err := g.Authenticate(t.Context(), flight.Credentials{Authorization: basic("alice", password), Handshake: true})
	if err != nil || !ok("Bearer "+login.Token) || !ok("Bearer "+token) {
		t.Fatal("nobody gets in:", err)
	}
	edit(t, path, func(a *auth.Accounts) error { return a.RevokeToken(id) })
	eventually(t, "the token's end", func() bool { return !ok("Bearer " + token) })
	edit(t, path, func(a *auth.Accounts) error { return a.SetPassword("alice", "another horse", false) })
	eventually(t, "the login's end", func() bool { return !ok("Bearer "+login.Token) && !ok(basic("alice", password)) })
	if !ok(basic("alice", "another horse")) {
		t.Error("the new password does not work")
	}
	edit(t, path, func(a *auth.Accounts) error { return a.Remove("alice") })
	eventually(t, "the user's end", func() bool { return !ok(basic("alice", "another horse")) })
	if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if ok("") {
			t.Fatal("a server whose accounts vanished lets everybody in")
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never happened:", what)
		}
	}
}

func TestWhoGetsInWithoutAName(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "users")
	for _, c := range []struct {
		accounts  string
		anonymous auth.Anonymous
		want      bool
	}{
		{"", auth.Nobody, false}, {missing, auth.UntilAccounts, true}, {withAlice(t), auth.UntilAccounts, false}, {withAlice(t), auth.Everybody, true},
	} {
		g := guard(t, auth.Options{Accounts: c.accounts, Anonymous: c.anonymous})
		if _, err := g.Authenticate(t.Context(), flight.Credentials{}); (err == nil) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
	g := guard(t, auth.Options{Accounts: withAlice(t), Anonymous: auth.Everybody})
	if _, err := g.Authenticate(t.Context(), flight.Credentials{Authorization: basic("alice", "wrong horse")}); err == nil {
		t.Error("a name that is said is not checked")
	}
}

func TestUsersFileThatOthersRead(t *testing.T) {
	path := withAlice(t)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.NewGuard(auth.Options{Accounts: path}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v", err)
	}
}

// A session, a transaction or a ticket of one user must be nothing to another.
func TestStateOfAnotherUser(t *testing.T) {
	path := withAlice(t)
	edit(t, path, func(a *auth.Accounts) error { return a.SetPassword("bob", password, true) })
	c := dial(t, serve(t, flight.Options{Authenticator: guard(t, auth.Options{Accounts: path})}), insecure.NewCredentials())
	alice, bob := authorized(t.Context(), basic("alice", password)), authorized(t.Context(), basic("bob", password))
	info, err := c.Execute(alice, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	stream, err := c.Client.DoGet(bob, info.Endpoint[0].Ticket)
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.NotFound {
		t.Errorf("another's ticket: %v", err)
	}
	if _, err := c.CancelFlightInfo(bob, &arrowflight.CancelFlightInfoRequest{Info: info}); status.Code(err) != codes.NotFound {
		t.Errorf("another's query was cancelled: %v", err)
	}
	if _, err := c.RenewFlightEndpoint(bob, &arrowflight.RenewFlightEndpointRequest{Endpoint: info.Endpoint[0]}); status.Code(err) != codes.NotFound {
		t.Errorf("another's ticket was renewed: %v", err)
	}
	if _, err := c.CancelFlightInfo(alice, &arrowflight.CancelFlightInfoRequest{Info: info}); err != nil {
		t.Errorf("one's own query: %v", err)
	}
	txn, err := c.BeginTransaction(alice)
	if err != nil {
		t.Fatal(err)
	}
	raw := txn.ID()
	if _, err := c.ExecuteUpdate(bob, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if err := txn.Commit(bob); err == nil {
		t.Errorf("another's transaction %x was committed", raw)
	}
	if err := txn.Rollback(alice); err != nil {
		t.Log("the client forgets a transaction whose commit failed:", err)
	}
}
