package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asBinary makes the test's own executable behave as oxidb.
const asBinary = "OXIDB_TEST_AS_BINARY"

func TestMain(m *testing.M) {
	if os.Getenv(asBinary) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// binary prepares the binary with arguments.
func binary(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), asBinary+"=1", "OXIDB_HISTORY=")
	c.Dir = t.TempDir()
	return c
}

// outcome runs c and gives its exit code and outputs.
func outcome(t *testing.T, c *exec.Cmd) (code int, out, talk string) {
	t.Helper()
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), o.String(), e.String()
}

// The exit codes are a promise to scripts; rows and talk must not mix.
func TestExitCodes(t *testing.T) {
	script := filepath.Join(t.TempDir(), "x.sql")
	if err := os.WriteFile(script, []byte("SELECT 1 AS a;\nSELECT nope;\nSELECT 2 AS b;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args  []string
		stdin string
		code  int
		out   string
		talk  string // what standard error contains; empty is nothing
	}{
		"command":              {[]string{"shell", "--csv", "-c", "SELECT 1 AS a", "-c", "SELECT 'x' AS b"}, "", 0, "a\n1\nb\nx\n", ""},
		"json":                 {[]string{"shell", "--json", "-c", "SELECT 1 AS a"}, "", 0, "[\n{\"a\":1}\n]\n", ""},
		"shell is the default": {[]string{"--csv", "-c", "SELECT 1 AS a"}, "", 0, "a\n1\n", ""},
		"pipe":                 {[]string{"shell", "--csv"}, "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nSELECT a FROM t", 0, "a\n1\n", ""},
		"failing command":      {[]string{"shell", "-c", "SELECT nope"}, "", 1, "", "LINE 1: SELECT nope\n               ^^^^"},
		"failing file":         {[]string{"shell", "--csv", "-f", script}, "", 1, "a\n1\n", script + ":2: ERROR 42703"},
		"failing pipe":         {[]string{"shell", "--csv", "-f", "-"}, "SELECT 1/0;\nSELECT 1;", 1, "", "22012"},
		"keep going":           {[]string{"shell", "--csv", "--keep-going", "-f", script}, "", 1, "a\n1\nb\n2\n", "42703"},
		"missing file":         {[]string{"shell", "-f", "nope.sql"}, "", 1, "", "nope.sql"},
		"failing \\ command":   {[]string{"shell", "-c", `\nope`}, "", 1, "", "unknown command"},
		"unknown flag":         {[]string{"shell", "--nope"}, "", 2, "", "unknown flag"},
		"unknown mode":         {[]string{"shell", "--mode=xml"}, "", 2, "", "--mode"},
		"mistyped command":     {[]string{"verson"}, "", 2, "", "neither a command nor a database"},
		"path that is a file":  {[]string{"shell", script, "-c", "SELECT 1"}, "", 3, "", "oxidb:"},
		"bad address":          {[]string{"shell", "grpc://nowhere"}, "", 3, "", "is not an address"},
		"no server":            {[]string{"shell", "grpc://" + freeAddress(t)}, "", 3, "", "connecting to"},
		"directory":            {[]string{"./made", "--csv", "-c", "CREATE TABLE t (a int)", "-c", "SELECT count(*) AS n FROM t"}, "", 0, "n\n0\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			command := binary(t, c.args...)
			command.Stdin = strings.NewReader(c.stdin)
			code, out, talk := outcome(t, command)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if c.code != 2 && out != c.out {
				t.Errorf("standard output %q, want %q", out, c.out)
			}
			if !strings.Contains(talk, c.talk) || c.talk == "" && talk != "" {
				t.Errorf("standard error %q, want %q in it", talk, c.talk)
			}
		})
	}
}

// freeAddress is one where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// An interrupt cancels the statement; a script then ends with 130.
func TestInterrupt(t *testing.T) {
	c := binary(t, "shell", "-c", "SELECT count(*) FROM generate_series(1, 1000000000) a(i), generate_series(1, 1000) b(j)")
	var talk bytes.Buffer
	c.Stderr = &talk
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(talk.String(), "cancelled after") {
		t.Errorf("exit code %d, %q", code, talk.String())
	}
}
