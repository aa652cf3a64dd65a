package oxidb

import (
	"context"
	"strings"
	"time"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// retentionName is the setting of how long the past can be read.
const retentionName = "oxidb.retention"

// defaultRetention is that of a database with a directory; one in memory keeps none.
const defaultRetention = time.Hour

// keepAll is the retention while a database is being opened: what is to be kept is not known before its
// settings are read.
const keepAll = 100 * 365 * 24 * time.Hour

func retentionSetting() setting {
	return setting{name: retentionName, doc: "How long earlier versions can be read: AS OF, oxidb_history. ALTER SYSTEM changes it.", check: retentionText}
}

func retentionText(v string) (string, error) {
	if _, err := retentionOf(v); err != nil {
		return "", err
	}
	span, err := types.Parse(types.TInterval, v)
	if err != nil {
		return "", err
	}
	return types.Format(span), nil
}

// retentionOf reads an interval, a month of it as 30 days.
func retentionOf(text string) (time.Duration, error) {
	v, err := types.Parse(types.TInterval, text)
	if err != nil {
		return 0, settingError("Expected an interval, such as 1 hour or 7 days.")
	}
	days := int64(v.Span.Days) + 30*int64(v.Span.Months)
	const maxDays = 100 * 365
	if days < 0 || days > maxDays || v.Span.Micros < 0 || v.Span.Micros > maxDays*types.Day {
		return 0, settingError("Expected an interval from 0 to 100 years.")
	}
	return time.Duration(days)*24*time.Hour + time.Duration(v.Span.Micros)*time.Microsecond, nil
}

// databaseDefaults are the settings before any ALTER SYSTEM.
func databaseDefaults(threads int, retention time.Duration) settings {
	s := defaultSettings(threads)
	s[retentionName] = types.Format(types.Value{Type: types.TInterval, Span: types.Span{Micros: retention.Microseconds()}})
	return s
}

// retention is the retention that a database is opened with.
func (o *Options) retention(path string) time.Duration {
	switch {
	case o.Retention < 0, o.Retention == 0 && path == "":
		return 0
	case o.Retention == 0:
		return defaultRetention
	}
	return o.Retention
}

// loadSettings takes over what ALTER SYSTEM has stored. A value that this version refuses counts as
// not set.
func (db *DB) loadSettings() error {
	txn := db.store.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	view, err := db.catalog.View(txn, nil)
	if err != nil {
		return err
	}
	defaults := db.initial.clone()
	for name, value := range view.Settings() {
		if k, err := lookupSetting(name); err == nil {
			if text, err := k.text(value); err == nil {
				defaults[k.name] = text
			}
		}
	}
	keep, err := retentionOf(defaults[retentionName])
	if err != nil {
		return err
	}
	db.store.SetRetention(keep)
	db.queries.setMost(int(defaults.integer(maxRunningName)))
	db.mu.Lock()
	defer db.mu.Unlock()
	db.takeMemoryLimit(db.defaults.settings, defaults)
	db.defaults = sessionSettings{settings: defaults, shared: true}
	db.defaults.values()
	return nil
}

// startSettings are the settings that a session starts with.
func (db *DB) startSettings() sessionSettings {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.defaults
}

// alterSystem stores settings for the database: what sessions start with from now on, and at once what
// belongs to the database.
func (s *Session) alterSystem(ctx context.Context, stmt *ast.AlterSystem) error {
	if s.txn != nil {
		return sqlerr.At(sqlerr.ActiveTransaction, int(stmt.Pos), int(stmt.End), "ALTER SYSTEM cannot run inside a transaction block")
	}
	txn := s.db.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	w := s.db.catalog.Writer(txn)
	if stmt.Name == "" {
		if err := w.ResetSettings(); err != nil {
			return err
		}
	} else {
		k, err := lookupSetting(stmt.Name)
		if err != nil {
			return err
		}
		if strings.HasPrefix(k.name, "transaction_") && k.name != "transaction_timeout" {
			return sqlerr.New(sqlerr.CantChangeRuntimeParam, "parameter %q belongs to the current transaction", k.name)
		}
		value := ""
		if len(stmt.Values) > 0 {
			if value, err = settingTexts(stmt.Values); err != nil {
				return err
			}
			if value, err = k.text(value); err != nil {
				return err
			}
		}
		if err := w.SetSetting(k.name, value, len(stmt.Values) > 0); err != nil {
			return err
		}
	}
	if _, err := txn.Commit(ctx); err != nil {
		return err
	}
	return s.db.loadSettings()
}

func settingTexts(values []ast.Expr) (string, error) {
	parts := make([]string, len(values))
	for i, v := range values {
		text, err := settingText(v)
		if err != nil {
			return "", err
		}
		parts[i] = text
	}
	return strings.Join(parts, ", "), nil
}
