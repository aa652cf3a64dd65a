package proof_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

// However a crash orders the names of a directory, one marker must be there: an engine that replaces
// the old marker before the new one is durable can lose both.
func TestCheckpointNeverLosesItsMarker(t *testing.T) {
	d := disk.New()
	s, err := mvcc.Open(d, "/db", mvcc.Options{CheckpointBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	d.SetHook(func(op disk.Op) error {
		for range 8 {
			after := d.Crash(disk.KeepLast, rng)
			again, err := mvcc.Open(after, "/db", mvcc.Options{CheckpointBytes: -1})
			if err != nil {
				t.Fatalf("crash before %v of %s: %v", op.Kind, op.Path, err)
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return nil
	})
	for range 3 {
		if err := s.Checkpoint(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
