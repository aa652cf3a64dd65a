package main

import (
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// holder starts a process that has a database open, in which it has committed one row.
func holder(t *testing.T, dir string) (process *exec.Cmd, in io.WriteCloser) {
	t.Helper()
	process = binary(t, "shell", dir, "--csv")
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (42); SELECT a FROM t;\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("a\n42\n")) // a pipe is read while it is written: statements run as they come
	if _, err := io.ReadFull(out, answer); err != nil {
		t.Fatal(err)
	}
	return process, in
}

// Two processes must not share a directory: whatever the second wants is refused, and says why. When the
// first is gone, be it by SIGKILL with a transaction open, the second finds what was committed, no more.
func TestSecondProcess(t *testing.T) {
	for name, end := range map[string]func(process *exec.Cmd, in io.WriteCloser) error{
		"closed": func(process *exec.Cmd, in io.WriteCloser) error { return errors.Join(in.Close(), process.Wait()) },
		"killed": func(process *exec.Cmd, _ io.WriteCloser) error {
			err := process.Process.Kill()
			var killed *exec.ExitError
			if failure := process.Wait(); !errors.As(failure, &killed) {
				err = errors.Join(err, errors.New("it was not killed"), failure)
			}
			return err
		},
		"killed in a transaction": func(process *exec.Cmd, in io.WriteCloser) error {
			if _, err := in.Write([]byte("BEGIN; INSERT INTO t SELECT * FROM generate_series(100, 200000);\n")); err != nil {
				return err
			}
			err := process.Process.Kill()
			_ = process.Wait() // it was killed
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "db")
			process, in := holder(t, dir)
			for _, args := range [][]string{
				{"shell", dir, "-c", "SELECT 1"}, {"serve", dir, "--listen", "127.0.0.1:0"}, {"check", dir}, {"backup", dir, t.TempDir()},
			} {
				code, _, talk := outcome(t, binary(t, args...))
				if code != exitUnreachable || !strings.Contains(talk, "is open in another process") || !strings.Contains(talk, dir) {
					t.Errorf("%s: exit code %d, %q", args[0], code, talk)
				}
			}
			if err := end(process, in); err != nil {
				t.Fatal(err)
			}
			const read = "SELECT a FROM t"
			if code, out, talk := outcome(t, binary(t, "shell", dir, "--csv", "-c", read, "-c", "INSERT INTO t VALUES (43)", "-c", read+" ORDER BY a")); code != 0 || out != "a\n42\na\n42\n43\n" {
				t.Errorf("afterwards: exit code %d, %q, %q", code, out, talk)
			}
			if code, out, talk := outcome(t, binary(t, "check", dir)); code != 0 {
				t.Errorf("check: exit code %d, %q, %q", code, out, talk)
			}
		})
	}
}
