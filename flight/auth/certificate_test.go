package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/oxidb/oxidb/flight"
	"github.com/oxidb/oxidb/flight/auth"
)

func TestSelfSignedCertificate(t *testing.T) {
	dir := t.TempDir()
	pair, err := auth.SelfSigned(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := auth.SelfSigned(dir)
	if err != nil || auth.Fingerprint(pair) != auth.Fingerprint(again) {
		t.Errorf("the second start has another certificate, %v", err)
	}
	for _, name := range []string{auth.CertificateFile, auth.KeyFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	addr := serve(t, flight.Options{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}})
	roots, err := auth.ClientRoots(filepath.Join(dir, auth.CertificateFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		c := dial(t, addr, credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: name}))
		if _, err := c.Execute(t.Context(), "SELECT 1"); err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
	for what, config := range map[string]*tls.Config{"without the root": {}, "as another machine": {RootCAs: roots, ServerName: "example.org"}} {
		if _, err := dial(t, addr, credentials.NewTLS(config)).Execute(t.Context(), "SELECT 1"); err == nil {
			t.Errorf("%s: connected", what)
		}
	}
}

// A certificate without its key must not be replaced in silence: clients trust it.
func TestCertificateWithoutKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := auth.SelfSigned(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, auth.KeyFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.SelfSigned(dir); err == nil {
		t.Error("a certificate without key was taken")
	}
}

// issuer signs certificates of clients.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	i.certificate = i.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "issuer"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, &key.PublicKey)
	return i
}

func (i *issuer) sign(t *testing.T, c *x509.Certificate, public any) *x509.Certificate {
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(1), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent := i.certificate
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, i.key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// client is a client's certificate.
func (i *issuer) client(t *testing.T, name string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := i.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, &key.PublicKey)
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key}
}

func TestClientCertificate(t *testing.T) {
	dir := t.TempDir()
	pair, err := auth.SelfSigned(dir)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := newIssuer(t), newIssuer(t)
	path := filepath.Join(dir, "clients.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ours.certificate.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	clients, err := auth.ClientRoots(path)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := auth.ClientRoots(filepath.Join(dir, auth.CertificateFile))
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t, flight.Options{Authenticator: guard(t, auth.Options{}), TLS: &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}})
	connect := func(certificates ...tls.Certificate) (string, error) {
		return whoami(t.Context(), dial(t, addr, credentials.NewTLS(&tls.Config{RootCAs: roots, Certificates: certificates})))
	}
	if user, err := connect(ours.client(t, "carol")); err != nil || user != "carol" {
		t.Errorf("with a certificate: %q, %v", user, err)
	}
	if _, err := connect(); status.Code(err) != codes.Unavailable {
		t.Errorf("without a certificate: %v", err)
	}
	if _, err := connect(theirs.client(t, "carol")); status.Code(err) != codes.Unavailable {
		t.Errorf("with another issuer's certificate: %v", err)
	}
}

func TestUnixSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "oxidb.sock")
	if _, err := flight.NewServer(nil, flight.Options{Addr: "unix:" + dir}); err == nil {
		t.Error("a directory was taken for a socket")
	}
	addr := serve(t, flight.Options{Addr: "unix:" + path})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v, %v", info.Mode(), err)
	}
	c := dial(t, "unix:"+addr, insecure.NewCredentials())
	if _, err := c.Execute(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
	if _, err := flight.NewServer(nil, flight.Options{Addr: "unix:" + path}); err == nil {
		t.Error("a second server took the first one's socket")
	}
}
