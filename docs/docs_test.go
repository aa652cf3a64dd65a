// Package docs_test runs every example of the documentation.
//
// A page is a script: its sql blocks run in order on one database in memory, in an empty directory,
// and the text block that follows one is what the shell prints for it. A block "sql NAME" runs in a
// session of its own, that of NAME, on the same database. An sh block runs with the
// oxidb command at hand. Every go block stands in a file that is tested. With OXIDB_DOCS_REWRITE=1
// the test writes the outputs that it gets into the pages instead; read them before they are kept.
package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/shell"
)

// block is a fenced block of a page.
type block struct {
	language string
	line     int // of the opening fence, from 0
	end      int // of the closing fence
	text     string
}

// blocks finds the fenced blocks of a page.
func blocks(lines []string) (found []block, err error) {
	open := -1
	for i, l := range lines {
		if !strings.HasPrefix(l, "```") {
			continue
		}
		if open < 0 {
			open = i
			continue
		}
		found = append(found, block{strings.TrimPrefix(lines[open], "```"), open, i, strings.Join(lines[open+1:i], "\n")})
		open = -1
	}
	if open >= 0 {
		return nil, fmt.Errorf("line %d: a block is not closed", open+1)
	}
	return found, nil
}

func TestPages(t *testing.T) {
	var pages []string
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			pages = append(pages, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) == 0 {
		t.Fatal("no pages")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	binary := sync.OnceValues(func() (string, error) { return buildBinary(root, t.TempDir()) })
	for _, page := range append(pages, "../README.md") {
		t.Run(page, func(t *testing.T) {
			path := filepath.Join(root, "docs", page)
			t.Chdir(t.TempDir())
			runPage(t, path, root, binary)
		})
	}
}

// buildBinary makes the oxidb command.
func buildBinary(root, dir string) (string, error) {
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "oxidb"), "./cmd/oxidb")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building oxidb: %w\n%s", err, out)
	}
	return dir, nil
}

// runPage runs a page's blocks and compares, or rewrites, their outputs.
func runPage(t *testing.T, path, root string, binary func() (string, error)) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	found, err := blocks(lines)
	if err != nil {
		t.Fatal(err)
	}
	consoles := &consoles{}
	defer consoles.close(t)
	var replaced []block
	for i, b := range found {
		var got string
		language, name, _ := strings.Cut(b.language, " ")
		switch language {
		case "sql":
			got = consoles.run(t, name, b.text)
		case "sh":
			got = runShell(t, b.text, binary)
		case "go":
			checkGo(t, b, root)
			continue
		default:
			continue
		}
		if i+1 == len(found) || found[i+1].language != "text" || !adjacent(lines, b, found[i+1]) {
			if strings.Contains(got, "ERROR ") {
				t.Errorf("line %d: %s", b.line+1, got)
			}
			continue
		}
		want := found[i+1]
		if trimmed(got) != trimmed(want.text) {
			replaced = append(replaced, block{line: want.line, end: want.end, text: trimmed(got)})
			if os.Getenv("OXIDB_DOCS_REWRITE") == "" {
				t.Errorf("line %d: got\n%s\nwant\n%s", b.line+1, got, want.text)
			}
		}
	}
	if os.Getenv("OXIDB_DOCS_REWRITE") != "" {
		rewrite(t, path, lines, replaced)
	}
}

// adjacent reports whether nothing but a blank line stands between two blocks.
func adjacent(lines []string, a, b block) bool {
	return strings.TrimSpace(strings.Join(lines[a.end+1:b.line], "")) == ""
}

// trimmed leaves white space at the ends of lines out: editors do not keep it.
func trimmed(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.Join(lines, "\n")
}

func rewrite(t *testing.T, path string, lines []string, replaced []block) {
	for i := len(replaced) - 1; i >= 0; i-- {
		r := replaced[i]
		lines = append(lines[:r.line+1:r.line+1], append(strings.Split(r.text, "\n"), lines[r.end:]...)...)
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// consoles are the sessions of a page, by name, on one database. It opens with the first statement.
type consoles struct {
	db     *oxidb.DB
	shells map[string]*transcript
}

// transcript is a shell whose outputs all come together.
type transcript struct {
	shell *shell.Shell
	out   bytes.Buffer
}

func (c *consoles) run(t *testing.T, name, text string) string {
	if c.db == nil {
		db, err := oxidb.Open(context.Background(), oxidb.InMemory)
		if err != nil {
			t.Fatal(err)
		}
		c.db, c.shells = db, map[string]*transcript{}
	}
	s := c.shells[name]
	if s == nil {
		session, err := shell.Local(c.db)
		if err != nil {
			t.Fatal(err)
		}
		s = &transcript{}
		if s.shell, err = shell.New(session, shell.Config{Out: &s.out, Err: &s.out, KeepGoing: true}); err != nil {
			t.Fatal(err)
		}
		c.shells[name] = s
	}
	s.out.Reset()
	_ = s.shell.Text(context.Background(), text) // a failure stands in the output
	return s.out.String()
}

func (c *consoles) close(t *testing.T) {
	for _, s := range c.shells {
		if err := s.shell.Close(); err != nil {
			t.Error(err)
		}
	}
	if c.db != nil {
		if err := c.db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// runShell runs a block of commands.
func runShell(t *testing.T, text string, binary func() (string, error)) string {
	dir, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-c", text)
	c.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, _ := c.CombinedOutput() // a failure stands in the output
	return string(out)
}

// checkGo looks a block up among the files whose code is tested, indentation aside.
func checkGo(t *testing.T, b block, root string) {
	for _, name := range []string{"example_test.go", "sqldriver/driver.go", "flight/example_test.go", "flight/adbctest/example_test.go"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(flat(string(data)), flat(b.text)) {
			return
		}
	}
	t.Errorf("line %d: the code stands in no file that is tested", b.line+1)
}

func flat(code string) string { return strings.Join(strings.Fields(code), " ") }
