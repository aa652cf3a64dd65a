package scan

import (
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// pruner decides from zone maps alone that a chunk holds no matching row.
type pruner struct {
	node  *plan.Scan
	query *exec.Query
}

// value is that of a constant, or of a parameter.
func (p *pruner) value(e plan.Expr) (types.Value, bool) {
	switch e := e.(type) {
	case *plan.Const:
		return e.Value, true
	case *plan.Param:
		v, err := p.query.Param(e.Index)
		return v, err == nil
	}
	return types.Value{}, false
}

// admitted lists the chunks that may hold matching rows.
func (p *pruner) admitted(chunks []Chunk) []Chunk {
	kept := make([]Chunk, 0, len(chunks))
	for _, c := range chunks {
		if !p.excludes(c) {
			kept = append(kept, c)
		}
	}
	return kept
}

func (p *pruner) excludes(c Chunk) bool {
	for _, e := range p.node.Filters {
		if p.never(e, c) {
			return true
		}
	}
	for _, r := range p.node.Runtime {
		f := p.query.Filters.Get(r.ID)
		if f == nil {
			continue
		}
		if f.Empty {
			return true
		}
		zone, ok := p.zone(r.Expr, c)
		if ok && zone.Min.Type.Class() == types.ClassInt && (zone.Max.I < f.Min || zone.Min.I > f.Max) {
			return true
		}
	}
	return false
}

// zone finds the bounds of a column; ok is false when e is something else or nothing is known.
func (p *pruner) zone(e plan.Expr, c Chunk) (Zone, bool) {
	col, ok := e.(*plan.Column)
	if !ok {
		return Zone{}, false
	}
	for i := range p.node.Cols {
		if p.node.Cols[i].ID == col.ID {
			z, ok := c.Zone(p.node.Table.Columns[p.node.Cols[i].Ordinal].FieldID)
			return z, ok && !z.Min.Null && !z.Max.Null
		}
	}
	return Zone{}, false
}

// never reports that e is true for no row of the chunk.
func (p *pruner) never(e plan.Expr, c Chunk) bool {
	switch e := e.(type) {
	case *plan.And:
		for _, t := range e.Terms {
			if p.never(t, c) {
				return true
			}
		}
		return false
	case *plan.Or:
		for _, t := range e.Terms {
			if !p.never(t, c) {
				return false
			}
		}
		return true
	case *plan.Compare:
		if _, ok := p.value(e.L); ok {
			return p.neverCompare(e.Op.Flip(), e.R, e.L, c)
		}
		return p.neverCompare(e.Op, e.L, e.R, c)
	case *plan.InList:
		if e.Negate {
			return false
		}
		for _, x := range e.List {
			if !p.neverCompare(plan.Eq, e.X, x, c) {
				return false
			}
		}
		return true
	case *plan.Const:
		return e.Value.Null || e.Value.Type.Kind == types.Boolean && e.Value.I == 0
	}
	return false
}

func (p *pruner) neverCompare(op plan.CompareOp, x, constant plan.Expr, c Chunk) bool {
	value, ok := p.value(constant)
	if !ok {
		return false
	}
	if value.Null {
		return op != plan.IsDistinct && op != plan.IsNotDistinct
	}
	zone, ok := p.zone(x, c)
	if !ok {
		return false
	}
	below, ok1 := types.Order(value, zone.Min) // constant against the least value
	above, ok2 := types.Order(value, zone.Max)
	if !ok1 || !ok2 {
		return false
	}
	switch op {
	case plan.Eq, plan.IsNotDistinct:
		return below < 0 || above > 0
	case plan.Lt:
		return below <= 0
	case plan.Le:
		return below < 0
	case plan.Gt:
		return above >= 0
	case plan.Ge:
		return above > 0
	case plan.Ne:
		return below == 0 && above == 0
	}
	return false
}
