package shell

import (
	"context"
	"sort"
	"strings"
	"time"
	"unicode"

	"github.com/reeflective/readline"

	"github.com/oxidb/oxidb/parser"
)

// completionTimeout bounds the catalog query behind a Tab.
const completionTimeout = 500 * time.Millisecond

// nameCache holds the names that the catalog knows, until a statement may have changed them.
type nameCache struct {
	known  bool
	tables map[string][]string // columns by table
}

func (c *nameCache) forget() { c.known = false }

// changesNames reports whether a statement of that tag may change the catalog's names.
func changesNames(tag string) bool {
	first, _, _ := strings.Cut(tag, " ")
	switch first {
	case "CREATE", "DROP", "ALTER", "ROLLBACK", "CALL", "SET", "RESET", "DISCARD":
		return true
	}
	return false
}

// columns gives the columns by table. Where they cannot be read there are none: completion is silent.
func (s *Shell) columns() map[string][]string {
	if s.names.known {
		return s.names.tables
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionTimeout)
	defer cancel()
	tables := map[string][]string{}
	if s.db.Transaction() != "!" { // a failed transaction refuses queries
		rows, err := s.texts(ctx, "SELECT table_name, column_name FROM information_schema.columns ORDER BY ordinal_position")
		if err != nil {
			return tables
		}
		for _, r := range rows {
			tables[r[0]] = append(tables[r[0]], r[1])
		}
		s.names.known, s.names.tables = true, tables
	}
	return tables
}

// completions proposes what may stand at the end of text, which is what precedes the cursor. The editor
// completes what lies between spaces, so a value has what stands before the word in it, as the count(
// of count(price: only the word is displayed.
func (s *Shell) completions(text string) readline.Completions {
	before, prefix := lastWord(text)
	ahead := before[strings.LastIndexAny(before, " \t\n")+1:]
	var all []readline.Completion
	for _, g := range s.candidates(text, before, prefix) {
		for _, w := range g.words {
			all = append(all, readline.Completion{Value: ahead + w, Display: w, Tag: g.title})
		}
	}
	found := readline.CompleteRaw(all)
	found.PREFIX = ahead + prefix
	return found
}

// wordGroup is a list of proposals under a title.
type wordGroup struct {
	title string
	words []string
}

// candidates finds commands at the beginning, columns after "table.", else columns of the statement's
// tables, tables and keywords.
func (s *Shell) candidates(text, before, prefix string) []wordGroup {
	if isCommand(text) && !strings.Contains(strings.TrimSpace(text), " ") && !strings.HasSuffix(text, " ") {
		return []wordGroup{{"commands", matching(commandNames(), prefix)}}
	}
	tables := s.columns()
	if rest, ok := strings.CutSuffix(before, "."); ok {
		_, table := lastWord(rest)
		return []wordGroup{{"columns", matching(tables[fold(table)], prefix)}}
	}
	var names, columns []string
	mentioned := words(text)
	for t, cols := range tables {
		names = append(names, t)
		if mentioned[t] {
			columns = append(columns, cols...)
		}
	}
	groups := []wordGroup{{"columns", matching(columns, prefix)}, {"tables", matching(names, prefix)}}
	if prefix != "" && !isCommand(text) {
		groups = append(groups, wordGroup{"keywords", matching(keywords(prefix), prefix)})
	}
	return groups
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
		if c.alias != "" {
			names = append(names, c.alias)
		}
	}
	return names
}

// words are the identifiers of a text.
func words(text string) map[string]bool {
	found := map[string]bool{}
	for x := range parser.Scan(text) {
		if x.Class == parser.WordLexeme || x.Class == parser.KeywordLexeme {
			found[fold(text[x.Pos:x.End])] = true
		}
	}
	return found
}

// keywords are SQL's, in the case that prefix is typed in.
func keywords(prefix string) []string {
	upper := unicode.IsUpper([]rune(prefix)[0])
	var list []string
	for _, k := range parser.Keywords() {
		if upper {
			list = append(list, strings.ToUpper(k.Word))
		} else {
			list = append(list, k.Word)
		}
	}
	return list
}

// matching gives the words that begin with prefix, sorted, each once.
func matching(words []string, prefix string) []string {
	var found []string
	taken := map[string]bool{}
	for _, w := range words {
		if len(w) >= len(prefix) && strings.EqualFold(w[:len(prefix)], prefix) && !taken[w] {
			taken[w] = true
			found = append(found, w)
		}
	}
	sort.Strings(found)
	return found
}

// lastWord cuts the word at the end of text off.
func lastWord(text string) (before, word string) {
	at := strings.LastIndexFunc(text, func(r rune) bool {
		return !(r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r))
	}) + 1
	if at > 0 && isCommand(text) && strings.TrimSpace(text[:at]) == text[at-1:at] {
		at-- // the backslash or dot belongs to the command
	}
	return text[:at], text[at:]
}
