package parquet

import (
	"testing"
	"time"

	"github.com/oxidb/oxidb/external/file"
)

// A file that changed, or has changed too lately to tell, must be read anew.
func TestKeysTellVersionsApart(t *testing.T) {
	old := time.Now().Add(-time.Hour)
	f := file.Info{Path: "a.parquet", Size: 10, Modified: old}
	key, keep := keyOf("a.parquet", []file.Info{f})
	if !keep {
		t.Error("an old file is not kept")
	}
	for _, change := range []func(*file.Info){
		func(f *file.Info) { f.Size++ },
		func(f *file.Info) { f.Modified = old.Add(time.Nanosecond) },
		func(f *file.Info) { f.Path = "b.parquet" },
		func(f *file.Info) { f.Inode++ },
		func(f *file.Info) { f.Changed++ },
	} {
		g := f
		change(&g)
		if other, _ := keyOf("a.parquet", []file.Info{g}); other == key {
			t.Errorf("%+v has the key of %+v", g, f)
		}
	}
	for _, modified := range []time.Time{{}, time.Now()} {
		if _, keep := keyOf("x", []file.Info{{Path: "x", Modified: modified}}); keep {
			t.Errorf("a file of %v is kept", modified)
		}
	}
}
