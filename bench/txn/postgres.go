package main

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
	"time"

	"github.com/jackc/pgx/v5"
)

const postgresBin = "/usr/lib/postgresql/15/bin"

// postgres is a PostgreSQL 15 server of our own, with its default settings, on a unix socket.
type postgres struct {
	dir     string
	account string // that runs the server, "" for our own: it refuses root
	ids     atomic.Int64
}

func (p *postgres) name() string { return "postgres" }

func (p *postgres) start(ctx context.Context, dir string) error {
	p.dir = dir
	if err := p.chooseAccount(); err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	if err := p.command(ctx, "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"); err != nil {
		return err
	}
	settings := "-c listen_addresses='' -c port=5432 -k " + dir
	if err := p.command(ctx, "pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", settings, "start"); err != nil {
		return err
	}
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE TABLE t (id bigint PRIMARY KEY, a text, b integer)")
	return errors.Join(err, conn.Close(ctx))
}

func (p *postgres) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("host='%s' port=5432 user=postgres dbname=postgres sslmode=disable", p.dir))
}

func (p *postgres) run(ctx context.Context, clients int, length time.Duration) (outcome, error) {
	return drive(clients, length, &p.ids, func() (clientLoop, error) {
		conn, err := p.connect(ctx)
		if err != nil {
			return clientLoop{}, err
		}
		_, err = conn.Prepare(ctx, "insert", "INSERT INTO t VALUES ($1, $2, $3)")
		return clientLoop{
			insert: func(id int64) error { _, err := conn.Exec(ctx, "insert", id, textValue, 42); return err },
			close:  func() error { return conn.Close(ctx) },
		}, err
	})
}

func (p *postgres) stop() error {
	return p.command(context.Background(), "pg_ctl", "-D", filepath.Join(p.dir, "data"), "-m", "immediate", "stop")
}

func (p *postgres) chooseAccount() error {
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		return err
	}
	p.account = account.Username
	return os.Chown(p.dir, uid, gid)
}

func (p *postgres) command(ctx context.Context, name string, args ...string) error {
	args = append([]string{filepath.Join(postgresBin, name)}, args...)
	if p.account != "" {
		args = append([]string{"runuser", "-u", p.account, "--"}, args...)
	}
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Dir = p.dir
	// The server would inherit a pipe and keep it open, so output goes to a file.
	output, err := os.Create(filepath.Join(p.dir, name+".out"))
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
