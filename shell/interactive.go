package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/reeflective/readline"
	"github.com/reeflective/readline/inputrc"
	"github.com/rivo/uniseg"

	"github.com/oxidb/oxidb/parser"
)

// Interactive reads statements and commands from the terminal until \q or Ctrl-D. Ctrl-C at the
// prompt drops the input, while a statement runs it cancels that. history is the file that keeps what
// was entered; empty keeps none.
func (s *Shell) Interactive(ctx context.Context, history string) error {
	rl := s.editor(history)
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	s.say(`OxiDB on %s. Statements end with a semicolon; \? lists commands, \q leaves.`, s.db.Target())
	for ctx.Err() == nil {
		text, err := rl.Readline()
		switch {
		case errors.Is(err, readline.ErrInterrupt):
			continue
		case errors.Is(err, io.EOF):
			s.say("")
			return nil
		case err != nil:
			return err
		}
		if err := s.entered(ctx, text, interrupts); errors.Is(err, errQuit) {
			return nil
		}
	}
	return ErrInterrupted
}

// entered runs what was entered; an interrupt cancels it. Failures have been shown; only \q ends.
func (s *Shell) entered(ctx context.Context, text string, interrupts <-chan os.Signal) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	select {
	case <-interrupts: // one that came too late for the statement before
	default:
	}
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-interrupts:
			cancel()
		case <-ctx.Done():
		}
	}()
	defer func() { cancel(); <-over }()
	return s.script(ctx, strings.NewReader(text), "")
}

// editor sets the line editor up.
func (s *Shell) editor(history string) *readline.Shell {
	rl := readline.NewShell()
	s.configure(rl.Config)
	rl.Prompt.Primary(func() string { return s.prompt() })
	rl.Prompt.Secondary(func() string { return "" })
	rl.AcceptMultiline = func(line []rune) bool { return complete(string(line)) }
	rl.SyntaxHighlighter = func(line []rune) string {
		text := string(line)
		room := makeRoom(text, uniseg.StringWidth(s.promptText()), s.cfg.Width())
		if s.cfg.Color {
			text = highlight(text)
		}
		return room + text
	}
	rl.Completer = func(line []rune, cursor int) readline.Completions { return s.completions(string(line[:cursor])) }
	if history != "" {
		if source, err := openHistory(history); err != nil {
			s.say("no history: %v", err)
		} else {
			rl.History.Add("history", source)
		}
	}
	return rl
}

// configure sets what the shell relies on, and what it prefers where ~/.inputrc says nothing.
func (s *Shell) configure(c *inputrc.Config) {
	// Asking the terminal where the cursor stands loses keys that are typed or pasted meanwhile. The
	// prompt begins at the left edge, so its width says the same.
	err := c.Set("cursor-position-probe", false)
	// Tab inserts the first candidate and lists all, the next ones go through the list.
	err = errors.Join(err, c.Set("completion-ignore-case", true))
	for _, keymap := range []string{"emacs", "emacs-standard", "vi-insert"} {
		if c.Binds[keymap]["\t"].Action == "complete" {
			err = errors.Join(err, c.Bind(keymap, "\t", "menu-complete", false))
		}
	}
	if err != nil {
		s.say("line editor: %v", err)
	}
}

// makeRoom is what to print where an input begins, so that the terminal has the rows that the input
// takes and one more below it: vertical tabs, which scroll at the bottom, and the way back up. The
// editor counts on those rows.
func makeRoom(text string, indent, width int) string {
	rows := 1
	for _, line := range strings.Split(text, "\n") {
		rows++
		if width > 0 {
			rows += (indent + uniseg.StringWidth(line)) / width
		}
	}
	return strings.Repeat("\v", rows-1) + fmt.Sprintf("\x1b[%dA", rows-1)
}

func (s *Shell) prompt() string { return s.paint(bold, s.promptText()) }

// promptText shows the database's name and the state of the transaction.
func (s *Shell) promptText() string {
	name := s.db.Target()
	if !IsRemote(name) && !strings.HasPrefix(name, ":") {
		name = filepath.Base(name)
	}
	return name + s.db.Transaction() + "> "
}

// complete reports whether an input can run: a command, or statements up to a last semicolon.
func complete(text string) bool {
	if isCommand(text) {
		return true
	}
	_, done := parser.Split(text)
	return done
}

func openHistory(path string) (readline.History, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return readline.NewHistoryFromFile(path)
}

// HistoryFile is where the history lies: OXIDB_HISTORY, or oxidb/history among the user's state.
// OXIDB_HISTORY set to nothing keeps none.
func HistoryFile() string {
	if path, ok := os.LookupEnv("OXIDB_HISTORY"); ok {
		return path
	}
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "oxidb", "history")
}

// highlight colours a statement being edited.
func highlight(text string) string {
	if isCommand(text) {
		return colored(cyan, text)
	}
	var b strings.Builder
	at := 0
	for x := range parser.Scan(text) {
		b.WriteString(text[at:x.Pos])
		token := text[x.Pos:x.End]
		if c, ok := lexemeColors[x.Class]; ok {
			token = c + token + reset
		}
		b.WriteString(token)
		at = x.End
	}
	return b.String() + text[at:]
}

var lexemeColors = map[parser.LexemeClass]string{
	parser.KeywordLexeme: blue, parser.StringLexeme: green, parser.NumberLexeme: magenta, parser.ParameterLexeme: yellow,
	parser.CommentLexeme: dim, parser.InvalidLexeme: red,
}
