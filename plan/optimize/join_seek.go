package optimize

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/plan"
)

const (
	// joinSeekDoubt is how much more than reading all a seek by a join's keys may be expected to cost
	// and still be planned: what is done is decided when the keys are there.
	joinSeekDoubt = 4
	// guessKeyRows is the expected number of rows with one key where nothing is known.
	guessKeyRows = 100
)

// joinSeeks is the rule "join_seeks": where a join's build side is small, and drops rows of the other
// without a partner, its keys are looked up in an index of the scan that produces them. The same
// conditions hold as for runtime filters.
//
//	Inner Join on l.k = o.k (Scan l, Scan o where …)
//	  ⇒  Inner Join on l.k = o.k keys#0 (Scan l seek l_k by keys#0, Scan o where …)
func joinSeeks(o *optimizer, root plan.Node) plan.Node {
	children := root.Children()
	for i := range slices.Backward(children) { // the build side first: what it seeks bounds it
		children[i] = joinSeeks(o, children[i])
	}
	if len(children) > 0 {
		root = root.With(children)
	}
	if j, ok := root.(*plan.Join); ok && prunesProbe(j.Kind) && len(j.Equi) > 0 {
		return o.joinSeek(j)
	}
	return root
}

// soughtScan is a scan below a join with the equi pairs that give values of its columns.
type soughtScan struct {
	scan  *plan.Scan
	pairs map[int32]int // by field
}

func (o *optimizer) joinSeek(j *plan.Join) plan.Node {
	m := *j
	for _, found := range soughtScans(j) {
		seek, pairs := o.bestJoinSeek(j, found)
		if seek == nil || o.nextKeys == plan.MaxKeySets {
			continue
		}
		seek.ID = o.nextKeys
		o.nextKeys++
		m.Keys = append(m.Keys[:len(m.Keys):len(m.Keys)], plan.PublishKeys{ID: seek.ID, Pairs: pairs})
		m.Left = plan.RewriteNodes(m.Left, func(n plan.Node) plan.Node {
			if n != plan.Node(found.scan) {
				return n
			}
			s := *found.scan
			s.JoinSeek = seek
			return &s
		})
	}
	return &m
}

// soughtScans lists the scans of the probe side with indexes that the join's keys could be looked up in.
func soughtScans(j *plan.Join) []*soughtScan {
	var all []*soughtScan
	for i, p := range j.Equi {
		c := columnOf(p.Left)
		if c == nil || p.NullSafe {
			continue
		}
		attach(j.Left, c.ID, func(scan plan.Node, c plan.Column) plan.Node {
			n, ok := scan.(*plan.Scan)
			if !ok {
				return scan
			}
			if len(n.Table.Indexes) == 0 || n.JoinSeek != nil || n.Seek != nil && (n.Seek.Unique || n.Seek.First != nil) || c.Ordinal >= len(n.Table.Columns) {
				return n
			}
			def := &n.Table.Columns[c.Ordinal]
			if !seekable(def.Type, p.Right.Type()) {
				return n
			}
			at := slices.IndexFunc(all, func(s *soughtScan) bool { return s.scan == n })
			if at < 0 {
				at = len(all)
				all = append(all, &soughtScan{scan: n, pairs: map[int32]int{}})
			}
			if _, known := all[at].pairs[def.FieldID]; !known {
				all[at].pairs[def.FieldID] = i
			}
			return n
		})
	}
	return all
}

// bestJoinSeek is the seek through the index of which a key finds the fewest rows, and the pairs that
// make the key; nil when none may pay.
func (o *optimizer) bestJoinSeek(j *plan.Join, found *soughtScan) (best *plan.JoinSeek, pairs []int) {
	n := found.scan
	p := pathFinder{scan: n, est: o.accessEstimator()}
	keys := p.est.rows(j.Right)
	least := 0.0
	for i := range n.Table.Indexes {
		ix := &n.Table.Indexes[i]
		use := found.leading(ix)
		full := len(use) == len(ix.Fields)
		if len(use) == 0 || ix.Kind() == index.Hash && !full {
			continue
		}
		rows := p.keyRows(ix, len(use))
		if best != nil && rows >= least {
			continue
		}
		least, pairs = rows, use
		best = &plan.JoinSeek{Index: ix.Name, Path: index.NewPath(ix.Kind(), ix.Fields), Rows: keys * rows,
			KeyCost: lookupCost / scanRowCost, RowsCost: rows * foundRowCost / scanRowCost, Few: few(j.Right)}
	}
	switch {
	case best == nil || n.Seek != nil && best.Rows*smallerBy > n.Seek.Rows:
		return nil, nil
	case o.env.PreferIndexes:
		best.KeyCost, best.RowsCost = 0, 0
	case keys*(best.KeyCost*p.chunksOf(n.Filters)+best.RowsCost) > joinSeekDoubt*p.scanCost():
		return nil, nil
	}
	return best, pairs
}

// leading are the pairs that give the first columns of an index.
func (s *soughtScan) leading(ix *catalog.Index) []int {
	var pairs []int
	for _, f := range ix.Fields {
		i, ok := s.pairs[f]
		if !ok {
			break
		}
		pairs = append(pairs, i)
	}
	return pairs
}

// keyRows is the expected number of rows with one key of an index's first columns.
func (p *pathFinder) keyRows(ix *catalog.Index, columns int) float64 {
	if columns == len(ix.Fields) && (ix.Unique || ix.Primary) {
		return 1
	}
	stats := p.est.table(p.scan.Table)
	distinct := 0.0
	for _, f := range ix.Fields[:columns] {
		if at := p.scan.Table.OrdinalOf(f); at < len(stats.Columns) && stats.Columns[at].Distinct > 0 {
			distinct = max(distinct, 1) * stats.Columns[at].Distinct
		}
	}
	if distinct == 0 {
		return guessKeyRows
	}
	return max(1, stats.Rows/min(distinct, max(1, stats.Rows)))
}

// few reports a node that has few rows whatever the data are: it starts from single keys.
func few(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return n.Seek != nil && n.Seek.Unique && n.Seek.Lookups() <= maxFewKeys || n.JoinSeek != nil && n.JoinSeek.Few
	case *plan.Values:
		return len(n.Rows) <= maxFewKeys
	case *plan.Empty:
		return true
	case *plan.Filter, *plan.Project, *plan.Aggregate, *plan.Sort, *plan.Limit:
		return few(n.Children()[0])
	case *plan.Join:
		return few(n.Left) && few(n.Right)
	}
	return false
}

// maxFewKeys is how many keys few rows may have.
const maxFewKeys = 100
