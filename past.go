package oxidb

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/catalog/sequence"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// past is an earlier version that a statement reads: a transaction at it, and its catalog.
type past struct {
	txn     *mvcc.Txn
	catalog catalog.Reader
}

// pastReader is the catalog as of a version. A table has one descriptor in it, so that two references
// to it are known to be the same.
type pastReader struct {
	catalog.Reader
	version uint64
	tables  map[*catalog.Table]*catalog.Table
}

// Table implements catalog.Reader.
func (r *pastReader) Table(schema, name string) (*catalog.Table, bool) {
	t, ok := r.Reader.Table(schema, name)
	if !ok {
		return nil, false
	}
	if r.tables[t] == nil {
		of := *t
		of.Past, of.Foreign = &catalog.Past{Version: r.version}, nil // versions do not refer to each other
		r.tables[t] = &of
	}
	return r.tables[t], true
}

// at opens an earlier version for the rest of the statement.
func (sc *scope) at(version mvcc.Timestamp) (*past, error) {
	if p := sc.pasts[version]; p != nil {
		return p, nil
	}
	txn, err := sc.session.db.store.BeginAt(version)
	if err != nil {
		return nil, err
	}
	view, err := sc.session.db.catalog.View(txn, sc.set.searchPath)
	if err != nil {
		txn.Rollback()
		return nil, err
	}
	if sc.pasts == nil {
		sc.pasts = map[mvcc.Timestamp]*past{}
	}
	p := &past{txn: txn, catalog: &pastReader{Reader: view, version: uint64(version), tables: map[*catalog.Table]*catalog.Table{}}}
	sc.pasts[version] = p
	return p, nil
}

// leavePast ends the transactions at earlier versions.
func (sc *scope) leavePast() {
	for _, p := range sc.pasts {
		p.txn.Rollback()
	}
	sc.pasts = nil
}

// pastOf resolves AS OF with the statement's arguments. A statement that is only described may have
// none: then it is described as of now.
func (sc *scope) pastOf(given []types.Value) func(plan.Expr) (catalog.Reader, uint64, error) {
	return func(when plan.Expr) (catalog.Reader, uint64, error) {
		version, err := sc.versionAt(when, given)
		if err != nil {
			return nil, 0, err
		}
		p, err := sc.at(version)
		if err != nil {
			return nil, 0, err
		}
		return p.catalog, uint64(version), nil
	}
}

func (sc *scope) versionAt(when plan.Expr, given []types.Value) (mvcc.Timestamp, error) {
	when, known, err := withArguments(when, given)
	if err != nil || !known {
		return sc.txn.Snapshot(), err
	}
	v, err := sc.fold(when)
	switch {
	case err != nil:
		return 0, err
	case v.Null:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "a version or time to read as of cannot be NULL")
	case v.Type.Kind != types.TimestampTZ && v.I < 0:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "version %d does not exist", v.I)
	case v.Type.Kind != types.TimestampTZ:
		return mvcc.Timestamp(v.I), nil
	}
	if v.I > time.Now().UnixMicro() {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "%s is still to come", types.Format(v))
	}
	return sc.session.db.store.VersionAt(time.UnixMicro(v.I))
}

// withArguments puts the statement's arguments in for the parameters of e; known is false when one is
// missing.
func withArguments(e plan.Expr, given []types.Value) (out plan.Expr, known bool, err error) {
	values := clone(given)
	known = true
	plan.Walk(e, func(e plan.Expr) bool {
		p, ok := e.(*plan.Param)
		switch {
		case !ok:
		case p.Index > len(given):
			known = false
		case err == nil:
			values[p.Index-1], err = fit(given[p.Index-1], p.Typ, p.Index)
		}
		return true
	})
	if err != nil || !known {
		return e, known, err
	}
	return plan.ExprWithParams(e, values), true, nil
}

// pastStats is what is known of a table as of the version that it is read as of, or of its history.
func (sc *scope) pastStats(t *catalog.Table) *catalog.TableStats {
	p := sc.pasts[mvcc.Timestamp(t.Past.Version)]
	if !t.Past.History {
		return p.txn.Stats(t.ID)
	}
	stats := &catalog.TableStats{Columns: make([]catalog.ColumnStats, len(t.Columns))}
	rows, err := p.txn.History(t.ID, mvcc.Timestamp(t.Past.Since))
	if err == nil {
		for _, r := range rows {
			stats.Rows += float64(r.Count())
		}
	}
	return stats
}

// pastChunks gives the chunks of a table as of an earlier version, or of its history.
func (sc *scope) pastChunks(t *catalog.Table) ([]scan.Chunk, error) {
	p := sc.pasts[mvcc.Timestamp(t.Past.Version)]
	if !t.Past.History {
		return storedChunks(p.txn, t.ID, nil)
	}
	rows, err := p.txn.History(t.ID, mvcc.Timestamp(t.Past.Since))
	if err != nil {
		return nil, err
	}
	chunks := make([]scan.Chunk, len(rows))
	for i, r := range rows {
		chunks[i] = historyChunk{PastRows: r, id: uint32(i)}
	}
	return chunks, nil
}

// storedChunks appends the chunks of a stored table to room.
func storedChunks(txn *mvcc.Txn, id catalog.ID, room []scan.Chunk) ([]scan.Chunk, error) {
	table, err := txn.Table(id)
	if err != nil {
		return room, err
	}
	views := table.Chunks()
	room = slices.Grow(room, len(views))
	for _, v := range views {
		room = append(room, storedChunk{v})
	}
	return room, nil
}

// historyChunk shows changed rows to the scan, which tells chunks apart by their ids.
type historyChunk struct {
	*mvcc.PastRows
	id uint32
}

func (c historyChunk) ID() uint32 { return c.id }

func (c historyChunk) Live() int { return c.Rows() - c.Hidden().CountBelow(c.Rows()) }

func (c historyChunk) Visible(from, to int, words []uint64) bool {
	return c.Hidden().Visible(from, to, words)
}

func (c historyChunk) Column(ctx context.Context, field int32) (*columnar.Vector, error) {
	switch field {
	case catalog.HistoryChange:
		v := mvcc.ConstVector(types.TText, c.change())
		v.Len = c.Rows()
		return v, nil
	case catalog.HistoryVersion:
		return c.Versions(), nil
	case catalog.HistoryTime:
		return c.Times(), nil
	}
	return c.PastRows.Column(ctx, field)
}

func (c historyChunk) change() types.Value {
	if c.Inserted {
		return types.Str(types.TText, "insert")
	}
	return types.Str(types.TText, "delete")
}

func (c historyChunk) Zone(field int32) (scan.Zone, bool) {
	switch field {
	case catalog.HistoryChange:
		return scan.Zone{Min: c.change(), Max: c.change()}, true
	case catalog.HistoryVersion, catalog.HistoryTime:
		return scan.Zone{}, false
	}
	return scanZone(c.PastRows.Zone(field))
}

// setSnapshot is SET TRANSACTION SNAPSHOT: the open transaction reads an earlier version.
func (s *Session) setSnapshot(stmt *ast.SetTransaction) error {
	text := stmt.Snapshot.(*ast.Literal).Text
	version, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	switch {
	case err != nil:
		return sqlerr.At(sqlerr.InvalidParameterValue, int(stmt.Pos), int(stmt.End), "invalid snapshot identifier: %q", text).
			WithHint("A snapshot is named by its version: oxidb_version() gives the current one.")
	case s.txn == nil:
		return sqlerr.New(sqlerr.NoActiveTransaction, "SET TRANSACTION SNAPSHOT can only be used in transaction blocks")
	case s.txn.open != nil:
		return sqlerr.New(sqlerr.ActiveTransaction, "SET TRANSACTION SNAPSHOT must be called before any query")
	}
	inner, err := s.db.store.BeginAt(mvcc.Timestamp(version))
	if err != nil {
		return err
	}
	s.txn.modes.readOnly = true
	s.txn.open = s.enterTransaction(context.Background(), inner, s.txn.modes, true, time.Now())
	return nil
}

// cloneTable makes a table over another's chunks.
func (sc *scope) cloneTable(ctx context.Context, cmd *plan.Command) error {
	if cmd.Source.ID >= systemID {
		return sqlerr.Unsupported(-1, -1, "CLONE of a system relation")
	}
	txn := sc.txn
	if p := cmd.Source.Past; p != nil {
		txn = sc.pasts[mvcc.Timestamp(p.Version)].txn
	} else {
		txn.NoteRead(cmd.Source.ID, mvcc.Read{})
	}
	src, err := txn.Table(cmd.Source.ID)
	if err != nil {
		return err
	}
	w := sc.session.db.catalog.Writer(sc.txn)
	t, err := w.CloneTable(ctx, cmd.Table, src)
	if err != nil {
		return err
	}
	if err := sc.changeSequences(ctx, w, cmd.Sequences, t.ID); err != nil {
		return err
	}
	return sc.passRows(ctx, t, cmd.Sequences)
}

// passRows lets the new sequences of identity columns go on behind the numbers that the rows have.
func (sc *scope) passRows(ctx context.Context, t *catalog.Table, list []plan.SequenceChange) error {
	if len(list) == 0 {
		return nil
	}
	stats := sc.txn.Stats(t.ID)
	for _, change := range list {
		s := change.After
		column := stats.Columns[t.OrdinalOf(s.OwnerField)]
		last := column.Max
		if s.Increment < 0 {
			last = column.Min
		}
		if last.Null || last.I < s.Min || last.I > s.Max {
			continue
		}
		if err := sc.session.db.numbers.Set(ctx, sc.txn, s, sequence.State{Last: last.I, Called: true}); err != nil {
			return err
		}
	}
	return nil
}
