package oxidb

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/catalog/sequence"
	"github.com/oxidb/oxidb/catalog/systables"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// openSequences opens the sequences and forgets what is left of those that were dropped.
func openSequences(ctx context.Context, store *mvcc.Store, objects *systables.Catalog) (*sequence.Counters, error) {
	counters, err := sequence.Open(ctx, store)
	if err != nil {
		return nil, err
	}
	txn := store.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	view, err := objects.View(txn, nil)
	if err != nil {
		return nil, err
	}
	return counters, counters.Sweep(ctx, view.Sequences())
}

// latestNumbers is what a session got from sequences, for currval and lastval.
type latestNumbers struct {
	mu   sync.Mutex
	of   map[catalog.ID]int64
	last catalog.ID
}

func (l *latestNumbers) put(id catalog.ID, value int64, took bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[catalog.ID]int64{}
	}
	l.of[id] = value
	if took {
		l.last = id
	}
}

// sequenceAccess is function.Sequences for one statement.
type sequenceAccess struct{ sc *scope }

// Find implements function.Sequences.
func (a *sequenceAccess) Find(name string) (int64, error) {
	s, err := bind.FindSequence(a.sc.catalog, name)
	if err != nil {
		return 0, err
	}
	return int64(s.ID), nil
}

func (a *sequenceAccess) sequence(id int64) (*catalog.Sequence, error) {
	for _, s := range a.sc.catalog.Sequences() {
		if int64(s.ID) == id {
			return s, nil
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedTable, "there is no sequence with number %d", id)
}

// writing refuses what moves a sequence in a read-only transaction.
func (a *sequenceAccess) writing(id int64, function string) (*catalog.Sequence, error) {
	s, err := a.sequence(id)
	if err == nil && a.sc.explicit && a.sc.session.txn.modes.readOnly && !s.Temp {
		err = sqlerr.New(sqlerr.ReadOnlyTransaction, "cannot execute %s() in a read-only transaction", function)
	}
	return s, err
}

// Next implements function.Sequences.
func (a *sequenceAccess) Next(id int64, dst []int64) error {
	s, err := a.writing(id, "nextval")
	if err != nil || len(dst) == 0 {
		return err
	}
	a.sc.numbers.Lock() // the transaction's own sequences belong to one worker at a time
	defer a.sc.numbers.Unlock()
	if err := a.sc.session.db.numbers.Next(context.Background(), a.sc.txn, s, dst); err != nil {
		return err
	}
	a.sc.session.latest.put(s.ID, dst[len(dst)-1], true)
	return nil
}

// Current implements function.Sequences.
func (a *sequenceAccess) Current(id int64) (int64, error) {
	s, err := a.sequence(id)
	if err != nil {
		return 0, err
	}
	l := &a.sc.session.latest
	l.mu.Lock()
	defer l.mu.Unlock()
	value, ok := l.of[s.ID]
	if !ok {
		return 0, sqlerr.New(sqlerr.ObjectNotInPrerequisite, "currval of sequence %q is not yet defined in this session", s.Name)
	}
	return value, nil
}

// Last implements function.Sequences.
func (a *sequenceAccess) Last() (int64, error) {
	l := &a.sc.session.latest
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := a.sequence(int64(l.last)); err != nil {
		return 0, sqlerr.New(sqlerr.ObjectNotInPrerequisite, "lastval is not yet defined in this session")
	}
	return l.of[l.last], nil
}

// Set implements function.Sequences.
func (a *sequenceAccess) Set(id, value int64, called bool) error {
	s, err := a.writing(id, "setval")
	if err != nil {
		return err
	}
	if value < s.Min || value > s.Max {
		return sqlerr.New(sqlerr.NumericValueOutOfRange, "setval: value %d is out of bounds for sequence %q (%d..%d)", value, s.Name, s.Min, s.Max)
	}
	a.sc.numbers.Lock()
	defer a.sc.numbers.Unlock()
	if err := a.sc.session.db.numbers.Set(context.Background(), a.sc.txn, s, sequence.State{Last: value, Called: called}); err != nil {
		return err
	}
	if called {
		a.sc.session.latest.put(s.ID, value, false)
	}
	return nil
}

// Owned implements function.Sequences.
func (a *sequenceAccess) Owned(table, column string) (string, bool, error) {
	parts, ok := ast.SplitName(table)
	if !ok || len(parts) > 2 {
		return "", false, sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
	}
	schema := ""
	if len(parts) == 2 {
		schema = parts[0]
	}
	t, err := a.sc.table(schema, parts[len(parts)-1])
	if err != nil {
		return "", false, err
	}
	o := t.Ordinal(column)
	if o < 0 {
		return "", false, sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist", column, t.Name)
	}
	for _, s := range a.sc.catalog.Sequences() {
		if s.OwnerTable == t.ID && s.OwnerField == t.Columns[o].FieldID {
			return ast.QuoteIdent(s.Schema) + "." + ast.QuoteIdent(s.Name), true, nil
		}
	}
	return "", false, nil
}

// changeSequences makes, alters and drops sequences. A new one without an owner's number goes with
// the table owner.
func (sc *scope) changeSequences(ctx context.Context, w *systables.Writer, list []plan.SequenceChange, owner catalog.ID) error {
	for _, c := range list {
		if err := sc.changeSequence(ctx, w, c, owner); err != nil {
			return err
		}
	}
	return sc.refresh()
}

func (sc *scope) changeSequence(ctx context.Context, w *systables.Writer, c plan.SequenceChange, owner catalog.ID) error {
	switch {
	case c.After == nil:
		return w.DropSequence(c.Before)
	case c.Before == nil:
		s := *c.After
		if s.OwnerField != 0 && s.OwnerTable == 0 {
			s.OwnerTable = owner
		}
		if err := w.CreateSequence(&s); err != nil {
			return err
		}
		return sc.session.db.numbers.Create(sc.txn, &s, sequence.State{Last: s.Start})
	}
	return sc.alterSequence(ctx, w, c)
}

func (sc *scope) alterSequence(ctx context.Context, w *systables.Writer, c plan.SequenceChange) error {
	s := *c.After
	if c.Restart != nil {
		if err := sc.restart(&s, *c.Restart); err != nil {
			return err
		}
	} else if s.Min != c.Before.Min || s.Max != c.Before.Max {
		at, err := sc.session.db.numbers.State(ctx, sc.txn, c.Before)
		switch {
		case err != nil:
			return err
		case at.Last < s.Min:
			return sqlerr.New(sqlerr.InvalidParameterValue, "RESTART value (%d) cannot be less than MINVALUE (%d)", at.Last, s.Min)
		case at.Last > s.Max:
			return sqlerr.New(sqlerr.InvalidParameterValue, "RESTART value (%d) cannot be greater than MAXVALUE (%d)", at.Last, s.Max)
		}
	}
	if s.Name != c.Before.Name || s.Schema != c.Before.Schema {
		if err := sc.renameInDefaults(w, c.Before, &s); err != nil {
			return err
		}
	}
	return w.AlterSequence(c.Before, &s)
}

// restart gives a sequence a new state.
func (sc *scope) restart(s *catalog.Sequence, from int64) error {
	s.State = sc.session.db.store.NewID()
	return sc.session.db.numbers.Create(sc.txn, s, sequence.State{Last: from})
}

// renameInDefaults lets the defaults that take a sequence's numbers name it as it is called from now on.
func (sc *scope) renameInDefaults(w *systables.Writer, before, after *catalog.Sequence) error {
	b := sc.binder("", nil)
	users, err := b.SequenceUsers(before.ID)
	if err != nil {
		return err
	}
	return sc.alterColumns(w, users, func(c *catalog.Column) (err error) {
		c.Default, err = b.RenamedDefault(*c, before, after)
		return err
	})
}

// alterColumns changes the descriptors of columns, of every table at once.
func (sc *scope) alterColumns(w *systables.Writer, users []bind.SequenceUser, change func(*catalog.Column) error) error {
	for i, u := range users {
		if i > 0 && users[i-1].Table == u.Table {
			continue
		}
		changed := *u.Table
		changed.Columns = slices.Clone(u.Table.Columns)
		for _, v := range users[i:] {
			if v.Table != u.Table {
				break
			}
			if err := change(&changed.Columns[changed.OrdinalOf(v.Field)]); err != nil {
				return err
			}
		}
		if err := w.AlterTable(u.Table, &changed); err != nil {
			return err
		}
	}
	return nil
}

// dropSequence drops a sequence that the binder has checked, with CASCADE the defaults that use it.
func (sc *scope) dropSequence(w *systables.Writer, name *ast.Name) error {
	for _, schema := range searchIn(name.Schema(), sc.catalog) {
		s, ok := sc.catalog.Sequence(schema, name.Base())
		if !ok {
			continue
		}
		if err := sc.dropDefaults(w, s, 0); err != nil {
			return err
		}
		return w.DropSequence(s)
	}
	return nil
}

// dropDefaults drops the defaults that take numbers of a sequence, but for those of table except.
func (sc *scope) dropDefaults(w *systables.Writer, s *catalog.Sequence, except catalog.ID) error {
	users, err := sc.binder("", nil).SequenceUsers(s.ID)
	if err != nil {
		return err
	}
	users = slices.DeleteFunc(users, func(u bind.SequenceUser) bool { return u.Table.ID == except })
	return sc.alterColumns(w, users, func(c *catalog.Column) error {
		c.Default = ""
		return nil
	})
}

// dropOwned drops the sequences that a table's columns own; 2BP01 when other tables' defaults use one.
func (sc *scope) dropOwned(w *systables.Writer, t *catalog.Table, cascade bool) error {
	for _, s := range sc.catalog.Sequences() {
		if s.OwnerTable != t.ID {
			continue
		}
		users, err := sc.binder("", nil).SequenceUsers(s.ID)
		if err != nil {
			return err
		}
		for _, u := range users {
			if u.Table.ID != t.ID && !cascade {
				return dependent("table", t.Name, "default value for column "+u.Column()+" of table "+u.Table.Name+" depends on sequence "+s.Name)
			}
		}
		if err := sc.dropDefaults(w, s, t.ID); err != nil {
			return err
		}
		if err := w.DropSequence(s); err != nil {
			return err
		}
	}
	return nil
}

// dropSequencesOf drops the sequences of a schema that is dropped.
func (sc *scope) dropSequencesOf(w *systables.Writer, schema string) error {
	if err := sc.refresh(); err != nil {
		return err
	}
	for _, s := range sc.catalog.Sequences() {
		if s.Schema != schema {
			continue
		}
		if err := sc.dropDefaults(w, s, 0); err != nil {
			return err
		}
		if err := w.DropSequence(s); err != nil {
			return err
		}
	}
	return nil
}

// dependent is the refusal to drop what something else needs.
func dependent(kind, name, detail string) error {
	return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop %s %s because other objects depend on it", kind, name).
		WithDetail("%s", detail).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
}

// restartOwned is TRUNCATE … RESTART IDENTITY for one table.
func (sc *scope) restartOwned(w *systables.Writer, t *catalog.Table) error {
	for _, s := range sc.catalog.Sequences() {
		if s.OwnerTable != t.ID {
			continue
		}
		changed := *s
		if err := sc.restart(&changed, s.Start); err != nil {
			return err
		}
		if err := w.AlterSequence(s, &changed); err != nil {
			return err
		}
	}
	return nil
}

// sequenceChunks is a sequence as a relation of one row.
func (sc *scope) sequenceChunks(id catalog.ID) ([]scan.Chunk, error) {
	s, err := (&sequenceAccess{sc}).sequence(int64(id))
	if err != nil {
		return nil, err
	}
	at, err := sc.session.db.numbers.State(context.Background(), sc.txn, s)
	if err != nil {
		return nil, err
	}
	c := &systemChunk{rows: 1}
	for i, v := range []types.Value{types.Int(types.TBigInt, at.Last), types.Int(types.TBigInt, 0), types.Bool(at.Called)} {
		c.cols = append(c.cols, mvcc.ConstVector(s.Relation().Columns[i].Type, v))
	}
	return []scan.Chunk{c}, nil
}

func sequenceRows(sc *scope, add func(...any)) {
	for _, s := range sc.catalog.Sequences() {
		if s.Identity { // part of its column
			continue
		}
		add(databaseName, s.Schema, s.Name, s.Type.Kind.String(), bits(s.Type), int64(2), int64(0),
			strconv.FormatInt(s.Start, 10), strconv.FormatInt(s.Min, 10), strconv.FormatInt(s.Max, 10), strconv.FormatInt(s.Increment, 10), yesNo(s.Cycle))
	}
}

// bits is the precision of an integer type.
func bits(t types.Type) int64 {
	switch t.Kind {
	case types.SmallInt:
		return 16
	case types.Integer:
		return 32
	}
	return 64
}

// generation is what information_schema.columns says of a column that makes its own values.
func (sc *scope) generation(c *catalog.Column) []any {
	out := []any{"NO", nil, nil, nil, nil, nil, "NO", "NEVER", nil, "YES"}
	if c.IsGenerated() {
		out[7], out[8] = "ALWAYS", c.Generated
	}
	for _, s := range sc.catalog.Sequences() {
		if c.Identity != catalog.NotIdentity && s.ID == c.Sequence {
			copy(out, []any{"YES", strings.ToUpper(string(c.Identity)), strconv.FormatInt(s.Start, 10), strconv.FormatInt(s.Increment, 10),
				strconv.FormatInt(s.Max, 10), strconv.FormatInt(s.Min, 10), yesNo(s.Cycle)})
		}
	}
	return out
}
