package csv

import (
	"bytes"
	"errors"
	"io"
	"math/bits"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/sqlerr"
)

// sizes say how files are cut.
type sizes struct {
	// rows is the number of rows of a piece, bytes bounds pieces of wide rows, read is one step of
	// reading.
	rows, bytes, read int
}

// usual: a piece has the rows of a table chunk, so that a load in pieces fills whole chunks.
var usual = sizes{rows: 122_880, bytes: 32 << 20, read: 1 << 20}

const (
	// maxRowBytes bounds one row.
	maxRowBytes = 1 << 30
	// slack is readable behind a piece, for loads of whole words.
	slack = 16
)

// piece is a run of whole rows of one file, lent to one worker.
type piece struct {
	path string
	// data starts with one byte before the first row and ends with a newline; slack bytes are
	// readable behind it.
	data   []byte
	number int
	line   int64 // of the first row, from 1
}

// splitter cuts files into pieces. It is shared by the workers.
type splitter struct {
	fs      vfs.FS
	files   []file.Info
	dialect Dialect
	sizes   sizes

	mu     sync.Mutex
	reader io.ReadCloser // of files[0]; nil before it is opened
	rest   []byte        // read, but behind the last piece
	line   int64
	number int
	failed error
}

// next gives the next piece, in buf's memory, which it may let grow; ok is false at the end.
func (s *splitter) next(buf *buffer) (p piece, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.failed == nil && len(s.files) > 0 {
		if p, ok, err = s.cut(buf); ok || err != nil {
			s.failed = err
			return p, ok, err
		}
		if err := s.advance(); err != nil {
			s.failed = err
			return piece{}, false, err
		}
	}
	return piece{}, false, s.failed
}

// advance goes to the next file.
func (s *splitter) advance() error {
	err := s.reader.Close()
	s.reader, s.rest, s.files = nil, s.rest[:0], s.files[1:]
	return err
}

func (s *splitter) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = nil
	if s.reader == nil {
		return nil
	}
	err := s.reader.Close()
	s.reader = nil
	return err
}

// buffer is a worker's memory for pieces.
type buffer struct {
	arena *mem.Arena
	bytes []byte
}

// room makes n more bytes, and the slack behind them, writable behind the first used ones.
func (b *buffer) room(used, n int) {
	if need := used + n + slack; need > len(b.bytes) {
		grown := mem.Alloc[byte](b.arena, max(need, 2*len(b.bytes)), false)
		copy(grown, b.bytes[:used])
		b.bytes = grown
	}
}

// cut reads until a piece is complete. ok is false when the file has no more rows.
func (s *splitter) cut(buf *buffer) (p piece, ok bool, err error) {
	if s.reader == nil {
		if err := s.open(); err != nil {
			return piece{}, false, err
		}
	}
	buf.room(0, 1+len(s.rest)+s.sizes.read)
	buf.bytes[0] = s.dialect.Newline
	n := 1 + copy(buf.bytes[1:], s.rest)
	c := counter{dialect: &s.dialect, at: 1}
	for {
		full := c.count(buf.bytes[:n], s.sizes.rows)
		if full || c.border > 0 && n >= s.sizes.bytes {
			return s.take(buf, c.border, n), true, nil
		}
		if n > maxRowBytes {
			return piece{}, false, badFormat(s.files[0].Path, s.line, "a row is longer than %d bytes", maxRowBytes)
		}
		buf.room(n, s.sizes.read)
		got, err := io.ReadFull(s.reader, buf.bytes[n:n+s.sizes.read])
		n += got
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			if n == 1 {
				return piece{}, false, nil
			}
			if c.count(buf.bytes[:n], s.sizes.rows) {
				return s.take(buf, c.border, n), true, nil
			}
			if buf.bytes[n-1] != s.dialect.Newline {
				buf.bytes[n] = s.dialect.Newline
				n++
			}
			return s.take(buf, n, n), true, nil
		}
		if err != nil {
			return piece{}, false, err
		}
	}
}

// take makes the piece buf[:end] and keeps what is behind it, up to n.
func (s *splitter) take(buf *buffer, end, n int) piece {
	s.rest = append(s.rest[:0], buf.bytes[end:n]...)
	s.number++
	p := piece{path: s.files[0].Path, data: buf.bytes[:end:len(buf.bytes)], number: s.number, line: s.line}
	s.line += int64(bytes.Count(p.data[1:], []byte{s.dialect.Newline}))
	return p
}

// open starts the next file: the byte order mark and the header are skipped.
func (s *splitter) open() error {
	r, err := openText(s.fs, s.files[0].Path, s.dialect.Latin1)
	if err != nil {
		return err
	}
	s.reader, s.line, s.rest = r, 1, s.rest[:0]
	if !s.dialect.Header {
		return nil
	}
	c := counter{dialect: &s.dialect}
	for {
		n := len(s.rest)
		s.rest = append(s.rest, make([]byte, 64<<10)...)
		got, err := io.ReadFull(r, s.rest[n:])
		s.rest = s.rest[:n+got]
		full := c.count(s.rest, 1)
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case full:
			s.line += int64(bytes.Count(s.rest[:c.border], []byte{s.dialect.Newline}))
			s.rest = append(s.rest[:0], s.rest[c.border:]...)
			return nil
		case ended:
			s.rest = s.rest[:0]
			return nil
		case err != nil:
			return err
		case len(s.rest) > maxRowBytes:
			return sqlerr.New(sqlerr.BadCopyFileFormat, "%s: the header is longer than %d bytes", s.files[0].Path, maxRowBytes)
		}
	}
}

// counter finds row borders in a growing buffer.
type counter struct {
	dialect *Dialect
	at      int // counted up to here
	rows    int
	border  int // behind the last complete row; 0 for none
	quoted  bool
	escaped bool
}

// count goes on over data[c.at:] and stops behind row number limit; it reports whether it got there.
func (c *counter) count(data []byte, limit int) bool {
	d := c.dialect
	if d.ownEscape() {
		return c.walk(data, limit)
	}
	rest := data[c.at:]
	if d.Quote == 0 || !c.quoted && bytes.IndexByte(rest, d.Quote) < 0 {
		n := bytes.Count(rest, []byte{d.Newline})
		if c.rows+n < limit {
			c.rows += n
			if n > 0 {
				c.border = c.at + bytes.LastIndexByte(rest, d.Newline) + 1
			}
			c.at = len(data)
			return false
		}
		return c.plain(data, limit)
	}
	return c.parity(data, limit)
}

// plain counts rows where there are no quotes.
func (c *counter) plain(data []byte, limit int) bool {
	for c.rows < limit {
		i := bytes.IndexByte(data[c.at:], c.dialect.Newline)
		if i < 0 {
			c.at = len(data)
			return false
		}
		c.at += i + 1
		c.border = c.at
		c.rows++
	}
	return true
}

// parity counts the newlines before which the number of quotes is even, 64 bytes at a time.
func (c *counter) parity(data []byte, limit int) bool {
	newline, quote := repeat(c.dialect.Newline), repeat(c.dialect.Quote)
	for ; c.at+64 <= len(data); c.at += 64 {
		ends, quotes := masks64(data, c.at, newline, quote)
		inside := prefixXor(quotes)
		if c.quoted {
			inside = ^inside
		}
		ends &^= inside
		n := bits.OnesCount64(ends)
		if c.rows+n >= limit {
			c.border = c.at + selectBit(ends, limit-c.rows-1) + 1
			c.at, c.rows = c.border, limit
			return true
		}
		if n > 0 {
			c.border = c.at + 64 - bits.LeadingZeros64(ends)
		}
		c.rows += n
		c.quoted = inside>>63 != 0
	}
	return c.walk(data, limit)
}

// walk counts byte by byte.
func (c *counter) walk(data []byte, limit int) bool {
	d := c.dialect
	own := d.ownEscape()
	for ; c.at < len(data); c.at++ {
		b := data[c.at]
		switch {
		case c.escaped:
			c.escaped = false // whatever it is, it stands inside quotes
		case own && c.quoted && b == d.Escape:
			c.escaped = true
		case b == d.Quote && d.Quote != 0:
			c.quoted = !c.quoted
		case b == d.Newline && !c.quoted:
			c.rows++
			c.border = c.at + 1
			if c.rows == limit {
				c.at++
				return true
			}
		}
	}
	return c.rows >= limit
}
