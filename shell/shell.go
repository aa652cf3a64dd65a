// Package shell is OxiDB's command line for people and scripts: it reads statements and backslash
// commands, runs them on an embedded database or a Flight SQL server, and draws the answers.
//
// Standard output carries data alone; errors, row counts, times and progress go to standard error.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Errors that Run and its kin return. The failure itself has been reported on standard error already.
var (
	// ErrFailed means that a statement or command failed.
	ErrFailed = errors.New("a statement failed")
	// ErrInterrupted means that the context ended while a statement ran.
	ErrInterrupted = errors.New("interrupted")
	// errQuit is \q.
	errQuit = errors.New("quit")
)

// Backend is a connection to a database: embedded or over Flight SQL. One statement runs at a time.
type Backend interface {
	// Query runs one statement. The caller reads the answer's batches to the end, or closes it.
	Query(ctx context.Context, sql string) (Answer, error)
	// RowsScanned is the number of table rows that the statement has read so far, 0 when that is not
	// known. It may be asked while Query runs.
	RowsScanned() int64
	// Target is what was opened: a path or an address.
	Target() string
	// Transaction tells the state of the transaction block for the prompt: "" outside of one, "*"
	// inside, "!" when it has failed.
	Transaction() string
	// TimeZone is the session's time zone, in which timestamptz is shown.
	TimeZone() string
	Close() error
}

// Connect opens target: a directory, ":memory:" or "grpc://host:port".
type Connect func(ctx context.Context, target string) (Backend, error)

// Config says how a shell meets its surroundings.
type Config struct {
	Out, Err io.Writer
	// OutTerminal and ErrTerminal tell that the writers are terminals: tables are fitted to Width and
	// cut to MaxRows on the one, progress and row counts are shown on the other.
	OutTerminal, ErrTerminal bool
	// Width gives the terminal's width in columns.
	Width func() int
	// Color allows escape sequences on terminals.
	Color bool
	// Mode is the output mode at the start; empty means box.
	Mode string
	// MaxRows is how many rows a box on a terminal shows; the middle of a longer one is left out.
	MaxRows int
	// KeepGoing runs a script to its end in spite of failures.
	KeepGoing bool
	// Connect serves \c.
	Connect Connect
}

// Shell runs statements and commands. Its methods are not safe for concurrent use.
type Shell struct {
	cfg      Config
	db       Backend
	data     io.Writer // where rows go: Out, or the file of \o
	file     *os.File  // the file of \o
	mode     string
	expanded bool
	timing   bool
	null     string
	maxRows  int
	names    *nameCache
	nesting  int // of \i
}

// maxNesting bounds files that include each other.
const maxNesting = 16

// New makes a shell over db, which Close closes.
func New(db Backend, cfg Config) (*Shell, error) {
	if cfg.Mode == "" {
		cfg.Mode = "box"
	}
	if !knownMode(cfg.Mode) {
		return nil, fmt.Errorf("unknown output mode %q: %s", cfg.Mode, strings.Join(modeNames(), ", "))
	}
	if cfg.MaxRows <= 0 {
		cfg.MaxRows = 40
	}
	if cfg.Width == nil {
		cfg.Width = func() int { return 0 }
	}
	return &Shell{cfg: cfg, db: db, data: cfg.Out, mode: cfg.Mode, null: "NULL", maxRows: cfg.MaxRows, names: &nameCache{}}, nil
}

// Close closes the file of \o and the connection.
func (s *Shell) Close() error {
	return errors.Join(s.redirect(""), s.db.Close())
}

// say writes talk.
func (s *Shell) say(format string, args ...any) { fmt.Fprintf(s.cfg.Err, format+"\n", args...) }

// chatty reports whether a person is watching: row counts and tags are for them alone.
func (s *Shell) chatty() bool { return s.cfg.OutTerminal && s.cfg.ErrTerminal || s.timing }

// Statement runs one statement and shows its answer. A failure is reported.
func (s *Shell) Statement(ctx context.Context, sql string) error {
	return s.statement(ctx, sql, place{})
}

// place is where a statement or command begins: the line of a file, which has no name for other input.
type place struct {
	file string
	line int
}

// before is what stands in front of a report about the byte at offset of text, which begins here.
func (p place) before(text string, offset int) string {
	if p.file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", p.file, p.line+sqlerr.PositionIn(text, offset).Line-1)
}

func (s *Shell) statement(ctx context.Context, sql string, at place) error {
	start := time.Now()
	p := s.startProgress()
	err := s.show(ctx, sql, p, start)
	p.end()
	if err == nil {
		return nil
	}
	if ended(ctx) && (sqlerr.StateOf(err) == sqlerr.QueryCanceled || errors.Is(err, ctx.Err())) {
		s.say("%scancelled after %s", at.before(sql, 0), elapsed(time.Since(start)))
		return ErrInterrupted
	}
	offset := 0
	if e := (*sqlerr.Error)(nil); errors.As(err, &e) {
		offset = e.Pos
	}
	s.say("%s%s", at.before(sql, offset), s.paint(red, sqlerr.Render(err, sql)))
	return ErrFailed
}

// ended reports whether ctx is over. A server keeps the deadline too, and its end of the stream can
// arrive before ctx's own timer fires.
func ended(ctx context.Context) bool {
	deadline, timed := ctx.Deadline()
	return ctx.Err() != nil || timed && !time.Now().Before(deadline)
}

func (s *Shell) show(ctx context.Context, sql string, p *progress, start time.Time) error {
	answer, err := s.db.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer answer.Close()
	if changesNames(answer.Tag()) {
		s.names.forget()
	}
	if !answer.HasRows() {
		p.end()
		if s.chatty() {
			s.say("%s", s.paint(dim, tagText(answer)+" · "+elapsed(time.Since(start))))
		}
		return nil
	}
	rows, hidden, err := s.draw(answer, p)
	if err != nil {
		return err
	}
	if s.chatty() {
		s.say("%s", s.paint(dim, rowsText(rows, hidden, answer.Schema().NumFields())+" · "+elapsed(time.Since(start))))
	}
	return nil
}

// draw writes the answer's rows in the current mode.
func (s *Shell) draw(answer Answer, p *progress) (rows int64, hidden int, err error) {
	out := &quietWriter{w: s.data, before: p.end}
	page := newPage(answer, s.location(), s.null)
	w := s.writer(out, page, answer.Tag())
	for rec, err := range answer.Batches() {
		if err != nil {
			return rows, 0, errors.Join(err, out.err)
		}
		rows += rec.NumRows()
		err = page.load(rec)
		if err == nil {
			err = w.rows(page)
		}
		rec.Release()
		if err != nil {
			return rows, 0, err
		}
	}
	p.end()
	hidden, err = w.end(page)
	return rows, hidden, err
}

// location is the session's time zone.
func (s *Shell) location() *time.Location {
	loc, err := types.LoadLocation(s.db.TimeZone())
	if err != nil { // a zone that this machine does not know is shown as UTC, with its offset
		return time.UTC
	}
	return loc
}

// quietWriter clears the progress line before the first byte of data.
type quietWriter struct {
	w      io.Writer
	before func()
	err    error
}

func (q *quietWriter) Write(b []byte) (int, error) {
	q.before()
	n, err := q.w.Write(b)
	if err != nil {
		q.err = fmt.Errorf("writing the output: %w", err)
	}
	return n, q.err
}

// tagText is what a statement without rows did.
func tagText(a Answer) string {
	switch tag := a.Tag(); tag {
	case "INSERT", "UPDATE", "DELETE", "COPY", "CREATE TABLE AS":
		return tag + " " + plural(a.RowsAffected(), "row")
	default:
		return tag
	}
}

func rowsText(rows int64, hidden, columns int) string {
	text := plural(rows, "row")
	if hidden > 0 {
		text += fmt.Sprintf(", %d of %s shown", columns-hidden, plural(int64(columns), "column"))
	}
	return text
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// thousands groups digits for people: 6,001,215.
func thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// elapsed is a duration as people read it.
func elapsed(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
