package external

import (
	"errors"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/external/csv"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// sink encodes rows into a file.
type sink interface {
	// Writer is a worker's way into the file. Writers may be used at once.
	Writer(w *exec.Worker) sinkWriter
	// Finish writes what follows the rows. All writers have been flushed.
	Finish() error
}

// sinkWriter takes one worker's rows.
type sinkWriter interface {
	Append(b *columnar.Batch) error
	Flush() error
	// Close gives memory back, with or without a Flush before.
	Close()
}

// Write runs op and writes its rows, whose columns are cols under the given names, to the file that
// COPY … TO names, and gives their number. It prepares op. The order of rows is op's when it is
// ordered. The file appears when all is written: a failure leaves the old one, or none.
func Write(q *exec.Query, op exec.Operator, fs vfs.FS, target *ast.Copy, names []string, cols []plan.Column) (rows int64, err error) {
	if target.Stdio {
		return 0, sqlerr.Unsupported(int(target.Pos), int(target.End), "COPY TO STDOUT")
	}
	opts, f, err := targetOptions(target)
	if err != nil {
		return 0, err
	}
	kinds := make([]types.Type, len(cols))
	for i, c := range cols {
		kinds[i] = c.Typ
	}
	open, err := newSink(f, opts, target, names, kinds)
	if err != nil {
		return 0, err
	}
	if err := op.Prepare(q); err != nil {
		return 0, err
	}
	packing, _ := file.CompressionOf(target.File)
	if f != formatCSV {
		packing = file.Plain
	}
	out, err := file.Create(fs, target.File, packing)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Abort()) }()
	into, err := open(out)
	if err != nil {
		return 0, file.Error(err, target.File)
	}
	if rows, err = drain(q, op, into); err != nil {
		return 0, file.Error(err, target.File)
	}
	if err := into.Finish(); err != nil {
		return 0, file.Error(err, target.File)
	}
	return rows, out.Commit()
}

// drain sends every worker's rows into the sink.
func drain(q *exec.Query, op exec.Operator, into sink) (int64, error) {
	workers := len(q.Workers)
	if op.Ordered() {
		workers = 1
	}
	counts := make([]int64, workers)
	err := q.RunOn(workers, func(w *exec.Worker) error {
		writer := into.Writer(w)
		defer writer.Close()
		for b, err := range op.Stream(w) {
			if err != nil {
				return err
			}
			if err := q.Err(); err != nil {
				return err
			}
			if b.Rows() == 0 {
				continue
			}
			counts[w.ID] += int64(b.Rows())
			if err := writer.Append(b); err != nil {
				return err
			}
		}
		return writer.Flush()
	})
	rows := int64(0)
	for _, n := range counts {
		rows += n
	}
	return rows, err
}

// targetOptions reads the options of COPY TO and decides the format.
func targetOptions(target *ast.Copy) (*options, format, error) {
	opts := &options{values: map[string]bind.FileArg{}}
	var named string
	for _, o := range target.Options {
		name := strings.ToLower(o.Name)
		if known, ok := synonyms[name]; ok {
			name = known
		}
		value, err := optionValue(o)
		if err != nil {
			return nil, "", err
		}
		if _, twice := opts.values[name]; twice || name == "format" && named != "" {
			return nil, "", sqlerr.At(sqlerr.SyntaxError, int(o.Pos), int(o.End), "conflicting or redundant options: %s", name)
		}
		if name == "format" {
			named = strings.ToLower(value.S)
			continue
		}
		opts.values[name] = bind.FileArg{Name: name, Value: value}
	}
	switch f := format(named); f {
	case "":
		f, err := formatOf(target.File)
		return opts, f, err
	case formatCSV, formatParquet, formatArrow:
		return opts, f, nil
	}
	return nil, "", unknownFormat(named)
}

// optionValue is the value of an option; a bare name is true.
func optionValue(o *ast.Option) (types.Value, error) {
	switch v := o.Value.(type) {
	case nil:
		return types.Bool(true), nil
	case *ast.Word:
		return types.Str(types.TText, v.Text), nil
	case *ast.Literal:
		switch v.Kind {
		case ast.BoolLiteral:
			return types.Bool(v.Text == "true"), nil
		case ast.IntegerLiteral:
			return types.Parse(types.TBigInt, v.Text)
		}
		return types.Str(types.TText, v.Text), nil
	}
	return types.Value{}, sqlerr.Unsupported(int(o.Pos), int(o.End), "the value of option "+o.Name)
}

// newSink checks the options and gives what starts the file.
func newSink(f format, opts *options, target *ast.Copy, names []string, kinds []types.Type) (func(*file.Output) (sink, error), error) {
	switch f {
	case formatCSV:
		d, known, _, err := csvDialect(opts, target.File)
		if err != nil {
			return nil, err
		}
		byName := true
		for _, o := range target.Options {
			byName = byName && !strings.EqualFold(o.Name, "format")
		}
		if !known.Header {
			d.Header = byName
		}
		if d.Latin1 {
			return nil, sqlerr.Unsupported(-1, -1, "COPY TO with an encoding other than UTF8")
		}
		return func(out *file.Output) (sink, error) { return csvSink{csv.NewWriter(out, d, names, kinds)}, nil }, opts.unused()
	case formatParquet:
		return newParquetSink(opts, names, kinds)
	}
	return newArrowSink(opts, target.File, names, kinds)
}

type csvSink struct{ writer *csv.Writer }

func (s csvSink) Writer(*exec.Worker) sinkWriter { return s.writer.Part() }
func (s csvSink) Finish() error                  { return s.writer.Finish() }
