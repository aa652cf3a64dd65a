package isolation

import (
	"fmt"
	"testing"
)

// Random transactions of eight workers find the interleavings that nobody thought of.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(2 * Layouts) {
		layout, dir := Layout(seed%Layouts), ""
		if seed >= Layouts {
			dir = t.TempDir()
		}
		t.Run(fmt.Sprintf("%s/disk=%t", layout, dir != ""), func(t *testing.T) {
			result, err := Try(t.Context(), dir, layout, DefaultWorkload(seed, 400))
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
