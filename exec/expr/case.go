package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// caseOf is the searched CASE: each condition is asked about the rows that none before it took, each
// arm computed for the rows that take it.
type caseOf struct {
	worker *exec.Worker
	conds  []condition
	thens  []Evaluator
	orElse Evaluator
	taken  [][]uint32
	rest   []uint32
	parts  []part
	batch  columnar.Batch
	fill   assembler
}

func (c *compiler) caseOf(e *plan.Case) (Evaluator, error) {
	x := &caseOf{worker: c.worker, taken: make([][]uint32, len(e.Whens)), fill: assembler{worker: c.worker, typ: e.Typ}}
	var arms []plan.Expr
	for _, w := range e.Whens {
		cond, err := c.condition(w.Cond, true)
		if err != nil {
			return nil, err
		}
		then, err := c.value(w.Then)
		if err != nil {
			return nil, err
		}
		x.conds, x.thens, arms = append(x.conds, cond), append(x.thens, then), append(arms, w.Then)
	}
	orElse := e.Else
	if orElse == nil {
		orElse = &plan.Const{Value: types.Null(e.Typ)}
	}
	x.fill.constantTexts(append(arms, orElse))
	var err error
	x.orElse, err = c.value(orElse)
	return x, err
}

func (x *caseOf) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	n := b.Len
	rest := room(x.worker, &x.rest, n)
	x.parts = x.parts[:0]
	open := *b
	for i, cond := range x.conds {
		x.batch = open
		rows, err := cond.filter(&x.batch, room(x.worker, &x.taken[i], n))
		if err != nil {
			return nil, err
		}
		if rows != nil && len(rows) == 0 {
			continue
		}
		if rows == nil || len(rows) == open.Rows() { // everything that was left
			if err := x.take(i, x.thens[i], &open, open.Sel); err != nil {
				return nil, err
			}
			return x.fill.build(b, x.parts), nil
		}
		if err := x.take(i, x.thens[i], &open, rows); err != nil {
			return nil, err
		}
		open.Sel = kernel.Subtract(n, open.Sel, rows, rest)
	}
	if err := x.take(len(x.conds), x.orElse, &open, open.Sel); err != nil {
		return nil, err
	}
	return x.fill.build(b, x.parts), nil
}

// take computes an arm for its rows.
func (x *caseOf) take(arm int, e Evaluator, b *columnar.Batch, rows []uint32) error {
	x.batch = *b
	x.batch.Sel = rows
	v, err := e.Eval(&x.batch)
	if err == nil {
		x.parts = append(x.parts, part{v, rows, arm})
	}
	return err
}

// coalesce gives the first argument that is not NULL; each is computed only for the rows that need it.
type coalesce struct {
	worker *exec.Worker
	args   []Evaluator
	taken  [][]uint32
	rest   []uint32
	parts  []part
	batch  columnar.Batch
	fill   assembler
}

func (c *compiler) coalesce(e *plan.Coalesce) (Evaluator, error) {
	args, err := c.values(e.Arg)
	return &coalesce{worker: c.worker, args: args, taken: make([][]uint32, len(args)),
		fill: assembler{worker: c.worker, typ: e.Typ}}, err
}

func (x *coalesce) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	n := b.Len
	rest := room(x.worker, &x.rest, n)
	x.parts = x.parts[:0]
	x.batch = *b
	for i, arg := range x.args {
		v, err := arg.Eval(&x.batch)
		if err != nil {
			return nil, err
		}
		if isNullConst(v) {
			continue
		}
		valid := validOf(v)
		if valid == nil {
			x.parts = append(x.parts, part{v, x.batch.Sel, i})
			break
		}
		rows := room(x.worker, &x.taken[i], n)
		rows = rows[:kernel.SelectBits(valid, n, x.batch.Sel, rows)]
		x.parts = append(x.parts, part{v, rows, i})
		x.batch.Sel = rest[:kernel.SelectUnset(valid, n, x.batch.Sel, rest)]
		if len(x.batch.Sel) == 0 {
			break
		}
	}
	return x.fill.build(b, x.parts), nil
}
