package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const manyClients = 32

// sample is one round's figures of an engine.
type sample struct {
	One        float64 `json:"commits_1"`
	Many       float64 `json:"commits_32"`
	DiskOne    float64 `json:"fdatasync_1"`  // the disk's own rate around the one client
	DiskMany   float64 `json:"fdatasync_32"` // and around the many
	PerSync    float64 `json:"commits_per_fsync,omitempty"`
	PerSyncOne float64 `json:"commits_per_fsync_1,omitempty"`
	CPUMicros  float64 `json:"cpu_us_32,omitempty"` // of this process, a commit of many clients
}

// commits measures all engines in turns.
func (c *config) commits(ctx context.Context) (err error) {
	engines, err := c.engines(ctx)
	defer func() {
		for _, e := range engines {
			err = errors.Join(err, e.stop())
		}
	}()
	if err != nil {
		return err
	}
	all := map[string][]sample{}
	for round := range c.rounds {
		order := slices.Clone(engines)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, e := range order {
			s, err := c.measure(ctx, e)
			if err != nil {
				return fmt.Errorf("%s: %w", e.name(), err)
			}
			all[e.name()] = append(all[e.name()], s)
			fmt.Printf("round %d %-9s 1 client %7.0f/s (disk %5.0f/s)   32 clients %7.0f/s (disk %5.0f/s)\n",
				round+1, e.name(), s.One, s.DiskOne, s.Many, s.DiskMany)
		}
	}
	return c.report(engines, all)
}

// engines starts those that are wanted; what was started is given with an error, too.
func (c *config) engines(ctx context.Context) (started []engine, err error) {
	all := []engine{&oxi{}, &postgres{}, &sqlite{}}
	if c.python != "" {
		all = append(all, &duckdb{python: c.python, script: c.script()})
	}
	for _, e := range all {
		if !c.wants(e.name()) {
			continue
		}
		dir := filepath.Join(c.dir, e.name())
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return started, err
		}
		if err := e.start(ctx, dir); err != nil {
			return started, fmt.Errorf("starting %s: %w", e.name(), err)
		}
		started = append(started, e)
	}
	return started, nil
}

// script finds DuckDB's side from this module's directory or the repository's root.
func (c *config) script() string {
	const script = "peer/duckdb_txn.py"
	if _, err := os.Stat(script); err == nil {
		return script
	}
	return filepath.Join("bench/txn", script)
}

func (c *config) wants(name string) bool {
	return c.only == "" || slices.Contains(strings.Split(c.only, ","), name)
}

// measure is a turn of one engine, the disk's rate measured before, between and after.
func (c *config) measure(ctx context.Context, e engine) (s sample, err error) {
	var disk [3]float64
	if disk[0], err = diskRate(c.dir, c.length()/4); err != nil {
		return s, err
	}
	one, err := c.turn(ctx, e, 1)
	if err != nil {
		return s, err
	}
	if disk[1], err = diskRate(c.dir, c.length()/4); err != nil {
		return s, err
	}
	many, err := c.turn(ctx, e, manyClients)
	if err != nil {
		return s, err
	}
	if disk[2], err = diskRate(c.dir, c.length()/4); err != nil {
		return s, err
	}
	s = sample{One: one.rate(), Many: many.rate(), DiskOne: (disk[0] + disk[1]) / 2, DiskMany: (disk[1] + disk[2]) / 2}
	if many.syncs > 0 {
		s.PerSync, s.PerSyncOne = float64(many.commits)/float64(many.syncs), float64(one.commits)/float64(max(one.syncs, 1))
		s.CPUMicros = float64(many.cpu.Microseconds()) / float64(max(many.commits, 1))
	}
	return s, nil
}

// turn is one measurement.
func (c *config) turn(ctx context.Context, e engine, clients int) (out outcome, err error) {
	err = profiled(c.profile, fmt.Sprintf("%s-%d", e.name(), clients), func() error {
		out, err = e.run(ctx, clients, c.length())
		return err
	})
	return out, err
}

func medianOf(samples []sample, f func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = f(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func one(s sample) float64  { return s.One }
func many(s sample) float64 { return s.Many }

// report prints medians and keeps everything in files.
func (c *config) report(engines []engine, all map[string][]sample) error {
	var b strings.Builder
	fmt.Fprintf(&b, "| engine | 1 client, commits/s | of fdatasync | 32 clients, commits/s | of fdatasync |\n|---|---|---|---|---|\n")
	for _, e := range engines {
		s := all[e.name()]
		fmt.Fprintf(&b, "| %s | %.0f | %.2f | %.0f | %.2f |\n", e.name(), medianOf(s, one), medianOf(s, func(s sample) float64 { return s.One / s.DiskOne }),
			medianOf(s, many), medianOf(s, func(s sample) float64 { return s.Many / s.DiskMany }))
	}
	last := lastLine(all)
	fmt.Print(b.String(), last, "\n")
	if c.results == "" {
		return nil
	}
	text, err := json.MarshalIndent(map[string]any{"at": time.Now().UTC().Format(time.RFC3339), "seconds": c.seconds, "samples": all}, "", " ")
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(c.results, 0o755), os.WriteFile(filepath.Join(c.results, "txn.json"), append(text, '\n'), 0o644),
		os.WriteFile(filepath.Join(c.results, "txn.md"), []byte("# Commits\n\nMedians of "+fmt.Sprint(c.rounds)+" rounds in turns.\n\n"+b.String()+"\n    "+last+"\n"), 0o644))
}

// lastLine is for scripts.
func lastLine(all map[string][]sample) string {
	ours := all["oxidb"]
	if len(ours) == 0 {
		return ""
	}
	line := fmt.Sprintf("commits_1=%.0f fdatasync=%.0f ratio_1=%.2f commits_32=%.0f commits_per_fsync=%.1f cpu_us=%.0f", medianOf(ours, one),
		medianOf(ours, func(s sample) float64 { return s.DiskOne }), medianOf(ours, func(s sample) float64 { return s.One / s.DiskOne }),
		medianOf(ours, many), medianOf(ours, func(s sample) float64 { return s.PerSync }),
		medianOf(ours, func(s sample) float64 { return s.CPUMicros }))
	for _, peer := range []string{"postgres", "sqlite", "duckdb"} {
		if s := all[peer]; len(s) > 0 {
			line += fmt.Sprintf(" vs_%s_1=%.2f vs_%s=%.2f", peer, medianOf(ours, one)/medianOf(s, one), peer, medianOf(ours, many)/medianOf(s, many))
		}
	}
	return line
}
