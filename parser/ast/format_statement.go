package ast

import "strings"

func (p *printer) statement(s Statement) {
	switch s := s.(type) {
	case *Query:
		p.query(s)
	case *Insert:
		p.insert(s)
	case *Update:
		p.update(s)
	case *Delete:
		p.deleteFrom(s)
	case *Truncate:
		p.str("TRUNCATE TABLE ")
		p.names(s.Tables)
		p.flag(s.RestartIdentity, " RESTART IDENTITY")
		p.behavior(s.Behavior)
	case *Copy:
		p.copy(s)
	case *CreateTable:
		p.createTable(s)
	case *CreateTableAs:
		p.createTableAs(s)
	case *CloneTable:
		p.cloneTable(s)
	case *CreateView:
		p.createView(s)
	case *CreateIndex:
		p.createIndex(s)
	case *CreateSchema:
		p.createSchema(s)
	case *CreateSequence:
		p.createSequence(s)
	case *Drop:
		p.drop(s)
	case *AlterTable:
		p.alterTable(s)
	case *Comment:
		p.comment(s)
	case *RefreshView:
		p.refresh(s)
	default:
		p.transaction(s)
	}
}

func (p *printer) transaction(s Statement) {
	switch s := s.(type) {
	case *Begin:
		p.str("BEGIN")
		p.modes(s.Modes)
	case *Commit:
		p.str("COMMIT")
		p.flag(s.Chain, " AND CHAIN")
	case *Rollback:
		p.str("ROLLBACK")
		p.flag(s.Chain, " AND CHAIN")
	case *Savepoint:
		p.named("SAVEPOINT ", s.Name, "")
	case *Release:
		p.named("RELEASE SAVEPOINT ", s.Name, "")
	case *RollbackTo:
		p.named("ROLLBACK TO SAVEPOINT ", s.Name, "")
	case *SetConstraints:
		p.setConstraints(s)
	case *SetTransaction:
		if s.Session {
			p.str("SET SESSION CHARACTERISTICS AS TRANSACTION")
		} else {
			p.str("SET TRANSACTION")
		}
		if s.Snapshot != nil {
			p.str(" SNAPSHOT ")
			p.expr(s.Snapshot, 0)
			return
		}
		p.modes(s.Modes)
	default:
		p.session(s)
	}
}

func (p *printer) modes(m TransactionModes) {
	sep := " "
	mode := func(cond bool, s string) {
		if cond {
			p.str(sep, s)
			sep = ", "
		}
	}
	mode(m.Isolation != "", "ISOLATION LEVEL "+m.Isolation)
	mode(m.ReadOnly, "READ ONLY")
	mode(m.ReadWrite, "READ WRITE")
	mode(m.Deferrable, "DEFERRABLE")
	mode(m.NotDeferrable, "NOT DEFERRABLE")
}

func (p *printer) session(s Statement) {
	switch s := s.(type) {
	case *Set:
		p.set(s)
	case *Reset:
		p.str("RESET ", settingName(s.Name))
	case *AlterSystem:
		p.alterSystem(s)
	case *Show:
		p.str("SHOW ", settingName(s.Name))
	case *Explain:
		p.str("EXPLAIN ")
		if len(s.Options) > 0 {
			p.options(s.Options, " ")
			p.str(" ")
		}
		p.statement(s.Statement)
	case *Analyze:
		p.str("ANALYZE")
		p.maintenance(s.Options, s.Targets)
	case *Vacuum:
		p.str("VACUUM")
		p.maintenance(s.Options, s.Targets)
	case *Reindex:
		p.reindex(s)
	case *Checkpoint:
		p.str("CHECKPOINT")
	case *Backup:
		p.str("BACKUP TO ", QuoteString(s.To))
	case *Call:
		p.str("CALL ")
		p.expr(s.Func, 0)
	case *Prepare:
		p.prepare(s)
	case *Execute:
		p.named("EXECUTE ", s.Name, "")
		if len(s.Args) > 0 {
			p.str("(")
			p.exprs(s.Args)
			p.str(")")
		}
	case *Deallocate:
		if s.Name.Name == "" {
			p.str("DEALLOCATE ALL")
		} else {
			p.named("DEALLOCATE ", s.Name, "")
		}
	case *Discard:
		p.str("DISCARD ", s.What)
	}
}

// settingName prints a setting, whose dots separate names.
func settingName(name string) string {
	if name == "" {
		return "ALL"
	}
	parts := strings.Split(name, ".")
	for i, part := range parts {
		parts[i] = QuoteIdent(part)
	}
	return strings.Join(parts, ".")
}

func (p *printer) set(s *Set) {
	p.str("SET ")
	p.flag(s.Local, "LOCAL ")
	if len(s.Values) == 1 {
		if zone, ok := s.Values[0].(*TypedLiteral); ok {
			p.str("TIME ZONE ")
			p.bare(zone)
			return
		}
	}
	p.str(settingName(s.Name), " TO ")
	if len(s.Values) == 0 {
		p.str("DEFAULT")
		return
	}
	p.exprs(s.Values)
}

func (p *printer) alterSystem(s *AlterSystem) {
	p.str("ALTER SYSTEM ")
	if len(s.Values) == 0 {
		p.str("RESET ", settingName(s.Name))
		return
	}
	p.str("SET ", settingName(s.Name), " TO ")
	p.exprs(s.Values)
}

func (p *printer) maintenance(options []*Option, targets []*MaintenanceTarget) {
	if len(options) > 0 {
		p.str(" ")
		p.options(options, " ")
	}
	p.flag(len(targets) > 0, " ")
	p.list(len(targets), func(i int) {
		p.name(targets[i].Table)
		p.optColumns(targets[i].Columns)
	})
}

func (p *printer) reindex(s *Reindex) {
	p.str("REINDEX ")
	if len(s.Options) > 0 {
		p.options(s.Options, " ")
		p.str(" ")
	}
	p.str(s.What(), " ")
	p.flag(s.Concurrently, "CONCURRENTLY ")
	p.name(s.Name)
}

func (p *printer) prepare(s *Prepare) {
	p.named("PREPARE ", s.Name, "")
	if len(s.Types) > 0 {
		p.str(" (")
		p.list(len(s.Types), func(i int) { p.typeName(s.Types[i]) })
		p.str(")")
	}
	p.str(" AS ")
	p.statement(s.Statement)
}

func (p *printer) setConstraints(n *SetConstraints) {
	p.str("SET CONSTRAINTS ")
	if len(n.Names) == 0 {
		p.str("ALL")
	} else {
		p.names(n.Names)
	}
	p.str(map[bool]string{true: " DEFERRED", false: " IMMEDIATE"}[n.Deferred])
}
