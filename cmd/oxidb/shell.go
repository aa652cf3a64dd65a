package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/alecthomas/kong"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/shell"
)

type shellCommand struct {
	Target    string   `arg:"" optional:"" help:"Database directory, :memory: or a server's grpc://host:port (grpc+tls:// for TLS). Default: in memory."`
	Command   []string `short:"c" sep:"none" placeholder:"SQL" help:"Run these statements or commands and leave."`
	File      []string `short:"f" sep:"none" placeholder:"FILE" help:"Run this file's statements and commands and leave; - is standard input."`
	Mode      string   `help:"Output mode: box, csv, json, jsonl, line, markdown, tsv." default:"box" enum:"box,csv,json,jsonl,line,markdown,tsv"`
	CSV       bool     `name:"csv" help:"Short for --mode=csv."`
	JSON      bool     `name:"json" help:"Short for --mode=json."`
	KeepGoing bool     `help:"Run a script to its end in spite of failures; the exit code still tells."`
	NoColor   bool     `help:"No colours; the environment's NO_COLOR says the same."`
	Threads   int      `help:"Workers of a query; 0 means all cores."`
}

// Help is shown by --help.
func (shellCommand) Help() string {
	return `Rows go to standard output, everything else to standard error. Without -c and -f, statements are read
from the terminal or from a pipe; a script ends at its first failure.

Exit codes: 0 success, 1 a statement failed, 2 wrong usage, 3 the database cannot be opened or the server
cannot be reached, 130 interrupted.`
}

// reported is an exit code of a failure that standard error has been told of.
type reported int

func (r reported) Error() string { return fmt.Sprintf("exit code %d", int(r)) }

func (c *shellCommand) Run(ctx context.Context, line *kong.Context) error {
	if err := c.mistyped(line); err != nil {
		return err
	}
	db, err := c.connect(ctx, c.target())
	if err != nil {
		return unreachable{err}
	}
	s, err := shell.New(db, c.config())
	if err != nil {
		return errors.Join(err, db.Close())
	}
	err = c.run(ctx, s)
	if cerr := s.Close(); cerr != nil {
		fmt.Fprintln(os.Stderr, "oxidb: closing:", cerr)
		err = errors.Join(shell.ErrFailed, err)
	}
	switch {
	case errors.Is(err, shell.ErrInterrupted):
		return reported(exitInterrupted)
	case errors.Is(err, shell.ErrFailed):
		return reported(exitFailed)
	}
	return err
}

// mistyped refuses a word that may be a command with a slip: without "shell" in front a directory
// must exist, or be written as a path.
func (c *shellCommand) mistyped(line *kong.Context) error {
	if c.Target == "" || len(line.Args) > 0 && line.Args[0] == "shell" || shell.IsRemote(c.Target) {
		return nil
	}
	for _, r := range c.Target {
		if r == '/' || r == os.PathSeparator || r == ':' || r == '.' {
			return nil
		}
	}
	if _, err := os.Stat(c.Target); err == nil {
		return nil
	}
	fmt.Fprintf(os.Stderr, "oxidb: %q is neither a command nor a database directory; `oxidb shell %s` makes one\n", c.Target, c.Target)
	return reported(exitUsage)
}

func (c *shellCommand) target() string {
	if c.Target == "" {
		return oxidb.InMemory
	}
	return c.Target
}

func (c *shellCommand) connect(ctx context.Context, target string) (shell.Backend, error) {
	if shell.IsRemote(target) {
		return shell.OpenRemote(ctx, target)
	}
	return shell.OpenLocal(ctx, target, oxidb.Threads(c.Threads))
}

func (c *shellCommand) config() shell.Config {
	out, talk := term.IsTerminal(int(os.Stdout.Fd())), term.IsTerminal(int(os.Stderr.Fd()))
	mode := c.Mode
	switch {
	case c.CSV:
		mode = "csv"
	case c.JSON:
		mode = "json"
	}
	return shell.Config{
		Out: os.Stdout, Err: os.Stderr, OutTerminal: out, ErrTerminal: talk, Mode: mode, KeepGoing: c.KeepGoing, Connect: c.connect,
		Color: !c.NoColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		Width: func() int {
			width, _, err := term.GetSize(int(os.Stdout.Fd()))
			if err != nil {
				return 0
			}
			return width
		},
	}
}

// run does what the flags say, or reads statements from the terminal or a pipe.
func (c *shellCommand) run(ctx context.Context, s *shell.Shell) error {
	for _, text := range c.Command {
		if err := s.Text(ctx, text); err != nil {
			return err
		}
	}
	for _, file := range c.File {
		if err := runFile(ctx, s, file); err != nil {
			return err
		}
	}
	switch {
	case len(c.Command)+len(c.File) > 0:
		return nil
	case term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd())):
		// Here Ctrl-C belongs to the statement that runs, not to the process, and no statement
		// boundary will come to notice SIGTERM at: that one ends the process as it does by default.
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		return s.Interactive(ctx, shell.HistoryFile())
	}
	return s.Script(ctx, os.Stdin, "")
}

func runFile(ctx context.Context, s *shell.Shell, file string) error {
	if file == "-" {
		return s.Script(ctx, os.Stdin, "")
	}
	return s.File(ctx, file)
}
