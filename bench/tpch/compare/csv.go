package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch"
	"github.com/oxidb/oxidb/bench/tpch/dbgen"
	"github.com/oxidb/oxidb/bench/tpch/runner"
)

// CSV loads lineitem from a CSV file into a fresh table of OxiDB and of DuckDB, checkpoint included, and
// gives the milliseconds. The file, beside the other data, is made when it is missing.
func CSV(ctx context.Context, o Options) (own, peer float64, err error) {
	d := newDataset(&o, PlainVariant)
	folder, err := made(o.Data+"-csv", func(dir string) error {
		o.progress("writing CSV", 0, 0)
		return tpch.WriteFiles(ctx, dir, o.Scale, tpch.CSV, dbgen.Lineitem)
	})
	if err != nil {
		return 0, 0, err
	}
	work, err := os.MkdirTemp(filepath.Dir(folder), "csv-load-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	lineitem := d.tables("")[dbgen.Lineitem]
	file := filepath.Join(folder, "lineitem.csv")
	theirs, err := peerCSV(ctx, o.command("duckdb"), request{Do: "load_csv", Directory: work, File: file, Table: &lineitem})
	if err != nil {
		return 0, 0, err
	}
	own, rows, err := ownCSV(ctx, filepath.Join(work, Own), file, lineitem)
	if err == nil && rows != theirs.Rows {
		err = fmt.Errorf("%w: loaded %d rows, DuckDB %d", runner.ErrWrongAnswer, rows, theirs.Rows)
	}
	return own, theirs.Millis, err
}

func peerCSV(ctx context.Context, command []string, r request) (reply, error) {
	p, err := start(ctx, command)
	if err != nil {
		return reply{}, err
	}
	if p.Missing != "" {
		return reply{}, fmt.Errorf("duckdb: %s", p.Missing)
	}
	answer, err := p.ask(ctx, time.Hour, r)
	if err != nil {
		return reply{}, err
	}
	return answer, p.quit(ctx)
}

func ownCSV(ctx context.Context, dir, file string, t table) (elapsed float64, rows int64, err error) {
	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Exec(ctx, t.DDL); err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	rows, err = db.Exec(ctx, fmt.Sprintf("COPY %s FROM '%s' (FORMAT csv, HEADER)", t.Name, file))
	if err != nil {
		return 0, 0, err
	}
	err = db.Checkpoint(ctx)
	return millis(begin), rows, err
}
