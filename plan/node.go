package plan

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/types"
)

// Node is a relational operator.
type Node interface {
	// Columns are the output columns in order.
	Columns() []Column
	Children() []Node
	// With gives a copy over other children.
	With(children []Node) Node
	// Label is the node's line in EXPLAIN, without children and estimates.
	Label() string
	// Est is where the optimizer leaves its estimates.
	Est() *Estimate
}

// Estimate is the optimizer's guess; zero before it ran.
type Estimate struct {
	Rows float64
	Cost float64
}

// Base carries what all nodes have.
type Base struct{ estimate Estimate }

// Est implements Node.
func (b *Base) Est() *Estimate { return &b.estimate }

// NamedExpr is an expression that becomes column Out.
type NamedExpr struct {
	Out  Column
	Expr Expr
}

// SortKey orders by Expr. NullsFirst is resolved by the binder (PostgreSQL: NULLs are largest).
type SortKey struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
}

// Scan reads a base table. Cols are its columns that are wanted. Filters are conjuncts evaluated in
// the scan, cheapest and most selective first; zone maps prune by them. RowID, when set, adds the
// row's id as a last bigint column.
type Scan struct {
	Base
	Table   *catalog.Table
	Alias   string
	Cols    []Column
	Filters []Expr
	RowID   *Column
	// Runtime lists the runtime filters that joins above publish into this scan.
	Runtime []RuntimeProbe
	// Seek, when set, finds the rows through an index; Filters still hold all conditions.
	Seek *Seek
	// JoinSeek, when set, finds them by the keys of a join above.
	JoinSeek *JoinSeek
}

// RuntimeProbe says that rows whose Expr cannot match runtime filter ID may be dropped.
type RuntimeProbe struct {
	ID   int
	Expr Expr
}

// External scans files: a table function (read_csv, read_parquet, …) or FROM 'file'. Source is
// implemented by package external; Cols index its schema by Ordinal.
type External struct {
	Base
	Source  ExternalSource
	Alias   string
	Cols    []Column
	Filters []Expr
	// Runtime is as in Scan.
	Runtime []RuntimeProbe
}

// ExternalSource describes an opened file set: package external implements it, exec/scan runs it.
type ExternalSource interface {
	Describe() string
	Schema() []catalog.Column
	// Stats are what is known of the rows without reading them, Columns those of Schema or nil; nil for nothing.
	Stats() *catalog.TableStats
}

// Generate is a set-returning function in FROM that makes its rows itself: generate_series. With an
// Input (LATERAL, after unnesting) it makes its rows for every row of Input, whose columns the
// arguments may use and whose columns come first in the output.
type Generate struct {
	Base
	Function string
	Input    Node
	Args     []Expr
	Cols     []Column
}

// Values are literal rows.
type Values struct {
	Base
	Cols []Column
	Rows [][]Expr
}

// Filter keeps rows for which all Preds are true.
type Filter struct {
	Base
	Input Node
	Preds []Expr
}

// Project computes its columns; a bare Column passes one through (under its own or a new id).
type Project struct {
	Base
	Input Node
	Exprs []NamedExpr
}

// JoinKind is what a join delivers. Left is the preserved (probe) side for Semi, Anti, Mark and Single.
type JoinKind uint8

const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	CrossJoin
	SemiJoin
	AntiJoin // NOT EXISTS; with NullAware NOT IN
	MarkJoin // Left's columns plus Mark: true, false or (NullAware) NULL
	// SingleJoin is a left join whose right side may match at most once: a second match is error 21000.
	SingleJoin
)

// EquiPair is one condition Left = Right; each side refers to its input only. NullSafe is IS NOT DISTINCT FROM.
type EquiPair struct {
	Left, Right Expr
	NullSafe    bool
}

// Join joins Left and Right. Equi conditions are hashed, Residual is checked on pairs that match
// them. The right child is always the build side: the optimizer swaps children and kinds. A NullAware
// join (anti or mark) has exactly one equi pair and no residual.
type Join struct {
	Base
	Kind        JoinKind
	Left, Right Node
	Equi        []EquiPair
	Residual    []Expr
	Mark        Column
	NullAware   bool
	// BuildUnique promises that no two build rows have equal keys (proven, from a key).
	BuildUnique bool
	// Publish lists the runtime filters made from the build side, one an equi pair: filter ID is
	// fed by Equi[Pair].Right.
	Publish []RuntimePublish
	// Keys lists the keys that JoinSeeks below look for.
	Keys []PublishKeys
}

// RuntimePublish feeds runtime filter ID from equi pair Pair's build side.
type RuntimePublish struct {
	ID   int
	Pair int
}

// Apply is the dependent join that the binder makes for LATERAL: Right may refer to Left's columns.
type Apply struct {
	Base
	Kind        JoinKind
	Left, Right Node
	On          []Expr
	// Mark and NullAware are as in Join; the optimizer sets them when it turns subqueries into applies.
	Mark      Column
	NullAware bool
}

// Aggregate groups by Groups and computes Aggs. Without groups it delivers exactly one row.
type Aggregate struct {
	Base
	Input  Node
	Groups []NamedExpr
	Aggs   []NamedAgg
	// Streaming: the input arrives clustered by the first group column in scan order (verified
	// statistics), so groups can be closed when it changes.
	Streaming bool
}

// NamedAgg is an aggregate that becomes column Out.
type NamedAgg struct {
	Out Column
	Agg AggCall
}

// Distinct drops duplicate rows; with On it keeps the first row of each group of equal On values.
type Distinct struct {
	Base
	Input Node
	On    []Expr
}

// Sort orders rows; Limit >= 0 keeps only the first Limit (top-N, offset included).
type Sort struct {
	Base
	Input Node
	Keys  []SortKey
	Limit int64
}

// Limit skips Offset rows and passes Count; nil means none. Expressions are constant per execution.
// With By it does so for each run of equal By values (NULLs are equal); the input is then sorted by
// them first. With Ties (WITH TIES) rows that equal the last one passed in all of Ties pass too; the
// input is then sorted by them.
type Limit struct {
	Base
	Input         Node
	Count, Offset Expr
	By, Ties      []Expr
}

// SetOpKind is UNION, INTERSECT or EXCEPT.
type SetOpKind uint8

const (
	Union SetOpKind = iota
	Intersect
	Except
)

// SetOp combines inputs of equal column types; Cols are its own output columns.
type SetOp struct {
	Base
	Kind        SetOpKind
	All         bool
	Left, Right Node
	Cols        []Column
}

// Shared is a sub-plan that several places read: a CTE or a common sub-plan. All Shared nodes with
// one Plan pointer share one materialised run; Cols renames its columns for this reader.
type Shared struct {
	Base
	Plan *SharedPlan
	Cols []Column
}

// SharedPlan is the body of Shared nodes.
type SharedPlan struct {
	Name  string
	Input Node
}

// Recursive is WITH RECURSIVE: Init once, then Step over Working until it is empty; All keeps duplicates.
type Recursive struct {
	Base
	Init, Step Node
	Working    *WorkingTable
	All        bool
	Cols       []Column
}

// WorkingTable is the rows of the previous round, read by WorkingScan.
type WorkingTable struct {
	Name  string
	Types []types.Type
}

// WorkingScan reads a recursive query's working table.
type WorkingScan struct {
	Base
	Working *WorkingTable
	Cols    []Column
}

// Empty delivers no rows.
type Empty struct {
	Base
	Cols []Column
}
