package flight

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// unixScheme begins the address of a Unix socket: unix:/run/oxidb.sock.
const unixScheme = "unix:"

// listen listens on host:port or a Unix socket.
func listen(addr string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, unixScheme); ok {
		return listenUnix(strings.TrimPrefix(path, "//"))
	}
	return net.Listen("tcp", addr)
}

// unixListener removes its socket when it closes.
type unixListener struct {
	*net.UnixListener
	path string
}

func (l *unixListener) Close() error {
	err := l.UnixListener.Close()
	if rerr := os.Remove(l.path); !errors.Is(rerr, fs.ErrNotExist) && !errors.Is(err, net.ErrClosed) {
		err = errors.Join(err, rerr)
	}
	return err
}

// Addr is the socket's path.
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// listenUnix makes a socket that only this user reaches. It is made in a private directory and moved to
// its place, so that it is never there with other permissions. A socket that a dead server left is
// replaced, one that answers is not.
func listenUnix(path string) (net.Listener, error) {
	if err := unused(path); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".oxidb-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // an empty directory
	made := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	err = os.Chmod(made, 0o600)
	if err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &unixListener{l, path}, nil
}

// unused fails when something is at path that is no abandoned socket.
func unused(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there, and no socket", path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return nil //nolint:nilerr // nobody answers: a server that is dead left it
	}
	return errors.Join(fmt.Errorf("another server answers on %s", path), c.Close())
}

// Local reports whether an address to listen on is reached from this machine only.
func Local(addr string) bool {
	if strings.HasPrefix(addr, unixScheme) {
		return true
	}
	if addr == "" {
		addr = DefaultAddr
	}
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	return err == nil && tcp.IP.IsLoopback()
}
