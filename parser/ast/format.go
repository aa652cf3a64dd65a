package ast

import "strings"

// Format prints a node as PostgreSQL text on one line. Parsing the text gives an equal tree, spans
// apart.
func Format(n Node) string {
	var p printer
	switch n := n.(type) {
	case Statement:
		p.statement(n)
	case Expr:
		p.expr(n, 0)
	case TableExpr:
		p.table(n)
	case QueryExpr:
		p.body(n, 0)
	case *TypeName:
		p.typeName(n)
	case *Name:
		p.name(n)
	case *Target:
		p.target(n)
	case *OrderItem:
		p.orderItem(n)
	}
	return p.b.String()
}

// printer collects text. Its methods put a space before a word themselves where one may be missing.
type printer struct{ b strings.Builder }

func (p *printer) str(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
}

// flag prints s when cond holds.
func (p *printer) flag(cond bool, s string) {
	if cond {
		p.b.WriteString(s)
	}
}

// list prints n items with commas between them.
func (p *printer) list(n int, item func(i int)) {
	for i := range n {
		if i > 0 {
			p.str(", ")
		}
		item(i)
	}
}

// QuoteIdent quotes an identifier where PostgreSQL needs it.
func QuoteIdent(name string) string {
	if plainIdent(name) && wordClass[name] == 0 {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func plainIdent(name string) bool {
	for i := range len(name) {
		c := name[i]
		lower := c >= 'a' && c <= 'z' || c == '_'
		if !lower && (i == 0 || c != '$' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}

// QuoteString makes a string literal.
func QuoteString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (p *printer) ident(id Ident) { p.str(QuoteIdent(id.Name)) }

func (p *printer) parts(list []Ident) {
	for i, id := range list {
		p.flag(i > 0, ".")
		p.ident(id)
	}
}

func (p *printer) name(n *Name) { p.parts(n.Parts) }

func (p *printer) names(list []*Name) {
	p.list(len(list), func(i int) { p.name(list[i]) })
}

func (p *printer) columns(list []Ident) {
	p.str("(")
	p.list(len(list), func(i int) { p.ident(list[i]) })
	p.str(")")
}

// optColumns prints a column list after a space, or nothing.
func (p *printer) optColumns(list []Ident) {
	if len(list) > 0 {
		p.str(" ")
		p.columns(list)
	}
}

// typeSpelling is SQL's spelling of the catalog names that have one, as format_type prints them.
var typeSpelling = map[string]string{"int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real",
	"float8": "double precision", "bool": "boolean", "varchar": "character varying", "varbit": "bit varying"}

func (p *printer) typeName(t *TypeName) {
	p.flag(t.SetOf, "SETOF ")
	p.typeHead(t)
	for _, d := range t.ArrayDims {
		p.str("[")
		if d >= 0 {
			p.integer(int64(d))
		}
		p.str("]")
	}
}

func (p *printer) typeHead(t *TypeName) {
	for _, q := range t.Qualifier {
		p.ident(q)
		p.str(".")
	}
	if len(t.Qualifier) > 0 {
		p.ident(Ident{Name: t.Name})
		p.mods(t)
		return
	}
	switch t.Name {
	case "timestamptz", "timetz":
		p.str(t.Name[:len(t.Name)-2])
		p.mods(t)
		p.str(" with time zone")
		return
	case "time", "timestamp", "numeric":
		p.str(t.Name)
	case "bit", "bpchar":
		p.lengthType(t)
		return
	case "interval":
		p.str("interval")
		p.flag(t.Interval != IntervalAll, " "+t.Interval.String())
	default:
		if s := typeSpelling[t.Name]; s != "" {
			p.str(s)
		} else {
			p.ident(Ident{Name: t.Name})
		}
	}
	p.mods(t)
}

// lengthType prints bit and bpchar: without a length only the catalog name means no length.
func (p *printer) lengthType(t *TypeName) {
	switch {
	case len(t.Mods) == 0:
		p.ident(Ident{Name: t.Name})
	case t.Name == "bpchar":
		p.str("character")
	default:
		p.str("bit")
	}
	p.mods(t)
}

func (p *printer) mods(t *TypeName) {
	if len(t.Mods) > 0 {
		p.str("(")
		p.exprs(t.Mods)
		p.str(")")
	}
}

// options prints ( name value, ... ) with sep between name and value.
func (p *printer) options(list []*Option, sep string) {
	p.str("(")
	p.list(len(list), func(i int) {
		o := list[i]
		if o.Namespace != "" {
			p.str(QuoteIdent(o.Namespace), ".")
		}
		p.str(QuoteIdent(o.Name))
		if o.Value != nil {
			p.str(sep)
			p.expr(o.Value, 0)
		}
	})
	p.str(")")
}

// withOptions prints WITH (options) after a space, or nothing.
func (p *printer) withOptions(list []*Option) {
	if len(list) > 0 {
		p.str(" WITH ")
		p.options(list, " = ")
	}
}
