package ast

func (p *printer) persistence(life Persistence) {
	p.str([...]string{"", "TEMP ", "UNLOGGED "}[life])
}

func (p *printer) createTable(n *CreateTable) {
	p.str("CREATE ")
	p.persistence(n.Persistence)
	p.str("TABLE ")
	p.flag(n.IfNotExists, "IF NOT EXISTS ")
	p.name(n.Name)
	p.str(" (")
	sep := ""
	next := func() {
		p.str(sep)
		sep = ", "
	}
	for _, c := range n.Columns {
		next()
		p.columnDef(c)
	}
	for _, l := range n.Like {
		next()
		p.likeTable(l)
	}
	for _, c := range n.Constraints {
		next()
		p.constraint(c)
	}
	p.str(")")
	p.withOptions(n.Options)
	p.onCommit(n.OnCommit)
	if len(n.Cluster) > 0 {
		p.str(" ")
		p.clusterBy(n.Cluster)
	}
}

func (p *printer) clusterBy(key []Ident) {
	p.str("CLUSTER BY ")
	p.columns(key)
}

func (p *printer) likeTable(l *LikeTable) {
	p.str("LIKE ")
	p.name(l.Table)
	for _, w := range l.Including {
		p.str(" INCLUDING ", w)
	}
	for _, w := range l.Excluding {
		p.str(" EXCLUDING ", w)
	}
}

func (p *printer) onCommit(c OnCommit) {
	p.str([...]string{"", " ON COMMIT PRESERVE ROWS", " ON COMMIT DELETE ROWS", " ON COMMIT DROP"}[c])
}

func (p *printer) columnDef(c *ColumnDef) {
	p.ident(c.Name)
	p.str(" ")
	p.typeName(c.Type)
	if c.Collation != nil {
		p.str(" COLLATE ")
		p.name(c.Collation)
	}
	for _, k := range c.Constraints {
		p.str(" ")
		p.constraint(k)
	}
}

func (p *printer) constraint(c *Constraint) {
	if c.Name.Name != "" {
		p.str("CONSTRAINT ")
		p.ident(c.Name)
		p.str(" ")
	}
	switch c.Kind {
	case NotNullConstraint:
		p.str("NOT NULL")
	case NullConstraint:
		p.str("NULL")
	case DefaultConstraint:
		p.str("DEFAULT ")
		p.restricted(c.Expr)
	case CheckConstraint:
		p.clause("CHECK (", c.Expr)
		p.str(")")
	case PrimaryConstraint:
		p.str("PRIMARY KEY")
		p.key(c)
	case UniqueConstraint:
		p.str("UNIQUE")
		p.flag(c.NullsNotDistinct, " NULLS NOT DISTINCT")
		p.key(c)
	case ForeignConstraint:
		p.foreign(c)
	case GeneratedConstraint:
		p.clause("GENERATED ALWAYS AS (", c.Expr)
		p.str(") STORED")
	case IdentityConstraint:
		p.identity(c)
	}
	p.constraintAttributes(c)
}

func (p *printer) key(c *Constraint) {
	p.optColumns(c.Columns)
	if len(c.Include) > 0 {
		p.str(" INCLUDE ")
		p.columns(c.Include)
	}
	if c.UsingIndex.Name != "" {
		p.str(" USING INDEX ")
		p.ident(c.UsingIndex)
	}
	p.withOptions(c.Options)
}

func (p *printer) foreign(c *Constraint) {
	if len(c.Columns) > 0 {
		p.str("FOREIGN KEY ")
		p.columns(c.Columns)
		p.str(" ")
	}
	p.str("REFERENCES ")
	p.name(c.RefTable)
	p.optColumns(c.RefColumns)
	p.str([...]string{"", " MATCH SIMPLE", " MATCH FULL", " MATCH PARTIAL"}[c.Match])
	actions := [...]string{"", "NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"}
	p.flag(c.OnDelete != ActionDefault, " ON DELETE "+actions[c.OnDelete])
	if len(c.OnDeleteColumns) > 0 {
		p.str(" ")
		p.columns(c.OnDeleteColumns)
	}
	p.flag(c.OnUpdate != ActionDefault, " ON UPDATE "+actions[c.OnUpdate])
}

func (p *printer) identity(c *Constraint) {
	p.str("GENERATED ")
	if c.Always {
		p.str("ALWAYS")
	} else {
		p.str("BY DEFAULT")
	}
	p.str(" AS IDENTITY")
	if len(c.Sequence) > 0 {
		p.str(" (")
		p.sequenceOptions(c.Sequence)
		p.str(")")
	}
}

func (p *printer) constraintAttributes(c *Constraint) {
	p.flag(c.Deferrable, " DEFERRABLE")
	p.flag(c.NotDeferrable, " NOT DEFERRABLE")
	p.flag(c.InitiallyDeferred, " INITIALLY DEFERRED")
	p.flag(c.InitiallyNow, " INITIALLY IMMEDIATE")
	p.flag(c.NoInherit, " NO INHERIT")
	p.flag(c.NotValid, " NOT VALID")
}

func (p *printer) sequenceOptions(list []*SequenceOption) {
	for i, o := range list {
		p.flag(i > 0, " ")
		p.str(o.Name)
		switch {
		case o.Type != nil:
			p.str(" ")
			p.typeName(o.Type)
		case o.Owner != nil:
			p.str(" ")
			p.name(o.Owner)
		case o.Value != nil:
			p.str(" ", o.Value.Text)
		case o.Name == "OWNED BY":
			p.str(" NONE")
		}
	}
}

func (p *printer) createTableAs(n *CreateTableAs) {
	p.str("CREATE ")
	p.persistence(n.Persistence)
	if n.Materialized {
		p.str("MATERIALIZED VIEW ")
	} else {
		p.str("TABLE ")
	}
	p.flag(n.IfNotExists, "IF NOT EXISTS ")
	p.name(n.Name)
	p.optColumns(n.Columns)
	p.withOptions(n.Options)
	p.onCommit(n.OnCommit)
	p.str(" AS ")
	p.statement(n.Query)
	p.flag(n.WithNoData, " WITH NO DATA")
}

func (p *printer) cloneTable(n *CloneTable) {
	p.str("CREATE ")
	p.persistence(n.Persistence)
	p.str("TABLE ")
	p.flag(n.IfNotExists, "IF NOT EXISTS ")
	p.name(n.Name)
	p.str(" CLONE ")
	p.name(n.Source)
	p.asOf(n.AsOf)
}

func (p *printer) createView(n *CreateView) {
	p.str("CREATE ")
	p.flag(n.OrReplace, "OR REPLACE ")
	p.persistence(n.Persistence)
	p.flag(n.Recursive, "RECURSIVE ")
	p.str("VIEW ")
	p.name(n.Name)
	p.optColumns(n.Columns)
	p.withOptions(n.Options)
	p.str(" AS ")
	p.query(n.Query)
	p.flag(n.CheckOption != "", " WITH "+n.CheckOption+" CHECK OPTION")
}

func (p *printer) createIndex(n *CreateIndex) {
	p.str("CREATE ")
	p.flag(n.Unique, "UNIQUE ")
	p.str("INDEX ")
	p.flag(n.Concurrently, "CONCURRENTLY ")
	p.flag(n.IfNotExists, "IF NOT EXISTS ")
	if n.Name.Name != "" {
		p.ident(n.Name)
		p.str(" ")
	}
	p.str("ON ")
	p.flag(n.Only, "ONLY ")
	p.name(n.Table)
	if n.Method.Name != "" {
		p.str(" USING ")
		p.ident(n.Method)
	}
	p.str(" ")
	p.indexElems(n.Elems)
	if len(n.Include) > 0 {
		p.str(" INCLUDE ")
		p.indexElems(n.Include)
	}
	p.flag(n.NullsNotDistinct, " NULLS NOT DISTINCT")
	p.withOptions(n.Options)
	p.clause(" WHERE ", n.Where)
}

func (p *printer) indexElems(list []*IndexElem) {
	p.str("(")
	p.list(len(list), func(i int) {
		e := list[i]
		if c, ok := e.X.(*ColumnRef); ok && len(c.Parts) == 1 {
			p.ident(c.Parts[0])
		} else {
			p.str("(")
			p.expr(e.X, 0)
			p.str(")")
		}
		if e.Collation != nil {
			p.str(" COLLATE ")
			p.name(e.Collation)
		}
		if e.OpClass != nil {
			p.str(" ")
			p.name(e.OpClass)
			if len(e.ClassOptions) > 0 {
				p.options(e.ClassOptions, " = ")
			}
		}
		p.str([...]string{"", " ASC", " DESC"}[e.Direction], [...]string{"", " NULLS FIRST", " NULLS LAST"}[e.Nulls])
	})
	p.str(")")
}

func (p *printer) createSchema(n *CreateSchema) {
	p.str("CREATE SCHEMA")
	p.flag(n.IfNotExists, " IF NOT EXISTS")
	if n.Name.Name != "" {
		p.str(" ")
		p.ident(n.Name)
	}
	if n.Authorization.Name != "" {
		p.str(" AUTHORIZATION ")
		p.role(n.Authorization)
	}
	for _, s := range n.Elements {
		p.str(" ")
		p.statement(s)
	}
}

// role prints a role; current_user and its like stay keywords.
func (p *printer) role(id Ident) {
	switch id.Name {
	case "current_role", "current_user", "session_user":
		p.str(id.Name)
	default:
		p.ident(id)
	}
}

func (p *printer) createSequence(n *CreateSequence) {
	p.str("CREATE ")
	p.persistence(n.Persistence)
	p.str("SEQUENCE ")
	p.flag(n.IfNotExists, "IF NOT EXISTS ")
	p.name(n.Name)
	if len(n.Options) > 0 {
		p.str(" ")
		p.sequenceOptions(n.Options)
	}
}

func (p *printer) drop(n *Drop) {
	p.str("DROP ", n.Kind.String(), " ")
	p.flag(n.Concurrently, "CONCURRENTLY ")
	p.flag(n.IfExists, "IF EXISTS ")
	p.names(n.Names)
	p.behavior(n.Behavior)
}

func (p *printer) behavior(b Behavior) {
	p.str([...]string{"", " RESTRICT", " CASCADE"}[b])
}

func (p *printer) alterTable(n *AlterTable) {
	p.str("ALTER ", n.Kind.String(), " ")
	p.flag(n.IfExists, "IF EXISTS ")
	p.flag(n.Only, "ONLY ")
	p.name(n.Name)
	p.str(" ")
	p.list(len(n.Actions), func(i int) { p.alterAction(n.Actions[i]) })
}

// alterConstraint prints ALTER CONSTRAINT name attributes.
func (p *printer) alterConstraint(c *Constraint) {
	p.named("ALTER CONSTRAINT ", c.Name, "")
	p.constraintAttributes(c)
}

func (p *printer) alterAction(a *AlterAction) {
	switch a.Kind {
	case AddColumn:
		p.str("ADD COLUMN ")
		p.flag(a.IfNotExists, "IF NOT EXISTS ")
		p.columnDef(a.Def)
	case DropColumn:
		p.str("DROP COLUMN ")
		p.flag(a.IfExists, "IF EXISTS ")
		p.ident(a.Column)
		p.behavior(a.Behavior)
	case RenameColumn:
		p.named("RENAME COLUMN ", a.Column, " TO ")
		p.ident(a.NewName)
	case RenameTable:
		p.named("RENAME TO ", a.NewName, "")
	case RenameConstraint:
		p.named("RENAME CONSTRAINT ", a.Constraint, " TO ")
		p.ident(a.NewName)
	case SetSchema:
		p.named("SET SCHEMA ", a.NewName, "")
	case AddConstraint:
		p.str("ADD ")
		p.constraint(a.AddedConstraint)
	case DropConstraint:
		p.str("DROP CONSTRAINT ")
		p.flag(a.IfExists, "IF EXISTS ")
		p.ident(a.Constraint)
		p.behavior(a.Behavior)
	case ValidateConstraint:
		p.named("VALIDATE CONSTRAINT ", a.Constraint, "")
	case SetOptions:
		p.str("SET ")
		p.options(a.Options, " = ")
	case ResetOptions:
		p.str("RESET ")
		p.options(a.Options, " = ")
	case OwnerTo:
		p.str("OWNER TO ")
		p.role(a.NewName)
	case SetLogged:
		p.str("SET LOGGED")
	case SetUnlogged:
		p.str("SET UNLOGGED")
	case AlterConstraint:
		p.alterConstraint(a.AddedConstraint)
	case SequenceOptions:
		p.sequenceOptions(a.Sequence)
	case SetCluster:
		if len(a.Cluster) == 0 {
			p.str("NO CLUSTER")
		} else {
			p.clusterBy(a.Cluster)
		}
	default:
		p.alterColumn(a)
	}
}

func (p *printer) named(before string, id Ident, after string) {
	p.str(before)
	p.ident(id)
	p.str(after)
}

func (p *printer) alterColumn(a *AlterAction) {
	p.named("ALTER COLUMN ", a.Column, " ")
	switch a.Kind {
	case SetNotNull:
		p.str("SET NOT NULL")
	case DropNotNull:
		p.str("DROP NOT NULL")
	case SetDefault:
		p.clause("SET DEFAULT ", a.Expr)
	case DropDefault:
		p.str("DROP DEFAULT")
	case SetStatistics:
		p.clause("SET STATISTICS ", a.Expr)
	case AlterType:
		p.str("TYPE ")
		p.typeName(a.Type)
		if a.Collation != nil {
			p.str(" COLLATE ")
			p.name(a.Collation)
		}
		p.clause(" USING ", a.Expr)
	case AddIdentity:
		p.str("ADD ")
		p.identity(a.AddedConstraint)
	case SetIdentity:
		p.setIdentity(a.Sequence)
	case DropIdentity:
		p.str("DROP IDENTITY")
		p.flag(a.IfExists, " IF EXISTS")
	case DropExpression:
		p.str("DROP EXPRESSION")
		p.flag(a.IfExists, " IF EXISTS")
	}
}

// setIdentity prints each option after a SET of its own; RESTART stands alone.
func (p *printer) setIdentity(list []*SequenceOption) {
	for i, o := range list {
		p.flag(i > 0, " ")
		p.flag(o.Name != "RESTART", "SET ")
		p.sequenceOptions(list[i : i+1])
	}
}

func (p *printer) comment(n *Comment) {
	p.str("COMMENT ON ", n.Kind.String(), " ")
	p.name(n.Name)
	if n.Null {
		p.str(" IS NULL")
		return
	}
	p.str(" IS ", QuoteString(n.Text))
}

func (p *printer) refresh(n *RefreshView) {
	p.str("REFRESH MATERIALIZED VIEW ")
	p.flag(n.Concurrently, "CONCURRENTLY ")
	p.name(n.Name)
	p.flag(n.WithNoData, " WITH NO DATA")
}
