package isolation

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parseHistory reads transactions, one a line: the process, its times, "ok", "fail" or "info", and
// operations: x=1 appends 1 to the list x, x? and x?1,2 read it.
func parseHistory(t *testing.T, text string) History {
	t.Helper()
	var h History
	for line := range strings.Lines(strings.TrimSpace(text)) {
		words := strings.Fields(line)
		txn := Txn{Process: atoi(t, words[0]), Outcome: map[string]Outcome{"ok": Committed, "fail": Aborted, "info": Unknown}[words[2]]}
		from, to, _ := strings.Cut(words[1], "-")
		txn.Invoke, txn.Complete = int64(atoi(t, from)), int64(atoi(t, to))
		for _, word := range words[3:] {
			op := Op{Key: int(word[0]), Append: word[1] == '='}
			switch {
			case op.Append:
				op.Value = atoi(t, word[2:])
			case len(word) > 2:
				for value := range strings.SplitSeq(word[2:], ",") {
					op.List = append(op.List, atoi(t, value))
				}
			}
			txn.Ops = append(txn.Ops, op)
		}
		h = append(h, txn)
	}
	return h
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Each class, in the smallest history that shows it and nothing else: a wrong name would send the
// reader of a report the wrong way.
func TestClasses(t *testing.T) {
	for _, c := range []struct {
		name, history string
		want          []Class
	}{
		{"nothing", "0 1-2 ok x=1\n1 3-4 ok x?1 x=2 x?1,2\n0 5-6 ok x?1,2", nil},
		{"aborted and unknown ones that nobody saw", "0 1-2 fail x=1\n1 3-4 info x=2\n0 5-6 ok x?", nil},
		{"an unknown one that was seen", "1 1-2 info x=2\n0 5-6 ok x?2", nil},
		{"an unknown one has no end", "1 1-2 info x=2\n0 5-6 ok x?\n0 7-8 ok x?2", nil},
		{"garbage", "0 1-2 ok x=1\n0 3-4 ok x?1\n0 5-6 ok y?1", []Class{Garbage}},
		{"duplicate", "0 1-2 ok x=1\n0 3-4 ok x?1,1", []Class{Duplicate}},
		{"lost append", "0 1-2 ok x=1\n0 3-4 ok x?", []Class{LostAppend}},
		{"incompatible order", "0 1-9 ok x=1\n1 1-9 ok x=2\n2 1-9 ok x?1\n3 1-9 ok x?2,1", []Class{Incompatible}},
		{"non-repeatable read", "0 1-9 ok x=1\n1 1-9 ok x? x?1", []Class{Internal}},
		{"own append missing", "0 1-2 ok x=1 x?\n0 3-4 ok x?1", []Class{Internal}},
		{"G1a", "0 1-2 fail x=1\n1 1-2 ok x?1", []Class{G1a}},
		{"G1b", "0 1-9 ok x=1 x=2\n1 1-9 ok x?1\n2 10-11 ok x?1,2", []Class{G1b, GSingle}},
		{"lost update", "0 1-9 ok x? x=1\n1 1-9 ok x? x=2\n2 10-11 ok x?1,2", []Class{LostUpdate, GSingle}},
		{"G0", "0 1-9 ok x=1 y=2\n1 1-9 ok x=3 y=4\n2 10-11 ok x?1,3 y?4,2", []Class{G0}},
		{"G1c", "0 1-9 ok x=1 y?2\n1 1-9 ok y=2 x?1", []Class{G1c}},
		{"read skew", "0 1-9 ok x=1 y=2\n1 1-9 ok x?1 y?\n2 10-11 ok y?2", []Class{GSingle}},
		{"long fork", "0 1-9 ok x=1\n1 1-9 ok y=2\n2 1-9 ok x?1 y?\n3 1-9 ok x? y?2", []Class{GNonadjacent}},
		{"write skew", "0 1-9 ok x? y=2\n1 1-9 ok y? x=1\n2 10-11 ok x?1 y?2", []Class{G2Item}},
		{"stale read", "0 1-2 ok x=1\n1 3-4 ok x?\n2 3-9 ok x?1", []Class{GSingle + "-realtime"}},
		{"stale read of one's own", "0 1-2 ok x=1\n0 3-4 ok x?\n2 3-9 ok x?1", []Class{GSingle + "-process"}},
		{"read of the future", "0 1-2 ok x?1\n1 3-4 ok x=1", []Class{G1c + "-realtime"}},
		{"append before an older one", "0 1-2 ok x=1\n1 3-4 ok x=2\n2 5-6 ok x?2,1", []Class{G0 + "-realtime"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []Class
			for _, a := range Check(parseHistory(t, c.history)) {
				got = append(got, a.Class)
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
}

// A serializable database must not show what snapshot isolation allows.
func TestLevels(t *testing.T) {
	found := Check(parseHistory(t, "0 1-9 ok x? y=2\n1 1-9 ok y? x=1\n2 10-11 ok x?1 y?2"))
	if n := len(Violations(found, Snapshot)); n != 0 {
		t.Errorf("%d violations of snapshot isolation", n)
	}
	if n := len(Violations(found, Serializable)); n != 1 {
		t.Errorf("%d violations of serializability", n)
	}
}
