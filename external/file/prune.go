package file

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Zone bounds the values of a column in a piece of a file. Min and Max are NULL values when unknown.
type Zone struct {
	Min, Max types.Value
	// AllNull says that there is no value at all.
	AllNull bool
}

// Pruner decides from bounds alone that a piece of a file has no row for which all filters are true.
type Pruner struct {
	Filters []plan.Expr
	// Cols are the scanned columns; their Ordinal names the file's column.
	Cols []plan.Column
}

// Excludes reports that no row can match. zone gives the bounds of the file's column with an ordinal.
func (p *Pruner) Excludes(zone func(ordinal int) (Zone, bool)) bool {
	for _, e := range p.Filters {
		if p.never(e, zone) {
			return true
		}
	}
	return false
}

func (p *Pruner) never(e plan.Expr, zone func(int) (Zone, bool)) bool {
	switch e := e.(type) {
	case *plan.And:
		for _, t := range e.Terms {
			if p.never(t, zone) {
				return true
			}
		}
	case *plan.Or:
		for _, t := range e.Terms {
			if !p.never(t, zone) {
				return false
			}
		}
		return true
	case *plan.Compare:
		if _, ok := e.L.(*plan.Const); ok {
			return p.neverCompare(e.Op.Flip(), e.R, e.L, zone)
		}
		return p.neverCompare(e.Op, e.L, e.R, zone)
	case *plan.InList:
		for _, x := range e.List {
			if e.Negate || !p.neverCompare(plan.Eq, e.X, x, zone) {
				return false
			}
		}
		return !e.Negate
	case *plan.IsNull:
		z, ok := p.zoneOf(e.X, zone)
		return ok && e.Negate && z.AllNull
	case *plan.Const:
		return e.Value.Null || e.Value.Type.Kind == types.Boolean && e.Value.I == 0
	}
	return false
}

func (p *Pruner) zoneOf(e plan.Expr, zone func(int) (Zone, bool)) (Zone, bool) {
	col, ok := e.(*plan.Column)
	if !ok {
		return Zone{}, false
	}
	for i := range p.Cols {
		if p.Cols[i].ID == col.ID {
			return zone(p.Cols[i].Ordinal)
		}
	}
	return Zone{}, false
}

func (p *Pruner) neverCompare(op plan.CompareOp, x, constant plan.Expr, zone func(int) (Zone, bool)) bool {
	c, ok := constant.(*plan.Const)
	if !ok || op == plan.IsDistinct {
		return false
	}
	if c.Value.Null {
		return op != plan.IsNotDistinct
	}
	z, ok := p.zoneOf(x, zone)
	if !ok {
		return false
	}
	if z.AllNull {
		return true
	}
	// A bound that is not known excludes nothing.
	below, ok1 := types.Order(c.Value, z.Min)
	above, ok2 := types.Order(c.Value, z.Max)
	switch op {
	case plan.Eq, plan.IsNotDistinct:
		return ok1 && below < 0 || ok2 && above > 0
	case plan.Lt:
		return ok1 && below <= 0
	case plan.Le:
		return ok1 && below < 0
	case plan.Gt:
		return ok2 && above >= 0
	case plan.Ge:
		return ok2 && above > 0
	}
	return false
}
