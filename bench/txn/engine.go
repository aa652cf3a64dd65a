package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// engine is a database that takes commits.
type engine interface {
	name() string
	// start makes the database in a directory of its own, which exists, with the table
	// t (id bigint primary key, a text, b integer).
	start(ctx context.Context, dir string) error
	// run inserts rows from clients at once, each row a transaction, and counts them.
	run(ctx context.Context, clients int, length time.Duration) (outcome, error)
	stop() error
}

// outcome is what a measurement gives.
type outcome struct {
	commits int64
	seconds float64
	syncs   int64         // waits for the disk; 0 when the engine does not tell
	cpu     time.Duration // of this process, which is the engine's when it runs in process
}

func (o outcome) rate() float64 { return float64(o.commits) / o.seconds }

const textValue = "a value of middling length"

// clientLoop is an insert of one client; close ends the client.
type clientLoop struct {
	insert func(id int64) error
	close  func() error
}

// drive lets clients insert until the time is over.
func drive(clients int, length time.Duration, ids *atomic.Int64, open func() (clientLoop, error)) (outcome, error) {
	loops := make([]clientLoop, clients)
	for i := range loops {
		var err error
		if loops[i], err = open(); err != nil {
			return outcome{}, err
		}
	}
	var commits atomic.Int64
	errs := make([]error, clients)
	start, cpu := time.Now(), cpuTime()
	var all sync.WaitGroup
	for i := range loops {
		all.Go(func() {
			for errs[i] == nil && time.Since(start) < length {
				if errs[i] = loops[i].insert(ids.Add(1)); errs[i] == nil {
					commits.Add(1)
				}
			}
		})
	}
	all.Wait()
	took, cpu := time.Since(start).Seconds(), cpuTime()-cpu
	for i := range loops {
		errs[i] = errors.Join(errs[i], loops[i].close())
	}
	return outcome{commits: commits.Load(), seconds: took, cpu: cpu}, errors.Join(errs...)
}
