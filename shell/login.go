package shell

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/term"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Environment variables of a login: a password and a token never stand on a command line.
const (
	passwordVariable = "OXIDB_PASSWORD"
	tokenVariable    = "OXIDB_TOKEN"
	rootVariable     = "OXIDB_TLS_ROOT"
)

// destination is a server and how to get in.
type destination struct {
	address string
	options []grpc.DialOption
}

// parseTarget reads grpc://[USER@]HOST:PORT, grpc+tls://[USER@]HOST:PORT or grpc+unix:PATH. A user's
// password is in OXIDB_PASSWORD, or is asked for at the terminal; without a user, OXIDB_TOKEN may hold a
// token. OXIDB_TLS_ROOT names the file of a certificate to trust.
func parseTarget(target string) (d destination, err error) {
	if path, ok := strings.CutPrefix(target, schemeUnix); ok {
		d.address = "unix:" + strings.TrimPrefix(path, "//")
		return d, d.add(insecure.NewCredentials(), "")
	}
	var security credentials.TransportCredentials
	rest, encrypted := strings.CutPrefix(target, schemeTLS)
	if encrypted {
		if security, err = trusted(); err != nil {
			return d, err
		}
	} else {
		rest, security = strings.TrimPrefix(target, schemePlain), insecure.NewCredentials()
	}
	rest = strings.TrimSuffix(rest, "/")
	user := ""
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, rest = rest[:at], rest[at+1:]
	}
	if _, _, err := net.SplitHostPort(rest); err != nil {
		return d, fmt.Errorf("%q is not an address like grpc://127.0.0.1:8815: %w", target, err)
	}
	d.address = rest
	return d, d.add(security, user)
}

func (d *destination) add(security credentials.TransportCredentials, user string) error {
	d.options = append(d.options, grpc.WithTransportCredentials(security))
	header, err := authorization(user)
	if header != "" {
		d.options = append(d.options, grpc.WithPerRPCCredentials(login(header)))
	}
	return err
}

// authorization is the header that says who calls, "" for nobody.
func authorization(user string) (string, error) {
	if user == "" {
		if token := os.Getenv(tokenVariable); token != "" {
			return "Bearer " + token, nil
		}
		return "", nil
	}
	if strings.Contains(user, ":") {
		return "", errors.New("a password does not belong on the command line, where others see it: set " + passwordVariable + ", or let yourself be asked")
	}
	password, ok := os.LookupEnv(passwordVariable)
	if fd := int(os.Stdin.Fd()); !ok && term.IsTerminal(fd) {
		fmt.Fprintf(os.Stderr, "Password of %s: ", user)
		text, err := term.ReadPassword(fd)
		fmt.Fprintln(os.Stderr)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		password = string(text)
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)), nil
}

// trusted is TLS with the machine's roots, or with OXIDB_TLS_ROOT alone.
func trusted() (credentials.TransportCredentials, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if path := os.Getenv(rootVariable); path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", rootVariable, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("%s holds no certificate (PEM)", path)
		}
	}
	return credentials.NewTLS(config), nil
}

// login sends the header with every call. A server checks a password once and knows it then.
type login string

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (l login) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": string(l)}, nil
}

// RequireTransportSecurity is false: whoever names a grpc:// address wants no encryption.
func (login) RequireTransportSecurity() bool { return false }
