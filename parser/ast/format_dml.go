package ast

func (p *printer) insert(n *Insert) {
	p.with(n.With)
	p.str("INSERT INTO ")
	p.name(n.Table)
	if n.Alias.Name != "" {
		p.str(" AS ")
		p.ident(n.Alias)
	}
	p.optColumns(n.Columns)
	p.str([...]string{"", " OVERRIDING SYSTEM VALUE", " OVERRIDING USER VALUE"}[n.Overriding])
	if n.Source == nil {
		p.str(" DEFAULT VALUES")
	} else {
		p.str(" ")
		p.query(n.Source)
	}
	if n.OnConflict != nil {
		p.onConflict(n.OnConflict)
	}
	p.returning(n.Returning)
}

func (p *printer) onConflict(c *OnConflict) {
	p.str(" ON CONFLICT")
	if len(c.Columns) > 0 {
		p.str(" ")
		p.indexElems(c.Columns)
		p.clause(" WHERE ", c.TargetWhere)
	}
	if c.Constraint.Name != "" {
		p.str(" ON CONSTRAINT ")
		p.ident(c.Constraint)
	}
	if c.DoNothing {
		p.str(" DO NOTHING")
		return
	}
	p.str(" DO UPDATE SET ")
	p.assignments(c.Set)
	p.clause(" WHERE ", c.Where)
}

func (p *printer) assignments(list []*Assignment) {
	p.list(len(list), func(i int) {
		a := list[i]
		if a.Multi {
			p.columns(a.Columns)
		} else {
			p.ident(a.Columns[0])
		}
		p.str(" = ")
		p.expr(a.Value, 0)
	})
}

func (p *printer) returning(list []*Target) {
	if len(list) > 0 {
		p.str(" RETURNING ")
		p.targets(list)
	}
}

func (p *printer) update(n *Update) {
	p.with(n.With)
	p.str("UPDATE ")
	p.table(n.Table)
	p.str(" SET ")
	p.assignments(n.Set)
	if len(n.From) > 0 {
		p.str(" FROM ")
		p.tables(n.From)
	}
	p.clause(" WHERE ", n.Where)
	p.returning(n.Returning)
}

func (p *printer) deleteFrom(n *Delete) {
	p.with(n.With)
	p.str("DELETE FROM ")
	p.table(n.Table)
	if len(n.Using) > 0 {
		p.str(" USING ")
		p.tables(n.Using)
	}
	p.clause(" WHERE ", n.Where)
	p.returning(n.Returning)
}

func (p *printer) copy(n *Copy) {
	p.str("COPY ")
	if n.Query != nil {
		p.str("(")
		p.statement(n.Query)
		p.str(")")
	} else {
		p.name(n.Table)
		p.optColumns(n.Columns)
	}
	word, stream := " FROM ", "STDIN"
	if n.To {
		word, stream = " TO ", "STDOUT"
	}
	p.str(word)
	p.flag(n.Program, "PROGRAM ")
	if n.Stdio {
		p.str(stream)
	} else {
		p.str(QuoteString(n.File))
	}
	if len(n.Options) > 0 {
		p.str(" WITH ")
		p.options(n.Options, " ")
	}
	p.clause(" WHERE ", n.Where)
}
