package oxidb

import (
	"strings"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// Isolation says what a transaction may see of others.
type Isolation uint8

const (
	// DefaultIsolation is the session's default_transaction_isolation.
	DefaultIsolation Isolation = iota
	// SnapshotIsolation shows the database as it was at the transaction's first statement. SQL's
	// REPEATABLE READ, READ COMMITTED and READ UNCOMMITTED are all this.
	SnapshotIsolation
	// Serializable is snapshot isolation, and a commit that fails with 40001 when another one has
	// changed what the transaction read: it is as if transactions had run one after the other.
	Serializable
)

// TransactionOptions are the modes of a transaction block. The zero value is the session's defaults.
type TransactionOptions struct {
	Isolation Isolation
	ReadOnly  bool
}

// modes are what BEGIN and SET TRANSACTION choose. A deferrable transaction is one like any other: a
// serializable read-only one never has to wait for a good snapshot, and never fails.
type modes struct{ serializable, readOnly, deferrable bool }

const (
	serializableName = "serializable"
	snapshotName     = "repeatable read"
)

func (m modes) isolation() string {
	if m.serializable {
		return serializableName
	}
	return snapshotName
}

func (m modes) options(home uint64) mvcc.TxnOptions {
	return mvcc.TxnOptions{ReadOnly: m.readOnly, Serializable: m.serializable, Home: home}
}

// defaultModes are those of a transaction that names none.
func (s settings) defaultModes() modes {
	return modes{
		serializable: s["default_transaction_isolation"] == serializableName,
		readOnly:     s["default_transaction_read_only"] == "on",
		deferrable:   s["default_transaction_deferrable"] == "on",
	}
}

// with gives the modes changed as a statement says.
func (m modes) with(named ast.TransactionModes) modes {
	if named.Isolation != "" {
		m.serializable = named.Isolation == "SERIALIZABLE"
	}
	if named.ReadOnly || named.ReadWrite {
		m.readOnly = named.ReadOnly
	}
	if named.Deferrable || named.NotDeferrable {
		m.deferrable = named.Deferrable
	}
	return m
}

// setModes is SET TRANSACTION, by PostgreSQL's rules: outside of a block it has no effect; after the
// first statement only READ ONLY may still be chosen.
func (s *Session) setModes(named ast.TransactionModes) error {
	if s.txn == nil {
		return nil
	}
	t := s.txn
	to := t.modes.with(named)
	if t.open != nil {
		if err := t.lateChange(to); err != nil {
			return err
		}
		if to.readOnly && !t.modes.readOnly {
			t.open.inner.ForbidWrites()
		}
	}
	t.modes = to
	if t.open != nil {
		t.open.mu.Lock()
		defer t.open.mu.Unlock()
		t.open.modes = to
	}
	return nil
}

// lateChange refuses modes that cannot change once there is a snapshot.
func (t *transaction) lateChange(to modes) error {
	switch {
	case to.serializable != t.modes.serializable && len(t.savepoints) > 0:
		return sqlerr.New(sqlerr.ActiveTransaction, "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction")
	case to.serializable != t.modes.serializable:
		return sqlerr.New(sqlerr.ActiveTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query")
	case t.modes.readOnly && !to.readOnly:
		return sqlerr.New(sqlerr.ActiveTransaction, "transaction read-write mode must be set before any query")
	case to.deferrable != t.modes.deferrable:
		return sqlerr.New(sqlerr.ActiveTransaction, "SET TRANSACTION [NOT] DEFERRABLE must be called before any query")
	}
	return nil
}

// setDefaults is SET SESSION CHARACTERISTICS AS TRANSACTION.
func (s settings) setDefaults(named ast.TransactionModes) {
	to := s.defaultModes().with(named)
	s["default_transaction_isolation"] = to.isolation()
	s["default_transaction_read_only"] = switchText(to.readOnly)
	s["default_transaction_deferrable"] = switchText(to.deferrable)
}

func switchText(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// setting gives a setting's value as SHOW prints it: those of the current transaction are its modes.
func (s *Session) setting(name string) string {
	m := s.settings.defaultModes()
	if s.txn != nil {
		m = s.txn.modes
	}
	switch name {
	case "transaction_isolation":
		return m.isolation()
	case "transaction_read_only":
		return switchText(m.readOnly)
	case "transaction_deferrable":
		return switchText(m.deferrable)
	case retentionName, maxRunningName: // of the database
		return s.db.startSettings().settings[name]
	}
	return s.settings.settings[name]
}

// assign is SET name = value; what names the current transaction's modes is SET TRANSACTION.
func (s *Session) assign(name, value string) error {
	k, err := lookupSetting(name)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(k.name, "transaction_") || k.name == "transaction_timeout" {
		return s.settings.set(name, value)
	}
	trial := settings{}
	if err := trial.set(name, value); err != nil {
		return err
	}
	on := trial[k.name] == "on"
	switch k.name {
	case "transaction_isolation":
		return s.setModes(ast.TransactionModes{Isolation: strings.ToUpper(trial[k.name])})
	case "transaction_read_only":
		return s.setModes(ast.TransactionModes{ReadOnly: on, ReadWrite: !on})
	}
	return s.setModes(ast.TransactionModes{Deferrable: on, NotDeferrable: !on})
}

// isolationName reads a level's name; those below serializable are snapshot isolation.
func isolationName(v string) (string, error) {
	switch strings.Join(strings.Fields(strings.ToLower(v)), " ") {
	case serializableName:
		return serializableName, nil
	case snapshotName, "read committed", "read uncommitted", "snapshot":
		return snapshotName, nil
	}
	return "", settingError("Possible values: serializable, repeatable read, read committed, read uncommitted; the last three are all snapshot isolation.")
}
