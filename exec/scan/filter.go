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
	kept          *filtering // a kept query's
}

// NewFilter filters input, whose columns are cols.
func NewFilter(input exec.Operator, cols []plan.Column, preds []plan.Expr) *Filter {
	return &Filter{Operator: input, preds: preds, cols: cols}
}

// Feeds implements exec.Feeding.
func (f *Filter) Feeds() int { return exec.Feeds(f.Operator, exec.Unbounded) }

// filtering is one worker's filter: next takes the input's batches.
type filtering struct {
	where *expr.Predicate
	out   columnar.Batch
	next  func(*columnar.Batch, error) bool
	yield func(*columnar.Batch, error) bool
}

// Stream implements exec.Operator.
func (f *Filter) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		s, err := f.start(w)
		if err != nil {
			yield(nil, err)
			return
		}
		s.yield = yield
		f.Operator.Stream(w)(s.next)
	}
}

func (f *Filter) start(w *exec.Worker) (*filtering, error) {
	if f.kept != nil {
		return f.kept, nil
	}
	where, err := expr.CompilePredicate(f.preds, f.cols, w)
	if err != nil {
		return nil, err
	}
	s := &filtering{where: where}
	s.next = s.filter
	if w.Query.Kept() {
		f.kept = s
	}
	return s, nil
}

func (s *filtering) filter(b *columnar.Batch, err error) (more bool) {
	if err != nil {
		return s.yield(nil, err)
	}
	if b.Rows() == 0 {
		return true
	}
	sel, err := s.where.Select(b)
	if err != nil {
		s.yield(nil, err)
		return false
	}
	s.out = columnar.Batch{Len: b.Len, Sel: sel, Cols: b.Cols}
	return s.out.Rows() == 0 || s.yield(&s.out, nil)
}

// Project computes its expressions; bare columns pass through as they are.
type Project struct {
	exec.Operator // the input: Prepare and Ordered are its own
	exprs         []plan.NamedExpr
	cols          expr.Input
	kept          *projection // a kept query's
}

// Bound implements exec.Bounded.
func (p *Project) Bound(rows int64) { exec.Bound(p.Operator, rows) }

// Feeds implements exec.Feeding.
func (p *Project) Feeds() int { return exec.Feeds(p.Operator, exec.Unbounded) }

// NewProject projects input, whose columns are cols.
func NewProject(input exec.Operator, cols []plan.Column, exprs []plan.NamedExpr) *Project {
	return &Project{Operator: input, exprs: exprs, cols: cols}
}

// projection is one worker's projection: next takes the input's batches.
type projection struct {
	exprs []expr.Evaluator
	out   columnar.Batch
	next  func(*columnar.Batch, error) bool
	yield func(*columnar.Batch, error) bool
}

// Stream implements exec.Operator.
func (p *Project) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		s, err := p.start(w)
		if err != nil {
			yield(nil, err)
			return
		}
		s.yield = yield
		p.Operator.Stream(w)(s.next)
	}
}

func (p *Project) start(w *exec.Worker) (*projection, error) {
	if p.kept != nil {
		return p.kept, nil
	}
	s := &projection{exprs: make([]expr.Evaluator, len(p.exprs)), out: columnar.Batch{Cols: make([]*columnar.Vector, len(p.exprs))}}
	for i, e := range p.exprs {
		var err error
		if s.exprs[i], err = expr.Compile(e.Expr, p.cols, w); err != nil {
			return nil, err
		}
	}
	s.next = s.project
	if w.Query.Kept() {
		p.kept = s
	}
	return s, nil
}

func (s *projection) project(b *columnar.Batch, err error) (more bool) {
	if err != nil {
		return s.yield(nil, err)
	}
	if b.Rows() == 0 {
		return true
	}
	for i, e := range s.exprs {
		if s.out.Cols[i], err = e.Eval(b); err != nil {
			s.yield(nil, err)
			return false
		}
	}
	s.out.Len, s.out.Sel = b.Len, b.Sel
	return s.yield(&s.out, nil)
}
