package oxidb

import (
	"cmp"
	"slices"
	"time"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/types"
)

// transactionColumns are those of oxidb_transactions.
func transactionColumns() []catalog.Column {
	column := func(name string, t types.Type) catalog.Column { return catalog.Column{Name: name, Type: t} }
	return []catalog.Column{
		column("id", types.TBigInt), column("session", types.TBigInt), text("user_name"), text("application_name"), text("state"), text("isolation"),
		column("read_only", types.TBoolean), column("started", types.TTimestampTZ), column("state_changed", types.TTimestampTZ),
		column("snapshot", types.TBigInt), column("versions_behind", types.TBigInt), column("seconds_behind", types.TDouble), column("oldest", types.TBoolean),
		column("rows_changed", types.TBigInt), text("query"),
	}
}

// transactionRows lists the transactions that have a snapshot, the oldest first.
func transactionRows(sc *scope, add func(...any)) {
	db := sc.session.db
	open := db.open.all()
	slices.SortFunc(open, func(a, b *openTransaction) int {
		return cmp.Or(cmp.Compare(a.inner.Snapshot(), b.inner.Snapshot()), cmp.Compare(a.inner.ID(), b.inner.ID()))
	})
	newest, now := db.store.Version(), time.Now()
	for _, o := range open {
		snapshot := o.inner.Snapshot()
		behind := int64(max(newest, snapshot) - snapshot)
		o.mu.Lock()
		add(int64(o.inner.ID()), int64(o.session.id), optional(o.user), optional(o.application), o.state(), o.modes.isolation(),
			bit(o.modes.readOnly), o.started.UnixMicro(), o.since.UnixMicro(),
			int64(snapshot), behind, now.Sub(o.started).Seconds(), bit(snapshot == open[0].inner.Snapshot()),
			o.inner.RowsChanged(), o.query)
		o.mu.Unlock()
	}
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// state names what the transaction does, in the words of PostgreSQL's pg_stat_activity; mu is held.
func (o *openTransaction) state() string {
	switch {
	case o.ended != nil:
		return "ended"
	case o.running > 0:
		return "active"
	case o.failed:
		return "idle in transaction (aborted)"
	}
	return "idle in transaction"
}
