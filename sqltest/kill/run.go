package kill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/oxidb/oxidb/mvcc/proof"
)

// Options say what to run.
type Options struct {
	Binary  string // of oxidb
	Dir     string // an empty directory for the database
	Kills   int
	Clients int
	Seed    uint64
	// Limit ends the run early; 0 means none.
	Limit    time.Duration
	Progress io.Writer
}

// rig is one database that is served and killed again and again.
type rig struct {
	Options
	rng     *rand.Rand
	ledgers []*ledger
	base    map[int64]int64 // balances before the entries that are there
	made    bool            // the tables were
	starts  time.Duration   // how long the last start took
	out     proof.Outcome
}

// Run kills a server and starts it again until a violation or the number of kills is reached. The seed
// decides what clients do and when the server is killed; how far it is then is not the seed's.
func Run(ctx context.Context, o Options) proof.Outcome {
	r := &rig{Options: o, rng: rand.New(rand.NewPCG(o.Seed, 0)), base: map[int64]int64{}, starts: 100 * time.Millisecond}
	for i := range o.Clients {
		r.ledgers = append(r.ledgers, newLedger(i))
	}
	for id := range int64(accounts) {
		r.base[id] = initialBalance
	}
	began, told := time.Now(), time.Now()
	for r.out.Faults < o.Kills && (o.Limit == 0 || time.Since(began) < o.Limit) {
		if err := r.round(ctx); err != nil {
			r.out.Violations = append(r.out.Violations, fmt.Errorf("SEED=%d, kill %d: %w", o.Seed, r.out.Faults, err))
			break
		}
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			passed := time.Since(began)
			left := passed / time.Duration(r.out.Faults) * time.Duration(o.Kills-r.out.Faults)
			fmt.Fprintf(o.Progress, "%4.0f s: %v, %d things done (%v left)\n", passed.Seconds(), r.out, r.done(), left.Round(time.Second))
		}
	}
	if len(r.out.Violations) == 0 {
		if err := r.settle(ctx); err != nil {
			r.out.Violations = append(r.out.Violations, fmt.Errorf("SEED=%d, at the end: %w", o.Seed, err))
		}
	}
	return r.out
}

// done counts what all clients asked for.
func (r *rig) done() (n int64) {
	for _, l := range r.ledgers {
		n += l.next
	}
	return n
}

// round starts a server, checks what is there, lets clients write and kills the server: in a quarter of
// all rounds before it listens.
func (r *rig) round(ctx context.Context) error {
	s, err := r.start()
	if err != nil {
		return err
	}
	if r.made && r.rng.IntN(4) == 0 {
		time.Sleep(time.Duration(r.rng.Int64N(int64(r.starts))))
		return r.kill(s)
	}
	began := time.Now()
	address, err := s.listening()
	if err != nil {
		return err
	}
	r.starts = time.Since(began) + 10*time.Millisecond
	if err := r.visit(ctx, address); err != nil {
		return errors.Join(err, r.kill(s))
	}
	return r.load(ctx, s, address)
}

func (r *rig) start() (*server, error) {
	r.out.Runs++
	return startServer(r.Binary, r.Dir)
}

func (r *rig) kill(s *server) error {
	s.kill()
	r.out.Faults++
	if text := s.panicked(); text != "" {
		return fmt.Errorf("the server panicked: %s", text)
	}
	return nil
}

// visit makes the tables on the first visit, and checks the content on all others.
func (r *rig) visit(ctx context.Context, address string) (err error) {
	c, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if !r.made {
		r.made = true
		return r.make(ctx, c)
	}
	found, err := readContent(ctx, c)
	if err != nil {
		return err
	}
	if err := found.books(r.base); err != nil {
		return err
	}
	for _, l := range r.ledgers {
		if err := l.judge(found); err != nil {
			return err
		}
	}
	if len(found.entries) < forgetEntries {
		return nil
	}
	return r.forget(ctx, c, found)
}

func (r *rig) make(ctx context.Context, c *flightsql.Client) error {
	for _, sql := range schema {
		if _, err := c.ExecuteUpdate(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	for _, l := range r.ledgers {
		if _, err := c.ExecuteUpdate(ctx, fmt.Sprintf("INSERT INTO counter VALUES (%d, 0)", l.client)); err != nil {
			return err
		}
	}
	return nil
}

// forgetEntries is how many transfers are kept until the balances that they led to become the base.
const forgetEntries = 4000

func (r *rig) forget(ctx context.Context, c *flightsql.Client, found *content) error {
	n, err := c.ExecuteUpdate(ctx, "DELETE FROM entry")
	if err != nil {
		return err
	}
	if n != int64(len(found.entries)) {
		return fmt.Errorf("deleting %d transfers changed %d rows", len(found.entries), n)
	}
	r.base = found.balances
	for _, l := range r.ledgers {
		clear(l.transfers)
	}
	return nil
}

// load lets the clients write until the server is killed.
func (r *rig) load(ctx context.Context, s *server, address string) error {
	ctx, stop := context.WithTimeout(ctx, startLimit)
	defer stop()
	errs := make([]error, len(r.ledgers))
	var clients sync.WaitGroup
	for i, l := range r.ledgers {
		c := &client{ledger: l, rng: rand.New(rand.NewPCG(r.Seed, r.rng.Uint64()))}
		clients.Go(func() {
			if c.sql, errs[i] = dial(ctx, address); errs[i] != nil {
				return
			}
			errs[i] = c.work(ctx)
			_ = c.sql.Close() // of a server that is gone
		})
	}
	time.Sleep(time.Duration(r.rng.Int64N(int64(300 * time.Millisecond))))
	err := r.kill(s)
	clients.Wait()
	return errors.Join(append(errs, err)...)
}

// settle starts the server a last time, checks everything, and lets it end in peace.
func (r *rig) settle(ctx context.Context) error {
	s, err := r.start()
	if err != nil {
		return err
	}
	address, err := s.listening()
	if err == nil {
		err = r.visit(ctx, address)
	}
	if err := s.process.Process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	if ended := s.process.Wait(); ended != nil {
		err = errors.Join(err, fmt.Errorf("the server did not stop well: %w: %s", ended, tail(s.log.String())))
	}
	return err
}
