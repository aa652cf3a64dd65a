package csv

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/sqlerr"
)

// Source is a set of delimited files with one dialect and one list of columns.
type Source struct {
	FS      vfs.FS
	Name    string // as the statement names it
	Files   []file.Info
	Dialect Dialect
	Columns []catalog.Column
	// Rows is an estimate, 0 when unknown.
	Rows float64
}

// Describe implements plan.ExternalSource.
func (s *Source) Describe() string { return "csv " + s.Name }

// Schema implements plan.ExternalSource.
func (s *Source) Schema() []catalog.Column { return s.Columns }

// Stats implements plan.ExternalSource.
func (s *Source) Stats() *catalog.TableStats { return &catalog.TableStats{Rows: s.Rows} }

// Scan implements file.Source. Text has no bounds: nothing is pruned.
func (s *Source) Scan(_ *exec.Query, ordinals []int, _ file.Pruner) (file.Scan, error) {
	return &scan{source: s, ordinals: ordinals, splitter: splitter{fs: s.FS, files: s.Files, dialect: s.Dialect, sizes: usual}}, nil
}

type scan struct {
	source   *Source
	ordinals []int
	splitter splitter
}

// Close implements file.Scan.
func (s *scan) Close() error { return s.splitter.close() }

// Cursor implements file.Scan.
func (s *scan) Cursor(w *exec.Worker) (file.Cursor, error) {
	c := &cursor{scan: s, worker: w, buffer: buffer{arena: w.Arena}, index: newIndex(&s.source.Dialect, len(s.source.Columns))}
	for _, o := range s.ordinals {
		c.decoders = append(c.decoders, newDecoder(s.source.Columns[o].Type, &s.source.Dialect, w.Arena))
	}
	return c, nil
}

// cursor is one worker's reading.
type cursor struct {
	scan     *scan
	worker   *exec.Worker
	buffer   buffer
	piece    piece
	at       int // where the next row of the piece starts
	index    *index
	decoders []*decoder
}

// Close implements file.Cursor; the memory is the query's.
func (c *cursor) Close() error { return nil }

// Next implements file.Cursor.
func (c *cursor) Next() (int, error) {
	for {
		if c.at >= len(c.piece.data) {
			p, ok, err := c.scan.splitter.next(&c.buffer)
			if err != nil || !ok {
				return 0, err
			}
			if bad := invalidUTF8(p.data); bad >= 0 {
				return 0, c.scan.source.encodingError(&p, bad)
			}
			c.piece, c.at = p, 1
			c.worker.Part = p.number
		}
		next, bad := c.index.fill(c.piece.data, c.at)
		if bad.kind != fits {
			return 0, c.scan.source.shapeError(&c.piece, bad)
		}
		c.at = next
		if c.index.rows > 0 {
			return c.index.rows, nil
		}
	}
}

// Column implements file.Cursor.
func (c *cursor) Column(i int) (*columnar.Vector, error) {
	ordinal := c.scan.ordinals[i]
	before, ends := c.index.column(ordinal)
	f := fields{c.piece.data, before, ends}
	v, row, err := c.decoders[i].run(f)
	if err != nil {
		start, _, _ := f.bounds(row)
		return nil, c.scan.source.valueError(&c.piece, start, ordinal, err)
	}
	return v, nil
}

// invalidUTF8 finds the first byte that is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for at := 0; at < len(data); {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n <= 1 {
			return at
		}
		at += n
	}
	return -1
}

// lineAt counts the line in which a byte of a piece stands.
func (s *Source) lineAt(p *piece, at int) int64 {
	return p.line + int64(bytes.Count(p.data[1:max(at, 1)], []byte{s.Dialect.Newline}))
}

func (s *Source) encodingError(p *piece, at int) error {
	e := badFormat(p.path, s.lineAt(p, at), "invalid byte sequence for encoding \"UTF8\": 0x%02x", p.data[at])
	e.State = sqlerr.CharacterNotInRepertoire
	return e.WithHint("Is the file in another encoding? ENCODING 'LATIN1' reads ISO 8859-1.")
}

func (s *Source) shapeError(p *piece, bad fault) error {
	line := s.lineAt(p, bad.at)
	switch bad.kind {
	case tooMany:
		return badFormat(p.path, line, "extra data after last expected column (expected %d columns)", len(s.Columns))
	case tooFew:
		return badFormat(p.path, line, "missing data for column %q (expected %d columns, found %d)", s.Columns[bad.fields].Name, len(s.Columns), bad.fields)
	}
	return badFormat(p.path, line, "unterminated CSV quoted field")
}

// valueError says where a value stands that its column's type does not have.
func (s *Source) valueError(p *piece, at, ordinal int, err error) error {
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		return err
	}
	where := sqlerr.New(e.State, "%s, line %d, column %s: %s", p.path, s.lineAt(p, at), s.Columns[ordinal].Name, e.Message)
	where.Detail, where.Hint = e.Detail, e.Hint
	return where
}
