// Package external makes tables of files and files of tables: CSV, Parquet and Arrow IPC, in FROM
// 'file', read_csv, read_parquet, read_arrow and COPY.
//
// Opener finds the files a statement names and learns their columns, Operator reads them, Write makes
// a file of a query's rows. The formats are in the packages below.
//
// COPY with FORMAT csv follows PostgreSQL to the letter: comma, double quote, no header unless asked
// for. Where the file's name alone says csv, what is not stated is guessed on reading (delimiter,
// quote, a header that repeats the column names), and writing makes a header.
package external

import (
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/external/parquet"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Opener finds files and learns their columns. It implements bind.FileOpener.
type Opener struct {
	FS vfs.FS
	// Footers keeps what Parquet files say of themselves; may be nil.
	Footers *parquet.Cache
}

// format is a file format.
type format string

const (
	formatCSV     format = "csv"
	formatParquet format = "parquet"
	formatArrow   format = "arrow"
)

// extensions tell the format by the end of a name, in lower case, without compression.
var extensions = map[string]format{
	"csv": formatCSV, "tsv": formatCSV, "tab": formatCSV,
	"parquet": formatParquet, "parq": formatParquet, "pq": formatParquet,
	"arrow": formatArrow, "arrows": formatArrow, "ipc": formatArrow, "feather": formatArrow,
}

// extension is the end of a file name behind its last point, without compression.
func extension(path string) string {
	_, path = file.CompressionOf(path)
	return strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])
}

func formatOf(path string) (format, error) {
	if f, ok := extensions[extension(path)]; ok {
		return f, nil
	}
	return "", sqlerr.New(sqlerr.InvalidParameterValue, "the name %s does not tell the format of the file", strconv.Quote(path)).
		WithHint("Names end in .csv, .tsv, .parquet or .arrow; else use read_csv(…), read_parquet(…), read_arrow(…) or COPY with FORMAT.")
}

// Open implements bind.FileOpener.
func (o Opener) Open(req bind.FileRequest) (plan.ExternalSource, error) {
	names, opts, err := arguments(req)
	if err != nil {
		return nil, err
	}
	f, err := requestFormat(req, names[0])
	if err != nil {
		return nil, err
	}
	var files []file.Info
	for _, name := range names {
		found, err := file.Find(o.FS, name)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	var src plan.ExternalSource
	switch f {
	case formatCSV:
		src, err = o.openCSV(names, files, opts, req)
	case formatParquet:
		src, err = o.openParquet(names, files, opts)
	default:
		src, err = o.openArrow(names, files, opts)
	}
	if err != nil {
		return nil, err
	}
	return src, opts.unused()
}

func requestFormat(req bind.FileRequest, name string) (format, error) {
	switch req.Function {
	case "":
		return formatOf(name)
	case "read_csv", "read_csv_auto":
		return formatCSV, nil
	case "read_parquet":
		return formatParquet, nil
	case "read_arrow":
		return formatArrow, nil
	}
	if req.Columns != nil {
		return "", unknownFormat(strings.TrimPrefix(req.Function, "read_"))
	}
	return "", sqlerr.New(sqlerr.UndefinedFunction, "function %s does not exist", req.Function).
		WithHint("Files are read by read_csv, read_parquet and read_arrow.")
}

func unknownFormat(name string) error {
	if name == "text" || name == "binary" {
		return sqlerr.Unsupported(-1, -1, "COPY with FORMAT "+name).WithHint("FORMAT is csv, parquet or arrow.")
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, "COPY format %q not recognized", name).WithHint("FORMAT is csv, parquet or arrow.")
}

// arguments splits a request into file names and options.
func arguments(req bind.FileRequest) (names []string, opts *options, err error) {
	opts = &options{values: map[string]bind.FileArg{}}
	for _, arg := range req.Args {
		name := strings.ToLower(arg.Name)
		switch {
		case name == "" && len(arg.List) > 0:
			for _, v := range arg.List {
				names = append(names, v.S)
			}
		case name == "" && arg.Value.Type.IsText() && !arg.Value.Null:
			names = append(names, arg.Value.S)
		case name == "":
			return nil, opts, sqlerr.New(sqlerr.InvalidParameterValue, "a file name must be a string")
		default:
			if known, ok := synonyms[name]; ok {
				name = known
			}
			if _, twice := opts.values[name]; twice {
				return nil, opts, sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options: %s", name)
			}
			opts.values[name] = arg
		}
	}
	if len(names) == 0 {
		return nil, opts, sqlerr.New(sqlerr.UndefinedFunction, "%s needs the name of a file", req.Function)
	}
	return names, opts, nil
}

// synonyms of option names.
var synonyms = map[string]string{
	"delim": "delimiter", "sep": "delimiter", "nullstr": "null", "column_names": "names", "column_types": "types", "dtypes": "types",
}

// options are a statement's named options. What is read is marked used.
type options struct {
	values map[string]bind.FileArg
	used   []string
}

// take gives an option and marks it used.
func (o *options) take(name string) (bind.FileArg, bool) {
	arg, ok := o.values[name]
	if ok {
		o.used = append(o.used, name)
	}
	return arg, ok
}

// unused refuses options that nobody has read.
func (o *options) unused() error {
	for name := range o.values {
		known := false
		for _, u := range o.used {
			known = known || u == name
		}
		if !known {
			return badOption(name)
		}
	}
	return nil
}

func badOption(name string) error {
	switch name {
	case "force_quote", "force_not_null", "force_null", "freeze", "oids", "default", "on_error", "log_verbosity", "reject_limit":
		return sqlerr.Unsupported(-1, -1, "the option "+name)
	}
	return sqlerr.New(sqlerr.SyntaxError, "option %q not recognized for this format", name)
}

// text gives a string option.
func (o *options) text(name string) (s string, ok bool, err error) {
	arg, ok := o.take(name)
	if !ok {
		return "", false, nil
	}
	if !arg.Value.Type.IsText() || arg.Value.Null || arg.List != nil {
		return "", false, sqlerr.New(sqlerr.InvalidParameterValue, "option %q needs a string", name)
	}
	return arg.Value.S, true, nil
}

// char gives an option that is one byte; the empty string gives 0.
func (o *options) char(name string, into *byte) (ok bool, err error) {
	s, ok, err := o.text(name)
	if err != nil || !ok {
		return false, err
	}
	if s == `\t` {
		s = "\t"
	}
	if len(s) > 1 || s == "" && name == "delimiter" {
		return false, sqlerr.New(sqlerr.InvalidParameterValue, "COPY %s must be a single one-byte character", name)
	}
	*into = 0
	if s != "" {
		*into = s[0]
	}
	return true, nil
}

// list gives an option that is an array of strings, or one string.
func (o *options) list(name string) ([]string, error) {
	arg, ok := o.take(name)
	if !ok {
		return nil, nil
	}
	values := arg.List
	if values == nil {
		values = []types.Value{arg.Value}
	}
	var out []string
	for _, v := range values {
		if !v.Type.IsText() || v.Null {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "option %q needs an array of strings", name)
		}
		out = append(out, v.S)
	}
	return out, nil
}

// boolean reads an option's value as PostgreSQL does: true, false, on, off, 1, 0.
func boolean(name string, v types.Value) (bool, error) {
	switch {
	case v.Type.Kind == types.Boolean:
		return v.I != 0, nil
	case v.Type.IsInteger() && (v.I == 0 || v.I == 1):
		return v.I == 1, nil
	}
	parsed, err := types.Parse(types.TBoolean, v.S)
	if err != nil || v.Type.IsInteger() || v.Null {
		return false, sqlerr.New(sqlerr.SyntaxError, "%s requires a Boolean value", name)
	}
	return parsed.I != 0, nil
}
