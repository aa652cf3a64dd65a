package oxidb

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// explain prints the plan; with ANALYZE it runs it and adds rows, time and memory of every node.
func (sc *scope) explain(ctx context.Context, stmt *plan.Explain, values []types.Value) (*Result, error) {
	if stmt.Format != "" && stmt.Format != "text" {
		return nil, sqlerr.Unsupported(-1, -1, "EXPLAIN (FORMAT "+stmt.Format+")")
	}
	input, err := explainable(stmt.Target)
	if err != nil {
		return nil, err
	}
	root, err := sc.optimize(input, values)
	if err != nil {
		return nil, err
	}
	if !stmt.Analyze {
		return textResult("EXPLAIN", "QUERY PLAN", strings.Split(plan.Format(root, nil), "\n")), nil
	}
	lines, err := sc.analyze(ctx, root)
	if err != nil {
		return nil, err
	}
	return textResult("EXPLAIN", "QUERY PLAN", lines), nil
}

func explainable(stmt plan.Statement) (plan.Node, error) {
	switch s := stmt.(type) {
	case *plan.Query:
		return s.Root, nil
	case *plan.Insert:
		if s.Conflict == nil {
			return clustered(s.Input, s.Table), nil
		}
		return s.Input, nil
	case *plan.Update:
		return s.Input, nil
	case *plan.Delete:
		return s.Input, nil
	case *plan.CreateTableAs:
		if s.Input != nil {
			return s.Input, nil
		}
	}
	return nil, sqlerr.Unsupported(-1, -1, "EXPLAIN of this statement")
}

// textResult is one text column.
func textResult(tag, column string, lines []string) *Result {
	return vectorsResult(tag, []string{column}, textVector(lines))
}

// vectorsResult is a result of whole columns.
func vectorsResult(tag string, names []string, cols ...*columnar.Vector) *Result {
	kinds := make([]types.Type, len(cols))
	for i, v := range cols {
		kinds[i] = v.Type
	}
	schema := arrowio.Schema(names, kinds)
	rec, err := arrowio.Record(schema, &columnar.Batch{Len: cols[0].Len, Cols: cols})
	if err != nil { // only batches of more than 2 GiB fail
		panic(err)
	}
	return recordsResult(tag, schema, kinds, rec)
}

// analyze runs a plan and prints it with what every node did.
func (sc *scope) analyze(ctx context.Context, root plan.Node) ([]string, error) {
	start := time.Now()
	r, err := sc.start(ctx, root, true)
	if err != nil {
		return nil, err
	}
	defer r.query.Close()
	var rows atomic.Int64
	err = r.query.Guard(r.query.Workers[0], func(*exec.Worker) error { return r.op.Prepare(r.query) })
	if err == nil {
		err = r.query.Run(func(w *exec.Worker) error {
			for b, err := range r.op.Stream(w) {
				if err != nil {
					return err
				}
				rows.Add(int64(b.Rows()))
			}
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	return append(strings.Split(plan.Format(root, r.profile.Annotate), "\n"), totals(r.query, rows.Load(), time.Since(start))), nil
}

// totals is EXPLAIN ANALYZE's last line.
func totals(q *exec.Query, rows int64, took time.Duration) string {
	millis := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	text := fmt.Sprintf("Total: %d rows in %.2f ms, %d workers", rows, millis(took), len(q.Workers))
	if len(q.Workers) > 1 {
		text += fmt.Sprintf(" (serial %.2f ms, idle %.2f ms)", millis(took-q.Work().Parallel()), millis(q.Work().Idle()))
	}
	return text + fmt.Sprintf(", peak memory %d KiB", q.Memory.Peak()>>10)
}
