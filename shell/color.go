package shell

import "strings"

// Escape sequences of the colours that the shell uses.
const (
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	blue    = "\x1b[34m"
	magenta = "\x1b[35m"
	cyan    = "\x1b[36m"
	bold    = "\x1b[1m"
	dim     = "\x1b[2m"
	reset   = "\x1b[0m"
)

// paint colours talk.
func (s *Shell) paint(color, text string) string {
	if !s.cfg.Color || !s.cfg.ErrTerminal {
		return text
	}
	return colored(color, text)
}

// paintData colours what goes to the data output: only while that is the terminal.
func (s *Shell) paintData(color, text string) string {
	if !s.cfg.Color || !s.fitted() {
		return text
	}
	return colored(color, text)
}

// fitted reports whether rows are drawn for a terminal.
func (s *Shell) fitted() bool { return s.cfg.OutTerminal && s.file == nil }

// colored paints line by line, so that a cut output leaves no colour behind.
func colored(color, text string) string {
	return color + strings.ReplaceAll(text, "\n", reset+"\n"+color) + reset
}
