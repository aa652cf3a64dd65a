package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// shortRows is the size of the tables that short statements read.
const shortRows = 1_000_000

// shortKinds are the statements: one row by primary key, an aggregate over about a hundred rows found by
// an index, and a row inserted. All databases are in memory: no disk is waited for.
var shortKinds = []string{"point", "aggregate", "insert"}

// shortClient runs short statements, one after the other. n counts them; all clients of an engine together
// get ascending numbers.
type shortClient interface {
	run(ctx context.Context, kind string, n int64) error
	close() error
}

// shortEngine is a database that takes short statements from clients in this process.
type shortEngine interface {
	name() string
	start(ctx context.Context) error
	client(ctx context.Context) (shortClient, error)
	stop() error
}

// taken is what a measurement saw.
type taken struct {
	perSecond float64
	p50, p99  time.Duration
}

// short measures short statements and prints a line each.
func (c *config) short(ctx context.Context) error {
	length := time.Duration(c.seconds * float64(time.Second))
	var points float64
	var slowest time.Duration
	for _, e := range []shortEngine{&shortOxi{}, &shortFlight{}, &shortSQLite{}} {
		if !c.wants(e.name()) {
			continue
		}
		err := func() (err error) {
			if err := e.start(ctx); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, e.stop()) }()
			next := int64(shortRows)
			for _, kind := range shortKinds {
				for _, clients := range []int{1, 2} {
					var m taken
					err := profiled(c.profile, fmt.Sprintf("%s-%s-%d", e.name(), kind, clients), func() (err error) {
						m, err = measureShort(ctx, e, kind, clients, length, &next)
						return err
					})
					if err != nil {
						return fmt.Errorf("%s of %s: %w", kind, e.name(), err)
					}
					m.print(e.name(), kind, clients)
					switch {
					case kind == "point" && e.name() == "oxidb":
						points = max(points, m.perSecond)
					case kind == "point" && e.name() == "oxidb-flight" && clients == 1:
						slowest = m.p99
					}
				}
			}
			return nil
		}()
		if err != nil {
			return err
		}
	}
	if c.python != "" && c.wants("duckdb") {
		if err := c.shortDuckDB(ctx, length); err != nil {
			return err
		}
	}
	fmt.Printf("point_select_per_s=%.0f flight_p99_ms=%.3f\n", points, float64(slowest.Microseconds())/1e3)
	return nil
}

func (m taken) print(engine, kind string, clients int) {
	fmt.Printf("engine=%s statement=%s clients=%d per_s=%.0f p50_us=%.1f p99_us=%.1f\n", engine, kind, clients, m.perSecond,
		float64(m.p50.Nanoseconds())/1e3, float64(m.p99.Nanoseconds())/1e3)
}

// measureShort runs statements of a kind from as many clients for a while, after a tenth of it to warm up.
func measureShort(ctx context.Context, e shortEngine, kind string, clients int, length time.Duration, next *int64) (taken, error) {
	var mu sync.Mutex
	number := func() int64 {
		mu.Lock()
		defer mu.Unlock()
		*next++
		return *next
	}
	times := make([][]time.Duration, clients)
	errs := make([]error, clients)
	warm := time.Now().Add(length / 10)
	end := warm.Add(length)
	var wait sync.WaitGroup
	for i := range clients {
		wait.Go(func() {
			client, err := e.client(ctx)
			if err != nil {
				errs[i] = err
				return
			}
			defer func() { errs[i] = errors.Join(errs[i], client.close()) }()
			for at := time.Now(); at.Before(end); {
				n := number()
				if err := client.run(ctx, kind, n); err != nil {
					errs[i] = err
					return
				}
				now := time.Now()
				if at.After(warm) {
					times[i] = append(times[i], now.Sub(at))
				}
				at = now
			}
		})
	}
	wait.Wait()
	all := slices.Concat(times...)
	if err := errors.Join(errs...); err != nil || len(all) == 0 {
		return taken{}, errors.Join(err, errors.New("nothing was measured"))
	}
	slices.Sort(all)
	return taken{float64(len(all)) / length.Seconds(), all[len(all)/2], all[len(all)*99/100]}, nil
}

// shortKey is the key that statement n asks for: a walk through the whole table.
func shortKey(n int64) int64 { return n*7919%shortRows + 1 }
