package oxidb

import (
	"container/list"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// planCache keeps statements by their text, least recently used go first: parsed, bound and, where the
// plan does not depend on the arguments' values, planned. What was bound is used again while the catalog
// and the settings are the same.
//
// P1: of a statement, the syntax tree, the bound tree and the plan are never written to, so that
// sessions share them.
// P2: a plan is kept only when no answer depends on the statistics that it was made by, and no other
// choice could be better: it seeks single keys of few rows, or reads no table (generic plan). Everything else is
// planned at every execution, with the arguments as constants (custom plan).
type planCache struct {
	mu      sync.Mutex
	entries map[string]*list.Element
	order   list.List // of *cachedStatement, most recently used first
}

const (
	// maxCachedStatements and maxCachedText bound the cache's memory.
	maxCachedStatements = 1000
	maxCachedText       = 16 << 10
	// maxVariants is how many combinations of catalog and settings a statement is kept for.
	maxVariants = 4
	// maxGuessedRows and maxGuessedUses bound what a generic plan through an index that is no key may
	// find, and how often it is used before statistics are asked again.
	maxGuessedRows = 100
	maxGuessedUses = 10_000
)

// cachedStatement is one statement of a text.
type cachedStatement struct {
	sql  string
	stmt ast.Statement
	// kept: what the statement was bound to is used again. Others are as if new at every execution.
	kept bool

	mu       sync.Mutex
	variants atomic.Pointer[[]*boundVariant] // most recently made first; mu is held to change it
}

// boundVariant is a statement as bound under one catalog and one choice of settings.
type boundVariant struct {
	catalog  uint64
	settings string
	bound    plan.Statement // nil: the statement has to be bound at every execution
	// generic is the plan with parameters in it; nil when the statement is planned at every execution.
	generic plan.Node
	// guessed: the plan follows from statistics, and is made again now and then.
	guessed bool
	uses    atomic.Int64
	schema  *arrow.Schema // of the rows that a generic plan's statement delivers, with their types
	types   []types.Type
	params  []types.Type
	// reused: what executes the generic plan is kept in idle, to be used again.
	reused bool
	idle   sync.Pool // of *running
}

// parse gives the statement in sql, parsed before or now. Of a text with several statements it gives
// the first ones in before; they are not kept.
func (c *planCache) parse(sql string) (before []*cachedStatement, last *cachedStatement, err error) {
	if s := c.get(sql); s != nil {
		return nil, s, nil
	}
	stmts, err := parser.Parse(sql)
	if err != nil || len(stmts) == 0 {
		return nil, nil, err
	}
	if len(stmts) == 1 {
		return nil, c.keep(newCached(sql, stmts[0])), nil
	}
	all := make([]*cachedStatement, len(stmts))
	for i, stmt := range stmts {
		all[i] = &cachedStatement{sql: sql, stmt: stmt}
	}
	return all[:len(all)-1], all[len(all)-1], nil
}

// newCached is a statement that is used again when it is one that executions bind.
func newCached(sql string, stmt ast.Statement) *cachedStatement {
	s := &cachedStatement{sql: sql, stmt: stmt}
	switch stmt.(type) {
	case *ast.Query, *ast.Insert, *ast.Update, *ast.Delete:
		s.kept = len(sql) <= maxCachedText
	}
	return s
}

func (c *planCache) get(sql string) *cachedStatement {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[sql]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedStatement)
}

// keep remembers a text's only statement, and gives what is remembered.
func (c *planCache) keep(s *cachedStatement) *cachedStatement {
	if !s.kept {
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[string]*list.Element{}
	}
	if known := c.entries[s.sql]; known != nil {
		return known.Value.(*cachedStatement)
	}
	c.entries[s.sql] = c.order.PushFront(s)
	for c.order.Len() > maxCachedStatements {
		last := c.order.Remove(c.order.Back()).(*cachedStatement)
		delete(c.entries, last.sql)
	}
	return s
}

// find gives the variant for a catalog version and settings, nil when there is none.
func (s *cachedStatement) find(catalog uint64, settings string) *boundVariant {
	variants := s.variants.Load()
	if variants == nil {
		return nil
	}
	for _, v := range *variants {
		if v.catalog == catalog && v.settings == settings {
			return v
		}
	}
	return nil
}

func (s *cachedStatement) add(v *boundVariant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	variants := []*boundVariant{v}
	if before := s.variants.Load(); before != nil {
		variants = append(variants, (*before)[:min(len(*before), maxVariants-1)]...)
	}
	s.variants.Store(&variants)
}

// cached gives what is kept of a statement for this catalog and these settings, binding it first when
// there is nothing yet; nil when the statement cannot be kept.
func (sc *scope) cached(text *cachedStatement) (*boundVariant, error) {
	version := sc.catalog.Version()
	if !text.kept || version == ownCatalog || sc.txn.Serializable() || sc.checking { // binding notes what it reads of the catalog
		return nil, nil
	}
	set := sc.set.bound
	if v := text.find(version, set); v != nil && (!v.guessed || v.uses.Add(1) < maxGuessedUses) {
		if v.bound == nil {
			return nil, nil
		}
		return v, nil
	}
	bound, open, err := sc.bindDeclared(text.stmt, text.sql, nil, nil)
	if err != nil {
		return nil, nil //nolint:nilerr // binding it with its arguments gives the error, if there is one
	}
	if open || len(sc.pasts) > 0 || !keepable(bound) { // what it means depends on the moment or the arguments
		text.add(&boundVariant{catalog: version, settings: set})
		return nil, nil
	}
	v := &boundVariant{catalog: version, settings: set, bound: bound, params: paramsOf(bound)}
	if err := sc.planGeneric(v); err != nil {
		return nil, err
	}
	text.add(v)
	return v, nil
}

// ownCatalog is the version of a catalog that the transaction itself has changed.
const ownCatalog = ^uint64(0)

// keepable reports that a bound statement means the same at every execution under one catalog: it reads
// no files, whose columns may change.
func keepable(stmt plan.Statement) bool {
	root := inputOf(stmt)
	return root != nil && !plan.Contains(root, func(n plan.Node) bool {
		_, reads := n.(*plan.External)
		return reads
	})
}

// inputOf is the tree below a statement that reads or changes rows, nil for others.
func inputOf(stmt plan.Statement) plan.Node {
	switch s := stmt.(type) {
	case *plan.Query:
		return s.Root
	case *plan.Insert:
		return s.Input
	case *plan.Update:
		return s.Input
	case *plan.Delete:
		return s.Input
	}
	return nil
}

// planGeneric plans a statement without its arguments, and keeps the plan if it is one that P2 allows.
func (sc *scope) planGeneric(v *boundVariant) error {
	if !maybeGeneric(inputOf(v.bound)) {
		return nil
	}
	root, err := sc.optimize(inputOf(v.bound), nil)
	if err != nil || !sc.generic(root) {
		return err
	}
	v.generic = root
	v.guessed = plan.Contains(root, func(n plan.Node) bool {
		s, ok := n.(*plan.Scan)
		return ok && !s.Seek.Unique
	})
	v.reused = reusable(v.bound, root)
	if q, ok := v.bound.(*plan.Query); ok {
		v.schema, v.types = outputSchema(q.Names, root.Columns())
	}
	return nil
}

// maxReusedValues bounds the literals whose evaluators are kept with a plan.
const maxReusedValues = 1000

// reusable reports that what executes a generic plan may be used again.
func reusable(stmt plan.Statement, root plan.Node) bool {
	if insert, ok := stmt.(*plan.Insert); ok && insert.Conflict != nil {
		return false
	}
	return !plan.Contains(root, func(n plan.Node) bool {
		v, ok := n.(*plan.Values)
		return ok && len(v.Rows)*len(v.Cols) > maxReusedValues
	})
}

// maybeGeneric reports trees that may become a generic plan: it saves planning those that cannot.
func maybeGeneric(n plan.Node) bool {
	switch n.(type) {
	case *plan.Scan, *plan.Values, *plan.Filter, *plan.Project:
	default:
		return false
	}
	for _, c := range n.Children() {
		if !maybeGeneric(c) {
			return false
		}
	}
	nested := false
	plan.VisitExprs(n, func(e plan.Expr) {
		plan.Walk(e, func(e plan.Expr) bool {
			switch e.(type) {
			case *plan.Subquery, *plan.RuntimeValue:
				nested = true
			}
			return !nested
		})
	})
	return !nested
}

// generic reports a plan that P2 allows.
func (sc *scope) generic(n plan.Node) bool {
	if s, ok := n.(*plan.Scan); ok && !sc.seeksFew(s) {
		return false
	}
	if !maybeGeneric(n) {
		return false
	}
	for _, c := range n.Children() {
		if !sc.generic(c) {
			return false
		}
	}
	return true
}

// seeksFew reports a scan that seeks one key, of which there are few rows whatever its values are.
func (sc *scope) seeksFew(n *plan.Scan) bool {
	s := n.Seek
	if s == nil || len(s.Parts) > 0 || s.Lookups() != 1 || s.First != nil || s.Low.Value != nil || s.High.Value != nil {
		return false
	}
	if s.Unique {
		return true
	}
	stats := sc.view.RoughStats(n.Table)
	at := n.Table.OrdinalOf(s.Path.Fields[0])
	return s.Rows <= maxGuessedRows && at >= 0 && at < len(stats.Columns) && len(stats.Columns[at].Common) == 0
}
