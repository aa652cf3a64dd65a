package sqltest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/oxidb/oxidb/sqlerr"
)

// RunSQLiteCorpus runs the gzipped SQLite sqllogictest files of a corpus folder as RunDir does. It skips,
// printing the reason, where the corpus is not on this machine.
func RunSQLiteCorpus(t *testing.T, target Target, corpus string, configs ...string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(corpus, "sqlite_slt", "*.test.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skipf("no sqlite_slt/*.test.gz in the corpus folder %s", corpus)
	}
	runPaths(t, target, paths, configs, parseSQLiteFile)
}

// signedText finds a sign before a column that is text in the tables of the index_ files.
var signedText = regexp.MustCompile(`[-+][ (]*(\w+\.)?col[25]\b`)

// parseSQLiteFile reads a corpus file with three corrections. What follows the last blank line is left
// out: some files end in the middle of a record, which no database can match. And queries that put a
// sign before text, which SQLite evaluates, must fail as PostgreSQL does: operator does not exist. And
// an integer column prints text as 0 (sqliteInteger).
func parseSQLiteFile(path string) ([]Record, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	records, err := Parse(path, text[:strings.LastIndex(text, "\n\n")+1])
	textColumns := strings.HasPrefix(filepath.Base(path), "index_")
	for i := range records {
		r := &records[i]
		r.Types = strings.ReplaceAll(r.Types, "I", string(sqliteInteger))
		if textColumns && r.Kind == Query && signedText.MatchString(r.SQL) {
			r.Kind, r.State = StatementError, string(sqlerr.UndefinedFunction)
		}
	}
	return records, err
}

// CorpusDir is the folder of shared test data: $OXIDB_CORPUS, else ../shared/corpus beside the module root.
func CorpusDir(moduleRoot string) string {
	if dir := os.Getenv("OXIDB_CORPUS"); dir != "" {
		return dir
	}
	return filepath.Join(moduleRoot, "..", "shared", "corpus")
}
