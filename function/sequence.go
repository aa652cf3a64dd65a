package function

// Sequences are the sequences as a statement may use them. All methods may be called by several
// workers at once; sequences go by their catalog number.
type Sequences interface {
	// Find resolves a name as it stands in SQL, 42P01 when there is none.
	Find(name string) (id int64, err error)
	// Next fills dst with the sequence's next numbers.
	Next(id int64, dst []int64) error
	// Current is the number that the session got last from the sequence, Last from any; 55000 before.
	Current(id int64) (int64, error)
	Last() (int64, error)
	// Set moves the sequence to a value, which is the next one unless called.
	Set(id, value int64, called bool) error
	// Owned is the name of the sequence that a column owns; ok is false when it owns none.
	Owned(table, column string) (name string, ok bool, err error)
}
