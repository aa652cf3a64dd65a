package csv

import (
	"bufio"
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/sqlerr"
)

// openText opens a file, unpacked, as UTF-8 text without byte order mark.
func openText(fsys vfs.FS, path string, latin1 bool) (io.ReadCloser, error) {
	compression, _ := file.CompressionOf(path)
	raw, err := file.Stream(fsys, path, compression)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReaderSize(raw, 64<<10)
	mark, err := buffered.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, joinClose(err, raw)
	}
	if len(mark) >= 2 && (mark[0] == 0xFF && mark[1] == 0xFE || mark[0] == 0xFE && mark[1] == 0xFF) {
		return nil, joinClose(sqlerr.Unsupported(-1, -1, "the encoding UTF-16 of "+path), raw)
	}
	t, err := &text{Reader: buffered, close: raw.Close}, error(nil)
	switch {
	case latin1:
		t.Reader = &latin1Reader{source: buffered}
	case string(mark) == "\xEF\xBB\xBF":
		_, err = buffered.Discard(3)
	}
	return t, err
}

func joinClose(err error, c io.Closer) error {
	if cerr := c.Close(); cerr != nil && err == nil {
		return cerr
	}
	return err
}

type text struct {
	io.Reader
	close func() error
}

func (t *text) Close() error { return t.close() }

// latin1Reader turns ISO 8859-1 into UTF-8.
type latin1Reader struct {
	source io.Reader
	raw    [4096]byte
	out    []byte
	buffer [8192]byte
}

func (l *latin1Reader) Read(b []byte) (int, error) {
	if len(l.out) == 0 {
		n, err := l.source.Read(l.raw[:])
		l.out = l.buffer[:0]
		for _, c := range l.raw[:n] {
			if c < 0x80 {
				l.out = append(l.out, c)
			} else {
				l.out = append(l.out, 0xC0|c>>6, 0x80|c&0x3F)
			}
		}
		if n == 0 {
			return 0, err
		}
	}
	n := copy(b, l.out)
	l.out = l.out[n:]
	return n, nil
}
