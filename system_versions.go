package oxidb

// ownSchema holds the relations that tell of OxiDB itself; it is searched after the search path.
const ownSchema = "pg_catalog"

// ownTables are relations that PostgreSQL does not have.
func ownTables() []systemTable {
	return []systemTable{
		{"oxidb_transactions", transactionColumns(), transactionRows},
	}
}
