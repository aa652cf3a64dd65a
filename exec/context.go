package exec

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oxidb/oxidb/sqlerr"
)

// Context is a context.Context that ends with its parents, or by End. Until somebody waits for its end
// (Done) it costs nothing but asking the parents: a short statement makes no channel, no goroutine and
// no entry in its caller's context. The zero value never ends by a parent.
type Context struct {
	parents [2]context.Context // the first gives deadline and values; either may be nil

	ended atomic.Pointer[ending]

	mu     sync.Mutex
	done   chan struct{} // nil until somebody asked
	unhook [2]func() bool
}

// ending is how a context ended.
type ending struct{ err, cause error }

// NewContext makes a context that ends when parent or also does; also may be nil.
func NewContext(parent, also context.Context) *Context {
	c := &Context{}
	c.Start(parent, also)
	return c
}

// Start gives a zero Context its parents; also may be nil. Nobody may use it before.
func (c *Context) Start(parent, also context.Context) { c.parents = [2]context.Context{parent, also} }

// over is the end that most contexts meet: what they were for is done.
var over = &ending{context.Canceled, context.Canceled}

// End ends the context, with a cause for Cause. The first end counts.
func (c *Context) End(cause error) {
	if cause == context.Canceled { //nolint:errorlint // this very value
		c.end(over)
		return
	}
	c.end(&ending{context.Canceled, cause})
}

func (c *Context) end(how *ending) {
	c.ended.CompareAndSwap(nil, how)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		return
	}
	select {
	case <-c.done:
		return
	default:
	}
	close(c.done)
	for i, stop := range c.unhook {
		if stop != nil {
			stop()
		}
		c.unhook[i] = nil
	}
}

// Waited reports whether anybody has asked for Done: it may still be held then.
func (c *Context) Waited() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done != nil
}

// Done implements context.Context.
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done != nil {
		return c.done
	}
	c.done = make(chan struct{})
	if c.ended.Load() != nil {
		close(c.done)
		return c.done
	}
	for i, p := range c.parents {
		if p != nil && p.Done() != nil {
			c.unhook[i] = context.AfterFunc(p, func() { c.end(&ending{p.Err(), Cause(p)}) })
		}
	}
	return c.done
}

// Err implements context.Context.
func (c *Context) Err() error {
	if e := c.ended.Load(); e != nil {
		return e.err
	}
	for _, p := range c.parents {
		if p == nil {
			continue
		}
		if err := p.Err(); err != nil {
			return err
		}
	}
	return nil
}

// Deadline implements context.Context.
func (c *Context) Deadline() (time.Time, bool) {
	if p := c.parents[0]; p != nil {
		return p.Deadline()
	}
	return time.Time{}, false
}

// Value implements context.Context.
func (c *Context) Value(key any) any {
	if p := c.parents[0]; p != nil {
		return p.Value(key)
	}
	return nil
}

// Cause is why ctx has ended, as context.Cause, nil while it has not.
func Cause(ctx context.Context) error {
	c, ok := ctx.(*Context)
	if !ok {
		return context.Cause(ctx)
	}
	if e := c.ended.Load(); e != nil {
		return e.cause
	}
	for _, p := range c.parents {
		if p != nil && p.Err() != nil {
			return Cause(p)
		}
	}
	return nil
}

// Interrupted is why a statement must stop, as its error, nil while its context goes on: 57014 when it
// was cancelled or timed out, else the cause that somebody gave.
func Interrupted(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	switch cause := Cause(ctx); {
	case errors.Is(cause, context.Canceled):
		return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request")
	case errors.Is(cause, context.DeadlineExceeded):
		return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to statement timeout")
	default:
		return cause
	}
}
