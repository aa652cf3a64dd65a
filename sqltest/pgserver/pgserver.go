// Package pgserver runs PostgreSQL 15 servers of our own, for comparison: on a unix socket, in a directory
// given, under an account that PostgreSQL accepts.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
)

// ErrAbsent says that this machine has no PostgreSQL 15, or no account that may run it.
var ErrAbsent = errors.New("PostgreSQL 15 is not installed")

// bin is where Debian has PostgreSQL 15.
const bin = "/usr/lib/postgresql/15/bin"

// port only names the socket's file; it is said outright because the environment may hold another.
const port = "5432"

// Server is a running server whose files are under one directory.
type Server struct {
	dir     string
	account string // that runs the server, "" for our own
}

// Start initialises a cluster in dir, with options of initdb beside encoding and locale (UTF8, C.UTF-8),
// and starts a server with settings, each as name=value. It returns ErrAbsent where the machine cannot run
// one.
func Start(ctx context.Context, dir string, initdb []string, settings ...string) (*Server, error) {
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return nil, fmt.Errorf("%w: no %s/initdb", ErrAbsent, bin)
	}
	s := &Server{dir: dir}
	if err := s.chooseAccount(); err != nil {
		return nil, err
	}
	args := append([]string{"-D", s.data(), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"}, initdb...)
	if err := s.command(ctx, "initdb", args...); err != nil {
		return nil, err
	}
	options := "-c listen_addresses='' -c port=" + port + " -k " + dir
	for _, v := range settings {
		options += " -c " + v
	}
	if err := s.command(ctx, "pg_ctl", "-D", s.data(), "-w", "-l", filepath.Join(dir, "log"), "-o", options, "start"); err != nil {
		return nil, err
	}
	return s, nil
}

// DSN is the connection string of a database.
func (s *Server) DSN(database string) string {
	return fmt.Sprintf("host='%s' port=%s user=postgres dbname=%s sslmode=disable", s.dir, port, database)
}

// Stop ends the server at once. Its files stay.
func (s *Server) Stop() error {
	return s.command(context.Background(), "pg_ctl", "-D", s.data(), "-m", "immediate", "stop")
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// chooseAccount makes the directory belong to an account that PostgreSQL accepts: it refuses root.
func (s *Server) chooseAccount() error {
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		return err
	}
	s.account = account.Username
	return os.Chown(s.dir, uid, gid)
}

func (s *Server) command(ctx context.Context, name string, args ...string) error {
	args = append([]string{filepath.Join(bin, name)}, args...)
	if s.account != "" {
		args = append([]string{"runuser", "-u", s.account, "--"}, args...)
	}
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Dir = s.dir
	// The server would inherit a pipe and keep it open, so output goes to a file.
	output, err := os.Create(filepath.Join(s.dir, name+".out"))
	if err != nil {
		return err
	}
	defer output.Close()
	command.Stdout, command.Stderr = output, output
	if err := command.Run(); err != nil {
		text, _ := os.ReadFile(output.Name())
		return fmt.Errorf("%s: %w\n%s", name, err, text)
	}
	return nil
}
