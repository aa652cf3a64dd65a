package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/flight"
	"github.com/oxidb/oxidb/flight/auth"
)

// doorFlags say how connections are encrypted and who may come in.
type doorFlags struct {
	TLS           string        `name:"tls" help:"off, or auto: encrypt with a certificate of its own, made once in --tls-dir." enum:"off,auto" default:"off"`
	TLSDir        string        `name:"tls-dir" help:"Directory of the certificate that --tls=auto makes; default: the database's." placeholder:"DIR" type:"path"`
	TLSCert       string        `name:"tls-cert" help:"Certificate file (PEM): serve TLS." type:"existingfile"`
	TLSKey        string        `name:"tls-key" help:"The certificate's key file (PEM)." type:"existingfile"`
	TLSClientCA   string        `name:"tls-client-ca" help:"Certificates (PEM) that sign those of clients: every client needs one, whose common name is the user." type:"existingfile"`
	Users         string        `help:"File of users and tokens; default: users in the database's directory." placeholder:"FILE" type:"path"`
	TokenLifetime time.Duration `help:"How long the token of a login stays without use." default:"24h"`
	OIDCIssuer    string        `name:"oidc-issuer" help:"Accept tokens (JWT) of this issuer." placeholder:"URL"`
	OIDCAudience  string        `name:"oidc-audience" help:"The audience that the issuer's tokens must be meant for." placeholder:"NAME"`
	OIDCClaim     string        `name:"oidc-claim" help:"The claim that names the user." default:"sub"`
	JWKS          string        `name:"jwks" help:"The issuer's keys: a file or URL. Default: the issuer is asked." placeholder:"FILE|URL"`

	MaxMessage      byteSize      `help:"Size of a message to the server." default:"256MiB"`
	MaxHeader       byteSize      `help:"Size of a call's headers." default:"64KiB"`
	MaxUncompressed byteSize      `help:"What a compressed message may expand to." default:"1GiB"`
	MaxResult       byteSize      `help:"Arrow data of one result; 0 means no limit." default:"0"`
	MaxSessions     int           `help:"Sessions of all clients; beyond it the longest unused ends." default:"10000"`
	MaxStatements   int           `help:"Prepared statements of one session." default:"1000"`
	MaxHandshake    time.Duration `help:"Time that a new connection may take for TLS and HTTP/2." default:"10s"`

	AllowAnonymous bool `help:"Let callers without a name in, also from other machines: whoever reaches the port can read and write everything."`
}

// options are those of a server of the database at path.
func (d *doorFlags) options(ctx context.Context, listen, path string) (o flight.Options, err error) {
	o = flight.Options{Addr: listen, AllowAnonymous: d.AllowAnonymous, MaxSessions: d.MaxSessions, Limits: flight.Limits{
		MessageBytes: int(d.MaxMessage), HeaderBytes: int(d.MaxHeader), UncompressedBytes: int64(d.MaxUncompressed), ResultBytes: int64(d.MaxResult),
		SessionStatements: d.MaxStatements, Handshake: d.MaxHandshake,
	}}
	if o.TLS, err = d.tls(path); err != nil {
		return o, err
	}
	guard := auth.Options{Accounts: d.accounts(path), Lifetime: d.TokenLifetime}
	if guard.JWT, err = d.jwt(ctx); err != nil {
		return o, err
	}
	known := guard.JWT != nil || d.TLSClientCA != ""
	switch {
	case d.AllowAnonymous:
		guard.Anonymous = auth.Everybody
	case !known && flight.Local(listen):
		guard.Anonymous = auth.UntilAccounts
	}
	g, err := auth.NewGuard(guard)
	if err != nil {
		return o, err
	}
	if known || g.HasAccounts() || guard.Anonymous != auth.Nobody {
		o.Authenticator = g // without, the server refuses to listen for other machines
	}
	return o, nil
}

// accounts is the file of users.
func (d *doorFlags) accounts(path string) string {
	if d.Users != "" || path == oxidb.InMemory {
		return d.Users
	}
	return filepath.Join(path, auth.FileName)
}

func (d *doorFlags) jwt(ctx context.Context) (*auth.JWT, error) {
	if d.OIDCIssuer == "" {
		if d.OIDCAudience != "" || d.JWKS != "" {
			return nil, errors.New("whose tokens? --oidc-audience and --jwks need --oidc-issuer")
		}
		return nil, nil
	}
	return auth.NewJWT(ctx, auth.JWTOptions{Issuer: d.OIDCIssuer, Audience: d.OIDCAudience, Keys: d.JWKS, Claim: d.OIDCClaim})
}

func (d *doorFlags) tls(path string) (*tls.Config, error) {
	pair, err := d.certificate(path)
	switch {
	case err != nil:
		return nil, err
	case pair == nil && d.TLSClientCA != "":
		return nil, errors.New("--tls-client-ca needs --tls-cert and --tls-key, or --tls=auto")
	case pair == nil:
		return nil, nil
	}
	config := &tls.Config{Certificates: []tls.Certificate{*pair}, MinVersion: tls.VersionTLS12}
	if d.TLSClientCA == "" {
		return config, nil
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	if config.ClientCAs, err = auth.ClientRoots(d.TLSClientCA); err != nil {
		return nil, fmt.Errorf("reading the certificates for clients: %w", err)
	}
	return config, nil
}

// certificate is the server's, nil when it does not encrypt.
func (d *doorFlags) certificate(path string) (*tls.Certificate, error) {
	switch given := d.TLSCert != "" || d.TLSKey != ""; {
	case given && d.TLS == "auto":
		return nil, errors.New("either --tls=auto, or --tls-cert and --tls-key")
	case given:
		pair, err := tls.LoadX509KeyPair(d.TLSCert, d.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate: %w", err)
		}
		return &pair, nil
	case d.TLS != "auto":
		return nil, nil
	}
	dir := d.TLSDir
	if dir == "" {
		dir = path
	}
	if dir == oxidb.InMemory {
		return nil, errors.New("where should the certificate be? A database in memory needs --tls-dir with --tls=auto")
	}
	pair, err := auth.SelfSigned(dir)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "certificate %s\nSHA-256 %s\n", filepath.Join(dir, auth.CertificateFile), auth.Fingerprint(pair))
	return &pair, nil
}
