package compare

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oxidb/oxidb/bench/tpch"
	"github.com/oxidb/oxidb/bench/tpch/runner"
)

// TestMain lets this binary be the engines: OxiDB, and peers that are OxiDB with a fault each.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && strings.HasSuffix(os.Args[1], "_peer.py") {
		os.Exit(impersonate(strings.TrimSuffix(filepath.Base(os.Args[1]), "_peer.py"), os.Args[2]))
	}
	if len(os.Args) == 3 && os.Args[1] == "engine" {
		os.Exit(impersonate(Own, os.Args[2]))
	}
	os.Exit(m.Run())
}

// impersonate serves OxiDB as a peer whose name says what is wrong with it.
func impersonate(name, threads string) int {
	n, err := strconv.Atoi(threads)
	if err != nil {
		return 1
	}
	if name == "missing" {
		fmt.Println(`{"missing": "no module of that name"}`)
		return 0
	}
	in, requests := io.Pipe()
	go func() { requests.CloseWithError(spoil(name, os.Stdin, requests)) }()
	if err := Serve(context.Background(), in, os.Stdout, n); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// spoil passes requests on with a fault in those for Q6, whose text is the one with "between 0.06".
func spoil(name string, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		if r.Do == "load" { // OxiDB is loaded from outside; what peers load is here the first thing that fails
			r.Do = "nothing"
		}
		if strings.Contains(r.SQL, "between 0.06") {
			switch name {
			case "wrong", "ownwrong":
				r.SQL = strings.Replace(r.SQL, "0.06 + 0.01", "0.06", 1)
			case "refuses":
				r.SQL = "SELEC"
			case "crashes":
				fmt.Fprintln(os.Stderr, "a last word")
				os.Exit(2)
			case "sleeps":
				time.Sleep(time.Hour)
			case "text":
				r.SQL = "SELECT 'a'"
			}
		}
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return io.EOF
}

func testOptions(t *testing.T, peers ...string) Options {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Scale: 0.01, Mode: Parquet, Writer: Own, Temperature: Warm, Variant: PlainVariant, Peers: peers, Queries: []int{1, 6},
		Rounds: 2, Threads: 2, Limit: time.Hour, Python: self, Own: []string{self, "engine"}, Data: filepath.Join(t.TempDir(), "tpch"),
	}
}

// A peer's fault in one query must be told with that query alone, and the rest of the run must stand.
func TestFaultsOfPeersAreReported(t *testing.T) {
	o := testOptions(t, "good", "missing", "wrong", "refuses", "crashes", "text")
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.LeftOut) != 1 || report.LeftOut[0].Name != "missing" || report.LeftOut[0].Reason != "no module of that name" {
		t.Errorf("left out: %v", report.LeftOut)
	}
	want := map[string]string{"good": "", "wrong": "differs row 1, column revenue", "refuses": "SELEC", "crashes": "a last word", "text": "differs column 1 is text"}
	for i, t1 := range report.Queries[1].Times {
		fault, ok := want[report.Engines[i].Name]
		if !ok {
			continue
		}
		got := t1.Problem
		if t1.Agreement == tpch.Differs {
			got = "differs " + t1.Difference
		}
		if fault == "" && got != "" || !strings.Contains(got, fault) {
			t.Errorf("%s, Q6: %q, want %q", t1.Engine, got, fault)
		}
		if (t1.Ratio > 0) != (fault == "") {
			t.Errorf("%s, Q6: ratio %g", t1.Engine, t1.Ratio)
		}
		if q1 := report.Queries[0].Times[i]; q1.Agreement != tpch.Equal || len(q1.Millis) != 2 || q1.Ratio <= 0 {
			t.Errorf("%s, Q1: %+v", q1.Engine, q1)
		}
	}
	for _, s := range report.Summaries {
		if wanted := map[bool]int{true: 2, false: 1}[s.Peer == "good"]; s.Queries != wanted {
			t.Errorf("%s: %d queries in the mean", s.Peer, s.Queries)
		}
	}
	checkFiles(t, report)
}

// checkFiles would fail if a file were missing or broken, or hid a fault.
func checkFiles(t *testing.T, report *Report) {
	paths, err := report.Write(filepath.Join(t.TempDir(), "results"))
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		text[filepath.Ext(p)] = string(data)
	}
	var again Report
	if err := json.Unmarshal([]byte(text[".json"]), &again); err != nil || again.Name != report.Name || len(again.Queries) != 2 {
		t.Errorf("JSON: %v %+v", err, again)
	}
	for _, part := range []string{"| no answer |", "| wrong answer |", "missing is left out: no module", "Q6, refuses: no answer: ", "Q6, wrong: differs from ", "peer=good geomean_ratio="} {
		if !strings.Contains(text[".md"], part) {
			t.Errorf("the Markdown lacks %q:\n%s", part, text[".md"])
		}
	}
	if n := strings.Count(text[".svg"], "no right answer"); n != 4 {
		t.Errorf("the picture has %d crosses", n)
	}
	decoder := xml.NewDecoder(strings.NewReader(text[".svg"]))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// An engine that does not answer must not hold up the others. On a machine that stands still for longer
// than the limit any engine may miss it, so there are three tries.
func TestLimit(t *testing.T) {
	var seen string
	for range 3 {
		o := testOptions(t, "sleeps")
		o.Limit, o.Queries, o.Rounds = 5*time.Second, []int{6, 1}, 1
		report, err := Run(t.Context(), o)
		if err != nil {
			seen += err.Error() + "; "
			continue
		}
		q6, q1 := report.Queries[0].Times[1], report.Queries[1].Times[1]
		if strings.Contains(q6.Problem, "no answer within 5s") && q1.right() {
			return
		}
		seen += fmt.Sprintf("Q6: %q, Q1 after it: %+v; ", q6.Problem, q1)
	}
	t.Error(seen)
}

// A wrong answer of OxiDB itself must fail the run.
func TestOwnWrongAnswer(t *testing.T) {
	o := testOptions(t)
	o.Own = []string{o.Python, "ownwrong_peer.py"}
	report, err := Run(t.Context(), o)
	if !errors.Is(err, runner.ErrWrongAnswer) || report == nil || !strings.Contains(err.Error(), "Q6") {
		t.Errorf("%v", err)
	}
}

// Renamed tables must give answers equal to another engine's, cold too, and compare with the plain ones.
func TestRenamedCold(t *testing.T) {
	o := testOptions(t, "good")
	o.Variant, o.Seed, o.Temperature, o.Queries, o.Rounds = RenamedVariant, 3, Cold, []int{3, 18}, 1
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, e := range report.Engines {
		names = append(names, e.Name)
		for _, q := range report.Queries {
			if got := q.Times[i]; !got.right() || got.Agreement != tpch.Equal {
				t.Errorf("%s: %+v", e.Name, got)
			}
		}
	}
	if !slices.Equal(names, []string{Own, "good", Own + " plain", "good plain"}) {
		t.Error(names)
	}
	lines := report.Lines()
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "renamed_over_plain=") || !strings.Contains(last, " good_renamed_over_plain=") {
		t.Error(last)
	}
	if again := newDataset(&o, RenamedVariant).variant.Query(3); report.Queries[0].SQL != again || strings.Contains(again, "lineitem") {
		t.Error(again)
	}
}

// What is not offered must be refused before anything is made.
func TestOptionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"mode":        func(o *Options) { o.Mode = "disk" },
		"writer":      func(o *Options) { o.Writer = "spark" },
		"temperature": func(o *Options) { o.Temperature = "hot" },
		"variant":     func(o *Options) { o.Variant = "other" },
		"query":       func(o *Options) { o.Queries = []int{23} },
		"rounds":      func(o *Options) { o.Rounds = 0 },
	} {
		o := testOptions(t)
		change(&o)
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := filepath.Glob(o.Data + "*"); err != nil || left != nil {
			t.Errorf("%s: left %v %v", name, left, err)
		}
	}
}

// Every peer that OXIDB_PYTHON has must answer all 22 queries rightly, on its storage and on Parquet.
func TestPeers(t *testing.T) {
	python := os.Getenv("OXIDB_PYTHON")
	if python == "" {
		t.Skip("OXIDB_PYTHON is not set: no engine to compare with")
	}
	for _, mode := range []string{Storage, Parquet} {
		o := testOptions(t, "duckdb", "datafusion", "polars", "chdb")
		o.Mode, o.Writer, o.Python, o.Scripts, o.Rounds = mode, "duckdb", python, "../peer", 1
		o.Queries = nil
		for q := 1; q <= tpch.QueryCount; q++ {
			o.Queries = append(o.Queries, q)
		}
		report, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range report.LeftOut {
			if !strings.HasPrefix(l.Reason, "No module named") {
				t.Errorf("%s: %s", l.Name, l.Reason)
			}
			t.Logf("%s is left out: %s", l.Name, l.Reason)
		}
		for _, q := range report.Queries {
			for _, got := range q.Times {
				if !got.right() {
					t.Errorf("%s, Q%d, %s: %s%s", mode, q.Query, got.Engine, got.Problem, got.Difference)
				}
			}
		}
		t.Log(mode, strings.Join(report.Lines(), "\n"))
	}
}
