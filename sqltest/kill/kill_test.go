package kill

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A short run; `make kill` does long ones.
func TestKilledServerKeepsItsWord(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "oxidb")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/oxidb/oxidb/cmd/oxidb").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var progress bytes.Buffer
	kills := 8
	if testing.Short() {
		kills = 4
	}
	out := Run(t.Context(), Options{Binary: binary, Dir: t.TempDir(), Kills: kills, Clients: 16, Seed: 1, Progress: &progress})
	for _, v := range out.Violations {
		t.Error(v)
	}
	if out.Faults != kills {
		t.Errorf("%v", out)
	}
}

// The check must see each way of breaking the promises, or a run without violations says nothing.
func TestLedgerSeesLies(t *testing.T) {
	sound := func() (*ledger, *content) {
		l := newLedger(0)
		l.transfers[1] = &transfer{from: 1, to: 2, amount: 5, fate: acknowledged}
		l.transfers[2] = &transfer{from: 3, to: 4, amount: 6, fate: refused}
		l.transfers[3] = &transfer{from: 5, to: 6, amount: 7, fate: unknown}
		l.notes[4] = &note{inserted: acknowledged}
		l.notes[5] = &note{inserted: acknowledged, deleted: acknowledged}
		l.counter, l.maybe = 8, 9
		c := &content{balances: map[int64]int64{}, entries: map[key][]int64{{0, 1}: {1, 2, 5}}, notes: map[key]int{{0, 4}: noteRows}, counters: map[int]int64{0: 9}}
		for id := range int64(accounts) {
			c.balances[id] = initialBalance
		}
		c.balances[1], c.balances[2] = initialBalance-5, initialBalance+5
		return l, c
	}
	base := map[int64]int64{}
	for id := range int64(accounts) {
		base[id] = initialBalance
	}
	l, c := sound()
	if err := c.books(base); err != nil {
		t.Fatal(err)
	}
	if err := l.judge(c); err != nil {
		t.Fatal(err)
	}
	for name, lie := range map[string]func(l *ledger, c *content){
		"acknowledged transfer lost": func(_ *ledger, c *content) {
			delete(c.entries, key{0, 1})
			c.balances[1], c.balances[2] = base[1], base[2]
		},
		"refused transfer there": func(_ *ledger, c *content) {
			c.entries[key{0, 2}] = []int64{3, 4, 6}
			c.balances[3] -= 6
			c.balances[4] += 6
		},
		"half a transfer":                    func(_ *ledger, c *content) { c.entries[key{0, 3}] = []int64{5, 6, 7}; c.balances[5] -= 7 },
		"transfer with another amount":       func(_ *ledger, c *content) { c.entries[key{0, 1}][2] = 4; c.balances[1]++; c.balances[2]-- },
		"acknowledged note lost":             func(_ *ledger, c *content) { delete(c.notes, key{0, 4}) },
		"half a note":                        func(_ *ledger, c *content) { c.notes[key{0, 4}]-- },
		"deleted note is back":               func(_ *ledger, c *content) { c.notes[key{0, 5}] = noteRows },
		"acknowledged counter lost":          func(_ *ledger, c *content) { c.counters[0] = 7 },
		"counter gone":                       func(_ *ledger, c *content) { delete(c.counters, 0) },
		"money out of nowhere":               func(_ *ledger, c *content) { c.balances[7]++ },
		"account gone":                       func(_ *ledger, c *content) { delete(c.balances, 7) },
		"transfer there, accounts unchanged": func(_ *ledger, c *content) { c.entries[key{0, 3}] = []int64{5, 6, 7} },
	} {
		l, c := sound()
		lie(l, c)
		if c.books(base) == nil && l.judge(c) == nil {
			t.Errorf("%s: not seen", name)
		}
	}
}
