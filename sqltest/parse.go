package sqltest

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const maxIncludeDepth = 8

// ParseFile reads the records of a file, gunzipping names that end in .gz.
func ParseFile(path string) ([]Record, error) { return parseFile(path, 0) }

func parseFile(path string, depth int) ([]Record, error) {
	if depth > maxIncludeDepth {
		return nil, fmt.Errorf("%s: includes nest deeper than %d", path, maxIncludeDepth)
	}
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parse(path, text, depth)
}

func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return "", fmt.Errorf("reading %s: %w", path, err)
		}
	}
	text, err := io.ReadAll(in)
	return string(text), err
}

// Parse reads the records of text; path names the file in messages and anchors its includes.
func Parse(path, text string) ([]Record, error) { return parse(path, text, 0) }

func parse(path, text string, depth int) ([]Record, error) {
	p := &parser{path: path, lines: splitLines(text), depth: depth}
	if err := p.block(len(p.lines)); err != nil {
		return nil, err
	}
	return p.records, nil
}

func splitLines(text string) []string {
	return strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

type parser struct {
	path      string
	lines     []string
	pos       int // index of the next line
	depth     int
	variables []string // old, new, old, new ... of the enclosing loops
	replace   *strings.Replacer
	pending   Record // conditions and connection for the next record
	threshold int
	records   []Record
}

func (p *parser) next() string {
	line := strings.TrimRight(p.lines[p.pos], " \t")
	p.pos++
	if p.replace != nil {
		line = p.replace.Replace(line)
	}
	return line
}

func (p *parser) fail(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.path, line, fmt.Sprintf(format, args...))
}

// block reads the lines up to index end.
func (p *parser) block(end int) error {
	for p.pos < end {
		line := p.next()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := p.record(strings.Fields(line), line, end); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) record(words []string, line string, end int) error {
	at := p.pos
	switch words[0] {
	case "statement":
		return p.statement(words, line, end)
	case "query":
		return p.query(words, end)
	case "halt":
		p.add(Record{Line: at, Kind: Halt})
		return nil
	case "endloop":
		return p.fail(at, "endloop without loop")
	case "loop", "foreach":
		return p.loop(words, end)
	}
	if len(words) != 2 {
		return p.fail(at, "unknown record %q", line)
	}
	return p.control(words[0], words[1])
}

// control reads the one-word settings of the records that follow.
func (p *parser) control(word, argument string) (err error) {
	switch word {
	case "skipif":
		p.pending.Skip = append(p.pending.Skip, argument)
	case "onlyif":
		p.pending.Only = append(p.pending.Only, argument)
	case "connection":
		p.pending.Conn = argument
	case "hash-threshold":
		if p.threshold, err = strconv.Atoi(argument); err != nil {
			return p.fail(p.pos, "hash-threshold wants a number, not %q", argument)
		}
	case "include":
		return p.include(argument)
	default:
		return p.fail(p.pos, "unknown record %q", word+" "+argument)
	}
	return nil
}

func (p *parser) include(name string) error {
	records, err := parseFile(filepath.Join(filepath.Dir(p.path), name), p.depth+1)
	if err != nil {
		return p.fail(p.pos, "including: %v", err)
	}
	for i := range records {
		records[i].rewritable = false
	}
	p.records = append(p.records, records...)
	return nil
}

// add completes a record with what was said before it.
func (p *parser) add(r Record) {
	r.File, r.hashThreshold = p.path, p.threshold
	r.Skip, r.Only, r.Conn = p.pending.Skip, p.pending.Only, p.pending.Conn
	r.rewritable = p.replace == nil
	p.pending = Record{}
	p.records = append(p.records, r)
}

// until collects lines up to a blank line, or one that is ---- when dashes is set; it reports which.
func (p *parser) until(end int, dashes bool) (lines []string, sawDashes bool) {
	for p.pos < end {
		line := p.next()
		if line == "" {
			p.pos--
			return lines, false
		}
		if dashes && line == "----" {
			return lines, true
		}
		lines = append(lines, line)
	}
	return lines, false
}

var stateWord = regexp.MustCompile(`^[0-9A-Z]*[0-9][0-9A-Z]*$`)

func (p *parser) statement(words []string, line string, end int) (err error) {
	r := Record{Line: p.pos}
	switch {
	case len(words) == 2 && words[1] == "ok":
		r.Kind = StatementOK
	case len(words) == 3 && words[1] == "count":
		r.Kind = StatementCount
		if r.Count, err = strconv.ParseInt(words[2], 10, 64); err != nil {
			return p.fail(p.pos, "statement count wants a number, not %q", words[2])
		}
	case len(words) >= 2 && words[1] == "error":
		r.Kind = StatementError
		if err := p.wantedError(&r, line); err != nil {
			return err
		}
	default:
		return p.fail(p.pos, "unknown record %q", line)
	}
	sql, _ := p.until(end, false)
	if len(sql) == 0 {
		return p.fail(r.Line, "record without SQL")
	}
	r.SQL = strings.Join(sql, "\n")
	p.add(r)
	return nil
}

// wantedError reads "statement error [SQLSTATE] [regular expression]".
func (p *parser) wantedError(r *Record, line string) error {
	_, want, _ := strings.Cut(line, "error")
	want = strings.TrimSpace(want)
	first, rest, _ := strings.Cut(want, " ")
	if len(first) == 5 && stateWord.MatchString(first) {
		r.State, want = first, strings.TrimSpace(rest)
	}
	if want == "" {
		return nil
	}
	pattern, err := regexp.Compile(want)
	if err != nil {
		return p.fail(p.pos, "%v", err)
	}
	r.Message = pattern
	return nil
}

func (p *parser) query(words []string, end int) error {
	r := Record{Line: p.pos, Kind: Query}
	if len(words) < 2 || words[1] != "?" && strings.Trim(words[1], "IRT") != "" {
		return p.fail(p.pos, "query wants column types of I, R and T")
	}
	r.Types = words[1]
	for _, word := range words[2:] {
		if !r.option(word) {
			return p.fail(p.pos, "query has two labels, %q and %q", r.Label, word)
		}
	}
	sql, sawDashes := p.until(end, true)
	if len(sql) == 0 || !sawDashes {
		return p.fail(r.Line, "query wants SQL and a line ---- before its result")
	}
	r.SQL = strings.Join(sql, "\n")
	r.wantStart = p.pos
	r.Want, _ = p.until(end, false)
	r.wantEnd = r.wantStart + len(r.Want)
	p.add(r)
	return nil
}

// option takes one word after the types; false when it is a second label.
func (r *Record) option(word string) bool {
	switch word {
	case "nosort":
		r.Sort = NoSort
	case "rowsort":
		r.Sort = RowSort
	case "valuesort":
		r.Sort = ValueSort
	case "colnames":
		r.ColNames = true
	case "coltypes":
		r.ColTypes = true
	default:
		if r.Label != "" {
			return false
		}
		r.Label = word
	}
	return true
}

// loop reads the body once for each value, with the variable replaced in every line.
func (p *parser) loop(words []string, end int) error {
	at, body := p.pos, p.pos
	stop, ok := p.endOfLoop(end)
	if !ok {
		return p.fail(at, "%s without endloop", words[0])
	}
	values, err := loopValues(words)
	if err != nil {
		return p.fail(at, "%v", err)
	}
	outerVariables, outerReplace := p.variables, p.replace
	for _, value := range values {
		p.pos = body
		p.variables = append(outerVariables[:len(outerVariables):len(outerVariables)],
			"${"+words[1]+"}", value, "$"+words[1], value)
		p.replace = strings.NewReplacer(p.variables...)
		if err := p.block(stop); err != nil {
			return err
		}
	}
	p.variables, p.replace, p.pos = outerVariables, outerReplace, stop+1
	return nil
}

// endOfLoop gives the index of the endloop that closes the loop before the current line.
func (p *parser) endOfLoop(end int) (int, bool) {
	depth := 1
	for i := p.pos; i < end; i++ {
		words := strings.Fields(p.lines[i])
		switch {
		case len(words) == 0:
		case words[0] == "loop" || words[0] == "foreach":
			depth++
		case words[0] == "endloop":
			if depth--; depth == 0 {
				return i, true
			}
		}
	}
	return 0, false
}

func loopValues(words []string) ([]string, error) {
	if words[0] == "foreach" && len(words) > 2 {
		return words[2:], nil
	}
	if words[0] != "loop" || len(words) != 4 {
		return nil, fmt.Errorf("want \"loop VAR FROM TO\" or \"foreach VAR VALUE...\"")
	}
	from, err := strconv.Atoi(words[2])
	if err != nil {
		return nil, err
	}
	to, err := strconv.Atoi(words[3])
	if err != nil {
		return nil, err
	}
	var values []string
	for i := from; i < to; i++ {
		values = append(values, strconv.Itoa(i))
	}
	return values, nil
}
