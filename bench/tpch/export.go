package tpch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/oxidb/oxidb/bench/tpch/dbgen"
)

// Format is a kind of file that tables can be written as.
type Format string

const (
	// Parquet files have row groups of dbgen.DefaultBatchRows rows, Snappy, and decimals as INT64.
	Parquet Format = "parquet"
	// CSV files have a header line and quote text with commas.
	CSV Format = "csv"
	// TBL is the official format: every field followed by '|', no header.
	TBL Format = "tbl"
)

// WriteParquet writes all tables of a scale factor as dir/<table>.parquet.
func WriteParquet(dir string, scale float64) error {
	return WriteFiles(context.Background(), dir, scale, Parquet, dbgen.Tables()...)
}

// WriteFiles writes tables as dir/<table>.<format>, replacing files of that name.
func WriteFiles(ctx context.Context, dir string, scale float64, format Format, tables ...dbgen.Table) error {
	return Plain().writeFiles(ctx, dir, scale, format, tables...)
}

// WriteParquet writes all tables of a scale factor under the variant's names.
func (v *Variant) WriteParquet(ctx context.Context, dir string, scale float64) error {
	return v.writeFiles(ctx, dir, scale, Parquet, dbgen.Tables()...)
}

func (v *Variant) writeFiles(ctx context.Context, dir string, scale float64, format Format, tables ...dbgen.Table) error {
	g, err := dbgen.New(dbgen.Options{Scale: scale})
	if err != nil {
		return err
	}
	for _, t := range tables {
		path := filepath.Join(dir, v.Table(t)+"."+string(format))
		if err := v.writeFile(ctx, path, g, t, format); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}

func (v *Variant) writeFile(ctx context.Context, path string, g *dbgen.Generator, t dbgen.Table, format Format) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriterSize(file, 1<<20)
	switch format {
	case Parquet:
		err = v.writeParquet(ctx, w, g, t)
	case CSV:
		err = g.WriteCSV(ctx, w, t)
	case TBL:
		err = g.WriteTBL(ctx, w, t)
	default:
		err = fmt.Errorf("unknown format %q", format)
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// arrowSchema is a table's schema under the variant's names.
func (v *Variant) arrowSchema(t dbgen.Table) *arrow.Schema {
	fields := t.ArrowSchema().Fields()
	for i := range fields {
		fields[i].Name = v.name(fields[i].Name)
	}
	return arrow.NewSchema(fields, nil)
}

// writeParquet makes every batch a row group.
func (v *Variant) writeParquet(ctx context.Context, w io.Writer, g *dbgen.Generator, t dbgen.Table) (err error) {
	options := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Snappy),
		parquet.WithStoreDecimalAsInteger(true),
		parquet.WithMaxRowGroupLength(dbgen.DefaultBatchRows),
		parquet.WithCreatedBy("OxiDB"),
	}
	for _, f := range t.Fields() {
		repeats := f.Kind != dbgen.BigInt && f.Kind != dbgen.Text
		options = append(options, parquet.WithDictionaryFor(v.name(f.Name), repeats))
	}
	schema := v.arrowSchema(t)
	file, err := pqarrow.NewFileWriter(schema, w, parquet.NewWriterProperties(options...), pqarrow.DefaultWriterProps())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for record, err := range g.Records(ctx, t) {
		if err != nil {
			return err
		}
		if err := file.Write(array.NewRecordBatch(schema, record.Columns(), record.NumRows())); err != nil {
			return err
		}
	}
	return nil
}
