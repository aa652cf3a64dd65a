package shell

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/oxidb/oxidb/parser"
)

// Script runs the statements and commands of r as they come. name, which may be empty, stands with
// the line in front of what fails. The first failure ends it, unless Config.KeepGoing is set.
func (s *Shell) Script(ctx context.Context, r io.Reader, name string) error {
	err := s.script(ctx, r, name)
	if errors.Is(err, errQuit) {
		return nil
	}
	return err
}

func (s *Shell) script(ctx context.Context, r io.Reader, name string) error {
	in := script{shell: s, name: name, reader: bufio.NewReader(r), line: 1}
	for {
		text, err := in.reader.ReadString('\n')
		if err != nil && err != io.EOF {
			s.say("reading %s: %v", orInput(name), err)
			return ErrFailed
		}
		if stop := in.take(ctx, text, err == io.EOF); stop != nil {
			return stop
		}
		if err == io.EOF {
			return in.failed
		}
	}
}

// File runs a file's statements and commands.
func (s *Shell) File(ctx context.Context, path string) error {
	err := s.include(ctx, path)
	if errors.Is(err, errQuit) {
		return nil
	}
	return err
}

// include is File that passes \q on.
func (s *Shell) include(ctx context.Context, path string) error {
	if s.nesting >= maxNesting {
		s.say("%s: files include each other more than %d deep", path, maxNesting)
		return ErrFailed
	}
	f, err := os.Open(path)
	if err != nil {
		s.say("%v", err)
		return ErrFailed
	}
	defer f.Close()
	s.nesting++
	defer func() { s.nesting-- }()
	return s.script(ctx, f, path)
}

// script cuts a stream of lines into statements and commands.
type script struct {
	shell  *Shell
	name   string
	reader *bufio.Reader
	buf    strings.Builder
	line   int // where buf begins
	failed error
}

// take adds a line and runs what it completes; last tells that nothing follows.
func (in *script) take(ctx context.Context, text string, last bool) error {
	if in.blank() && isCommand(text) {
		at := in.line + strings.Count(in.buf.String(), "\n")
		in.buf.Reset()
		in.line = at + 1
		return in.judge(in.shell.command(ctx, strings.TrimSpace(text), place{in.name, at}))
	}
	in.buf.WriteString(text)
	if !last && !strings.Contains(text, ";") {
		return nil
	}
	sql := in.buf.String()
	pieces, complete := parser.Split(sql)
	for i, p := range pieces {
		if i == len(pieces)-1 && !complete && !last {
			in.keep(sql, p.Pos)
			return nil
		}
		at := in.line + strings.Count(sql[:p.Pos], "\n")
		if err := in.judge(in.shell.statement(ctx, p.Text, place{in.name, at})); err != nil {
			return err
		}
	}
	in.keep(sql, len(sql))
	return nil
}

// keep drops the text before from.
func (in *script) keep(sql string, from int) {
	in.line += strings.Count(sql[:from], "\n")
	in.buf.Reset()
	in.buf.WriteString(sql[from:])
}

// blank reports whether no statement has begun.
func (in *script) blank() bool {
	pieces, _ := parser.Split(in.buf.String())
	return len(pieces) == 0
}

// judge decides whether a failure ends the script.
func (in *script) judge(err error) error {
	if errors.Is(err, ErrFailed) && in.shell.cfg.KeepGoing {
		in.failed = err
		return nil
	}
	return err
}

func orInput(name string) string {
	if name == "" {
		return "standard input"
	}
	return name
}

// Text runs the statements and commands of a text, as -c gives it.
func (s *Shell) Text(ctx context.Context, text string) error {
	return s.Script(ctx, strings.NewReader(text), "")
}
