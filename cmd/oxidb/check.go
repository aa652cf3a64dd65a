package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/shell"
	"github.com/oxidb/oxidb/sqlerr"
)

type checkCommand struct {
	Database string `arg:"" help:"Database directory, or the server that has it open: grpc://host:port."`
}

// Help is shown by --help.
func (checkCommand) Help() string {
	return `Reads every file and changes none: checksums of manifest, log and every column, statistics against rows,
deletes against chunks, files of indexes against columns, keys for duplicates, missing and unneeded files.

Exit codes: 0 sound, 1 damaged, 3 the check could not be made, such as of a database that is open elsewhere.`
}

func (c *checkCommand) Run(ctx context.Context) error {
	if shell.IsRemote(c.Database) {
		return call(ctx, c.Database, "CALL oxidb_check()", "sound")
	}
	bar := newBar(os.Stderr, "check")
	bar.unit = bytesText
	start := time.Now()
	report, err := mvcc.Check(ctx, vfs.Default, c.Database, mvcc.CheckOptions{Progress: bar.show})
	bar.end()
	if err != nil {
		if sqlerr.StateOf(err) == sqlerr.ObjectInUse {
			err = fmt.Errorf("%w\nAsk its server: oxidb check grpc://HOST:PORT, or CALL oxidb_check() in a session", err)
		}
		return unreachable{err}
	}
	for _, f := range report.Findings {
		fmt.Println(f)
	}
	for _, path := range report.Orphans {
		fmt.Printf("not needed, removed when the database is opened: %s\n", path)
	}
	for _, path := range report.Unusable {
		fmt.Printf("torn or of a later format, the index is built without it: %s\n", path)
	}
	fmt.Printf("%d tables, %s rows in %d chunks, %d keys; %s in %d files, in %v\n", report.Tables, countText(report.Rows), report.Chunks, report.Keys,
		bytesText(report.Bytes), report.Files, round(time.Since(start)))
	if len(report.Findings) == 0 {
		fmt.Printf("sound, version %d\n", report.Version)
		return nil
	}
	fmt.Printf("DAMAGED: %d findings\n", len(report.Findings))
	return reported(exitFailed)
}
