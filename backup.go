package oxidb

import (
	"context"
	"strings"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Backup copies the database, while it is used, into a directory of backups, as BACKUP TO does. Segments
// that an earlier backup has brought there are not copied again. Progress, which may be nil, is told of
// bytes dealt with.
func (db *DB) Backup(ctx context.Context, dir string, progress func(what string, done, total int64)) (*backup.Result, error) {
	return backup.Run(ctx, db.store, dir, backup.Options{Version: Version, Progress: progress})
}

// Check reads all files of the database, while it is used, and compares them with their checksums and
// statistics, as CALL oxidb_check() does. The report tells what is damaged.
func (db *DB) Check(ctx context.Context, o mvcc.CheckOptions) (*mvcc.CheckReport, error) {
	return db.store.Check(ctx, o)
}

// Archive copies everything committed so far to the archive directory now; without one it does nothing.
func (db *DB) Archive(ctx context.Context) error { return db.store.ArchiveNow(ctx) }

// Losses tells what opening with Options.Quarantine has put aside; nothing when all was sound.
func (db *DB) Losses() []mvcc.Loss { return db.store.Losses() }

// Archive sets Options.Archive.
func Archive(dir string) func(*Options) { return func(o *Options) { o.Archive = dir } }

// ReadOnly sets Options.ReadOnly.
func ReadOnly() func(*Options) { return func(o *Options) { o.ReadOnly = true } }

// Quarantine sets Options.Quarantine.
func Quarantine() func(*Options) { return func(o *Options) { o.Quarantine = true } }

func backupColumns() ([]string, []types.Type) {
	return []string{"backup", "version", "files", "bytes", "copied_bytes"}, []types.Type{types.TText, types.TBigInt, types.TBigInt, types.TBigInt, types.TBigInt}
}

// backup runs BACKUP TO.
func (s *Session) backup(ctx context.Context, stmt *ast.Backup) (*Result, error) {
	if s.txn != nil {
		return nil, sqlerr.At(sqlerr.ActiveTransaction, int(stmt.Pos), int(stmt.End), "BACKUP cannot run inside a transaction block")
	}
	r, err := s.db.Backup(ctx, stmt.To, nil)
	if err != nil {
		return nil, err
	}
	names, _ := backupColumns()
	return vectorsResult("BACKUP", names, textVector([]string{r.Set.Name}), bigintVector(int64(r.Set.Version)),
		bigintVector(int64(len(r.Set.Files))), bigintVector(r.Set.Bytes()), bigintVector(r.CopiedBytes)), nil
}

// bigintVector is a column of one row.
func bigintVector(value int64) *columnar.Vector {
	return &columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: 1, I64: []int64{value}}
}

// checkDatabase is CALL oxidb_check().
func checkDatabase(ctx context.Context, db *DB, args Arguments) error {
	if len(args.Positional)+len(args.Named) > 0 {
		return sqlerr.New(sqlerr.UndefinedFunction, "oxidb_check takes no arguments")
	}
	report, err := db.Check(ctx, mvcc.CheckOptions{})
	if err != nil || len(report.Findings) == 0 {
		return err
	}
	all := make([]string, len(report.Findings))
	for i, f := range report.Findings {
		all[i] = f.String()
	}
	return sqlerr.New(sqlerr.DataCorrupted, "the database is damaged: %d findings", len(all)).WithDetail("%s", strings.Join(all, "\n")).
		WithHint("Restore it from a backup, or open it with quarantine to go on with what is sound.")
}

// archiveNow is CALL oxidb_archive().
func archiveNow(ctx context.Context, db *DB, args Arguments) error {
	if len(args.Positional)+len(args.Named) > 0 {
		return sqlerr.New(sqlerr.UndefinedFunction, "oxidb_archive takes no arguments")
	}
	if _, on := db.store.ArchiveState(); !on {
		return sqlerr.New(sqlerr.ObjectNotInPrerequisite, "the database has no archive").WithHint("oxidb serve --archive DIRECTORY archives its log.")
	}
	return db.Archive(ctx)
}
