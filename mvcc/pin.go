package mvcc

import (
	"errors"
	"sync"
)

// pins keep files from being removed. While there is any, what checkpoints replace stays: segments,
// manifests and log files. Files that no manifest or committed transaction ever named do not count.
type pins struct {
	mu       sync.Mutex
	held     int
	replaced []string // manifests that newer ones have replaced
	firstLog uint64   // the log files before it are not needed; 0 when none is
}

// Pin keeps every file of the manifest that counts now, of later ones, and of the log from there on,
// from being removed or used again, until release is called. Checkpoints and commits go on meanwhile.
// After a restart pins are gone, and so is what they kept.
func (s *Store) Pin() (release func()) {
	s.pins.mu.Lock()
	defer s.pins.mu.Unlock()
	s.pins.held++
	var once sync.Once
	return func() {
		once.Do(func() {
			s.pins.mu.Lock()
			defer s.pins.mu.Unlock()
			s.pins.held--
		})
	}
}

// removeReplaced removes what no manifest names any more, unless someone pins it: then the next
// checkpoint without a pin does.
func (s *Store) removeReplaced() error {
	p := &s.pins
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held > 0 {
		return nil
	}
	var err error
	var kept []string
	for _, name := range p.replaced {
		if e := s.fs.Remove(s.path(name)); e != nil {
			kept, err = append(kept, name), errors.Join(err, s.fileError("removing", name, e))
		}
	}
	p.replaced = kept
	if p.firstLog > 0 {
		if e := s.log.Trim(p.firstLog); e != nil {
			return errors.Join(err, s.fileError("trimming", "wal", e))
		}
		p.firstLog = 0
	}
	s.sweep()
	return err
}

// replace notes what a manifest that counts now has made useless.
func (p *pins) replace(manifest string, firstLog uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.replaced = append(p.replaced, manifest)
	p.firstLog = firstLog
}
