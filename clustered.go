package oxidb

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/plan"
)

// clustered sorts the rows that a statement inserts by the table's cluster key, so that what comes at
// once can be passed over by its zones at once. A few given rows lie in the open chunk anyway. The sort
// goes to temporary files when it does not fit the memory; NULL is above all values, as compaction has it.
func clustered(input plan.Node, t *catalog.Table) plan.Node {
	if len(t.Cluster) == 0 || fewGiven(input) {
		return input
	}
	columns := input.Columns()
	sort := &plan.Sort{Input: input, Limit: -1}
	for _, f := range t.Cluster {
		at := t.OrdinalOf(f)
		if at < 0 || at >= len(columns) {
			return input
		}
		sort.Keys = append(sort.Keys, plan.SortKey{Expr: plan.Ref(columns[at])})
	}
	return sort
}

// fewGiven reports rows that stand in the statement.
func fewGiven(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Values:
		return true
	case *plan.Project:
		return fewGiven(n.Input)
	}
	return false
}
