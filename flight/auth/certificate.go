package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Names of a generated certificate and its key.
const (
	CertificateFile = "tls.crt"
	KeyFile         = "tls.key"
)

// certificateYears is how long a generated certificate is valid: clients pin it, so nothing renews it.
const certificateYears = 10

// SelfSigned gives the certificate in a directory, which it makes the first time: for localhost,
// 127.0.0.1, ::1 and this machine's name. Clients take its file as their root.
func SelfSigned(dir string) (tls.Certificate, error) {
	certificate, key := filepath.Join(dir, CertificateFile), filepath.Join(dir, KeyFile)
	pair, err := tls.LoadX509KeyPair(certificate, key)
	switch {
	case err == nil && time.Now().After(pair.Leaf.NotAfter):
		return pair, fmt.Errorf("the certificate in %s has expired: remove it and %s, and a new one is made", certificate, key)
	case err == nil:
		return pair, nil
	case !errors.Is(err, fs.ErrNotExist):
		return pair, fmt.Errorf("reading the certificate in %s: %w", dir, err)
	}
	if err := generate(dir, certificate, key); err != nil {
		return pair, fmt.Errorf("making a certificate: %w", err)
	}
	return tls.LoadX509KeyPair(certificate, key)
}

// generate writes the key first: a crash in between leaves a key without certificate, and both are
// made anew.
func generate(dir, certificate, key string) error {
	if _, err := os.Stat(certificate); err == nil {
		return fmt.Errorf("%s is there, but its key is not", certificate)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	names := []string{"localhost"}
	if host, err := os.Hostname(); err == nil && host != "localhost" && host != "" {
		names = append(names, host)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "OxiDB, made by itself"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(certificateYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, // some clients take nothing else as a root
		DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := replaceFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})); err != nil {
		return err
	}
	return replaceFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// Fingerprint is SHA-256 of a certificate, as clients and browsers show it.
func Fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}

// ClientRoots reads the certificates in a PEM file, which sign those of clients.
func ClientRoots(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s holds no certificate (PEM)", path)
	}
	return pool, nil
}
