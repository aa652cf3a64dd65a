package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is the person's end of a pseudo-terminal that oxidb runs on.
type terminal struct {
	file *os.File
	mu   sync.Mutex
	seen strings.Builder
}

// startTerminal starts c on a terminal of 100 by 40.
func startTerminal(t *testing.T, c *exec.Cmd) *terminal {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 100}); err != nil {
		t.Fatal(err)
	}
	side, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer side.Close()
	c.Stdin, c.Stdout, c.Stderr = side, side, side
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	tty := &terminal{file: person}
	go tty.read()
	return tty
}

func (tty *terminal) read() {
	buf := make([]byte, 4096)
	for {
		n, err := tty.file.Read(buf)
		tty.mu.Lock()
		tty.seen.Write(buf[:n])
		tty.mu.Unlock()
		if err != nil { // the process has ended
			return
		}
	}
}

func (tty *terminal) send(t *testing.T, keys string) {
	t.Helper()
	if _, err := tty.file.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

var escapes = regexp.MustCompile(`\x1b(\[[0-9;?]*[A-Za-z]|[78=>])`)

// wait waits until what was written since the last wait, without escape sequences, contains text.
func (tty *terminal) wait(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		tty.mu.Lock()
		plain := escapes.ReplaceAllString(tty.seen.String(), "")
		if at := strings.Index(plain, text); at >= 0 {
			rest := plain[at+len(text):]
			tty.seen.Reset()
			tty.seen.WriteString(rest)
			tty.mu.Unlock()
			return
		}
		tty.mu.Unlock()
		if time.Now().After(deadline) {
			t.Fatalf("%q did not appear; the terminal shows %q", text, plain)
		}
	}
}

// The shell at a terminal: lines that go on, keys typed ahead, an interrupt that ends the statement and
// not the shell, and a history that is there the next time.
func TestAtTerminal(t *testing.T) {
	history := filepath.Join(t.TempDir(), "state", "history")
	start := func() (*exec.Cmd, *terminal) {
		c := binary(t, "shell")
		c.Env = append(c.Env, "OXIDB_HISTORY="+history, "TERM=xterm-256color", "INPUTRC=/dev/null")
		return c, startTerminal(t, c)
	}
	c, tty := start()
	tty.wait(t, ":memory:> ")
	tty.send(t, "SELECT 40 +\r")
	tty.send(t, "2 AS answer;\rSELECT 'typed ' || 'ahead' AS next;\r")
	tty.wait(t, "│      42 │")
	tty.wait(t, "1 row · ")
	tty.wait(t, "│ typed ahead │")
	tty.wait(t, ":memory:> ")

	tty.send(t, "SELECT count(*) FROM generate_series(1, 1000000000) a(i), generate_series(1, 1000) b(j);\r")
	tty.wait(t, "Ctrl-C cancels")
	tty.send(t, "\x03")
	tty.wait(t, "cancelled after")

	tty.wait(t, ":memory:> ")
	tty.send(t, "BEGIN;\r")
	tty.wait(t, ":memory:*> ")
	tty.send(t, "SELECT nope;\r")
	tty.wait(t, "^^^^")
	tty.wait(t, ":memory:!> ")
	tty.send(t, "\\q\r")
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}

	info, err := os.Stat(history)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the history is not private: %v, %v", info, err)
	}
	c, tty = start()
	tty.wait(t, ":memory:> ")
	tty.send(t, "\x12typed")
	tty.wait(t, "SELECT 'typed ' || 'ahead' AS next;")
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed
}
