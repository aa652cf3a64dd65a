package parquet

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/external/file"
)

// Cursor implements file.Scan.
func (s *scan) Cursor(w *exec.Worker) (file.Cursor, error) {
	c := &cursor{scan: s, worker: w, columns: make([]*column, len(s.ordinals))}
	for i, o := range s.ordinals {
		c.columns[i] = newColumn(s.source.leaves[o].typ)
	}
	return c, nil
}

// cursor is one worker's reading: a row group at a time.
type cursor struct {
	scan    *scan
	worker  *exec.Worker
	path    string
	columns []*column
	// left are the rows of the group behind those at hand, rows those at hand, from those before them.
	left, rows, from int64
}

// Next implements file.Cursor.
func (c *cursor) Next() (rows int, err error) {
	// Columns that nobody decoded lag behind; they skip when they are next wanted.
	for _, col := range c.columns {
		col.behind += c.rows
	}
	c.from += c.rows
	c.rows = 0
	for c.left == 0 {
		i := c.scan.next.Add(1) - 1
		if i >= int64(len(c.scan.morsels)) {
			return 0, nil
		}
		if err := c.start(c.scan.morsels[i], int(i)); err != nil {
			return 0, err
		}
	}
	c.rows = min(c.left, columnar.BatchSize)
	c.left -= c.rows
	return int(c.rows), nil
}

// start goes to a row group.
func (c *cursor) start(m morsel, number int) (err error) {
	f := c.scan.source.files[m.file]
	c.path = f.Path
	defer damage(c.path, &err)
	o, err := c.scan.open(m.file)
	if err != nil {
		return err
	}
	group := o.reader.RowGroup(m.group)
	for i, ordinal := range c.scan.ordinals {
		if err := c.columns[i].start(group, &o.leaves[ordinal], chunkID{o.kept, m.group, ordinal}); err != nil {
			return file.Damaged(c.path, err)
		}
	}
	c.left, c.from = group.NumRows(), 0
	c.worker.Part = number + 1
	return nil
}

// Column implements file.Cursor.
func (c *cursor) Column(i int) (v *columnar.Vector, err error) {
	defer damage(c.path, &err)
	col := c.columns[i]
	if v, err = col.read(int(c.from), int(c.rows)); err != nil {
		return nil, file.Damaged(c.path, err)
	}
	col.behind -= c.rows // Next counts them again
	return v, nil
}

// Close implements file.Cursor.
func (c *cursor) Close() (err error) {
	defer damage(c.path, &err)
	for _, col := range c.columns {
		col.close()
	}
	return nil
}
