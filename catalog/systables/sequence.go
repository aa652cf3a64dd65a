package systables

import (
	"github.com/oxidb/oxidb/catalog"
)

// CreateSequence adds a sequence, whose ID is set; 42P07 when the name is taken.
func (w *Writer) CreateSequence(s *catalog.Sequence) error {
	at := name{s.Schema, s.Name}
	if err := w.free(at); err != nil {
		return err
	}
	return w.insert(s.ID, spaceRelations, kindSequence, at, s)
}

// AlterSequence replaces the descriptor of old by changed, which has the same ID.
func (w *Writer) AlterSequence(old, changed *catalog.Sequence) error {
	from, to := name{old.Schema, old.Name}, name{changed.Schema, changed.Name}
	if from != to {
		if err := w.free(to); err != nil {
			return err
		}
	}
	if err := w.remove(from, "sequence"); err != nil {
		return err
	}
	return w.insert(changed.ID, spaceRelations, kindSequence, to, changed)
}

// DropSequence removes a sequence.
func (w *Writer) DropSequence(s *catalog.Sequence) error {
	return w.remove(name{s.Schema, s.Name}, "sequence")
}
