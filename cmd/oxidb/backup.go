package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/shell"
	"github.com/oxidb/oxidb/sqlerr"
)

type backupCommand struct {
	Database string `arg:"" help:"Database directory, or the server that has it open: grpc://host:port. With --list and --keep alone: the directory of backups."`
	To       string `arg:"" optional:"" help:"Directory of backups; made when it does not exist. With a server, a path on its machine."`
	List     bool   `help:"List the backups in a directory."`
	Keep     int    `help:"Afterwards remove all but the newest N backups." placeholder:"N"`
}

// Help is shown by --help.
func (backupCommand) Help() string {
	return `Only files that no earlier backup has brought are copied. An interrupted backup leaves the earlier ones as
they are.

  oxidb backup shop /mnt/backups                     a database that nobody has open
  oxidb backup grpc://localhost:8815 /mnt/backups    one that is being served, while it works
  oxidb backup --list /mnt/backups
  oxidb backup --keep 7 /mnt/backups`
}

func (c *backupCommand) Run(ctx context.Context) error {
	if c.To == "" {
		return c.manage(c.Database)
	}
	if c.List {
		return usage("--list takes one argument: the directory of backups")
	}
	run := c.local
	if shell.IsRemote(c.Database) {
		run = c.remote
	}
	if err := run(ctx); err != nil {
		return err
	}
	if c.Keep == 0 || shell.IsRemote(c.Database) {
		return nil
	}
	return prune(c.To, c.Keep)
}

// manage lists or prunes the backups of a directory.
func (c *backupCommand) manage(dir string) error {
	switch {
	case c.List:
		return listBackups(dir)
	case c.Keep > 0:
		return prune(dir, c.Keep)
	}
	return usage("where to? oxidb backup DATABASE DIRECTORY")
}

func (c *backupCommand) local(ctx context.Context) error {
	if ok, err := mvcc.Exists(vfs.Default, c.Database); err != nil || !ok {
		return unreachable{errors.Join(err, fmt.Errorf("there is no database in %s", c.Database))}
	}
	bar := newBar(os.Stderr, "backup")
	bar.unit = bytesText
	defer bar.end()
	store, err := mvcc.Open(vfs.Default, c.Database, mvcc.Options{CheckpointBytes: -1, Progress: bar.show})
	if sqlerr.StateOf(err) == sqlerr.ObjectInUse {
		return unreachable{fmt.Errorf("%w\nBack it up through its server: oxidb backup grpc://HOST:PORT %s, or BACKUP TO '%s' in a session", err, c.To, c.To)}
	}
	if err != nil {
		return unreachable{err}
	}
	start := time.Now()
	r, err := backup.Run(ctx, store, c.To, backup.Options{Version: oxidb.Version, Progress: bar.show})
	bar.end()
	if err = errors.Join(err, store.Close()); err != nil {
		return err
	}
	fmt.Printf("backup %s: version %d, %s in %d files, of which %s in %d files were copied, in %v\n", r.Set.Name, r.Set.Version,
		bytesText(r.Set.Bytes()), len(r.Set.Files), bytesText(r.CopiedBytes), r.Copied, round(time.Since(start)))
	return nil
}

// remote lets a server do it.
func (c *backupCommand) remote(ctx context.Context) error {
	db, err := shell.OpenRemote(ctx, c.Database)
	if err != nil {
		return unreachable{err}
	}
	statement := "BACKUP TO '" + strings.ReplaceAll(c.To, "'", "''") + "'"
	start := time.Now()
	err = told(ctx, db, statement, start)
	if err = errors.Join(err, db.Close()); err != nil {
		fmt.Fprintln(os.Stderr, sqlerr.Render(err, statement))
		return reported(exitFailed)
	}
	return nil
}

// told runs BACKUP TO and says what it answers.
func told(ctx context.Context, db shell.Backend, statement string, start time.Time) error {
	answer, err := db.Query(ctx, statement)
	if err != nil {
		return err
	}
	defer answer.Close()
	for rec, err := range answer.Batches() {
		if err != nil {
			return err
		}
		value := func(column int) int64 { return rec.Column(column).(*array.Int64).Value(0) }
		if rec.NumRows() > 0 && rec.NumCols() == 5 {
			fmt.Printf("backup %s: version %d, %s in %d files, of which %s were copied, in %v\n", rec.Column(0).ValueStr(0), value(1),
				bytesText(value(3)), value(2), bytesText(value(4)), round(time.Since(start)))
		}
		rec.Release()
	}
	return nil
}

func usage(format string, args ...any) error {
	fmt.Fprintf(os.Stderr, "oxidb: "+format+"\n", args...)
	return reported(exitUsage)
}

func listBackups(dir string) error {
	d, err := backup.Open(vfs.Default, dir)
	if err != nil {
		return err
	}
	sets, damaged := d.Sets()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "backup\tof database\tversion\tlast commit\tfiles\tsize")
	for _, s := range sets {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%s\n", s.Name, s.Database[:8], s.Version, timeText(s.Time), len(s.Files), bytesText(s.Bytes()))
	}
	return errors.Join(w.Flush(), damaged)
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05.000000Z07:00")
}

func prune(dir string, keep int) error {
	d, err := backup.Open(vfs.Default, dir)
	if err != nil {
		return err
	}
	removed, err := d.Prune(keep)
	for _, name := range removed {
		fmt.Println("removed backup", name)
	}
	return err
}

type restoreCommand struct {
	Backups string `arg:"" help:"Directory of backups."`
	To      string `arg:"" help:"Directory for the database: a new or an empty one."`
	At      string `help:"The newest commit at or before: a time (2026-11-23 05:10:00, local unless it names a zone), version:N or lsn:N. Default: everything there is." placeholder:"WHEN"`
	Set     string `help:"The backup to begin with; see oxidb backup --list. Default: the best one." placeholder:"NAME"`
	Archive string `help:"Directory that the database's log was archived to (oxidb serve --archive)." placeholder:"DIR"`
}

// Help is shown by --help.
func (restoreCommand) Help() string {
	return `The database gets an identity of its own: what it writes to an archive does not mix with what the old one
wrote. A restore never writes over a database.

  oxidb restore /mnt/backups shop2
  oxidb restore /mnt/backups shop2 --archive /mnt/archive --at "2026-11-23 05:10:00"`
}

func (c *restoreCommand) Run(ctx context.Context) error {
	goal, err := parseGoal(c.At)
	if err != nil {
		return usage("%v", err)
	}
	d, err := backup.Open(vfs.Default, c.Backups)
	if err != nil {
		return err
	}
	bar := newBar(os.Stderr, "restore")
	bar.unit = bytesText
	start := time.Now()
	r, err := d.Restore(ctx, c.To, backup.RestoreOptions{Set: c.Set, Archive: c.Archive, Goal: goal, Progress: bar.show})
	bar.end()
	if err != nil {
		return err
	}
	fmt.Printf("restored %s from backup %s: version %d of %s, %s in %d files, %d commits from the log, in %v\n",
		c.To, r.Set.Name, r.Version, timeText(r.Time), bytesText(r.Bytes), r.Files, r.Commits, round(time.Since(start)))
	return nil
}

// timeFormats are the forms of a time in --at; fractions of a second may follow each.
func timeFormats() []string {
	return []string{"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05-07", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"}
}

func parseGoal(text string) (g backup.Goal, err error) {
	if text == "" {
		return g, nil
	}
	kind, number, numbered := strings.Cut(text, ":")
	if kind = strings.ToLower(kind); numbered && (kind == "version" || kind == "lsn") {
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil || n == 0 {
			return g, fmt.Errorf("--at %s: %q is no number", text, number)
		}
		if kind == "lsn" {
			return backup.Goal{LSN: n}, nil
		}
		return backup.Goal{Version: mvcc.Timestamp(n)}, nil
	}
	for _, format := range timeFormats() {
		if t, err := time.ParseInLocation(format, text, time.Local); err == nil {
			return backup.Goal{Time: t}, nil
		}
	}
	return g, fmt.Errorf("--at %s: not a time such as 2026-11-23 05:10:00, nor version:N, nor lsn:N", text)
}

type verifyBackupCommand struct {
	Backups string `arg:"" help:"Directory of backups."`
	Set     string `help:"The backup to verify; default: all." placeholder:"NAME"`
}

func (c *verifyBackupCommand) Run(ctx context.Context) error {
	d, err := backup.Open(vfs.Default, c.Backups)
	if err != nil {
		return err
	}
	sets, damaged := d.Sets()
	if c.Set != "" {
		s, err := d.Set(c.Set)
		if err != nil {
			return err
		}
		sets, damaged = []*backup.Set{s}, nil
	}
	if len(sets) == 0 && damaged == nil {
		return fmt.Errorf("there is no finished backup in %s", c.Backups)
	}
	for _, s := range sets {
		bar := newBar(os.Stderr, "verify "+s.Name)
		bar.unit = bytesText
		report, err := d.Verify(ctx, s, bar.show)
		bar.end()
		if err != nil {
			fmt.Printf("%s  DAMAGED  %s\n", s.Name, message(err))
			damaged = errors.Join(damaged, err)
			continue
		}
		fmt.Printf("%s  sound  version %d, %d tables, %s rows, %s\n", s.Name, s.Version, report.Tables, countText(report.Rows), bytesText(s.Bytes()))
	}
	if damaged != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "oxidb:", message(damaged))
		return reported(exitFailed)
	}
	return damaged
}

// message is an error without its SQLSTATE.
func message(err error) string {
	var known *sqlerr.Error
	if errors.As(err, &known) {
		return known.Message
	}
	return err.Error()
}

type archiveCommand struct {
	Server string `arg:"" help:"The server whose log is archived (oxidb serve --archive): grpc://host:port."`
}

func (c *archiveCommand) Run(ctx context.Context) error {
	if !shell.IsRemote(c.Server) {
		return usage("%s is no server; oxidb serve DIRECTORY --archive DIRECTORY archives a database's log", c.Server)
	}
	return call(ctx, c.Server, "CALL oxidb_archive()", "archived")
}

// call runs a statement without rows on a server.
func call(ctx context.Context, server, statement, done string) error {
	db, err := shell.OpenRemote(ctx, server)
	if err != nil {
		return unreachable{err}
	}
	answer, err := db.Query(ctx, statement)
	if err == nil {
		answer.Close()
	}
	if err = errors.Join(err, db.Close()); err != nil {
		fmt.Fprintln(os.Stderr, sqlerr.Render(err, statement))
		return reported(exitFailed)
	}
	fmt.Println(done)
	return nil
}
