// Package expr compiles typed expressions (plan.Expr) into evaluators over batches, and conjunctions
// into predicates that refine selections.
//
// X1: an evaluator writes its result at the rows' own positions of the batch and touches no row
// outside the batch's selection in a way that could fail: an error is raised only for rows that count.
// X2: a result vector is borrowed until the evaluator's next Eval; different nodes of an expression
// have different scratch, so the results of all arguments may be held at once.
// X3: conditions are three-valued. A filter asks for the rows where a condition is TRUE or where it is
// FALSE; what is in neither set is NULL. NOT is pushed down to the comparisons at compile time.
//
// Operand pairs that arithmetic knows, besides two numbers of one class (integers and numerics mix):
// date and integer, date and date, date and interval, date and time, timestamp and interval, timestamp
// and timestamp, time and interval, time and time, interval and interval, interval and number.
package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// Input is the layout of the batch that an expression is evaluated on: position i holds the column
// Input[i].ID.
type Input []plan.Column

// Evaluator computes one expression. It belongs to one worker.
type Evaluator interface {
	// Eval computes the rows of b. The result has length b.Len, is borrowed until the next Eval, and
	// is b's own vector for a bare column.
	Eval(b *columnar.Batch) (*columnar.Vector, error)
}

// compiler carries what all nodes of one expression share.
type compiler struct {
	in     Input
	worker *exec.Worker
}

// Compile makes the evaluator of e for batches laid out as in, on worker w.
func Compile(e plan.Expr, in Input, w *exec.Worker) (Evaluator, error) {
	return (&compiler{in, w}).value(e)
}

// value compiles e to an evaluator.
func (c *compiler) value(e plan.Expr) (Evaluator, error) {
	switch e := e.(type) {
	case *plan.Column:
		return c.column(e)
	case *plan.Const:
		return newConstant(e.Value), nil
	case *plan.Param:
		return c.parameter(e)
	case *plan.Arith:
		return c.arith(e)
	case *plan.Neg:
		return c.neg(e)
	case *plan.Compare, *plan.InList, *plan.Like, *plan.IsNull:
		return c.truthValue(e)
	case *plan.And:
		return c.junction(e.Terms, false)
	case *plan.Or:
		return c.junction(e.Terms, true)
	case *plan.Not:
		return c.notValue(e)
	case *plan.Case:
		return c.caseOf(e)
	case *plan.Coalesce:
		return c.coalesce(e)
	case *plan.Cast:
		return c.cast(e)
	case *plan.Call:
		return c.call(e)
	}
	return nil, sqlerr.New(sqlerr.InternalError, "expression %T cannot be evaluated", e)
}

func (c *compiler) values(list []plan.Expr) ([]Evaluator, error) {
	out := make([]Evaluator, len(list))
	for i, e := range list {
		var err error
		if out[i], err = c.value(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// column is a column of the batch.
type column struct{ at int }

func (c *compiler) column(e *plan.Column) (Evaluator, error) {
	for i := range c.in {
		if c.in[i].ID == e.ID {
			return &column{i}, nil
		}
	}
	return nil, sqlerr.New(sqlerr.InternalError, "column %s (id %d) is not in the input", e.Name, e.ID)
}

func (c *column) Eval(b *columnar.Batch) (*columnar.Vector, error) { return b.Cols[c.at], nil }
