package sqltest

import (
	"path/filepath"
	"testing"
)

// maxReported bounds the failures printed for one file.
const maxReported = 20

// Target is a kind of database to run files against.
type Target struct {
	Name string // what skipif and onlyif call it: "oxidb", "postgresql"
	// Open gives a fresh, empty database set up as the configuration says, and closes it through
	// t.Cleanup. It is called once a file and configuration, several at once.
	Open    func(t testing.TB, config string) Engine
	Rewrite bool // write the target's answers into the files instead of failing
}

// RunDir runs every file that matches glob, each as a parallel subtest on a fresh database, once for
// every configuration (once with the configuration "" when none is given). It fails when no file matches.
func RunDir(t *testing.T, target Target, glob string, configs ...string) {
	t.Helper()
	paths, err := filepath.Glob(glob)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test file matches %s (%v)", glob, err)
	}
	runPaths(t, target, paths, configs, ParseFile)
}

func runPaths(t *testing.T, target Target, paths, configs []string, parse func(path string) ([]Record, error)) {
	if len(configs) == 0 {
		configs = []string{""}
	}
	for _, config := range configs {
		for _, path := range paths {
			name := filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path))
			if config != "" {
				name = config + "/" + name
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				runPath(t, target, path, config, parse)
			})
		}
	}
}

func runPath(t *testing.T, target Target, path, config string, parse func(string) ([]Record, error)) {
	records, err := parse(path)
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(target.Open(t, config), records, []string{target.Name, config}, target.Rewrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := rewriteFile(path, report.Edits); err != nil {
		t.Fatal(err)
	}
	for _, failure := range report.Failures[:min(len(report.Failures), maxReported)] {
		t.Error(failure)
	}
	if more := len(report.Failures) - maxReported; more > 0 {
		t.Errorf("and %d more failures", more)
	}
	t.Logf("%d records, %d failed, %d skipped, %d rewritten",
		report.Run, len(report.Failures), report.Skipped, len(report.Edits))
}
