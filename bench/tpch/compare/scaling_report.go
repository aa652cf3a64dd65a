package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/bench/tpch/runner"
)

// Markdown is the report for people.
func (s *Scaling) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Scaling, TPC-H %g, own storage, warm\n\n", s.Scale)
	fmt.Fprintf(&b, "%s. 1 and %d workers in turns, medians of %d rounds, on %s, %s of memory, %s.", s.At[:10], s.Threads, s.Rounds, s.Machine.CPU, gibibytes(s.Machine.Memory), s.Machine.System)
	if s.LoadBefore > float64(s.Threads)*0.75 || s.LoadAfter > float64(s.Threads)*1.75 {
		fmt.Fprintf(&b, " **The machine was busy with other work** (load %.1f before, %.1f after): the speed-up is too low and all times are too long.", s.LoadBefore, s.LoadAfter)
	}
	b.WriteString("\n\nMilliseconds. *Serial* is the time in which at most one worker ran, by EXPLAIN ANALYZE, with so many workers; *idle* the waiting for the last worker, all taken together; " +
		"*expected* is planning + serial + the rest of the one worker's time divided by the number of workers: what the serial parts alone allow.\n\n")
	s.table(&b)
	s.parts(&b)
	fmt.Fprintf(&b, "```text\n%s\n```\n", s.Line())
	return b.String()
}

func (s *Scaling) table(b *strings.Builder) {
	fmt.Fprintf(b, "| query | 1 worker | %d workers | speed-up | planning | idle |", s.Threads)
	for _, w := range s.Workers {
		fmt.Fprintf(b, " serial, %d |", w)
	}
	for _, w := range s.Workers[1:] {
		fmt.Fprintf(b, " expected speed-up, %d |", w)
	}
	b.WriteString("\n|" + strings.Repeat("---|", 5+2*len(s.Workers)) + "\n")
	expected := make([][]float64, len(s.Workers))
	for _, q := range s.Queries {
		fmt.Fprintf(b, "| Q%d | %.1f | %.1f | %.2f | %.2f | %.2f |", q.Query, q.One, q.Many, q.Speedup, q.Planning, q.Idle)
		for _, ms := range q.Serial {
			fmt.Fprintf(b, " %.2f |", ms)
		}
		for i, w := range s.Workers[1:] {
			speedup := q.One / q.Predicted(s.Workers, w)
			expected[i] = append(expected[i], speedup)
			fmt.Fprintf(b, " %.1f |", speedup)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "| geometric mean | | | **%.2f** | | |%s", s.Geomean, strings.Repeat(" |", len(s.Workers)))
	for i := range s.Workers[1:] {
		fmt.Fprintf(b, " %.1f |", runner.Geomean(expected[i]))
	}
	b.WriteString("\n\n")
}

// parts lists the largest serial parts.
func (s *Scaling) parts(b *strings.Builder) {
	b.WriteString("The largest serial parts by plan node, its inputs' excepted; half a millisecond and more.\n\n| query | node |")
	for _, w := range s.Workers {
		fmt.Fprintf(b, " %d workers |", w)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(s.Workers)) + "\n")
	for _, q := range s.Queries {
		for _, p := range q.Parts {
			if p.Serial[len(p.Serial)-1] < 0.5 {
				continue
			}
			node := []rune(strings.ReplaceAll(p.Node, "|", "\\|"))
			fmt.Fprintf(b, "| Q%d | %s |", q.Query, string(node[:min(len(node), 90)]))
			for _, ms := range p.Serial {
				fmt.Fprintf(b, " %.2f |", ms)
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n")
}

// Line is for scripts.
func (s *Scaling) Line() string {
	worst := s.Queries[0]
	for _, q := range s.Queries {
		if q.Speedup < worst.Speedup {
			worst = q
		}
	}
	return fmt.Sprintf("geomean_speedup=%.3f worst_speedup=%.3f worst_query=%d threads=%d", s.Geomean, worst.Speedup, worst.Query, s.Threads)
}

// Write writes scaling-sfN.json and .md into a folder and gives the paths.
func (s *Scaling) Write(dir string) ([]string, error) {
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, err
	}
	base := filepath.Join(dir, "scaling-sf"+strconv.FormatFloat(s.Scale, 'g', -1, 64))
	return []string{base + ".json", base + ".md"}, errors.Join(os.MkdirAll(dir, 0o755),
		os.WriteFile(base+".json", append(data, '\n'), 0o644), os.WriteFile(base+".md", []byte(s.Markdown()), 0o644))
}
