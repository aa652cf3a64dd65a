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

// Memory that is held at rest must not stay reserved, nor be taken again beyond the limit.
func TestSmallArenaPauses(t *testing.T) {
	budget := NewBudget("query", 64<<10, nil)
	a := NewSmallArena(budget)
	first := Alloc[int64](a, 100, true)
	second := Alloc[int64](a, 1000, true)
	for _, s := range [][]int64{first, second} {
		if uintptr(unsafe.Pointer(&s[0]))%alignment != 0 {
			t.Error("unaligned")
		}
	}
	if held := a.Bytes(); held != budget.Used() || held > 32<<10 {
		t.Errorf("holds %d, reserved %d", held, budget.Used())
	}
	first[99], second[999] = 1, 2
	a.Pause()
	if budget.Used() != 0 {
		t.Errorf("%d bytes are reserved at rest", budget.Used())
	}
	if err := budget.Reserve(60 << 10); err != nil {
		t.Fatal(err)
	}
	if err := a.Resume(); sqlerr.StateOf(err) != sqlerr.OutOfMemory {
		t.Errorf("got %v", err)
	}
	budget.Release(60 << 10)
	if err := a.Resume(); err != nil || budget.Used() != a.Bytes() {
		t.Error(err, budget.Used())
	}
	if first[99] != 1 || second[999] != 2 {
		t.Error("the memory has changed")
	}
	a.Free()
	if budget.Used() != 0 {
		t.Errorf("%d bytes leaked", budget.Used())
	}
}

// A small arena that grows must go over to large regions, and give them back.
func TestSmallArenaGrows(t *testing.T) {
	budget := NewBudget("query", 0, nil)
	a := NewSmallArena(budget)
	for range 100 {
		s := Alloc[int64](a, 10_000, true)
		s[0], s[9_999] = 1, 1
	}
	if a.Bytes() != budget.Used() || a.Bytes() < 8_000_000 || a.Bytes() > 32_000_000 {
		t.Errorf("holds %d, reserved %d", a.Bytes(), budget.Used())
	}
	a.Free()
	if budget.Used() != 0 {
		t.Errorf("%d bytes leaked", budget.Used())
	}
}
