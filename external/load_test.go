package external_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/oxidb/oxidb"
)

// A table loaded from a file on several workers must have the file's order.
func TestLoadKeepsTheOrderOfTheFile(t *testing.T) {
	path := t.TempDir() + "/rows.csv"
	var text strings.Builder
	const rows = 400_000
	for i := range rows {
		fmt.Fprintf(&text, "%d,text %d\n", i, i%13)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	db, err := oxidb.Open(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	exec(t, s, "CREATE TABLE r (a bigint, b text)")
	exec(t, s, "COPY r FROM '"+path+"' (FORMAT csv)")
	copied := t.TempDir() + "/copy.csv"
	exec(t, s, "SET threads = 1")
	exec(t, s, "COPY (SELECT a, b FROM r) TO '"+copied+"' (FORMAT csv)")
	got, err := os.ReadFile(copied)
	if err != nil || string(got) != text.String() {
		t.Errorf("%d bytes of %d, %v", len(got), text.Len(), err)
	}
}

func exec(t testing.TB, s *oxidb.Session, sql string) {
	t.Helper()
	start := time.Now()
	if _, err := s.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	t.Logf("%s: %v", sql, time.Since(start))
}
