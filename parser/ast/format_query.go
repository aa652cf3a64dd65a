package ast

func (p *printer) query(q *Query) {
	p.with(q.With)
	p.body(q.Body, 0)
	if len(q.OrderBy) > 0 {
		p.str(" ORDER BY ")
		p.orderBy(q.OrderBy)
	}
	switch {
	case q.WithTies:
		if q.Offset != nil {
			p.str(" OFFSET ")
			p.expr(q.Offset, 0)
		}
		p.str(" FETCH FIRST ")
		p.expr(q.Limit, precUnary)
		p.str(" ROWS WITH TIES")
	default:
		p.flag(q.LimitAll, " LIMIT ALL")
		p.clause(" LIMIT ", q.Limit)
		p.clause(" OFFSET ", q.Offset)
	}
	for _, l := range q.Locks {
		p.lock(l)
	}
}

// clause prints a word and an expression, or nothing without one.
func (p *printer) clause(word string, x Expr) {
	if x != nil {
		p.str(word)
		p.expr(x, 0)
	}
}

func (p *printer) with(w *With) {
	if w == nil {
		return
	}
	p.str("WITH ")
	p.flag(w.Recursive, "RECURSIVE ")
	p.list(len(w.CTEs), func(i int) {
		c := w.CTEs[i]
		p.ident(c.Name)
		p.optColumns(c.Columns)
		p.str(" AS ", [...]string{"", "MATERIALIZED ", "NOT MATERIALIZED "}[c.Materialize], "(")
		p.statement(c.Body)
		p.str(")")
	})
	p.str(" ")
}

// body prints a query body; set operations that bind less tightly than least get parentheses.
func (p *printer) body(b QueryExpr, least int) {
	switch b := b.(type) {
	case *Select:
		p.selectCore(b)
	case *Values:
		p.values(b)
	case *Query:
		p.subquery(b)
	case *SetOp:
		prec := 1
		if b.Kind == Intersect {
			prec = 2
		}
		p.flag(prec < least, "(")
		p.body(b.Left, prec)
		p.str(" ", b.Kind.String())
		p.flag(b.All, " ALL")
		p.str(" ")
		p.body(b.Right, prec+1)
		p.flag(prec < least, ")")
	}
}

func (p *printer) values(v *Values) {
	p.str("VALUES ")
	p.list(len(v.Rows), func(i int) {
		p.str("(")
		p.exprs(v.Rows[i])
		p.str(")")
	})
}

func (p *printer) selectCore(s *Select) {
	p.str("SELECT")
	p.flag(s.Distinct, " DISTINCT")
	if len(s.DistinctOn) > 0 {
		p.str(" ON (")
		p.exprs(s.DistinctOn)
		p.str(")")
	}
	if len(s.Targets) > 0 {
		p.str(" ")
		p.targets(s.Targets)
	}
	if s.Into != nil {
		p.str(" INTO ")
		p.flag(s.Into.Temp, "TEMP ")
		p.name(s.Into.Table)
	}
	if len(s.From) > 0 {
		p.str(" FROM ")
		p.tables(s.From)
	}
	p.clause(" WHERE ", s.Where)
	if len(s.GroupBy) > 0 {
		p.str(" GROUP BY ")
		p.flag(s.GroupDistinct, "DISTINCT ")
		p.exprs(s.GroupBy)
	}
	p.clause(" HAVING ", s.Having)
	if len(s.Windows) > 0 {
		p.str(" WINDOW ")
		p.list(len(s.Windows), func(i int) {
			p.ident(s.Windows[i].Name)
			p.str(" AS ")
			p.window(s.Windows[i].Spec)
		})
	}
}

func (p *printer) targets(list []*Target) {
	p.list(len(list), func(i int) { p.target(list[i]) })
}

func (p *printer) target(t *Target) {
	p.expr(t.X, 0)
	if t.Alias.Name != "" {
		p.str(" AS ")
		p.ident(t.Alias)
	}
}

func (p *printer) orderBy(list []*OrderItem) {
	p.list(len(list), func(i int) { p.orderItem(list[i]) })
}

func (p *printer) orderItem(o *OrderItem) {
	p.expr(o.X, 0)
	if o.Using != nil {
		p.str(" USING ")
		p.operator(*o.Using)
	}
	p.str([...]string{"", " ASC", " DESC"}[o.Direction], [...]string{"", " NULLS FIRST", " NULLS LAST"}[o.Nulls])
}

func (p *printer) lock(l *Lock) {
	p.str([...]string{" FOR UPDATE", " FOR NO KEY UPDATE", " FOR SHARE", " FOR KEY SHARE"}[l.Strength])
	if len(l.Of) > 0 {
		p.str(" OF ")
		p.names(l.Of)
	}
	p.str([...]string{"", " NOWAIT", " SKIP LOCKED"}[l.Wait])
}

func (p *printer) tables(list []TableExpr) {
	p.list(len(list), func(i int) { p.table(list[i]) })
}

func (p *printer) table(t TableExpr) {
	switch t := t.(type) {
	case *TableRef:
		p.flag(t.Only, "ONLY ")
		p.name(t.Name)
		p.asOf(t.AsOf)
		p.alias(t.Alias)
		p.sample(t.Sample)
	case *FileRef:
		p.str(QuoteString(t.Path))
		p.alias(t.Alias)
		p.sample(t.Sample)
	case *SubqueryRef:
		p.flag(t.Lateral, "LATERAL ")
		p.subquery(t.Query)
		p.alias(t.Alias)
		p.sample(t.Sample)
	case *FuncRef:
		p.funcRef(t)
	case *Join:
		p.flag(t.Alias != nil, "(")
		p.join(t)
		p.flag(t.Alias != nil, ")")
		p.alias(t.Alias)
	}
}

func (p *printer) asOf(a *AsOf) {
	if a == nil {
		return
	}
	p.str(" AS OF ")
	p.flag(a.Time, "TIMESTAMP ")
	p.flag(!a.Time, "VERSION ")
	p.restricted(a.X)
}

func (p *printer) join(j *Join) {
	p.table(j.Left)
	p.flag(j.Natural, " NATURAL")
	p.str(" ", j.Kind.String(), " ")
	if right, ok := j.Right.(*Join); ok && right.Alias == nil {
		p.str("(")
		p.table(right)
		p.str(")")
	} else {
		p.table(j.Right)
	}
	if len(j.Using) > 0 {
		p.str(" USING ")
		p.columns(j.Using)
		if j.UsingAlias.Name != "" {
			p.str(" AS ")
			p.ident(j.UsingAlias)
		}
	}
	p.clause(" ON ", j.On)
}

func (p *printer) funcRef(f *FuncRef) {
	p.flag(f.Lateral, "LATERAL ")
	p.flag(f.RowsFrom, "ROWS FROM (")
	p.list(len(f.Calls), func(i int) {
		p.expr(f.Calls[i], 0)
		if f.RowsFrom && f.CallTypes[i] != nil {
			types := f.CallTypes[i]
			p.str(" AS (")
			p.list(len(types), func(k int) { p.columnType(types[k].Name, types[k].Type) })
			p.str(")")
		}
	})
	p.flag(f.RowsFrom, ")")
	p.flag(f.Ordinality, " WITH ORDINALITY")
	p.alias(f.Alias)
	p.sample(f.Sample)
}

func (p *printer) columnType(name Ident, t *TypeName) {
	p.ident(name)
	p.str(" ")
	p.typeName(t)
}

func (p *printer) alias(a *Alias) {
	if a == nil {
		return
	}
	p.str(" AS ")
	if a.Name.Name != "" {
		p.ident(a.Name)
	}
	switch {
	case len(a.ColumnTypes) > 0:
		p.str(" (")
		p.list(len(a.Columns), func(i int) { p.columnType(a.Columns[i], a.ColumnTypes[i]) })
		p.str(")")
	default:
		p.optColumns(a.Columns)
	}
}

func (p *printer) sample(s *Sample) {
	if s == nil {
		return
	}
	p.str(" TABLESAMPLE ")
	p.name(s.Method)
	p.str("(")
	p.exprs(s.Args)
	p.str(")")
	if s.Repeatable != nil {
		p.clause(" REPEATABLE (", s.Repeatable)
		p.str(")")
	}
}
