// Package optimize turns a bound plan into the plan that runs: it unnests every subquery, moves
// predicates to where they cost least, orders joins by cost and fills in the physical choices
// (build sides, runtime filters, streaming) on the same nodes.
//
// It is a list of named rules, applied in order to the root and to every sub-plan that the root
// reads (shared plans, runtime constants). Each rule is a function from tree to tree; trees are
// immutable, only the bodies of shared plans and runtime constants, which the optimizer has copied
// first, are replaced in place.
//
// O1: a rule keeps the meaning: the same rows, and the same errors wherever an expression that
// fails is reached by a row.
// O2: a rule keeps the output columns (ids, order) of the plan it is given.
// O3: every column that a node refers to is produced by its inputs (Check verifies it).
// O4: columns made by a rule get fresh ids; a copied sub-tree gets fresh ids throughout.
package optimize
