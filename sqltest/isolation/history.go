package isolation

import (
	"fmt"
	"strings"
)

// Outcome is how a transaction ended.
type Outcome uint8

const (
	// Aborted means that the database said that nothing happened, or that it was rolled back.
	Aborted Outcome = iota
	// Committed means that the commit was acknowledged.
	Committed
	// Unknown means that the commit's answer got lost: it may have happened.
	Unknown
)

func (o Outcome) String() string { return [...]string{"aborted", "committed", "unknown"}[o] }

// Op is one step of a transaction: the append of Value to the list Key, or a read that saw List.
type Op struct {
	Key    int
	Append bool
	Value  int   // of an append, unique in a history, more than 0
	List   []int // of a read, in the list's order
}

// String is like append(3, 17) or read(3) = [5 17].
func (o Op) String() string {
	if o.Append {
		return fmt.Sprintf("append(%d, %d)", o.Key, o.Value)
	}
	return fmt.Sprintf("read(%d) = %v", o.Key, o.List)
}

// Txn is a transaction as its client saw it. Invoke and Complete are places in one order of all
// clients' events: Invoke before its first step was sent, Complete after its last answer.
type Txn struct {
	Process          int
	Invoke, Complete int64
	Outcome          Outcome
	Ops              []Op // those that were answered, and appends that may have happened
}

// String prints the transaction on one line.
func (t *Txn) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "process %d [%d, %d] %s:", t.Process, t.Invoke, t.Complete, t.Outcome)
	for _, op := range t.Ops {
		b.WriteByte(' ')
		b.WriteString(op.String())
	}
	return b.String()
}

// History is what all clients saw of one database, in any order.
type History []Txn

// Class names a kind of anomaly. Cycles that need process or realtime edges are classes of their own:
// the database may order such transactions without a contradiction, but not as its users saw them.
type Class string

// The classes, worst first.
const (
	Garbage      Class = "garbage read"       // a value was read that nobody appended to that list
	Duplicate    Class = "duplicate append"   // a value was read twice in one list
	LostAppend   Class = "lost append"        // an acknowledged append is in no later read
	Incompatible Class = "incompatible order" // two reads of a list, neither the beginning of the other
	Internal     Class = "internal"           // a transaction contradicts its own earlier reads and appends
	G1a          Class = "G1a"                // an aborted transaction's value was read
	G1b          Class = "G1b"                // a value was read that its transaction appended to again
	LostUpdate   Class = "lost update"        // two transactions read one version of a list and both appended
	G0           Class = "G0"                 // a cycle of ww
	G1c          Class = "G1c"                // a cycle of ww and wr
	GSingle      Class = "G-single"           // a cycle with one rw: read skew
	GNonadjacent Class = "G-nonadjacent"      // a cycle whose rw are never next to each other: long fork
	G2Item       Class = "G2-item"            // a cycle with rw next to each other: write skew
)

// Level is an isolation level.
type Level uint8

const (
	// Snapshot is strong snapshot isolation: a snapshot holds all that was acknowledged before it.
	Snapshot Level = iota
	// Serializable is strict serializability.
	Serializable
)

// Levels is the number of levels.
const Levels = 2

func (l Level) String() string { return [...]string{"snapshot", "serializable"}[l] }

// Allows reports whether a level leaves the anomaly possible.
func (l Level) Allows(c Class) bool {
	return l == Snapshot && strings.HasPrefix(string(c), string(G2Item))
}

// Anomaly is one thing that went wrong, with the transactions that show it.
type Anomaly struct {
	Class  Class
	Detail string
	Txns   []int // numbers in the history; of a cycle, in its order
}

// String is the class and what was seen.
func (a Anomaly) String() string { return string(a.Class) + ": " + a.Detail }

// Violations are the anomalies that a level rules out.
func Violations(all []Anomaly, l Level) []Anomaly {
	var wrong []Anomaly
	for _, a := range all {
		if !l.Allows(a.Class) {
			wrong = append(wrong, a)
		}
	}
	return wrong
}
