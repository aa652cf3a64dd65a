package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// shortDuckDB measures DuckDB in its own process, from one thread of Python.
func (c *config) shortDuckDB(ctx context.Context, length time.Duration) (err error) {
	d := &duckdb{python: c.python, script: c.script()}
	if err := d.start(ctx, c.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	for _, kind := range shortKinds {
		if _, err := fmt.Fprintf(d.in, "SHORT %s %g %d\n", kind, length.Seconds(), shortRows); err != nil {
			return err
		}
		words, err := d.answer()
		if err != nil || len(words) != 3 {
			return fmt.Errorf("duckdb: %v %w", words, err)
		}
		var numbers [3]float64
		for i, w := range words {
			if numbers[i], err = strconv.ParseFloat(w, 64); err != nil {
				return err
			}
		}
		micros := func(x float64) time.Duration { return time.Duration(x * float64(time.Microsecond)) }
		taken{numbers[0], micros(numbers[1]), micros(numbers[2])}.print("duckdb", kind, 1)
	}
	return nil
}
