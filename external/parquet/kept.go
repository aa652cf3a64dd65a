package parquet

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	pqfile "github.com/apache/arrow-go/v18/parquet/file"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
)

// Pool keeps decoded columns of files in memory, as far as there is room. Many goroutines may use it at
// once. A column is named by a version of a file, the number of its row group and its own.
type Pool interface {
	// KeptForeignColumn gives a column that is kept, else nil.
	KeptForeignColumn(file string, group, ordinal int) *columnar.Vector
	// ForeignColumn gives a column, made by load when it is not kept; load must not panic.
	ForeignColumn(file string, group, ordinal int, load func() (*columnar.Vector, error)) (*columnar.Vector, error)
}

const (
	// keptRows and keptBytes bound the chunks that are decoded as one piece.
	keptRows  = 1 << 21
	keptBytes = 64 << 20
	// sharedValues and sharedDicts bound the dictionaries that row groups share.
	sharedValues = 1 << 12
	sharedDicts  = 8
)

// keptColumns are the columns of one version of a file in a pool. A column chunk is decoded as it is read
// at its first reading, and as a whole, for the pool, at its second: who reads a large file once
// neither pays for keeping it nor drives out what others read often.
type keptColumns struct {
	pool    Pool
	name    string
	columns int
	read    []atomic.Bool // by row group, then column

	builders []sync.Pool // of *segment.ColumnBuilder, by column

	mu    sync.Mutex
	dicts [][]*columnar.Dictionary // by column: the latest
}

// keepIn makes what is read of the files known to pool, which may be nil.
func (s *Source) keepIn(pool Pool) {
	if pool == nil {
		return
	}
	for i := range s.files {
		f := &s.files[i]
		n := len(s.leaves)
		f.kept = &keptColumns{pool: pool, name: identity(f.Info), columns: n, read: make([]atomic.Bool, n*f.meta.NumRowGroups()),
			builders: make([]sync.Pool, n), dicts: make([][]*columnar.Dictionary, n)}
	}
}

// chunkID is where the pool knows a column chunk by; kept is nil when it does not.
type chunkID struct {
	kept           *keptColumns
	group, ordinal int
}

// vector gives the whole chunk if the pool keeps it, or from now on does; else nil. Whatever goes wrong is
// left to who reads the chunk then.
func (id chunkID) vector(group *pqfile.RowGroupReader, l *leaf) *columnar.Vector {
	k := id.kept
	if k == nil || l.null {
		return nil
	}
	if v := k.pool.KeptForeignColumn(k.name, id.group, id.ordinal); v != nil {
		return v
	}
	rows := group.NumRows()
	chunk, err := group.MetaData().ColumnChunk(l.index)
	if err != nil || rows > keptRows || chunk.TotalUncompressedSize() > keptBytes {
		return nil
	}
	if again := &k.read[id.group*k.columns+id.ordinal]; !again.Swap(true) {
		return nil
	}
	v, err := k.pool.ForeignColumn(k.name, id.group, id.ordinal, func() (*columnar.Vector, error) {
		// Where memory is short it is given up soon: then it counts as never read.
		k.read[id.group*k.columns+id.ordinal].Store(false)
		return k.decode(group, l, id.ordinal, int(rows))
	})
	if err != nil {
		return nil
	}
	return v
}

// decode reads a whole chunk in its narrowest form.
func (k *keptColumns) decode(group *pqfile.RowGroupReader, l *leaf, ordinal, rows int) (v *columnar.Vector, err error) {
	defer damage(k.name, &err)
	c := newColumn(l.typ)
	defer c.close()
	if err := c.start(group, l, chunkID{}); err != nil {
		return nil, err
	}
	b, ok := k.builders[ordinal].Get().(*segment.ColumnBuilder)
	if !ok {
		b = segment.NewColumnBuilder(l.typ)
	}
	for from := 0; from < rows; from += columnar.BatchSize {
		part, err := c.read(from, min(columnar.BatchSize, rows-from))
		if err != nil {
			return nil, err
		}
		b.Append(part, nil)
	}
	v, _ = b.Close(nil)
	if v == nil || v.Len != rows {
		return nil, errors.New("the chunk has other rows than its group")
	}
	b.Reuse(v)
	k.builders[ordinal].Put(b)
	if v.Enc == columnar.Dict {
		v.Dict = k.shared(ordinal, v.Dict)
	}
	return v, nil
}

// shared gives the dictionary of equal content that another row group has, as a rule: operators then need
// not compare its values again.
func (k *keptColumns) shared(ordinal int, d *columnar.Dictionary) *columnar.Dictionary {
	if d.Values.Len > sharedValues {
		return d
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, known := range k.dicts[ordinal] {
		if slices.Equal(known.Values.Offsets, d.Values.Offsets) && bytes.Equal(known.Values.Bytes, d.Values.Bytes) {
			return known
		}
	}
	if len(k.dicts[ordinal]) >= sharedDicts {
		k.dicts[ordinal] = k.dicts[ordinal][1:]
	}
	k.dicts[ordinal] = append(k.dicts[ordinal], d)
	return d
}
