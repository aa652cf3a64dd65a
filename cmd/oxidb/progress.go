package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// bar draws one line of progress on a terminal; elsewhere it is silent.
type bar struct {
	out   io.Writer
	title string
	unit  func(n int64) string // how amounts are shown; nil means rows
	mu    sync.Mutex
	last  time.Time
	start time.Time
	drawn bool
}

func newBar(f *os.File, title string) *bar {
	b := &bar{out: io.Discard, title: title, start: time.Now()}
	if term.IsTerminal(int(f.Fd())) {
		b.out = f
	}
	return b
}

// show draws done of total, at most ten times a second.
func (b *bar) show(what string, done, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.last) < 100*time.Millisecond || total == 0 {
		return
	}
	b.last, b.drawn = time.Now(), true
	const width = 30
	filled := int(done * width / total)
	rate := float64(done) / time.Since(b.start).Seconds()
	unit := b.unit
	if unit == nil {
		unit = func(n int64) string { return countText(n) + " rows" }
	}
	fmt.Fprintf(b.out, "\r%s [%s%s] %3d%%  %s, %s/s  %-32.32s", b.title, strings.Repeat("█", filled), strings.Repeat("·", width-filled),
		done*100/total, unit(done), unit(int64(rate)), what)
}

// end clears the line.
func (b *bar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drawn {
		b.drawn = false
		fmt.Fprintf(b.out, "\r%s\r", strings.Repeat(" ", 132))
	}
}

// countText is a number a person reads: 6.0 M.
func countText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f G", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f M", float64(n)/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.0f k", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

// bytesText is a size a person reads.
func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
}

// round shortens a duration for people.
func round(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Second:
		return d.Round(100 * time.Millisecond)
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}

func defaultThreads() int { return runtime.GOMAXPROCS(0) }

// steps shows how far a long command is: on a terminal one line that changes, elsewhere a line for each
// new phrase before the first comma, so that a log stays short.
type steps struct {
	out      *os.File
	terminal bool
	last     string
}

func newSteps(f *os.File) *steps { return &steps{out: f, terminal: term.IsTerminal(int(f.Fd()))} }

func (s *steps) show(what string, done, total int64) {
	part := ""
	if total > 0 {
		part = fmt.Sprintf("%3d%%  ", done*100/total)
	}
	if s.terminal {
		fmt.Fprintf(s.out, "\r%-78.78s", part+what)
		return
	}
	if phrase, _, _ := strings.Cut(what, ","); phrase != s.last {
		s.last = phrase
		fmt.Fprintln(s.out, part+phrase)
	}
}

// end clears the line.
func (s *steps) end() {
	if s.terminal {
		fmt.Fprintf(s.out, "\r%78s\r", "")
	}
}
