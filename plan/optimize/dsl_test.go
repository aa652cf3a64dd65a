package optimize

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// sexpr is a parsed (…) list or an atom of the tests' plan language.
type sexpr struct {
	atom string
	list []sexpr
}

func parseSexprs(s string) []sexpr {
	var tokens []string
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\n' || c == '\t':
			i++
		case c == '(' || c == ')':
			tokens = append(tokens, string(c))
			i++
		case c == '\'':
			j := i + 1 + strings.IndexByte(s[i+1:], '\'')
			tokens = append(tokens, s[i:j+1])
			i = j + 1
		default:
			j := i
			for j < len(s) && !strings.ContainsRune(" \n\t()", rune(s[j])) {
				j++
			}
			tokens = append(tokens, s[i:j])
			i = j
		}
	}
	var parse func() []sexpr
	parse = func() []sexpr {
		var out []sexpr
		for len(tokens) > 0 {
			t := tokens[0]
			tokens = tokens[1:]
			if t == ")" {
				break
			}
			if t == "(" {
				out = append(out, sexpr{list: parse()})
			} else {
				out = append(out, sexpr{atom: t})
			}
		}
		return out
	}
	return parse()
}

// dsl builds plans from text: (filter (= a.x 1) (scan r a)) and the like.
type dsl struct {
	t      *testing.T
	tables map[string]*catalog.Table
	next   plan.ColumnID
	names  map[string]plan.Column
	shared map[string]*plan.SharedPlan
}

func newDSL(t *testing.T, tables map[string]*catalog.Table) *dsl {
	return &dsl{t: t, tables: tables, next: 1, names: map[string]plan.Column{}, shared: map[string]*plan.SharedPlan{}}
}

func (d *dsl) plan(text string) plan.Node {
	return d.node(parseSexprs(text)[0])
}

func (d *dsl) fresh(name string, t types.Type) plan.Column {
	d.next++
	return plan.Column{ID: d.next - 1, Name: name, Typ: t}
}

func (d *dsl) scan(table, alias string) plan.Node {
	tab := d.tables[table]
	if tab == nil {
		d.t.Fatalf("no table %q", table)
	}
	s := &plan.Scan{Table: tab, Alias: alias}
	for i, c := range tab.Columns {
		col := d.fresh(c.Name, c.Type)
		col.NotNull, col.Table, col.Ordinal = c.NotNull, tab, i
		s.Cols = append(s.Cols, col)
		d.names[alias+"."+c.Name] = col
		d.names[c.Name] = col
	}
	return s
}

var joinWords = map[string]plan.JoinKind{
	"inner": plan.InnerJoin, "left": plan.LeftJoin, "right": plan.RightJoin, "full": plan.FullJoin, "semi": plan.SemiJoin, "anti": plan.AntiJoin,
}

func (d *dsl) node(s sexpr) plan.Node {
	if s.list == nil {
		d.t.Fatalf("node expected, got %q", s.atom)
	}
	word, a := s.list[0].atom, s.list[1:]
	if kind, ok := joinWords[strings.TrimPrefix(word, "lateral-")]; ok {
		l, r := d.node(a[0]), d.node(a[1])
		if strings.HasPrefix(word, "lateral-") {
			return &plan.Apply{Kind: kind, Left: l, Right: r, On: d.exprs(a[2:])}
		}
		return newJoin(kind, l, r, d.exprs(a[2:]))
	}
	switch word {
	case "scan":
		alias := a[0].atom
		if len(a) > 1 {
			alias = a[1].atom
		}
		return d.scan(a[0].atom, alias)
	case "filter":
		in := d.node(a[len(a)-1])
		return &plan.Filter{Input: in, Preds: d.exprs(a[:len(a)-1])}
	case "project":
		in := d.node(a[len(a)-1])
		return &plan.Project{Input: in, Exprs: d.named(a[:len(a)-1])}
	case "agg": // (agg ((g e)…) ((n (sum x))…) in)
		in := d.node(a[2])
		groups := d.named(a[0].list)
		n := &plan.Aggregate{Input: in, Groups: groups}
		for _, e := range a[1].list {
			call := d.agg(e.list[1])
			out := d.fresh(e.list[0].atom, call.Typ)
			d.names[out.Name] = out
			n.Aggs = append(n.Aggs, plan.NamedAgg{Out: out, Agg: call})
		}
		return n
	case "distinct":
		return &plan.Distinct{Input: d.node(a[0])}
	case "sort":
		in := d.node(a[len(a)-1])
		n := &plan.Sort{Input: in, Limit: -1}
		for _, k := range a[:len(a)-1] {
			if k.list != nil && k.list[0].atom == "desc" {
				n.Keys = append(n.Keys, plan.SortKey{Expr: d.expr(k.list[1]), Desc: true, NullsFirst: true})
			} else {
				n.Keys = append(n.Keys, plan.SortKey{Expr: d.expr(k)})
			}
		}
		return n
	case "limit":
		n := &plan.Limit{Count: d.expr(a[0]), Input: d.node(a[len(a)-1])}
		if len(a) == 3 {
			n.Offset = d.expr(a[1])
		}
		return n
	case "values":
		n := &plan.Values{}
		for _, row := range a {
			n.Rows = append(n.Rows, d.exprs(row.list))
		}
		for i, e := range n.Rows[0] {
			c := d.fresh(fmt.Sprintf("v%d", i), e.Type())
			d.names[c.Name] = c
			n.Cols = append(n.Cols, c)
		}
		return n
	case "union", "union-all", "intersect", "except", "intersect-all", "except-all":
		kind := map[string]plan.SetOpKind{"union": plan.Union, "intersect": plan.Intersect, "except": plan.Except}[strings.TrimSuffix(word, "-all")]
		n := &plan.SetOp{Kind: kind, All: strings.HasSuffix(word, "-all"), Left: d.node(a[0]), Right: d.node(a[1])}
		for _, c := range n.Left.Columns() {
			col := d.fresh(c.Name, c.Typ)
			d.names[c.Name] = col
			n.Cols = append(n.Cols, col)
		}
		return n
	case "cte": // (cte name alias body-when-first)
		p := d.shared[a[0].atom]
		if p == nil {
			p = &plan.SharedPlan{Name: a[0].atom, Input: d.node(a[2])}
			d.shared[a[0].atom] = p
		}
		n := &plan.Shared{Plan: p}
		for _, c := range p.Input.Columns() {
			col := d.fresh(c.Name, c.Typ)
			d.names[a[1].atom+"."+c.Name] = col
			n.Cols = append(n.Cols, col)
		}
		return n
	}
	d.t.Fatalf("unknown node %q", word)
	return nil
}

func (d *dsl) named(list []sexpr) []plan.NamedExpr {
	var out []plan.NamedExpr
	for _, s := range list {
		if s.list == nil { // a bare column passes through under its own id
			c := d.expr(s).(*plan.Column)
			out = append(out, plan.NamedExpr{Out: *c, Expr: c})
			continue
		}
		e := d.expr(s.list[1])
		c := d.fresh(s.list[0].atom, e.Type())
		if in, ok := e.(*plan.Column); ok {
			c = *in
			c.ID, c.Name = d.next-1, s.list[0].atom
		}
		out = append(out, plan.NamedExpr{Out: c, Expr: e})
		defer func() { d.names[c.Name] = c }()
	}
	return out
}

func (d *dsl) agg(s sexpr) plan.AggCall {
	name := s.list[0].atom
	args := s.list[1:]
	call := plan.AggCall{}
	if len(args) > 0 && args[0].atom == "distinct" {
		call.Distinct, args = true, args[1:]
	}
	call.Arg = d.exprs(args)
	call.Fn = aggregates[name]
	in := make([]types.Type, len(call.Arg))
	for i, a := range call.Arg {
		in[i] = a.Type()
	}
	_, call.Typ, _ = call.Fn.Resolve(in)
	return call
}

func (d *dsl) exprs(list []sexpr) []plan.Expr {
	out := make([]plan.Expr, len(list))
	for i, s := range list {
		out[i] = d.expr(s)
	}
	return out
}

var compareWords = map[string]plan.CompareOp{
	"=": plan.Eq, "<>": plan.Ne, "<": plan.Lt, "<=": plan.Le, ">": plan.Gt, ">=": plan.Ge, "distinct-from": plan.IsDistinct, "same": plan.IsNotDistinct,
}
var arithWords = map[string]plan.ArithOp{"+": plan.Add, "-": plan.Sub, "*": plan.Mul, "/": plan.Div}

func (d *dsl) expr(s sexpr) plan.Expr {
	if s.list == nil {
		return d.atom(s.atom)
	}
	word, a := s.list[0].atom, s.list[1:]
	if op, ok := compareWords[word]; ok {
		l, r := d.expr(a[0]), d.expr(a[1])
		return &plan.Compare{Op: op, L: d.coerce(l, r), R: d.coerce(r, l)}
	}
	if op, ok := arithWords[word]; ok {
		l, r := d.expr(a[0]), d.expr(a[1])
		t := l.Type()
		if r.Type().Kind == types.Numeric {
			t = r.Type()
		}
		if t.Kind == types.Numeric {
			t = types.TNumeric(38, 4)
		}
		return &plan.Arith{Op: op, L: l, R: r, Typ: t}
	}
	switch word {
	case "and":
		return &plan.And{Terms: d.exprs(a)}
	case "or":
		return &plan.Or{Terms: d.exprs(a)}
	case "not":
		return &plan.Not{X: d.expr(a[0])}
	case "null?":
		return &plan.IsNull{X: d.expr(a[0])}
	case "between":
		return &plan.And{Terms: []plan.Expr{
			d.expr(sexpr{list: []sexpr{{atom: ">="}, a[0], a[1]}}), d.expr(sexpr{list: []sexpr{{atom: "<="}, a[0], a[2]}}),
		}}
	case "in":
		x := d.expr(a[0])
		n := &plan.InList{X: x}
		for _, e := range d.exprs(a[1:]) {
			n.List = append(n.List, d.coerce(e, x))
		}
		return n
	case "like":
		return &plan.Like{X: d.expr(a[0]), Pattern: d.expr(a[1]), Escape: '\\'}
	case "case":
		n := &plan.Case{}
		for i := 0; i+1 < len(a); i += 2 {
			n.Whens = append(n.Whens, plan.When{Cond: d.expr(a[i]), Then: d.expr(a[i+1])})
		}
		n.Typ = n.Whens[0].Then.Type()
		if len(a)%2 == 1 {
			n.Else = d.expr(a[len(a)-1])
		}
		return n
	case "coalesce":
		l := d.exprs(a)
		return &plan.Coalesce{Arg: l, Typ: l[0].Type()}
	case "exists":
		return &plan.Subquery{Kind: plan.ExistsSubquery, Input: d.node(a[0]), Typ: types.TBoolean}
	case "scalar":
		in := d.node(a[0])
		return &plan.Subquery{Kind: plan.ScalarSubquery, Input: in, Typ: in.Columns()[0].Typ}
	case "any", "all": // (any op x node)
		kind := plan.AnySubquery
		if word == "all" {
			kind = plan.AllSubquery
		}
		left := a[1 : len(a)-1]
		n := &plan.Subquery{Kind: kind, Op: compareWords[a[0].atom], Left: d.exprs(left), Typ: types.TBoolean}
		n.Input = d.node(a[len(a)-1])
		return n
	case "cast":
		return &plan.Cast{X: d.expr(a[0]), Typ: typeWords[a[1].atom]}
	case "random":
		return &plan.Call{Fn: &function.Scalar{Name: "random", Volatile: true}, Arg: d.exprs(a), Typ: types.TInteger}
	}
	d.t.Fatalf("unknown expression %q", word)
	return nil
}

var typeWords = map[string]types.Type{"int": types.TInteger, "bigint": types.TBigInt, "text": types.TText, "numeric": types.TNumeric(15, 2)}

// coerce gives a constant the type of the other operand.
func (d *dsl) coerce(e, other plan.Expr) plan.Expr {
	c, ok := e.(*plan.Const)
	if !ok || c.Value.Null && c.Value.Type == other.Type() {
		return e
	}
	v := c.Value
	if v.Null {
		return constNull(other.Type())
	}
	if v.Type.Class() == types.ClassBytes {
		v.Type = other.Type()
		return &plan.Const{Value: v}
	}
	return &plan.Const{Value: fromRat(other.Type(), rat(v))}
}

func (d *dsl) atom(s string) plan.Expr {
	switch {
	case s == "true" || s == "false":
		return constBool(s == "true")
	case s == "null":
		return constNull(types.TInteger)
	case s[0] == '\'':
		text := strings.Trim(s, "'")
		if day, err := time.Parse("2006-01-02", text); err == nil {
			return &plan.Const{Value: types.Int(types.TDate, day.Unix()/86400)}
		}
		return &plan.Const{Value: types.Str(types.TText, text)}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return &plan.Const{Value: types.Int(types.TInteger, n)}
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return &plan.Const{Value: types.Value{Type: types.TNumeric(15, 2), I: int64(f*100 + 0.5)}}
	}
	c, ok := d.names[s]
	if !ok {
		d.t.Fatalf("no column %q", s)
	}
	return &c
}

var aggregates = func() map[string]*function.Aggregate {
	m := map[string]*function.Aggregate{}
	add := func(name string, result func(types.Type) types.Type) {
		m[name] = &function.Aggregate{Name: name, Resolve: func(args []types.Type) ([]types.Type, types.Type, bool) {
			t := types.TBigInt
			if len(args) > 0 {
				t = args[0]
			}
			return args, result(t), true
		}}
	}
	add("count", func(types.Type) types.Type { return types.TBigInt })
	add("sum", func(t types.Type) types.Type {
		switch t.Kind {
		case types.BigInt:
			return types.TNumeric(38, 0)
		case types.Numeric:
			return types.TNumeric(38, int(t.Scale))
		}
		return types.TBigInt
	})
	add("avg", func(t types.Type) types.Type { return types.TNumeric(38, 16) })
	for _, name := range []string{"min", "max", "any_value"} {
		add(name, func(t types.Type) types.Type { return t })
	}
	return m
}()

func testAggregate(name string) (*function.Aggregate, bool) {
	f, ok := aggregates[name]
	return f, ok
}
