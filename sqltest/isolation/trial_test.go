package isolation

import (
	"fmt"
	"testing"
)

// Random transactions of eight workers find the interleavings that nobody thought of.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(2 * Layouts * Levels) {
		layout, dir, load := Layout(seed%Layouts), "", DefaultWorkload(seed, 400)
		load.Level = Level(seed / Layouts % Levels)
		if seed >= Layouts*Levels {
			dir = t.TempDir()
		}
		t.Run(fmt.Sprintf("%s/%s/disk=%t", load.Level, layout, dir != ""), func(t *testing.T) {
			result, err := Try(t.Context(), dir, layout, load)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range result.Violations {
				t.Errorf("seed %d: %s", seed, v)
			}
			if result.Committed < result.Txns/20 {
				t.Errorf("only %d of %d transactions committed", result.Committed, result.Txns)
			}
		})
	}
}
