package optimize

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/oxidb/oxidb/plan"
)

var rewriteGolden = flag.Bool("rewrite-golden", false, "write the golden plans anew")

// TestTPCHPlans breaks when a plan of the 22 queries changes: read the difference, then run with
// -rewrite-golden. Statistics are those of scale factor 1.
func TestTPCHPlans(t *testing.T) {
	m := tpch(t)
	for i := 1; i <= 22; i++ {
		name := fmt.Sprintf("q%02d", i)
		t.Run(name, func(t *testing.T) {
			env := m.env()
			env.Trace = func(rule string, n plan.Node) {
				if rule == "normalise" || rule == "inline_shared" {
					return
				}
				if err := Check(n); err != nil {
					t.Errorf("after %s: %v\n%s", rule, err, plan.Format(n, nil))
				}
			}
			root, err := Optimize(m.root(t, tpchQuery(t, name)), env)
			if err != nil {
				t.Fatal(err)
			}
			got := plan.Format(root, nil) + "\n"
			path := filepath.Join("testdata", "tpch", name+".plan")
			if *rewriteGolden {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// BenchmarkPlan measures planning: eight joins should take well below a millisecond.
func BenchmarkPlan(b *testing.B) {
	m := tpch(b)
	for _, name := range []string{"q01", "q02", "q05", "q08", "q09", "q21"} {
		root := m.root(b, tpchQuery(b, name))
		env := m.env()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Optimize(root, env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
