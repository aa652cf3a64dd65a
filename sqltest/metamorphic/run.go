package metamorphic

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/oxidb/oxidb/mvcc/proof"
)

// Length is the number of statements of a history.
const Length = 1000

// Unit is the proof of one history of so many statements: Runs counts the history, Faults the option
// sets that it was compared under.
func Unit(length int) proof.Unit {
	return func(seed uint64) proof.Outcome {
		out := proof.Outcome{}
		if err := compare(context.Background(), History(seed, length), Sets(seed), &out.Faults); err != nil {
			out.Violations = append(out.Violations, fmt.Errorf("SEED=%d: %w", seed, err))
		}
		return out
	}
}

// replay is Replay, or what a test puts in its place.
type replay func(ctx context.Context, ops []Op, o Options) ([]string, error)

func compare(ctx context.Context, ops []Op, sets []Options, compared *int) error {
	want, err := Replay(ctx, ops, sets[0])
	if err != nil {
		return fmt.Errorf("%v: %w", sets[0], err)
	}
	var mu sync.Mutex
	var first error
	var workers sync.WaitGroup
	next := make(chan Options)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for o := range next {
				err := difference(ctx, Replay, ops, sets[0], o, want)
				mu.Lock()
				*compared++
				if first == nil {
					first = err
				}
				mu.Unlock()
			}
		})
	}
	for _, o := range sets[1:] {
		next <- o
	}
	close(next)
	workers.Wait()
	return first
}

// difference reports, after reducing the history, that options change an answer.
func difference(ctx context.Context, run replay, ops []Op, plain, o Options, want []string) error {
	got, err := run(ctx, ops, o)
	if err == nil && firstDifference(want, got) < 0 {
		return nil
	}
	fails := func(shorter []Op) bool {
		want, wantErr := run(ctx, shorter, plain)
		got, gotErr := run(ctx, shorter, o)
		if err != nil { // reduce what failed, not what comes of a shorter history
			return wantErr == nil && gotErr != nil
		}
		return wantErr == nil && gotErr == nil && firstDifference(want, got) >= 0
	}
	ops = Reduce(ops, fails)
	if want, err = run(ctx, ops, plain); err == nil {
		got, err = run(ctx, ops, o)
	}
	return fmt.Errorf("%v%s", o, report(ops, want, got, err))
}

// firstDifference is the number of the first answer that differs, -1 for none.
func firstDifference(want, got []string) int {
	for i := range want {
		if i >= len(got) || want[i] != got[i] {
			return i
		}
	}
	return -1
}

func report(ops []Op, want, got []string, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, ": the reduced history of %d statements:\n", len(ops))
	for i, op := range ops {
		fmt.Fprintf(&b, "  %d (session %d): %s;\n", i+1, op.Session, op.SQL)
	}
	if err != nil {
		fmt.Fprintf(&b, "  fails: %v", err)
		return b.String()
	}
	at := firstDifference(want, got)
	if at < 0 {
		return b.String() + "  does not always differ"
	}
	fmt.Fprintf(&b, "  answer %d is\n%.2000s\n  and must be\n%.2000s", at+1, got[at], want[at])
	return b.String()
}

// Run proves n histories from a seed on.
func Run(n, length int, seed uint64, limit time.Duration, progress io.Writer) proof.Outcome {
	return proof.Run(Unit(length), proof.Plan{Faults: n * (setsPerHistory - 1), Violations: 1, Seed: seed, Limit: limit}, progress)
}
