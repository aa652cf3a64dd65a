package metamorphic

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/oxidb/oxidb/plan/optimize"
)

// Options are what must make no difference.
type Options struct {
	InMemory        bool
	Threads         int
	CacheLimit      int64         // bytes of the column cache; 0 is the default
	CheckpointBytes int64         // of the log, in the background; less than 0 never
	CheckpointEach  int           // statements; 0 never
	LogFileBytes    int64         // 0 is the default
	Retention       time.Duration // of the past; 0 is the default, less none
	VacuumEach      int           // statements; 0 never
	Rewrite         bool          // vacuums rewrite every table
	Reopen          int           // statements until the next restart without open transactions; 0 never
	Crash           bool          // restarts are crashes, where nothing that was not synced survives
	Async           bool          // commits are not waited for
	Disabled        string
}

// String tells all options, for a report.
func (o Options) String() string {
	type plain Options // without this method
	return strings.Trim(fmt.Sprintf("%+v", plain(o)), "{}")
}

// Sets are the option sets of a seed, the plain one first: some that stand alone, and random ones.
func Sets(seed uint64) []Options {
	rng := rand.New(rand.NewPCG(seed, 1))
	all := allRules()
	sets := []Options{
		{Threads: 1, CheckpointBytes: -1},
		{InMemory: true, Threads: 1},
		{Threads: 2},
		{Threads: 1, CheckpointEach: 1},
		{Threads: 1, CheckpointBytes: 1},
		{Threads: 1, CacheLimit: 1, CheckpointEach: 3},
		{Threads: 1, VacuumEach: 1},
		{Threads: 1, VacuumEach: 1, Rewrite: true},
		{Threads: 1, VacuumEach: 2, Rewrite: true, CheckpointEach: 3, Retention: -1, LogFileBytes: 8 << 10, Reopen: 25, Crash: true},
		{Threads: 1, LogFileBytes: 4 << 10, Retention: -1, Reopen: 15},
		{Threads: 1, Reopen: 10},
		{Threads: 1, Reopen: 10, Crash: true},
		{Threads: 1, Disabled: strings.Join(all, ",")},
	}
	for len(sets) < setsPerHistory {
		sets = append(sets, Options{
			InMemory:        rng.IntN(8) == 0,
			Threads:         1 + rng.IntN(4),
			CacheLimit:      []int64{0, 1, 100_000}[rng.IntN(3)],
			CheckpointBytes: []int64{0, -1, 1, 4096}[rng.IntN(4)],
			CheckpointEach:  []int{0, 1, 7, 50}[rng.IntN(4)],
			LogFileBytes:    []int64{0, 4 << 10, 16 << 10, 1 << 20}[rng.IntN(4)],
			Retention:       []time.Duration{0, -1, time.Millisecond}[rng.IntN(3)],
			VacuumEach:      []int{0, 0, 2, 30}[rng.IntN(4)],
			Rewrite:         rng.IntN(2) == 0,
			Reopen:          []int{0, 5, 20, 100}[rng.IntN(4)],
			Async:           rng.IntN(4) == 0,
			Disabled:        some(all, rng),
		})
		if last := &sets[len(sets)-1]; !last.Async && rng.IntN(2) == 0 {
			last.Crash = true
		}
	}
	return sets
}

// setsPerHistory is how many option sets each history runs under.
const setsPerHistory = 25

// allRules names the optimizer's rules.
func allRules() []string {
	rules := optimize.Rules()
	all := make([]string, len(rules))
	for i, r := range rules {
		all[i] = r.Name
	}
	return all
}

// some chooses none, one or about half of the names.
func some(names []string, rng *rand.Rand) string {
	var chosen []string
	switch rng.IntN(3) {
	case 0:
		return ""
	case 1:
		return names[rng.IntN(len(names))]
	}
	for _, name := range names {
		if rng.IntN(2) == 0 {
			chosen = append(chosen, name)
		}
	}
	return strings.Join(chosen, ",")
}
