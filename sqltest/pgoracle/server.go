package pgoracle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrAbsent says that this machine has no PostgreSQL 15, or no account that may run it.
var ErrAbsent = errors.New("PostgreSQL 15 is not installed")

// port only names the socket's file; it is said outright because the environment may hold another.
const port = "5432"

// Server is a private PostgreSQL server on a unix socket in a temporary folder: bytewise collation,
// UTC, ISO dates, nothing durable.
type Server struct {
	bin, dir  string
	account   string            // that runs the server, "" for our own
	types     map[uint32]string // OID to SQL name
	databases atomic.Int64
}

// Start initialises and starts a server. It returns ErrAbsent where the machine cannot run one.
func Start(ctx context.Context) (_ *Server, err error) {
	s := &Server{}
	if s.bin, err = findBinaries(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "oxidb-pg"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(s.dir))
		}
	}()
	if err := s.chooseAccount(); err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "data")
	if err := s.command(ctx, "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8",
		"--locale=C.UTF-8", "--no-sync"); err != nil {
		return nil, err
	}
	settings := "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off" +
		" -c port=" + port + " -c timezone=UTC -c datestyle=ISO,MDY -c intervalstyle=postgres -c jit=off -k " + s.dir
	if err := s.command(ctx, "pg_ctl", "-D", data, "-w", "-l", filepath.Join(s.dir, "log"), "-o", settings, "start"); err != nil {
		return nil, err
	}
	if s.types, err = s.readTypes(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends the server and removes all of its files.
func (s *Server) Stop() error {
	err := s.command(context.Background(), "pg_ctl", "-D", filepath.Join(s.dir, "data"), "-m", "immediate", "stop")
	return errors.Join(err, os.RemoveAll(s.dir))
}

func findBinaries() (string, error) {
	const debian = "/usr/lib/postgresql/15/bin"
	if _, err := os.Stat(filepath.Join(debian, "initdb")); err == nil {
		return debian, nil
	}
	return "", fmt.Errorf("%w: no %s/initdb", ErrAbsent, debian)
}

// chooseAccount makes the folder belong to an account that PostgreSQL accepts: it refuses root.
func (s *Server) chooseAccount() error {
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("%w: %v", ErrAbsent, err)
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
	args = append([]string{filepath.Join(s.bin, name)}, args...)
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

func (s *Server) connect(ctx context.Context, database string) (*pgconn.PgConn, error) {
	return pgconn.Connect(ctx, fmt.Sprintf("host='%s' port=%s user=postgres dbname=%s sslmode=disable", s.dir, port, database))
}

func (s *Server) readTypes(ctx context.Context) (map[uint32]string, error) {
	conn, err := s.connect(ctx, "postgres")
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, "SELECT oid, format_type(oid, NULL) FROM pg_type").ReadAll()
	if err != nil {
		return nil, err
	}
	types := map[uint32]string{}
	for _, row := range results[0].Rows {
		oid, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err != nil {
			return nil, err
		}
		types[uint32(oid)] = string(row[1])
	}
	return types, nil
}
