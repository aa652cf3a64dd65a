package buffer

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/spill"
	"github.com/oxidb/oxidb/types"
)

const (
	// PartitionBits is how many bits of a hash choose the partition: one level's from the top, the
	// next level's from those below.
	PartitionBits = 5
	// PartitionCount is the number of partitions of one level.
	PartitionCount = 1 << PartitionBits
	// MaxPartitionLevel is the last level: rows that three levels have not parted have one key.
	MaxPartitionLevel = 2
	// partitionBlock is the most rows that are written at once, leastBlock the fewest.
	partitionBlock = columnar.BatchSize / 2
	leastBlock     = partitionBlock / 8
)

// Partitions are rows set aside by a hash, in the order in which they came, in a file or in memory.
// They belong to one goroutine while they grow; afterwards many may read them.
type Partitions struct {
	query  *exec.Query
	level  int
	block  int // rows that are written at once
	types  []types.Type
	arena  *mem.Arena
	held   *mem.Arena // of blocks in memory; nil when all go to the file
	file   *spill.File
	tables [PartitionCount]*Table
	blocks [PartitionCount][]spill.Block
	rows   [PartitionCount][]uint32 // of the batch at hand
	dicts  []*columnar.Dictionary
	counts [PartitionCount]int
	bytes  [PartitionCount]int64
}

// NewPartitions makes empty partitions of rows with columns of types ts. Those in memory go on in a
// file when they should.
func NewPartitions(q *exec.Query, ts []types.Type, level int, inMemory bool) *Partitions {
	block := partitionBlock
	if capacity := q.Memory.Capacity(); capacity > 0 {
		// All partitions together hold a small share of the memory; columns of eight bytes that have
		// just doubled take 24.
		block = min(block, max(leastBlock, int(capacity)/16/len(q.Workers)/PartitionCount/(24*(len(ts)+1))))
	}
	p := &Partitions{query: q, level: level, block: block, types: ts, arena: q.NewArena(), dicts: make([]*columnar.Dictionary, len(ts))}
	if inMemory {
		p.held = q.NewArena()
	}
	return p
}

// PartitionOf is the partition of a hash at a level.
func PartitionOf(hash uint64, level int) int {
	return int(hash << (PartitionBits * level) >> (64 - PartitionBits))
}

// Append sets the rows of sel, all n when it is nil, of cols aside; hashes has one a row.
func (p *Partitions) Append(cols []*columnar.Vector, sel []uint32, n int, hashes []uint64) error {
	if err := p.sameDictionaries(cols); err != nil {
		return err
	}
	for i := range p.rows {
		p.rows[i] = p.rows[i][:0]
	}
	if sel != nil {
		n = len(sel)
	}
	for j := range n {
		row := uint32(j)
		if sel != nil {
			row = sel[j]
		}
		at := PartitionOf(hashes[j], p.level)
		p.rows[at] = append(p.rows[at], row)
	}
	for at, rows := range p.rows {
		if err := p.add(at, cols, rows); err != nil {
			return err
		}
	}
	if p.arena.Bytes() > p.room() {
		if err := p.clean(); err != nil {
			return err
		}
	}
	return p.query.Err()
}

// room is the memory that tables of full blocks of eight-byte columns take, with what is left behind
// when they grow.
func (p *Partitions) room() int64 {
	return 1<<20 + int64(PartitionCount*p.block*24*(len(p.types)+1))
}

// clean writes what is held and begins with fresh tables: columns leave memory behind when they change
// their form.
func (p *Partitions) clean() error {
	err := p.flush()
	p.tables = [PartitionCount]*Table{}
	p.arena.Free()
	return err
}

// add copies rows into a partition's table, which is written whenever it is full.
func (p *Partitions) add(at int, cols []*columnar.Vector, rows []uint32) error {
	for len(rows) > 0 {
		t := p.tables[at]
		if t == nil {
			t = New(p.arena, p.types)
			p.tables[at] = t
		}
		n := min(len(rows), p.block-t.Rows)
		t.Append(cols, rows[:n], n)
		rows = rows[n:]
		if t.Rows == p.block {
			if err := p.write(at); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameDictionaries writes what is held when a column's dictionary changes: a block has one, which
// belongs to a chunk of a table, or none.
func (p *Partitions) sameDictionaries(cols []*columnar.Vector) error {
	changed := false
	for i, v := range cols {
		changed = changed || p.dicts[i] != v.Dict
		p.dicts[i] = v.Dict
	}
	if !changed {
		return nil
	}
	return p.flush()
}

func (p *Partitions) write(at int) error {
	t := p.tables[at]
	if t == nil || t.Rows == 0 {
		return nil
	}
	cols := make([]*columnar.Vector, len(t.cols))
	for i := range t.cols {
		cols[i] = t.Column(i)
	}
	b, err := p.save(cols, t.Rows)
	if err != nil {
		return err
	}
	p.blocks[at] = append(p.blocks[at], b)
	p.counts[at] += t.Rows
	p.bytes[at] += int64(b.Bytes())
	t.reset()
	return nil
}

func (p *Partitions) save(cols []*columnar.Vector, rows int) (b spill.Block, err error) {
	if p.held != nil && !p.query.ShouldSpill(p.held.Bytes()) {
		return spill.Keep(cols, rows, p.held), nil
	}
	if p.file == nil {
		if p.file, err = p.query.NewFile(); err != nil {
			return b, err
		}
	}
	return p.file.Write(cols, rows)
}

func (p *Partitions) flush() error {
	for at := range p.tables {
		if err := p.write(at); err != nil {
			return err
		}
	}
	return nil
}

// Finish writes what is held and gives the memory back. No row may follow.
func (p *Partitions) Finish() error {
	return p.clean()
}

// reset empties a table and keeps its memory.
func (t *Table) reset() {
	t.Rows = 0
	for i := range t.cols {
		c := &t.cols[i]
		v := &c.v
		c.v = columnar.Vector{Type: v.Type, U8: v.U8[:0], U16: v.U16[:0], U32: v.U32[:0], I64: v.I64[:0], I128: v.I128[:0],
			F64: v.F64[:0], Spans: v.Spans[:0], UUID: v.UUID[:0], Offsets: v.Offsets[:0], Bytes: v.Bytes[:0]}
		c.set, c.ready, c.shown = nil, false, false
	}
}

// PartitionRows is the number of rows in partition at of several sets, PartitionBytes their size.
func PartitionRows(sets []*Partitions, at int) (rows int) {
	for _, p := range sets {
		if p != nil {
			rows += p.counts[at]
		}
	}
	return rows
}

// PartitionBytes is the size of partition at of several sets in their files.
func PartitionBytes(sets []*Partitions, at int) (bytes int64) {
	for _, p := range sets {
		if p != nil {
			bytes += p.bytes[at]
		}
	}
	return bytes
}

// ReadPartition streams partition at of several sets.
func ReadPartition(q *exec.Query, sets []*Partitions, at int) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		var words []uint64
		for _, p := range sets {
			if p == nil {
				continue
			}
			for i := range p.blocks[at] {
				b := &p.blocks[at][i]
				if need := (b.Bytes() + 7) / 8; need > len(words) {
					words = make([]uint64, need)
				}
				cols, err := b.Read(words)
				if err == nil {
					err = q.Err()
				}
				if err != nil {
					yield(nil, err)
					return
				}
				out := columnar.Batch{Len: b.Rows, Cols: make([]*columnar.Vector, len(cols))}
				for j := range cols {
					out.Cols[j] = &cols[j]
				}
				if !yield(&out, nil) {
					return
				}
			}
		}
	}
}
