package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch/runner"
	"github.com/oxidb/oxidb/flight"
)

type serveCommand struct {
	Path       string        `arg:"" optional:"" help:"Database directory, or :memory:."`
	DB         string        `help:"The same as a flag." placeholder:"PATH"`
	Listen     string        `help:"Address to listen on; port 0 takes a free one. unix:PATH is a socket that only this user reaches." default:"127.0.0.1:8815"`
	Threads    int           `help:"Workers of a query; 0 means all cores."`
	Memory     byteSize      `help:"Memory of the process (4GiB); queries beyond it use temporary files. 0 means four fifths of the machine's, or of its control group's."`
	Checkpoint int64         `name:"checkpoint-bytes" help:"Bytes of log after which a checkpoint is written; 0 means 256 MiB, less never."`
	Drain      time.Duration `help:"How long running calls may go on when the server is told to stop." default:"10s"`
	Archive    string        `help:"Directory that gets a copy of the log, about a second behind, for point-in-time recovery." placeholder:"DIR"`
	Scrub      time.Duration `help:"How often all files are read and compared with their checksums, slowly; 0 means never." default:"168h"`
	ReadOnly   bool          `help:"Write nothing to the database's directory: for read-only media."`
	Recover    string        `help:"What to do about damage: refuse to open, or quarantine: put damaged files aside, say what is lost, and serve the rest." enum:"refuse,quarantine" default:"refuse"`
	UntilEOF   bool          `name:"until-eof" help:"Stop when standard input ends, too: for a program that starts a server of its own, which then never outlives it."`

	doorFlags
	logFlags
	Config kong.ConfigFlag `help:"JSON file with the names of flags and their values; flags and environment (OXIDB_LISTEN and so on) go first." placeholder:"FILE"`
}

// database is where the data is: the argument or the flag.
func (c *serveCommand) database() (string, error) {
	switch {
	case c.Path != "" && c.DB != "" && c.Path != c.DB:
		return "", fmt.Errorf("two databases given: %s and %s", c.Path, c.DB)
	case c.Path != "":
		return c.Path, nil
	case c.DB != "":
		return c.DB, nil
	}
	return "", errors.New("which database? oxidb serve DIRECTORY, or oxidb serve :memory:")
}

func (c *serveCommand) Run(ctx context.Context) (err error) {
	path, err := c.database()
	if err != nil {
		return err
	}
	if c.UntilEOF {
		var stop context.CancelFunc
		ctx, stop = untilEOF(ctx, os.Stdin)
		defer stop()
	}
	bar := newBar(os.Stderr, "recovery")
	bar.unit = bytesText
	db, err := oxidb.Open(ctx, path, oxidb.Threads(c.Threads), oxidb.MemoryLimit(int64(c.Memory)), oxidb.LimitProcess(), oxidb.CheckpointBytes(c.Checkpoint), func(o *oxidb.Options) {
		o.Archive, o.ScrubEvery, o.ReadOnly, o.Quarantine = c.Archive, c.Scrub, c.ReadOnly, c.Recover == "quarantine"
		o.Progress = bar.show
		o.Notice = func(err error) { fmt.Fprintln(os.Stderr, "oxidb:", message(err)) }
	})
	bar.end()
	if err != nil {
		return unreachable{err}
	}
	for _, l := range db.Losses() {
		fmt.Fprintln(os.Stderr, "oxidb:", l)
		if l.Aside != "" {
			fmt.Fprintf(os.Stderr, "       the file is in %s\n", l.Aside)
		}
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	runner.Register(db)
	options, err := c.doorFlags.options(ctx, c.Listen, path)
	if err != nil {
		return unreachable{err}
	}
	options.Drain = c.Drain
	c.logFlags.apply(&options)
	return serve(ctx, db, options, "")
}

// untilEOF gives a context that ends with the input, too. The goroutine stays until then: nothing else ends a
// read of standard input.
func untilEOF(ctx context.Context, input io.Reader) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(ctx)
	go func() {
		defer stop()
		_, _ = io.Copy(io.Discard, input) // a pipe that fails has ended, too
	}()
	return ctx, stop
}

// serve serves db until ctx is done. It prints help, in which %[1]s is the address, and a line that tells
// the address.
func serve(ctx context.Context, db *oxidb.DB, o flight.Options, help string) error {
	server, err := flight.NewServer(db, o)
	if err != nil {
		return unreachable{err}
	}
	addr := server.Addr().String()
	if server.Addr().Network() == "unix" {
		addr = "unix:" + addr
	}
	fmt.Printf(help+"listening on %[1]s\n", addr)
	if err := server.Serve(ctx); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "stopped")
	return nil
}
