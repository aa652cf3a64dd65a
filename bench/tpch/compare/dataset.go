package compare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch"
	"github.com/oxidb/oxidb/bench/tpch/dbgen"
	"github.com/oxidb/oxidb/bench/tpch/runner"
)

// dataset is one variant's data in all forms that are needed. What is missing is made, once: it appears
// under its name when it is whole.
type dataset struct {
	options *Options
	variant *tpch.Variant
	base    string // OxiDB's database; other names begin with it
}

func newDataset(o *Options, variant string) *dataset {
	if variant == PlainVariant {
		return &dataset{o, tpch.Plain(), o.Data}
	}
	return &dataset{o, tpch.Renamed(o.Seed), fmt.Sprintf("%s-renamed%d", o.Data, o.Seed)}
}

// made makes a folder by filling it.
func made(dir string, fill func(dir string) error) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	partial := dir + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.MkdirAll(partial, 0o755)); err != nil {
		return "", err
	}
	if err := fill(partial); err != nil {
		return "", errors.Join(err, os.RemoveAll(partial))
	}
	return dir, os.Rename(partial, dir)
}

// own is OxiDB's database.
func (d *dataset) own(ctx context.Context) (dir string, err error) {
	if dir, err = filepath.Abs(d.base); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	have, err := runner.LoadedVariant(ctx, db, d.variant)
	if err != nil || have == d.options.Scale {
		return dir, err
	}
	if have != 0 {
		return "", fmt.Errorf("%s holds TPC-H at scale factor %g, not %g", dir, have, d.options.Scale)
	}
	err = runner.LoadVariant(ctx, db, d.variant, d.options.Scale, func(table string, done, total int64) {
		d.options.progress("loading "+table, int(done), int(total))
	})
	return dir, errors.Join(err, db.Checkpoint(ctx))
}

// source is the generator's Parquet files, which other engines load.
func (d *dataset) source(ctx context.Context) (string, error) {
	return made(d.base+"-parquet", func(dir string) error {
		d.options.progress("writing Parquet for the peers", 0, 0)
		return d.variant.WriteParquet(ctx, dir, d.options.Scale)
	})
}

// tables describes all tables with their files in a folder.
func (d *dataset) tables(dir string) []table {
	var out []table
	for i, t := range dbgen.Tables() {
		name := d.variant.Table(t)
		out = append(out, table{Name: name, Path: filepath.Join(dir, name+".parquet"), DDL: d.variant.Schema()[i]})
	}
	return out
}

// store is a peer's own storage.
func (d *dataset) store(ctx context.Context, engine string, command []string) (string, error) {
	return made(d.base+"-"+engine, func(dir string) error {
		source, err := d.source(ctx)
		if err != nil {
			return err
		}
		d.options.progress("loading "+engine, 0, 0)
		return once(ctx, command, request{Do: "load", Directory: dir, Tables: d.tables(source)})
	})
}

// files are the Parquet files of mode Parquet.
func (d *dataset) files(ctx context.Context, command []string) (string, error) {
	writer := d.options.Writer
	return made(d.base+"-parquet-"+writer, func(dir string) error {
		first := request{Do: "open"}
		var err error
		if writer == Own {
			first.Directory, err = d.own(ctx)
		} else {
			first.Do, first.Directory = "attach", d.base+"-parquet"
			first.Directory, err = d.source(ctx)
			first.Tables = d.tables(first.Directory)
		}
		if err != nil {
			return err
		}
		d.options.progress(writer+" writes Parquet", 0, 0)
		return once(ctx, command, first, request{Do: "write", Directory: dir, Tables: d.tables(dir)})
	})
}

// once starts an engine for a few requests.
func once(ctx context.Context, command []string, requests ...request) error {
	p, err := start(ctx, command)
	if err != nil {
		return err
	}
	if p.Missing != "" {
		return fmt.Errorf("%s", p.Missing)
	}
	for _, r := range requests {
		_, err := p.ask(ctx, 6*time.Hour, r)
		var said refusal
		if errors.As(err, &said) {
			return errors.Join(err, p.quit(ctx))
		}
		if err != nil {
			return err
		}
	}
	return p.quit(ctx)
}

// sizeOf is the bytes of all files below a folder.
func sizeOf(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		sum += info.Size()
		return nil
	})
	return sum, err
}
