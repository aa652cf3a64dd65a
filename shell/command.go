package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// command describes a backslash command. arg is the rest of the line, trimmed.
type command struct {
	name, alias, args, help string
	run                     func(s *Shell, ctx context.Context, arg string) error
}

// commands lists the backslash commands; alias is the spelling with a dot.
func commands() []command {
	return []command{
		{`\?`, ".help", "", "show this list", func(s *Shell, _ context.Context, _ string) error { s.help(); return nil }},
		{`\q`, ".quit", "", "leave the shell", func(*Shell, context.Context, string) error { return errQuit }},
		{`\c`, ".open", "TARGET", "open another database: a directory, :memory: or grpc://host:port", (*Shell).connect},
		{`\d`, ".schema", "[NAME]", "list tables and views, or describe one", (*Shell).describe},
		{`\dt`, ".tables", "[PATTERN]", "list tables; patterns have * and ?, and may have a schema", listing(tableListing)},
		{`\dv`, "", "[PATTERN]", "list views", listing(viewListing)},
		{`\di`, ".indexes", "[PATTERN]", "list indexes", listing(indexListing)},
		{`\dn`, "", "[PATTERN]", "list schemas", listing(schemaListing)},
		{`\l`, ".databases", "", "list databases", listing(databaseListing)},
		{`\i`, ".read", "FILE", "run the statements and commands of a file", func(s *Shell, ctx context.Context, arg string) error { return s.include(ctx, arg) }},
		{`\o`, ".output", "[FILE]", "write rows to a file, or back to the terminal", func(s *Shell, _ context.Context, arg string) error { return s.redirect(arg) }},
		{`\mode`, ".mode", "[MODE]", "set the output mode: " + strings.Join(modeNames(), ", "), (*Shell).setMode},
		{`\x`, "", "[on|off]", "show each row as a record of lines", toggle("expanded display", func(s *Shell) *bool { return &s.expanded })},
		{`\timing`, ".timer", "[on|off]", "always show row counts and times", toggle("timing", func(s *Shell) *bool { return &s.timing })},
		{`\null`, ".nullvalue", "TEXT", "set what stands for NULL in tables", func(s *Shell, _ context.Context, arg string) error { s.null = arg; return nil }},
		{`\rows`, ".maxrows", "N", "set how many rows a table on the terminal shows; 0 is all", (*Shell).setRows},
	}
}

// isCommand reports whether a line that begins a statement is a command.
func isCommand(line string) bool {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, `\`) {
		return true
	}
	return len(line) > 1 && line[0] == '.' && line[1] >= 'a' && line[1] <= 'z'
}

// command runs a backslash command and reports its failure.
func (s *Shell) command(ctx context.Context, line string, at place) error {
	name, arg, _ := strings.Cut(strings.TrimRight(line, "; \t"), " ")
	for _, c := range commands() {
		if name != c.name && (c.alias == "" || name != c.alias) {
			continue
		}
		err := c.run(s, ctx, strings.TrimSpace(arg))
		if err == nil || errors.Is(err, errQuit) || errors.Is(err, ErrFailed) || errors.Is(err, ErrInterrupted) {
			return err
		}
		s.say("%s%s", at.before(line, 0), s.paint(red, name+": "+err.Error()))
		return ErrFailed
	}
	s.say("%s%s", at.before(line, 0), s.paint(red, fmt.Sprintf(`unknown command %s: \? lists the commands`, name)))
	return ErrFailed
}

func (s *Shell) help() {
	s.say("Statements end with a semicolon. Commands:")
	for _, c := range commands() {
		s.say("  %-18s %s%s", strings.TrimSpace(c.name+" "+c.args), c.help, aliasText(c.alias))
	}
	s.say("Keys: Tab completes, Ctrl-R searches the history, Ctrl-C cancels a statement, Ctrl-D leaves.")
}

func aliasText(alias string) string {
	if alias == "" {
		return ""
	}
	return " (also " + alias + ")"
}

// connect leaves the present database for target. When that fails the present one stays open, save
// that a directory which is opened again must be let go first.
func (s *Shell) connect(ctx context.Context, target string) error {
	switch {
	case target == "":
		s.say("connected to %s", s.db.Target())
		return nil
	case s.cfg.Connect == nil:
		return errors.New("not available here")
	case target == s.db.Target():
		return errors.New("this database is open already")
	}
	db, err := s.cfg.Connect(ctx, target)
	if err != nil {
		return err
	}
	old := s.db
	s.db = db
	s.names.forget()
	if err := old.Close(); err != nil {
		return fmt.Errorf("closing %s: %w", old.Target(), err)
	}
	if s.chatty() {
		s.say("connected to %s", target)
	}
	return nil
}

// redirect sends rows to a file, or to the standard output again when path is empty.
func (s *Shell) redirect(path string) error {
	var next *os.File
	if path != "" {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		next = f
	}
	previous := s.file
	s.file, s.data = next, s.cfg.Out
	if next != nil {
		s.data = next
	}
	if previous != nil {
		return previous.Close()
	}
	return nil
}

func (s *Shell) setMode(_ context.Context, arg string) error {
	if arg == "" {
		s.say("output mode is %s", s.mode)
		return nil
	}
	if !knownMode(arg) {
		return fmt.Errorf("unknown output mode %q: %s", arg, strings.Join(modeNames(), ", "))
	}
	s.mode = arg
	return nil
}

func (s *Shell) setRows(_ context.Context, arg string) error {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a number of rows", arg)
	}
	s.maxRows = n
	return nil
}

// toggle is a command that turns a switch on or off, or over.
func toggle(what string, field func(*Shell) *bool) func(*Shell, context.Context, string) error {
	return func(s *Shell, _ context.Context, arg string) error {
		b := field(s)
		switch arg {
		case "":
			*b = !*b
		case "on", "off":
			*b = arg == "on"
		default:
			return fmt.Errorf("%q is neither on nor off", arg)
		}
		s.say("%s is %s", what, map[bool]string{true: "on", false: "off"}[*b])
		return nil
	}
}
