package compare

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch/runner"
)

// Scaling is how OxiDB's times depend on the number of workers.
type Scaling struct {
	At         string         `json:"at"`
	Scale      float64        `json:"scale"`
	Rounds     int            `json:"rounds"`
	Threads    int            `json:"threads"` // the larger number of the measurement; the other is 1
	Workers    []int          `json:"workers"` // for which serial parts were measured
	Machine    Machine        `json:"machine"`
	LoadBefore float64        `json:"load_before"`
	LoadAfter  float64        `json:"load_after"`
	Queries    []ScalingQuery `json:"queries"`
	Geomean    float64        `json:"geomean_speedup"`
}

// ScalingQuery is a query's figures, in milliseconds.
type ScalingQuery struct {
	Query    int       `json:"query"`
	One      float64   `json:"one_worker"`
	Many     float64   `json:"all_workers"`
	Speedup  float64   `json:"speedup"`
	Planning float64   `json:"planning"` // parse, bind, optimise
	Serial   []float64 `json:"serial"`   // by Scaling.Workers: while at most one worker ran
	Idle     float64   `json:"idle"`     // waiting for the last, all workers of Scaling.Threads together
	Parts    []Part    `json:"parts"`    // the largest serial ones, with the most of Scaling.Workers
}

// Part is a plan node's share of the serial time, in milliseconds, by Scaling.Workers.
type Part struct {
	Node   string    `json:"node"`
	Serial []float64 `json:"serial"`
}

// Predicted is what the measured parts let expect of a number of workers, at most: what is neither
// planning nor serial is divided by it. It takes the serial part of the nearest number measured.
func (q *ScalingQuery) Predicted(workers []int, p int) float64 {
	nearest := 0
	for i, w := range workers {
		if abs(w-p) < abs(workers[nearest]-p) {
			nearest = i
		}
	}
	shared := max(q.One-q.Planning-q.Serial[0], 0)
	return q.Planning + q.Serial[nearest] + shared/float64(p)
}

func abs(n int) int { return max(n, -n) }

// scaler measures on one database.
type scaler struct {
	options *Options
	session *oxidb.Session
	report  *Scaling
	done    int
}

// Scale runs the queries on OxiDB with 1 and o.Threads workers in turns, then measures the serial parts
// with each number of workers. Numbers above the machine's cores are of use: serial parts run alone.
func Scale(ctx context.Context, o Options, workers []int) (report *Scaling, err error) {
	dir, err := newDataset(&o, PlainVariant).own(ctx)
	if err != nil {
		return nil, err
	}
	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s := &scaler{options: &o, report: &Scaling{
		At: time.Now().UTC().Format(time.RFC3339), Scale: o.Scale, Rounds: o.Rounds, Threads: o.Threads, Workers: workers, Machine: machine(), LoadBefore: load(),
	}}
	if s.session, err = db.Session(); err != nil {
		return nil, err
	}
	defer s.session.Close()
	if err := s.times(ctx); err != nil {
		return nil, err
	}
	for i := range s.report.Queries {
		if err := s.serial(ctx, &s.report.Queries[i]); err != nil {
			return nil, err
		}
	}
	s.report.LoadAfter = load()
	return s.report, nil
}

// times takes turns between the two numbers of workers, after a round that is not timed.
func (s *scaler) times(ctx context.Context) error {
	o := s.options
	measured := map[int][2][]float64{}
	for round := range o.Rounds + 1 {
		for at, q := range o.Queries {
			pair := measured[q]
			for i := range 2 {
				which := (i + at + round) % 2
				s.step(fmt.Sprintf("round %d of %d, Q%d", round, o.Rounds, q))
				took, err := s.time(ctx, []int{1, o.Threads}[which], newDataset(o, PlainVariant).variant.Query(q))
				if err != nil {
					return fmt.Errorf("Q%d: %w", q, err)
				}
				if round > 0 {
					pair[which] = append(pair[which], took)
				}
			}
			measured[q] = pair
		}
	}
	var speedups []float64
	for _, q := range o.Queries {
		one, many := runner.Median(measured[q][0]), runner.Median(measured[q][1])
		speedups = append(speedups, one/many)
		s.report.Queries = append(s.report.Queries, ScalingQuery{Query: q, One: one, Many: many, Speedup: one / many})
	}
	s.report.Geomean = runner.Geomean(speedups)
	return nil
}

func (s *scaler) step(what string) {
	s.done++
	s.options.progress(what, s.done, (s.options.Rounds+1)*2*len(s.options.Queries)+(len(s.report.Workers)+1)*len(s.options.Queries)*profiles)
}

func (s *scaler) time(ctx context.Context, threads int, sql string) (float64, error) {
	if err := s.threads(ctx, threads); err != nil {
		return 0, err
	}
	start := time.Now()
	result, err := s.session.Query(ctx, sql)
	if err != nil {
		return 0, err
	}
	_, err = result.Drain()
	return millis(start), err
}

func (s *scaler) threads(ctx context.Context, n int) error {
	_, err := s.session.Exec(ctx, fmt.Sprintf("SET threads = %d", n))
	return err
}

// profiles is how often a query is profiled with each number of workers. The least figure counts: a
// serial part is the same work each time, and what makes it longer is other work on the machine.
const profiles = 3

// serial fills in the parts of a query that more workers do not shorten.
func (s *scaler) serial(ctx context.Context, q *ScalingQuery) error {
	sql := newDataset(s.options, PlainVariant).variant.Query(q.Query)
	var planning []float64
	for range profiles {
		s.step("planning")
		took, err := s.time(ctx, s.options.Threads, "EXPLAIN "+sql)
		if err != nil {
			return err
		}
		planning = append(planning, took)
	}
	q.Planning = slices.Min(planning)
	byNode := map[string][]float64{}
	for at, workers := range s.report.Workers {
		var serial, idle []float64
		nodes := map[string][]float64{}
		for range profiles {
			s.step(fmt.Sprintf("serial parts of Q%d with %d workers", q.Query, workers))
			p, err := s.profile(ctx, workers, sql)
			if err != nil {
				return fmt.Errorf("Q%d: %w", q.Query, err)
			}
			serial, idle = append(serial, p.serial), append(idle, p.idle)
			for node, ms := range p.nodes {
				nodes[node] = append(nodes[node], ms)
			}
		}
		q.Serial = append(q.Serial, slices.Min(serial))
		if workers == s.options.Threads {
			q.Idle = slices.Min(idle)
		}
		for node, ms := range nodes {
			if byNode[node] == nil {
				byNode[node] = make([]float64, len(s.report.Workers))
			}
			byNode[node][at] = slices.Min(ms)
		}
	}
	q.Parts = largest(byNode)
	return nil
}

// largest are the three nodes with the most serial time.
func largest(byNode map[string][]float64) []Part {
	var parts []Part
	for node, ms := range byNode {
		parts = append(parts, Part{node, ms})
	}
	slices.SortFunc(parts, func(a, b Part) int {
		if d := slices.Max(b.Serial) - slices.Max(a.Serial); d != 0 {
			return map[bool]int{true: 1, false: -1}[d > 0]
		}
		return strings.Compare(a.Node, b.Node)
	})
	return parts[:min(3, len(parts))]
}

// profiled is what EXPLAIN ANALYZE says, in milliseconds.
type profiled struct {
	serial, idle float64
	nodes        map[string]float64
}

func (s *scaler) profile(ctx context.Context, workers int, sql string) (profiled, error) {
	if err := s.threads(ctx, workers); err != nil {
		return profiled{}, err
	}
	result, err := s.session.Query(ctx, "EXPLAIN ANALYZE "+sql)
	if err != nil {
		return profiled{}, err
	}
	var lines []string
	for row, err := range result.Rows() {
		if err != nil {
			return profiled{}, err
		}
		lines = append(lines, fmt.Sprint(row[0]))
	}
	return readProfile(lines)
}

// nodeSerial and totalSerial are what is read of EXPLAIN ANALYZE.
var (
	nodeSerial  = regexp.MustCompile(`^\s*(.*?) \(.*\bserial=([0-9.]+) ms`)
	totalSerial = regexp.MustCompile(`^Total: .*\(serial ([0-9.]+) ms, idle ([0-9.]+) ms\)`)
	totalAlone  = regexp.MustCompile(`^Total: .* in ([0-9.]+) ms, 1 workers`) // small inputs: all is serial
)

func readProfile(lines []string) (p profiled, err error) {
	p.nodes = map[string]float64{}
	for _, l := range lines {
		if m := nodeSerial.FindStringSubmatch(l); m != nil {
			ms, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				return p, err
			}
			p.nodes[m[1]] += ms
		}
		if m := totalAlone.FindStringSubmatch(l); m != nil {
			p.serial, err = strconv.ParseFloat(m[1], 64)
			return p, err
		}
		if m := totalSerial.FindStringSubmatch(l); m != nil {
			var bad error
			p.serial, err = strconv.ParseFloat(m[1], 64)
			p.idle, bad = strconv.ParseFloat(m[2], 64)
			return p, errors.Join(err, bad)
		}
	}
	return p, fmt.Errorf("EXPLAIN ANALYZE has no totals: %q", lines)
}
