package exec

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/oxidb/oxidb/sqlerr"
)

// A statement that does not notice its caller's cancellation, or that its transaction was ended, runs on
// for nobody: whoever asks and whoever waits must learn of it, with its cause.
func TestContextEndsWithEitherParentAndByItself(t *testing.T) {
	reason := errors.New("reason")
	for name, end := range map[string]func(first, second context.CancelCauseFunc, c *Context){
		"first":  func(first, _ context.CancelCauseFunc, _ *Context) { first(reason) },
		"second": func(_, second context.CancelCauseFunc, _ *Context) { second(reason) },
		"itself": func(_, _ context.CancelCauseFunc, c *Context) { c.End(reason) },
	} {
		for _, waits := range []string{"before", "after", "never"} {
			t.Run(name+" "+waits, func(t *testing.T) {
				a, first := context.WithCancelCause(context.Background())
				b, second := context.WithCancelCause(context.Background())
				defer first(nil)
				defer second(nil)
				c := NewContext(a, b)
				inner := NewContext(c, nil)
				var done <-chan struct{}
				if waits == "before" {
					done = inner.Done()
				}
				if inner.Err() != nil || Cause(inner) != nil {
					t.Fatal("it has ended", inner.Err(), Cause(inner))
				}
				end(first, second, c)
				if waits == "after" {
					done = inner.Done()
				}
				if done != nil {
					<-done
				}
				if !errors.Is(inner.Err(), context.Canceled) || !errors.Is(Cause(inner), reason) {
					t.Error(inner.Err(), Cause(inner))
				}
				if inner.Waited() != (waits != "never") {
					t.Error("waited:", inner.Waited())
				}
				inner.End(nil)
				inner.End(nil)
			})
		}
	}
}

// Contexts made by others from ours must end with it.
func TestContextEndsItsChildren(t *testing.T) {
	c := NewContext(context.Background(), nil)
	child, cancel := context.WithCancel(c)
	defer cancel()
	c.End(context.Canceled)
	<-child.Done()
	if child.Err() == nil {
		t.Error("the child goes on")
	}
}

func TestInterruptedTellsTimeoutsFromCancellation(t *testing.T) {
	late, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	want := sqlerr.New(sqlerr.AdminShutdown, "ended")
	ended := NewContext(context.Background(), nil)
	ended.End(want)
	cancelled := NewContext(context.Background(), nil)
	cancelled.End(context.Canceled)
	for _, c := range []struct {
		ctx  context.Context
		text string
	}{
		{NewContext(late, nil), "canceling statement due to statement timeout"},
		{cancelled, "canceling statement due to user request"},
		{ended, "ended"},
	} {
		if err := Interrupted(NewContext(c.ctx, nil)); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("got %v, want %q", err, c.text)
		}
	}
	if err := Interrupted(NewContext(context.Background(), nil)); err != nil {
		t.Error(err)
	}
}
