package shell_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/shell"
)

// console is a shell over a database in memory whose writers are buffers.
type console struct {
	*shell.Shell
	out, talk bytes.Buffer
}

// newConsole starts a console; change, when not nil, changes its configuration.
func newConsole(t *testing.T, change func(*shell.Config)) *console {
	t.Helper()
	db, err := shell.OpenLocal(context.Background(), oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	return consoleOver(t, db, change)
}

func consoleOver(t *testing.T, db shell.Backend, change func(*shell.Config)) *console {
	t.Helper()
	c := &console{}
	cfg := shell.Config{Out: &c.out, Err: &c.talk}
	if change != nil {
		change(&cfg)
	}
	s, err := shell.New(db, cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.Shell = s
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("closing:", err)
		}
	})
	return c
}

// run runs a text that must not fail and gives what it wrote to standard output.
func (c *console) run(t *testing.T, text string) string {
	t.Helper()
	c.out.Reset()
	c.talk.Reset()
	if err := c.Text(context.Background(), text); err != nil {
		t.Fatalf("%s: %v\n%s", text, err, c.talk.String())
	}
	return c.out.String()
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if want = strings.TrimPrefix(want, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

const everyKind = `SELECT 7 AS n, 1.50 AS "dec", 'a "b", c' AS t, NULL AS nothing, true AS yes, DATE '2026-11-23' AS d, '' AS empty
UNION ALL SELECT -12, 200.00, e'two\nlines\t|', 'x', false, NULL, 'é'`

// A writer that quotes or aligns wrongly breaks whatever reads the output.
func TestModes(t *testing.T) {
	for mode, want := range map[string]string{
		"box": `
┌─────────┬──────────────┬───────────────┬─────────┬─────────┬────────────┬───────┐
│    n    │     dec      │       t       │ nothing │   yes   │     d      │ empty │
│ integer │ numeric(5,2) │     text      │  text   │ boolean │    date    │ text  │
├─────────┼──────────────┼───────────────┼─────────┼─────────┼────────────┼───────┤
│       7 │         1.50 │ a "b", c      │ NULL    │ true    │ 2026-11-23 │       │
│     -12 │       200.00 │ two\nlines\t| │ x       │ false   │ NULL       │ é     │
└─────────┴──────────────┴───────────────┴─────────┴─────────┴────────────┴───────┘
`,
		"csv": `
n,dec,t,nothing,yes,d,empty
7,1.50,"a ""b"", c",,true,2026-11-23,""
-12,200.00,"two
lines	|",x,false,,é
`,
		"tsv": `
n	dec	t	nothing	yes	d	empty
7	1.50	a "b", c	\N	true	2026-11-23	
-12	200.00	two\nlines\t|	x	false	\N	é
`,
		"jsonl": `
{"n":7,"dec":1.50,"t":"a \"b\", c","nothing":null,"yes":true,"d":"2026-11-23","empty":""}
{"n":-12,"dec":200.00,"t":"two\nlines\t|","nothing":"x","yes":false,"d":null,"empty":"é"}
`,
		"json": `
[
{"n":7,"dec":1.50,"t":"a \"b\", c","nothing":null,"yes":true,"d":"2026-11-23","empty":""},
{"n":-12,"dec":200.00,"t":"two\nlines\t|","nothing":"x","yes":false,"d":null,"empty":"é"}
]
`,
		"markdown": `
| n | dec | t | nothing | yes | d | empty |
| ---: | ---: | --- | --- | --- | --- | --- |
| 7 | 1.50 | a "b", c | NULL | true | 2026-11-23 |  |
| -12 | 200.00 | two\\nlines\\t\| | x | false | NULL | é |
`,
		"line": `
-[ RECORD 1 ]--
n       | 7
dec     | 1.50
t       | a "b", c
nothing | NULL
yes     | true
d       | 2026-11-23
empty   | 
-[ RECORD 2 ]--
n       | -12
dec     | 200.00
t       | two\nlines\t|
nothing | x
yes     | false
d       | NULL
empty   | é
`,
	} {
		t.Run(mode, func(t *testing.T) {
			c := newConsole(t, func(cfg *shell.Config) { cfg.Mode = mode })
			same(t, c.run(t, everyKind), want)
			if c.talk.Len() > 0 {
				t.Errorf("talk without a terminal: %q", c.talk.String())
			}
		})
	}
}

// An answer without rows still has a head, and is valid JSON.
func TestModesWithoutRows(t *testing.T) {
	for mode, want := range map[string]string{
		"box": "\n┌─────────┐\n│    a    │\n│ integer │\n├─────────┤\n└─────────┘\n", "csv": "a\n", "tsv": "a\n", "json": "[]\n", "jsonl": "",
		"markdown": "| a |\n| ---: |\n", "line": "",
	} {
		t.Run(mode, func(t *testing.T) {
			c := newConsole(t, func(cfg *shell.Config) { cfg.Mode = mode })
			same(t, c.run(t, "SELECT 1 AS a LIMIT 0"), want)
		})
	}
}

// Floats that JSON cannot write, keys that come twice, and json values must give valid JSON.
func TestJSONOddities(t *testing.T) {
	c := newConsole(t, func(cfg *shell.Config) { cfg.Mode = "jsonl" })
	same(t, c.run(t, `SELECT 'NaN'::double precision AS a, 1e300::double precision AS a, '{"k": [1]}'::json AS j`),
		`{"a":"NaN","a_2":1e+300,"j":{"k": [1]}}`+"\n")
}

func terminal(width, rows int) func(*shell.Config) {
	return func(cfg *shell.Config) {
		cfg.OutTerminal, cfg.ErrTerminal, cfg.MaxRows = true, true, rows
		cfg.Width = func() int { return width }
	}
}

// On a terminal long answers show both ends, and say what is missing.
func TestBoxCutsRows(t *testing.T) {
	c := newConsole(t, terminal(80, 5))
	same(t, c.run(t, "SELECT i, i * 2 AS twice FROM generate_series(1, 10000) g(i) ORDER BY i"), `
┌─────────┬─────────┐
│    i    │  twice  │
│ integer │ integer │
├─────────┼─────────┤
│       1 │       2 │
│       2 │       4 │
│       3 │       6 │
│… 9,995 more rows …│
│    9999 │   19998 │
│   10000 │   20000 │
└─────────┴─────────┘
`)
	if !strings.HasPrefix(c.talk.String(), "10,000 rows · ") {
		t.Errorf("footer %q", c.talk.String())
	}
	c.run(t, `\rows 0`)
	if got := strings.Count(c.run(t, "SELECT i FROM generate_series(1, 1000) g(i)"), "\n"); got != 1005 {
		t.Errorf("%d lines with all rows shown", got)
	}
}

// Texts are cut to the terminal's width by what they take on the screen; numbers never are.
func TestBoxCutsWidth(t *testing.T) {
	c := newConsole(t, terminal(50, 40))
	got := c.run(t, "SELECT 123456789012 AS n, repeat('wide 漢字 ', 20) AS t, 'short' AS s")
	same(t, got, `
┌──────────────┬─────────────────────────┬───────┐
│      n       │            t            │   s   │
│    bigint    │          text           │ text  │
├──────────────┼─────────────────────────┼───────┤
│ 123456789012 │ wide 漢字 wide 漢字 wi… │ short │
└──────────────┴─────────────────────────┴───────┘
`)
}

// More columns than fit: those of the middle are left out, and the footer says how many are shown.
func TestBoxLeavesColumnsOut(t *testing.T) {
	c := newConsole(t, terminal(50, 40))
	same(t, c.run(t, "SELECT 1 AS first, 2 AS b, 3 AS c, 4 AS d, 5 AS e, 6 AS f, 7 AS last"), `
┌─────────┬─────────┬───┬─────────┬─────────┐
│  first  │    b    │ … │    f    │  last   │
│ integer │ integer │ … │ integer │ integer │
├─────────┼─────────┼───┼─────────┼─────────┤
│       1 │       2 │ … │       6 │       7 │
└─────────┴─────────┴───┴─────────┴─────────┘
`)
	if !strings.HasPrefix(c.talk.String(), "1 row, 4 of 7 columns shown · ") {
		t.Errorf("footer %q", c.talk.String())
	}
}

// A value must not steer the terminal.
func TestControlCharactersAreShown(t *testing.T) {
	c := newConsole(t, nil)
	if got := c.run(t, `SELECT e'\x1b[2Jgone' AS t`); strings.Contains(got, "\x1b") || !strings.Contains(got, `\x1b[2Jgone`) {
		t.Errorf("got %q", got)
	}
}

// Errors show the place, keep standard output clean and end a script.
func TestErrorsHaveCarets(t *testing.T) {
	c := newConsole(t, nil)
	err := c.Text(context.Background(), "SELECT 1;\nSELECT 1,\n  nope;\nSELECT 2;")
	if !errors.Is(err, shell.ErrFailed) {
		t.Fatalf("got %v", err)
	}
	same(t, c.talk.String(), `
ERROR 42703: column "nope" does not exist
LINE 2:   nope
          ^^^^
`)
	if strings.Count(c.out.String(), "┌") != 1 {
		t.Errorf("the statement after the failure ran, or the one before did not:\n%s", c.out.String())
	}
}

// KeepGoing runs the rest, and the failure is still told at the end.
func TestKeepGoing(t *testing.T) {
	c := newConsole(t, func(cfg *shell.Config) { cfg.KeepGoing, cfg.Mode = true, "csv" })
	err := c.Text(context.Background(), "SELECT 1 AS a; SELECT nope;\n\\nope\nSELECT 2 AS b;")
	if !errors.Is(err, shell.ErrFailed) {
		t.Fatalf("got %v", err)
	}
	same(t, c.out.String(), "a\n1\nb\n2\n")
}

// Statements are cut by tokens, whatever stands in strings and comments, and the last needs no
// semicolon. Failures in files name the line.
func TestScripts(t *testing.T) {
	c := newConsole(t, func(cfg *shell.Config) { cfg.Mode = "csv" })
	same(t, c.run(t, "SELECT ';' AS a -- ;\n; SELECT\n 2 AS b; /* ; */\n\\mode jsonl\nSELECT 3 AS c"), "a\n;\nb\n2\n{\"c\":3}\n")

	file := filepath.Join(t.TempDir(), "x.sql")
	if err := os.WriteFile(file, []byte("SELECT 1 AS a;\n\n  SELECT 2 AS b; SELECT\nnope;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.File(context.Background(), file); !errors.Is(err, shell.ErrFailed) {
		t.Fatalf("got %v", err)
	}
	if !strings.HasPrefix(c.talk.String(), file+":4: ERROR 42703") {
		t.Errorf("got %q", c.talk.String())
	}
}

// An open string at the end of the input is an error, not a silence.
func TestUnfinishedInput(t *testing.T) {
	c := newConsole(t, nil)
	if err := c.Text(context.Background(), "SELECT 'abc"); !errors.Is(err, shell.ErrFailed) || !strings.Contains(c.talk.String(), "42601") {
		t.Errorf("got %v, %q", err, c.talk.String())
	}
}

// A context that ends cancels the statement, and the shell says so.
func TestCancel(t *testing.T) {
	c := newConsole(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := c.Statement(ctx, "SELECT count(*) FROM generate_series(1, 1000000) a(i)")
	if !errors.Is(err, shell.ErrInterrupted) || !strings.HasPrefix(c.talk.String(), "cancelled after ") {
		t.Errorf("got %v, %q", err, c.talk.String())
	}
	c.run(t, "SELECT 1")
}
