package dbgen

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestOfficialChecksums would fail if one byte of any table differed from the official generator's:
// testdata/sha256.txt holds the checksums of the files that it writes (see ../compare_tpchgen.py).
func TestOfficialChecksums(t *testing.T) {
	want := readChecksums(t)
	for _, scale := range []float64{0.01, 1} {
		if scale == 1 && os.Getenv("OXIDB_TPCH_SF1") == "" {
			t.Log("scale factor 1 is not checked: OXIDB_TPCH_SF1 is not set")
			continue
		}
		g, err := New(Options{Scale: scale})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range Tables() {
			sum := sha256.New()
			if err := g.WriteTBL(context.Background(), sum, table); err != nil {
				t.Fatal(err)
			}
			got, key := hex.EncodeToString(sum.Sum(nil)), fmt.Sprintf("%v/%s", scale, table)
			if got != want[key] {
				t.Errorf("%s: checksum %s, want %q", key, got, want[key])
			}
		}
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
