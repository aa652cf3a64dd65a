// Package isolation proves that transactions are isolated as OxiDB promises: by schedules for the ten
// named anomalies of the Hermitage list (hermitage_test.go), and by a checker of random histories.
//
// The checker is of the list-append kind (Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies
// from Experimental Observations", VLDB 2020). Concurrent transactions append unique values to lists
// and read lists. A list that was read names every version of itself in order, so that the
// dependencies between transactions follow from what they read:
//
//	ww  the next value of a list was appended by another transaction
//	wr  a list was read whose last value another transaction appended
//	rw  a list was read, and the value after it was appended by another transaction
//	process, realtime  a transaction ended before another one of the session, or at all, began
//
// Snapshot isolation holds exactly when each cycle of these dependencies has two rw edges in a row
// (Cerone and Gotsman, "Analysing Snapshot Isolation", JACM 2018, theorem 10); with realtime edges that
// also says that a new snapshot holds everything acknowledged before. Cycles without are told apart by
// Adya's names. What needs no cycle is found first: values out of nowhere, twice, lost, of aborted
// transactions.
//
// History and Check know nothing of databases. Run drives any Store; OpenLists is the one on OxiDB.
package isolation
