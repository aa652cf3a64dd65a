package optimize

import (
	"errors"
	"fmt"
	"math/big"
	"sort"
	"strings"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// naive evaluates plans row by row, by the definition of every node, subqueries and applies
// included: the oracle of the property tests. tables holds the base rows by table name.
type naive struct {
	tables map[string][][]types.Value
	shared map[*plan.SharedPlan][]tuple
	// filters are the key sets that joins have published: a scan that probes one drops other rows.
	filters map[int]map[string]bool
}

type tuple map[plan.ColumnID]types.Value

var (
	errMany   = errors.New("21000")
	errDivide = errors.New("22012")
)

type naiveError struct{ err error }

// run gives the rows as text, one a line, in order.
func (v *naive) run(n plan.Node) (rows []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(naiveError)
			if !ok {
				panic(r)
			}
			err = e.err
		}
	}()
	v.shared = map[*plan.SharedPlan][]tuple{}
	v.filters = map[int]map[string]bool{}
	cols := n.Columns()
	for _, t := range v.node(n, nil) {
		parts := make([]string, len(cols))
		for i, c := range cols {
			x, ok := t[c.ID]
			if !ok {
				return nil, fmt.Errorf("column %s#%d is not produced", c.Name, c.ID)
			}
			parts[i] = show(x)
		}
		rows = append(rows, strings.Join(parts, "|"))
	}
	return rows, nil
}

func show(v types.Value) string {
	if v.Null {
		return "NULL"
	}
	switch v.Type.Class() {
	case types.ClassDecimal:
		r := rat(v)
		return r.FloatString(int(v.Type.Scale))
	case types.ClassBytes:
		return v.S
	case types.ClassFloat:
		return fmt.Sprint(v.F)
	}
	return fmt.Sprint(v.I)
}

func rat(v types.Value) *big.Rat {
	if v.Type.Class() != types.ClassDecimal {
		return new(big.Rat).SetInt64(v.I)
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(v.Type.Scale)), nil)
	return new(big.Rat).SetFrac(big.NewInt(v.I), scale)
}

func fromRat(t types.Type, r *big.Rat) types.Value {
	if t.Class() != types.ClassDecimal {
		s := r.FloatString(0)
		n, _ := new(big.Int).SetString(s, 10)
		return types.Int(t, n.Int64())
	}
	s := strings.Replace(r.FloatString(int(t.Scale)), ".", "", 1)
	n, _ := new(big.Int).SetString(s, 10)
	return types.Value{Type: t, I: n.Int64()}
}

func merge(a, b tuple) tuple {
	m := make(tuple, len(a)+len(b))
	for k, v := range a {
		m[k] = v
	}
	for k, v := range b {
		m[k] = v
	}
	return m
}

func (v *naive) node(n plan.Node, outer tuple) []tuple {
	switch n := n.(type) {
	case *plan.Scan:
		var out []tuple
		for _, r := range v.tables[n.Table.Name] {
			t := tuple{}
			for _, c := range n.Cols {
				t[c.ID] = r[c.Ordinal]
			}
			if v.all(n.Filters, merge(outer, t)) && v.passes(n.Runtime, t) {
				out = append(out, t)
			}
		}
		return out
	case *plan.Values:
		var out []tuple
		for _, r := range n.Rows {
			t := tuple{}
			for i, c := range n.Cols {
				t[c.ID] = v.expr(r[i], outer)
			}
			out = append(out, t)
		}
		return out
	case *plan.Empty:
		return nil
	case *plan.Filter:
		var out []tuple
		for _, t := range v.node(n.Input, outer) {
			if v.all(n.Preds, merge(outer, t)) {
				out = append(out, t)
			}
		}
		return out
	case *plan.Project:
		var out []tuple
		for _, t := range v.node(n.Input, outer) {
			in, r := merge(outer, t), tuple{}
			for _, e := range n.Exprs {
				r[e.Out.ID] = v.expr(e.Expr, in)
			}
			out = append(out, r)
		}
		return out
	case *plan.Join:
		right := v.node(n.Right, outer)
		v.checkUnique(n, right)
		for _, p := range n.Publish {
			keys := map[string]bool{}
			for _, t := range right {
				keys[show(v.expr(n.Equi[p.Pair].Right, t))] = true
			}
			v.filters[p.ID] = keys
		}
		left := v.node(n.Left, outer)
		return v.join(n.Kind, left, func(tuple) []tuple { return right }, joinConds(n), n.Mark, n.NullAware, n.Left, n.Right, outer)
	case *plan.Apply:
		left := v.node(n.Left, outer)
		return v.join(n.Kind, left, func(l tuple) []tuple { return v.node(n.Right, merge(outer, l)) }, n.On, n.Mark, n.NullAware, n.Left, n.Right, outer)
	case *plan.Aggregate:
		return v.aggregate(n, outer)
	case *plan.Distinct:
		return v.distinct(n, outer)
	case *plan.Sort:
		rows := v.node(n.Input, outer)
		sort.SliceStable(rows, func(i, j int) bool {
			return v.before(n.Keys, merge(outer, rows[i]), merge(outer, rows[j]))
		})
		if n.Limit >= 0 && int64(len(rows)) > n.Limit {
			rows = rows[:n.Limit]
		}
		return rows
	case *plan.Limit:
		return v.limit(n, outer)
	case *plan.SetOp:
		return v.setOp(n, outer)
	case *plan.Shared:
		rows, ok := v.shared[n.Plan]
		if !ok || len(plan.FreeColumns(n.Plan.Input)) > 0 {
			rows = v.node(n.Plan.Input, outer)
			v.shared[n.Plan] = rows
		}
		return reposition(rows, n.Plan.Input.Columns(), n.Cols)
	}
	panic(fmt.Sprintf("naive: %T", n))
}

func (v *naive) passes(probes []plan.RuntimeProbe, t tuple) bool {
	for _, p := range probes {
		keys, ok := v.filters[p.ID]
		if !ok {
			panic(fmt.Sprintf("naive: runtime filter %d is probed before it is published", p.ID))
		}
		if !keys[show(v.expr(p.Expr, t))] {
			return false
		}
	}
	return true
}

// checkUnique holds a join to its promise that build keys are unique.
func (v *naive) checkUnique(n *plan.Join, right []tuple) {
	if !n.BuildUnique {
		return
	}
	seen := map[string]bool{}
	for _, t := range right {
		k, null := "", false
		for _, p := range n.Equi {
			x := v.expr(p.Right, t)
			null = null || x.Null && !p.NullSafe
			k += show(x) + "|"
		}
		if !null && seen[k] {
			panic("naive: build keys are not unique: " + n.Label())
		}
		seen[k] = !null || seen[k]
	}
}

func reposition(rows []tuple, from, to []plan.Column) []tuple {
	out := make([]tuple, len(rows))
	for i, r := range rows {
		t := tuple{}
		for j, c := range to {
			t[c.ID] = r[from[j].ID]
		}
		out[i] = t
	}
	return out
}

func nulls(cols []plan.Column) tuple {
	t := tuple{}
	for _, c := range cols {
		t[c.ID] = types.Null(c.Typ)
	}
	return t
}

func (v *naive) join(kind plan.JoinKind, left []tuple, right func(tuple) []tuple, conds []plan.Expr, mark plan.Column, nullAware bool, ln, rn plan.Node, outer tuple) []tuple {
	var out []tuple
	matchedRight := map[int]bool{}
	var rows []tuple
	for _, l := range left {
		rows = right(l)
		matches, unknown := 0, false
		for i, r := range rows {
			t := merge(l, r)
			res := v.conj(conds, merge(outer, t))
			if res.Null {
				unknown = true
			}
			if res.Null || res.I == 0 {
				continue
			}
			matches++
			matchedRight[i] = true
			switch kind {
			case plan.SemiJoin, plan.AntiJoin, plan.MarkJoin:
			default:
				out = append(out, t)
			}
		}
		switch kind {
		case plan.SemiJoin:
			if matches > 0 {
				out = append(out, l)
			}
		case plan.AntiJoin:
			if matches == 0 && !(nullAware && unknown) {
				out = append(out, l)
			}
		case plan.MarkJoin:
			m := types.Bool(matches > 0)
			if matches == 0 && nullAware && unknown {
				m = types.Null(types.TBoolean)
			}
			out = append(out, merge(l, tuple{mark.ID: m}))
		case plan.LeftJoin, plan.FullJoin, plan.SingleJoin:
			if kind == plan.SingleJoin && matches > 1 {
				panic(naiveError{errMany})
			}
			if matches == 0 {
				out = append(out, merge(l, nulls(rn.Columns())))
			}
		}
	}
	if kind == plan.RightJoin || kind == plan.FullJoin {
		for i, r := range right(nil) {
			if !matchedRight[i] {
				out = append(out, merge(r, nulls(ln.Columns())))
			}
		}
	}
	return out
}

func (v *naive) rowKey(exprs []plan.Expr, t tuple) string {
	var b strings.Builder
	for _, e := range exprs {
		b.WriteString(show(v.expr(e, t)) + "|")
	}
	return b.String()
}

func (v *naive) aggregate(n *plan.Aggregate, outer tuple) []tuple {
	groups := map[string][]tuple{}
	var order []string
	for _, t := range v.node(n.Input, outer) {
		t = merge(outer, t)
		keys := make([]plan.Expr, len(n.Groups))
		for i, g := range n.Groups {
			keys[i] = g.Expr
		}
		k := v.rowKey(keys, t)
		if _, ok := groups[k]; !ok {
			order = append(order, k)
		}
		groups[k] = append(groups[k], t)
	}
	if len(n.Groups) == 0 && len(order) == 0 {
		order = append(order, "")
	}
	var out []tuple
	for _, k := range order {
		rows := groups[k]
		t := tuple{}
		for _, g := range n.Groups {
			t[g.Out.ID] = v.expr(g.Expr, rows[0])
		}
		for i := range n.Aggs {
			t[n.Aggs[i].Out.ID] = v.agg(&n.Aggs[i].Agg, rows)
		}
		out = append(out, t)
	}
	return out
}

func (v *naive) agg(a *plan.AggCall, rows []tuple) types.Value {
	var vals []types.Value
	seen := map[string]bool{}
	for _, t := range rows {
		if a.Filter != nil {
			if f := v.expr(a.Filter, t); f.Null || f.I == 0 {
				continue
			}
		}
		if len(a.Arg) == 0 {
			vals = append(vals, types.Bool(true))
			continue
		}
		x := v.expr(a.Arg[0], t)
		if a.Distinct && seen[show(x)] {
			continue
		}
		seen[show(x)] = true
		if !x.Null {
			vals = append(vals, x)
		}
	}
	if a.Fn.Name == "count" {
		return types.Int(a.Typ, int64(len(vals)))
	}
	if len(vals) == 0 {
		return types.Null(a.Typ)
	}
	switch a.Fn.Name {
	case "sum", "avg":
		s := new(big.Rat)
		for _, x := range vals {
			s.Add(s, rat(x))
		}
		if a.Fn.Name == "avg" {
			s.Quo(s, new(big.Rat).SetInt64(int64(len(vals))))
		}
		return fromRat(a.Typ, s)
	case "min", "max":
		best := vals[0]
		for _, x := range vals[1:] {
			if c := compareValues(x, best); c < 0 && a.Fn.Name == "min" || c > 0 && a.Fn.Name == "max" {
				best = x
			}
		}
		return best
	case "any_value":
		return vals[0]
	}
	panic("naive: aggregate " + a.Fn.Name)
}

func (v *naive) distinct(n *plan.Distinct, outer tuple) []tuple {
	seen := map[string]bool{}
	var out []tuple
	keys := n.On
	if len(keys) == 0 {
		keys = refList(n.Columns())
	}
	for _, t := range v.node(n.Input, outer) {
		k := v.rowKey(keys, merge(outer, t))
		if !seen[k] {
			seen[k] = true
			out = append(out, t)
		}
	}
	return out
}

func (v *naive) before(keys []plan.SortKey, a, b tuple) bool {
	for _, k := range keys {
		x, y := v.expr(k.Expr, a), v.expr(k.Expr, b)
		if x.Null || y.Null {
			if x.Null != y.Null {
				return x.Null == k.NullsFirst
			}
			continue
		}
		if c := compareValues(x, y); c != 0 {
			return (c < 0) != k.Desc
		}
	}
	return false
}

func (v *naive) limit(n *plan.Limit, outer tuple) []tuple {
	count, offset := int64(1<<60), int64(0)
	if n.Count != nil {
		count = v.expr(n.Count, outer).I
	}
	if n.Offset != nil {
		offset = v.expr(n.Offset, outer).I
	}
	at := map[string]int64{}
	var out []tuple
	for _, t := range v.node(n.Input, outer) {
		k := v.rowKey(n.By, merge(outer, t))
		if i := at[k]; i >= offset && i-offset < count {
			out = append(out, t)
		}
		at[k]++
	}
	return out
}

func (v *naive) setOp(n *plan.SetOp, outer tuple) []tuple {
	left := reposition(v.node(n.Left, outer), n.Left.Columns(), n.Cols)
	right := reposition(v.node(n.Right, outer), n.Right.Columns(), n.Cols)
	keys := refList(n.Cols)
	count := map[string]int{}
	for _, t := range right {
		count[v.rowKey(keys, t)]++
	}
	var out []tuple
	if n.Kind == plan.Union {
		out = append(left, right...)
	} else {
		for _, t := range left {
			k := v.rowKey(keys, t)
			in := count[k] > 0
			if n.All && in {
				count[k]--
			}
			if in == (n.Kind == plan.Intersect) {
				out = append(out, t)
			}
		}
	}
	if n.All {
		return out
	}
	seen := map[string]bool{}
	var unique []tuple
	for _, t := range out {
		if k := v.rowKey(keys, t); !seen[k] {
			seen[k] = true
			unique = append(unique, t)
		}
	}
	return unique
}

func (v *naive) all(preds []plan.Expr, t tuple) bool {
	for _, p := range preds {
		if r := v.expr(p, t); r.Null || r.I == 0 {
			return false
		}
	}
	return true
}

func (v *naive) conj(preds []plan.Expr, t tuple) types.Value {
	null := false
	for _, p := range preds {
		r := v.expr(p, t)
		if !r.Null && r.I == 0 {
			return r
		}
		null = null || r.Null
	}
	if null {
		return types.Null(types.TBoolean)
	}
	return types.Bool(true)
}

func compareValues(a, b types.Value) int {
	if a.Type.Class() == types.ClassBytes {
		return strings.Compare(a.S, b.S)
	}
	return rat(a).Cmp(rat(b))
}
