package oxidb

import (
	"strconv"
	"strings"
	"time"

	"github.com/oxidb/oxidb/plan/optimize"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// settings are a session's parameters, by name; values are the text that SHOW prints.
type settings map[string]string

// setting describes a parameter: check gives the canonical text of a new value.
type setting struct {
	name, initial, doc string
	check              func(string) (string, error)
}

// database reports a setting that belongs to the database: ALTER SYSTEM alone changes it.
func (k *setting) database() bool { return k.name == retentionName || k.name == maxRunningName }

func knownSettings() []setting {
	return []setting{
		{"application_name", "", "Name of the client, for the server's lists.", anyText},
		{"client_encoding", "UTF8", "Always UTF8.", only("UTF8")},
		{"datestyle", "ISO, MDY", "Always ISO, MDY.", only("ISO, MDY")},
		{"default_transaction_deferrable", "off", "Accepted for PostgreSQL's clients: no transaction ever waits for a snapshot.", onOff},
		{"default_transaction_isolation", snapshotName, "Isolation of new transactions: repeatable read, which is snapshot isolation, or serializable.", isolationName},
		{"default_transaction_read_only", "off", "New transactions may only read.", onOff},
		{"disabled_rules", "", "Optimizer rules to leave out, comma separated (for tests).", rules},
		{"enable_indexscan", "on", "Whether scans may find rows through indexes.", onOff},
		{"enable_seqscan", "on", "off reads through an index wherever one can help, whatever it costs.", onOff},
		{"extra_float_digits", "1", "Accepted for PostgreSQL's clients; floats are always printed exactly.", number(-15, 3)},
		{"force_spill", "off", "Makes operators use temporary files as often as they can (for tests).", onOff},
		{"idle_in_transaction_session_timeout", "0", "Milliseconds (or with unit: 5min) after which a transaction block that waits for its client is rolled back; 0 is never.", duration},
		{"intervalstyle", "postgres", "Always postgres.", only("postgres")},
		{maxRunningName, "4", "Queries of many rows that run at once; others wait. ALTER SYSTEM changes it.", number(1, 1000)},
		{memoryLimitName, "0", "Memory for one query of this session, as bytes or with unit (256MiB); 0 is the database's limit, which ALTER SYSTEM changes.", size},
		retentionSetting(),
		{"query_priority", "normal", "Whose turn it is when queries wait for others: low, normal or high.", only("low", "normal", "high")},
		{"queue_timeout", "300000", "Milliseconds (or with unit: 5min) that a query waits for others to end; 0 is as long as it takes.", duration},
		{"search_path", "public", "Schemas in which names are looked up.", anyText},
		{"server_version", Version, "Version of OxiDB.", only(Version)},
		{"standard_conforming_strings", "on", "Always on.", only("on")},
		{"statement_timeout", "0", "Milliseconds (or with unit: 5s) after which a statement is cancelled; 0 is never.", duration},
		{"synchronous_commit", "on", "Whether a commit waits until it is on disk: on, or off.", commitMode},
		{"temp_directory_limit", "0", "Temporary files for one query of this session, as bytes or with unit (10GB); 0 is the database's limit.", size},
		{"threads", "", "Workers of a query.", number(1, 1024)},
		{"timezone", "UTC", "Time zone in which timestamptz is read and shown.", zone},
		{"transaction_deferrable", "off", "Whether the current transaction is deferrable.", onOff},
		{"transaction_isolation", snapshotName, "Isolation of the current transaction.", isolationName},
		{"transaction_read_only", "off", "Whether the current transaction may only read.", onOff},
		{"transaction_timeout", "0", "Milliseconds (or with unit: 1h) after which a transaction is rolled back; 0 is never.", duration},
	}
}

func defaultSettings(threads int) settings {
	s := settings{}
	for _, k := range knownSettings() {
		s[k.name] = k.initial
	}
	s["threads"] = strconv.Itoa(threads)
	return s
}

// aliasedSettings are other spellings of a setting's name.
var aliasedSettings = map[string]string{"time zone": "timezone", "max_threads": "threads"}

func lookupSetting(name string) (*setting, error) {
	name = strings.ToLower(name)
	if a, ok := aliasedSettings[name]; ok {
		name = a
	}
	for _, k := range knownSettings() {
		if k.name == name {
			return &k, nil
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedObject, "unrecognized configuration parameter %q", name).WithHint("SHOW ALL lists the parameters.")
}

func (s settings) set(name, value string) error {
	k, err := lookupSetting(name)
	if err != nil {
		return err
	}
	if k.database() {
		return sqlerr.New(sqlerr.CantChangeRuntimeParam, "parameter %q cannot be changed in a session", k.name).
			WithHint("ALTER SYSTEM SET %s = … changes it for the database.", k.name)
	}
	text, err := k.text(value)
	if err == nil {
		s[k.name] = text
	}
	return err
}

// text is the canonical text of a new value.
func (k *setting) text(value string) (string, error) {
	text, err := k.check(value)
	if err != nil {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter %q: %q", k.name, value).WithDetail("%s", err.Error())
	}
	return text, nil
}

func (s settings) clone() settings {
	c := make(settings, len(s))
	for k, v := range s {
		c[k] = v
	}
	return c
}

func (s settings) integer(name string) int64 {
	n, _ := strconv.ParseInt(s[name], 10, 64) // checked when it was set
	return n
}

func (s settings) location() *time.Location {
	loc, err := types.LoadLocation(s["timezone"])
	if err != nil {
		return time.UTC
	}
	return loc
}

// millis is a setting that duration checked.
func (s settings) millis(name string) time.Duration {
	return time.Duration(s.integer(name)) * time.Millisecond
}

func (s settings) disabled() map[string]bool {
	off := map[string]bool{}
	for _, r := range strings.Split(s["disabled_rules"], ",") {
		if r = strings.TrimSpace(r); r != "" {
			off[r] = true
		}
	}
	if s["enable_indexscan"] == "off" {
		off["access_paths"] = true
	}
	return off
}

type settingError string

func (e settingError) Error() string { return string(e) }

func anyText(v string) (string, error) { return v, nil }

func only(values ...string) func(string) (string, error) {
	return func(v string) (string, error) {
		for _, allowed := range values {
			if strings.EqualFold(strings.ReplaceAll(v, " ", ""), strings.ReplaceAll(allowed, " ", "")) {
				return values[0], nil
			}
		}
		return "", settingError("Possible values: " + strings.Join(values, ", ") + ".")
	}
}

// commitMode takes PostgreSQL's levels of synchronous_commit. There are no standby servers: all but off
// mean the same.
func commitMode(v string) (string, error) {
	switch level := strings.ToLower(strings.TrimSpace(v)); level {
	case "local", "remote_write", "remote_apply":
		return level, nil
	}
	if v, err := onOff(v); err == nil {
		return v, nil
	}
	return "", settingError("Possible values: on, off, local, remote_write, remote_apply.")
}

// asyncCommit reports whether commits do not wait for the disk.
func (s settings) asyncCommit() bool { return s["synchronous_commit"] == "off" }

// onOff takes PostgreSQL's spellings of a boolean.
func onOff(v string) (string, error) {
	switch strings.ToLower(v) {
	case "on", "true", "yes", "1", "t", "y":
		return "on", nil
	case "off", "false", "no", "0", "f", "n":
		return "off", nil
	}
	return "", settingError("Possible values: on, off.")
}

func number(lo, hi int64) func(string) (string, error) {
	return func(v string) (string, error) {
		n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		if err != nil || n < lo || n > hi {
			return "", settingError("Expected a number from " + strconv.FormatInt(lo, 10) + " to " + strconv.FormatInt(hi, 10) + ".")
		}
		return strconv.FormatInt(n, 10), nil
	}
}

func zone(v string) (string, error) {
	loc, err := types.LoadLocation(v)
	if err != nil {
		return "", settingError("Expected UTC, an offset like +02 or a name like Europe/Berlin.")
	}
	return loc.String(), nil
}

func duration(v string) (string, error) {
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
		return v, nil
	}
	d, err := time.ParseDuration(strings.ReplaceAll(strings.ReplaceAll(v, " ", ""), "min", "m"))
	if err != nil || d < 0 {
		return "", settingError("Expected milliseconds, or a number with ms, s, min or h.")
	}
	return strconv.FormatInt(d.Milliseconds(), 10), nil
}

// sizeUnits are decimal and binary multiples, longest suffix first.
var sizeUnits = []struct {
	suffix string
	bytes  float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1}, {"", 1},
}

func size(v string) (string, error) {
	n, err := ParseBytes(v)
	return strconv.FormatInt(n, 10), err
}

// ParseBytes reads a number of bytes with or without a unit: 1024, 256MiB, 1.5 GB. Anything else is
// error 22023.
func ParseBytes(v string) (int64, error) {
	text := strings.ToLower(strings.ReplaceAll(v, " ", ""))
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(text, u.suffix); ok {
			n, err := strconv.ParseFloat(rest, 64)
			if err != nil || n < 0 {
				break
			}
			return int64(n * u.bytes), nil
		}
	}
	return 0, settingError("Expected bytes, or a number with KiB, MiB, GiB, KB, MB or GB.")
}

func rules(v string) (string, error) {
	known := map[string]bool{}
	for _, r := range optimize.Rules() {
		known[r.Name] = true
	}
	for _, name := range strings.Split(v, ",") {
		if name = strings.TrimSpace(name); name != "" && !known[name] {
			return "", settingError("There is no optimizer rule " + strconv.Quote(name) + ".")
		}
	}
	return v, nil
}
