package layers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/oxidb/oxidb"

// An import that points up couples two floors for ever; this test is what keeps the diagram true.
func TestImportsPointDown(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(root, "layers.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	floors, err := Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		var own []string
		for _, imp := range fields[1:] {
			if rest, ok := strings.CutPrefix(imp, module); ok {
				own = append(own, strings.TrimPrefix(rest, "/"))
			}
		}
		for _, wrong := range floors.Check(strings.TrimPrefix(strings.TrimPrefix(fields[0], module), "/"), own) {
			t.Error(wrong)
		}
	}
}

func TestCheckFindsUpwardImports(t *testing.T) {
	floors, err := Parse(strings.NewReader("types\nplan # algebra\nplan/bind plan/optimize\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := floors.Check("plan/bind", []string{"plan", "types"}); got != nil {
		t.Errorf("downward imports refused: %v", got)
	}
	for _, c := range []struct{ pkg, imp string }{{"plan", "plan/bind"}, {"plan/bind/x", "plan/optimize"}, {"types", "nowhere"}} {
		if len(floors.Check(c.pkg, []string{c.imp})) == 0 {
			t.Errorf("%s may not import %s", c.pkg, c.imp)
		}
	}
}
