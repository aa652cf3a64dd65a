package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oxidb/oxidb/bench/tpch"
	"github.com/oxidb/oxidb/bench/tpch/runner"
)

// Report is a run's figures, as the JSON file holds them.
type Report struct {
	Name        string    `json:"name"`
	At          string    `json:"at"`
	Scale       float64   `json:"scale"`
	Mode        string    `json:"mode"`
	Writer      string    `json:"parquet_writer"`
	Temperature string    `json:"temperature"`
	Variant     string    `json:"variant"`
	Seed        uint64    `json:"seed"`
	Threads     int       `json:"threads"`
	Rounds      int       `json:"rounds"`
	Machine     Machine   `json:"machine"`
	LoadBefore  float64   `json:"load_before"` // the machine's load of the last minute
	LoadAfter   float64   `json:"load_after"`
	Engines     []Engine  `json:"engines"`
	LeftOut     []LeftOut `json:"left_out"`
	Queries     []Query   `json:"queries"`
	Summaries   []Summary `json:"summaries"`
	Renamed     []Renamed `json:"renamed,omitempty"`
}

// Machine is what the figures were measured on.
type Machine struct {
	CPU    string `json:"cpu"`
	Memory int64  `json:"memory_bytes"`
	System string `json:"system"`
}

// Engine is a contender beside its times.
type Engine struct {
	Name       string  `json:"name"`
	Version    string  `json:"version"`
	Note       string  `json:"note,omitempty"`
	OpenMillis float64 `json:"open_millis"`
	PeakBytes  int64   `json:"peak_bytes"` // the largest resident set of the process (VmHWM)
	DiskBytes  int64   `json:"disk_bytes"` // of the files that it read
}

func (e *Engine) note(text string) {
	if e.Note != "" {
		text = "; " + text
	}
	e.Note += text
}

// LeftOut is an engine that took no part.
type LeftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Query is a query's figures.
type Query struct {
	Query int       `json:"query"`
	SQL   string    `json:"sql"`
	Times []*Timing `json:"times"` // in the order of Report.Engines
}

// Timing is a query on an engine.
type Timing struct {
	Engine     string         `json:"engine"`
	Rows       int64          `json:"rows"`
	Millis     []float64      `json:"millis"`
	Median     float64        `json:"median"`
	Min        float64        `json:"min"`
	Ratio      float64        `json:"oxidb_ratio,omitempty"` // OxiDB's median divided by this one
	Agreement  tpch.Agreement `json:"result,omitempty"`
	Reference  string         `json:"compared_with,omitempty"`
	Difference string         `json:"difference,omitempty"`
	Problem    string         `json:"problem,omitempty"` // why there is no answer
}

// right reports that the times are those of a right answer.
func (t *Timing) right() bool {
	return t.Problem == "" && t.Agreement != tpch.Differs && len(t.Millis) > 0
}

// Summary compares OxiDB with a peer over all queries that both answered rightly.
type Summary struct {
	Peer       string  `json:"peer"`
	Queries    int     `json:"queries"`
	Geomean    float64 `json:"geomean_ratio"` // of OxiDB's median divided by the peer's
	Worst      float64 `json:"worst_ratio"`
	WorstQuery int     `json:"worst_query"`
	OwnSum     float64 `json:"oxidb_sum_millis"`
	PeerSum    float64 `json:"peer_sum_millis"`
	PeakRatio  float64 `json:"peak_ratio"` // of memory
}

// Renamed is how an engine does on the renamed variant beside the plain one.
type Renamed struct {
	Engine string  `json:"engine"`
	Ratio  float64 `json:"renamed_over_plain"` // geometric mean
}

// finish turns measurements into figures.
func (r *Report) finish(contenders []*contender) {
	for _, c := range contenders {
		r.Engines = append(r.Engines, c.seen)
	}
	own := contenders[0]
	for _, number := range own.options.Queries {
		q := Query{Query: number, SQL: own.data.variant.Query(number)}
		for _, c := range contenders {
			t := c.times[number]
			t.Engine = c.label()
			if len(t.Millis) > 0 && t.Problem == "" {
				t.Median, t.Min = runner.Median(t.Millis), slices.Min(t.Millis)
			}
			q.Times = append(q.Times, t)
		}
		for i, t := range q.Times[1:] {
			if !contenders[i+1].plain && t.right() && q.Times[0].right() {
				t.Ratio = q.Times[0].Median / t.Median
			}
		}
		r.Queries = append(r.Queries, q)
	}
	for i, c := range contenders {
		switch {
		case c.plain:
			r.Renamed = append(r.Renamed, r.renamed(c.engine, i))
		case i > 0:
			r.Summaries = append(r.Summaries, r.summary(i))
		}
	}
}

// summary is that of the engine at a position.
func (r *Report) summary(at int) Summary {
	s := Summary{Peer: r.Engines[at].Name, PeakRatio: float64(r.Engines[0].PeakBytes) / float64(max(r.Engines[at].PeakBytes, 1))}
	var ratios []float64
	for _, q := range r.Queries {
		t := q.Times[at]
		if t.Ratio == 0 {
			continue
		}
		ratios = append(ratios, t.Ratio)
		s.OwnSum, s.PeerSum = s.OwnSum+q.Times[0].Median, s.PeerSum+t.Median
		if t.Ratio > s.Worst {
			s.Worst, s.WorstQuery = t.Ratio, q.Query
		}
	}
	if s.Queries = len(ratios); s.Queries > 0 {
		s.Geomean = runner.Geomean(ratios)
	}
	return s
}

// renamed compares an engine's renamed runs with its plain ones, which are at a position.
func (r *Report) renamed(engine string, plain int) Renamed {
	at := slices.IndexFunc(r.Engines, func(e Engine) bool { return e.Name == engine })
	var ratios []float64
	for _, q := range r.Queries {
		if at >= 0 && q.Times[at].right() && q.Times[plain].right() {
			ratios = append(ratios, q.Times[at].Median/q.Times[plain].Median)
		}
	}
	if len(ratios) == 0 {
		return Renamed{Engine: engine}
	}
	return Renamed{engine, runner.Geomean(ratios)}
}

// Lines are for scripts: one for each peer, the first peer's last, then that of the renamed variant.
func (r *Report) Lines() []string {
	var lines []string
	for _, s := range slices.Backward(r.Summaries) {
		lines = append(lines, fmt.Sprintf("peer=%s geomean_ratio=%.3f worst_ratio=%.3f worst_query=%d queries=%d peak_memory_ratio=%.2f",
			s.Peer, s.Geomean, s.Worst, s.WorstQuery, s.Queries, s.PeakRatio))
	}
	if len(r.Renamed) > 0 {
		var words []string
		for _, n := range r.Renamed {
			prefix := ""
			if n.Engine != Own {
				prefix = n.Engine + "_"
			}
			words = append(words, fmt.Sprintf("%srenamed_over_plain=%.3f", prefix, n.Ratio))
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return lines
}

// Write writes NAME.json, NAME.md and NAME.svg into a folder and gives the paths.
func (r *Report) Write(dir string) ([]string, error) {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var paths []string
	for _, f := range []struct{ ending, text string }{{".json", string(data) + "\n"}, {".md", r.Markdown()}, {".svg", r.Chart()}} {
		path := filepath.Join(dir, r.Name+f.ending)
		paths = append(paths, path)
		err = errors.Join(err, os.WriteFile(path, []byte(f.text), 0o644))
	}
	return paths, err
}
