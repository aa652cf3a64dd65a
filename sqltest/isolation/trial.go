package isolation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oxidb/oxidb"
)

// Trial is one history of one fresh database and what is wrong with it.
type Trial struct {
	Txns, Committed int
	Allowed         int // anomalies that the level allows
	Violations      []Anomaly
}

// Try runs the workload on a fresh database, in memory for dir "", and checks the history. A database
// in a directory is checkpointed all the while, and the last read of all lists is of the reopened one:
// what was acknowledged must be in the files.
func Try(ctx context.Context, dir string, layout Layout, load Workload) (*Trial, error) {
	path := dir
	if path == "" {
		path = oxidb.InMemory
	}
	db, err := oxidb.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	lists, err := CreateLists(ctx, db, layout, load.Keys())
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	lists.Level = load.Level
	stop := checkpointing(ctx, db)
	history, err := load.Run(ctx, lists)
	if err = errors.Join(err, stop(), db.Close()); err != nil {
		return nil, fmt.Errorf("%s lists: %w", layout, err)
	}
	if dir != "" {
		last, err := reread(ctx, dir, layout, &load, history)
		if err != nil {
			return nil, fmt.Errorf("%s lists, reopened: %w", layout, err)
		}
		history = append(history, last)
	}
	return judge(history, load.Level), nil
}

func reread(ctx context.Context, dir string, layout Layout, load *Workload, h History) (Txn, error) {
	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		return Txn{}, err
	}
	lists := OpenLists(db, layout)
	lists.Level = load.Level
	last, err := load.ReadAll(ctx, lists, h[len(h)-1].Complete)
	return last, errors.Join(err, db.Close())
}

func judge(h History, l Level) *Trial {
	found := Check(h)
	t := &Trial{Txns: len(h), Violations: Violations(found, l)}
	t.Allowed = len(found) - len(t.Violations)
	for i := range h {
		if h[i].Outcome == Committed {
			t.Committed++
		}
	}
	return t
}

// checkpointPause lets a few dozen commits pass between checkpoints.
const checkpointPause = 30 * time.Millisecond

// checkpointing writes checkpoints until the function that it gives is called, which waits for the last.
func checkpointing(ctx context.Context, db *oxidb.DB) (stop func() error) {
	if db.Path() == "" {
		return func() error { return nil }
	}
	end, done := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-end:
				done <- nil
				return
			case <-time.After(checkpointPause):
			}
			if err := db.Checkpoint(ctx); err != nil {
				<-end
				done <- err
				return
			}
		}
	}()
	return func() error { close(end); return <-done }
}
