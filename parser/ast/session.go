package ast

// TransactionModes are the modes of BEGIN and SET TRANSACTION. Isolation is "" or one of
// "SERIALIZABLE", "REPEATABLE READ", "READ COMMITTED", "READ UNCOMMITTED".
type TransactionModes struct {
	Isolation     string
	ReadOnly      bool
	ReadWrite     bool
	Deferrable    bool
	NotDeferrable bool
}

// Begin is BEGIN or START TRANSACTION.
type Begin struct {
	Span
	Modes TransactionModes
}

// Commit is COMMIT or END. Chain is AND CHAIN.
type Commit struct {
	Span
	Chain bool
}

// Rollback is ROLLBACK or ABORT of the whole transaction.
type Rollback struct {
	Span
	Chain bool
}

// Savepoint is SAVEPOINT name.
type Savepoint struct {
	Span
	Name Ident
}

// Release is RELEASE [SAVEPOINT] name.
type Release struct {
	Span
	Name Ident
}

// RollbackTo is ROLLBACK TO [SAVEPOINT] name.
type RollbackTo struct {
	Span
	Name Ident
}

// SetTransaction is SET TRANSACTION modes, SET TRANSACTION SNAPSHOT id, or SET SESSION CHARACTERISTICS
// AS TRANSACTION (Session).
type SetTransaction struct {
	Span
	Session  bool
	Snapshot Expr // a *Literal, or nil
	Modes    TransactionModes
}

// SetConstraints is SET CONSTRAINTS names | ALL DEFERRED | IMMEDIATE; Names is empty for ALL.
type SetConstraints struct {
	Span
	Names    []*Name
	Deferred bool
}

// Set is SET [SESSION | LOCAL] name = values, SET TIME ZONE x (name is "timezone") and the like.
// Values holds *Literal, *TypedLiteral and *Word; it is empty for TO DEFAULT.
type Set struct {
	Span
	Local  bool
	Name   string
	Values []Expr
}

// AlterSystem is ALTER SYSTEM SET name = values; without values ALTER SYSTEM RESET name, or RESET ALL
// with an empty Name.
type AlterSystem struct {
	Span
	Name   string
	Values []Expr
}

// Reset is RESET name, or RESET ALL with an empty Name.
type Reset struct {
	Span
	Name string
}

// Show is SHOW name, or SHOW ALL with an empty Name.
type Show struct {
	Span
	Name string
}

// Explain is EXPLAIN of a statement. The options ANALYZE and VERBOSE written without parentheses
// are in Options as well.
type Explain struct {
	Span
	Options   []*Option
	Statement Statement
}

// Analyze is ANALYZE [VERBOSE] [targets].
type Analyze struct {
	Span
	Options []*Option
	Targets []*MaintenanceTarget
}

// Vacuum is VACUUM [options] [targets].
type Vacuum struct {
	Span
	Options []*Option
	Targets []*MaintenanceTarget
}

// Reindex is REINDEX [options] kind [CONCURRENTLY] name; System is REINDEX SYSTEM, of Kind DatabaseObject.
type Reindex struct {
	Span
	Options      []*Option
	Kind         ObjectKind
	System       bool
	Concurrently bool
	Name         *Name
}

// What is the SQL spelling of what is reindexed.
func (r *Reindex) What() string {
	if r.System {
		return "SYSTEM"
	}
	return r.Kind.String()
}

// MaintenanceTarget is a table, with an optional column list.
type MaintenanceTarget struct {
	Span
	Table   *Name
	Columns []Ident
}

// Checkpoint is CHECKPOINT.
type Checkpoint struct{ Span }

// Backup is BACKUP TO 'directory', which is OxiDB's own.
type Backup struct {
	Span
	To string
}

// Call is CALL procedure(args).
type Call struct {
	Span
	Func *FuncCall
}

// Prepare is PREPARE name [(types)] AS statement.
type Prepare struct {
	Span
	Name      Ident
	Types     []*TypeName
	Statement Statement
}

// Execute is EXECUTE name [(args)].
type Execute struct {
	Span
	Name Ident
	Args []Expr
}

// Deallocate is DEALLOCATE [PREPARE] name, or ALL with an absent Name.
type Deallocate struct {
	Span
	Name Ident
}

// Discard is DISCARD ALL | PLANS | SEQUENCES | TEMP.
type Discard struct {
	Span
	What string
}

func (*Begin) statement()          {}
func (*Commit) statement()         {}
func (*Rollback) statement()       {}
func (*Savepoint) statement()      {}
func (*Release) statement()        {}
func (*RollbackTo) statement()     {}
func (*SetTransaction) statement() {}
func (*SetConstraints) statement() {}
func (*Set) statement()            {}
func (*Reset) statement()          {}
func (*AlterSystem) statement()    {}
func (*Show) statement()           {}
func (*Explain) statement()        {}
func (*Analyze) statement()        {}
func (*Vacuum) statement()         {}
func (*Reindex) statement()        {}
func (*Checkpoint) statement()     {}
func (*Backup) statement()         {}
func (*Call) statement()           {}
func (*Prepare) statement()        {}
func (*Execute) statement()        {}
func (*Deallocate) statement()     {}
func (*Discard) statement()        {}
