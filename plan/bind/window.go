package bind

import (
	"fmt"
	"strings"

	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// windows collects the window function calls of one SELECT, grouped by what they partition and order
// by: one plan.Window computes each group.
type windows struct {
	named map[string]*ast.NamedWindow
	nodes []*windowNode
	ids   plan.ColumnSet
	// refused names the clause while it is bound that may have aggregates but no window functions.
	refused string
}

// windowNode is one partitioning and ordering with its calls.
type windowNode struct {
	key       string
	partition []plan.Expr
	order     []plan.SortKey
	calls     []plan.NamedWindow
	at        ast.Node
}

func newWindows(list []*ast.NamedWindow) (*windows, error) {
	w := &windows{named: map[string]*ast.NamedWindow{}, ids: plan.ColumnSet{}}
	for _, n := range list {
		if w.named[n.Name.Name] != nil {
			return nil, errAt(sqlerr.WindowingError, n, "window %q is already defined", n.Name.Name)
		}
		w.named[n.Name.Name] = n
	}
	return w, nil
}

// bindWindow binds a call with OVER and registers it with its SELECT. The call becomes a column.
func (b *Binder) bindWindow(sc *scope, f *ast.FuncCall) (plan.Expr, error) {
	switch {
	case sc.clause != "":
		return nil, errAt(sqlerr.WindowingError, f, "window functions are not allowed in %s", sc.clause)
	case sc.query == nil:
		return nil, errAt(sqlerr.WindowingError, f, "window functions are not allowed here")
	case sc.query.windows.refused != "":
		return nil, errAt(sqlerr.WindowingError, f, "window functions are not allowed in %s", sc.query.windows.refused)
	}
	w := sc.query.windows
	spec, err := w.spec(f.Over, map[string]bool{})
	if err != nil {
		return nil, err
	}
	call, err := b.windowCall(sc, f)
	if err != nil {
		return nil, err
	}
	node := &windowNode{at: f}
	if err := b.windowKeys(sc, node, spec); err != nil {
		return nil, err
	}
	if err := b.frame(sc, &call.Frame, spec, node.order); err != nil {
		return nil, err
	}
	nested := intersects(refsOfCall(call), w.ids)
	for _, e := range append(keyExprs(node.order), node.partition...) {
		nested = nested || intersects(plan.UsedColumns(e), w.ids)
	}
	if nested {
		return nil, errAt(sqlerr.WindowingError, f, "window function calls cannot be nested")
	}
	return w.add(b, node, call), nil
}

// spec resolves the names of windows that a specification refers to.
func (w *windows) spec(x *ast.Window, seen map[string]bool) (*ast.Window, error) {
	name := x.Ref.Name
	if name == "" {
		return x, nil
	}
	base := w.named[name]
	if base == nil || seen[name] {
		return nil, errAt(sqlerr.UndefinedObject, x, "window %q does not exist", name)
	}
	seen[name] = true
	under, err := w.spec(base.Spec, seen)
	if err != nil || x.Bare {
		return under, err
	}
	switch {
	case len(x.PartitionBy) > 0:
		return nil, errAt(sqlerr.WindowingError, x, "cannot override PARTITION BY clause of window %q", name)
	case len(x.OrderBy) > 0 && len(under.OrderBy) > 0:
		return nil, errAt(sqlerr.WindowingError, x, "cannot override ORDER BY clause of window %q", name)
	case under.Frame != nil:
		return nil, errAt(sqlerr.WindowingError, x, "cannot copy window %q because it has a frame clause", name).
			WithHint("Omit the parentheses in this OVER clause.")
	}
	m := *x
	m.PartitionBy = under.PartitionBy
	if len(under.OrderBy) > 0 {
		m.OrderBy = under.OrderBy
	}
	return &m, nil
}

// windowCall binds the function and its arguments.
func (b *Binder) windowCall(sc *scope, f *ast.FuncCall) (*plan.WindowCall, error) {
	name, err := functionName(f)
	if err != nil {
		return nil, err
	}
	switch {
	case f.Distinct:
		return nil, errAt(sqlerr.FeatureNotSupported, f, "DISTINCT is not implemented for window functions")
	case f.WithinGroup:
		return nil, unsupported(f, "WITHIN GROUP")
	case f.IgnoreNulls:
		return nil, unsupported(f, "IGNORE NULLS")
	case len(f.OrderBy) > 0:
		return nil, errAt(sqlerr.FeatureNotSupported, f, "aggregate ORDER BY is not implemented for window functions")
	}
	if fn, ok := b.registry.Window(name); ok {
		return b.plainWindow(sc, f, fn)
	}
	fn, ok := b.registry.Aggregate(name)
	if !ok {
		if len(b.registry.Scalars(name)) == 0 {
			return nil, b.unknownFunction(f, name, nil)
		}
		return nil, errAt(sqlerr.WrongObjectType, f, "OVER specified, but %s is not a window function nor an aggregate function", name)
	}
	call, _, err := b.aggregateCall(sc, f, fn)
	if err != nil {
		return nil, err
	}
	return &plan.WindowCall{Agg: fn, Arg: call.Arg, Filter: call.Filter, Typ: call.Typ}, nil
}

func (b *Binder) plainWindow(sc *scope, f *ast.FuncCall, fn *function.Window) (*plan.WindowCall, error) {
	if f.Filter != nil {
		return nil, errAt(sqlerr.FeatureNotSupported, f, "FILTER is not implemented for non-aggregate window functions")
	}
	args, err := b.exprs(sc, f.Args)
	if err != nil {
		return nil, err
	}
	if err := b.unifyArguments(args, f.Args, fn); err != nil {
		return nil, err
	}
	actual := make([]types.Type, len(args))
	for i, a := range args {
		if len(fn.Polymorphic) > 0 && i == fn.Polymorphic[0] {
			if args[i], err = b.resolveUnknown(a, f.Args[i]); err != nil {
				return nil, err
			}
		}
		actual[i] = args[i].Type()
	}
	coerced, result, ok := fn.Resolve(actual)
	if !ok || f.Star {
		return nil, b.unknownFunction(f, fn.Name, args)
	}
	for i := range args {
		if args[i], err = b.coerce(args[i], coerced[i], implicitCast, f.Args[i]); err != nil {
			return nil, err
		}
	}
	return &plan.WindowCall{Fn: fn, Arg: args, Typ: result}, nil
}

// unifyArguments gives the polymorphic arguments their common type, and number literals theirs.
func (b *Binder) unifyArguments(args []plan.Expr, nodes []ast.Expr, fn *function.Window) error {
	var some []plan.Expr
	var at []ast.Node
	for _, i := range fn.Polymorphic {
		if i < len(args) {
			some, at = append(some, args[i]), append(at, nodes[i])
		}
	}
	if len(some) < 2 {
		return nil
	}
	some, _, err := b.unify(some, at, fn.Name)
	if err != nil {
		return err
	}
	for j, i := range fn.Polymorphic[:len(some)] {
		args[i] = some[j]
	}
	return nil
}

// windowKeys binds PARTITION BY and ORDER BY.
func (b *Binder) windowKeys(sc *scope, node *windowNode, spec *ast.Window) error {
	for _, x := range spec.PartitionBy {
		e, err := b.expr(sc, x)
		if err == nil {
			e, err = b.resolveUnknown(e, x)
		}
		if err == nil {
			err = hashable(e.Type(), x)
		}
		if err != nil {
			return err
		}
		node.partition = append(node.partition, e)
	}
	for _, item := range spec.OrderBy {
		e, err := b.expr(sc, item.X)
		if err == nil {
			e, err = b.resolveUnknown(e, item.X)
		}
		if err != nil {
			return err
		}
		key, err := b.sortKey(e, item)
		if err != nil {
			return err
		}
		node.order = append(node.order, key)
	}
	var key strings.Builder
	for _, e := range node.partition {
		writeKey(&key, e)
		key.WriteByte(';')
	}
	for _, k := range node.order {
		fmt.Fprintf(&key, "by %t %t ", k.Desc, k.NullsFirst)
		writeKey(&key, k.Expr)
	}
	node.key = key.String()
	return nil
}

// frame binds the frame clause; without one the frame ends with the row's last peer.
func (b *Binder) frame(sc *scope, f *plan.Frame, spec *ast.Window, order []plan.SortKey) error {
	f.Start.Kind, f.Stop.Kind = plan.UnboundedPreceding, plan.CurrentRow
	x := spec.Frame
	if x == nil {
		return nil
	}
	f.Mode, f.Exclude = plan.FrameMode(x.Mode), plan.Exclusion(x.Exclude)
	f.Start.Kind, f.Stop.Kind = plan.BoundKind(x.Start.Kind), plan.BoundKind(x.Stop.Kind)
	if f.Mode == plan.FrameGroups && len(order) == 0 {
		return errAt(sqlerr.WindowingError, x, "GROUPS mode requires an ORDER BY clause")
	}
	for _, end := range []struct {
		to   *plan.Bound
		from *ast.Bound
	}{{&f.Start, &x.Start}, {&f.Stop, &x.Stop}} {
		if end.from.Offset == nil {
			continue
		}
		var err error
		if f.Mode == plan.FrameRange {
			err = b.rangeOffset(sc, f, end.to, end.from, order, x)
		} else {
			err = b.countOffset(sc, f.Mode, end.to, end.from.Offset)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// offsetExpr binds an offset, in which no columns may stand.
func (b *Binder) offsetExpr(sc *scope, mode string, x ast.Expr) (plan.Expr, error) {
	own := newScope(sc.parent, sc.ctes, nil)
	own.rels, own.cols, own.clause = sc.rels, sc.cols, mode
	e, err := b.expr(own, x)
	if err != nil {
		return nil, err
	}
	if len(plan.UsedColumns(e)) > 0 {
		return nil, errAt(sqlerr.InvalidColumnReference, x, "argument of %s must not contain variables", mode)
	}
	return e, nil
}

func (b *Binder) countOffset(sc *scope, mode plan.FrameMode, to *plan.Bound, x ast.Expr) error {
	name := "ROWS"
	if mode == plan.FrameGroups {
		name = "GROUPS"
	}
	e, err := b.offsetExpr(sc, name, x)
	if err != nil {
		return err
	}
	if t := e.Type(); t.Kind != types.Unknown && !t.IsNumber() {
		return errAt(sqlerr.DatatypeMismatch, x, "argument of %s must be type bigint, not type %s", name, t.Kind)
	}
	to.Offset, err = b.coerce(e, types.TBigInt, assignmentCast, x)
	return err
}

// rangeOffset binds an offset in values of the order key: the key's value that the frame reaches to is
// an expression of each row.
func (b *Binder) rangeOffset(sc *scope, f *plan.Frame, to *plan.Bound, from *ast.Bound, order []plan.SortKey, x *ast.Frame) error {
	if len(order) != 1 {
		return errAt(sqlerr.WindowingError, x, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
	}
	offset, err := b.offsetExpr(sc, "RANGE", from.Offset)
	if err != nil {
		return err
	}
	key, size, ok := rangeTypes(order[0].Expr.Type(), offset.Type())
	if !ok {
		return errAt(sqlerr.FeatureNotSupported, from.Offset, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset type %s",
			order[0].Expr.Type().Kind, offset.Type().Kind)
	}
	if to.Offset, err = b.coerce(offset, size, implicitCast, from.Offset); err != nil {
		return err
	}
	if f.Key, err = b.coerce(order[0].Expr, key, implicitCast, x); err != nil {
		return err
	}
	op := plan.Add
	if (to.Kind == plan.OffsetPreceding) != order[0].Desc {
		op = plan.Sub
	}
	name := map[plan.ArithOp]string{plan.Add: "+", plan.Sub: "-"}[op]
	value, err := b.arith(op, f.Key, to.Offset, &ast.Binary{Span: x.Span, Op: ast.Operator{Name: name}, Left: from.Offset, Right: from.Offset})
	if err != nil {
		return err
	}
	to.Value, err = b.coerce(value, key, implicitCast, x)
	return err
}

// rangeTypes are the types in which a key and an offset are added (PostgreSQL's in_range functions).
func rangeTypes(key, offset types.Type) (keyType, offsetType types.Type, ok bool) {
	unknown := offset.Kind == types.Unknown
	switch {
	case key.IsInteger():
		return types.TBigInt, types.TBigInt, unknown || offset.IsInteger()
	case key.Kind == types.Numeric:
		wide := types.TNumeric(types.MaxPrecision, int(key.Scale))
		if offset.Kind == types.Numeric {
			wide = types.TNumeric(types.MaxPrecision, max(int(key.Scale), int(offset.Scale)))
		}
		return wide, wide, unknown || offset.IsInteger() || offset.Kind == types.Numeric
	case key.IsFloat():
		return types.TDouble, types.TDouble, unknown || offset.IsNumber()
	case key.Kind == types.Date, key.Kind == types.Timestamp:
		return types.TTimestamp, types.TInterval, unknown || offset.Kind == types.Interval
	case key.Kind == types.TimestampTZ, key.Kind == types.Interval:
		return key, types.TInterval, unknown || offset.Kind == types.Interval
	}
	return key, offset, false
}

// add registers a call; equal calls share a column.
func (w *windows) add(b *Binder, node *windowNode, call *plan.WindowCall) plan.Expr {
	for _, n := range w.nodes {
		if n.key == node.key {
			node = n
		}
	}
	if node.calls == nil {
		w.nodes = append(w.nodes, node)
	}
	key := windowKey(call)
	for i := range node.calls {
		if windowKey(&node.calls[i].Call) == key {
			return plan.Ref(node.calls[i].Out)
		}
	}
	name := ""
	if call.Fn != nil {
		name = call.Fn.Name
	} else {
		name = call.Agg.Name
	}
	out := b.newColumn(name, call.Typ, neverNull[name])
	w.ids.Add(out.ID)
	node.calls = append(node.calls, plan.NamedWindow{Out: out, Call: *call})
	return plan.Ref(out)
}

// neverNull are the functions without a NULL among their results.
var neverNull = map[string]bool{"row_number": true, "rank": true, "dense_rank": true, "percent_rank": true, "cume_dist": true, "count": true}

// windowKey is exprKey for window calls.
func windowKey(c *plan.WindowCall) string {
	var b strings.Builder
	b.WriteString(c.String())
	visitCall(c, func(e plan.Expr) plan.Expr {
		b.WriteByte(';')
		writeKey(&b, e)
		return e
	})
	return b.String()
}

// visitCall replaces the call's expressions.
func visitCall(c *plan.WindowCall, f func(plan.Expr) plan.Expr) {
	for i := range c.Arg {
		c.Arg[i] = f(c.Arg[i])
	}
	for _, e := range []*plan.Expr{&c.Filter, &c.Frame.Key, &c.Frame.Start.Offset, &c.Frame.Start.Value, &c.Frame.Stop.Offset, &c.Frame.Stop.Value} {
		if *e != nil {
			*e = f(*e)
		}
	}
}

func refsOfCall(c *plan.WindowCall) plan.ColumnSet {
	set := plan.ColumnSet{}
	visitCall(c, func(e plan.Expr) plan.Expr {
		for id := range plan.UsedColumns(e) {
			set.Add(id)
		}
		return e
	})
	return set
}

func keyExprs(keys []plan.SortKey) []plan.Expr {
	out := make([]plan.Expr, len(keys))
	for i, k := range keys {
		out[i] = k.Expr
	}
	return out
}

// rewrite replaces the expressions of all calls: after the SELECT has been grouped.
func (w *windows) rewrite(f func(e plan.Expr, at ast.Node) plan.Expr) {
	for _, n := range w.nodes {
		for i := range n.partition {
			n.partition[i] = f(n.partition[i], n.at)
		}
		for i := range n.order {
			n.order[i].Expr = f(n.order[i].Expr, n.at)
		}
		for i := range n.calls {
			visitCall(&n.calls[i].Call, func(e plan.Expr) plan.Expr { return f(e, n.at) })
		}
	}
}

// bindWindows puts the Window nodes on the input. What they partition by, order by and compute with
// are columns that a projection below makes.
func (s *selection) bindWindows() error {
	for _, w := range s.sc.query.windows.nodes {
		p := newProjection(s.Binder, plan.Outputs(s.input))
		for _, c := range s.input.Columns() {
			p.add(plan.Ref(c), c.Name)
		}
		before := len(p.exprs)
		column := func(e plan.Expr) plan.Expr { return p.column(e, -1) }
		node := &plan.Window{Order: w.order, Calls: w.calls}
		for _, e := range w.partition {
			node.Partition = append(node.Partition, column(e))
		}
		for i := range node.Order {
			node.Order[i].Expr = column(node.Order[i].Expr)
		}
		for i := range node.Calls {
			c := &node.Calls[i].Call
			start, stop := c.Frame.Start.Offset, c.Frame.Stop.Offset
			c.Frame.Start.Offset, c.Frame.Stop.Offset = nil, nil // they are no columns
			visitCall(c, column)
			c.Frame.Start.Offset, c.Frame.Stop.Offset = start, stop
		}
		node.Input = s.input
		if len(p.exprs) > before {
			node.Input = &plan.Project{Input: s.input, Exprs: p.exprs}
		}
		s.input = node
	}
	return nil
}
