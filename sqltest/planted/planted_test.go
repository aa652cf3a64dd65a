package planted

import (
	"path/filepath"
	"testing"
)

func root(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// A bug that cannot be planted any more would count as one that was found by nobody.
func TestBugsCanBePlanted(t *testing.T) {
	names := map[string]bool{}
	for _, b := range Bugs() {
		if _, err := b.Plant(root(t)); err != nil {
			t.Error(err)
		}
		names[b.Name] = true
	}
	if len(names) < 20 || len(names) != len(Bugs()) {
		t.Errorf("%d names of %d bugs; there are to be at least 20", len(names), len(Bugs()))
	}
}

// One bug of the two longest lists; `make planted` hunts all.
func TestBugsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a binary for each bug")
	}
	for _, b := range []Bug{durability()[0], damage()[0]} {
		h, err := b.Hunt(t.Context(), root(t), 20_000, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !h.Found {
			t.Errorf("%s: not found by %s in %s cycles", b.Name, b.Proof, h.Cycles)
		}
	}
}
