package compare

import (
	"fmt"
	"strings"

	"github.com/oxidb/oxidb/bench/tpch"
)

// Markdown is the report for people.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", r.title(), r.conditions())
	fmt.Fprintf(&b, "![Times relative to OxiDB's](%s.svg)\n\n", r.Name)
	b.WriteString("Milliseconds, medians. In brackets OxiDB's time divided by the engine's: below 1 OxiDB is faster.\n\n")
	r.timesTable(&b)
	r.enginesTable(&b)
	r.remarks(&b)
	b.WriteString("\n```text\n" + strings.Join(r.Lines(), "\n") + "\n```\n")
	return b.String()
}

func (r *Report) title() string {
	on := "own storage"
	if r.Mode == Parquet {
		on = "Parquet files written by " + map[string]string{"duckdb": "DuckDB (Snappy)", Own: "OxiDB"}[r.Writer]
	}
	renamed := ""
	if r.Variant == RenamedVariant {
		renamed = fmt.Sprintf(", renamed (seed %d)", r.Seed)
	}
	return fmt.Sprintf("TPC-H %g, %s, %s%s", r.Scale, on, r.Temperature, renamed)
}

func (r *Report) conditions() string {
	text := fmt.Sprintf("%s. %d threads each, %d rounds in turns, on %s, %s of memory, %s.", r.At[:10], r.Threads, r.Rounds, r.Machine.CPU, gibibytes(r.Machine.Memory), r.Machine.System)
	if r.busy() {
		text += fmt.Sprintf(" **The machine was busy with other work** (load %.1f before, %.1f after, of which the benchmark is about %d): take the ratios for approximate and the times for too long.",
			r.LoadBefore, r.LoadAfter, r.Threads)
	}
	if r.Temperature == Cold {
		text += " Each run is a process's first, and no page of its files is in memory when it starts."
	}
	return text
}

// busy reports that others wanted the processors, too.
func (r *Report) busy() bool {
	return r.LoadBefore > float64(r.Threads)*0.75 || r.LoadAfter > float64(r.Threads)*1.75
}

func gibibytes(n int64) string { return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30)) }

func (r *Report) timesTable(b *strings.Builder) {
	b.WriteString("| query | rows |")
	for _, e := range r.Engines {
		fmt.Fprintf(b, " %s |", e.Name)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(r.Engines)) + "\n")
	for _, q := range r.Queries {
		fmt.Fprintf(b, "| Q%d | %d |", q.Query, q.Times[0].Rows)
		for _, t := range q.Times {
			fmt.Fprintf(b, " %s |", t.cell())
		}
		b.WriteString("\n")
	}
	fmt.Fprint(b, "| geometric mean of the ratios | | |")
	for _, s := range r.Summaries {
		fmt.Fprintf(b, " **%.2f** |", s.Geomean)
	}
	b.WriteString(strings.Repeat(" |", len(r.Engines)-1-len(r.Summaries)))
	fmt.Fprint(b, "\n| sums, of what both answer rightly | | |")
	for _, s := range r.Summaries {
		fmt.Fprintf(b, " %.0f : %.0f |", s.OwnSum, s.PeerSum)
	}
	b.WriteString(strings.Repeat(" |", len(r.Engines)-1-len(r.Summaries)) + "\n\n")
}

// cell is a time in the table.
func (t *Timing) cell() string {
	switch {
	case t.Problem != "":
		return "no answer"
	case t.Agreement == tpch.Differs:
		return "wrong answer"
	case t.Ratio == 0:
		return fmt.Sprintf("%.1f", t.Median)
	}
	return fmt.Sprintf("%.1f (%.2f)", t.Median, t.Ratio)
}

func (r *Report) enginesTable(b *strings.Builder) {
	b.WriteString("| engine | version | peak memory | size of its files | opened in | |\n|---|---|---|---|---|---|\n")
	for _, e := range r.Engines {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %.0f ms | %s |\n", e.Name, e.Version, gibibytes(e.PeakBytes), gibibytes(e.DiskBytes), e.OpenMillis, e.Note)
	}
	b.WriteString("\nPeak memory is the largest resident set of the engine's process, the Python of the peers included.\n\n")
}

// remarks tell what is not as it should be, or that nothing is.
func (r *Report) remarks(b *strings.Builder) {
	for _, l := range r.LeftOut {
		fmt.Fprintf(b, "- %s is left out: %s\n", l.Name, l.Reason)
	}
	b.WriteString("- The texts of the queries are the same for all engines, but for what the table of engines says.\n")
	all, tolerant := true, map[string][]string{}
	for _, q := range r.Queries {
		for _, t := range q.Times {
			switch {
			case t.Problem != "":
				fmt.Fprintf(b, "- Q%d, %s: no answer: %s\n", q.Query, t.Engine, t.Problem)
				all = false
			case t.Agreement == tpch.Differs:
				fmt.Fprintf(b, "- Q%d, %s: differs from %s: %s\n", q.Query, t.Engine, t.Reference, t.Difference)
				all = false
			case t.Agreement == tpch.Tolerant:
				tolerant[t.Engine] = append(tolerant[t.Engine], fmt.Sprintf("Q%d", q.Query))
			}
		}
	}
	for _, e := range r.Engines {
		if list := tolerant[e.Name]; list != nil {
			fmt.Fprintf(b, "- %s rounds averages or ratios of %s more coarsely, within the 1 %% that the standard allows.\n", e.Name, strings.Join(list, ", "))
		}
	}
	if all {
		b.WriteString("- All results are equal: values, kinds of types, order.\n")
	}
}
