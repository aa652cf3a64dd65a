package compare

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// request is a line to an engine; see bench/tpch/peer/protocol.py.
type request struct {
	Do        string  `json:"do"`
	Directory string  `json:"directory,omitempty"`
	Tables    []table `json:"tables,omitempty"`
	Table     *table  `json:"table,omitempty"`
	File      string  `json:"file,omitempty"`
	SQL       string  `json:"sql,omitempty"`
	Result    string  `json:"result,omitempty"`
}

// table is what an engine is told of a table.
type table struct {
	Name string `json:"name"`
	Path string `json:"path"`
	DDL  string `json:"ddl"`
}

// reply is a line of an engine.
type reply struct {
	Millis float64 `json:"millis,omitempty"`
	Rows   int64   `json:"rows,omitempty"`
	Error  string  `json:"error,omitempty"`
	greeting
}

// greeting is an engine's first line.
type greeting struct {
	Engine  string `json:"engine,omitempty"`
	Version string `json:"version,omitempty"`
	Threads int    `json:"threads,omitempty"`
	Stores  bool   `json:"stores,omitempty"` // it keeps tables on disk
	Note    string `json:"note,omitempty"`
	Missing string `json:"missing,omitempty"` // why the engine cannot be had
}

// refusal is what an engine says; the process goes on.
type refusal string

func (r refusal) Error() string { return string(r) }

// lost is a process that has to be started again.
type lost string

func (l lost) Error() string { return string(l) }

// process is an engine that is running.
type process struct {
	greeting
	command *exec.Cmd
	in      io.WriteCloser
	replies chan reply
	failed  chan error
	stderr  bytes.Buffer
	peak    int64 // its largest resident set when it was last asked something, in bytes
}

// start starts an engine and waits for its greeting.
func start(ctx context.Context, command []string) (*process, error) {
	p := &process{command: exec.CommandContext(ctx, command[0], command[1:]...), replies: make(chan reply), failed: make(chan error, 1)}
	p.command.Stderr = &p.stderr
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go p.read(out)
	first, err := p.await(ctx, time.Minute*5)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", strings.Join(command, " "), err)
	}
	p.greeting = first.greeting
	return p, nil
}

// read hands over the engine's lines until it ends.
func (p *process) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r reply
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			p.failed <- fmt.Errorf("%q: %w", lines.Text(), err)
			return
		}
		p.replies <- r
	}
	p.failed <- cmp.Or(lines.Err(), io.EOF)
}

// ask sends a request and waits for the reply. A refusal leaves the process as it was; after any other
// error it has ended.
func (p *process) ask(ctx context.Context, limit time.Duration, r request) (reply, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return reply{}, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return reply{}, p.gone(lost("it ended"))
	}
	return p.await(ctx, limit)
}

func (p *process) await(ctx context.Context, limit time.Duration) (reply, error) {
	over := time.NewTimer(limit)
	defer over.Stop()
	memory := time.NewTicker(200 * time.Millisecond)
	defer memory.Stop()
	for {
		select {
		case r := <-p.replies:
			p.peak = max(p.peak, peak(p.command.Process.Pid))
			if r.Error != "" {
				return r, refusal(r.Error)
			}
			return r, nil
		case err := <-p.failed:
			return reply{}, p.gone(lost("it ended: " + err.Error()))
		case <-over.C:
			return reply{}, p.gone(lost(fmt.Sprintf("no answer within %s", limit)))
		case <-memory.C:
			if exhausted() {
				return reply{}, p.gone(lost("stopped, as it left the machine without memory"))
			}
		case <-ctx.Done():
			return reply{}, errors.Join(ctx.Err(), p.gone(lost("interrupted")))
		}
	}
}

// gone ends the process and adds the last thing that it said.
func (p *process) gone(why lost) error {
	p.peak = max(p.peak, peak(p.command.Process.Pid))
	_ = p.command.Process.Kill() // it may have ended by itself
	_ = p.command.Wait()         // and how is of no interest beside why
	if lines := strings.Fields(strings.ReplaceAll(strings.TrimSpace(p.stderr.String()), "\n", " ")); len(lines) > 0 {
		said := strings.Join(lines, " ")
		why += lost("; " + said[max(0, len(said)-300):])
	}
	return why
}

// quit ends the process in peace.
func (p *process) quit(ctx context.Context) error {
	if _, err := p.ask(ctx, time.Minute, request{Do: "quit"}); err != nil {
		return err
	}
	<-p.failed // the end of its output
	return p.command.Wait()
}
