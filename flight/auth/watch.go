package auth

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// watched is a file of accounts that is read again when it changes (A4).
type watched struct {
	path  string
	log   *slog.Logger
	known atomic.Pointer[Accounts] // nil as long as there has been no file
	next  atomic.Int64             // when the file is looked at again, in Unix nanoseconds

	mu   sync.Mutex
	seen os.FileInfo
}

// watchEvery is how often a server looks at its file of accounts.
const watchEvery = time.Second

// watch reads the file, which need not exist yet. An empty path watches nothing.
func watch(path string, log *slog.Logger) (*watched, error) {
	w := &watched{path: path, log: log}
	if path == "" {
		return w, nil
	}
	return w, w.read()
}

// accounts are those of now, nil while there is no file.
func (w *watched) accounts() *Accounts {
	if w.path == "" {
		return nil
	}
	due := w.next.Load()
	if at := time.Now().UnixNano(); at >= due && w.next.CompareAndSwap(due, at+int64(watchEvery)) {
		return w.latest()
	}
	return w.known.Load()
}

// latest looks at the file now: who has just been added need not wait.
func (w *watched) latest() *Accounts {
	if w.path == "" {
		return nil
	}
	if err := w.read(); err != nil {
		w.log.Error("the accounts have changed, but cannot be read: the old ones stay in force", "file", w.path, "error", err)
	}
	return w.known.Load()
}

func (w *watched) read() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next.Store(time.Now().Add(watchEvery).UnixNano())
	info, err := os.Stat(w.path)
	if errors.Is(err, fs.ErrNotExist) && w.known.Load() == nil {
		return nil
	}
	if err != nil {
		return err
	}
	if w.seen != nil && os.SameFile(w.seen, info) && w.seen.ModTime().Equal(info.ModTime()) && w.seen.Size() == info.Size() && w.seen.Mode() == info.Mode() {
		return nil
	}
	a, err := Read(w.path)
	if err != nil {
		return err
	}
	w.seen = info
	w.known.Store(a)
	return nil
}
