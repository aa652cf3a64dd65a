package mvcc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/zeebo/xxh3"

	"github.com/oxidb/oxidb/index"
)

// Components of sealed chunks lie in files under idx/, one each (docs/format/index.md). They are no
// data: nothing names them, a file that is missing or does not fit its chunk is made again by the next
// checkpoint, and failing to write one fails nothing else.

const (
	componentHeaderSize = 32
	componentVersion    = 1
)

var componentMagic = [8]byte{'O', 'X', 'I', 'D', 'B', 'I', 'D', 'X'}

// componentFiles knows which component files there are.
type componentFiles struct {
	mu sync.Mutex
	of map[string]map[string]bool // component files by segment file, both under the database's directory
}

// componentName is where the component of a sealed chunk lies.
func (s *Store) componentName(path *index.Path, at *sealedChunk) (segment, name string) {
	segment = s.relative(at.file.Path())
	dir, base := s.fs.PathDir(segment), s.fs.PathBase(segment)
	return segment, s.fs.PathJoin("idx", s.fs.PathBase(dir), fmt.Sprintf("%s-%d-%s.idx", strings.TrimSuffix(base, ".parquet"), at.group, path.Name))
}

// segmentOf is the segment file that a component file's name belongs to.
func (s *Store) segmentOf(dir, name string) string {
	number, _, _ := strings.Cut(name, "-")
	return s.fs.PathJoin("seg", dir, number+".parquet")
}

func (f *componentFiles) has(segment, name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.of[segment][name]
}

func (f *componentFiles) add(segment, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[string]map[string]bool{}
	}
	if f.of[segment] == nil {
		f.of[segment] = map[string]bool{}
	}
	f.of[segment][name] = true
}

// removeOf removes the components of a segment file that goes.
func (f *componentFiles) removeOf(s *Store, segment string) {
	f.mu.Lock()
	names := f.of[segment]
	delete(f.of, segment)
	f.mu.Unlock()
	for name := range names {
		_ = s.fs.Remove(s.path(name)) // what stays is removed when the store is opened next
	}
}

// forget makes the next checkpoint write a component anew.
func (f *componentFiles) forget(segment, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.of[segment], name)
}

// list finds the component files when the store is opened, and removes those of segments that are gone,
// unless nothing may be written. Errors leave files where they are: they cost space at most.
func (f *componentFiles) list(s *Store) {
	dirs, err := s.fs.List(s.path("idx"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		names, err := s.fs.List(s.path(s.fs.PathJoin("idx", dir)))
		if err != nil {
			continue
		}
		for _, name := range names {
			segment, path := s.segmentOf(dir, name), s.fs.PathJoin("idx", dir, name)
			switch {
			case s.files[segment] != nil:
				f.add(segment, path)
			case !s.opts.ReadOnly:
				_ = s.fs.Remove(s.path(path))
			}
		}
	}
}

// identity tells which rows a component belongs to: that of other data never passes for it, even where
// a file's name was used before. Of the tables that share a segment file, the one that it was written
// for stands for all.
func (s *Store) identity(id TableID, path *index.Path, c *chunk, at *sealedChunk) uint64 {
	b := append([]byte(path.Name), s.uuid[:]...)
	if owner, err := strconv.ParseUint(s.fs.PathBase(s.fs.PathDir(at.file.Path())), 10, 32); err == nil {
		id = TableID(owner)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(id))
	b = binary.LittleEndian.AppendUint32(b, uint32(c.rows))
	for _, f := range path.Fields {
		meta := &at.meta.Columns[c.field(f)]
		b = binary.LittleEndian.AppendUint32(b, uint32(f))
		b = binary.LittleEndian.AppendUint32(b, meta.CRC)
		b = binary.LittleEndian.AppendUint64(b, uint64(meta.Length))
	}
	return xxh3.Hash(b)
}

// stored reports whether a chunk's component may have a file: all key columns lie in the chunk's own.
func (c *chunk) stored(path *index.Path) bool {
	for _, f := range path.Fields {
		if c.field(f) < 0 {
			return false
		}
	}
	return true
}

// readComponent gives a sealed chunk's component from its file; nil when there is none that fits.
func (s *Store) readComponent(id TableID, path *index.Path, c *chunk, at *sealedChunk) index.Component {
	if s.dir == "" || !c.stored(path) {
		return nil
	}
	segment, name := s.componentName(path, at)
	if !s.components.has(segment, name) {
		return nil
	}
	payload, state, err := s.componentPayload(name, s.identity(id, path, c, at))
	var found index.Component
	if err == nil && state == componentFits {
		found, err = decodeComponent(path.Kind, payload, c.rows)
	}
	if err != nil || state == componentDamaged {
		s.components.forget(segment, name)
		return nil
	}
	return found
}

// componentState is what a component's file turned out to be.
type componentState uint8

const (
	componentFits    componentState = iota
	componentDamaged                // as a crash leaves it that tears a file, too
	componentLater                  // of a later format
	componentOther                  // of other rows, as those of a clone are
)

// componentPayload reads a component's file and compares it with what it must be.
func (s *Store) componentPayload(name string, identity uint64) ([]byte, componentState, error) {
	data, err := s.readFile(name)
	switch {
	case err != nil:
		return nil, componentDamaged, err
	case len(data) < componentHeaderSize || [8]byte(data[:8]) != componentMagic:
		return nil, componentDamaged, nil
	case binary.LittleEndian.Uint32(data[8:]) > componentVersion:
		return nil, componentLater, nil
	case binary.LittleEndian.Uint32(data[12:]) != crc32.Checksum(data[16:], castagnoli), binary.LittleEndian.Uint64(data[24:]) != uint64(len(data)-componentHeaderSize),
		binary.LittleEndian.Uint32(data[8:]) != componentVersion:
		return nil, componentDamaged, nil
	case binary.LittleEndian.Uint64(data[16:]) != identity:
		return nil, componentOther, nil
	}
	return data[componentHeaderSize:], componentFits, nil
}

// writeComponent writes a component's file. It need not be on disk when anything else is: a file that a
// crash tears does not pass its checksum.
func (s *Store) writeComponent(id TableID, path *index.Path, c *chunk, at *sealedChunk, x index.Component) error {
	segment, name := s.componentName(path, at)
	data := make([]byte, componentHeaderSize, componentHeaderSize+x.Bytes())
	copy(data, componentMagic[:])
	binary.LittleEndian.PutUint32(data[8:], componentVersion)
	binary.LittleEndian.PutUint64(data[16:], s.identity(id, path, c, at))
	data = x.AppendTo(data)
	binary.LittleEndian.PutUint64(data[24:], uint64(len(data)-componentHeaderSize))
	binary.LittleEndian.PutUint32(data[12:], crc32.Checksum(data[16:], castagnoli))
	if err := s.fs.MkdirAll(s.path(s.fs.PathDir(name)), 0o755); err != nil {
		return err
	}
	f, err := s.fs.Create(s.path(name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	s.components.add(segment, name)
	return nil
}

// saveComponents writes the components that sealed chunks do not have on disk yet, so that a restart
// need not build them. The first error ends it: the disk may be full, and the next checkpoint tries
// again.
func (s *Store) saveComponents(ctx context.Context) {
	for _, w := range s.unsaved() {
		if ctx.Err() != nil {
			return
		}
		x, _, err := s.component(ctx, w.id, w.schema, w.path, w.chunk)
		if err != nil || s.writeComponent(w.id, w.path, w.chunk, w.at, x) != nil {
			return
		}
	}
}

// unsavedComponent is a component without a file.
type unsavedComponent struct {
	id     TableID
	schema *Schema
	path   *index.Path
	chunk  *chunk
	at     *sealedChunk
}

// unsaved lists the components of live sealed chunks that have no file.
func (s *Store) unsaved() []unsavedComponent {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []unsavedComponent
	for _, id := range slices.Sorted(maps.Keys(s.tables)) {
		t := s.tables[id]
		if t.newest().dropped {
			continue
		}
		schema := &t.newest().schema
		for _, path := range schema.paths() {
			for _, c := range t.chunks {
				at := c.sealed.Load()
				if at == nil || c.retired() || !c.stored(path) || c.ascending(path) != nil {
					continue
				}
				if segment, name := s.componentName(path, at); !s.components.has(segment, name) {
					all = append(all, unsavedComponent{id, schema, path, c, at})
				}
			}
		}
	}
	return all
}
