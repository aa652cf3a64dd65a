package metamorphic

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
	"github.com/oxidb/oxidb/sqlerr"
)

// Replay runs a history under options and gives the answer to each statement, and at the end the
// state. An error is the engine's failure, not a statement's.
func Replay(ctx context.Context, ops []Op, o Options) (answers []string, err error) {
	p := &player{options: o, disk: disk.New(), rng: rand.New(rand.NewPCG(1, 1))}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic after %d statements: %v", len(answers), r)
		}
	}()
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	for i, op := range ops {
		answers = append(answers, p.run(ctx, op))
		if err := p.between(ctx, i+1); err != nil {
			return answers, fmt.Errorf("after statement %d: %w", i+1, err)
		}
	}
	state, err := p.state(ctx)
	return append(answers, state), errors.Join(err, p.stop())
}

// player is a database that a history runs on.
type player struct {
	options  Options
	disk     *disk.Disk
	rng      *rand.Rand
	db       *oxidb.DB
	sessions []*oxidb.Session
}

func (p *player) start(ctx context.Context) (err error) {
	path := "/db"
	if p.options.InMemory {
		path = oxidb.InMemory
	}
	p.db, err = oxidb.Open(ctx, path, func(o *oxidb.Options) {
		o.FS, o.Threads, o.CacheLimit, o.CheckpointBytes, o.AsyncCommit = p.disk, p.options.Threads, p.options.CacheLimit, p.options.CheckpointBytes, p.options.Async
		o.LogFileBytes, o.Retention = p.options.LogFileBytes, p.options.Retention
	})
	if err != nil {
		return err
	}
	p.sessions = nil
	for range sessions {
		s, err := p.db.Session()
		if err == nil {
			err = s.Set("disabled_rules", p.options.Disabled)
		}
		if err != nil {
			return err
		}
		p.sessions = append(p.sessions, s)
	}
	return nil
}

func (p *player) stop() error { return p.db.Close() }

// run gives a statement's answer: rows in order of their texts, the number of rows changed, or the
// error's SQLSTATE.
func (p *player) run(ctx context.Context, op Op) string {
	s := p.sessions[op.Session]
	if !strings.HasPrefix(op.SQL, "SELECT") && !strings.HasPrefix(op.SQL, "WITH") {
		n, err := s.Exec(ctx, op.SQL)
		if err != nil {
			return failure(err)
		}
		return fmt.Sprint(n, " rows")
	}
	rows, err := query(ctx, s, op.SQL)
	if err != nil {
		return failure(err)
	}
	slices.Sort(rows)
	return strings.Join(rows, "\n")
}

func failure(err error) string {
	if state := sqlerr.StateOf(err); state != sqlerr.InternalError && state != "" {
		return "error " + string(state)
	}
	return "failure: " + err.Error()
}

func query(ctx context.Context, s *oxidb.Session, sql string) ([]string, error) {
	result, err := s.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var rows []string
	for row, err := range result.Rows() {
		if err != nil {
			return nil, err
		}
		rows = append(rows, fmt.Sprint(row...))
	}
	return rows, nil
}

// between does what the options ask for after a statement.
func (p *player) between(ctx context.Context, done int) error {
	if n := p.options.CheckpointEach; n > 0 && done%n == 0 && !p.options.InMemory {
		if err := p.db.Checkpoint(ctx); err != nil {
			return err
		}
	}
	if n := p.options.VacuumEach; n > 0 && done%n == 0 {
		vacuum := "VACUUM"
		if p.options.Rewrite {
			vacuum = "VACUUM FULL"
		}
		if _, err := p.db.Exec(ctx, vacuum); err != nil {
			return err
		}
	}
	if n := p.options.Reopen; n == 0 || done%n != 0 || p.options.InMemory || p.busy() {
		return nil
	}
	if p.options.Crash {
		after := p.disk.Crash(disk.LoseAll, p.rng)
		p.disk.Off()
		_ = p.stop() // on a machine that is gone
		p.disk = after
	} else if err := p.stop(); err != nil {
		return err
	}
	return p.start(ctx)
}

// busy reports whether a transaction is open.
func (p *player) busy() bool {
	return slices.ContainsFunc(p.sessions, func(s *oxidb.Session) bool { open, _ := s.InTransaction(); return open })
}

// state is all tables and their rows, as a hash each.
func (p *player) state(ctx context.Context) (string, error) {
	s, err := p.db.Session()
	if err != nil {
		return "", err
	}
	defer s.Close()
	names, err := query(ctx, s, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range names {
		rows, err := query(ctx, s, "SELECT * FROM "+name)
		if err != nil {
			return "", err
		}
		slices.Sort(rows)
		h := fnv.New64a()
		for _, row := range rows {
			fmt.Fprintln(h, row)
		}
		fmt.Fprintf(&b, "%s: %d rows, hash %x\n", name, len(rows), h.Sum64())
	}
	return b.String(), nil
}
