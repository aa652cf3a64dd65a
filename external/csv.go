package external

import (
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/external/csv"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// openCSV learns the dialect and the columns of delimited files.
func (o Opener) openCSV(names []string, files []file.Info, opts *options, req bind.FileRequest) (plan.ExternalSource, error) {
	d, known, match, err := csvDialect(opts, files[0].Path)
	if err != nil {
		return nil, err
	}
	if req.Columns != nil && req.Function != "" {
		known = csv.Known{Delimiter: true, Quote: true, Escape: true, Header: true, Null: true}
	}
	d.EmptyNulls = req.Columns == nil
	// The file may hold NULLs whatever the table's columns promise.
	for i, c := range req.Columns {
		known.Columns = append(known.Columns, catalog.Column{FieldID: int32(i + 1), Name: c.Name, Type: c.Type})
	}
	first := firstFilled(files)
	g, err := csv.Sniff(o.FS, first, d, known)
	if err != nil {
		return nil, err
	}
	if g.Empty && g.Columns == nil {
		return nil, sqlerr.New(sqlerr.BadCopyFileFormat, "%s is empty: it has no columns", first.Path)
	}
	if err := g.Dialect.Check(); err != nil {
		return nil, err
	}
	src := &csv.Source{FS: o.FS, Name: strings.Join(names, ", "), Files: files, Dialect: g.Dialect, Columns: g.Columns}
	if g.RowBytes > 0 {
		src.Rows = unpackedSize(files) / g.RowBytes
	}
	if err := overrideColumns(src.Columns, opts); err != nil {
		return nil, err
	}
	return src, o.checkCSV(src, first, match, req.Columns == nil, opts)
}

// checkCSV compares the files of a set with the first.
func (o Opener) checkCSV(src *csv.Source, first file.Info, match, sniffed bool, opts *options) error {
	_, renamed := opts.values["names"]
	for _, f := range src.Files {
		if match {
			if err := csv.CheckHeader(o.FS, f, src.Dialect, src.Columns); err != nil {
				return err
			}
		} else if sniffed && f.Path != first.Path {
			if err := csv.CheckFile(o.FS, f, src.Dialect, src.Columns, first.Path, !renamed); err != nil {
				return err
			}
		}
	}
	return opts.unused()
}

// firstFilled is the first file that is not empty, or the first.
func firstFilled(files []file.Info) file.Info {
	for _, f := range files {
		if f.Size > 0 {
			return f
		}
	}
	return files[0]
}

// packedRatio is what text usually shrinks by.
const packedRatio = 4

func unpackedSize(files []file.Info) float64 {
	size := 0.0
	for _, f := range files {
		c, _ := file.CompressionOf(f.Path)
		if c == file.Plain {
			size += float64(f.Size)
		} else {
			size += packedRatio * float64(f.Size)
		}
	}
	return size
}

// csvDialect reads the options; match is HEADER MATCH.
func csvDialect(opts *options, path string) (d csv.Dialect, known csv.Known, match bool, err error) {
	d = csv.Standard()
	if e := extension(path); e == "tsv" || e == "tab" {
		d.Delimiter = '\t'
	}
	if known.Delimiter, err = opts.char("delimiter", &d.Delimiter); err != nil {
		return d, known, false, err
	}
	if known.Quote, err = opts.char("quote", &d.Quote); err != nil {
		return d, known, false, err
	}
	d.Escape = d.Quote
	if known.Escape, err = opts.char("escape", &d.Escape); err != nil {
		return d, known, false, err
	}
	if d.Null, known.Null, err = opts.text("null"); err != nil {
		return d, known, false, err
	}
	if d.Header, match, known.Header, err = csvHeader(opts); err != nil {
		return d, known, false, err
	}
	if d.Latin1, err = csvEncoding(opts); err != nil {
		return d, known, false, err
	}
	return d, known, match, d.Check()
}

func csvHeader(opts *options) (header, match, known bool, err error) {
	arg, ok := opts.take("header")
	switch {
	case !ok:
		return false, false, false, nil
	case strings.EqualFold(arg.Value.S, "match"):
		return true, true, true, nil
	}
	header, err = boolean("header", arg.Value)
	return header, false, true, err
}

func csvEncoding(opts *options) (latin1 bool, err error) {
	name, ok, err := opts.text("encoding")
	if err != nil || !ok {
		return false, err
	}
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(name)) {
	case "utf8", "unicode":
		return false, nil
	case "latin1", "iso88591":
		return true, nil
	}
	return false, sqlerr.Unsupported(-1, -1, "the encoding "+strconv.Quote(name)).WithHint("Encodings are UTF8 and LATIN1.")
}

// overrideColumns gives the columns the names and types that the statement lists.
func overrideColumns(cols []catalog.Column, opts *options) error {
	names, err := opts.list("names")
	if err != nil {
		return err
	}
	kinds, err := opts.list("types")
	if err != nil {
		return err
	}
	if len(names) > len(cols) || len(kinds) > len(cols) {
		return sqlerr.New(sqlerr.InvalidColumnReference, "the file has %d columns", len(cols))
	}
	for i, name := range names {
		cols[i].Name = name
	}
	for i, kind := range kinds {
		if cols[i].Type, err = typeNamed(kind); err != nil {
			return err
		}
	}
	return nil
}

// typeNamed reads a type's name with its numbers in parentheses.
func typeNamed(s string) (types.Type, error) {
	name, rest, found := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "(")
	kind, ok := types.Lookup(strings.TrimSpace(name))
	if !ok {
		return types.Type{}, sqlerr.New(sqlerr.UndefinedObject, "type %q does not exist", s)
	}
	t := types.Type{Kind: kind}
	if kind == types.Numeric {
		t = types.TNumeric(types.MaxPrecision, types.DefaultScale)
	}
	if !found {
		return t, nil
	}
	var numbers []int
	for part := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(rest), ")"), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 {
			return t, sqlerr.New(sqlerr.SyntaxError, "type %q is not written correctly", s)
		}
		numbers = append(numbers, n)
	}
	switch {
	case kind == types.Numeric && len(numbers) <= 2 && numbers[0] >= 1 && numbers[0] <= types.MaxPrecision && numbers[len(numbers)-1] <= numbers[0]:
		if len(numbers) == 1 {
			return types.TNumeric(numbers[0], 0), nil
		}
		return types.TNumeric(numbers[0], numbers[1]), nil
	case (kind == types.Varchar || kind == types.Char) && len(numbers) == 1 && numbers[0] > 0:
		t.Length = int32(min(numbers[0], 10_485_760))
		return t, nil
	}
	return t, sqlerr.New(sqlerr.SyntaxError, "type %q is not written correctly", s)
}
