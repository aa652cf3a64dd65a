package oxidb

import (
	"strings"
	"time"

	"github.com/oxidb/oxidb/parser/ast"
)

// sessionSettings are a session's settings, with what statements ask of them: texts are read once after
// a change, not by every statement, and by no session that leaves them as they are.
type sessionSettings struct {
	settings
	read   *readSettings // nil after a change
	shared bool          // settings is the database's, to be copied before it is changed
}

// readSettings is what statements ask of the settings. It is immutable.
type readSettings struct {
	modes              modes // of new transactions
	statementTimeout   time.Duration
	transactionTimeout time.Duration
	idleTimeout        time.Duration
	memoryLimit        int64
	tempLimit          int64
	threads            int
	forceSpill         bool
	asyncCommit        bool
	location           *time.Location
	application        string
	searchPath         []string
	// bound are the settings that binding and planning depend on.
	bound string
}

// values gives what statements ask for.
func (s *sessionSettings) values() *readSettings {
	if s.read == nil {
		t := s.settings
		s.read = &readSettings{
			modes:            t.defaultModes(),
			statementTimeout: t.millis("statement_timeout"), transactionTimeout: t.millis("transaction_timeout"), idleTimeout: t.millis("idle_in_transaction_session_timeout"),
			memoryLimit: t.integer("memory_limit"), tempLimit: t.integer("temp_directory_limit"), threads: int(t.integer("threads")),
			forceSpill: t["force_spill"] == "on", asyncCommit: t.asyncCommit(), location: t.location(), application: t["application_name"],
			searchPath: t.searchPath(),
			bound:      strings.Join([]string{t["search_path"], t["timezone"], t["disabled_rules"], t["enable_seqscan"], t["enable_indexscan"]}, "\x00"),
		}
	}
	return s.read
}

// own makes the settings the session's own, to be changed.
func (s *sessionSettings) own() {
	if s.read = nil; s.shared {
		s.settings, s.shared = s.settings.clone(), false
	}
}

// set is settings.set.
func (s *sessionSettings) set(name, value string) error {
	s.own()
	return s.settings.set(name, value)
}

// reset gives a setting the value that it has in to.
func (s *sessionSettings) reset(name string, to settings) {
	s.own()
	s.settings[name] = to[name]
}

// setDefaults is settings.setDefaults.
func (s *sessionSettings) setDefaults(named ast.TransactionModes) {
	s.own()
	s.settings.setDefaults(named)
}

// searchPath lists the schemas of search_path.
func (s settings) searchPath() []string {
	var path []string
	for _, schema := range strings.Split(s["search_path"], ",") {
		if schema = strings.Trim(strings.TrimSpace(schema), `"`); schema != "" && schema != "$user" {
			path = append(path, schema)
		}
	}
	return path
}
