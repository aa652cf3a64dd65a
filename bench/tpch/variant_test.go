package tpch

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oxidb/oxidb/bench/tpch/dbgen"
)

// TestRenamedHidesTheBenchmark would fail if a name or the text's first comment gave away what is run.
func TestRenamedHidesTheBenchmark(t *testing.T) {
	v := Renamed(7)
	var names []string
	for _, table := range dbgen.Tables() {
		names = append(names, table.String())
		for _, f := range table.Fields() {
			names = append(names, f.Name)
		}
	}
	words := regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)\b`)
	outside := regexp.MustCompile(`'[^']*'`)
	texts := v.Schema()
	for q := 1; q <= QueryCount; q++ {
		texts = append(texts, v.Query(q))
	}
	for _, text := range texts {
		if found := words.FindString(outside.ReplaceAllString(text, "''")); found != "" || strings.Contains(text, "--") {
			t.Errorf("%q in\n%s", found, text)
		}
	}
	if v.Table(dbgen.Lineitem) == Renamed(8).Table(dbgen.Lineitem) {
		t.Error("two seeds give the same name")
	}
}

// TestRenamedParameters would fail if a parameter stayed at its validation value for every seed, a seed
// gave two texts, or a parameter were out of the standard's range (substitutions panic when a text lacks
// what they replace).
func TestRenamedParameters(t *testing.T) {
	texts := map[int][]string{}
	for seed := range uint64(40) {
		a, b := Renamed(seed), Renamed(seed)
		for q := 1; q <= QueryCount; q++ {
			if a.Query(q) != b.Query(q) {
				t.Errorf("Q%d, seed %d: two texts", q, seed)
			}
			literals := strings.Join(regexp.MustCompile(`'[^']*'|\b\d+(\.\d+)?\b`).FindAllString(a.Query(q), -1), " ")
			if !slices.Contains(texts[q], literals) {
				texts[q] = append(texts[q], literals)
			}
		}
	}
	for q := 1; q <= QueryCount; q++ {
		if len(texts[q]) < 4 {
			t.Errorf("Q%d: only %q", q, texts[q])
		}
	}
	for seed := range uint64(40) {
		v := Renamed(seed)
		for q, form := range map[int]string{
			4:  `date '199[3-7]-(0[1-9]|1[0-2])-01'`,
			14: `date '199[3-7]-(0[1-9]|1[0-2])-01'`,
			16: `'Brand#[1-5][1-5]'(?s:.*)not like '[A-Z]+ [A-Z]+%'(?s:.*)in \((\d+, ){7}\d+\)`,
			18: `> 31[2-5]\b`,
			22: `in\s+\(('\d\d', ){6}'\d\d'\)`,
		} {
			if !regexp.MustCompile(form).MatchString(v.Query(q)) {
				t.Errorf("Q%d, seed %d: %s", q, seed, v.Query(q))
			}
		}
	}
}

// TestAgreement would fail if a wrong sum, order or row passed, or a coarser average did not.
func TestAgreement(t *testing.T) {
	answer, err := ReadAnswer(0.01, 1)
	if err != nil {
		t.Fatal(err)
	}
	rows := func() (out [][]any) {
		for _, r := range answer.Rows {
			row := make([]any, len(r))
			for i, v := range r {
				row[i] = v
			}
			out = append(out, row)
		}
		return out
	}
	cases := map[string]struct {
		change func(rows [][]any) [][]any
		want   Agreement
	}{
		"as it is":       {func(r [][]any) [][]any { return r }, Equal},
		"coarse average": {func(r [][]any) [][]any { r[0][6] = "25.58"; return r }, Tolerant},
		"wrong average":  {func(r [][]any) [][]any { r[0][6] = "26"; return r }, Differs},
		"wrong sum":      {func(r [][]any) [][]any { r[1][2] = "1"; return r }, Differs},
		"coarse sum":     {func(r [][]any) [][]any { r[0][2] = "380456.10"; return r }, Differs},
		"order":          {func(r [][]any) [][]any { r[0], r[1] = r[1], r[0]; return r }, Differs},
		"a row less":     {func(r [][]any) [][]any { return r[1:] }, Differs},
		"NULL":           {func(r [][]any) [][]any { r[0][6] = nil; return r }, Differs},
	}
	for name, c := range cases {
		got, err := answer.Agrees(1, c.change(rows()))
		if got != c.want || (err != nil) != (c.want == Differs) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	again, err := AnswerOf(1, rows())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Agrees(1, rows()); got != Equal {
		t.Errorf("an answer made of rows: %s, %v", got, err)
	}
}
