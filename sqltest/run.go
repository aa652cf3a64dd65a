package sqltest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oxidb/oxidb/sqlerr"
)

// recordTimeout bounds one record, so a statement that blocks on another connection fails by name.
const recordTimeout = 60 * time.Second

// Failure is a record whose outcome is not the expected one.
type Failure struct {
	Record    Record
	Want, Got string
	State     sqlerr.State // SQLSTATE of an unexpected error, "" otherwise
}

func (f Failure) String() string {
	return fmt.Sprintf("%s:%d\n%s\nwant:\n%s\ngot:\n%s", f.Record.File, f.Record.Line,
		indent(f.Record.SQL), indent(f.Want), indent(f.Got))
}

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

// Report counts what a run did. Edits holds, in rewriting mode only, the new lines of each record whose
// expectation differs from the engine's answer.
type Report struct {
	Run, Skipped int
	Failures     []Failure
	Edits        []Edit
}

// Run executes the records in order on one engine. names are the engine's and the configuration's, for
// skipif and onlyif. With rewrite set, an answer that differs becomes an edit instead of a failure; a
// success where an error was expected, or the reverse, stays a failure.
func Run(engine Engine, records []Record, names []string, rewrite bool) (report Report, err error) {
	r := &run{engine: engine, conns: map[string]Conn{}, labels: map[string]string{}, rewrite: rewrite, report: &report}
	defer func() { err = errors.Join(err, r.close()) }()
	for i := range records {
		record := &records[i]
		if !record.appliesTo(names) {
			report.Skipped++
			continue
		}
		if record.Kind == Halt {
			report.Skipped += len(records) - i - 1
			return report, nil
		}
		report.Run++
		if err := r.record(record); err != nil {
			return report, fmt.Errorf("%s:%d: %w", record.File, record.Line, err)
		}
	}
	return report, nil
}

type run struct {
	engine  Engine
	conns   map[string]Conn
	labels  map[string]string // label to the hash of its first result
	rewrite bool
	report  *Report
}

func (r *run) close() (err error) {
	for _, c := range r.conns {
		err = errors.Join(err, c.Close())
	}
	return err
}

func (r *run) conn(name string) (Conn, error) {
	if c := r.conns[name]; c != nil {
		return c, nil
	}
	c, err := r.engine.Connect(name)
	if err != nil {
		return nil, fmt.Errorf("connecting %q: %w", name, err)
	}
	r.conns[name] = c
	return c, nil
}

func (r *run) fail(record *Record, want, got string, state sqlerr.State) {
	r.report.Failures = append(r.report.Failures, Failure{Record: *record, Want: want, Got: got, State: state})
}

func (r *run) record(record *Record) error {
	conn, err := r.conn(record.Conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
	defer cancel()
	if record.Kind == Query {
		r.query(ctx, conn, record)
	} else {
		r.statement(ctx, conn, record)
	}
	return nil
}

func (r *run) statement(ctx context.Context, conn Conn, record *Record) {
	count, err := conn.Exec(ctx, record.SQL)
	switch {
	case record.Kind == StatementError:
		r.wantError(record, err)
	case err != nil:
		r.fail(record, "success", describe(err), sqlerr.StateOf(err))
	case record.Kind == StatementCount && count != record.Count:
		if !r.edit(record, fmt.Sprintf("statement count %d", count), nil) {
			r.fail(record, fmt.Sprintf("%d rows", record.Count), fmt.Sprintf("%d rows", count), "")
		}
	}
}

func describe(err error) string { return fmt.Sprintf("error %s: %v", sqlerr.StateOf(err), err) }

func (r *run) wantError(record *Record, err error) {
	if err == nil {
		r.fail(record, record.wantedErrorText(), "success", "")
		return
	}
	state := string(sqlerr.StateOf(err))
	stateGood := state == record.State || record.State == "" && (record.Message != nil || !r.rewrite)
	if stateGood && (record.Message == nil || record.Message.MatchString(err.Error())) {
		return
	}
	if record.Message != nil || !r.edit(record, "statement error "+state, nil) {
		r.fail(record, record.wantedErrorText(), describe(err), sqlerr.State(state))
	}
}

func (r *Record) wantedErrorText() string {
	want := "error"
	if r.State != "" {
		want += " " + r.State
	}
	if r.Message != nil {
		want += " matching " + r.Message.String()
	}
	return want
}

func (r *run) query(ctx context.Context, conn Conn, record *Record) {
	columns, rows, err := conn.Query(ctx, record.SQL)
	if err != nil {
		r.fail(record, strings.Join(record.Want, "\n"), describe(err), sqlerr.StateOf(err))
		return
	}
	chosen := *record
	if record.Types == "?" && r.rewrite {
		chosen.Types = typeLetters(columns)
	}
	if len(columns) != len(chosen.Types) || chosen.Types == "?" {
		r.fail(record, fmt.Sprintf("columns of types %s", record.Types), fmt.Sprintf("%d columns %v", len(columns), columns), "")
		return
	}
	answer := newResult(&chosen, columns, rows)
	r.checkLabel(record, &answer)
	if answer.matches(record.Want) && chosen.Types == record.Types {
		return
	}
	if !r.edit(record, chosen.queryHeader(), answer.expectation(record.hashThreshold)) {
		r.fail(record, strings.Join(record.Want, "\n"), strings.Join(answer.lines(), "\n"), "")
	}
}

func (r *run) checkLabel(record *Record, answer *result) {
	if record.Label == "" {
		return
	}
	sum := hash(answer.values())
	first, seen := r.labels[record.Label]
	if !seen {
		r.labels[record.Label] = sum
	} else if first != sum {
		r.fail(record, "label "+record.Label+" gave "+first, sum, "")
	}
}
