package compare

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// contender is an engine on a dataset.
type contender struct {
	engine  string
	plain   bool // it runs the plain variant beside the renamed one
	options *Options
	data    *dataset
	command []string

	about   greeting
	opening request // how a process gets to its tables
	folder  string  // where their files are
	process *process
	seen    Engine
	times   map[int]*Timing
}

func newContender(o *Options, engine string, data *dataset, plain bool) *contender {
	c := &contender{engine: engine, plain: plain, options: o, data: data, command: o.command(engine), times: map[int]*Timing{}}
	c.seen.Name = c.label()
	for _, q := range o.Queries {
		c.times[q] = &Timing{}
	}
	return c
}

// command starts an engine.
func (o *Options) command(engine string) []string {
	if engine == Own {
		return append(o.Own[:len(o.Own):len(o.Own)], strconv.Itoa(o.Threads))
	}
	return []string{o.Python, filepath.Join(o.Scripts, engine+"_peer.py"), strconv.Itoa(o.Threads)}
}

func (c *contender) label() string {
	if c.plain {
		return c.engine + " plain"
	}
	return c.engine
}

// absent is why an engine takes no part.
type absent string

func (a absent) Error() string { return string(a) }

// prepare makes what the engine needs and opens it. The error is absent when the others can go on without.
func (c *contender) prepare(ctx context.Context) error {
	if err := c.greet(ctx); err != nil {
		return err
	}
	if err := c.locate(ctx); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(c.folder) // walking a folder does not follow a link to it
	if err != nil {
		return err
	}
	c.folder = real
	if c.seen.DiskBytes, err = sizeOf(c.folder); err != nil {
		return err
	}
	c.options.progress(c.label()+" opens its tables", 0, 0)
	return c.up(ctx)
}

// greet finds out what the engine is.
func (c *contender) greet(ctx context.Context) error {
	p, err := start(ctx, c.command)
	if err != nil {
		return c.judge(err)
	}
	if p.Missing != "" {
		return absent(p.Missing)
	}
	c.about = p.greeting
	c.seen.Version, c.seen.Note = p.Version, p.Note
	if err := p.quit(ctx); err != nil {
		return c.judge(err)
	}
	if c.options.Mode == Storage && !c.about.Stores {
		if c.options.Temperature == Cold {
			return absent("it keeps no tables on disk that could be cold; mode parquet measures it cold")
		}
		c.seen.note("keeps its tables in memory: they are read from Parquet when it starts, which counts for its memory and not for its times")
	}
	return nil
}

// locate makes sure that the engine's tables are there.
func (c *contender) locate(ctx context.Context) (err error) {
	switch {
	case c.options.Mode == Parquet:
		c.folder, err = c.data.files(ctx, c.options.command(c.options.Writer))
		c.opening = request{Do: "attach", Tables: c.data.tables(c.folder)}
		return err
	case c.engine == Own:
		c.folder, err = c.data.own(ctx)
	case c.about.Stores:
		c.folder, err = c.data.store(ctx, c.engine, c.command)
	default:
		c.folder, err = c.data.source(ctx)
		c.opening.Tables = c.data.tables(c.folder)
	}
	c.opening.Do, c.opening.Directory = "open", c.folder
	return c.judge(err)
}

// judge turns a peer's trouble into its absence. OxiDB's own is an error.
func (c *contender) judge(err error) error {
	var said refusal
	var gone lost
	if c.engine != Own && (errors.As(err, &said) || errors.As(err, &gone)) {
		return absent(err.Error())
	}
	return err
}

// up starts the engine on its tables.
func (c *contender) up(ctx context.Context) (err error) {
	if c.process, err = start(ctx, c.command); err != nil {
		c.process = nil
		return c.judge(err)
	}
	r, err := c.process.ask(ctx, time.Hour, c.opening)
	if err != nil {
		return c.judge(errors.Join(err, c.down(ctx, err)))
	}
	c.seen.OpenMillis = r.Millis
	return nil
}

// down ends the engine; after is the error that it ended with, if any.
func (c *contender) down(ctx context.Context, after error) error {
	p := c.process
	if p == nil {
		return nil
	}
	c.process = nil
	var gone lost
	if errors.As(after, &gone) {
		c.seen.PeakBytes = max(c.seen.PeakBytes, p.peak)
		return nil
	}
	err := p.quit(ctx)
	c.seen.PeakBytes = max(c.seen.PeakBytes, p.peak)
	return err
}

// run runs a query once, from scratch when runs are to be cold, and keeps its result in a file unless
// that is "". A query that fails is not tried again. The error is one that ends the benchmark.
func (c *contender) run(ctx context.Context, query int, timed bool, result string) error {
	t := c.times[query]
	if t.Problem != "" {
		return nil
	}
	if err := c.ready(ctx); err != nil {
		return c.fail(ctx, t, err)
	}
	r, err := c.process.ask(ctx, c.options.Limit, request{Do: "run", SQL: c.data.variant.Query(query), Result: result})
	if err != nil {
		return c.fail(ctx, t, err)
	}
	c.seen.PeakBytes = max(c.seen.PeakBytes, c.process.peak)
	if t.Rows = r.Rows; timed {
		t.Millis = append(t.Millis, r.Millis)
	}
	return nil
}

// ready has a process wait for a query: a new one on files that are not in memory when runs are cold.
func (c *contender) ready(ctx context.Context) error {
	if c.options.Temperature == Warm {
		if c.process != nil {
			return nil
		}
		return c.up(ctx)
	}
	if err := c.down(ctx, nil); err != nil {
		return err
	}
	if err := c.up(ctx); err != nil {
		return err
	}
	return evict(c.folder)
}

// fail keeps why a query has no answer. Interruptions and OxiDB's own failures end the benchmark.
func (c *contender) fail(ctx context.Context, t *Timing, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.engine == Own {
		return fmt.Errorf("%s: %w", c.label(), err)
	}
	t.Problem = err.Error()
	var gone lost
	if errors.As(err, &gone) {
		return c.down(ctx, err)
	}
	return nil
}
