package scan

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
)

// Probes applies runtime filters to one worker's batches, for scans that are not of tables.
type Probes struct {
	list []*runtimeProbe
	rows *expr.Rows
	// Columns are those that the filters look at.
	Columns plan.ColumnSet
}

// NewProbes makes the probes of filters that have been published.
func NewProbes(runtime []plan.RuntimeProbe, cols expr.Input, w *exec.Worker) (*Probes, error) {
	p := &Probes{rows: expr.NewRows(w), Columns: plan.ColumnSet{}}
	for _, r := range runtime {
		f := w.Query.Filters.Get(r.ID)
		if f == nil {
			continue
		}
		probe, err := newRuntimeProbe(f, r.Expr, cols, w)
		if err != nil {
			return nil, err
		}
		plan.AddRefs(p.Columns, r.Expr)
		p.list = append(p.list, probe)
	}
	return p, nil
}

// Refine drops rows of b that cannot match.
func (p *Probes) Refine(b *columnar.Batch) error {
	if len(p.list) == 0 || b.Rows() == 0 {
		return nil
	}
	p.rows.SetList(b.Len, b.Sel)
	for _, r := range p.list {
		if p.rows.Count == 0 {
			break
		}
		if err := r.apply(b, p.rows); err != nil {
			return err
		}
	}
	b.Sel = p.rows.List()
	return nil
}
