package compare

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/oxidb/oxidb/bench/tpch"
)

// The values of Options that are chosen by name.
const (
	Storage = "storage" // every engine on tables of its own
	Parquet = "parquet" // every engine on the same Parquet files

	Warm = "warm" // every query runs once before it is timed
	Cold = "cold" // every timed run is a process's first and finds no page of its files in memory

	PlainVariant   = "plain"
	RenamedVariant = "renamed" // see tpch.Renamed; OxiDB and the first peer also run the plain variant beside it
)

// Options say what is compared.
type Options struct {
	Scale       float64
	Mode        string // Storage or Parquet
	Writer      string // who writes the Parquet files of mode Parquet: "duckdb" (Snappy) or Own
	Temperature string // Warm or Cold
	Variant     string // PlainVariant or RenamedVariant
	Seed        uint64 // of RenamedVariant
	Peers       []string
	Queries     []int
	Rounds      int           // timed ones
	Threads     int           // of every engine
	Limit       time.Duration // for one answer; who takes longer is stopped and the query given up
	Python      string
	Scripts     string   // the folder of NAME_peer.py
	Own         []string // the command that serves OxiDB; the number of threads is added
	Data        string   // what the names of all data begin with; variants add to it
	// Progress is told of every step; total is 0 while it is unknown.
	Progress func(what string, done, total int64)
}

func (o *Options) check() error {
	for _, c := range []struct {
		what, value string
		allowed     []string
	}{
		{"mode", o.Mode, []string{Storage, Parquet}}, {"writer", o.Writer, []string{"duckdb", Own}},
		{"temperature", o.Temperature, []string{Warm, Cold}}, {"variant", o.Variant, []string{PlainVariant, RenamedVariant}},
	} {
		if !slices.Contains(c.allowed, c.value) {
			return fmt.Errorf("%s %q: expected %s or %s", c.what, c.value, c.allowed[0], c.allowed[1])
		}
	}
	for _, q := range o.Queries {
		if q < 1 || q > tpch.QueryCount {
			return fmt.Errorf("there is no query %d", q)
		}
	}
	if o.Rounds < 1 || o.Threads < 1 || len(o.Queries) == 0 {
		return fmt.Errorf("%d rounds of %d queries on %d threads: expected at least one of each", o.Rounds, len(o.Queries), o.Threads)
	}
	return nil
}

func (o *Options) progress(what string, done, total int) {
	if o.Progress != nil {
		o.Progress(what, int64(done), int64(total))
	}
}

// Name tells the run's figures from those of others: tpch-sf1-storage-warm-plain.
func (o *Options) Name() string {
	mode := o.Mode
	if mode == Parquet {
		mode += "-by-" + o.Writer
	}
	return fmt.Sprintf("tpch-sf%s-%s-%s-%s", strconv.FormatFloat(o.Scale, 'g', -1, 64), mode, o.Temperature, o.Variant)
}
