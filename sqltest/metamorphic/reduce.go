package metamorphic

import "slices"

// reductions bounds how often a history is run to make it shorter.
const reductions = 400

// Reduce drops statements from a history as long as it still fails (Zeller and Hildebrandt,
// "Simplifying and Isolating Failure-Inducing Input", 2002, without complements).
func Reduce(ops []Op, fails func([]Op) bool) []Op {
	tries := 0
	for size := max(1, len(ops)/2); ; size = max(1, size/2) {
		shorter := false
		for from := 0; from < len(ops) && tries < reductions; {
			without := slices.Concat(ops[:from], ops[min(len(ops), from+size):])
			tries++
			if fails(without) {
				ops, shorter = without, true
			} else {
				from += size
			}
		}
		if tries >= reductions || size == 1 && !shorter {
			return ops
		}
	}
}
