package metamorphic

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A short run; `make metamorphic` does long ones.
func TestOptionsChangeNoAnswer(t *testing.T) {
	length := 250
	if testing.Short() {
		length = 100
	}
	var progress bytes.Buffer
	out := Run(1, length, 1, 0, &progress)
	for _, v := range out.Violations {
		t.Error(v)
	}
}

// Histories whose statements mostly fail would compare errors only.
func TestHistoriesMostlySucceed(t *testing.T) {
	ops := History(7, 500)
	answers, err := Replay(t.Context(), ops, Sets(7)[0])
	if err != nil {
		t.Fatal(err)
	}
	failed, empty := 0, 0
	for i, a := range answers {
		switch {
		case strings.HasPrefix(a, "failure"):
			t.Errorf("%s: %s", ops[i].SQL, a)
		case strings.HasPrefix(a, "error 0A"), strings.HasPrefix(a, "error 42601"):
			t.Errorf("%s: %s", ops[i].SQL, a)
		case strings.HasPrefix(a, "error"):
			failed++
		case a == "" || a == "0 rows":
			empty++
		}
	}
	if failed > len(ops)/3 || empty > len(ops)/2 {
		t.Errorf("%d of %d statements failed, %d answers are empty", failed, len(ops), empty)
	}
}

// A difference that two statements far apart cause must be reduced to those two.
func TestReduceFindsTheCause(t *testing.T) {
	lies := func(_ context.Context, ops []Op, o Options) ([]string, error) {
		answers, armed := []string{}, false
		for _, op := range ops {
			armed = armed || strings.HasPrefix(op.SQL, "DELETE FROM t1")
			answer := op.SQL
			if armed && o.Threads == 2 && strings.HasPrefix(op.SQL, "SELECT DISTINCT") {
				answer = "a lie"
			}
			answers = append(answers, answer)
		}
		return answers, nil
	}
	ops := History(3, 400)
	want, _ := lies(t.Context(), ops, Options{Threads: 1})
	err := difference(t.Context(), lies, ops, Options{Threads: 1}, Options{Threads: 2}, want)
	if err == nil || !strings.Contains(err.Error(), "history of 2 statements") || !strings.Contains(err.Error(), "a lie") {
		t.Errorf("got %v", err)
	}
	if err := difference(t.Context(), lies, ops, Options{Threads: 1}, Options{Threads: 3}, want); err != nil {
		t.Errorf("no lie, but %v", err)
	}
}

func TestHistoriesRepeat(t *testing.T) {
	if !slices.Equal(History(5, 300), History(5, 300)) || len(Sets(5)) < 20 {
		t.Error("a seed does not give the same history, or too few option sets")
	}
}
