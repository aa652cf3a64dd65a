package build

import (
	"sync"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// late is a node that waits for runtime values: it is built in Prepare, once they are known.
type late struct {
	builder *builder
	node    plan.Node
	needed  plan.ColumnSet
	op      exec.Operator
}

// Feeds implements exec.Feeding.
func (l *late) Feeds() int { return exec.Feeds(l.op, exec.Unbounded) }

// Prepare computes the runtime values, builds the node with them and prepares it.
func (l *late) Prepare(q *exec.Query) error {
	values := map[*plan.RuntimeValue]types.Value{}
	for _, r := range plan.RuntimeValues(l.node) {
		c, ok := l.builder.constants[r]
		if !ok {
			c = &constant{}
			l.builder.constants[r] = c
		}
		if err := c.compute(l.builder, r, q); err != nil {
			return err
		}
		values[r] = c.value
	}
	node := plan.MapExprs(l.node, func(e plan.Expr) plan.Expr {
		return plan.Rewrite(e, func(e plan.Expr) plan.Expr {
			if r, ok := e.(*plan.RuntimeValue); ok {
				return &plan.Const{Value: values[r]}
			}
			return e
		})
	})
	var err error
	if l.op, err = l.builder.node(node, l.needed); err != nil {
		return err
	}
	return l.op.Prepare(q)
}

// Stream implements exec.Operator.
func (l *late) Stream(w *exec.Worker) columnar.Stream { return l.op.Stream(w) }

// Ordered implements exec.Operator.
func (l *late) Ordered() bool {
	if l.op != nil {
		return l.op.Ordered()
	}
	return ordered(l.node)
}

// ordered tells from the plan what an operator that is not built yet will say.
func ordered(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Sort, *plan.Values, *plan.Empty:
		return true
	case *plan.Generate:
		return n.Input == nil || ordered(n.Input)
	case *plan.Filter, *plan.Project, *plan.Limit:
		return ordered(n.Children()[0])
	}
	return false
}

// constant is the value of an uncorrelated scalar subquery, computed once.
type constant struct {
	done  bool
	value types.Value
}

func (c *constant) compute(b *builder, r *plan.RuntimeValue, q *exec.Query) error {
	if c.done {
		return nil
	}
	op, err := b.operator(r.Input, nil)
	if err != nil {
		return err
	}
	if err := op.Prepare(q); err != nil {
		return err
	}
	c.value = types.Null(r.Typ)
	var mu sync.Mutex
	rows := 0
	err = q.RunOn(buffer.Workers(q, op), func(w *exec.Worker) error {
		for batch, err := range op.Stream(w) {
			if err != nil {
				return err
			}
			n := batch.Rows()
			if n == 0 {
				continue
			}
			at := 0
			if batch.Sel != nil {
				at = int(batch.Sel[0])
			}
			mu.Lock()
			rows += n
			c.value = batch.Cols[0].Value(at)
			many := rows > 1
			mu.Unlock()
			if many {
				return sqlerr.New(sqlerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")
			}
		}
		return nil
	})
	c.value.Type = r.Typ
	c.done = err == nil
	return err
}
