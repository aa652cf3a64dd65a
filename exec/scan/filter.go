package scan

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
)

// Filter keeps the rows for which all predicates are true, by narrowing the selection.
type Filter struct {
	exec.Operator // the input: Prepare and Ordered are its own
	preds         []plan.Expr
	cols          expr.Input
}

// NewFilter filters input, whose columns are cols.
func NewFilter(input exec.Operator, cols []plan.Column, preds []plan.Expr) *Filter {
	return &Filter{input, preds, cols}
}

// Stream implements exec.Operator.
func (f *Filter) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		where, err := expr.CompilePredicate(f.preds, f.cols, w)
		if err != nil {
			yield(nil, err)
			return
		}
		var out columnar.Batch
		for b, err := range f.Operator.Stream(w) {
			if err != nil {
				yield(nil, err)
				return
			}
			if b.Rows() == 0 {
				continue
			}
			sel, err := where.Select(b)
			if err != nil {
				yield(nil, err)
				return
			}
			out = columnar.Batch{Len: b.Len, Sel: sel, Cols: b.Cols}
			if out.Rows() > 0 && !yield(&out, nil) {
				return
			}
		}
	}
}

// Project computes its expressions; bare columns pass through as they are.
type Project struct {
	exec.Operator // the input: Prepare and Ordered are its own
	exprs         []plan.NamedExpr
	cols          expr.Input
}

// Bound implements exec.Bounded.
func (p *Project) Bound(rows int64) { exec.Bound(p.Operator, rows) }

// NewProject projects input, whose columns are cols.
func NewProject(input exec.Operator, cols []plan.Column, exprs []plan.NamedExpr) *Project {
	return &Project{input, exprs, cols}
}

// Stream implements exec.Operator.
func (p *Project) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		evaluators := make([]expr.Evaluator, len(p.exprs))
		out := columnar.Batch{Cols: make([]*columnar.Vector, len(p.exprs))}
		for i, e := range p.exprs {
			var err error
			if evaluators[i], err = expr.Compile(e.Expr, p.cols, w); err != nil {
				yield(nil, err)
				return
			}
		}
		for b, err := range p.Operator.Stream(w) {
			if err != nil {
				yield(nil, err)
				return
			}
			if b.Rows() == 0 {
				continue
			}
			for i, e := range evaluators {
				if out.Cols[i], err = e.Eval(b); err != nil {
					yield(nil, err)
					return
				}
			}
			out.Len, out.Sel = b.Len, b.Sel
			if !yield(&out, nil) {
				return
			}
		}
	}
}
