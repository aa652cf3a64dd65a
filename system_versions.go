package oxidb

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/types"
)

// ownSchema holds the relations that tell of OxiDB itself; it is searched after the search path.
const ownSchema = "pg_catalog"

// ownTables are relations that PostgreSQL does not have.
func ownTables() []systemTable {
	return []systemTable{
		{"oxidb_memory", memoryColumns(), memoryRows},
		{"oxidb_transactions", transactionColumns(), transactionRows},
		{"oxidb_versions", []catalog.Column{{Name: "version", Type: types.TBigInt}, {Name: "time", Type: types.TTimestampTZ}}, versionRows},
	}
}

// versionRows lists the versions that AS OF can read.
func versionRows(sc *scope, add func(...any)) {
	for _, v := range sc.session.db.store.Versions() {
		add(int64(v.Version), v.Time.UnixMicro())
	}
}
