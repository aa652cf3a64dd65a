package file

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A pattern that finds too few files loses data without a word.
func TestFind(t *testing.T) {
	fs := vfs.NewMem()
	for _, path := range []string{"a1.csv", "a2.csv", "b.csv", "y/2023/a.csv", "y/2024/a.csv", "y/2024/.hidden.csv", "y/c.csv", "odd[1].csv", "odd1.csv"} {
		if err := fs.MkdirAll(fs.PathDir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]string{
		"b.csv": "b.csv", "a*.csv": "a1.csv a2.csv", "a?.csv": "a1.csv a2.csv", "[ab]*.csv": "a1.csv a2.csv b.csv",
		"y/*/a.csv": "y/2023/a.csv y/2024/a.csv", "y/**/*.csv": "y/2023/a.csv y/2024/a.csv y/c.csv", "y/2024/*.csv": "y/2024/a.csv",
		"odd[1].csv": "odd[1].csv", "none*": "", "y/*": "y/c.csv", "./a1.*": "a1.csv",
	} {
		found, err := Find(fs, pattern)
		var paths []string
		for _, f := range found {
			paths = append(paths, f.Path)
		}
		if got := strings.Join(paths, " "); got != want || (err != nil) != (want == "") {
			t.Errorf("%s: got %s, %v", pattern, got, err)
		}
	}
}

func TestOutputAppearsWhole(t *testing.T) {
	fs := vfs.NewMem()
	o, err := Create(fs, "f", Plain)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(o, "text"); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat("f"); err == nil {
		t.Error("the file is there before it is complete")
	}
	if err := o.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := o.Abort(); err != nil {
		t.Error(err)
	}
	if info, err := fs.Stat("f"); err != nil || info.Size() != 4 {
		t.Errorf("%v", err)
	}
}
