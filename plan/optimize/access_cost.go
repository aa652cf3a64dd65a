package optimize

import (
	"math"

	"github.com/oxidb/oxidb/plan"
)

// What ways into a table cost, in nanoseconds of one core: measured with BenchmarkAccessPaths on a
// million rows. A scan by a range of integers takes 0.9 ms whether it finds 1 row or 10,000; through the
// ordered index 10,000 scattered rows take 0.4 ms and 50,000 take 1.1 ms, with one worker where a scan
// has all.
const (
	scanRowCost  = 1    // a row that the filters look at
	lookupCost   = 1000 // a key, or a range, looked up in one chunk
	foundRowCost = 35   // a row that an index found: put in order, and its columns read out of order
	// partRowCost is a row that is found to be intersected with others: it is not read.
	partRowCost = 4
	chunkRows   = 122_880
	// maxLookups bounds the keys that a seek tries; maxParts the seeks put together.
	maxLookups = 10_000
	// maxFirst bounds the rows that a seek for the first ones takes from each chunk.
	maxFirst = 10_000
)

// accessEstimator estimates from statistics that need not be of the latest commit.
func (o *optimizer) accessEstimator() *estimator {
	if o.env.RoughStats == nil || o.est != nil {
		return o.estimator()
	}
	rough := *o
	rough.env.Stats = o.env.RoughStats
	return rough.estimator()
}

// priced estimates a seek that stands for some of the scan's filters.
func (p *pathFinder) priced(seek *plan.Seek, used []plan.Expr) candidate {
	rows := p.rowsOf(used)
	lookups := float64(seek.Lookups())
	if seek.Unique {
		rows = min(rows, lookups)
	}
	return candidate{seek: seek, used: used, rows: rows, cost: lookups*lookupCost*p.chunksOf(used) + rows*foundRowCost}
}

// intersection estimates two seeks of which only the common rows are read.
func (p *pathFinder) intersection(a, b candidate) candidate {
	parts := []*plan.Seek{a.seek}
	if len(a.seek.Parts) > 0 && !a.seek.Any {
		parts = a.seek.Parts
	}
	used := disjoint(a.used, b.used)
	rows := p.rowsOf(used)
	found := func(c candidate) float64 { return c.cost - c.rows*foundRowCost + c.rows*partRowCost }
	return candidate{seek: &plan.Seek{Parts: append(append([]*plan.Seek(nil), parts...), b.seek)}, used: used, rows: rows,
		cost: found(a) + found(b) + rows*foundRowCost}
}

func (p *pathFinder) rowsOf(used []plan.Expr) float64 {
	return p.est.table(p.scan.Table).Rows * p.est.selectivity(used, p.scan)
}

// chunksOf is the number of chunks that zones leave when the table is sorted by a column of the
// conditions, else all.
func (p *pathFinder) chunksOf(used []plan.Expr) float64 {
	return math.Ceil(max(1, p.readRows(used)/chunkRows))
}

// readRows is how many rows a scan by these conditions reads: zones pass over whole chunks of a table
// that is sorted by one of the columns.
func (p *pathFinder) readRows(preds []plan.Expr) float64 {
	stats := p.est.table(p.scan.Table)
	rows := stats.Rows
	for i := range p.scan.Cols {
		c := &p.scan.Cols[i]
		if c.Ordinal >= len(stats.Columns) || !stats.Columns[c.Ordinal].Sorted {
			continue
		}
		if own := onlyOn(preds, c.ID); len(own) > 0 {
			rows = min(rows, stats.Rows*p.est.selectivity(own, p.scan)+chunkRows)
		}
	}
	return rows
}

// scanCost is the price of reading the table.
func (p *pathFinder) scanCost() float64 {
	return scanRowCost * p.readRows(p.scan.Filters)
}
