package proof

import (
	"strings"
	"testing"

	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

// A proof that does not see a disk which breaks its promises would not see an engine which does not
// ask for them: each lie is what leaving out one call looks like.
func TestCrashSeesLyingDisks(t *testing.T) {
	on := func(part string, kinds ...disk.Kind) func(disk.Op) error {
		return func(op disk.Op) error {
			for _, k := range kinds {
				if op.Kind == k && strings.Contains(op.Path, part) {
					return disk.ErrLie
				}
			}
			return nil
		}
	}
	for name, lie := range map[string]func(disk.Op) error{
		"the log is never synced":                 on("/wal/", disk.Sync, disk.SyncData),
		"commits are not synced":                  on("/wal/", disk.SyncData),
		"manifests are not synced":                on("MANIFEST", disk.Sync),
		"segments are not synced":                 on(".parquet", disk.Sync, disk.SyncData),
		"names of log files are not synced":       on("/wal", disk.SyncDir),
		"names of segments are not synced":        on("/seg/", disk.SyncDir),
		"names of tables' folders are not synced": on("/seg", disk.SyncDir),
		"the marker's name is not synced":         on("/db", disk.SyncDir),
		"nothing is synced":                       on("", disk.Sync, disk.SyncData, disk.SyncDir),
		"writes to the log do nothing":            on("/wal/", disk.Write),
		"a removed manifest stays, its marker goes": func(op disk.Op) error {
			if op.Kind == disk.Create && strings.Contains(op.Path, "marker") && !strings.Contains(op.Path, "000001.MANIFEST") {
				return disk.ErrLie
			}
			return nil
		},
	} {
		cycles := 0
		found := false
		for seed := uint64(0); seed < 12 && !found; seed++ {
			out := crash(seed, lie)
			cycles += out.Faults
			found = len(out.Violations) > 0
		}
		if !found {
			t.Errorf("%s: not seen in %d crashes", name, cycles)
		} else {
			t.Logf("%s: seen after %d crashes", name, cycles)
		}
	}
}
