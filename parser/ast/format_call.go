package ast

// funcIdent quotes a function's name. Functions may be named by type-and-function keywords; rollup
// and cube mean something else in GROUP BY.
func (p *printer) funcIdent(name string) string {
	switch {
	case name == "rollup" || name == "cube":
		return `"` + name + `"`
	case name == "substring" || name == "overlay":
		return name
	case wordClass[name] == 'T' && name != "collation":
		return name
	}
	return QuoteIdent(name)
}

func (p *printer) call(x *FuncCall) {
	switch x.Form {
	case PlainCall:
		p.plainCall(x)
	case BuiltinCall:
		p.str(x.Name.Base(), "(")
		p.exprs(x.Args)
		p.str(")")
	case KeywordCall:
		p.str(x.Name.Base())
		if len(x.Args) > 0 {
			p.str("(")
			p.exprs(x.Args)
			p.str(")")
		}
	case TrimCall:
		p.trim(x)
	case TimeZoneCall:
		p.expr(x.Args[1], precAtTimeZone)
		p.str(" AT TIME ZONE ")
		p.expr(x.Args[0], precAtTimeZone+1)
	case NormalizeCall:
		p.str("normalize(")
		p.expr(x.Args[0], 0)
		if len(x.Args) > 1 {
			p.str(", ", x.Args[1].(*Literal).Text)
		}
		p.str(")")
	case PositionCall:
		p.str("position(")
		p.restricted(x.Args[1])
		p.str(" IN ")
		p.restricted(x.Args[0])
		p.str(")")
	default:
		p.keywordArgs(x)
	}
}

// callWords are the words before each argument of the calls that separate them by keywords.
var callWords = map[CallForm][]string{
	ExtractCall:   {"extract(", " FROM "},
	SubstringCall: {"substring(", " FROM ", " FOR "},
	SimilarCall:   {"substring(", " SIMILAR ", " ESCAPE "},
	OverlayCall:   {"overlay(", " PLACING ", " FROM ", " FOR "},
	CollationCall: {"COLLATION FOR ("},
}

func (p *printer) keywordArgs(x *FuncCall) {
	for i, a := range x.Args {
		p.str(callWords[x.Form][i])
		p.expr(a, 0)
	}
	p.str(")")
}

func (p *printer) trim(x *FuncCall) {
	p.str("trim(", map[string]string{"btrim": "BOTH ", "ltrim": "LEADING ", "rtrim": "TRAILING "}[x.Name.Base()])
	if len(x.Args) == 2 {
		p.expr(x.Args[1], 0)
		p.str(" FROM ")
		p.expr(x.Args[0], 0)
	} else {
		p.str("FROM ")
		p.exprs(x.Args)
	}
	p.str(")")
}

func (p *printer) plainCall(x *FuncCall) {
	if len(x.Name.Parts) == 1 {
		p.str(p.funcIdent(x.Name.Base()))
	} else {
		p.name(x.Name)
	}
	p.str("(")
	p.flag(x.Star, "*")
	p.flag(x.Distinct, "DISTINCT ")
	p.list(len(x.Args), func(i int) {
		p.flag(x.Variadic && i == len(x.Args)-1, "VARIADIC ")
		p.expr(x.Args[i], 0)
	})
	if len(x.OrderBy) > 0 && !x.WithinGroup {
		p.str(" ORDER BY ")
		p.orderBy(x.OrderBy)
	}
	p.str(")")
	if x.WithinGroup {
		p.str(" WITHIN GROUP (ORDER BY ")
		p.orderBy(x.OrderBy)
		p.str(")")
	}
	if x.Filter != nil {
		p.str(" FILTER (WHERE ")
		p.expr(x.Filter, 0)
		p.str(")")
	}
	if x.Over != nil {
		p.str(" OVER ")
		p.window(x.Over)
	}
}

func (p *printer) window(w *Window) {
	if w.Bare {
		p.ident(w.Ref)
		return
	}
	p.str("(")
	sep := ""
	part := func(s string) {
		p.str(sep, s)
		sep = " "
	}
	if w.Ref.Name != "" {
		part(windowIdent(w.Ref.Name))
	}
	if len(w.PartitionBy) > 0 {
		part("PARTITION BY ")
		p.exprs(w.PartitionBy)
	}
	if len(w.OrderBy) > 0 {
		part("ORDER BY ")
		p.orderBy(w.OrderBy)
	}
	if w.Frame != nil {
		part("")
		p.frame(w.Frame)
	}
	p.str(")")
}

// windowIdent quotes a window's name also where it looks like the start of the specification.
func windowIdent(name string) string {
	switch name {
	case "partition", "range", "rows", "groups":
		return `"` + name + `"`
	}
	return QuoteIdent(name)
}

func (p *printer) frame(f *Frame) {
	p.str([...]string{"RANGE", "ROWS", "GROUPS"}[f.Mode], " BETWEEN ")
	p.bound(f.Start)
	p.str(" AND ")
	p.bound(f.Stop)
	p.str([...]string{"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"}[f.Exclude])
}

func (p *printer) bound(b Bound) {
	if b.Offset != nil {
		p.expr(b.Offset, precOperator)
		p.str(" ")
	}
	p.str([...]string{"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"}[b.Kind])
}
