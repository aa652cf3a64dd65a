package oxidb

import (
	"context"
	"fmt"
	"sync"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/function/builtin"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// computer evaluates the expressions of indexes for the store. They are immutable: no session's settings
// bear on them.
type computer struct {
	registry *builtin.Registry
	mu       sync.Mutex
	bound    map[string]boundComputed // by expression and the columns that it may use
}

type boundComputed struct {
	expr plan.Expr
	cols []plan.Column // the inputs
	err  error
}

// maxBound bounds the expressions that are kept bound.
const maxBound = 1000

func newComputer() *computer {
	return &computer{registry: builtin.New(), bound: map[string]boundComputed{}}
}

// values implements mvcc.Compute.
func (c *computer) values(s *mvcc.Schema, def *mvcc.Computed, inputs []*columnar.Vector, rows int) (*columnar.Vector, map[uint32]error) {
	out := segment.NewColumnBuilder(def.Type)
	failed := map[uint32]error{}
	null := mvcc.ConstVector(def.Type, types.Null(def.Type))
	fail := func(from, to int, err error) {
		for row := from; row < to; row++ {
			out.Append(null, nil)
			failed[uint32(row)] = err
		}
	}
	b := c.bind(s, def)
	if b.err != nil {
		fail(0, rows, b.err)
		return out.View(rows), failed
	}
	q := exec.NewQuery(context.Background(), exec.Options{Workers: 1, Function: &function.Context{}})
	defer q.Close()
	err := q.RunOn(1, func(w *exec.Worker) error {
		ev, err := expr.Compile(b.expr, b.cols, w)
		if err != nil {
			return err
		}
		slices := make([]columnar.Vector, len(inputs))
		batch := columnar.Batch{Cols: make([]*columnar.Vector, len(inputs))}
		for from := 0; from < rows; from += columnar.BatchSize {
			to := min(from+columnar.BatchSize, rows)
			for i, v := range inputs {
				v.Slice(from, to, &slices[i])
				batch.Cols[i] = &slices[i]
			}
			batch.Len, batch.Sel = to-from, nil
			v, err := ev.Eval(&batch)
			if err == nil {
				appendRows(out, v, nil, to-from)
				continue
			}
			for row := range uint32(to - from) { // some row has no value: one by one
				batch.Sel = []uint32{row}
				if v, err = ev.Eval(&batch); err != nil {
					fail(from+int(row), from+int(row)+1, err)
				} else {
					appendRows(out, v, batch.Sel, 1)
				}
			}
		}
		return nil
	})
	if err != nil {
		fail(out.Rows(), rows, err)
	}
	return out.View(rows), failed
}

// appendRows appends rows sel (the first n for nil) of a vector that may be longer.
func appendRows(out *segment.ColumnBuilder, v *columnar.Vector, sel []uint32, n int) {
	if v.Enc == columnar.Const {
		one := *v
		one.Len = n
		out.Append(&one, nil)
		return
	}
	if sel == nil && v.Len != n {
		var first columnar.Vector
		v.Slice(0, n, &first)
		v = &first
	}
	out.Append(v, sel)
}

// bind gives the expression over the inputs.
func (c *computer) bind(s *mvcc.Schema, def *mvcc.Computed) boundComputed {
	t := &catalog.Table{Name: "index", Columns: make([]catalog.Column, len(s.Columns))}
	name := def.Expr + "\x00"
	for i, col := range s.Columns {
		t.Columns[i] = catalog.Column{FieldID: col.FieldID, Name: col.Name, Type: col.Type, NotNull: col.NotNull}
		name += fmt.Sprintf("%d %s %v\x00", col.FieldID, col.Name, col.Type)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.bound[name]; ok {
		return known
	}
	row := make([]plan.Column, len(t.Columns))
	for i, col := range t.Columns {
		row[i] = plan.Column{ID: plan.ColumnID(i), Name: col.Name, Typ: col.Type, Table: t, Ordinal: i}
	}
	b := boundComputed{}
	b.expr, b.err = bind.New(nil, c.registry, bind.Options{ParseView: parser.ParseOne}).Derivation(t, row, def.Expr)
	for _, f := range def.Inputs {
		at := t.OrdinalOf(f)
		if at < 0 {
			b.err = sqlerr.New(sqlerr.InternalError, "the index expression %s uses the field %d, which its table has not", def.Expr, f)
			break
		}
		b.cols = append(b.cols, row[at])
	}
	if len(c.bound) > maxBound {
		clear(c.bound)
	}
	c.bound[name] = b
	return b
}

// derivations are what a table's indexes are on besides columns; nil where that does not bind.
func (sc *scope) derivations(t *catalog.Table) *plan.Derivations {
	known, err := sc.binder("", nil).Derivations(t)
	if err != nil {
		return nil
	}
	return known
}
