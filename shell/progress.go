package shell

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Times of the progress line.
const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
)

// progress draws one line about a statement that takes long, on a terminal.
type progress struct {
	out     io.Writer
	paint   func(color, text string) string
	start   time.Time
	stop    chan struct{}
	mu      sync.Mutex
	scanned func() int64
	drawn   bool
	ended   bool
}

// startProgress watches a statement that starts now; its line appears when it takes long.
func (s *Shell) startProgress() *progress {
	p := &progress{out: s.cfg.Err, paint: s.paint, start: time.Now(), scanned: s.db.RowsScanned, stop: make(chan struct{})}
	if !s.cfg.ErrTerminal {
		p.ended = true
		return p
	}
	go p.run()
	return p
}

func (p *progress) run() {
	wait := time.NewTimer(progressAfter)
	defer wait.Stop()
	for frame := 0; ; frame++ {
		select {
		case <-p.stop:
			return
		case <-wait.C:
			p.draw(frame)
			wait.Reset(progressEvery)
		}
	}
}

// draw writes the line. The lock is held while writing, so that end's clearing comes last.
func (p *progress) draw(frame int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.drawn = true
	since := time.Since(p.start)
	text := fmt.Sprintf("%c running %.1f s", []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")[frame%10], since.Seconds())
	if n := p.scanned(); n > 0 {
		text += fmt.Sprintf(" · %s rows scanned · %s rows/s", countText(n), countText(int64(float64(n)/since.Seconds())))
	}
	fmt.Fprintf(p.out, "\r%s\x1b[K", p.paint(dim, text+" · Ctrl-C cancels"))
}

// end clears the line and draws no more. It may be called again.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	close(p.stop)
	if p.drawn {
		io.WriteString(p.out, "\r\x1b[K")
	}
}

// countText is a number that a person reads at a glance: 6.0 M.
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
