package parquet

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/external/file"
)

// Cache keeps what the footers of files say as long as the files do not change, so that a query of few
// rows need not read and sum up thousands of statistics first, and hands decoded columns to a Pool. It may
// be used by many goroutines at once; nil keeps nothing.
type Cache struct {
	pool    Pool
	mu      sync.Mutex
	sources map[string]*Source
}

// NewCache makes an empty cache. pool may be nil: then columns are decoded whenever they are read.
func NewCache(pool Pool) *Cache { return &Cache{pool: pool, sources: map[string]*Source{}} }

const (
	// mostSources is how many sets of files are kept.
	mostSources = 256
	// settled is the age from which a file's time of change tells it from a later version: file systems
	// count it in steps.
	settled = 2 * time.Second
)

// Open is the function Open, with what is known already.
func (c *Cache) Open(fsys vfs.FS, name string, files []file.Info) (*Source, error) {
	if c == nil {
		return Open(fsys, name, files)
	}
	key, keep := keyOf(name, files)
	c.mu.Lock()
	s := c.sources[key]
	c.mu.Unlock()
	if s != nil {
		return s, nil
	}
	s, err := Open(fsys, name, files)
	if err != nil || !keep {
		return s, err
	}
	s.keepIn(c.pool)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sources) >= mostSources {
		clear(c.sources)
	}
	c.sources[key] = s
	return s, nil
}

// keyOf tells versions of files apart; keep is false when it could fail to.
func keyOf(name string, files []file.Info) (key string, keep bool) {
	var b strings.Builder
	b.WriteString(name)
	keep = true
	for _, f := range files {
		b.WriteByte(0)
		b.WriteString(identity(f))
		keep = keep && !f.Modified.IsZero() && time.Since(f.Modified) > settled
	}
	return b.String(), keep
}

// identity names a version of a file.
func identity(f file.Info) string {
	return fmt.Sprintf("%s\x00%d\x00%d\x00%d\x00%d", f.Path, f.Size, f.Modified.UnixNano(), f.Inode, f.Changed)
}
