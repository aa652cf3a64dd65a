package mem

import (
	"testing"
	"unsafe"

	"github.com/oxidb/oxidb/sqlerr"
)

// A failed reservation that leaves bytes behind anywhere in the tree would starve later queries.
func TestReserveFailsWholly(t *testing.T) {
	process := NewBudget("process", 100, nil)
	query := NewBudget("query", 0, process)
	if err := query.Reserve(60); err != nil {
		t.Fatal(err)
	}
	err := query.Reserve(60)
	if sqlerr.StateOf(err) != sqlerr.OutOfMemory {
		t.Fatalf("got %v", err)
	}
	if query.Used() != 60 || process.Used() != 60 || process.Peak() != 60 {
		t.Errorf("used %d and %d, peak %d", query.Used(), process.Used(), process.Peak())
	}
	query.Release(60)
	if process.Used() != 0 {
		t.Errorf("process still holds %d", process.Used())
	}
}

// Two live allocations that overlap, or lie unaligned, would corrupt columns.
func TestArenaAllocationsAreDisjointAlignedAndAccounted(t *testing.T) {
	budget := NewBudget("query", 0, nil)
	a := NewArena(budget)
	var all [][]int64
	for i := range 200 {
		s := Alloc[int64](a, 1+i*997%200_000, true)
		if uintptr(unsafe.Pointer(&s[0]))%alignment != 0 {
			t.Fatal("unaligned")
		}
		for j := range s {
			if s[j] != 0 {
				t.Fatal("not zeroed, or overlapping")
			}
			s[j] = int64(i + 1)
		}
		all = append(all, s)
	}
	for i, s := range all {
		for _, v := range s {
			if v != int64(i+1) {
				t.Fatalf("allocation %d was overwritten", i)
			}
		}
	}
	if budget.Used() != a.Bytes() {
		t.Errorf("reserved %d, holds %d", budget.Used(), a.Bytes())
	}
	a.Free()
	if budget.Used() != 0 {
		t.Errorf("%d bytes leaked", budget.Used())
	}
}
