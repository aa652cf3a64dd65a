// Command oxidb is the one binary: shell, server, benchmarks.
//
// Exit codes: 0 success, 1 a statement failed, 2 wrong usage, 3 the database cannot be opened or the
// server cannot be reached, 130 interrupted.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// commands is the command line.
type commands struct {
	Shell shellCommand `cmd:"" default:"withargs" help:"Ask a database or a server: at the terminal, from files or a pipe."`
	Bench benchCommand `cmd:"" help:"Benchmarks: TPC-H on OxiDB alone or beside other engines."`
	Demo  demoCommand  `cmd:"" help:"Load TPC-H 0.1, run its 22 queries, then serve Flight SQL."`
	Serve serveCommand `cmd:"" help:"Serve a database over Arrow Flight SQL."`

	Backup       backupCommand       `cmd:"" help:"Back up a database, open or not, into a directory of backups."`
	Restore      restoreCommand      `cmd:"" help:"Make a database from a backup, as of any moment that log is archived of."`
	VerifyBackup verifyBackupCommand `cmd:"" help:"Read backups and compare every file with what was backed up."`
	Check        checkCommand        `cmd:"" help:"Verify every file of a database."`
	Archive      archiveCommand      `cmd:"" help:"Make a server archive its log now."`

	User  userCommand  `cmd:"" help:"Users of a server and their passwords."`
	Token tokenCommand `cmd:"" help:"Personal access tokens of a server's users."`

	Version versionCommand `cmd:"" help:"Print the version."`
}

type versionCommand struct {
	JSON bool `name:"json" help:"As JSON, with Go's version and the platform."`
}

func (c *versionCommand) Run() error {
	if !c.JSON {
		fmt.Println("oxidb", oxidb.Version)
		return nil
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]string{"version": oxidb.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
}

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitInterrupted = 130
)

// unreachable marks an error as one of opening or connecting.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

func main() {
	debug.SetGCPercent(200) // columns are large and free of pointers: collecting rarely costs little memory
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parser := kong.Must(&c, kong.Name("oxidb"), kong.Description("OxiDB: one engine for tables, vectors, text and graphs."),
		kong.UsageOnError(), kong.Configuration(configFile), kong.PostBuild(environment), kong.BindTo(ctx, (*context.Context)(nil)), kong.Exit(func(code int) {
			if code != 0 {
				code = exitUsage
			}
			os.Exit(code)
		}))
	command, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	if err := command.Run(); err != nil {
		os.Exit(exitCode(ctx, err))
	}
}

// exitCode reports err on standard error and classifies it.
func exitCode(ctx context.Context, err error) int {
	var u unreachable
	var r reported
	switch {
	case errors.As(err, &r):
		return int(r)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "interrupted")
		return exitInterrupted
	case errors.As(err, &u):
		fmt.Fprintln(os.Stderr, "oxidb:", explained(err))
		return exitUnreachable
	}
	fmt.Fprintln(os.Stderr, "oxidb:", explained(err))
	return exitFailed
}

// explained is an error with what is known beyond its message.
func explained(err error) string {
	text := err.Error()
	var known *sqlerr.Error
	if !errors.As(err, &known) {
		return text
	}
	if known.Detail != "" {
		text += "\nDETAIL: " + known.Detail
	}
	if known.Hint != "" {
		text += "\nHINT: " + known.Hint
	}
	return text
}
