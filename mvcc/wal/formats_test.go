package wal

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/sqlerr"
)

// twoFiles is a log of three transactions in two files, without room behind the last.
func twoFiles(t *testing.T) (first, last []byte, ends []int) {
	t.Helper()
	fs := vfs.NewMem()
	l := start(t, fs, State{})
	put(t, l, 1)
	rollTo(t, l)
	for at := uint64(2); at <= 3; at++ {
		put(t, l, at)
		_, end := l.End()
		ends = append(ends, int(end))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	read := func(n uint64) []byte {
		data, err := readWhole(fs, fs.PathJoin("wal", fileName(n)), nil)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return read(1), read(2)[:ends[1]], ends
}

// logOf puts files into a file system.
func logOf(t *testing.T, files ...[]byte) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	if err := fs.MkdirAll("wal", 0o755); err != nil {
		t.Fatal(err)
	}
	for i, data := range files {
		f, err := fs.Create(fs.PathJoin("wal", fileName(uint64(i+1))), vfs.WriteCategoryUnspecified)
		if err == nil {
			_, err = f.Write(bytes.Clone(data))
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return fs
}

// A log's last file that is no log file, or not of this format, must not pass for one that a crash left
// unfinished: it would be made anew, and what it held be gone.
func TestLastFileOfAnotherKind(t *testing.T) {
	first, last, _ := twoFiles(t)
	later := bytes.Clone(last)
	later[8] = 99
	for name, c := range map[string]struct {
		data  []byte
		state sqlerr.State
		text  string
	}{
		"later format": {reseal(bytes.Clone(later)), sqlerr.FeatureNotSupported, "has format 99; this version of OxiDB reads formats 1 to 2"},
		"later format with its checksum elsewhere": {later, sqlerr.DataCorrupted, "it says format 99"},
		"empty":              {nil, sqlerr.DataCorrupted, "it has 0 bytes"},
		"half a header":      {last[:100], sqlerr.DataCorrupted, "it has 100 bytes"},
		"garbage":            {bytes.Repeat([]byte("garbage!"), 1000), sqlerr.DataCorrupted, "does not begin as a log file"},
		"zeros":              {make([]byte, 8192), sqlerr.DataCorrupted, "does not begin as a log file"},
		"the file before it": {first, sqlerr.DataCorrupted, "belongs to another database"},
		"the head of the file before, its own records": {append(bytes.Clone(first[:fileHeaderSize]), last[fileHeaderSize:]...), sqlerr.DataCorrupted, "belongs to another database"},
		"a segment": {append([]byte("PAR1"), make([]byte, 8000)...), sqlerr.DataCorrupted, "does not begin as a log file"},
		"a damaged checksum, and so all that is behind": {append(append(bytes.Clone(last[:64]), last[64]^1), last[65:]...), sqlerr.DataCorrupted, "its checksum differs"},
	} {
		fs := logOf(t, first, c.data)
		_, _, err := readPayloads(fs, 1)
		if sqlerr.StateOf(err) != c.state || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), fileName(2)) {
			t.Errorf("%s: %v", name, err)
		}
		follow, err := Follow(fs, "wal", testID, 2)
		if err == nil {
			_, err = follow.Next(9)
			_ = follow.Close()
		}
		if sqlerr.StateOf(err) != c.state || !strings.Contains(err.Error(), fileName(2)) {
			t.Errorf("%s, followed: %v", name, err)
		}
	}
}

// Format 1 gave a file its name before its header was on disk: there an unfinished one is nothing.
func TestUnfinishedFileOfFormat1(t *testing.T) {
	first, last, _ := twoFiles(t)
	first[8] = 1
	reseal(first)
	for _, data := range [][]byte{nil, last[:60], make([]byte, fileHeaderSize)} {
		n, state, err := readPayloads(logOf(t, first, data), 1)
		if err != nil || n != 1 || state.File != 1 {
			t.Errorf("%d bytes: %d transactions up to file %d, %v", len(data), n, state.File, err)
		}
	}
}

// A record that a later version wrote is no torn end: cutting it off would lose what was acknowledged.
func TestLaterRecordsAreRefused(t *testing.T) {
	first, last, ends := twoFiles(t)
	h, _, err := decodeFileHeader(last, "")
	if err != nil {
		t.Fatal(err)
	}
	record := last[ends[0]:]
	binary.LittleEndian.PutUint16(record[atVersion:], 7)
	binary.LittleEndian.PutUint32(record[atHeaderCRC:], headerChecksum(record, h.seed()))
	fs := logOf(t, first, last)
	check := func(what string, err error) {
		t.Helper()
		if sqlerr.StateOf(err) != sqlerr.FeatureNotSupported || !strings.Contains(err.Error(), "has version 7") || !strings.Contains(err.Error(), fileName(2)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, _, err = readPayloads(fs, 1)
	check("reading", err)
	_, _, err = Extent(fs, "wal", testID, 2)
	check("extent", err)
	follow, err := Follow(fs, "wal", testID, 1)
	for p := (*Piece)(nil); err == nil; {
		if p, err = follow.Next(99); p == nil && err == nil {
			t.Fatal("following ends")
		}
	}
	_ = follow.Close()
	check("following", err)
	binary.LittleEndian.PutUint16(record[atVersion:], recordVersion) // its checksum is wrong now: a torn end
	if n, _, err := readPayloads(logOf(t, first, last), 1); err != nil || n != 2 {
		t.Errorf("a torn end: %d transactions, %v", n, err)
	}
}

// What a log holds must keep others from making one in its place.
func TestUsedLogs(t *testing.T) {
	first, last, _ := twoFiles(t)
	for name, c := range map[string]struct {
		files [][]byte
		used  bool
	}{
		"nothing":            {nil, false},
		"a header":           {[][]byte{first[:fileHeaderSize]}, false},
		"a header and room":  {[][]byte{append(bytes.Clone(first[:fileHeaderSize]), make([]byte, 999)...)}, false},
		"an unwritten file":  {[][]byte{make([]byte, 9999)}, false},
		"records":            {[][]byte{first}, true},
		"garbage":            {[][]byte{[]byte("mine")}, true},
		"damaged header":     {[][]byte{append([]byte("?"), first[1:fileHeaderSize]...)}, true},
		"a second file":      {[][]byte{first[:fileHeaderSize], last[:fileHeaderSize]}, true},
		"a later file, even": {[][]byte{nil, nil}, true},
	} {
		path, err := Used(logOf(t, c.files...), "wal")
		if err != nil || (path != "") != c.used {
			t.Errorf("%s: %q, %v", name, path, err)
		}
	}
}
