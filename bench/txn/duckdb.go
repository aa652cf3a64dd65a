package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// duckdb is DuckDB in a process of its own, spoken to by lines: peer/duckdb_txn.py.
type duckdb struct {
	python, script string
	process        *exec.Cmd
	in             io.WriteCloser
	out            *bufio.Scanner
}

func (d *duckdb) name() string { return "duckdb" }

func (d *duckdb) start(ctx context.Context, dir string) error {
	d.process = exec.CommandContext(ctx, d.python, d.script, filepath.Join(dir, "t.duckdb"))
	var err error
	if d.in, err = d.process.StdinPipe(); err != nil {
		return err
	}
	out, err := d.process.StdoutPipe()
	if err != nil {
		return err
	}
	d.out = bufio.NewScanner(out)
	if err := d.process.Start(); err != nil {
		return err
	}
	_, err = d.answer()
	return err
}

func (d *duckdb) run(_ context.Context, clients int, length time.Duration) (outcome, error) {
	if _, err := fmt.Fprintf(d.in, "RUN %d %g\n", clients, length.Seconds()); err != nil {
		return outcome{}, err
	}
	words, err := d.answer()
	if err != nil || len(words) != 2 {
		return outcome{}, fmt.Errorf("duckdb: %v %w", words, err)
	}
	commits, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil {
		return outcome{}, err
	}
	seconds, err := strconv.ParseFloat(words[1], 64)
	return outcome{commits: commits, seconds: seconds}, err
}

func (d *duckdb) stop() error {
	_, err := io.WriteString(d.in, "QUIT\n")
	if err == nil {
		_, err = d.answer()
	}
	return errors.Join(err, d.in.Close(), d.process.Wait())
}

func (d *duckdb) answer() ([]string, error) {
	if !d.out.Scan() {
		return nil, fmt.Errorf("duckdb ended: %w", cmp.Or(d.out.Err(), io.EOF))
	}
	words := strings.Fields(d.out.Text())
	if len(words) == 0 || words[0] != "ok" {
		return nil, fmt.Errorf("duckdb says: %s", d.out.Text())
	}
	return words[1:], nil
}
