package isolation

import (
	"fmt"
	"maps"
	"slices"
)

// Check finds the anomalies of a history, at most one cycle of each class for every knot of
// transactions. It takes time linear in the history but for cycles that it finds.
func Check(h History) []Anomaly {
	c := newChecker(h)
	c.readers()
	c.orders()
	c.lostUpdates()
	c.lostAppends()
	g := c.graph()
	return append(c.found, g.anomalies()...)
}

// source names the transaction that appended a value, and the list.
type source struct {
	txn, key int
	final    bool // the last value that the transaction appended to the list
}

// read is what a committed transaction saw of a list that is not its own doing.
type read struct {
	txn  int
	list []int
}

// checker gathers what the reads of a history say.
type checker struct {
	history History
	sources map[int]source
	happens []bool         // per transaction: committed, or unknown and seen by another
	reads   map[int][]read // by list, of transactions that happened
	order   map[int][]int  // by list, its values in their order, as far as anyone saw them
	unseen  map[int][]int  // by list, acknowledged values that no one read and no later read missed
	found   []Anomaly
}

func newChecker(h History) *checker {
	c := &checker{
		history: h, sources: map[int]source{}, happens: make([]bool, len(h)),
		reads: map[int][]read{}, order: map[int][]int{}, unseen: map[int][]int{},
	}
	for i := range h {
		last := map[int]int{}
		for _, op := range h[i].Ops {
			if op.Append {
				c.sources[op.Value] = source{txn: i, key: op.Key}
				last[op.Key] = op.Value
			}
		}
		for key, value := range last {
			c.sources[value] = source{txn: i, key: key, final: true}
		}
	}
	c.decide()
	return c
}

// decide says which transactions happened: a value that a committed transaction read was committed.
func (c *checker) decide() {
	for i := range c.history {
		if c.history[i].Outcome != Committed {
			continue
		}
		c.happens[i] = true
		for _, op := range c.history[i].Ops {
			for _, value := range op.List {
				if s, ok := c.sources[value]; ok && c.history[s.txn].Outcome == Unknown {
					c.happens[s.txn] = true
				}
			}
		}
	}
}

func (c *checker) report(class Class, txns []int, format string, args ...any) {
	c.found = append(c.found, Anomaly{Class: class, Txns: txns, Detail: fmt.Sprintf(format, args...) + c.print(txns)})
}

func (c *checker) print(txns []int) string {
	text := ""
	for _, t := range txns {
		text += fmt.Sprintf("\n  T%d %s", t, c.history[t].String())
	}
	return text
}

// readers looks through each committed transaction on its own. Of an unknown one that happened, the
// reads count, too: they are in the history only if they were answered.
func (c *checker) readers() {
	for i := range c.history {
		if c.happens[i] {
			c.reader(i)
		}
	}
}

// reader splits a transaction's reads into its own appends, which must be there, and what others did.
func (c *checker) reader(txn int) {
	own := map[int][]int{}  // appended by the transaction so far
	seen := map[int][]int{} // what it knows of a list without its own appends
	for _, op := range c.history[txn].Ops {
		if op.Append {
			own[op.Key] = append(own[op.Key], op.Value)
			continue
		}
		mine := own[op.Key]
		before := len(op.List) - len(mine)
		if before < 0 || !slices.Equal(op.List[before:], mine) {
			c.report(Internal, []int{txn}, "the list %d read as %v does not end with the transaction's own %v", op.Key, op.List, mine)
			continue
		}
		outside := op.List[:before]
		if known, again := seen[op.Key]; !again {
			seen[op.Key] = outside
			c.outside(txn, op.Key, outside)
		} else if !slices.Equal(known, outside) {
			c.report(Internal, []int{txn}, "the list %d read as %v was %v before", op.Key, outside, known)
		}
	}
}

// outside checks where the values of a read come from, and keeps the read if they can be ordered.
func (c *checker) outside(txn, key int, list []int) {
	twice := make(map[int]bool, len(list))
	for i, value := range list {
		s, ok := c.sources[value]
		switch {
		case !ok || s.key != key:
			c.report(Garbage, []int{txn}, "the list %d read as %v has %d, which nobody appended to it", key, list, value)
			return
		case twice[value]:
			c.report(Duplicate, []int{txn, s.txn}, "the list %d read as %v has %d twice", key, list, value)
			return
		case s.txn == txn:
			c.report(Internal, []int{txn}, "the list %d read as %v has the transaction's own %d before others' values or before its append", key, list, value)
			return
		case !c.happens[s.txn]:
			c.report(G1a, []int{txn, s.txn}, "the list %d read as %v has %d of an aborted transaction", key, list, value)
			return
		case i == len(list)-1 && !s.final:
			c.report(G1b, []int{txn, s.txn}, "the list %d read as %v ends with %d, which is not the last that its transaction appended", key, list, value)
		}
		twice[value] = true
	}
	c.reads[key] = append(c.reads[key], read{txn, list})
}

// orders takes the longest read of each list for its order; all others must be beginnings of it.
// Those that are not are left out of what follows.
func (c *checker) orders() {
	for _, key := range slices.Sorted(maps.Keys(c.reads)) {
		reads := c.reads[key]
		longest := reads[0]
		for _, r := range reads {
			if len(r.list) > len(longest.list) {
				longest = r
			}
		}
		c.order[key] = longest.list
		kept := reads[:0]
		for _, r := range reads {
			if slices.Equal(r.list, longest.list[:len(r.list)]) {
				kept = append(kept, r)
			} else {
				c.report(Incompatible, []int{r.txn, longest.txn}, "the list %d was read as %v and as %v", key, r.list, longest.list)
			}
		}
		c.reads[key] = kept
	}
}

// lostUpdates finds transactions that read one version of a list and appended to it: the second must
// have failed, as it overwrote what it had not seen.
func (c *checker) lostUpdates() {
	for _, key := range slices.Sorted(maps.Keys(c.reads)) {
		reads := c.reads[key]
		byVersion := map[int]int{} // length of the list to the first transaction, plus 1
		for _, r := range reads {
			if !c.appends(r.txn, key) {
				continue
			}
			if first := byVersion[len(r.list)]; first != 0 {
				c.report(LostUpdate, []int{first - 1, r.txn}, "both read the list %d as %v and appended to it", key, r.list)
			}
			byVersion[len(r.list)] = r.txn + 1
		}
	}
}

func (c *checker) appends(txn, key int) bool {
	return slices.ContainsFunc(c.history[txn].Ops, func(op Op) bool { return op.Append && op.Key == key })
}

// lostAppends finds acknowledged values that are in no read although one began after their commit.
// Other unseen ones come after all that was read of their list.
func (c *checker) lostAppends() {
	latest := map[int]int64{}
	for key, reads := range c.reads {
		for _, r := range reads {
			latest[key] = max(latest[key], c.history[r.txn].Invoke)
		}
	}
	observed := map[int]bool{}
	for _, list := range c.order {
		for _, value := range list {
			observed[value] = true
		}
	}
	for i := range c.history {
		t := &c.history[i]
		for _, op := range t.Ops {
			if !op.Append || !c.happens[i] || observed[op.Value] {
				continue
			}
			if t.Outcome == Committed && latest[op.Key] > t.Complete {
				c.report(LostAppend, []int{i}, "%d is in no later read of the list %d", op.Value, op.Key)
			} else {
				c.unseen[op.Key] = append(c.unseen[op.Key], op.Value)
			}
		}
	}
}
