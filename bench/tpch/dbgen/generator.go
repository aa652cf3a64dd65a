package dbgen

import (
	"fmt"
	"runtime"
	"sync"
)

// DefaultBatchRows is the size of a batch unless Options say otherwise: a Parquet row group's.
const DefaultBatchRows = 122_880

// Options choose how much to generate, and how.
type Options struct {
	// Scale is the scale factor, 0.001 to 10,000; 1 is about 1 GB of text.
	Scale float64
	// Workers is the number of goroutines that generate; 0 is GOMAXPROCS.
	Workers int
	// BatchRows is the size of every batch but a table's last; 0 is DefaultBatchRows.
	BatchRows int
	// Part of Parts (1 ≤ Part ≤ Parts) restricts the rows as the official -S and -C do: lineitem is cut
	// at the same orders as orders, partsupp at the same parts as part. Region and nation belong to
	// part 1. 0 of 0 is everything.
	Part, Parts int
}

// Generator generates the tables of one scale factor. Its methods may be called concurrently.
type Generator struct {
	opts    Options
	text    func() []byte // 300 MiB, written on first use
	scratch sync.Pool     // *scratch
}

// New checks the options.
func New(opts Options) (*Generator, error) {
	if !(opts.Scale >= 0.001 && opts.Scale <= 10_000) {
		return nil, fmt.Errorf("tpch: scale factor %v is not between 0.001 and 10000", opts.Scale)
	}
	if opts.Part == 0 && opts.Parts == 0 {
		opts.Part, opts.Parts = 1, 1
	}
	if opts.Part < 1 || opts.Part > opts.Parts {
		return nil, fmt.Errorf("tpch: no part %d of %d", opts.Part, opts.Parts)
	}
	if opts.BatchRows < 0 || opts.BatchRows > 1<<22 {
		return nil, fmt.Errorf("tpch: batches of %d rows; at most %d are possible", opts.BatchRows, 1<<22)
	}
	if opts.BatchRows == 0 {
		opts.BatchRows = DefaultBatchRows
	}
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	g := &Generator{opts: opts, text: sync.OnceValue(writeText)}
	g.scratch.New = func() any { return new(scratch) }
	return g, nil
}

// Rows per unit of scale (clause 4.2.5).
const (
	suppliersPerScale = 10_000
	customersPerScale = 150_000
	partsPerScale     = 200_000
	ordersPerScale    = 1_500_000
	suppliersPerPart  = 4
)

// scaled is the number of rows of a table with perScale rows at scale factor 1.
func (g *Generator) scaled(perScale int) int64 { return int64(float64(perScale) * g.opts.Scale) }

// units is the range of the table's units in the generator's part: orders for lineitem, parts for
// partsupp, rows for the others.
func (g *Generator) units(t Table) (from, to int64) {
	var total int64
	switch t {
	case Region, Nation:
		if g.opts.Part == 1 {
			to = int64(len(t.Fields()[1].Dict.Values))
		}
		return 0, to
	case Supplier:
		total = g.scaled(suppliersPerScale)
	case Customer:
		total = g.scaled(customersPerScale)
	case Part, PartSupp:
		total = g.scaled(partsPerScale)
	case Orders, Lineitem:
		total = g.scaled(ordersPerScale)
	}
	part, parts := int64(g.opts.Part), int64(g.opts.Parts)
	from, to = total/parts*(part-1), total/parts*part
	if part == parts {
		to = total
	}
	return from, to
}

// Chunk is a run of rows that is generated on its own. FirstRow is its place in the whole table, except
// that lineitem counts from the first row of the generator's part.
type Chunk struct {
	Table    Table
	FirstRow int64
	Rows     int

	// Lineitem: the order that the first row belongs to, and how many of its lines come before.
	order   int64
	skipped int
}

// Chunks cuts the table (the generator's part of it) into batches. For lineitem this counts the lines
// of all orders, about 2 ms a scale factor.
func (g *Generator) Chunks(t Table) []Chunk {
	from, to := g.units(t)
	if t == Lineitem {
		return lineChunks(from, to, g.opts.BatchRows)
	}
	if t == PartSupp {
		from, to = from*suppliersPerPart, to*suppliersPerPart
	}
	var chunks []Chunk
	for row := from; row < to; row += int64(g.opts.BatchRows) {
		chunks = append(chunks, Chunk{Table: t, FirstRow: row, Rows: int(min(to-row, int64(g.opts.BatchRows)))})
	}
	return chunks
}

// Rows is the number of rows of the generator's part of the table.
func (g *Generator) Rows(t Table) int64 {
	var rows int64
	for _, c := range g.Chunks(t) {
		rows += int64(c.Rows)
	}
	return rows
}

// Fill generates a chunk into dst, reusing dst's memory where it suffices. It may run concurrently with
// other calls that have another dst.
func (g *Generator) Fill(c Chunk, dst *Columns) {
	dst.reset(c.Table, c.FirstRow, c.Rows)
	f := filler{g: g, text: g.text(), scratch: g.scratch.Get().(*scratch), cols: dst.Cols, row: c.FirstRow, rows: c.Rows}
	defer g.scratch.Put(f.scratch)
	switch c.Table {
	case Region:
		f.region()
	case Nation:
		f.nation()
	case Supplier:
		f.supplier()
	case Customer:
		f.customer()
	case Part:
		f.part()
	case PartSupp:
		f.partsupp()
	case Orders:
		f.orders()
	case Lineitem:
		f.lineitem(c)
	}
}

// filler generates the columns of one chunk.
type filler struct {
	g       *Generator
	text    []byte
	scratch *scratch
	cols    []Column
	row     int64 // the chunk's first row in its table
	rows    int
}

// scratch is memory that a filler needs while it works.
type scratch struct {
	numbers [5][]int32
	dates   []int32
	lines   lineLayout
}
