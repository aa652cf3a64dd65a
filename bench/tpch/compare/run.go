package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/oxidb/oxidb/bench/tpch"
	"github.com/oxidb/oxidb/bench/tpch/runner"
)

// Run runs the benchmark. A wrong answer of OxiDB is an error, runner.ErrWrongAnswer, that comes with the
// report; a peer that cannot be had or fails is part of the report.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &benchmark{options: &o, report: newReport(&o)}
	defer func() { err = errors.Join(err, b.close(context.WithoutCancel(ctx))) }()
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	b.report.LoadBefore = load()
	if err := b.rounds(ctx); err != nil {
		return nil, err
	}
	b.report.LoadAfter = load()
	b.report.finish(b.contenders)
	return b.report, b.report.verdict()
}

type benchmark struct {
	options    *Options
	report     *Report
	contenders []*contender
	results    string // the folder of the results of one query
	done       int    // steps
}

// prepare gets all contenders to where they wait for a query.
func (b *benchmark) prepare(ctx context.Context) error {
	var err error
	if b.results, err = os.MkdirTemp("", "tpch-results-"); err != nil {
		return err
	}
	data := newDataset(b.options, b.options.Variant)
	for _, engine := range append([]string{Own}, b.options.Peers...) {
		if err := b.admit(ctx, newContender(b.options, engine, data, false)); err != nil {
			return err
		}
	}
	if b.options.Variant == PlainVariant {
		return nil
	}
	plain := newDataset(b.options, PlainVariant)
	for _, engine := range append([]string{Own}, b.options.Peers[:min(1, len(b.options.Peers))]...) {
		if err := b.admit(ctx, newContender(b.options, engine, plain, true)); err != nil {
			return err
		}
	}
	return nil
}

// admit prepares a contender or keeps why it is left out.
func (b *benchmark) admit(ctx context.Context, c *contender) error {
	err := c.prepare(ctx)
	var reason absent
	if errors.As(err, &reason) {
		b.report.LeftOut = append(b.report.LeftOut, LeftOut{c.label(), string(reason)})
		return nil
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", c.label(), err), c.down(ctx, err))
	}
	b.contenders = append(b.contenders, c)
	return nil
}

// rounds runs everything. Warm runs have a round ahead that is not timed; the first round's results are
// compared.
func (b *benchmark) rounds(ctx context.Context) error {
	first := 0
	if b.options.Temperature == Cold {
		first = 1
	}
	for round := first; round <= b.options.Rounds; round++ {
		for at, query := range b.options.Queries {
			if err := b.turn(ctx, round, at, query, round == first); err != nil {
				return fmt.Errorf("Q%d: %w", query, err)
			}
		}
	}
	return nil
}

// turn runs a query on all contenders.
func (b *benchmark) turn(ctx context.Context, round, at, query int, compared bool) error {
	rounds := b.options.Rounds
	if b.options.Temperature == Warm {
		rounds++
	}
	steps := rounds * len(b.options.Queries) * len(b.contenders)
	what := "warming up"
	if round > 0 {
		what = fmt.Sprintf("round %d of %d", round, b.options.Rounds)
	}
	for i := range b.contenders {
		n := (i + at + round) % len(b.contenders)
		c, file := b.contenders[n], ""
		if compared {
			file = filepath.Join(b.results, fmt.Sprint(n))
		}
		b.done++
		b.options.progress(fmt.Sprintf("%s, Q%d, %s", what, query, c.label()), b.done, steps)
		if err := c.run(ctx, query, round > 0, file); err != nil {
			return err
		}
	}
	if !compared {
		return nil
	}
	return b.compare(query)
}

// compare judges the results of a query.
func (b *benchmark) compare(query int) error {
	var results []result
	for i, c := range b.contenders {
		if c.times[query].Problem != "" {
			continue
		}
		r := result{contender: c}
		var err error
		if r.kinds, r.rows, err = readResult(filepath.Join(b.results, fmt.Sprint(i))); err != nil {
			return err
		}
		results = append(results, r)
	}
	for _, plain := range []bool{false, true} {
		group := slices.DeleteFunc(slices.Clone(results), func(r result) bool { return r.contender.plain != plain })
		if err := b.judge(query, group); err != nil {
			return err
		}
	}
	return nil
}

// result is what a contender answered.
type result struct {
	contender *contender
	kinds     []tpch.ColumnType
	rows      [][]any
}

// judge compares results on the same data: with the known answer where there is one, otherwise with the
// first peer's, or OxiDB's when it is alone.
func (b *benchmark) judge(query int, results []result) error {
	if len(results) == 0 {
		return nil
	}
	answer, by, err := b.reference(query, results)
	if err != nil {
		return err
	}
	for _, r := range results {
		t := r.contender.times[query]
		t.Reference = by
		if err := sameKinds(answer, r.kinds); err != nil {
			t.Agreement, t.Difference = tpch.Differs, err.Error()
			continue
		}
		agreement, err := answer.Agrees(query, r.rows)
		if t.Agreement = agreement; err != nil {
			t.Difference = err.Error()
		}
	}
	return nil
}

func (b *benchmark) reference(query int, results []result) (answer *tpch.Answer, by string, err error) {
	if results[0].contender.data.variant.IsPlain() {
		if answer, err = tpch.ReadAnswer(b.options.Scale, query); err == nil {
			return answer, "the known answer", nil
		}
	}
	from := results[min(1, len(results)-1)] // OxiDB is first
	answer, err = tpch.AnswerOf(query, from.rows)
	return answer, from.contender.label(), err
}

// close ends all processes.
func (b *benchmark) close(ctx context.Context) error {
	var err error
	for _, c := range b.contenders {
		if c.process == nil {
			continue
		}
		if c.process.command.ProcessState != nil { // ended already, by an interruption
			continue
		}
		err = errors.Join(err, c.down(ctx, nil))
	}
	if b.results != "" {
		err = errors.Join(err, os.RemoveAll(b.results))
	}
	return err
}

// newReport starts a report.
func newReport(o *Options) *Report {
	return &Report{
		Name: o.Name(), At: time.Now().UTC().Format(time.RFC3339), Scale: o.Scale, Mode: o.Mode, Writer: o.Writer, Temperature: o.Temperature,
		Variant: o.Variant, Seed: o.Seed, Threads: o.Threads, Rounds: o.Rounds, Machine: machine(),
	}
}

// verdict is an error when an answer of OxiDB is wrong.
func (r *Report) verdict() error {
	for _, q := range r.Queries {
		for _, t := range q.Times {
			if (t.Engine == Own || t.Engine == Own+" plain") && t.Agreement == tpch.Differs {
				return fmt.Errorf("Q%d: %w beside %s: %s", q.Query, runner.ErrWrongAnswer, t.Reference, t.Difference)
			}
		}
	}
	return nil
}
