package optimize

import "github.com/oxidb/oxidb/plan"

// Rule is what is known of a rule from outside.
type Rule struct {
	Name string
	// Sentence says what the rule does.
	Sentence string
	// Required rules cannot be switched off: without them a plan cannot run.
	Required bool
}

type rule struct {
	Rule
	// run rewrites one tree; whole, when set, sees the root and its sub-plans together.
	run   func(*optimizer, plan.Node) plan.Node
	whole func(*optimizer, plan.Node) plan.Node
	// simple rules are the ones that can change a tree of one scan below filters and projections
	// (see isSimple); the others are not tried on it.
	simple bool
}

// Rules lists the rules in the order in which they run first; a name may run more than once.
func Rules() []Rule {
	var out []Rule
	seen := map[string]bool{}
	for _, r := range rules {
		if !seen[r.Name] {
			seen[r.Name] = true
			out = append(out, r.Rule)
		}
	}
	return out
}

// rules is the optimizer: what runs, in this order.
var rules = []rule{
	{Rule: Rule{"normalise", "Constants are folded, booleans simplified, common conjuncts taken out of OR.", false}, run: normalise, simple: true},
	{Rule: Rule{"inline_shared", "A shared plan with one reader is put where it is read.", true}, whole: inlineShared},
	{Rule: Rule{"unnest", "Subqueries and lateral items become joins.", true}, whole: unnest},
	{Rule: Rule{"inline_shared", "A shared plan with one reader is put where it is read.", true}, whole: inlineShared},
	{Rule: Rule{"distinct_to_aggregate", "DISTINCT and UNION become groupings without aggregates.", false}, run: distinctToAggregate},
	{Rule: Rule{"normalise", "Constants are folded, booleans simplified, common conjuncts taken out of OR.", false}, run: normalise},
	{Rule: Rule{"push_filters", "Predicates move to the lowest place that has their columns; outer joins become inner where NULLs are rejected.", false}, run: pushdown, simple: true},
	{Rule: Rule{"prune_columns", "Nothing is read, computed or carried that nobody above needs.", false}, whole: prune, simple: true},
	{Rule: Rule{"merge_projects", "A projection of a projection is one; one that changes nothing goes.", false}, run: mergeProjects, simple: true},
	{Rule: Rule{"share_aggregates", "Equal aggregates are computed once; avg is sum over count.", false}, run: shareAggregates},
	{Rule: Rule{"distinct_aggregates", "DISTINCT aggregates of one argument become two groupings.", false}, run: distinctAggregates},
	{Rule: Rule{"group_keys", "Group columns that others determine are carried, not compared.", false}, run: groupKeys},
	{Rule: Rule{"eager_aggregate", "One side of a join is aggregated before it when the groups are the other side's rows.", false}, run: eagerAggregate},
	{Rule: Rule{"inequality_semi", "EXISTS with an equality and an inequality compares with the least and greatest value of the key.", false}, run: inequalitySemi},
	{Rule: Rule{"sorts", "Sorts whose order is lost go, and sort keys that decide nothing.", false}, run: sorts},
	{Rule: Rule{"order_joins", "Joins are ordered by cost; the right child is the build side.", false}, run: orderJoins},
	{Rule: Rule{"common_expressions", "What a node computes several times is computed once below it.", false}, run: commonExpressions, simple: true},
	{Rule: Rule{"build_sides", "Small preserved sides build; unique build keys are marked.", false}, run: buildSides},
	{Rule: Rule{"merge_projects", "A projection of a projection is one; one that changes nothing goes.", false}, run: mergeProjects, simple: true},
	{Rule: Rule{"prune_columns", "Nothing is read, computed or carried that nobody above needs.", false}, whole: prune, simple: true},
	{Rule: Rule{"top_n", "A limit bounds the sort below it.", false}, run: topN},
	{Rule: Rule{"order_filters", "Conjuncts stand in the order of cost against rows dropped.", false}, run: orderFilters, simple: true},
	{Rule: Rule{"stream_aggregates", "Groupings by the column that a table is sorted by close their groups as they go.", false}, run: streaming},
	{Rule: Rule{"runtime_filters", "Joins publish the keys of their build side to the scan of the probe side.", false}, run: runtimeFilters},
	{Rule: Rule{"share_subplans", "Joins and groupings that stand at several places run once.", false}, whole: shareSubplans},
	{Rule: Rule{"prune_columns", "Nothing is read, computed or carried that nobody above needs.", false}, whole: prune},
	{Rule: Rule{"merge_projects", "A projection of a projection is one; one that changes nothing goes.", false}, run: mergeProjects},
	{Rule: Rule{"access_paths", "A scan whose filters name few rows finds them through indexes, by cost.", false}, run: accessPaths, simple: true},
	{Rule: Rule{"join_seeks", "The few keys of a join's build side are looked up in an index of the probe side.", false}, run: joinSeeks},
	{Rule: Rule{"estimates", "Every node gets its estimated rows and cost.", true}, run: estimates, simple: true},
}
