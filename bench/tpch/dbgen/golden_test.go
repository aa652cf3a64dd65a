package dbgen

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// TestOfficialChecksums would fail if one byte of any table differed from the official generator's:
// testdata/sha256.txt holds the checksums of the files that it writes (see ../compare_tpchgen.py).
func TestOfficialChecksums(t *testing.T) {
	want := readChecksums(t)
	checkChecksums(t, want, "0.01", Options{Scale: 0.01})
	checkChecksums(t, want, "100.part7777of10000", Options{Scale: 100, Part: 7777, Parts: 10000})
	if os.Getenv("OXIDB_TPCH_SF1") == "" {
		t.Log("scale factor 1 is not checked: OXIDB_TPCH_SF1 is not set")
		return
	}
	checkChecksums(t, want, "1", Options{Scale: 1})
}

// checkChecksums compares the tables that want has under name.
func checkChecksums(t *testing.T, want map[string]string, name string, opts Options) {
	t.Helper()
	g := newGenerator(t, opts)
	checked := 0
	for _, table := range Tables() {
		key := name + "/" + table.String()
		if want[key] == "" {
			continue
		}
		sum := sha256.New()
		if err := g.WriteTBL(context.Background(), sum, table); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != want[key] {
			t.Errorf("%s: checksum %s, want %s", key, got, want[key])
		}
		checked++
	}
	if checked < 6 {
		t.Errorf("%s: only %d tables have checksums", name, checked)
	}
}

func readChecksums(t *testing.T) map[string]string {
	file, err := os.Open("testdata/sha256.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sums := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if sum, key, ok := strings.Cut(lines.Text(), "  "); ok && !strings.HasPrefix(sum, "#") {
			sums[key] = sum
		}
	}
	return sums
}
